/* SPDX-License-Identifier: MIT */

/*
 * stress_loops.c - loops that post, spawn, join, cancel and pass items and futures to each
 * other at random
 *
 * Each loop has a few actors, tasks that make one move after the other, on any of
 * the loops, until the time is over. Some tasks that they spawn make moves of their own.
 * Plain threads make those that may block. No loop waits for the others to finish:
 * they close while the last ones still use them. It is checked
 *   - that every call returns only what it may return;
 *   - that a task has ended when its joiner goes on: its argument lies there on
 *     the stack;
 *   - that what was accepted has run, and no item is lost.
 */
#include "stress.h"

#define LOOP_COUNT 4
#define ACTOR_COUNT 6
#define PLAIN_COUNT 2
#define DEPTH_MAX 2
#define US BIDE_MICROSECOND

static bide_loop *loops[LOOP_COUNT];    /* with a reference */
static bide_queue *queue;
static bide_time end_of_time;
static sem_t all_started;
static atomic_ullong child_number;

static struct {
	atomic_ullong posted, post_ran;
	atomic_ullong put, got;
	atomic_ullong moves;
	atomic_ullong joined, cancelled;
	atomic_ullong futures;
} counts;

/* Who makes moves. */
struct mover {
	struct dice dice;
	int depth;              /* how many levels of tasks may make moves below this one */
};

/* What a child is given, on the stack of the one that joins it. */
struct child {
	struct mover mover;
	bool stays;             /* until it is cancelled */
	bool has_begun;
	bool is_running;
};

static void make_move(struct mover *mover);

static bide_loop *any_loop(struct mover *mover)
{
	return loops[dice_roll(&mover->dice, LOOP_COUNT)];
}

/* Of a task on the own loop the handle is not for other threads. */
static bide_loop *other_loop(struct mover *mover)
{
	bide_loop *loop = any_loop(mover);

	while (loop == bide_loop_current())
		loop = any_loop(mover);
	return loop;
}

/* A call that suspends gives 0, or says that it was cut short. */
static int check_wait(int r)
{
	CHECK(r == 0 || r == -ECANCELED);
	return r;
}

/* ---- children ---- */

static int be_child(void *arg)
{
	struct child *child = arg;
	struct mover *mover = &child->mover;

	child->has_begun = child->is_running = true;
	if (child->stays)
		CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	else if (dice_roll(&mover->dice, 2) == 0)
		check_wait(bide_sleep(dice_roll(&mover->dice, 100) * US));
	for (unsigned n = dice_roll(&mover->dice, 3); n > 0 && mover->depth > 0; n--)
		make_move(mover);
	child->is_running = false;
	return 1;
}

/* Returns NULL where the loop closes. */
static bide_task *spawn_child_on(bide_loop *loop, struct mover *mover, struct child *child,
                                 bool stays)
{
	bide_task *task;

	*child = (struct child){
		.mover = { dice_of(stress_seed(), ++child_number), mover->depth - 1 },
		.stays = stays,
	};
	task = bide_spawn_on(loop, be_child, child);
	if (task == NULL)
		CHECK_INT(errno, ESHUTDOWN);
	return task;
}

static bide_task *spawn_child(struct mover *mover, struct child *child, bool stays)
{
	return spawn_child_on(any_loop(mover), mover, child, stays);
}

static void check_end(const struct child *child, int r)
{
	CHECK(!child->is_running);
	/* Done is done, but for a plain thread whose time was over; what is not done
	 * never began. */
	if (child->has_begun && !(bide_self() == NULL && r == -ETIMEDOUT))
		CHECK_INT(r, 1);
	CHECK(child->has_begun || r == -ECANCELED || r == -ETIMEDOUT);
	counts.joined++;
}

static void do_join(struct mover *mover)
{
	struct child child;
	bide_task *task = spawn_child(mover, &child, false);

	if (task != NULL)
		check_end(&child, bide_join(task));
}

