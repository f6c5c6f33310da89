/* SPDX-License-Identifier: MIT */

/*
 * sys.c - the only place where errno is read; memory, waiting, signals, threads
 */
#include "sys.h"

#include "sys_call.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102          /* Linux 6.13 */
#endif

ssize_t bide__sys_failure(void)
{
	return -errno;
}

void *bide__null_with(int code)
{
	errno = code;
	return NULL;
}

void *bide__sys_map(size_t size)
{
	void *memory;

	if (bide__fault())
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	/* A huge page under a stack would make every task cost 2 MiB. Kernels
	 * without huge pages refuse, and need no advice. */
	(void)madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

void bide__sys_unmap(void *memory, size_t size)
{
	(void)munmap(memory, size);
}

int bide__sys_protect_none(void *memory, size_t size)
{
	return (int)FAULT_OR(ENOMEM, mprotect(memory, size, PROT_NONE));
}

int bide__sys_guard_install(void *memory, size_t size)
{
	return (int)FAULT_OR(ENOMEM, madvise(memory, size, MADV_GUARD_INSTALL));
}

bool bide__sys_is_accessible(const void *memory)
{
	bool is_accessible = true;
	int fds[2];

	/* The kernel reads it for us, and survives. */
	if (pipe2(fds, O_CLOEXEC) < 0)
		return true;
	if (write(fds[1], memory, 1) < 0)
		is_accessible = errno != EFAULT;
	(void)close(fds[0]);
	(void)close(fds[1]);
	return is_accessible;
}

void bide__sys_discard(void *memory, size_t size)
{
	/* Advice: where it fails the memory stays in use, no more. */
	(void)madvise(memory, size, MADV_DONTNEED);
}

size_t bide__sys_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void *bide__sys_map_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes = MAP_FAILED;
	struct stat status;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0) {
		*ret_size = (size_t)status.st_size;
		bytes = mmap(NULL, *ret_size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	(void)close(fd);
	return bytes != MAP_FAILED ? bytes : NULL;
}

bool bide__sys_file_is(const char *path, const char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char content[64];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, content, sizeof content);
	(void)close(fd);
	return n >= 0 && (size_t)n == strlen(text) && memcmp(content, text, (size_t)n) == 0;
}

int bide__sys_epoll_create(void)
{
	return (int)FAULT_OR(EMFILE, epoll_create1(EPOLL_CLOEXEC));
}

int bide__sys_epoll_ctl(int epoll_fd, int what, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return (int)FAULT_OR(ENOSPC, epoll_ctl(epoll_fd, what, fd, &event));
}

static struct timespec timespec_of(bide_time t)
{
	return (struct timespec){ t / BIDE_SECOND, t % BIDE_SECOND };
}

/* Rounded up: nothing wakes early. */
static int milliseconds_of(bide_time t)
{
	if (t >= INT_MAX * BIDE_MILLISECOND)
		return t == BIDE_FOREVER ? -1 : INT_MAX;
	return (int)((t + BIDE_MILLISECOND - 1) / BIDE_MILLISECOND);
}

int bide__sys_epoll_wait(int epoll_fd, struct epoll_event *events, int n, bide_time timeout)
{
	static bool has_no_pwait2;      /* set once, whichever thread finds out */
	struct timespec limit;
	int r;

	/* A look without waiting needs no precise timeout and costs less. */
	if (timeout != 0 && !__atomic_load_n(&has_no_pwait2, __ATOMIC_RELAXED)) {
		if (timeout != BIDE_FOREVER)
			limit = timespec_of(timeout);
		r = epoll_pwait2(epoll_fd, events, n, timeout == BIDE_FOREVER ? NULL : &limit,
		                 NULL);
		if (r >= 0 || (errno != ENOSYS && errno != EPERM))
			return (int)bide__sys_checked(r);
		__atomic_store_n(&has_no_pwait2, true, __ATOMIC_RELAXED);
	}
	return (int)bide__sys_checked(epoll_wait(epoll_fd, events, n, milliseconds_of(timeout)));
}

int bide__sys_poll(struct pollfd *fds, size_t n, bide_time timeout)
{
	struct timespec limit = timespec_of(timeout);

	return (int)bide__sys_checked(ppoll(fds, n, timeout == BIDE_FOREVER ? NULL : &limit, NULL));
}

