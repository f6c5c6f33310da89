/* SPDX-License-Identifier: MIT */

/* test_run_threads.c - the same main task on many loops at once */
#include "thread_test.h"

#include <signal.h>

#define CREW_MAX 64

/* What the main tasks of one call tell of themselves. */
struct crew {
	sem_t all_begun;
	atomic_int begun;
	atomic_int ended;
	unsigned count;         /* how many are expected */
	pthread_t threads[CREW_MAX];
	bide_loop *loops[CREW_MAX];
	cpu_set_t processors[CREW_MAX];
	int results[CREW_MAX];  /* what the one that began as ith is to return */
};

static struct crew crew;
static pthread_t caller;

static void crew_init(unsigned count)
{
	memset(&crew, 0, sizeof crew);
	crew.count = count;
	CHECK_INT(sem_init(&crew.all_begun, 0, 0), 0);
	caller = pthread_self();
}

/* Returns as what number the calling main task has begun. Waits for the others. */
static int enlist(void *arg)
{
	int i = crew.begun++;

	CHECK(arg == &crew);
	CHECK(i < CREW_MAX);
	crew.threads[i] = pthread_self();
	crew.loops[i] = bide_loop_current();
	CHECK_INT(pthread_getaffinity_np(pthread_self(), sizeof(cpu_set_t), &crew.processors[i]),
	          0);
	for (unsigned n = 0; i + 1 == (int)crew.count && n < crew.count; n++)
		sem_post(&crew.all_begun);
	MEET(&crew.all_begun);
	return i;
}

static int work(void *arg)
{
	int i = enlist(arg);

	CHECK_INT(bide_yield(), 0);
	crew.ended++;
	return crew.results[i];
}

/* How many of the main tasks ran on the thread. */
static int count_on(pthread_t thread)
{
	int count = 0;

	for (int i = 0; i < crew.begun; i++)
		count += pthread_equal(crew.threads[i], thread) != 0;
	return count;
}

static void check_all_apart(void)
{
	CHECK_INT(crew.begun, (int)crew.count);
	for (int i = 0; i < crew.begun; i++) {
		CHECK_INT(count_on(crew.threads[i]), 1);
		CHECK(crew.loops[i] != NULL);
		for (int k = 0; k < i; k++)
			CHECK(crew.loops[k] != crew.loops[i]);
	}
}

/* ---- how many, and where ---- */

TEST(run_threads, runs_main_on_so_many_threads_of_which_one_is_the_callers)
{
	static const unsigned counts[] = { 1, 2, 3, 20 };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		crew_init(counts[i]);
		CHECK_INT(bide_run_threads(counts[i], work, &crew), 0);
		CHECK_INT(crew.ended, (int)counts[i]);
		check_all_apart();
		CHECK_INT(count_on(caller), 1);
		CHECK(bide_loop_current() == NULL);
	}
}

static int processor_count(void)
{
	cpu_set_t set;

	CHECK_INT(sched_getaffinity(0, sizeof set, &set), 0);
	return CPU_COUNT(&set);
}

TEST(run_threads, runs_one_for_each_processor_by_default)
{
	int count = processor_count();

	if (count > CREW_MAX)
		return;
	crew_init((unsigned)count);
	CHECK_INT(bide_run_threads(0, work, &crew), 0);
	check_all_apart();
}

/* The first processor that this process may use. */
static int first_processor(void)
{
	cpu_set_t set;
	int cpu = 0;

	CHECK_INT(sched_getaffinity(0, sizeof set, &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	return cpu;
}

TEST(run_threads, counts_only_the_processors_that_the_process_may_use)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(first_processor(), &one);
	CHECK_INT(sched_setaffinity(0, sizeof one, &one), 0);
	crew_init(1);
	CHECK_INT(bide_run_threads(0, work, &crew), 0);
	check_all_apart();
}

static atomic_bool other_has_run;

static int yield_and_set(void *arg)
{
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_yield(), 0);
	atomic_store((atomic_bool *)arg, true);
	return 0;
}

/* Ends only once another task of the caller's loop has run. */
static int work_beside_another(void *arg)
{
	while (!atomic_load(&other_has_run))
		sched_yield();
	return work(arg);
}

static int run_in_a_task(void *arg)
{
	bide_task *other = bide_spawn(yield_and_set, &other_has_run);

	(void)arg;
	CHECK_INT(bide_run_threads(3, work_beside_another, &crew), 0);
	return bide_join(other);
}

TEST(run_threads, suspends_a_task_that_calls_it)
{
	crew_init(3);
	CHECK_INT(bide_run(run_in_a_task, NULL), 0);
	check_all_apart();
	CHECK_INT(count_on(caller), 0);
	CHECK_INT(crew.ended, 3);
}

/* ---- options ---- */

static int sleep_an_hour(void *arg)
{
	CHECK_INT(bide_sleep(BIDE_HOUR), 0);
	return work(arg);
}

