/* SPDX-License-Identifier: MIT */

/* stress_post.c - many threads that post to one loop, and to loops that come and go */
#include "stress.h"

/* ---- one loop ---- */

#define POSTER_COUNT 8
#define AHEAD_MAX 50000         /* functions that a thread has posted and that have not run */

struct poster {
	bide_loop *loop;
	uint64_t count;
	_Atomic uint64_t next;  /* how many have run; the loop's thread writes it */
	uint64_t misplaced;     /* how many ran at the wrong place */
};

static atomic_int running_count;        /* posters whose last function has not run */
static sem_t all_ran;
static uint64_t post_total;

struct mail {
	struct poster *poster;
	uint64_t number;
};

static int receive(void *arg)
{
	struct mail *mail = arg;
	struct poster *poster = mail->poster;

	poster->misplaced += mail->number != poster->next;
	poster->next++;
	free(mail);
	if (poster->next == poster->count && --running_count == 0)
		sem_post(&all_ran);
	return 0;
}

static void *post_all(void *arg)
{
	struct poster *poster = arg;

	for (uint64_t i = 0; i < poster->count; i++) {
		struct mail *mail = malloc(sizeof *mail);

		CHECK(mail != NULL);
		while (i - poster->next > AHEAD_MAX)
			sched_yield();
		*mail = (struct mail){ poster, i };
		CHECK_INT(bide_post(poster->loop, receive, mail), 0);
	}
	return NULL;
}

static int tell_posts(void *arg)
{
	*(uint64_t *)arg = bide_loop_stats(NULL).posts;
	return 0;
}

static uint64_t post_count(void)
{
	if (is_long())
		return 1000000;
	return is_slow() ? 500 : (uint64_t)test_many(20000);
}

TEST(stress_post, eight_threads_each_function_runs_once_and_in_order)
{
	struct poster posters[POSTER_COUNT];
	pthread_t threads[POSTER_COUNT];
	bide_thread *host = start_host();

	CHECK_INT(sem_init(&all_ran, 0, 0), 0);
	running_count = POSTER_COUNT;
	for (int i = 0; i < POSTER_COUNT; i++) {
		posters[i] = (struct poster){
			.loop = bide_thread_loop(host),
			.count = post_count(),
		};
		threads[i] = start_plain(post_all, &posters[i]);
	}
	for (int i = 0; i < POSTER_COUNT; i++)
		join_plain(threads[i]);
	MEET(&all_ran);
	CHECK_INT(call_on(host, tell_posts, &post_total), 0);
	end_host(host);
	for (int i = 0; i < POSTER_COUNT; i++) {
		CHECK_INT(posters[i].next, posters[i].count);
		CHECK_INT(posters[i].misplaced, 0);
	}
	CHECK(post_total >= POSTER_COUNT * post_count());
}

/* ---- loops that come and go ---- */

/* A loop in its time; it stays when the loop is gone. */
struct era {
	bide_loop *loop;        /* with a reference while it is the present one */
	atomic_uint accepted;
	atomic_uint begun;
	atomic_uint ended;
	atomic_bool is_over;    /* the loop was closed: nothing may run */
	struct era *older;
};

static pthread_mutex_t era_lock = PTHREAD_MUTEX_INITIALIZER;
static struct era *present;             /* under era_lock; NULL: none */
static struct era *latest;
static atomic_bool is_finished;
static atomic_uint refused_count;

static int visit(void *arg)
{
	struct era *era = arg;

	CHECK(!atomic_load(&era->is_over));
	era->begun++;
	/* Half of them take some time. */
	if (era->begun % 2 == 0)
		(void)bide_yield();
	CHECK(!atomic_load(&era->is_over));
	era->ended++;
	return 1;
}

static void post_and_note(struct era *era)
{
	int r = bide_post(era->loop, visit, era);

	CHECK(r == 0 || r == -ESHUTDOWN);
	if (r == 0)
		era->accepted++;
	else
		refused_count++;
}

