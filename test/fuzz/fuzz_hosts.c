/* SPDX-License-Identifier: MIT */

/*
 * fuzz_hosts.c - texts in the format of hosts(5) and nsswitch.conf(5)
 *
 * Whatever the text, each address that is found is a numeric one of its family, no more
 * are found than there is room for, and both families together find what each does.
 */
#include "fuzz.h"
#include "io/dns.h"
#include "io/hosts.h"

#include <arpa/inet.h>
#include <string.h>

#define TEXT_MAX 4096

static int search(const char *text, const char *name, int family)
{
	struct hosts_found found;
	unsigned char address[sizeof(struct in6_addr)];

	if (!bide__hosts_search(text, name, family, &found))
		return -1;
	EXPECT(found.count >= 0 && found.count <= HOSTS_FOUND_MAX, "%d", found.count);
	for (int i = 0; i < found.count; i++) {
		EXPECT(family == AF_UNSPEC || found.list[i].family == family, "%d", i);
		EXPECT(inet_pton(found.list[i].family, found.list[i].text, address) == 1, "%s",
		       found.list[i].text);
	}
	return found.count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1];
	char name[16] = "";
	size_t name_len = size > 0 ? data[0] % sizeof name : 0;
	int four, six, both;

	if (size < name_len + 1 || size > TEXT_MAX)
		return 0;
	memcpy(name, data + 1, name_len > 0 ? name_len - 1 : 0);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	four = search(text, name, AF_INET);
	six = search(text, name, AF_INET6);
	both = search(text, name, AF_UNSPEC);
	if (both >= 0)
		EXPECT(both == four + six, "%d = %d + %d", both, four, six);
	(void)bide__hosts_are_first(text);
	(void)bide__is_port(text);
	return 0;
}
