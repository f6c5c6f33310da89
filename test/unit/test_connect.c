/* SPDX-License-Identifier: MIT */

/* test_connect.c - a connection to one of several addresses */
#include "net_test.h"

#define FILLERS 4

/* An address that does not answer: Linux drops what comes where the queue is full. */
struct hole {
	int listener;
	int fillers[FILLERS];
};

static int listen_on(const char *host, const char *port, int backlog)
{
	const bide_listen_options options = { .backlog = backlog };
	int fd = bide_tcp_listen(host, port, &options);

	CHECK(fd >= 0);
	return fd;
}

static struct hole hole_open(const char *host, const char *port)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;
	struct hole hole = { .listener = listen_on(host, port, 1) };

	CHECK_INT(listen(hole.listener, 0), 0);
	CHECK_INT(getsockname(hole.listener, (struct sockaddr *)&addr, &len), 0);
	for (int i = 0; i < FILLERS; i++) {
		hole.fillers[i] = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
		CHECK_INT(connect(hole.fillers[i], (struct sockaddr *)&addr, len), -1);
		CHECK_INT(errno, EINPROGRESS);
	}
	return hole;
}

static void hole_close(const struct hole *hole)
{
	for (int i = 0; i < FILLERS; i++)
		CHECK_INT(bide_close(hole->fillers[i]), 0);
	CHECK_INT(bide_close(hole->listener), 0);
}

static void answer_with(const char *one, const char *two, const char *three)
{
	bide__getaddrinfo_hook = lookup_fake;
	fake_answer = (struct fake_answer){ { one, two, three }, 0 };
}

static const char *host_of_peer(int fd)
{
	static char text[INET6_ADDRSTRLEN];
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;

	CHECK_INT(getpeername(fd, (struct sockaddr *)&addr, &len), 0);
	CHECK_INT(getnameinfo((struct sockaddr *)&addr, len, text, sizeof text, NULL, 0,
	                      NI_NUMERICHOST),
	          0);
	return text;
}

