/* SPDX-License-Identifier: MIT */

/*
 * thread.c - a thread with a loop of its own
 *
 * The loop is made by whoever starts the thread, so that it is there, and takes
 * posts, as soon as the start has returned.
 */
#include "thread/thread.h"

#include "base/mem.h"
#include "base/sys.h"
#include "core/scope.h"

struct bide_thread {
	bide_loop *loop;                /* a reference */
	bide_fn *fn;
	void *arg;
	pthread_t thread;               /* once launched */
	void (*ended)(void *arg, int result);   /* NULL: nobody is told */
	struct completion end;          /* main's result */
	struct message cancel;
	bool cancel_is_sent;            /* atomic */
	unsigned reference_count;       /* atomic: the handle, the thread, the message */
};

void bide__thread_ref(struct bide_thread *thread)
{
	__atomic_add_fetch(&thread->reference_count, 1, __ATOMIC_RELAXED);
}

void bide__thread_watch(struct bide_thread *thread, void (*ended)(void *arg, int result))
{
	thread->loop->hidden_count = 1;
	thread->ended = ended;
}

void bide__thread_unref(struct bide_thread *thread)
{
	if (__atomic_sub_fetch(&thread->reference_count, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	bide_loop_unref(thread->loop);
	bide__free(thread);
}

static bool cancel_arrive(struct message *message, bide_loop *loop)
{
	struct bide_thread *thread = container_of(message, struct bide_thread, cancel);

	if (loop->main != NULL)
		(void)bide_cancel(loop->main);  /* 1: it lives */
	bide__thread_unref(thread);
	return true;
}

int bide__thread_open(struct bide_thread **ret, const bide_options *options, bide_fn *fn, void *arg)
{
	struct bide_thread *thread = bide__calloc(1, sizeof *thread);
	int r;

	if (thread == NULL)
		return -ENOMEM;
	thread->fn = fn;
	thread->arg = arg;
	thread->cancel.run = cancel_arrive;
	thread->reference_count = 1;
	r = bide__loop_open(&thread->loop, options, true);
	if (r < 0) {
		bide__free(thread);
		return r;
	}
	/* The first one is the run's. */
	(void)bide_loop_ref(thread->loop);
	*ret = thread;
	return 0;
}

static int thread_run(struct bide_thread *thread)
{
	int r = bide__loop_run_whole(thread->loop, thread->fn, thread->arg);

	if (thread->ended != NULL)
		thread->ended(thread->arg, r);
	return r;
}

static void *thread_main(void *arg)
{
	struct bide_thread *thread = arg;

	bide__completion_set(&thread->end, thread_run(thread));
	bide__thread_unref(thread);
	return NULL;
}

int bide__thread_launch(struct bide_thread *thread)
{
	int r;

	bide__thread_ref(thread);
	r = bide__sys_thread_start(&thread->thread, thread_main, thread, false);
	if (r < 0) {
		bide__loop_discard(thread->loop);
		bide__thread_unref(thread);
		bide__thread_unref(thread);
	}
	return r;
}

int bide__thread_run_here(struct bide_thread *thread)
{
	int r = thread_run(thread);

	bide__thread_unref(thread);
	return r;
}

void bide__thread_cancel(struct bide_thread *thread)
{
	if (__atomic_exchange_n(&thread->cancel_is_sent, true, __ATOMIC_RELAXED))
		return;
	bide__thread_ref(thread);
	if (bide__wake_send(thread->loop, &thread->cancel) < 0)
		bide__thread_unref(thread);           /* the loop has ended */
}

bide_thread *bide_thread_start(const bide_options *options, bide_fn *fn, void *arg)
{
	struct bide_thread *thread;
	int r = bide__thread_open(&thread, options, fn, arg);

	if (r == 0)
		r = bide__thread_launch(thread);
	return r < 0 ? bide__null_with(-r) : thread;
}

bide_loop *bide_thread_loop(bide_thread *thread)
{
	return thread->loop;
}

/* Gives the handle of a thread back that has ended. Returns main's result. */
static int thread_take(struct bide_thread *thread)
{
	int result = thread->end.result;

	(void)pthread_join(thread->thread, NULL);       /* it is on its last instructions */
	bide__thread_unref(thread);
	return result;
}

int bide_thread_join(bide_thread *thread)
{
	struct bide_task *self = task_current();
	uint64_t switches = self != NULL ? bide__loop->switches : 0;
	bool is_canceled = self != NULL && self->is_interrupted;
	int result;

	if (thread->loop == bide__loop)
		return -EDEADLK;
	if (self == NULL && bide__loop != NULL)
		return -EPERM;
	if (!is_canceled)
		is_canceled = !bide__completion_wait(&thread->end, PARK_THREAD, true, BIDE_FOREVER);
	if (is_canceled) {
		bide__thread_cancel(thread);
		(void)bide__completion_wait(&thread->end, PARK_THREAD, false, BIDE_FOREVER);
	}
	result = thread_take(thread);
	if (is_canceled && result < 0)
		return canceled_since(self, switches);
	if (self != NULL)
		self->refusals = 0;
	return result;
}

/* Waits as a task for no longer than grace, whatever is cancelled outside. */
static bool task_wait(struct bide_thread *thread, bide_time grace)
{
	bide_scope scope;
	bool has_ended;

	bide_scope_enter(&scope, grace);
	bide_scope_shield(&scope, true);
	has_ended = bide__completion_wait(&thread->end, PARK_THREAD, true, BIDE_FOREVER);
	(void)bide_scope_leave(&scope);         /* -ETIMEDOUT: the caller says so */
	return has_ended;
}

int bide_thread_stop(bide_thread *thread, bide_time grace)
{
	bool has_ended;

	if (thread->loop == bide__loop)
		return -EDEADLK;
	if (task_current() == NULL && bide__loop != NULL)
		return -EPERM;
	bide__thread_cancel(thread);
	if (task_current() != NULL)
		has_ended = task_wait(thread, grace);
	else
		has_ended = bide__completion_wait(&thread->end, PARK_THREAD, true,
		                                  bide__time_after(bide__clock_now(), grace));
	if (has_ended)
		return thread_take(thread);
	bide_thread_detach(thread);
	return -ETIMEDOUT;
}

void bide_thread_detach(bide_thread *thread)
{
	(void)pthread_detach(thread->thread);
	bide__thread_unref(thread);
}
