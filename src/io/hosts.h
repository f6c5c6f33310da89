/* SPDX-License-Identifier: MIT */

/*
 * hosts.h - names that the file of hosts knows
 */
#ifndef BIDE_IO_HOSTS_H
#define BIDE_IO_HOSTS_H

#include <bide/base.h>
#include <netinet/in.h>

#define HOSTS_FOUND_MAX 8

/* The addresses of a name as numeric text, in the order of the file. */
struct hosts_found {
	int count;
	struct {
		int family;             /* AF_INET or AF_INET6 */
		char text[INET6_ADDRSTRLEN];
	} list[HOSTS_FOUND_MAX];
};

/*
 * Finds the name's addresses of the family, AF_UNSPEC meaning both, in a text in the
 * format of hosts(5). False: there are more than ret has room for.
 */
bool bide__hosts_search(const char *text, const char *name, int family, struct hosts_found *ret);

/* Whether nsswitch.conf(5) says that hosts are looked for in that file first. */
bool bide__hosts_are_first(const char *nsswitch);

/*
 * Does both with the system's files. Returns 0, -ENOENT where the name is not there or
 * the file is not the first to be asked, or why that cannot be told.
 */
int bide__hosts_find(const char *name, int family, struct hosts_found *ret);

#endif
