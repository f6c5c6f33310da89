/* SPDX-License-Identifier: MIT */

/*
 * fuzz_address.c - addresses, ports and paths, against what the C library makes of them
 *
 * The text is made of pieces of addresses and ports. What getaddrinfo(3) takes for a
 * number can be listened on, bound and connected to, or fails where the system says so;
 * all else is -ENXIO or -EINVAL, and leaves no descriptor. The socket has the address.
 */
#include "fuzz.h"
#include "io/hosts.h"

#include <bide.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define TEXT_MAX 128

struct asked {
	char host[TEXT_MAX];
	char port[TEXT_MAX];
};

static void append(char *to, const char *text)
{
	if (strlen(to) + strlen(text) < TEXT_MAX)
		strcat(to, text);
}

/* Each byte is a piece of the host, and after the first zero, of the port, or itself. */
static void asked_make(struct asked *ret, const uint8_t *data, size_t size)
{
	static const char *const pieces[] = {
		"127.0.0.1", "::1", "::", "0.0.0.0", "0",  "1",    "127",    ".",     ":",
		"%lo",       "%1",  "%",  "::ffff:", "ff", "fe80", "65535",  "65536", "256",
		"0x7f",      "017", "*",  "@",       " ",  "+",    "-",      "[",     "]",
		"/",         "~",   "a",  "255",     "10", "::2",  "999999", "\n",    "\t",
	};
	const size_t count = sizeof pieces / sizeof *pieces;
	char *to = ret->host;

	memset(ret, 0, sizeof *ret);
	for (size_t i = 0; i < size; i++) {
		const char itself[] = { (char)data[i], '\0' };

		if (data[i] % (count + 2) == 0)
			to = ret->port;
		else if (data[i] % (count + 2) <= count)
			append(to, pieces[data[i] % (count + 2) - 1]);
		else
			append(to, itself);
	}
}

static bool model_is_port(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && strspn(text, "0123456789") == len && strtoul(text, NULL, 10) <= 65535 &&
	       strtoul(text, NULL, 10) != ULONG_MAX;
}

/* What to expect of a host and a port: 0 with the address, or a code. */
static int model_of(const struct asked *asked, int type, struct addrinfo **ret)
{
	const struct addrinfo hints = {
		.ai_socktype = type,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	};
	struct hosts_found known;

	if (asked->host[0] == '\0' || strcmp(asked->host, "*") == 0)
		return -EINVAL;
	if (!model_is_port(asked->port))
		return -EINVAL;
	if (bide__hosts_find(asked->host, AF_UNSPEC, &known) == 0)
		return -EALREADY;       /* a name: not what this is about */
	return getaddrinfo(asked->host, asked->port, &hints, ret) == 0 ? 0 : -ENXIO;
}

/* Whether the code may be the system's: the address is a number, but not here. */
static bool is_of_system(int r)
{
	return r == -EADDRNOTAVAIL || r == -EADDRINUSE || r == -EACCES || r == -EAFNOSUPPORT ||
	       r == -EINVAL || r == -ENODEV;
}

static void check_socket(const char *what, int fd, const struct addrinfo *expected)
{
	struct sockaddr_in6 addr;
	const struct sockaddr_in6 *wanted = (const struct sockaddr_in6 *)expected->ai_addr;
	socklen_t len = sizeof addr;
	bool is_six = expected->ai_family == AF_INET6;

	if (fd < 0) {
		EXPECT(is_of_system(fd), "%s: %d", what, fd);
		return;
	}
	EXPECT(getsockname(fd, (struct sockaddr *)&addr, &len) == 0, "%s", what);
	EXPECT(addr.sin6_family == expected->ai_family, "%s: %d", what, addr.sin6_family);
	/* The port, and of IPv4 the address, lie at the same place in both kinds. */
	EXPECT(wanted->sin6_port == 0 || addr.sin6_port == wanted->sin6_port, "%s: %d", what,
	       ntohs(addr.sin6_port));
	EXPECT(is_six ? memcmp(&addr.sin6_addr, &wanted->sin6_addr, 16) == 0
	              : memcmp(&addr.sin6_flowinfo, &wanted->sin6_flowinfo, 4) == 0,
	       "%s", what);
	close(fd);
}

static void check_made(const char *what, int fd, int expected, const struct addrinfo *addresses)
{
	if (expected == 0)
		check_socket(what, fd, addresses);
	else if (expected == -EALREADY && fd >= 0)
		close(fd);
	else
		EXPECT(fd == expected || expected == -EALREADY, "%s: %d, not %d", what, fd,
		       expected);
}

static void check_inet(const struct asked *asked)
{
	struct addrinfo *addresses = NULL;
	int expected = model_of(asked, SOCK_STREAM, &addresses);

	check_made("listen", bide_tcp_listen(asked->host, asked->port, NULL), expected, addresses);
	check_made("udp", bide_udp_bind(asked->host, asked->port), expected, addresses);
	if (addresses != NULL)
		freeaddrinfo(addresses);
}

/* A connection to a number fails as one by plain calls would, or a little later. */
static int connect_to(void *arg)
{
	const struct asked *asked = arg;
	struct addrinfo *addresses = NULL;
	int expected = model_of(asked, SOCK_STREAM, &addresses);
	int r;

	/* Others would be looked up, or tried. */
	if (expected == 0 && (addresses->ai_family != AF_INET ||
	                      ((const struct sockaddr_in *)addresses->ai_addr)->sin_addr.s_addr !=
	                              htonl(INADDR_LOOPBACK)))
		expected = -EALREADY;
	if (addresses != NULL)
		freeaddrinfo(addresses);
	if (expected == -EALREADY || expected == -ENXIO)
		return 0;
	r = bide_tcp_connect(asked->host, asked->port);
	if (r >= 0)
		return bide_close(r);
	EXPECT(expected == 0 ? r != -ENXIO : r == expected, "%s, %s: %d, not %d", asked->host,
	       asked->port, r, expected);
	return 0;
}

/* Abstract names only: the others are in the file system. */
static void check_path(const struct asked *asked)
{
	char path[2 * TEXT_MAX + 1] = "@";
	struct sockaddr_un addr;
	socklen_t len = sizeof addr;
	size_t size;
	int fd;

	strcat(path, asked->host);
	strcat(path, asked->port);
	size = strlen(path);
	fd = bide_unix_listen(path);
	if (size >= sizeof addr.sun_path) {
		EXPECT(fd == -ENAMETOOLONG, "%d", fd);
		return;
	}
	if (fd == -EADDRINUSE)
		return;
	EXPECT(fd >= 0, "%d", fd);
	EXPECT(getsockname(fd, (struct sockaddr *)&addr, &len) == 0, "%s", path);
	EXPECT(len == offsetof(struct sockaddr_un, sun_path) + size, "%d", (int)len);
	EXPECT(addr.sun_path[0] == '\0' && memcmp(addr.sun_path + 1, path + 1, size - 1) == 0, "%s",
	       path);
	close(fd);
}

static int lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = lowest_free();
	struct asked asked;

	asked_make(&asked, data, size);
	check_inet(&asked);
	check_path(&asked);
	EXPECT(bide_run(connect_to, &asked) == 0, "the run failed");
	EXPECT(lowest_free() == before, "a descriptor is left");
	return 0;
}
