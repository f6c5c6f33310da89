/* SPDX-License-Identifier: MIT */

/*
 * test_foreign.c - what belongs to one loop and is used by another, under BIDE_DEBUG
 *
 * A crime is committed in a process of its own, which has the loops "first" and
 * "second": a task of the first one makes the scene and stays in it, then one of the
 * second one, or a plain thread, does what is not allowed.
 */
#include "thread_test.h"

#include <signal.h>
#include <sys/wait.h>

static bide_thread *first, *second;

static bide_thread *start_named(const char *name)
{
	return start_with(&(bide_options){ .name = name, .flags = BIDE_DEBUG }, stay, NULL);
}

/* Has a task of the first loop run fn; when it returns that task waits, or has ended. */
static bide_task *set_scene(bide_fn *fn)
{
	bide_task *task = spawn_on(bide_thread_loop(first), fn, NULL);

	CHECK_INT(call_on(first, return_arg, NULL), 0);
	return task;
}

/* ---- crimes ---- */

#define COMMIT_SECONDS 30       /* where nothing is noticed somebody may wait for ever */

static bide_fn *scene, *crime;
static bool is_plain;
static char printed[8192];

static void commit(void)
{
	alarm(COMMIT_SECONDS);
	first = start_named("first");
	second = start_named("second");
	set_scene(scene);
	if (is_plain)
		(void)crime(NULL);
	else
		(void)call_on(second, crime, NULL);
}

static void check_contains(const char *part)
{
	if (strstr(printed, part) == NULL)
		test_fail(__FILE__, __LINE__, "\"%s\" is not in: %s", part, printed);
}

static void check_aborts(bide_fn *make_scene, bide_fn *fn)
{
	int status;

	scene = make_scene;
	crime = fn;
	status = test_child(commit, printed, sizeof printed);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		test_fail(__FILE__, __LINE__, "status is %#x, not SIGABRT; it printed: %s",
		          (unsigned)status, printed);
	check_contains("belongs to loop");
	check_contains("'first'");
	if (!is_plain)
		check_contains("'second'");
}

/* ---- handles ---- */

static bide_task *handle;

static int spawn_here(void *arg)
{
	handle = bide_spawn(stay, arg);
	return stay(arg);
}

static int join_handle(void *arg)
{
	(void)arg;
	return bide_join(handle);
}

static int join_handle_for(void *arg)
{
	(void)arg;
	return bide_join_for(handle, BIDE_SECOND);
}

static int cancel_handle(void *arg)
{
	(void)arg;
	return bide_cancel(handle);
}

static int detach_handle(void *arg)
{
	(void)arg;
	bide_detach(handle);
	return 0;
}

static int gather_handle(void *arg)
{
	(void)arg;
	return bide_gather(1, &handle, NULL);
}

static int wait_for_handle(void *arg)
{
	(void)arg;
	return (int)bide_wait(1, &handle, BIDE_ALL_DONE, BIDE_SECOND);
}

TEST(foreign_task, that_is_joined_aborts)
{
	check_aborts(spawn_here, join_handle);
	check_aborts(spawn_here, join_handle_for);
}

TEST(foreign_task, that_is_cancelled_aborts)
{
	check_aborts(spawn_here, cancel_handle);
}

TEST(foreign_task, that_is_detached_aborts)
{
	check_aborts(spawn_here, detach_handle);
}

TEST(foreign_task, that_is_gathered_or_waited_for_aborts)
{
	check_aborts(spawn_here, gather_handle);
	check_aborts(spawn_here, wait_for_handle);
}

TEST(foreign_task, of_a_plain_thread_that_uses_it_aborts)
{
	is_plain = true;
	check_aborts(spawn_here, cancel_handle);
	check_aborts(spawn_here, detach_handle);
}

/* ---- objects in which a task of the first loop waits ---- */

static bide_lock lock;
static bide_event event;
static bide_cond cond;
static bide_sem sem;
static bide_barrier barrier;
static bide_rwlock rwlock;
static bide_queue *queue;
static bide_watch *watch;
static bide_broadcast *broadcast;
static const int one = 1;

static int wait_for_event(void *arg)
{
	(void)arg;
	return bide_event_wait(&event);
}

static int set_event(void *arg)
{
	(void)arg;
	bide_event_set(&event);
	return 0;
}

