/* SPDX-License-Identifier: MIT */

/* test_post.c - functions posted into a loop, from everywhere and at every moment */
#include "thread_test.h"

#include <poll.h>

/* ---- where and how they run ---- */

struct visit {
	sem_t is_over;
	pthread_t thread;
	bide_loop *loop;
	bool is_task;
};

static int visit(void *arg)
{
	struct visit *visit = arg;

	visit->thread = pthread_self();
	visit->loop = bide_loop_current();
	visit->is_task = bide_self() != NULL;
	CHECK_INT(bide_yield(), 0);
	sem_post(&visit->is_over);
	return 0;
}

TEST(post, runs_the_function_as_a_task_on_the_thread_of_the_loop)
{
	bide_thread *host = start_host();
	struct visit visits[2];

	for (int i = 0; i < 2; i++) {
		CHECK_INT(sem_init(&visits[i].is_over, 0, 0), 0);
		CHECK_INT(bide_post(bide_thread_loop(host), visit, &visits[i]), 0);
		MEET(&visits[i].is_over);
		CHECK(visits[i].loop == bide_thread_loop(host));
		CHECK(visits[i].is_task);
		CHECK(!pthread_equal(visits[i].thread, pthread_self()));
	}
	CHECK(pthread_equal(visits[0].thread, visits[1].thread));
	end_host(host);
}

static atomic_int failures;
static sem_t was_reported;

static void note_failure(bide_task *task, int result, void *ctx)
{
	CHECK(task != NULL);
	CHECK(ctx == &failures);
	CHECK_INT(result, -EIO);
	failures++;
	sem_post(&was_reported);
}

TEST(post, reports_a_failure_to_on_error_of_the_loop)
{
	bide_options options = { .on_error = note_failure, .ctx = &failures };
	bide_thread *host = start_with(&options, stay, NULL);

	CHECK_INT(sem_init(&was_reported, 0, 0), 0);
	CHECK_INT(bide_post(bide_thread_loop(host), return_arg, ARG(-EIO)), 0);
	MEET(&was_reported);
	CHECK_INT(bide_post(bide_thread_loop(host), return_arg, ARG(3)), 0);
	end_host(host);
	CHECK_INT(failures, 1);
}

static int post_itself(void *arg)
{
	static int count;

	if (++count == test_many(10000))
		return sem_post(arg);
	return bide_post(bide_loop_current(), post_itself, arg);
}

TEST(post, lets_a_function_post_itself_while_the_loop_goes_on)
{
	bide_thread *host = start_host();
	sem_t is_over;

	CHECK_INT(sem_init(&is_over, 0, 0), 0);
	CHECK_INT(bide_post(bide_thread_loop(host), post_itself, &is_over), 0);
	MEET(&is_over);
	end_host(host);
}

/* ---- order ---- */

#define POSTER_COUNT 4

struct poster {
	bide_loop *loop;
	int count;
	int next;               /* written by the loop's thread */
	struct mail *mails;     /* count of them */
};

struct mail {
	struct poster *poster;
	int number;
};

static sem_t all_arrived;
static atomic_int arrived_count;
static int expected_count;

static int receive(void *arg)
{
	struct mail *mail = arg;

	CHECK_INT(mail->number, mail->poster->next);
	mail->poster->next++;
	if (atomic_fetch_add(&arrived_count, 1) + 1 == expected_count)
		sem_post(&all_arrived);
	return 0;
}

static void poster_init(struct poster *poster, bide_loop *loop, int count)
{
	*poster = (struct poster){ .loop = loop, .count = count };
	poster->mails = calloc((size_t)count, sizeof *poster->mails);
	CHECK(poster->mails != NULL);
	for (int i = 0; i < count; i++)
		poster->mails[i] = (struct mail){ poster, i };
}

static int post_all(void *arg)
{
	struct poster *poster = arg;

	for (int i = 0; i < poster->count; i++) {
		CHECK_INT(bide_post(poster->loop, receive, &poster->mails[i]), 0);
		if (bide_self() != NULL && i % 16 == 0)
			CHECK_INT(bide_yield(), 0);
	}
	return 0;
}

static void *post_all_plainly(void *arg)
{
	CHECK_INT(post_all(arg), 0);
	return NULL;
}

static void expect_mails(int count)
{
	CHECK_INT(sem_init(&all_arrived, 0, 0), 0);
	arrived_count = 0;
	expected_count = count;
}

TEST(post, begins_in_order_what_a_plain_thread_posts)
{
	bide_thread *host = start_host();
	struct poster poster;

	poster_init(&poster, bide_thread_loop(host), test_many(20000));
	expect_mails(poster.count);
	CHECK_INT(post_all(&poster), 0);
	MEET(&all_arrived);
	end_host(host);
	CHECK_INT(poster.next, poster.count);
	free(poster.mails);
}

