/* SPDX-License-Identifier: MIT */

/*
 * stress_connections.c - thousands of connections that are opened, used, reset, timed out
 * and closed at random, over the loopback
 *
 * Clients and server are tasks of one loop. A client connects, says by a first byte how
 * the server is to behave, and does its part of that, or breaks it off at a random
 * moment; then it begins anew. It is checked
 *   - that every call returns only what it may return, and echoes are what was sent;
 *   - that no conversation gets stuck: each must end long before its time limit;
 *   - that in the end no task, descriptor or memory is left that was not there before.
 *
 * It lasts for two seconds with 300 clients on each back end, with BIDE_TEST_LONG=1 for
 * ten minutes with 5,000.
 */
#include "stress.h"

#include <malloc.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define STUCK (30 * BIDE_SECOND)        /* nothing here takes nearly as long */
#define CHUNK_MAX 20000
#define CACHES 65536                    /* bytes that malloc's caches hold, more or less */

/* What a client asks the server for. */
enum manner {
	ECHO,                   /* send back what comes */
	SILENT,                 /* read nothing and say nothing until the client has gone */
	CLOSE,                  /* close at once */
	RESET,                  /* the same, hard */
	FLOOD,                  /* write until the client has gone */
	MANNER_COUNT,
};

static struct {
	unsigned long conversations, echoed, resets, timeouts, cancels, refused;
} counts;

static struct {
	struct sockaddr_in server;
	bide_time end;
	uint64_t seed;
	int client_count;
} plan;

/* ---- server ---- */

static void reset(int fd)
{
	const struct linger hard = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	CHECK_INT(bide_close(fd), 0);
	counts.resets++;
}

/* A peer may go at any moment, and a task be cancelled. */
static bool may_fail_with(ssize_t r)
{
	return r == -ECONNRESET || r == -EPIPE || r == -ECANCELED;
}

static void serve_echo(int fd)
{
	char buf[4096];
	ssize_t n;

	while ((n = bide_read(fd, buf, sizeof buf)) > 0) {
		ssize_t r = bide_write_all(fd, buf, (size_t)n);

		if (r != n) {
			CHECK(r >= 0 || may_fail_with(r));
			return;
		}
	}
	CHECK(n == 0 || may_fail_with(n));
}

static void serve_flood(int fd)
{
	static const char zeroes[8192];
	ssize_t r;

	do
		r = bide_write_all(fd, zeroes, sizeof zeroes);
	while (r == sizeof zeroes);
	CHECK(r >= 0 || may_fail_with(r));
}

static int serve(int fd, void *arg)
{
	char manner = CLOSE;
	ssize_t r = bide_read(fd, &manner, 1);

	(void)arg;
	CHECK(r >= 0 || may_fail_with(r));
	if (r == 1 && manner == ECHO)
		serve_echo(fd);
	else if (r == 1 && manner == FLOOD)
		serve_flood(fd);
	else if (r == 1 && manner == SILENT)
		CHECK((r = bide_wait_fd(fd, BIDE_READABLE)) > 0 || may_fail_with(r));
	if (r == 1 && manner == RESET)
		reset(fd);
	else
		CHECK_INT(bide_close(fd), 0);
	return 0;
}

static int server_main(void *listener)
{
	const bide_serve_options options = { .max_connections = (size_t)plan.client_count };

	return bide_serve(INT(listener), serve, NULL, &options);
}

/* ---- clients ---- */

/*
 * A source address of its own for each, or the ports that closed connections keep for a
 * minute would run out.
 */
static int open_socket(struct dice *dice)
{
	struct sockaddr_in source = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 + dice_roll(dice, 1 << 16)),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK_INT(bind(fd, (struct sockaddr *)&source, sizeof source), 0);
	return fd;
}

/* Sends some bytes and has them back. Returns 0, or what cut it short. */
static int exchange(int fd, struct dice *dice)
{
	size_t n = 1 + dice_roll(dice, dice_roll(dice, 8) == 0 ? CHUNK_MAX : 100);
	char *bytes = malloc(2 * n);
	ssize_t r;

	CHECK(bytes != NULL);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)dice_roll(dice, 256);
	r = bide_write_all(fd, bytes, n);
	if (r == (ssize_t)n)
		r = bide_read_full(fd, bytes + n, n);
	if (r == (ssize_t)n) {
		CHECK(memcmp(bytes, bytes + n, n) == 0);
		counts.echoed++;
	}
	free(bytes);
	CHECK(r == (ssize_t)n || r >= 0 || may_fail_with(r));
	return r == (ssize_t)n ? 0 : -ECANCELED;
}

/* Says nothing more and waits for the end. */
static void half_close(int fd)
{
	char byte;
	ssize_t r;

	(void)shutdown(fd, SHUT_WR);
	do
		r = bide_read(fd, &byte, 1);
	while (r > 0);
	CHECK(r == 0 || may_fail_with(r));
}

static void be_echoed(int fd, struct dice *dice)
{
	int r = 0;

	for (unsigned i = dice_roll(dice, 8); i > 0 && r == 0; i--) {
		r = exchange(fd, dice);
		if (r == 0 && dice_roll(dice, 4) == 0)
			r = bide_sleep(dice_roll(dice, 20) * BIDE_MILLISECOND);
	}
	if (r == 0 && dice_roll(dice, 2) == 0)
		half_close(fd);
}

