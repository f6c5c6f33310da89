/* SPDX-License-Identifier: MIT */

/*
 * st.c - an echo server: a thread for each connection
 */
#include "server.h"

#include <st.h>

static struct server server;

static void *echo(void *client)
{
	char *buf = server_buffer(server.buffer);
	ssize_t n;

	while ((n = st_read(client, buf, server.buffer, ST_UTIME_NO_TIMEOUT)) > 0)
		if (st_write(client, buf, (size_t)n, ST_UTIME_NO_TIMEOUT) != n)
			break;
	free(buf);
	st_netfd_close(client);
	return NULL;
}

int main(int argc, char **argv)
{
	st_netfd_t listener, client;

	server = server_init(argc, argv);
	if (st_set_eventsys(ST_EVENTSYS_ALT) < 0 || st_init() < 0)
		bench_fail("st_init failed");
	listener = st_netfd_open_socket(server_listen(&server));
	if (listener == NULL)
		bench_fail("st_netfd_open_socket failed");
	while ((client = st_accept(listener, NULL, NULL, ST_UTIME_NO_TIMEOUT)) != NULL)
		if (st_thread_create(echo, client, 0, 0) == NULL)
			bench_fail("st_thread_create failed");
	bench_fail("st_accept failed: select, of which it makes use, ends at 1,024");
}