/* Two plain threads, a task of another loop, and a task of the loop itself. */
TEST(post, begins_in_order_what_each_of_several_threads_posts)
{
	bide_thread *host = start_host();
	bide_thread *other = start_host();
	struct poster posters[POSTER_COUNT];
	int count = test_many(5000);
	bide_task *tasks[2];
	pthread_t plain[2];

	expect_mails(POSTER_COUNT * count);
	for (int i = 0; i < POSTER_COUNT; i++)
		poster_init(&posters[i], bide_thread_loop(host), count);
	for (int i = 0; i < 2; i++)
		plain[i] = start_plain(post_all_plainly, &posters[i]);
	tasks[0] = spawn_on(bide_thread_loop(other), post_all, &posters[2]);
	tasks[1] = spawn_on(bide_thread_loop(host), post_all, &posters[3]);
	for (int i = 0; i < 2; i++) {
		join_plain(plain[i]);
		CHECK_INT(bide_join(tasks[i]), 0);
	}
	MEET(&all_arrived);
	end_host(other);
	end_host(host);
	for (int i = 0; i < POSTER_COUNT; i++) {
		CHECK_INT(posters[i].next, count);
		free(posters[i].mails);
	}
}

/* ---- loops that sleep, and that are busy ---- */

struct answer {
	sem_t sem;
	pid_t id;
};

static int answer(void *arg)
{
	struct answer *answer = arg;

	answer->id = thread_id();
	return post_semaphore(&answer->sem);
}

TEST(post, wakes_a_loop_that_sleeps)
{
	bide_thread *host = start_host();
	struct answer reply;

	CHECK_INT(sem_init(&reply.sem, 0, 0), 0);
	for (int i = 0; i < 300; i++) {
		CHECK_INT(bide_post(bide_thread_loop(host), answer, &reply), 0);
		MEET(&reply.sem);
		until_asleep(reply.id);
	}
	end_host(host);
}

/* Whether the loop is about to sleep or not, the function must not be left lying. */
TEST(post, reaches_a_loop_that_is_about_to_sleep)
{
	bide_thread *host = start_host();
	struct answer reply;

	CHECK_INT(sem_init(&reply.sem, 0, 0), 0);
	for (int i = 0; i < test_many(20000); i++) {
		CHECK_INT(bide_post(bide_thread_loop(host), answer, &reply), 0);
		MEET(&reply.sem);
	}
	end_host(host);
}

TEST(post, begins_what_came_while_a_task_held_the_thread)
{
	static struct hold hold;
	bide_thread *host = start_host();
	struct poster poster;

	poster_init(&poster, bide_thread_loop(host), test_many(3000));
	expect_mails(poster.count);
	hold_begin(&hold, bide_thread_loop(host));
	CHECK_INT(post_all(&poster), 0);
	CHECK_INT(arrived_count, 0);
	hold_end(&hold);
	MEET(&all_arrived);
	end_host(host);
	free(poster.mails);
}

static int yield_until_set(void *arg)
{
	atomic_bool *is_set = arg;

	while (!atomic_load(is_set))
		CHECK_INT(bide_yield(), 0);
	return 7;
}

static int set_flag(void *arg)
{
	atomic_store((atomic_bool *)arg, true);
	return 0;
}

TEST(post, reaches_a_loop_whose_tasks_never_sleep)
{
	for (int i = 0; i < 20; i++) {
		atomic_bool is_set = false;
		bide_thread *busy = start_with(NULL, yield_until_set, &is_set);

		CHECK_INT(bide_post(bide_thread_loop(busy), set_flag, &is_set), 0);
		CHECK_INT(bide_thread_join(busy), 7);
	}
}

/* ---- beside a run ---- */

static int set_event(void *arg)
{
	bide_event_set(arg);
	return 0;
}

static int wait_for_event(void *arg)
{
	CHECK_INT(bide_event_wait(arg), 0);
	bide_event_clear(arg);
	return 5;
}

TEST(post, before_and_between_runs_is_kept_for_the_next_one)
{
	bide_loop *loop = bide_loop_new(NULL);
	bide_event event = { 0 };

	CHECK(loop != NULL);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(bide_post(loop, set_event, &event), 0);
		CHECK(!bide_event_is_set(&event));
		CHECK_INT(bide_loop_run(loop, wait_for_event, &event), 5);
	}
	CHECK_INT(bide_loop_close(loop), 0);
}

static void *post_event_setter(void *arg)
{
	void **loop_and_event = arg;

	CHECK_INT(bide_post(loop_and_event[0], set_event, loop_and_event[1]), 0);
	return NULL;
}