/* Waits in vain, for a while. */
static void be_ignored(int fd, struct dice *dice)
{
	bide_scope scope;
	char byte;
	ssize_t r;

	bide_scope_enter(&scope, dice_roll(dice, 50) * BIDE_MILLISECOND);
	r = bide_read(fd, &byte, 1);
	CHECK(r == -ECANCELED);
	if (bide_scope_leave(&scope) == -ETIMEDOUT)
		counts.timeouts++;
}

static void be_flooded(int fd, struct dice *dice)
{
	char buf[4096];
	ssize_t r = 1;

	for (unsigned i = dice_roll(dice, 50); i > 0 && r > 0; i--) {
		r = bide_read(fd, buf, 1 + dice_roll(dice, sizeof buf));
		CHECK(r > 0 || may_fail_with(r));
	}
}

/* The server goes first. */
static void be_left(int fd)
{
	char byte;
	ssize_t r = bide_read(fd, &byte, 1);

	CHECK(r == 0 || may_fail_with(r));
}

static void behave(int fd, enum manner manner, struct dice *dice)
{
	switch (manner) {
	case ECHO:
		be_echoed(fd, dice);
		break;
	case SILENT:
		be_ignored(fd, dice);
		break;
	case FLOOD:
		be_flooded(fd, dice);
		break;
	default:
		be_left(fd);
	}
}

static int converse(void *arg)
{
	struct dice *dice = arg;
	enum manner manner = dice_roll(dice, MANNER_COUNT);
	char first = (char)manner;
	int fd = open_socket(dice);
	int r = bide_connect(fd, (struct sockaddr *)&plan.server, sizeof plan.server);

	CHECK(r == 0 || r == -ECANCELED || r == -ECONNRESET);
	if (r == 0 && bide_write_all(fd, &first, 1) == 1)
		behave(fd, manner, dice);
	if (dice_roll(dice, 4) == 0)
		reset(fd);
	else
		CHECK_INT(bide_close(fd), 0);
	counts.conversations++;
	return 0;
}

/* A conversation that somebody may break off; its dice are on the stack of its client. */
static int client_main(void *arg)
{
	struct dice dice = dice_of(plan.seed, (uint64_t)INT(arg) + 1);

	while (bide_now() < plan.end && bide_checkpoint() == 0) {
		bide_task *task = bide_spawn(converse, &dice);

		CHECK(task != NULL);
		if (dice_roll(&dice, 4) > 0) {
			CHECK_INT(bide_join_for(task, STUCK), 0);
			continue;
		}
		/* The rolls of the sleep and of the conversation mix: no harm. */
		CHECK_INT(bide_sleep(dice_roll(&dice, 30) * BIDE_MILLISECOND), 0);
		counts.cancels += (unsigned)bide_cancel(task);
		(void)bide_join_for(task, STUCK);       /* also where it had not begun */
	}
	return 0;
}

/* ---- the whole ---- */

static int run_clients(void)
{
	bide_group clients;

	bide_group_open(&clients);
	for (int i = 0; i < plan.client_count; i++)
		CHECK(bide_group_spawn(&clients, client_main, ARG(i)) != NULL);
	return bide_group_close(&clients);
}

static int play(void *arg)
{
	socklen_t len = sizeof plan.server;
	int listener = bide_tcp_listen("127.0.0.1", "0", NULL);
	bide_task *server;

	(void)arg;
	CHECK(listener >= 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&plan.server, &len), 0);
	server = bide_spawn(server_main, ARG(listener));
	CHECK_INT(run_clients(), 0);
	CHECK_INT(bide_cancel(server), 1);
	CHECK_INT(bide_join(server), -ECANCELED);
	CHECK_INT(bide_close(listener), 0);
	CHECK_INT(bide_tasks(NULL, 0), 1);
	return 0;
}

static void play_for(const bide_options *options, int clients, bide_time duration)
{
	int before = descriptors();

	plan.client_count = clients;
	plan.seed = stress_seed();
	plan.end = bide_now() + duration;
	CHECK_INT(bide_run_with(options, play, NULL), 0);
	CHECK_INT(descriptors(), before);
}

/* Both ends of each connection, and some. Returns how many clients there may be. */
static int raise_limit(int clients)
{
	struct rlimit limit;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return limit.rlim_cur / 2 - 50 < (rlim_t)clients ? (int)(limit.rlim_cur / 2 - 50) : clients;
}

static void soak(int backend)
{
	const bide_options options = { .backend = backend };
	int clients = raise_limit(is_long() ? 5000 : is_slow() ? 20 : 300);
	bide_time duration = is_long() ? 10 * BIDE_MINUTE / 3 : 2 * BIDE_SECOND;
	size_t before;

	/* What the C library and the system allocate once is there after a short run. */
	play_for(&options, clients, duration / 10);
	before = mallinfo2().uordblks;
	play_for(&options, clients, duration);
	CHECK(mallinfo2().uordblks < before + CACHES);
	printf("%lu conversations, %lu echoes, %lu resets, %lu timeouts, %lu cancelled\n",
	       counts.conversations, counts.echoed, counts.resets, counts.timeouts, counts.cancels);
	CHECK(counts.echoed > 0 && counts.resets > 0 && counts.timeouts > 0 && counts.cancels > 0);
}

TEST(connections, nothing_is_left_of_connections_on_epoll)
{
	soak(BIDE_BACKEND_EPOLL);
}

TEST(connections, nothing_is_left_of_connections_on_poll)
{
	soak(BIDE_BACKEND_POLL);
}

TEST(connections, nothing_is_left_of_connections_on_io_uring)
{
	soak(BIDE_BACKEND_URING);
}
