/* SPDX-License-Identifier: MIT */

/* test_thread.c - threads with loops: started, joined and left to themselves */
#include "thread_test.h"

#include <signal.h>
#include <sys/wait.h>

/* ---- starting ---- */

struct start {
	pthread_t thread;
	bide_loop *loop;
	bool is_task;
	int checkpoint;
};

static int note_start(void *arg)
{
	struct start *start = arg;

	start->thread = pthread_self();
	start->loop = bide_loop_current();
	start->is_task = bide_self() != NULL;
	start->checkpoint = bide_checkpoint();
	return 6;
}

TEST(thread, runs_main_on_a_thread_and_a_loop_of_its_own)
{
	bide_thread *thread;
	struct start start;
	bide_loop *loop;

	thread = start_with(NULL, note_start, &start);
	loop = bide_thread_loop(thread);
	CHECK(bide_thread_loop(thread) == loop);
	CHECK_INT(bide_thread_join(thread), 6);
	CHECK(start.loop == loop && start.is_task);
	CHECK_INT(start.checkpoint, 0);
	CHECK(!pthread_equal(start.thread, pthread_self()));
	CHECK(bide_loop_current() == NULL);
}

TEST(thread, gives_the_result_of_main)
{
	static const int results[] = { 0, 1, INT32_MAX, -EIO, -ECANCELED, -EDEADLK, INT32_MIN };

	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		CHECK_INT(bide_thread_join(start_with(NULL, return_arg, ARG(results[i]))),
		          results[i]);
}

static int dump(void *arg)
{
	FILE *out = fmemopen(arg, 512, "w");

	CHECK(out != NULL);
	bide_dump(out);
	CHECK_INT(fclose(out), 0);
	return 0;
}

TEST(thread, takes_a_copy_of_the_options)
{
	char name[] = "harbour";
	char text[512] = "";
	bide_options options = { .name = name };
	bide_thread *thread = start_with(&options, stay, NULL);

	memset(name, '-', sizeof name - 1);
	memset(&options, 0xff, sizeof options);
	CHECK_INT(call_on(thread, dump, text), 0);
	CHECK(strstr(text, "harbour") != NULL);
	end_host(thread);
}

static int sleep_an_hour(void *arg)
{
	bide_time before = bide_now();

	(void)arg;
	CHECK_INT(bide_sleep(BIDE_HOUR), 0);
	CHECK_INT(bide_now() - before, BIDE_HOUR);
	return 1;
}

TEST(thread, may_have_a_virtual_clock)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_thread_join(start_with(&options, sleep_an_hour, NULL)), 1);
}

static int leave_a_handle(void *arg)
{
	(void)arg;
	CHECK(bide_spawn(return_arg, ARG(0)) != NULL);
	return bide_yield();
}

static void leave_a_handle_in_a_thread(void)
{
	const bide_options options = { .flags = BIDE_DEBUG };

	CHECK_INT(bide_thread_join(start_with(&options, leave_a_handle, NULL)), 0);
}

TEST(thread, reports_what_is_left_under_debug)
{
	char text[4096];

	CHECK_INT(test_child(leave_a_handle_in_a_thread, text, sizeof text), 0);
	CHECK(text[0] != '\0');
}

TEST(thread, is_not_started_with_options_that_have_no_meaning)
{
	static const bide_options refused[] = { { .flags = 1u << 30 }, { .backend = 99 } };

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		errno = 0;
		CHECK(bide_thread_start(&refused[i], never, NULL) == NULL);
		CHECK_INT(errno, EINVAL);
	}
}

TEST(thread, takes_a_function_as_soon_as_it_was_started)
{
	for (int i = 0; i < 1000; i++) {
		bide_thread *thread = start_host();
		sem_t sem;

		CHECK_INT(sem_init(&sem, 0, 0), 0);
		CHECK_INT(bide_post(bide_thread_loop(thread), post_semaphore, &sem), 0);
		MEET(&sem);
		end_host(thread);
	}
}

static int count_begun(void *arg)
{
	(*(atomic_int *)arg)++;
	return 0;
}

/* Main may have returned by then: the function is refused, or it runs. */
TEST(thread, runs_what_it_has_accepted_also_where_main_ends_at_once)
{
	for (int i = 0; i < 1000; i++) {
		bide_thread *thread = start_with(NULL, return_arg, ARG(i));
		atomic_int begun = 0;
		int r = bide_post(bide_thread_loop(thread), count_begun, &begun);

		CHECK(r == 0 || r == -ESHUTDOWN);
		CHECK_INT(bide_thread_join(thread), i);
		CHECK_INT(begun, r == 0 ? 1 : 0);
	}
}

