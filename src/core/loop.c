/* SPDX-License-Identifier: MIT */

/*
 * loop.c - a loop from its making to its end, and its runs on a thread
 *
 * A run binds the loop to the calling thread, then alternates rounds of what is
 * ready (schedule.c) with looks at I/O and timers (look.c).
 *
 * Invariants
 *   O1  bide__loop is the loop whose run is on this thread's stack, or NULL.
 *   O2  A loop that closes has is_closing set, and whatever is spawned in it is
 *       cancelled before its first step.
 */
#include "core/loop.h"

#include "base/mem.h"
#include "base/sys.h"
#include "core/kept.h"
#include "core/wake.h"

#include <sched.h>

__thread bide_loop *bide__loop __attribute__((tls_model("initial-exec")));

/* While tasks keep each other ready, I/O and timers are looked at this often. */
#define LOOK_INTERVAL (10 * BIDE_MICROSECOND)

static const char *current_name(void)
{
	const struct bide_task *self = task_current();

	return self != NULL ? bide_name(self) : NULL;
}

/* The back end stays: other threads may interrupt it for as long as they have references. */
static void loop_free(bide_loop *loop)
{
	for (unsigned i = 0; i < loop->pool_count; i++)
		bide__stack_pool_fini(&loop->pools[i]);
	bide__slab_fini(&loop->slab);
	bide__ring_fini(&loop->ready);
	bide__overflow_fini(loop);
	bide__kept_fini(loop);
	bide__free((char *)loop->options.name);
	loop->pool_count = 0;
	loop->options.name = NULL;
}

int bide__loop_open(bide_loop **ret, const bide_options *given, bool stays)
{
	bide_options options;
	bide_loop *loop;
	int r = bide__options_complete(&options, given);

	if (r < 0)
		return r;
	loop = bide__alloc_aligned(_Alignof(bide_loop), sizeof *loop);
	if (loop == NULL)
		return -ENOMEM;
	*loop = (bide_loop){ 0 };

	/* From here on loop_free() can undo whatever exists. */
	loop->options = options;
	loop->options.name = NULL;
	loop->reference_count = 1;
	loop->random = options.seed;
	loop->now = loop_is_virtual(loop) ? 0 : bide__clock_now();
	loop->trimmed_at = loop->now;
	loop->is_direct = !(options.flags & (BIDE_VIRTUAL_CLOCK | BIDE_SHUFFLE)) &&
	                  options.slow_task == 0;
	loop->look_interval = bide__ticks_in(LOOK_INTERVAL);
	bide__inbox_init(loop);
	list_init(&loop->tasks);
	list_init(&loop->done);
	bide__wheel_init(&loop->wheel, loop->now);
	bide__slab_init(&loop->slab, loop);
	bide__stack_pool_init(&loop->pools[0], options.stack_size);
	loop->pool_count = 1;
	__atomic_store_n(&bide__check_who, current_name, __ATOMIC_RELAXED);
	bide__fork_watch();
	if (options.flags & BIDE_DEBUG)
		__atomic_store_n(&bide__is_debugging, true, __ATOMIC_RELAXED);

	r = -ENOMEM;
	if (options.name != NULL && (loop->options.name = bide__strdup(options.name)) == NULL)
		goto fail;
	r = bide__backend_open(&loop->backend, &loop->options, stays);
	if (r < 0)
		goto fail;
	*ret = loop;
	return 0;

fail:
	loop_free(loop);
	bide_loop_unref(loop);
	return r;
}

bide_loop *bide_loop_new(const bide_options *options)
{
	bide_loop *loop;
	int r = bide__loop_open(&loop, options, false);

	return r < 0 ? bide__null_with(-r) : loop;
}

bide_loop *bide_loop_ref(bide_loop *loop)
{
	__atomic_add_fetch(&loop->reference_count, 1, __ATOMIC_RELAXED);
	return loop;
}

static void memory_free(bide_loop *loop)
{
	/* Who lets go of a pin touches nothing after. */
	while (__atomic_load_n(&loop->pin_count, __ATOMIC_ACQUIRE) > 0)
		(void)sched_yield();
	if (loop->backend != NULL)
		loop->backend->ops->close(loop->backend);
	bide__free(loop);
}