TEST(foreign_object, aborts_where_an_event_is_set_that_another_loop_waits_for)
{
	check_aborts(wait_for_event, set_event);
}

static int wait_for_cond(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&lock), 0);
	return bide_cond_wait(&cond, &lock);
}

static int notify_cond(void *arg)
{
	(void)arg;
	return bide_cond_notify(&cond, 1);
}

static int notify_cond_all(void *arg)
{
	(void)arg;
	return bide_cond_notify_all(&cond);
}

TEST(foreign_object, aborts_where_a_condition_is_notified_that_another_loop_waits_for)
{
	check_aborts(wait_for_cond, notify_cond);
	check_aborts(wait_for_cond, notify_cond_all);
}

static int wait_for_permit(void *arg)
{
	(void)arg;
	bide_sem_init(&sem, 0, 0);
	return bide_sem_acquire(&sem);
}

static int release_permit(void *arg)
{
	(void)arg;
	return bide_sem_release(&sem);
}

TEST(foreign_object, aborts_where_a_permit_is_released_that_another_loop_waits_for)
{
	check_aborts(wait_for_permit, release_permit);
}

static int wait_at_barrier(void *arg)
{
	(void)arg;
	bide_barrier_init(&barrier, 2);
	return bide_barrier_wait(&barrier);
}

static int arrive_at_barrier(void *arg)
{
	(void)arg;
	return bide_barrier_wait(&barrier);
}

static int abort_barrier(void *arg)
{
	(void)arg;
	bide_barrier_abort(&barrier);
	return 0;
}

TEST(foreign_object, aborts_where_a_barrier_is_reached_at_which_another_loop_waits)
{
	check_aborts(wait_at_barrier, arrive_at_barrier);
	check_aborts(wait_at_barrier, abort_barrier);
}

static int get_from_queue(void *arg)
{
	(void)arg;
	queue = bide_queue_new(sizeof(int), 1);
	return bide_queue_get(queue, NULL);
}

static int put_into_queue(void *arg)
{
	(void)arg;
	return bide_queue_put(queue, &one);
}

static int try_put_into_queue(void *arg)
{
	(void)arg;
	return bide_queue_try_put(queue, &one);
}

static int shut_queue_down(void *arg)
{
	(void)arg;
	bide_queue_shutdown(queue, false);
	return 0;
}

TEST(foreign_object, aborts_where_a_queue_is_served_in_which_another_loop_waits)
{
	check_aborts(get_from_queue, put_into_queue);
	check_aborts(get_from_queue, try_put_into_queue);
	check_aborts(get_from_queue, shut_queue_down);
}

static int select_from_queue(void *arg)
{
	bide_case cases[] = { { .op = BIDE_GET }, { .op = BIDE_GET, .queue = arg } };

	queue = bide_queue_new(sizeof(int), 1);
	cases[0].queue = queue;
	return (int)bide_select(2, cases, BIDE_FOREVER);
}

static int select_from_shared_too(void *arg)
{
	(void)arg;
	return select_from_queue(bide_queue_new_shared(sizeof(int), 1));
}

TEST(foreign_object, aborts_where_a_queue_is_served_in_which_another_loop_selects)
{
	check_aborts(select_from_queue, try_put_into_queue);
	check_aborts(select_from_shared_too, try_put_into_queue);
}

static int wait_for_news(void *arg)
{
	uint64_t version;

	(void)arg;
	watch = bide_watch_new(sizeof one, &one);
	version = bide_watch_get(watch, NULL);
	return bide_watch_wait(watch, &version, NULL);
}

static int tell_news(void *arg)
{
	(void)arg;
	return bide_watch_set(watch, &one);
}

TEST(foreign_object, aborts_where_a_watched_value_is_set_that_another_loop_waits_for)
{
	check_aborts(wait_for_news, tell_news);
}

static int receive(void *arg)
{
	uint64_t cursor;

	(void)arg;
	broadcast = bide_broadcast_new(sizeof(int), 2);
	cursor = bide_broadcast_subscribe(broadcast);
	return (int)bide_broadcast_get(broadcast, &cursor, NULL);
}

static int send_news(void *arg)
{
	(void)arg;
	return bide_broadcast_put(broadcast, &one);
}

