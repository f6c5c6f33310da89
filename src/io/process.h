/* SPDX-License-Identifier: MIT */

/*
 * process.h - a child process, between its start and its end
 */
#ifndef BIDE_IO_PROCESS_H
#define BIDE_IO_PROCESS_H

#include "core/wait.h"

#include <bide/process.h>

/* What was read of an output and not handed over yet. */
struct output {
	char *data;                     /* owned; NULL: nothing was ever read */
	size_t size;
	size_t capacity;
};

struct bide_process {
	struct bide_node node;          /* in the reaper's list, once it was freed */
	pid_t pid;                      /* the child's, until has_ended */
	int fds[3];                     /* owned: our ends of its pipes; negative: none */

	/* Its end. */
	int end_fd;                     /* owned: readable once it has ended; negative: none yet */
	bool is_pidfd;                  /* end_fd is; else the other end is the watcher's */
	bool has_ended;                 /* and was collected: the pid is nobody's */
	int result;                     /* of waiting for it, once it has ended */
	int status;                     /* as waitpid(2) has it, where result is 0 */
	size_t waiting_count;           /* calls that wait for it */

	/* bide_process_communicate() */
	bool is_communicating;
	bool was_fed;                   /* its input was closed by that */
	size_t fed_bytes;               /* of the input, that were written */
	struct output outputs[2];
};

/* reaper.c */

/*
 * Starts a thread that watches for the child's end. Returns a descriptor, the caller's,
 * which becomes readable then; or why there is none. The thread ends by itself soon
 * after the child.
 */
int bide__watcher_start(pid_t pid);

/* Takes over a process that was killed: it is collected and freed when it has ended. */
void bide__reaper_take(bide_process *process);

/* Sees to those that were taken over and for which there was no thread. */
void bide__reaper_look(void);

/* process.c: frees the memory of one that has ended. */
void bide__process_discard(bide_process *process);

#endif
