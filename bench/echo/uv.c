/* SPDX-License-Identifier: MIT */

/*
 * uv.c - an echo server: callbacks, and a request for each write
 */
#include "server.h"

#include <uv.h>

struct reply {
	uv_write_t request;
	uv_buf_t buf;
};

static struct server server;

static void make_buffer(uv_handle_t *client, size_t suggested, uv_buf_t *buf)
{
	(void)client;
	(void)suggested;
	*buf = uv_buf_init(server_buffer(server.buffer), (unsigned)server.buffer);
}

static void client_free(uv_handle_t *client)
{
	free(client);
}

static void replied(uv_write_t *request, int status)
{
	struct reply *reply = (struct reply *)request;

	(void)status;
	free(reply->buf.base);
	free(reply);
}

static void echo(uv_stream_t *client, ssize_t n, const uv_buf_t *buf)
{
	struct reply *reply;

	if (n <= 0) {
		free(buf->base);
		if (n < 0)
			uv_close((uv_handle_t *)client, client_free);
		return;
	}
	reply = server_buffer(sizeof *reply);
	reply->buf = uv_buf_init(buf->base, (unsigned)n);
	if (uv_write(&reply->request, client, &reply->buf, 1, replied) < 0)
		replied(&reply->request, 0);
}

static void welcome(uv_stream_t *listener, int status)
{
	uv_tcp_t *client = server_buffer(sizeof *client);

	if (status < 0 || uv_tcp_init(uv_default_loop(), client) < 0 ||
	    uv_accept(listener, (uv_stream_t *)client) < 0 ||
	    uv_read_start((uv_stream_t *)client, make_buffer, echo) < 0)
		bench_fail("a connection could not be accepted");
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr;
	uv_tcp_t listener;

	server = server_init(argc, argv);
	addr = server_address(&server);
	if (uv_tcp_init(uv_default_loop(), &listener) < 0 ||
	    uv_tcp_bind(&listener, (struct sockaddr *)&addr, 0) < 0 ||
	    uv_listen((uv_stream_t *)&listener, SOMAXCONN, welcome) < 0)
		bench_fail("the server cannot listen");
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