static void do_cancel(struct mover *mover)
{
	struct child child;
	bide_task *task = spawn_child(mover, &child, dice_roll(&mover->dice, 2) == 0);

	if (task == NULL)
		return;
	if (bide_self() != NULL && dice_roll(&mover->dice, 2) == 0)
		check_wait(bide_yield());
	counts.cancelled += (unsigned)bide_cancel(task);
	check_end(&child, bide_join(task));
}

static void do_join_for(struct mover *mover)
{
	struct child child;
	bide_task *task = spawn_child(mover, &child, dice_roll(&mover->dice, 2) == 0);

	if (task != NULL)
		check_end(&child, bide_join_for(task, dice_roll(&mover->dice, 100) * US));
}

static void do_join_in_time(struct mover *mover)
{
	struct child child;
	bide_scope scope;
	bide_task *task;

	if (bide_self() == NULL)
		return;
	bide_scope_enter(&scope, dice_roll(&mover->dice, 100) * US);
	task = spawn_child(mover, &child, dice_roll(&mover->dice, 2) == 0);
	if (task != NULL)
		check_end(&child, bide_join(task));
	(void)bide_scope_leave(&scope);
}

static int cancel_arg(void *arg)
{
	CHECK(bide_cancel(arg) >= 0);
	(void)bide_done(arg);
	CHECK(bide_name(arg) != NULL);
	return 1;
}

/* The child's handle goes through a third loop. */
static void do_have_cancelled(struct mover *mover)
{
	struct child child;
	bide_task *task = spawn_child_on(other_loop(mover), mover, &child, true);
	bide_task *canceller;

	if (task == NULL)
		return;
	canceller = bide_spawn_on(any_loop(mover), cancel_arg, task);
	if (canceller == NULL || bide_join(canceller) != 1)
		CHECK(bide_cancel(task) >= 0);
	check_end(&child, bide_join(task));
}

static int note_post(void *arg)
{
	(void)arg;
	counts.post_ran++;
	return 0;
}

static void do_detach(struct mover *mover)
{
	bide_task *task = bide_spawn_on(any_loop(mover), return_arg, ARG(1));

	if (task == NULL)
		return;
	if (dice_roll(&mover->dice, 2) == 0)
		CHECK(bide_cancel(task) >= 0);
	bide_detach(task);
}

static void do_post(struct mover *mover)
{
	for (unsigned n = dice_roll(&mover->dice, 30); n > 0; n--) {
		int r = bide_post(any_loop(mover), note_post, NULL);

		CHECK(r == 0 || r == -ESHUTDOWN);
		counts.posted += r == 0;
	}
}

/* ---- futures, and a queue ---- */

static int set_future(void *arg)
{
	return bide_future_set(arg, 7, NULL) == 0 ? 1 : -EALREADY;
}

static void do_future(struct mover *mover)
{
	bide_future future = { 0 };
	bide_task *setter = bide_spawn_on(any_loop(mover), set_future, &future);
	int waited = -ECANCELED;
	int r;

	if (setter == NULL)
		return;
	/* Where the setter's loop closes nobody sets it. */
	if (bide_self() != NULL)
		BIDE_TIMEOUT(dice_roll(&mover->dice, 1000) * US)
			waited = bide_future_wait(&future, NULL);
	CHECK(waited == 7 || waited == -ECANCELED);
	r = bide_join(setter);
	CHECK(r == 1 || (r == -ECANCELED && waited < 0));
	CHECK(bide_future_done(&future) == (r == 1));
	counts.futures += waited == 7;
}

static void do_put(struct mover *mover)
{
	uint64_t item = 1;
	int r = -ECANCELED;

	if (bide_self() != NULL)
		BIDE_TIMEOUT(dice_roll(&mover->dice, 200) * US)
			r = bide_queue_put(queue, &item);
	else
		r = bide_queue_try_put(queue, &item);
	CHECK(r == 0 || r == -ECANCELED || r == -EAGAIN);
	counts.put += r == 0;
}

