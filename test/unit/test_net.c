/* SPDX-License-Identifier: MIT */

/* test_net.c - connections: accept, connect, and both by host and port */
#include "net_test.h"

static void connect_and_talk(const char *host, int listener)
{
	int client = bide_tcp_connect(host, port_of(listener));
	int fd;

	expect_fresh(client);
	CHECK_INT(option_of(client, IPPROTO_TCP, TCP_NODELAY), 1);
	fd = bide_accept(listener, NULL, NULL);
	expect_fresh(fd);
	expect_connected(client, fd);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(fd), 0);
}

/* ---- bide_tcp_listen() and bide_tcp_connect() ---- */

IO_TEST(net_tcp, connects_over_ipv4)
{
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);

	expect_fresh(listener);
	for (int i = 0; i < 20; i++)
		connect_and_talk("127.0.0.1", listener);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

IO_TEST(net_tcp, connects_over_ipv6)
{
	const bide_listen_options only = { .v6_only = true };
	int listener;

	if (!has_ipv6())
		return 0;
	listener = bide_tcp_listen("::1", "0", NULL);
	expect_fresh(listener);
	connect_and_talk("::1", listener);
	CHECK_INT(bide_close(listener), 0);

	listener = bide_tcp_listen("::", "0", NULL);
	connect_and_talk("::1", listener);
	connect_and_talk("127.0.0.1", listener);
	CHECK_INT(bide_close(listener), 0);

	listener = bide_tcp_listen("::", "0", &only);
	connect_and_talk("::1", listener);
	CHECK_INT(bide_tcp_connect("127.0.0.1", port_of(listener)), -ECONNREFUSED);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

IO_TEST(net_tcp, without_a_host_listens_on_all_addresses)
{
	int listener = bide_tcp_listen(NULL, "0", NULL);

	expect_fresh(listener);
	connect_and_talk("127.0.0.1", listener);
	connect_and_talk("127.0.0.2", listener);
	if (has_ipv6())
		connect_and_talk("::1", listener);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

IO_TEST(net_tcp, takes_numbers_of_ports_only)
{
	static const char *const ports[] = { "http", "",    "*",     "-1",         "+80",
		                             " 80",  "80 ", "65536", "4294967376", "0x50" };

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		CHECK_INT(bide_tcp_connect("127.0.0.1", ports[i]), -EINVAL);
		CHECK_INT(bide_tcp_listen("127.0.0.1", ports[i], NULL), -EINVAL);
		CHECK_INT(bide_tcp_listen(NULL, ports[i], NULL), -EINVAL);
		CHECK_INT(bide_udp_bind(NULL, ports[i]), -EINVAL);
	}
	CHECK_INT(bide_tcp_connect("127.0.0.1", NULL), -EINVAL);
	CHECK_INT(bide_tcp_connect(NULL, "1"), -EINVAL);
	CHECK_INT(bide_tcp_connect("", "1"), -EINVAL);
	CHECK_INT(bide_tcp_connect("*", "1"), -EINVAL);
	CHECK_INT(bide_tcp_listen("", "0", NULL), -EINVAL);
	CHECK_INT(bide_tcp_listen("*", "0", NULL), -EINVAL);
	CHECK_INT(bide_tcp_listen("127.0.0.1", NULL, NULL), -EINVAL);
	return 0;
}

/* A name that is in no file would have to be looked up. */
IO_TEST(net_tcp, listens_on_numbers_and_names_in_the_file_of_hosts)
{
	static const char *const hosts[] = { "127.0.0.1.1", "no-such-host.invalid", "::g" };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		CHECK_INT(bide_tcp_listen(hosts[i], "0", NULL), -ENXIO);
		CHECK_INT(bide_udp_bind(hosts[i], "0"), -ENXIO);
	}
	return 0;
}

IO_TEST(net_tcp, shares_a_port_only_where_all_ask_for_it)
{
	const bide_listen_options shared = { .reuse_port = true };
	int first = bide_tcp_listen("127.0.0.1", "0", &shared);
	int second = bide_tcp_listen("127.0.0.1", port_of(first), &shared);

	expect_fresh(first);
	expect_fresh(second);
	CHECK_INT(option_of(first, SOL_SOCKET, SO_REUSEPORT), 1);
	CHECK_INT(bide_tcp_listen("127.0.0.1", port_of(first), NULL), -EADDRINUSE);
	CHECK_INT(bide_close(first), 0);
	CHECK_INT(bide_close(second), 0);
	first = bide_tcp_listen("127.0.0.1", "0", NULL);
	CHECK_INT(option_of(first, SOL_SOCKET, SO_REUSEPORT), 0);
	CHECK_INT(bide_tcp_listen("127.0.0.1", port_of(first), &shared), -EADDRINUSE);
	CHECK_INT(bide_close(first), 0);
	return 0;
}