#define CROWD 40

TEST(thread, is_one_of_many)
{
	bide_thread *threads[CROWD];

	for (int i = 0; i < CROWD; i++)
		threads[i] = start_with(NULL, return_arg, ARG(i));
	for (int i = CROWD - 1; i >= 0; i--)
		CHECK_INT(bide_thread_join(threads[i]), i);
}

TEST(thread, leaves_no_descriptor_behind)
{
	int before;

	CHECK_INT(bide_thread_join(start_with(NULL, return_arg, ARG(0))), 0);
	before = descriptors();
	for (int i = 0; i < 20; i++) {
		CHECK_INT(bide_thread_join(start_with(NULL, return_arg, ARG(0))), 0);
		end_host(start_host());
	}
	CHECK_INT(descriptors(), before);
}

/* ---- joining ---- */

static int stay_and_clean_up(void *arg)
{
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	return bide_shield(clean_up, arg);
}

static int leave_one_over(void *arg)
{
	CHECK_INT(bide_go(stay_and_clean_up, arg), 0);
	return bide_yield();
}

TEST(thread, has_ended_with_all_its_tasks_when_it_is_joined)
{
	bool is_clean = false;

	CHECK_INT(bide_thread_join(start_with(NULL, leave_one_over, &is_clean)), 0);
	CHECK(is_clean);
}

static int wait_held(void *arg)
{
	MEET(arg);
	return 5;
}

/* The thread ends only once another task of this loop has run. */
static int join_beside_another(void *arg)
{
	bide_task *other;
	sem_t sem;

	CHECK_INT(sem_init(&sem, 0, 0), 0);
	other = bide_spawn(yield_and_release, &sem);
	CHECK_INT(bide_thread_join(start_with(NULL, wait_held, &sem)), 5);
	CHECK_INT(bide_join(other), 0);
	(void)arg;
	return 0;
}

TEST(thread, is_joined_by_a_task_while_others_go_on)
{
	CHECK_INT(bide_run(join_beside_another, NULL), 0);
}

static int start_and_join(void *arg)
{
	int r;

	if (INT(arg) == 0)
		return 0;
	r = bide_thread_join(start_with(NULL, start_and_join, ARG(INT(arg) - 1)));
	return r < 0 ? r : r + 1;
}

TEST(thread, may_start_and_join_further_ones)
{
	CHECK_INT(bide_thread_join(start_with(NULL, start_and_join, ARG(10))), 10);
}

static void ignore_signal(int signo)
{
	(void)signo;
}

static void *disturb_main(void *arg)
{
	for (int i = 0; i < 20; i++) {
		until_asleep(getpid());
		CHECK_INT(kill(getpid(), SIGUSR1), 0);
	}
	return post_semaphore(arg) == 0 ? NULL : arg;
}

TEST(thread, is_joined_whatever_signals_come)
{
	const struct sigaction action = { .sa_handler = ignore_signal };
	pthread_t plain;
	sem_t sem;

	CHECK_INT(sem_init(&sem, 0, 0), 0);
	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	plain = start_plain(disturb_main, &sem);
	CHECK_INT(bide_thread_join(start_with(NULL, wait_held, &sem)), 5);
	join_plain(plain);
}

struct joiner {
	bide_thread *thread;
	struct life life;
};

static int join_thread(void *arg)
{
	struct joiner *joiner = arg;
	int r = bide_thread_join(joiner->thread);

	CHECK(joiner->life.has_ended);
	return r;
}

/* A joiner that waits, and one that never could. */
static int cancel_joiner(void *arg)
{
	struct joiner joiner;
	bide_scope scope;
	bide_task *task;
	int r;

	joiner.thread = start_life(&joiner.life, INT(arg));
	task = bide_spawn(join_thread, &joiner);
	CHECK_INT(bide_yield(), 0);
	CHECK(!bide_done(task));
	CHECK_INT(bide_cancel(task), 1);
	r = bide_join(task);

	joiner.thread = start_life(&joiner.life, INT(arg));
	bide_scope_enter(&scope, BIDE_FOREVER);
	bide_scope_cancel(&scope);
	CHECK_INT(join_thread(&joiner), r);
	(void)bide_scope_leave(&scope);
	return r;
}