static void do_get(struct mover *mover)
{
	uint64_t item = 0;
	int r = -ECANCELED;

	if (bide_self() != NULL)
		BIDE_TIMEOUT(dice_roll(&mover->dice, 200) * US)
			r = bide_queue_get(queue, &item);
	else
		r = bide_queue_try_get(queue, &item);
	CHECK(r == 0 || r == -ECANCELED || r == -EAGAIN);
	CHECK_INT(item, r == 0 ? 1 : 0);
	counts.got += r == 0;
}

static void do_sleep(struct mover *mover)
{
	if (bide_self() != NULL)
		check_wait(bide_sleep(dice_roll(&mover->dice, 50) * US));
	else
		sched_yield();
}

/* ---- the run ---- */

static void make_move(struct mover *mover)
{
	static void (*const moves[])(struct mover * mover) = {
		do_join,   do_join, do_cancel, do_join_for, do_join_in_time, do_have_cancelled,
		do_detach, do_post, do_future, do_future,   do_put,          do_get,
		do_sleep,
	};

	moves[dice_roll(&mover->dice, sizeof moves / sizeof *moves)](mover);
	counts.moves++;
}

static bool is_over(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * BIDE_SECOND + now.tv_nsec >= end_of_time;
}

static int be_actor(void *arg)
{
	struct mover mover = { dice_of(stress_seed(), (uintptr_t)arg), DEPTH_MAX };

	while (!is_over())
		make_move(&mover);
	return 0;
}

static void *be_plain(void *arg)
{
	CHECK_INT(be_actor(arg), 0);
	return NULL;
}

static int be_loop(void *arg)
{
	bide_task *actors[ACTOR_COUNT];

	MEET(&all_started);
	for (int i = 0; i < ACTOR_COUNT; i++) {
		actors[i] = bide_spawn(be_actor, ARG(INT(arg) * ACTOR_COUNT + i));
		CHECK(actors[i] != NULL);
	}
	return bide_gather(ACTOR_COUNT, actors, NULL);
}

static bide_time duration(void)
{
	if (is_long())
		return 30 * BIDE_SECOND;
	return is_slow() ? BIDE_SECOND / 4 : BIDE_SECOND;
}

static void check_counts(void)
{
	uint64_t item;

	while (bide_queue_try_get(queue, &item) == 0)
		counts.got++;
	CHECK_INT(counts.got, counts.put);
	CHECK_INT(counts.post_ran, counts.posted);
	fprintf(stderr,
	        "seed %ju: %llu moves, %llu posts, %llu joins, %llu cancelled, %llu futures, "
	        "%llu items\n",
	        (uintmax_t)stress_seed(), counts.moves, counts.posted, counts.joined,
	        counts.cancelled, counts.futures, counts.put);
}

TEST(stress_loops, that_use_each_other_at_random_lose_nothing)
{
	const bide_options options = { .flags = BIDE_DEBUG, .slow_task = BIDE_HOUR };
	bide_thread *threads[LOOP_COUNT];
	pthread_t plain[PLAIN_COUNT];

	CHECK_INT(sem_init(&all_started, 0, 0), 0);
	queue = bide_queue_new_shared(sizeof(uint64_t), 16);
	CHECK(queue != NULL);
	end_of_time = bide_now() + duration();
	for (int i = 0; i < LOOP_COUNT; i++) {
		threads[i] = start_with(&options, be_loop, ARG(i));
		loops[i] = bide_loop_ref(bide_thread_loop(threads[i]));
	}
	for (int i = 0; i < LOOP_COUNT; i++)
		sem_post(&all_started);
	for (int i = 0; i < PLAIN_COUNT; i++)
		plain[i] = start_plain(be_plain, ARG(1000 + i));

	for (int i = 0; i < PLAIN_COUNT; i++)
		join_plain(plain[i]);
	for (int i = 0; i < LOOP_COUNT; i++) {
		CHECK_INT(bide_thread_join(threads[i]), 0);
		bide_loop_unref(loops[i]);
	}
	check_counts();
	bide_queue_free(queue);
}
