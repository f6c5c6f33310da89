/* SPDX-License-Identifier: MIT */

/*
 * sys_name.h - names of hosts and services, as the C library knows them
 */
#ifndef BIDE_BASE_SYS_NAME_H
#define BIDE_BASE_SYS_NAME_H

#include <bide/base.h>
#include <netdb.h>

/* A lookup: what getaddrinfo(3) is given, and what it gives. */
struct name_lookup {
	const char *host;
	const char *service;
	const struct addrinfo *hints;
	struct addrinfo *found;         /* for freeaddrinfo(3) where the code is 0 */
	int system_code;                /* positive; with EAI_SYSTEM: what errno was */
};

/* Blocks where the answer needs files or the network. Returns 0 or an EAI_ code. */
int bide__sys_getaddrinfo(struct name_lookup *lookup);

/*
 * Reads a file of less than size bytes and puts a NUL behind it. Returns how many they
 * are, -EFBIG where there are more, or another negative errno.
 */
ssize_t bide__sys_read_text(const char *path, char *buf, size_t size);

#endif