/* A task that was spawned in time either ran or never will. */
static void spawn_and_join(struct era *era)
{
	bide_task *task = bide_spawn_on(era->loop, visit, era);
	int r;

	if (task == NULL) {
		CHECK_INT(errno, ESHUTDOWN);
		refused_count++;
		return;
	}
	r = bide_join(task);
	CHECK(r == 1 || r == -ECANCELED);
	if (r == 1)
		era->accepted++;
}

static void *besiege(void *arg)
{
	struct dice dice = dice_of(stress_seed(), (uintptr_t)arg);

	while (!atomic_load(&is_finished)) {
		struct era *era;
		bide_loop *loop;

		pthread_mutex_lock(&era_lock);
		era = present;
		loop = era != NULL ? bide_loop_ref(era->loop) : NULL;
		pthread_mutex_unlock(&era_lock);
		if (era == NULL) {
			sched_yield();
			continue;
		}
		for (unsigned n = dice_roll(&dice, 20); n > 0; n--)
			post_and_note(era);
		if (dice_roll(&dice, 4) == 0)
			spawn_and_join(era);
		bide_loop_unref(loop);
	}
	return NULL;
}

static struct era *era_begin(bide_loop *loop)
{
	struct era *era = calloc(1, sizeof *era);

	CHECK(era != NULL);
	era->loop = bide_loop_ref(loop);
	era->older = latest;
	latest = era;
	pthread_mutex_lock(&era_lock);
	present = era;
	pthread_mutex_unlock(&era_lock);
	return era;
}

/* Its loop was closed. Who has come in time may still knock. */
static void era_end(struct era *era)
{
	atomic_store(&era->is_over, true);
	CHECK_INT(bide_post(era->loop, visit, era), -ESHUTDOWN);
	pthread_mutex_lock(&era_lock);
	present = NULL;
	pthread_mutex_unlock(&era_lock);
	bide_loop_unref(era->loop);
}

static int yield_often(void *arg)
{
	for (int i = 0; i < INT(arg); i++)
		if (bide_yield() < 0)
			return -ECANCELED;
	return 0;
}

/* A loop of this thread's, with one run, several, or none. */
static void live_here(struct dice *dice)
{
	bide_loop *loop = bide_loop_new(NULL);
	struct era *era;

	CHECK(loop != NULL);
	era = era_begin(loop);
	for (unsigned n = dice_roll(dice, 4); n > 0; n--)
		CHECK_INT(bide_loop_run(loop, yield_often, ARG(dice_roll(dice, 50))), 0);
	CHECK_INT(bide_loop_close(loop), 0);
	era_end(era);
}

static void live_elsewhere(struct dice *dice)
{
	bide_thread *thread = start_with(NULL, yield_often, ARG(dice_roll(dice, 50)));
	struct era *era = era_begin(bide_thread_loop(thread));
	int r;

	if (dice_roll(dice, 2) == 0) {
		CHECK_INT(bide_thread_join(thread), 0);
	} else {
		r = bide_thread_stop(thread, BIDE_FOREVER);
		CHECK(r == 0 || r == -ECANCELED);
	}
	era_end(era);
}

static void check_eras(void)
{
	uint64_t accepted = 0;

	while (latest != NULL) {
		struct era *era = latest;

		CHECK_INT(era->begun, era->accepted);
		CHECK_INT(era->ended, era->accepted);
		accepted += era->accepted;
		latest = era->older;
		free(era);
	}
	CHECK(accepted > 0);
}

static int era_count(void)
{
	if (is_long())
		return 20000;
	return is_slow() ? 30 : 500;
}

TEST(stress_close, accepts_what_it_runs_and_runs_what_it_accepts)
{
	struct dice dice = dice_of(stress_seed(), 100);
	pthread_t threads[4];

	for (uintptr_t i = 0; i < 4; i++)
		threads[i] = start_plain(besiege, (void *)i);
	for (int i = 0; i < era_count(); i++) {
		if (dice_roll(&dice, 2) == 0)
			live_here(&dice);
		else
			live_elsewhere(&dice);
	}
	atomic_store(&is_finished, true);
	for (int i = 0; i < 4; i++)
		join_plain(threads[i]);
	check_eras();
	CHECK(is_slow() || refused_count > 0);
}
