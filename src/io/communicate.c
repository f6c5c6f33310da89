/* SPDX-License-Identifier: MIT */

/*
 * communicate.c - feeds a process, reads what it says, waits for its end
 *
 * A process that writes stops reading when nobody reads what it has written, and the
 * other way round: so no pipe may be waited for alone. An epoll descriptor stands for
 * all of them, and the task waits for that. Tasks of their own were rejected: a
 * loop that closes starts none any more, and then is when clean-ups talk to programs.
 *
 * How far it has come stands in the process and not on the stack: a call that is cut
 * short loses nothing, and the next one goes on there.
 */
#include "base/mem.h"
#include "base/sys.h"
#include "io/process.h"

#include <bide/io.h>

#ifdef BIDE_HOSTILE
#define OUTPUT_BYTES_MIN 2
#else
#define OUTPUT_BYTES_MIN 4096
#endif
#define DROPPED_BYTES ((size_t)64 * 1024)       /* read at a time: as much as a pipe holds */

struct talk {
	bide_process *process;
	const char *in;
	size_t n;
	bool is_dropped[3];             /* of an output: nobody wants to have it */
	int epoll_fd;                   /* owned */
};

static bool has_pipes(const bide_process *process)
{
	return process->fds[0] >= 0 || process->fds[1] >= 0 || process->fds[2] >= 0;
}

/* Closes our end of a pipe that is done with. */
static void end_close(const struct talk *talk, int which)
{
	int fd = talk->process->fds[which];

	/* Closing is not enough where a fork has made a copy. */
	(void)bide__sys_epoll_ctl(talk->epoll_fd, EPOLL_CTL_DEL, fd, 0, 0);
	talk->process->fds[which] = -1;
	(void)bide_close(fd);           /* of a pipe nothing is left to be told */
}

/* Writes some of the input to a process that is ready for it, or has closed it. */
static int feed(const struct talk *talk)
{
	bide_process *process = talk->process;
	ssize_t r = 0;

	if (process->fed_bytes < talk->n)
		r = bide_write(process->fds[0], talk->in + process->fed_bytes,
		               talk->n - process->fed_bytes);
	if (r > 0)
		process->fed_bytes += (size_t)r;
	/* A process need not read what it does not want. */
	if (r < 0 && r != -EPIPE)
		return (int)r;
	if (r == -EPIPE || process->fed_bytes >= talk->n) {
		process->was_fed = true;
		end_close(talk, 0);
	}
	return 0;
}

/* Makes room for at least one more byte and the NUL. What is dropped never fills it. */
static int output_reserve(struct output *output, bool is_dropped)
{
	const size_t wanted = is_dropped ? DROPPED_BYTES : 2;
	size_t capacity = output->capacity > 0 ? output->capacity * 2 : OUTPUT_BYTES_MIN;
	char *bigger;

	if (output->capacity - output->size >= wanted)
		return 0;
	if (is_dropped)
		capacity = output->size + wanted;
	bigger = bide__realloc(output->data, capacity);
	if (bigger == NULL)
		return -ENOMEM;
	output->data = bigger;
	output->capacity = capacity;
	return 0;
}

/* Reads some of an output that is ready, or at its end. */
static int listen_to(const struct talk *talk, int which)
{
	struct output *output = &talk->process->outputs[which - 1];
	int r = output_reserve(output, talk->is_dropped[which]);
	ssize_t n;

	if (r < 0)
		return r;
	n = bide_read(talk->process->fds[which], output->data + output->size,
	              output->capacity - output->size - 1);
	if (n < 0)
		return (int)n;
	if (!talk->is_dropped[which])
		output->size += (size_t)n;
	output->data[output->size] = '\0';
	if (n == 0)
		end_close(talk, which);
	return 0;
}

/* Suspends until something can be done about some of the pipes, and does it. */
static int talk_on(const struct talk *talk)
{
	struct epoll_event events[3];
	int r = bide_wait_fd(talk->epoll_fd, BIDE_READABLE);
	int n;

	if (r < 0)
		return r;
	n = bide__sys_epoll_wait(talk->epoll_fd, events, 3, 0);
	if (n < 0)
		return n == -EINTR ? 0 : n;
	for (int i = 0; i < n && r >= 0; i++)
		r = events[i].data.u64 == 0 ? feed(talk) : listen_to(talk, (int)events[i].data.u64);
	return r < 0 ? r : 0;
}

/* Does all that is to be done about the pipes that are still there. */
static int talk_whole(struct talk *talk)
{
	int r = 0;

	if (!has_pipes(talk->process))
		return 0;
	talk->epoll_fd = bide__sys_epoll_create();
	if (talk->epoll_fd < 0)
		return talk->epoll_fd;
	for (int i = 0; i < 3 && r == 0; i++)
		if (talk->process->fds[i] >= 0)
			r = bide__sys_epoll_ctl(talk->epoll_fd, EPOLL_CTL_ADD,
			                        talk->process->fds[i], i == 0 ? EPOLLOUT : EPOLLIN,
			                        (uint64_t)i);
	while (r == 0 && has_pipes(talk->process))
		r = talk_on(talk);
	(void)bide_close(talk->epoll_fd);
	return r;
}

/* Hands over what was read. */
static void output_give(struct output *output, bide_buffer *ret)
{
	if (ret != NULL)
		*ret = (bide_buffer){ output->data, output->size };
	else
		bide__free(output->data);
	*output = (struct output){ .data = NULL };
}

int bide_process_communicate(bide_process *process, const void *in, size_t n, bide_buffer *out,
                             bide_buffer *err)
{
	struct talk talk = {
		.process = process,
		.in = in,
		.n = n,
		.is_dropped = { false, out == NULL, err == NULL },
	};
	int r = cancellation_point(task_current());

	if (r < 0)
		return r;
	if (process->is_communicating)
		return -EBUSY;
	if (n > 0 && process->fds[0] < 0 && !process->was_fed)
		return -EBADF;
	process->is_communicating = true;
	process->waiting_count++;
	r = talk_whole(&talk);
	if (r == 0)
		r = bide_process_wait(process, NULL);
	process->waiting_count--;
	process->is_communicating = false;
	/* How it has ended the caller asks for, and is told then that nobody knows. */
	if (r < 0 && r != -ECHILD)
		return r;
	output_give(&process->outputs[0], out);
	output_give(&process->outputs[1], err);
	return 0;
}
