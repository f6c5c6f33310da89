/* SPDX-License-Identifier: MIT */

/*
 * stress_pool.c - calls on the pools of several loops, cancelled and abandoned at random
 *
 * A call runs once or not at all, and its caller is told which: a result of its own
 * says that it has ended, -ECANCELED that it never begins, unless it was abandoned.
 */
#include "call_test.h"
#include "stress.h"

#define LOOPS 3
#define CALLERS 12
#define CALLS 200                       /* of each caller */

/* One that was abandoned may end when all else is over, so they stay. */
struct attempt {
	struct attempt *next;
	atomic_int begun_count;
	atomic_int ended_count;
	int spins;
	int result;
};

static struct attempt *_Atomic attempts;

struct worker {
	struct dice dice;
	uint64_t run_count;
	uint64_t abandoned_count;
};

static int run_attempt(void *arg)
{
	struct attempt *attempt = arg;

	count_thread();
	CHECK_INT(atomic_fetch_add(&attempt->begun_count, 1), 0);
	for (int i = attempt->spins; i > 0; i--)
		__asm__ volatile("" ::: "memory");
	if (attempt->spins % 7 == 0)
		sched_yield();
	atomic_fetch_add(&attempt->ended_count, 1);
	return attempt->result;
}

static struct attempt *attempt_new(struct dice *dice)
{
	struct attempt *attempt = calloc(1, sizeof *attempt);

	CHECK(attempt != NULL);
	attempt->spins = (int)dice_roll(dice, 20000);
	attempt->result = (int)dice_roll(dice, 1000);
	attempt->next = atomic_load(&attempts);
	while (!atomic_compare_exchange_weak(&attempts, &attempt->next, attempt))
		;
	return attempt;
}

static void try_call(struct worker *worker)
{
	struct attempt *attempt = attempt_new(&worker->dice);
	bool can_abandon = dice_roll(&worker->dice, 3) == 0;
	bide_scope scope;
	int r;

	bide_scope_enter(&scope, dice_roll(&worker->dice, 300) * BIDE_MICROSECOND);
	if (can_abandon)
		r = bide_to_thread_abandon(run_attempt, attempt);
	else
		r = bide_to_thread(run_attempt, attempt);
	(void)bide_scope_leave(&scope);
	worker->run_count += r >= 0;
	if (r >= 0) {
		CHECK_INT(r, attempt->result);
		CHECK_INT(atomic_load(&attempt->ended_count), 1);
	} else {
		CHECK_INT(r, -ECANCELED);
		worker->abandoned_count += atomic_load(&attempt->begun_count) > 0;
		CHECK(can_abandon || atomic_load(&attempt->begun_count) == 0);
	}
}

static int call_again_and_again(void *arg)
{
	struct worker *worker = arg;

	for (int i = 0; i < CALLS; i++) {
		try_call(worker);
		bide_uncancel();
	}
	return 0;
}

static int run_callers(void *arg)
{
	struct dice dice = dice_of(stress_seed(), 1000 + (uint64_t)INT(arg));
	struct worker workers[CALLERS] = { { .run_count = 0 } };
	bide_task *tasks[CALLERS];
	uint64_t run_count = 0, abandoned_count = 0;

	for (int i = 0; i < CALLERS; i++) {
		workers[i].dice = dice_of(stress_seed(), (uint64_t)(INT(arg) * CALLERS + i));
		tasks[i] = bide_spawn(call_again_and_again, &workers[i]);
	}
	CHECK_INT(bide_yield(), 0);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(bide_sleep(dice_roll(&dice, 200) * BIDE_MICROSECOND), 0);
		bide_cancel(tasks[dice_roll(&dice, CALLERS)]);
	}
	CHECK_INT(bide_gather(CALLERS, tasks, NULL), 0);
	for (int i = 0; i < CALLERS; i++) {
		run_count += workers[i].run_count;
		abandoned_count += workers[i].abandoned_count;
	}
	fprintf(stderr, "stress_pool: of %d calls %ju have returned, %ju were abandoned\n",
	        CALLERS * CALLS, (uintmax_t)run_count, (uintmax_t)abandoned_count);
	return 0;
}

static void run_loops(void)
{
	bide_thread *threads[LOOPS];

	for (int i = 0; i < LOOPS; i++)
		threads[i] = start_with(&(bide_options){ .max_threads = (unsigned)i + 1 },
		                        run_callers, ARG(i));
	for (int i = 0; i < LOOPS; i++)
		CHECK_INT(bide_thread_join(threads[i]), 0);
}

TEST(stress_pool, runs_each_call_once_or_never_and_tells_which)
{
	for (int i = is_long() ? 100 : 1; i > 0; i--)
		run_loops();
}

/* ---- threads that nobody calls ---- */

#define PEAK 20

static int call_at_once(void *arg)
{
	static struct call calls[PEAK];
	bide_task *tasks[PEAK];

	(void)arg;
	for (int i = 0; i < PEAK; i++)
		tasks[i] = spawn_held(&calls[i], 0);
	CHECK_INT(atomic_load(&pool_threads), PEAK);
	for (int i = 0; i < PEAK; i++)
		let_go(&calls[i]);
	CHECK_INT(bide_gather(PEAK, tasks, NULL), 0);
	for (int i = 0; i < 500 && atomic_load(&pool_threads) > 0; i++)
		CHECK_INT(bide_sleep(100 * MS), 0);
	CHECK_INT(atomic_load(&pool_threads), 0);
	call_init(&calls[0], 3);
	CHECK_INT(bide_to_thread(act, &calls[0]), 3);
	return 0;
}

/* Takes as long as that: seconds. */
TEST(stress_pool, ends_threads_that_are_idle)
{
	if (is_long())
		CHECK_INT(bide_run(call_at_once, NULL), 0);
}
