/* SPDX-License-Identifier: MIT */

/*
 * dns.h - addresses of names
 */
#ifndef BIDE_IO_DNS_H
#define BIDE_IO_DNS_H

#include "base/sys_name.h"
#include "io/address.h"

/* What the threads ask; tests put something slower in its place. */
extern int (*bide__getaddrinfo_hook)(struct name_lookup *lookup);

/* Whether the text is a port's number: getaddrinfo(3) takes any, and signs and blanks too. */
bool bide__is_port(const char *text);

/*
 * Looks up the host for connections of the type; suspends where that takes a thread.
 * Returns 0 and what is for freeaddrinfo(3), -ECANCELED, -EPERM, or
 *   -EINVAL     the host is missing or empty, or the port is no number
 *   -ENXIO      there is no such host, or it has no address
 *   -EREMOTEIO  no name server answers, or it fails
 *   -ENOMEM, or what the system failed with
 */
int bide__resolve(const char *host, const char *port, int type, struct addrinfo **ret);

/* The first address that can be told without a thread. Never suspends. Returns the same. */
int bide__resolve_here(const char *host, const char *port, int type, struct address *ret);

#endif
