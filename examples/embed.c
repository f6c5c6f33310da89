/* SPDX-License-Identifier: MIT */

/*
 * embed.c - a bide loop inside a poll() loop of the program's own
 *
 * The program reads its standard input by itself, as one that has a loop already
 * (GTK, Qt, libev) would. Each line becomes a task, which answers half a second
 * later. Ends when the input has, and the tasks.
 */
#include <bide.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int block(void *arg)
{
	(void)arg;
	return usleep(250000);
}

static int answer(void *arg)
{
	int r = bide_sleep(BIDE_SECOND / 4); /* ends with bide_loop_timeout() */

	if (r == 0)
		r = bide_to_thread(block, NULL); /* the end of it makes bide_loop_fd() readable */
	if (r == 0)
		printf("answer to %s\n", (const char *)arg);
	fflush(stdout);
	free(arg);
	return r;
}

/* In milliseconds, rounded up. An hour stands for ever: to look in vain does no harm. */
static int poll_timeout(bide_time t)
{
	t = t < BIDE_HOUR ? t : BIDE_HOUR;
	return (int)((t + BIDE_MILLISECOND - 1) / BIDE_MILLISECOND);
}

/* Returns whether there may be more. */
static bool read_input(bide_loop *loop)
{
	static char buf[1000];
	ssize_t n = read(STDIN_FILENO, buf, sizeof buf - 1);

	if (n <= 0)
		return false;
	buf[n] = '\0';
	for (char *line = strtok(buf, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char *copy = strdup(line);

		printf("read %s\n", line);
		if (copy != NULL && bide_post(loop, answer, copy) < 0)
			free(copy);
	}
	fflush(stdout);
	return true;
}

int main(void)
{
	bide_loop *loop = bide_loop_new(NULL);
	struct pollfd fds[2];
	int live = 0;

	if (loop == NULL)
		return 1;
	fds[0] = (struct pollfd){ .fd = bide_loop_fd(loop), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	while (live > 0 || fds[1].fd >= 0) {
		poll(fds, 2, poll_timeout(bide_loop_timeout(loop)));
		if (fds[1].revents != 0 && !read_input(loop))
			fds[1].fd = -1; /* poll() ignores it */
		live = bide_loop_step(loop);
	}
	return bide_loop_close(loop) < 0;
}
