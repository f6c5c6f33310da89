/* SPDX-License-Identifier: MIT */

/*
 * net_test.h - what tests of connections have in common
 */
#ifndef TEST_SUPPORT_NET_TEST_H
#define TEST_SUPPORT_NET_TEST_H

#include "io_test.h"
#include "io/dns.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/un.h>

/* The port that the socket got, as text, until the next call. */
static inline const char *port_of(int fd)
{
	static __thread char text[8];
	struct sockaddr_in6 addr;       /* its port stands where that of IPv4 does */
	socklen_t len = sizeof addr;

	CHECK_INT(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	snprintf(text, sizeof text, "%d", ntohs(addr.sin6_port));
	return text;
}

static inline int option_of(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value;

	CHECK_INT(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static inline bool has_ipv6(void)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool is_there = fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0;

	if (fd >= 0)
		close(fd);
	return is_there;
}

static inline void expect_fresh(int fd)
{
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* Sends a byte each way between the connection and its other end. */
static inline void expect_connected(int one, int other)
{
	char byte = 0;

	CHECK_INT(bide_send(one, "a", 1, 0), 1);
	CHECK_INT(bide_recv(other, &byte, 1, 0), 1);
	CHECK_INT(byte, 'a');
	CHECK_INT(bide_write(other, "b", 1), 1);
	CHECK_INT(bide_read(one, &byte, 1), 1);
	CHECK_INT(byte, 'b');
}

/* The other end was closed: an end, or a reset where it left something unread. */
static inline void expect_end(int fd)
{
	char byte;
	ssize_t r = bide_read(fd, &byte, 1);

	CHECK(r == 0 || r == -ECONNRESET);
}

/* No descriptor can be opened from here to the call that gives the old limit back. */
static inline struct rlimit forbid_descriptors(void)
{
	struct rlimit old, none;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
	return old;
}

static inline void allow_descriptors(const struct rlimit *old)
{
	CHECK_INT(setrlimit(RLIMIT_NOFILE, old), 0);
}

/* ---- what the resolver answers ---- */

/* The answer of lookup_fake(): numeric addresses in this order, or a code. */
struct fake_answer {
	const char *addresses[20];
	int code;
};

static struct fake_answer fake_answer;
static int fake_count;                  /* lookups that came to a thread; atomic */

/* In place of the system's resolver, on the thread. */
static inline int lookup_fake(struct name_lookup *lookup)
{
	struct addrinfo hints = *lookup->hints;
	struct addrinfo **end = &lookup->found;

	__atomic_add_fetch(&fake_count, 1, __ATOMIC_SEQ_CST);
	hints.ai_flags |= AI_NUMERICHOST;
	for (int i = 0; i < 20 && fake_answer.addresses[i] != NULL; i++) {
		CHECK_INT(getaddrinfo(fake_answer.addresses[i], lookup->service, &hints, end), 0);
		while (*end != NULL)
			end = &(*end)->ai_next;
	}
	return fake_answer.code;
}

#endif