TEST(thread, is_cancelled_and_waited_for_by_a_joiner_that_is_cancelled)
{
	CHECK_INT(bide_run(cancel_joiner, ARG(-EIO)), -ECANCELED);
	CHECK_INT(bide_run(cancel_joiner, ARG(-ECANCELED)), -ECANCELED);
	CHECK_INT(bide_run(cancel_joiner, ARG(0)), 0);
	CHECK_INT(bide_run(cancel_joiner, ARG(5)), 5);
}

static int join_in_time(void *arg)
{
	struct joiner joiner;
	bide_scope scope;
	int r;

	joiner.thread = start_life(&joiner.life, INT(arg));
	bide_scope_enter(&scope, MS);
	r = join_thread(&joiner);
	CHECK_INT(bide_scope_leave(&scope), r < 0 ? -ETIMEDOUT : 0);
	return r;
}

TEST(thread, is_cut_short_by_a_deadline_of_its_joiner)
{
	CHECK_INT(bide_run(join_in_time, ARG(-EIO)), -ECANCELED);
	CHECK_INT(bide_run(join_in_time, ARG(5)), 5);
}

struct self {
	sem_t is_known;
	bide_thread *thread;
};

static int join_itself(void *arg)
{
	struct self *self = arg;

	CHECK_INT(bide_thread_join(self->thread), -EDEADLK);
	CHECK_INT(bide_thread_stop(self->thread, 0), -EDEADLK);
	CHECK_INT(bide_thread_stop(self->thread, BIDE_FOREVER), -EDEADLK);
	CHECK_INT(bide_checkpoint(), 0);
	return 2;
}

/* Main does so, and then another task of the same thread. */
static int try_to_join_itself(void *arg)
{
	struct self *self = arg;

	MEET(&self->is_known);
	CHECK_INT(join_itself(self), 2);
	return bide_join(bide_spawn(join_itself, self));
}

TEST(thread, cannot_be_joined_or_stopped_on_itself)
{
	struct self self;

	CHECK_INT(sem_init(&self.is_known, 0, 0), 0);
	self.thread = start_with(NULL, try_to_join_itself, &self);
	sem_post(&self.is_known);
	CHECK_INT(bide_thread_join(self.thread), 2);
}

/* ---- leaving to itself ---- */

TEST(detach_thread, lets_it_go_on)
{
	struct daemon daemon;
	bide_thread *thread = start_daemon(&daemon);
	bide_loop *loop = bide_loop_ref(bide_thread_loop(thread));

	bide_thread_detach(thread);
	sem_post(&daemon.may_end);
	MEET(&daemon.has_ended);
	until_closed(loop);
	bide_loop_unref(loop);
}

static sem_t has_returned;

static int return_and_tell(void *arg)
{
	sem_post(&has_returned);
	return INT(arg);
}

TEST(detach_thread, may_come_when_it_has_ended)
{
	CHECK_INT(sem_init(&has_returned, 0, 0), 0);
	for (int i = 0; i < 100; i++) {
		bide_thread *thread = start_with(NULL, return_and_tell, ARG(0));

		if (i % 2 == 0)
			MEET(&has_returned);
		if (i % 4 == 0)
			until_closed(bide_thread_loop(thread));
		bide_thread_detach(thread);
		if (i % 2 != 0)
			MEET(&has_returned);
	}
}

static void say(void *arg)
{
	fprintf(stderr, "%s", (const char *)arg);
}

static int say_something_later(void *arg)
{
	CHECK_INT(bide_defer(say, "deferred"), 0);
	sem_post(arg);
	(void)bide_sleep(BIDE_FOREVER);
	say("cancelled");
	return 0;
}

static int main_with_a_daemon(void *arg)
{
	sem_t sem;

	(void)arg;
	CHECK_INT(sem_init(&sem, 0, 0), 0);
	bide_thread_detach(start_with(NULL, say_something_later, &sem));
	MEET(&sem);
	return 0;
}

static void leave_a_daemon(void)
{
	CHECK_INT(main_with_a_daemon(NULL), 0);
}

static void leave_a_daemon_of_a_loop(void)
{
	CHECK_INT(bide_run(main_with_a_daemon, NULL), 0);
}

static void leave_a_daemon_and_exit(void)
{
	leave_a_daemon();
	exit(0);
}

TEST(detach_thread, lets_it_die_with_the_process)
{
	static void (*const programs[])(void) = {
		leave_a_daemon,
		leave_a_daemon_of_a_loop,
		leave_a_daemon_and_exit,
	};

	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		char text[1024];

		CHECK_INT(test_child(programs[i], text, sizeof text), 0);
		CHECK_STR(text, "");
	}
}
