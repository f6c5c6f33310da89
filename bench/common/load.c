/* SPDX-License-Identifier: MIT */

/*
 * load.c - asks an echo server from outside, and tells what that costs the server
 *
 * usage: load echo|idle PID PORT SIZE CONNECTIONS REPETITIONS MILLISECONDS
 *
 * echo: every connection sends a request of SIZE bytes, waits for the whole reply
 * and sends the next one. Each repetition prints the CPU time, user and system,
 * that the process PID spent on a request, in us. The first one warms up and is not
 * printed.
 *
 * idle: every connection has sent one request and waits. Prints what memory the
 * process has gained with each but the first.
 */
#include "bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define BATCH 64                        /* connections: below the smallest backlog, 100 */
#define PATIENCE 10000000000            /* ns: an interpreter takes its time, to listen above all */

struct client {
	int fd;
	size_t missing;                 /* bytes of the reply */
};

static struct load {
	pid_t pid;
	struct sockaddr_in addr;
	size_t size;
	long count;
	long repetitions;
	int64_t duration;
	clockid_t clock;                /* of the server's CPU time */
	int epoll_fd;
	struct client *clients;
	char *data;
} load;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t server_time(void)
{
	struct timespec ts;

	if (clock_gettime(load.clock, &ts) < 0)
		bench_fail("the server has ended");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int try_connect(void)
{
	/* Ends connections at once, so that their ports are free for the next run. */
	struct linger linger = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0)
		fail("socket");
	if (connect(fd, (struct sockaddr *)&load.addr, sizeof load.addr) == 0)
		return fd;
	if (errno != ECONNREFUSED)
		fail("connect");
	close(fd);
	return -1;
}

static int connect_patiently(void)
{
	int64_t limit = bench_now() + PATIENCE;
	int fd;

	while ((fd = try_connect()) < 0) {
		if (bench_now() > limit)
			bench_fail("the server does not listen");
		usleep(1000);
		(void)server_time();
	}
	return fd;
}

static void ask(struct client *client)
{
	client->missing = load.size;
	if (send(client->fd, load.data, load.size, MSG_NOSIGNAL) != (ssize_t)load.size)
		fail("send");
}

/* True: the reply is complete. */
static bool listen_to(struct client *client)
{
	ssize_t n = recv(client->fd, load.data, client->missing, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		bench_fail("the server has hung up");
	client->missing -= (size_t)n;
	return client->missing == 0;
}

static void client_start(struct client *client)
{
	client->fd = connect_patiently();
	ask(client);
}

static void client_await(struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = client };

	if (recv(client->fd, load.data, load.size, MSG_WAITALL) != (ssize_t)load.size)
		fail("recv");
	if (epoll_ctl(load.epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
		fail("epoll_ctl");
}

/*
 * Connects, and has one request answered on each connection, so that the server has
 * accepted it for sure: where it is behind by a backlog, packets are lost.
 */
static void clients_start(long first, long end)
{
	for (long next; first < end; first = next) {
		next = first + BATCH < end ? first + BATCH : end;
		for (long i = first; i < next; i++)
			client_start(&load.clients[i]);
		for (long i = first; i < next; i++)
			client_await(&load.clients[i]);
	}
}

/* Takes what has come, and asks again where told to. Returns how many replies it took. */
static long take_replies(bool asks_again)
{
	static struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(load.epoll_fd, events, EVENTS_MAX, PATIENCE / 1000000);
	long taken = 0;

	if (n == 0)
		bench_fail("the server has fallen silent");
	for (int i = 0; i < n; i++) {
		struct client *client = events[i].data.ptr;

		if (!listen_to(client))
			continue;
		taken++;
		if (asks_again)
			ask(client);
	}
	return taken;
}

/*
 * Returns how many replies the server has sent. It owes none before and after: of
 * many connections those in between would else be a good part of all.
 */
static int64_t exchange(void)
{
	int64_t until = bench_now() + load.duration, replies = 0;
	long owed = load.count;

	for (long i = 0; i < load.count; i++)
		ask(&load.clients[i]);
	while (owed > 0) {
		bool asks_again = bench_now() < until;
		long taken = take_replies(asks_again);

		replies += taken;
		if (!asks_again)
			owed -= taken;
	}
	return replies;
}

static void echo(void)
{
	char series[32];

	snprintf(series, sizeof series, "echo-%zu", load.size);
	clients_start(0, load.count);
	exchange();
	for (; load.repetitions != 0; load.repetitions--) {
		int64_t spent = server_time(), replies = exchange();

		spent = server_time() - spent;
		bench_print(series, load.count, (double)spent / 1000 / (double)replies);
	}
}

static void idle(void)
{
	double before;

	clients_start(0, 1);
	before = bench_memory_of(load.pid);
	clients_start(1, load.count);
	bench_print("idle", load.count,
	            (bench_memory_of(load.pid) - before) / (double)(load.count - 1));
}

static void arguments(char **argv)
{
	load.pid = atoi(argv[2]);
	load.addr.sin_family = AF_INET;
	load.addr.sin_port = htons((uint16_t)atoi(argv[3]));
	load.addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	load.size = (size_t)atol(argv[4]);
	load.count = atol(argv[5]);
	load.repetitions = atol(argv[6]);
	load.duration = atol(argv[7]) * 1000000;
}

int main(int argc, char **argv)
{
	if (argc != 8)
		bench_fail("usage: load echo|idle PID PORT SIZE CONNECTIONS REPETITIONS "
		           "MILLISECONDS");
	arguments(argv);
	load.clients = calloc((size_t)load.count, sizeof *load.clients);
	load.data = calloc(1, load.size);
	load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (load.clients == NULL || load.data == NULL || load.epoll_fd < 0)
		bench_fail("out of memory");
	if (clock_getcpuclockid(load.pid, &load.clock) != 0)
		bench_fail("the server has ended");
	if (strcmp(argv[1], "idle") == 0)
		idle();
	else
		echo();
	return 0;
}