TEST(run_threads, gives_each_loop_the_options)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	crew_init(3);
	CHECK_INT(bide_run_threads_with(&options, 3, sleep_an_hour, &crew), 0);
	check_all_apart();
	crew_init(2);
	CHECK_INT(bide_run_threads_with(NULL, 2, work, &crew), 0);
	check_all_apart();
}

static int run_with_bad_options(void *arg)
{
	CHECK_INT(bide_run_threads_with(&(bide_options){ .flags = 1u << 30 }, 2, never, arg),
	          -EINVAL);
	CHECK_INT(bide_run_threads_with(&(bide_options){ .backend = 99 }, 2, never, arg), -EINVAL);
	return 0;
}

TEST(run_threads, refuses_options_that_have_no_meaning)
{
	CHECK_INT(run_with_bad_options(NULL), 0);
	CHECK_INT(bide_run(run_with_bad_options, NULL), 0);
}

static int run_pinned(void *arg)
{
	const bide_options options = { .flags = BIDE_PIN };

	(void)arg;
	return bide_run_threads_with(&options, crew.count, work, &crew);
}

static void check_pinned(unsigned count, bide_fn *in)
{
	int processors = processor_count();
	cpu_set_t before, after, used;

	CHECK_INT(sched_getaffinity(0, sizeof before, &before), 0);
	crew_init(count);
	CHECK_INT(in == NULL ? run_pinned(NULL) : bide_run(in, NULL), 0);
	CHECK_INT(sched_getaffinity(0, sizeof after, &after), 0);
	CHECK(CPU_EQUAL(&before, &after));

	CPU_ZERO(&used);
	for (unsigned i = 0; i < count; i++) {
		CHECK_INT(CPU_COUNT(&crew.processors[i]), 1);
		CPU_OR(&used, &used, &crew.processors[i]);
	}
	CHECK_INT(CPU_COUNT(&used), (int)count < processors ? (int)count : processors);
	CPU_AND(&used, &used, &before);
	CHECK_INT(CPU_COUNT(&used), (int)count < processors ? (int)count : processors);
}

TEST(run_threads, pins_each_loop_to_a_processor_on_request)
{
	unsigned processors = (unsigned)processor_count();

	if (getenv("BIDE_TEST_EMULATED") != NULL || processors * 2 > CREW_MAX)
		return;
	check_pinned(1, NULL);
	check_pinned(processors, NULL);
	check_pinned(processors * 2, NULL);
	check_pinned(processors, run_pinned);
}

TEST(run_threads, pins_none_of_itself)
{
	cpu_set_t before;

	CHECK_INT(sched_getaffinity(0, sizeof before, &before), 0);
	crew_init(3);
	CHECK_INT(bide_run_threads(3, work, &crew), 0);
	for (int i = 0; i < 3; i++)
		CHECK(CPU_EQUAL(&crew.processors[i], &before));
}

/* ---- results, and failures ---- */

static int run_crew(void *arg)
{
	return bide_run_threads(crew.count, arg, &crew);
}

/* A function as an argument. */
static int run_crew_in(bool is_task, bide_fn *fn)
{
	return is_task ? bide_run(run_crew, (void *)(intptr_t)fn) : run_crew((void *)(intptr_t)fn);
}

TEST(run_threads, gives_0_where_none_has_failed)
{
	for (int is_task = 0; is_task < 2; is_task++) {
		crew_init(3);
		for (int i = 0; i < 3; i++)
			crew.results[i] = i * 5;
		CHECK_INT(run_crew_in(is_task, work), 0);
	}
}

enum culprit {
	THE_CALLER,
	SOMEBODY_ELSE,
};

static enum culprit culprit;
static atomic_bool has_culprit;

/* One of them fails, the others wait for ever and fail when they are cancelled. */
static int fail_or_wait(void *arg)
{
	bool is_caller;

	(void)enlist(arg);
	is_caller = pthread_equal(pthread_self(), caller);
	if (is_caller == (culprit == THE_CALLER) && !atomic_exchange(&has_culprit, true))
		return -EIO;
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	crew.ended++;
	return -ENOENT;
}

static void check_first_failure(bool is_task, enum culprit who)
{
	crew_init(4);
	culprit = who;
	has_culprit = false;
	CHECK_INT(run_crew_in(is_task, fail_or_wait), -EIO);
	CHECK_INT(crew.begun, 4);
	CHECK_INT(crew.ended, 3);
}

TEST(run_threads, gives_the_first_failure_and_cancels_the_others)
{
	for (int i = 0; i < 20; i++) {
		check_first_failure(false, THE_CALLER);
		check_first_failure(false, SOMEBODY_ELSE);
		check_first_failure(true, SOMEBODY_ELSE);
	}
}

static sem_t has_failed;

static int finish_late(void *arg)
{
	MEET(arg);
	crew.ended++;
	return 0;
}

/* One fails; each of the others has something to finish. */
static int fail_or_finish(void *arg)
{
	int i = enlist(arg);

	if (i == 0) {
		for (unsigned n = 1; n < crew.count; n++)
			sem_post(&has_failed);
		return -EIO;
	}
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	return bide_shield(finish_late, &has_failed);
}