void bide_loop_unref(bide_loop *loop)
{
	int left;

	if (loop == NULL)
		return;
	__atomic_add_fetch(&loop->pin_count, 1, __ATOMIC_RELAXED);
	/* Acquire and release: what others did with it comes before the free. */
	left = __atomic_sub_fetch(&loop->reference_count, 1, __ATOMIC_ACQ_REL);
	/* Nobody else can wake it any more: it may have to notice a deadlock. */
	if (left == 1 && loop->backend != NULL)
		bide__loop_interrupt(loop);
	__atomic_sub_fetch(&loop->pin_count, 1, __ATOMIC_RELEASE);
	if (left == 0)
		memory_free(loop);
}

bide_loop *bide_loop_current(void)
{
	return bide__loop;
}

/* Makes this thread run the loop. Returns 0 or -EBUSY. */
static int loop_bind(bide_loop *loop)
{
	/* What the last run did comes before this one, whichever thread it was on. */
	if (bide__loop != NULL || __atomic_exchange_n(&loop->is_running, true, __ATOMIC_ACQUIRE))
		return -EBUSY;
	bide__overflow_begin(loop);
	bide__context_of_thread(&loop->scheduler);
	bide__loop = loop;
	return 0;
}

static void loop_unbind(bide_loop *loop)
{
	/* A foreign loop may wait for the descriptor meanwhile. */
	if (loop->backend->ops->flush != NULL)
		loop->backend->ops->flush(loop->backend);
	(void)bide__inbox_sleep(loop);
	bide__loop = NULL;
	bide__overflow_end(loop);
	__atomic_store_n(&loop->is_running, false, __ATOMIC_RELEASE);
}

void bide__loop_interrupt(bide_loop *loop)
{
	/* Set before the back end is woken: the look that follows sees it. */
	__atomic_store_n(&loop->attention, 1, __ATOMIC_SEQ_CST);
	loop->backend->ops->interrupt(loop->backend);
}

void bide_loop_stop(bide_loop *loop)
{
	__atomic_store_n(&loop->stop, 1, __ATOMIC_SEQ_CST);
	bide__loop_interrupt(loop);
}