TEST(post, before_a_run_may_come_from_another_thread)
{
	bide_loop *loop = bide_loop_new(NULL);
	bide_event event = { 0 };
	void *loop_and_event[] = { loop, &event };

	CHECK(loop != NULL);
	for (int i = 0; i < 3; i++) {
		join_plain(start_plain(post_event_setter, loop_and_event));
		CHECK_INT(bide_loop_run(loop, wait_for_event, &event), 5);
	}
	CHECK_INT(bide_loop_close(loop), 0);
}

static bool is_readable(const bide_loop *loop, int timeout)
{
	struct pollfd item = { .fd = bide_loop_fd(loop), .events = POLLIN };

	return poll(&item, 1, timeout) == 1;
}

TEST(post, makes_the_descriptor_of_an_embedded_loop_readable)
{
	bide_loop *loop = bide_loop_new(NULL);
	bide_event event = { 0 };
	void *loop_and_event[] = { loop, &event };

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_step(loop), 0);
	for (int i = 0; i < 20; i++) {
		CHECK(!is_readable(loop, 0));
		CHECK_INT(bide_loop_timeout(loop), BIDE_FOREVER);
		if (i % 2 == 0)
			join_plain(start_plain(post_event_setter, loop_and_event));
		else
			post_event_setter(loop_and_event);
		CHECK(is_readable(loop, 0));
		CHECK_INT(bide_loop_timeout(loop), 0);
		for (int n = 0; n < 3 && !bide_event_is_set(&event); n++)
			CHECK(bide_loop_step(loop) >= 0);
		CHECK(bide_event_is_set(&event));
		bide_event_clear(&event);
		while (bide_loop_step(loop) > 0)
			;
	}
	CHECK_INT(bide_loop_close(loop), 0);
}

static void *post_once_asleep(void *arg)
{
	void **loop_and_event = arg;

	until_asleep(getpid());
	return post_event_setter(loop_and_event);
}

TEST(post, wakes_a_foreign_loop_that_waits_for_the_descriptor)
{
	bide_loop *loop = bide_loop_new(NULL);
	bide_event event = { 0 };
	void *loop_and_event[] = { loop, &event };

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_step(loop), 0);
	for (int i = 0; i < 20; i++) {
		pthread_t thread = start_plain(post_once_asleep, loop_and_event);

		while (!bide_event_is_set(&event)) {
			if (bide_loop_timeout(loop) != 0)
				CHECK(is_readable(loop, -1));
			CHECK(bide_loop_step(loop) >= 0);
		}
		bide_event_clear(&event);
		join_plain(thread);
	}
	CHECK_INT(bide_loop_close(loop), 0);
}

/* ---- who keeps a loop alive ---- */

struct helper {
	bide_loop *loop;
	bide_event event;
	pthread_t thread;
	bool does_post;
};

static void *help(void *arg)
{
	struct helper *helper = arg;

	until_asleep(getpid());
	if (helper->does_post)
		CHECK_INT(bide_post(helper->loop, set_event, &helper->event), 0);
	bide_loop_unref(helper->loop);
	return NULL;
}

static int wait_for_help(void *arg)
{
	struct helper *helper = arg;

	helper->loop = bide_loop_ref(bide_loop_current());
	helper->thread = start_plain(help, helper);
	return bide_event_wait(&helper->event);
}

TEST(post, may_still_come_where_somebody_holds_a_reference_to_the_loop)
{
	struct helper helper = { .does_post = true };

	CHECK_INT(bide_run(wait_for_help, &helper), 0);
	join_plain(helper.thread);
}

static void wait_for_nobody(void)
{
	struct helper helper = { 0 };

	CHECK_INT(bide_run(wait_for_help, &helper), -EDEADLK);
	join_plain(helper.thread);
}

TEST(post, can_no_longer_come_once_the_last_reference_was_given_back)
{
	char text[4096];

	CHECK_INT(test_child(wait_for_nobody, text, sizeof text), 0);
	CHECK(strstr(text, "wait_for_help") != NULL || strstr(text, "0x") != NULL);
}

/* ---- the inspector ---- */

static int tell_posts(void *arg)
{
	(void)arg;
	return (int)bide_loop_stats(NULL).posts;
}

TEST(stats, count_the_functions_that_were_posted)
{
	bide_thread *host = start_host();
	struct poster poster;
	int before = call_on(host, tell_posts, NULL);

	poster_init(&poster, bide_thread_loop(host), 100);
	expect_mails(poster.count);
	CHECK_INT(post_all(&poster), 0);
	MEET(&all_arrived);
	/* Whether spawning from elsewhere counts, too, is nobody's business. */
	CHECK(call_on(host, tell_posts, NULL) - before >= 100);
	CHECK(call_on(host, tell_posts, NULL) - before <= 103);
	end_host(host);
	free(poster.mails);
}
