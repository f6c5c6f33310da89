/* SPDX-License-Identifier: MIT */

/*
 * epoll-server.c - an echo server that is an event loop and nothing else
 *
 * The floor: two system calls for each request, and an epoll_wait for all that are
 * ready. The buffer is everybody's, as a reply fits into the socket's.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_MAX 256

static int epoll_fd;

static void watch(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		bench_fail("epoll_ctl failed");
}

static void accept_all(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		watch(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
	if (errno != EAGAIN)
		bench_fail("accept4 failed");
}

/* What came is less than the buffer holds: no second read need find that out. */
static void echo(int fd, void *buf, size_t size)
{
	ssize_t n = read(fd, buf, size);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || write(fd, buf, (size_t)n) != n)
		close(fd);
}

int main(int argc, char **argv)
{
	struct server server = server_init(argc, argv);
	int listener = server_listen(&server);
	void *buf = server_buffer(server.buffer);
	static struct epoll_event events[EVENTS_MAX];

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
		bench_fail("epoll_create1 failed");
	watch(listener, EPOLLIN);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				accept_all(listener);
			else
				echo(events[i].data.fd, buf, server.buffer);
		}
	}
}
