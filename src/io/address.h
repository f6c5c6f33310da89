/* SPDX-License-Identifier: MIT */

/*
 * address.h - socket addresses, and sockets made for them
 */
#ifndef BIDE_IO_ADDRESS_H
#define BIDE_IO_ADDRESS_H

#include <bide/base.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Large enough for every family that we deal with. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	};
	socklen_t len;
};

/* Returns a stream socket that is connected to the address, or a negative errno. */
int bide__connect_new(const struct address *address);

#endif