static void expect_peer(int fd, const char *host)
{
	expect_fresh(fd);
	CHECK_INT(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	CHECK(strcmp(host_of_peer(fd), host) == 0);
	CHECK_INT(bide_close(fd), 0);
}

IO_TEST(connect, takes_the_first_address_that_answers)
{
	int listener = listen_on("127.0.0.1", "0", 0);

	answer_with("127.0.0.1", "127.0.0.2", NULL);
	expect_peer(bide_tcp_connect("a.test", port_of(listener)), "127.0.0.1");
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

IO_TEST(connect, goes_on_at_once_where_an_address_refuses)
{
	int listener = listen_on("127.0.0.3", "0", 0);
	bide_time begin = bide_now();

	answer_with("127.0.0.1", "127.0.0.2", "127.0.0.3");
	expect_peer(bide_tcp_connect("a.test", port_of(listener)), "127.0.0.3");
	CHECK(bide_now() - begin < 250 * BIDE_MILLISECOND);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

/* The connection is there at once when it is tried, so the time is that of the delay. */
LOOP_TEST(connect, tries_the_next_address_after_250_ms)
{
	int listener = listen_on("127.0.0.1", "0", 0);
	struct hole hole = hole_open("127.0.0.2", port_of(listener));
	int before = io_count_descriptors();

	answer_with("127.0.0.2", "127.0.0.1", NULL);
	expect_peer(bide_tcp_connect("a.test", port_of(listener)), "127.0.0.1");
	CHECK_INT(bide_now(), 250 * BIDE_MILLISECOND);
	CHECK_INT(io_count_descriptors(), before);
	hole_close(&hole);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

LOOP_TEST(connect, each_further_address_has_its_own_delay)
{
	int listener = listen_on("127.0.0.1", "0", 0);
	struct hole one = hole_open("127.0.0.2", port_of(listener));
	struct hole two = hole_open("127.0.0.3", port_of(listener));

	answer_with("127.0.0.2", "127.0.0.3", "127.0.0.1");
	expect_peer(bide_tcp_connect("a.test", port_of(listener)), "127.0.0.1");
	CHECK_INT(bide_now(), 500 * BIDE_MILLISECOND);
	hole_close(&one);
	hole_close(&two);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

/* The families take turns: the one address of the other family comes second. */
LOOP_TEST(connect, lets_the_families_take_turns)
{
	int listener;
	struct hole one, two;

	if (!has_ipv6())
		return 0;
	listener = listen_on("::1", "0", 0);
	one = hole_open("127.0.0.2", port_of(listener));
	two = hole_open("127.0.0.3", port_of(listener));
	answer_with("127.0.0.2", "127.0.0.3", "::1");
	expect_peer(bide_tcp_connect("a.test", port_of(listener)), "::1");
	CHECK_INT(bide_now(), 250 * BIDE_MILLISECOND);
	hole_close(&one);
	hole_close(&two);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

struct target {
	const char *port;
	int before;
};

static int connect_to(void *arg)
{
	const struct target *target = arg;

	return bide_tcp_connect("a.test", target->port);
}

/* Cut short after each delay, with one or two attempts under way. */
LOOP_TEST(connect, that_is_cut_short_leaves_nothing)
{
	struct hole one = hole_open("127.0.0.2", "0");
	char port[8];
	struct hole two;
	struct target target = { .port = port };
	bide_task *task;
	int before;

	strcpy(port, port_of(one.listener));
	two = hole_open("127.0.0.3", port);
	before = io_count_descriptors();
	answer_with("127.0.0.2", "127.0.0.3", NULL);
	for (int i = 1; i < 4; i++) {
		bide_time limit = i * 200 * BIDE_MILLISECOND;

		CHECK_INT(bide_timeout(limit, connect_to, &target), -ETIMEDOUT);
		CHECK_INT(io_count_descriptors(), before);
		CHECK_INT(bide_tasks(NULL, 0), 1);

		task = bide_spawn(connect_to, &target);
		CHECK_INT(bide_sleep(limit), 0);
		CHECK_INT(bide_cancel(task), 1);
		CHECK_INT(bide_join(task), -ECANCELED);
		CHECK_INT(io_count_descriptors(), before);
	}
	hole_close(&one);
	hole_close(&two);
	return 0;
}

IO_TEST(connect, failure_of_the_host_counts_before_that_of_the_way)
{
	int listener = listen_on("127.0.0.1", "0", 0);
	char port[8];

	strcpy(port, port_of(listener));
	CHECK_INT(bide_close(listener), 0);
	answer_with("127.0.0.1", "127.0.0.2", NULL);
	CHECK_INT(bide_tcp_connect("a.test", port), -ECONNREFUSED);
	/* A link-local address without a link: nobody can be reached that way. */
	answer_with("fe80::1", "127.0.0.1", NULL);
	if (has_ipv6())
		CHECK(bide_tcp_connect("a.test", port) < 0);
	return 0;
}

IO_TEST(connect, names_that_cannot_be_looked_up_have_codes)
{
	static const struct {
		int code;
		int result;
	} codes[] = {
		{ EAI_NONAME, -ENXIO },  { EAI_AGAIN, -EREMOTEIO }, { EAI_FAIL, -EREMOTEIO },
		{ EAI_MEMORY, -ENOMEM }, { EAI_FAMILY, -EINVAL },   { EAI_SYSTEM, -EREMOTEIO },
	};

	bide__getaddrinfo_hook = lookup_fake;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		fake_answer = (struct fake_answer){ .code = codes[i].code };
		CHECK_INT(bide_tcp_connect("a.test", "1"), codes[i].result);
	}
	return 0;
}

/* ---- many addresses ---- */

/* Nobody listens on any but the last one. */
static void answer_with_twenty(void)
{
	static char texts[20][16];

	bide__getaddrinfo_hook = lookup_fake;
	fake_answer = (struct fake_answer){ .code = 0 };
	for (int i = 0; i < 20; i++) {
		snprintf(texts[i], sizeof texts[i], "127.0.1.%d", i + 1);
		fake_answer.addresses[i] = texts[i];
	}
}

LOOP_TEST(connect, that_is_refused_by_nineteen_goes_on_to_the_twentieth)
{
	int listener = listen_on("127.0.1.20", "0", 0);
	int before = io_count_descriptors();

	answer_with_twenty();
	expect_peer(bide_tcp_connect("a.test", port_of(listener)), "127.0.1.20");
	CHECK_INT(bide_now(), 0);
	CHECK_INT(io_count_descriptors(), before);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

/* Cancels the first attempt that is under way. Returns how many there were. */
static int attempt_end(void)
{
	bide_task *tasks[8];
	size_t n = bide_tasks(tasks, 8);
	int count = 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(bide_name(tasks[i]), "tcp_connect") == 0 && count++ == 0)
			CHECK_INT(bide_cancel(tasks[i]), 1);
	return count;
}

/* One that fails later, while another is under way, brings the next one on, too. */
LOOP_TEST(connect, goes_on_at_once_where_an_earlier_attempt_fails_late)
{
	const char *hosts[] = { "127.0.0.2", "127.0.0.3", "127.0.0.1" };
	int listener = listen_on(hosts[2], "0", 0);
	char port[8];
	struct hole one, two;
	struct target target = { .port = port };
	bide_task *task;

	strcpy(port, port_of(listener));
	one = hole_open(hosts[0], port);
	two = hole_open(hosts[1], port);
	answer_with(hosts[0], hosts[1], hosts[2]);
	task = bide_spawn(connect_to, &target);
	CHECK_INT(bide_sleep(300 * BIDE_MILLISECOND), 0);
	CHECK_INT(attempt_end(), 2);
	expect_peer(bide_join(task), hosts[2]);
	CHECK_INT(bide_now(), 300 * BIDE_MILLISECOND);
	hole_close(&one);
	hole_close(&two);
	CHECK_INT(bide_close(listener), 0);
	return 0;
}

/* Or the caller would give up on a name that is there. */
IO_TEST(connect, without_a_free_descriptor_says_so)
{
	struct rlimit old = forbid_descriptors();
	int by_file = bide_tcp_connect("localhost", "1");
	int by_thread = bide_tcp_connect("no-such-host.invalid", "1");
	int by_number = bide_tcp_connect("127.0.0.1", "1");

	allow_descriptors(&old);
	CHECK_INT(by_file, -EMFILE);
	CHECK_INT(by_thread, -EMFILE);
	CHECK_INT(by_number, -EMFILE);
	return 0;
}

LOOP_TEST(connect, leaves_nothing_in_whichever_round_it_is_cancelled)
{
	int one = listen_on("127.0.0.1", "0", 0);
	int other = listen_on("127.0.0.2", port_of(one), 0);
	struct target target;
	char port[8];

	strcpy(port, port_of(one));
	target.port = port;
	answer_with("127.0.0.1", "127.0.0.2", NULL);
	for (int rounds = 0; rounds < 40; rounds++) {
		int before = io_count_descriptors();
		bide_task *task = bide_spawn(connect_to, &target);
		int fd;

		for (int i = 0; i < rounds; i++)
			CHECK_INT(bide_yield(), 0);
		(void)bide_cancel(task);
		fd = bide_join(task);
		CHECK(fd >= 0 || fd == -ECANCELED);
		if (fd >= 0)
			CHECK_INT(bide_close(fd), 0);
		CHECK_INT(io_count_descriptors(), before);
		CHECK_INT(bide_tasks(NULL, 0), 1);
	}
	CHECK_INT(bide_close(one), 0);
	CHECK_INT(bide_close(other), 0);
	return 0;
}

/* ---- datagrams ---- */

static struct sockaddr_in6 name_of(int fd, socklen_t *ret_len)
{
	struct sockaddr_in6 addr;

	*ret_len = sizeof addr;
	CHECK_INT(getsockname(fd, (struct sockaddr *)&addr, ret_len), 0);
	return addr;
}

IO_TEST(udp, sends_between_bound_sockets)
{
	int one = bide_udp_bind("127.0.0.1", "0");
	int other = bide_udp_bind("127.0.0.1", "0");
	struct sockaddr_in6 addr;
	socklen_t len;
	char buf[8];

	expect_fresh(one);
	expect_fresh(other);
	CHECK_INT(bide_udp_bind("127.0.0.1", port_of(one)), -EADDRINUSE);
	addr = name_of(other, &len);
	CHECK_INT(bide_connect(one, (struct sockaddr *)&addr, len), 0);
	addr = name_of(one, &len);
	CHECK_INT(bide_connect(other, (struct sockaddr *)&addr, len), 0);
	CHECK_INT(bide_send(one, "ping", 4, 0), 4);
	CHECK_INT(bide_recv(other, buf, sizeof buf, 0), 4);
	CHECK_INT(bide_send(other, "", 0, 0), 0);
	CHECK_INT(bide_recv(one, buf, sizeof buf, 0), 0);
	CHECK_INT(bide_close(one), 0);
	CHECK_INT(bide_close(other), 0);
	return 0;
}

TEST(udp, without_a_host_binds_to_all_addresses)
{
	int fd = bide_udp_bind(NULL, "0");

	expect_fresh(fd);
	if (has_ipv6())
		CHECK_INT(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	CHECK_INT(bide_close(fd), 0);
}