static bool stop_was_requested(bide_loop *loop)
{
	return __atomic_load_n(&loop->stop, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(&loop->stop, 0, __ATOMIC_ACQ_REL);
}

void bide__loop_cancel_all(bide_loop *loop, const struct bide_task *except)
{
	struct bide_node *node;

	for (node = loop->tasks.next; node != &loop->tasks; node = node->next) {
		struct bide_task *task = container_of(node, struct bide_task, all_node);

		if (task != except)
			(void)bide_cancel(task);
	}
}

static void loop_begin_closing(bide_loop *loop)
{
	__atomic_store_n(&loop->is_closing, true, __ATOMIC_RELAXED);
	bide__loop_cancel_all(loop, NULL);
}

void bide__loop_main_ended(bide_loop *loop, int result)
{
	loop->main = NULL;
	loop->main_result = result;
	/* Let the round be the last one of this run. */
	__atomic_store_n(&loop->attention, 1, __ATOMIC_RELAXED);
	if (loop->ends_with_main)
		loop_begin_closing(loop);
}

/* Nothing can happen any more: says so, and takes the tasks down as in shutdown. */
static void loop_break_deadlock(bide_loop *loop)
{
	bide__report("deadlock: every task waits for another one%s",
	             loop->is_closing ? ", and the shutdown's cancellation ends none of these waits"
	                              : "");
	bide_dump(stderr);
	bide__check(!loop->is_closing, "the loop cannot end: its tasks would never return");
	loop->is_deadlocked = true;
	loop_begin_closing(loop);
}

/* The kernel adds up to 50 us to a thread's waits unless told otherwise. */
static int slack_begin(void)
{
	int slack = bide__sys_timer_slack();

	bide__sys_set_timer_slack(1);
	return slack;
}

static void slack_end(int slack)
{
	if (slack > 0)
		bide__sys_set_timer_slack(slack);
}

/* Runs until nobody lives. */
static void loop_drain(bide_loop *loop)
{
	int slack = slack_begin();

	while (loop->live_count > 0) {
		bide__schedule_round(loop);
		if (loop->live_count == 0)
			break;
		if (bide__loop_is_deadlocked(loop))
			loop_break_deadlock(loop);
		else
			bide__loop_look(loop, true);
	}
	slack_end(slack);
}

/* Runs until the main task has ended, or a stop. */
static void loop_run_until(bide_loop *loop, const struct bide_task *main)
{
	int slack = slack_begin();

	for (;;) {
		bide__schedule_round(loop);
		if (stop_was_requested(loop) || (main != NULL && loop->main != main))
			break;
		bide__loop_look(loop, true);
	}
	slack_end(slack);
}

int bide_loop_run(bide_loop *loop, bide_fn *fn, void *arg)
{
	const struct bide_task *main;
	int r = loop_bind(loop);

	if (r < 0)
		return r;
	main = bide__task_spawn_main(loop, fn, arg);
	if (main == NULL) {
		loop_unbind(loop);
		return -ENOMEM;
	}
	loop_run_until(loop, main);
	r = loop->main == main ? -EINPROGRESS : loop->main_result;
	loop->main = NULL;
	loop_unbind(loop);
	return r;
}

int bide_loop_run_forever(bide_loop *loop)
{
	int r = loop_bind(loop);

	if (r < 0)
		return r;
	loop_run_until(loop, NULL);
	loop_unbind(loop);
	return 0;
}

static void handle_report(const struct bide_task *task)
{
	bide__report("the handle of task '%s' was never given back: it is to be joined, gathered "
	             "or detached",
	             bide_name(task));
}

/* Ends whoever is left and frees all but the memory that references point to. */
static void loop_shut(bide_loop *loop)
{
	loop_begin_closing(loop);
	do
		loop_drain(loop);
	while (!bide__inbox_close(loop));
	if (loop->pool != NULL)
		loop->pool_close(loop->pool);
	if (loop->name_pool != NULL)
		loop->pool_close(loop->name_pool);
	if (loop->options.flags & BIDE_DEBUG)
		bide__slab_each(&loop->slab, handle_report);
	/* What handles are left go with the slab. */
	bide__slab_each(&loop->slab, bide__task_fini);
	loop_unbind(loop);
	loop_free(loop);
	bide_loop_unref(loop);
}

int bide_loop_close(bide_loop *loop)
{
	int r = loop_bind(loop);

	if (r < 0)
		return r;
	loop_shut(loop);
	return 0;
}

void bide__loop_discard(bide_loop *loop)
{
	__atomic_store_n(&loop->is_closing, true, __ATOMIC_RELAXED);
	while (!bide__inbox_close(loop))
		;
	loop_free(loop);
	bide_loop_unref(loop);
}

int bide__loop_run_whole(bide_loop *loop, bide_fn *fn, void *arg)
{
	int r;

	loop->ends_with_main = true;
	r = loop_bind(loop);
	if (r < 0)
		return r;
	if (bide__task_spawn_main(loop, fn, arg) == NULL) {
		loop_shut(loop);
		return -ENOMEM;
	}

	bide__sigint_begin(loop);
	loop_drain(loop);
	bide__sigint_end(loop);
	r = loop->main_result;
	if (loop->is_deadlocked)
		r = -EDEADLK;
	else if (r == -ECANCELED && loop->was_interrupted)
		r = -EINTR;
	loop_shut(loop);
	return r;
}

int bide_run_with(const bide_options *options, bide_fn *fn, void *arg)
{
	bide_loop *loop;
	int r;

	if (bide__loop != NULL)
		return -EBUSY;
	r = bide__loop_open(&loop, options, true);
	return r < 0 ? r : bide__loop_run_whole(loop, fn, arg);
}

int bide_run(bide_fn *fn, void *arg)
{
	return bide_run_with(NULL, fn, arg);
}

int bide_loop_fd(const bide_loop *loop)
{
	return loop->backend->ops->descriptor(loop->backend);
}

int bide_loop_step(bide_loop *loop)
{
	int r = loop_bind(loop);
	uint64_t live;

	if (r < 0)
		return r;
	bide__loop_look(loop, false);
	bide__schedule_round(loop);
	(void)stop_was_requested(loop);         /* a step is over anyway */
	live = loop->live_count;
	loop_unbind(loop);
	return live > INT32_MAX ? INT32_MAX : (int)live;
}

bide_time bide_loop_timeout(const bide_loop *loop)
{
	bide_time next = bide__wheel_next(&loop->wheel);
	bide_time now = loop_clock(loop);

	if (!ring_is_empty(&loop->ready) || __atomic_load_n(&loop->attention, __ATOMIC_RELAXED) ||
	    !bide__inbox_is_empty(loop))
		return 0;
	if (next == BIDE_FOREVER)
		return BIDE_FOREVER;
	return next > now ? next - now : 0;
}

void bide_clock_advance(bide_time d)
{
	bide_loop *loop = bide__loop;

	if (loop != NULL && loop_is_virtual(loop) && d > 0)
		loop->now = bide__time_after(loop->now, d);
}

bide_time bide_now(void)
{
	return bide__loop != NULL ? loop_clock(bide__loop) : bide__clock_now();
}