TEST(run_threads, waits_for_the_others_after_a_failure)
{
	for (int is_task = 0; is_task < 2; is_task++) {
		CHECK_INT(sem_init(&has_failed, 0, 0), 0);
		crew_init(4);
		CHECK_INT(run_crew_in(is_task, fail_or_finish), -EIO);
		CHECK_INT(crew.ended, 3);
	}
}

TEST(run_threads, may_fail_as_soon_as_it_begins)
{
	for (int i = 0; i < 100; i++)
		CHECK_INT(bide_run_threads(3, return_arg, ARG(-EIO)), -EIO);
}

static int stay_and_count(void *arg)
{
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_yield(), -ECANCELED);
	(*(atomic_int *)arg)++;
	return 0;
}

static int leave_one_over(void *arg)
{
	CHECK_INT(bide_go(stay_and_count, arg), 0);
	CHECK_INT(bide_yield(), 0);
	return 0;
}

TEST(run_threads, waits_for_every_task_of_each_loop)
{
	atomic_int count = 0;

	CHECK_INT(bide_run_threads(3, leave_one_over, &count), 0);
	CHECK_INT(count, 3);
}

TEST(run_threads, leaves_no_descriptor_behind)
{
	int before;

	CHECK_INT(bide_run_threads(3, return_arg, ARG(0)), 0);
	before = descriptors();
	for (int i = 0; i < 10; i++)
		CHECK_INT(bide_run_threads(3, return_arg, ARG(-(i % 2))), -(i % 2));
	CHECK_INT(descriptors(), before);
}

/* ---- callers that are cancelled ---- */

static sem_t may_cancel;

static int wait_until_cancelled(void *arg)
{
	int i = enlist(arg);

	sem_post(&may_cancel);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	crew.ended++;
	return crew.results[i];
}

/* A caller that another thread cancels once all have begun; it has a handle for that. */
static int run_until_cancelled(int result)
{
	bide_thread *host = start_host();
	bide_task *task;
	int r;

	CHECK_INT(sem_init(&may_cancel, 0, 0), 0);
	crew_init(3);
	for (int i = 0; i < 3; i++)
		crew.results[i] = result;
	task = spawn_on(bide_thread_loop(host), run_crew, (void *)(intptr_t)wait_until_cancelled);
	for (int i = 0; i < 3; i++)
		MEET(&may_cancel);
	CHECK_INT(bide_cancel(task), 1);
	r = bide_join(task);
	CHECK_INT(crew.ended, 3);
	end_host(host);
	return r;
}

TEST(run_threads, cancels_and_waits_for_all_where_the_caller_is_cancelled)
{
	CHECK_INT(run_until_cancelled(-ECANCELED), -ECANCELED);
	CHECK_INT(run_until_cancelled(0), 0);
}

static int run_when_cancelled(void *arg)
{
	(void)arg;
	CHECK_INT(bide_cancel(bide_self()), 1);
	CHECK_INT(bide_run_threads(2, never, NULL), -ECANCELED);
	CHECK_INT(bide_uncancel(), 1);
	return 0;
}

TEST(run_threads, runs_nothing_where_the_caller_was_cancelled_before)
{
	CHECK_INT(bide_run(run_when_cancelled, NULL), 0);
}

static int run_in_time(void *arg)
{
	bide_scope scope;

	bide_scope_enter(&scope, MS);
	CHECK_INT(bide_run_threads(2, stay, arg), -ECANCELED);
	CHECK_INT(bide_scope_leave(&scope), -ETIMEDOUT);
	return 0;
}

TEST(run_threads, is_cut_short_by_a_deadline)
{
	CHECK_INT(bide_run(run_in_time, NULL), 0);
}

/* ---- SIGINT ---- */

/* The last one to begin interrupts the process when all wait. */
static int interrupt(void *arg)
{
	if (enlist(arg) + 1 == (int)crew.count)
		CHECK_INT(kill(getpid(), SIGINT), 0);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	crew.ended++;
	return -ECANCELED;
}

static bool is_default(void)
{
	struct sigaction action;

	CHECK_INT(sigaction(SIGINT, NULL, &action), 0);
	return action.sa_handler == SIG_DFL;
}

TEST(run_threads, is_ended_by_sigint_on_the_first_thread)
{
	for (int i = 0; i < 10; i++) {
		crew_init(3);
		CHECK_INT(bide_run_threads(3, interrupt, &crew), -EINTR);
		CHECK_INT(crew.ended, 3);
		CHECK(is_default());
	}
}

TEST(run_threads, is_ended_by_sigint_in_a_task_of_the_first_thread)
{
	for (int i = 0; i < 10; i++) {
		crew_init(3);
		CHECK_INT(run_crew_in(true, interrupt), -EINTR);
		CHECK_INT(crew.ended, 3);
		CHECK(is_default());
	}
}