TEST(foreign_object, aborts_where_a_broadcast_is_put_that_another_loop_waits_for)
{
	check_aborts(receive, send_news);
}

TEST(foreign_object, aborts_where_a_plain_thread_wakes_who_waits)
{
	is_plain = true;
	check_aborts(wait_for_event, set_event);
	check_aborts(get_from_queue, try_put_into_queue);
}

/* ---- objects that a task of the first loop owns ---- */

static int own_lock(void *arg)
{
	CHECK_INT(bide_lock_acquire(&lock), 0);
	return stay(arg);
}

static int acquire_lock(void *arg)
{
	(void)arg;
	return bide_lock_acquire(&lock);
}

TEST(foreign_object, aborts_where_a_lock_is_waited_for_that_another_loop_owns)
{
	check_aborts(own_lock, acquire_lock);
}

/* ---- what is in order ---- */

static int use_all_once(void *arg)
{
	bide_queue *mine = arg;

	CHECK_INT(bide_lock_acquire(&lock), 0);
	bide_event_set(&event);
	CHECK_INT(bide_event_wait(&event), 0);
	CHECK_INT(bide_cond_notify_all(&cond), 0);
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_rwlock_write(&rwlock), 0);
	CHECK_INT(bide_rwlock_release(&rwlock), 0);
	CHECK_INT(bide_queue_put(mine, &one), 0);
	CHECK_INT(bide_queue_get(mine, NULL), 0);
	return 0;
}

/* An object belongs to one loop at a time. */
TEST(foreign, objects_may_go_from_loop_to_loop)
{
	queue = bide_queue_new(sizeof(int), 1);
	first = start_named("first");
	second = start_named("second");
	for (int i = 0; i < 10; i++)
		CHECK_INT(call_on(i % 2 ? first : second, use_all_once, queue), 0);
	end_host(first);
	end_host(second);
	bide_queue_free(queue);
}

static int get_one(void *arg)
{
	int item = 0;
	int r = bide_queue_get(arg, &item);

	return r < 0 ? r : item;
}

static int wait_for_future(void *arg)
{
	return bide_future_wait(arg, NULL);
}

static int use_what_crosses(void *arg)
{
	bide_task *task = bide_spawn_on(bide_thread_loop(first), stay, NULL);

	CHECK_INT(bide_queue_put(arg, &one), 0);
	CHECK_INT(bide_post(bide_thread_loop(first), return_arg, NULL), 0);
	CHECK(!bide_done(task));
	CHECK_INT(bide_cancel(task), 1);
	return bide_join(task);
}

TEST(foreign, loops_may_use_what_is_for_all_threads)
{
	bide_queue *all = bide_queue_new_shared(sizeof(int), BIDE_QUEUE_RENDEZVOUS);
	bide_future future = { 0 };
	bide_task *tasks[2];

	first = start_named("first");
	second = start_named("second");
	tasks[0] = spawn_on(bide_thread_loop(first), get_one, all);
	tasks[1] = spawn_on(bide_thread_loop(first), wait_for_future, &future);
	CHECK_INT(call_on(second, use_what_crosses, all), -ECANCELED);
	CHECK_INT(bide_future_set(&future, 4, NULL), 0);
	CHECK_INT(bide_join(tasks[0]), 1);
	CHECK_INT(bide_join(tasks[1]), 4);
	end_host(first);
	end_host(second);
	bide_queue_free(all);
}

static int use_handle_of_rest(void *arg)
{
	(void)arg;
	CHECK_INT(bide_cancel(handle), 1);
	bide_event_set(&event);
	return 0;
}

static int spawn_both(void *arg)
{
	handle = bide_spawn(stay, arg);
	CHECK_INT(bide_go(wait_for_event, NULL), 0);
	return bide_yield();
}

/* Where a loop does not run, whoever has it may use what is its own. */
TEST(foreign, loops_at_rest_may_be_used_by_the_thread_that_has_them)
{
	bide_loop *loop = bide_loop_new(&(bide_options){ .flags = BIDE_DEBUG });

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, spawn_both, NULL), 0);
	CHECK_INT(use_handle_of_rest(NULL), 0);
	CHECK_INT(bide_loop_run(loop, join_handle, NULL), -ECANCELED);
	CHECK_INT(bide_loop_close(loop), 0);
}