/* A server that is started again gets its port back at once. */
IO_TEST(net_tcp, takes_over_the_port_of_closed_connections)
{
	char port[8];
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	int client = bide_tcp_connect("127.0.0.1", port_of(listener));
	int fd = bide_accept(listener, NULL, NULL);

	strcpy(port, port_of(listener));
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(listener), 0);
	listener = bide_tcp_listen("127.0.0.1", port, NULL);
	expect_fresh(listener);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

/* As many as the system allows to wait. */
static int read_limit(void)
{
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "r");
	int limit = 0;

	CHECK(file != NULL);
	CHECK_INT(fscanf(file, "%d", &limit), 1);
	CHECK_INT(fclose(file), 0);
	return limit;
}

IO_TEST(net_tcp, backlog_is_what_was_asked_for)
{
	static const int backlogs[] = { 0, 1, 7 };

	if (getenv("BIDE_TEST_EMULATED") != NULL)
		return 0;               /* an emulator does not pass struct tcp_info on */
	for (int i = 0; i < 3; i++) {
		const bide_listen_options options = { .backlog = backlogs[i] };
		int fd = bide_tcp_listen("127.0.0.1", "0", &options);
		struct tcp_info info;
		socklen_t len = sizeof info;

		CHECK_INT(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
		if (backlogs[i] > 0)
			CHECK_INT(info.tcpi_sacked, backlogs[i]); /* a listener's backlog */
		else
			CHECK_INT(info.tcpi_sacked, read_limit());
		CHECK_INT(bide_close(fd), 0);
	}
	return 0;
}

TEST(net_tcp, listens_outside_of_a_task_too)
{
	int fd = bide_tcp_listen("127.0.0.1", "0", NULL);

	expect_fresh(fd);
	CHECK_INT(bide_close(fd), 0);
}

IO_TEST(net_tcp, refused_is_told_and_leaves_nothing)
{
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	char port[8];

	strcpy(port, port_of(listener));
	CHECK_INT(bide_close(listener), 0);
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_tcp_connect("127.0.0.1", port), -ECONNREFUSED);
	return 0;
}

/* ---- bide_accept() and bide_connect() ---- */

IO_TEST(net_accept, waits_for_a_connection_and_tells_its_address)
{
	struct sockaddr_in addr;
	struct call call = { .kind = CALL_ACCEPT, .fd = plain_listener(&addr) };
	struct sockaddr_in peer, own;
	socklen_t len = sizeof peer;
	int client, fd;

	for (int i = 0; i < 5; i++) {
		client = socket(AF_INET, SOCK_STREAM, 0);
		call_start(&call);
		CHECK_INT(bide_connect(client, (struct sockaddr *)&addr, sizeof addr), 0);
		fd = call_end(&call);
		expect_fresh(fd);
		expect_connected(client, fd);
		CHECK_INT(bide_close(client), 0);
		CHECK_INT(bide_close(fd), 0);
	}

	client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_INT(bide_connect(client, (struct sockaddr *)&addr, sizeof addr), 0);
	fd = bide_accept(call.fd, (struct sockaddr *)&peer, &len);
	expect_fresh(fd);
	CHECK_INT(len, sizeof peer);
	CHECK_INT(getsockname(client, (struct sockaddr *)&own, &len), 0);
	CHECK_INT(peer.sin_port, own.sin_port);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(call.fd), 0);
	return 0;
}

