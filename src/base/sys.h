/* SPDX-License-Identifier: MIT */

/*
 * sys.h - system calls as functions that return a negative errno
 *
 * Each is a fault point. They never retry: EINTR is an answer like any other.
 */
#ifndef BIDE_BASE_SYS_H
#define BIDE_BASE_SYS_H

#include "error.h"

#include <bide/base.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>

struct pollfd;

/* Memory. map returns NULL on failure. */
void *bide__sys_map(size_t size);
void bide__sys_unmap(void *memory, size_t size);
int bide__sys_protect_none(void *memory, size_t size);
int bide__sys_guard_install(void *memory, size_t size);
bool bide__sys_is_accessible(const void *memory);        /* true where it cannot be told */
void bide__sys_discard(void *memory, size_t size);
size_t bide__sys_page_size(void);

/* Maps a whole file for reading, for good. Returns NULL where that cannot be done. */
void *bide__sys_map_file(const char *path, size_t *ret_size);

/* Whether the small file has just this text in it. */
bool bide__sys_file_is(const char *path, const char *text);

/* Waiting for descriptors. A deadline of BIDE_FOREVER waits without limit. */
int bide__sys_epoll_create(void);
int bide__sys_epoll_ctl(int epoll_fd, int what, int fd, uint32_t events, uint64_t data);
int bide__sys_epoll_wait(int epoll_fd, struct epoll_event *events, int n, bide_time timeout);
int bide__sys_poll(struct pollfd *fds, size_t n, bide_time timeout);
int bide__sys_eventfd(void);

/* Adds one to an eventfd. Safe in signal handlers; leaves errno as it was. */
void bide__sys_eventfd_raise(int fd);
void bide__sys_eventfd_drain(int fd);

/* The same with a pipe, for systems without eventfd: to read and to write; non-blocking. */
int bide__sys_wake_pipe(int ret_fds[2]);
void bide__sys_wake_pipe_raise(int fd);
void bide__sys_wake_pipe_drain(int fd);

/* Signals. */
int bide__sys_sigaction(int signo, const struct sigaction *action, struct sigaction *old);
int bide__sys_sigaltstack(const stack_t *stack, stack_t *old);

/* Keeps SIGPIPE from the thread for one call, and takes back what that has raised. */
struct sigpipe_guard {
	sigset_t old;
	bool was_pending;
};
void bide__sys_sigpipe_block(struct sigpipe_guard *guard);
void bide__sys_sigpipe_unblock(const struct sigpipe_guard *guard, bool was_raised);

/* Threads. */
bool bide__sys_is_first_thread(void);

/*
 * Starts a thread, for pthread_join() or pthread_detach(). hide: signals go to the
 * program's own threads, not to this one. Returns 0 or why not.
 */
int bide__sys_thread_start(pthread_t *ret, void *(*fn)(void *), void *arg, bool hide);
int bide__sys_pin_thread(unsigned cpu_index);
int bide__sys_affinity(cpu_set_t *ret);
int bide__sys_set_affinity(const cpu_set_t *cpus);
unsigned bide__sys_cpu_count(void);

/*
 * Waits while *word is expected, no longer than timeout. Returns 0, also for no
 * reason at all, or -ETIMEDOUT.
 */
int bide__sys_futex_wait(uint32_t *word, uint32_t expected, bide_time timeout);

/* Wakes one who waits on the word. The word's memory may be gone. */
void bide__sys_futex_wake(uint32_t *word);
int bide__sys_timer_slack(void);
void bide__sys_set_timer_slack(int ns);

#endif
