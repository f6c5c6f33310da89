/* SPDX-License-Identifier: MIT */

/*
 * echo_client.c - talks to echo_server over many connections at once
 *
 * usage: echo_client HOST PORT [CONNECTIONS]        all numeric; 1,000 connections
 *
 * Each task connects, sends three messages with a pause of 100 ms before each,
 * and checks that they come back. The first one that fails ends them all.
 */
#include <bide.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *host, *port;
static int count = 1000, now_open, most_open, echoed;

/* Sends the text and checks that it comes back. */
static int exchange(int fd, const char *text)
{
	size_t size = strlen(text);
	char got[64];
	ssize_t r = bide_write_all(fd, text, size);

	if (r == (ssize_t)size)
		r = bide_read_full(fd, got, size);
	if (r != (ssize_t)size)
		return r < 0 ? (int)r : -EPIPE;
	return memcmp(text, got, size) == 0 ? 0 : -EBADMSG;
}

static int connection(void *arg)
{
	int fd = bide_tcp_connect(host, port), r = 0;

	if (fd < 0)
		return fd;
	most_open = ++now_open > most_open ? now_open : most_open;
	for (int i = 0; i < 3 && r == 0; i++) {
		char text[64];

		snprintf(text, sizeof text, "message %d of connection %d\n", i, *(int *)arg);
		r = bide_sleep(100 * BIDE_MILLISECOND);
		if (r == 0)
			r = exchange(fd, text);
		echoed += r == 0;
	}
	now_open--;
	bide_close(fd);
	return r;
}

static int async_main(void *arg)
{
	bide_group group;

	(void)arg;
	bide_group_open(&group);
	for (int i = 0; i < count; i++)
		bide_group_spawn_copy(&group, connection, &i, sizeof i);
	return bide_group_close(&group);
}

int main(int argc, char *argv[])
{
	int r = -EINVAL;

	host = argc > 1 ? argv[1] : NULL;
	port = argc > 2 ? argv[2] : NULL;
	count = argc > 3 ? atoi(argv[3]) : count;
	if (port != NULL)
		r = bide_run(async_main, NULL);
	printf("%d connections, %d of them at once, %d messages echoed: %s\n", count, most_open,
	       echoed, r < 0 ? bide_strerror(r) : "all well");
	return r < 0;
}