int bide__sys_eventfd(void)
{
	return (int)FAULT_OR(EMFILE, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

/* It fails only where the descriptor is full: then it is raised already. */
static void raise_with(int fd, const void *data, size_t n)
{
	int saved = errno;

	(void)!write(fd, data, n);
	errno = saved;
}

void bide__sys_eventfd_raise(int fd)
{
	const uint64_t one = 1;

	raise_with(fd, &one, sizeof one);
}

void bide__sys_eventfd_drain(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof count);
}

int bide__sys_wake_pipe(int ret_fds[2])
{
	return (int)FAULT_OR(EMFILE, pipe2(ret_fds, O_NONBLOCK | O_CLOEXEC));
}

void bide__sys_wake_pipe_raise(int fd)
{
	raise_with(fd, "", 1);
}

void bide__sys_wake_pipe_drain(int fd)
{
	char bytes[512];

	while (read(fd, bytes, sizeof bytes) == sizeof bytes)
		;
}

int bide__sys_sigaction(int signo, const struct sigaction *action, struct sigaction *old)
{
	return (int)bide__sys_checked(sigaction(signo, action, old));
}

int bide__sys_sigaltstack(const stack_t *stack, stack_t *old)
{
	return (int)bide__sys_checked(sigaltstack(stack, old));
}

void bide__sys_sigpipe_block(struct sigpipe_guard *guard)
{
	sigset_t pipe_only, pending;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	(void)sigpending(&pending);
	guard->was_pending = sigismember(&pending, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_only, &guard->old);
}

void bide__sys_sigpipe_unblock(const struct sigpipe_guard *guard, bool was_raised)
{
	static const struct timespec at_once;
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	/* One that was there before is not ours to take. */
	if (was_raised && !guard->was_pending)
		while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 && errno == EINTR)
			;
	(void)pthread_sigmask(SIG_SETMASK, &guard->old, NULL);
}

int bide__sys_thread_start(pthread_t *ret, void *(*fn)(void *), void *arg, bool hide)
{
	sigset_t all, old;
	int code;

	if (bide__fault())
		return -EAGAIN;
	/* A thread begins with the mask of the one that starts it. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, hide ? &all : NULL, &old);
	code = pthread_create(ret, NULL, fn, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -code;
}

int bide__sys_affinity(cpu_set_t *ret)
{
	return (int)bide__sys_checked(sched_getaffinity(0, sizeof *ret, ret));
}

int bide__sys_set_affinity(const cpu_set_t *cpus)
{
	return (int)bide__sys_checked(sched_setaffinity(0, sizeof *cpus, cpus));
}

int bide__sys_pin_thread(unsigned cpu_index)
{
	cpu_set_t allowed, one;
	int r = bide__sys_affinity(&allowed);

	if (r < 0)
		return r;
	cpu_index %= (unsigned)CPU_COUNT(&allowed);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && cpu_index-- == 0)
			CPU_SET(cpu, &one);
	return bide__sys_set_affinity(&one);
}

unsigned bide__sys_cpu_count(void)
{
	cpu_set_t allowed;

	return bide__sys_affinity(&allowed) < 0 ? 1 : (unsigned)CPU_COUNT(&allowed);
}

int bide__sys_futex_wait(uint32_t *word, uint32_t expected, bide_time timeout)
{
	struct timespec limit = {
		.tv_sec = (time_t)(timeout / BIDE_SECOND),
		.tv_nsec = (long)(timeout % BIDE_SECOND),
	};
	long r = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected,
	                 timeout < BIDE_FOREVER ? &limit : NULL, NULL, 0);

	return r < 0 && errno == ETIMEDOUT ? -ETIMEDOUT : 0;
}

void bide__sys_futex_wake(uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

bool bide__sys_is_first_thread(void)
{
	return gettid() == getpid();
}

int bide__sys_timer_slack(void)
{
	return (int)bide__sys_checked(prctl(PR_GET_TIMERSLACK));
}

void bide__sys_set_timer_slack(int ns)
{
	(void)prctl(PR_SET_TIMERSLACK, (unsigned long)ns, 0UL, 0UL, 0UL);
}
