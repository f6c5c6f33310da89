/* SPDX-License-Identifier: MIT */

/* cases_cb.c - CB: callbacks, which are tasks here */
#include "case.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int cb02_sub(void *arg)
{
	LOG("child of %d", INT(arg));
	return 0;
}

static int cb02_f(void *arg)
{
	LOG("%d", INT(arg));
	bide_go(cb02_sub, arg);
	return 0;
}

CASE(CB_02, "what a task started by go starts itself runs in the next round",
     .trace = "1 · 2 · child of 1 · child of 2")
{
	bide_go(cb02_f, ARG(1));
	bide_go(cb02_f, ARG(2));
	bide_yield();
	bide_yield();
	return 0;
}

static int cb04_f(void *arg)
{
	LOG("%s %d", (const char *)arg, case_now());
	return 0;
}

static bide_task *spawn_delayed(bide_time delay, bide_fn *fn, void *arg)
{
	return bide_spawn_with(&(bide_task_options){ .delay = delay }, fn, arg);
}

CASE(CB_04, "delay: by deadline, not by order of spawning; cancelled, it is removed and never runs",
     .trace = "1 · -ECANCELED · one 1 · two 2 · 0 · 0", .elapsed = 2, .order = ANY_ORDER)
{
	bide_task *a = spawn_delayed(2 * U, cb04_f, "two");
	bide_task *b = spawn_delayed(1 * U, cb04_f, "one");
	bide_task *c = spawn_delayed(1 * U, cb04_f, "never");

	LOG("%d", bide_cancel(c));
	LOG("%s", ERR(bide_join(c)));
	LOG("%s", ERR(bide_join(a)));
	LOG("%s", ERR(bide_join(b)));
	return 0;
}

static int cb05_f(void *arg)
{
	LOG("%s", (const char *)arg);
	return 0;
}

CASE(CB_05, "a delay that has passed means as soon as possible, but not in this call",
     .trace = "scheduled · zero · negative", .elapsed = 1)
{
	spawn_delayed(0, cb05_f, "zero");
	spawn_delayed(-1, cb05_f, "negative");
	LOG("scheduled");
	bide_sleep(1 * U);
	return 0;
}

static void cb07_on_error(bide_task *task, int result, void *ctx)
{
	(void)task;
	(void)ctx;
	LOG("on_error %s", ERR(result));
}

static int cb07_bad(void *arg)
{
	(void)arg;
	return -EINVAL;
}

static int cb07_after(void *arg)
{
	(void)arg;
	LOG("after");
	return 0;
}

CASE(CB_07, "a detached task that fails goes to on_error, and the loop goes on",
     .trace = "on_error -EINVAL · after", .on_error = cb07_on_error)
{
	bide_go(cb07_bad, NULL);
	bide_go(cb07_after, NULL);
	bide_yield();
	return 0;
}

static int cb10_f(void *arg)
{
	/* The thread that posted goes first. */
	pthread_mutex_lock(arg);
	LOG("f");
	pthread_mutex_unlock(arg);
	return 0;
}

static pthread_mutex_t cb10_mutex = PTHREAD_MUTEX_INITIALIZER;

static void *cb10_thread(void *arg)
{
	bide_task *t;

	errno = 0;
	t = bide_spawn(cb10_f, &cb10_mutex);
	LOG("%s %s", BOOL(t == NULL), strerrorname_np(errno));
	pthread_mutex_lock(&cb10_mutex);
	LOG("%s", ERR(bide_post(arg, cb10_f, &cb10_mutex)));
	pthread_mutex_unlock(&cb10_mutex);
	bide_loop_unref(arg);
	return NULL;
}

static pthread_t cb10_id;

static int cb10_main(void *arg)
{
	(void)arg;
	CHECK_INT(pthread_create(&cb10_id, NULL, cb10_thread, bide_loop_ref(bide_loop_current())),
	          0);
	bide_sleep(3 * U);
	return 0;
}

PROGRAM(CB_10, "spawn from a thread without a loop is refused; post is the way in",
        .trace = "true EPERM · 0 · f", .elapsed = 3, .real_only = true)
{
	bide_run_with(case_options(), cb10_main, NULL);
	CHECK_INT(pthread_join(cb10_id, NULL), 0);
}

static int cb11_fds[2];

static int cb11_io(void *arg)
{
	(void)arg;
	bide_wait_fd(cb11_fds[0], BIDE_READABLE);
	LOG("io");
	return 0;
}

static int cb11_timer(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	LOG("timer");
	return 0;
}

static int cb11_queued(void *arg)
{
	(void)arg;
	LOG("queued");
	return 0;
}

static int cb11_main(void *arg)
{
	(void)arg;
	bide_go(cb11_io, NULL);
	bide_go(cb11_timer, NULL);
	bide_yield();
	CHECK_INT(write(cb11_fds[1], "x", 1), 1);
	case_block(2);
	bide_go(cb11_queued, NULL);
	bide_yield();
	bide_yield();
	return 0;
}

/* The descriptors have to outlive the task that waits for them, and main. */
PROGRAM(CB_11, "in one round: what is queued first, then I/O, then timers",
        .trace = "queued · io · timer", .elapsed = 2, .real_too = true, .io = true)
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, cb11_fds), 0);
	bide_run_with(case_options(), cb11_main, NULL);
	bide_close(cb11_fds[0]);
	bide_close(cb11_fds[1]);
}

#define CB13_COUNT 10000

static int cb13_sleeper(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_HOUR);
}

CASE(CB_13, "10,000 sleepers of an hour, cancelled and joined, leave no timer", .trace = "0",
     .elapsed = 0, .order = ANY_ORDER, .real_too = true)
{
	static bide_task *t[CB13_COUNT];

	for (int i = 0; i < test_many(CB13_COUNT); i++)
		t[i] = bide_spawn(cb13_sleeper, NULL);
	bide_yield();
	for (int i = 0; i < test_many(CB13_COUNT); i++)
		bide_cancel(t[i]);
	for (int i = 0; i < test_many(CB13_COUNT); i++)
		CHECK_INT(bide_join(t[i]), -ECANCELED);
	LOG("%d", (int)bide_loop_stats(NULL).timers);
	return 0;
}