IO_TEST(net_accept, serves_several_acceptors)
{
	struct sockaddr_in addr;
	int listener = plain_listener(&addr);
	struct call calls[4];
	int clients[4];

	for (int i = 0; i < 4; i++) {
		calls[i] = (struct call){ .kind = CALL_ACCEPT, .fd = listener };
		call_start(&calls[i]);
	}
	for (int i = 0; i < 4; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		CHECK_INT(connect(clients[i], (struct sockaddr *)&addr, sizeof addr), 0);
	}
	for (int i = 0; i < 4; i++) {
		int fd = call_end(&calls[i]);

		expect_fresh(fd);
		CHECK_INT(bide_close(fd), 0);
		CHECK_INT(bide_close(clients[i]), 0);
	}
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

IO_TEST(net_accept, without_a_free_descriptor_leaves_the_connection)
{
	struct rlimit limit;
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	int client = bide_tcp_connect("127.0.0.1", port_of(listener));
	int fd;

	limit = forbid_descriptors();
	CHECK_INT(bide_accept(listener, NULL, NULL), -EMFILE);
	CHECK_INT(bide_tcp_listen("127.0.0.1", "0", NULL), -EMFILE);
	allow_descriptors(&limit);
	fd = bide_accept(listener, NULL, NULL);
	expect_connected(client, fd);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

IO_TEST(net_accept, of_what_does_not_listen_fails)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_INT(bide_accept(fd, NULL, NULL), -EINVAL);
	CHECK_INT(bide_close(fd), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	CHECK_INT(bide_accept(fd, NULL, NULL), -EOPNOTSUPP);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

IO_TEST(net_connect, again_is_an_error)
{
	struct sockaddr_in addr;
	int listener = plain_listener(&addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_INT(bide_connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	/* Linux lets the first call after one that was under way succeed. */
	(void)bide_connect(fd, (struct sockaddr *)&addr, sizeof addr);
	CHECK_INT(bide_connect(fd, (struct sockaddr *)&addr, sizeof addr), -EISCONN);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

/* A socket is known to the back end before it connects, and has hung up then. */
IO_TEST(net_connect, works_after_a_wait_for_the_socket)
{
	struct sockaddr_in addr;
	int listener = plain_listener(&addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int peer;

	CHECK_INT(bide_wait_fd(fd, BIDE_READABLE), BIDE_READABLE);
	CHECK_INT(bide_connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	peer = bide_accept(listener, NULL, NULL);
	expect_connected(fd, peer);
	CHECK_INT(bide_close(peer), 0);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

struct connecting {
	int fd;
	struct sockaddr_in addr;
};

static int connect_now(void *arg)
{
	struct connecting *to = arg;

	return bide_connect(to->fd, (struct sockaddr *)&to->addr, sizeof to->addr);
}

#define FILLER_COUNT 4

/* Whoever connects to a listener whose backlog is full waits. */
static int full_listener(struct sockaddr_in *ret_addr, int fillers[FILLER_COUNT])
{
	int listener = plain_listener(ret_addr);

	CHECK_INT(listen(listener, 0), 0);
	for (int i = 0; i < FILLER_COUNT; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		CHECK_INT(connect(fillers[i], (struct sockaddr *)ret_addr, sizeof *ret_addr), -1);
		CHECK_INT(errno, EINPROGRESS);
	}
	return listener;
}

IO_TEST(net_connect, is_cut_short_by_a_deadline_a_cancellation_and_a_close)
{
	struct connecting to;
	int fillers[FILLER_COUNT];
	int listener = full_listener(&to.addr, fillers);
	bide_task *task;

	to.fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(bide_timeout(INSTANT, connect_now, &to), -ETIMEDOUT);
	CHECK_INT(bide_close(to.fd), 0);

	to.fd = socket(AF_INET, SOCK_STREAM, 0);
	task = bide_spawn(connect_now, &to);
	let_others_run();
	bide_cancel(task);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(bide_close(to.fd), 0);

	to.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	task = bide_spawn(connect_now, &to);
	let_others_run();
	CHECK_INT(bide_close(to.fd), 0);
	CHECK_INT(bide_join(task), -EBADF);
	for (int i = 0; i < FILLER_COUNT; i++)
		CHECK_INT(bide_close(fillers[i]), 0);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

IO_TEST(net_connect, works_on_unix_sockets)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len = sizeof(sa_family_t);
	int fd;

	/* The kernel picks an abstract name. */
	CHECK_INT(bind(listener, (struct sockaddr *)&addr, len), 0);
	CHECK_INT(listen(listener, 5), 0);
	len = sizeof addr;
	CHECK_INT(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	CHECK_INT(bide_connect(client, (struct sockaddr *)&addr, len), 0);
	fd = bide_accept(listener, NULL, NULL);
	expect_fresh(fd);
	expect_connected(client, fd);
	CHECK_INT(bide_close(fd), 0);
	CHECK_INT(bide_close(client), 0);
	CHECK_INT(bide_close(listener), 0);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_INT(bide_connect(client, (struct sockaddr *)&addr, len), -ECONNREFUSED);
	CHECK_INT(bide_close(client), 0);
	return 0;
}
