/* SPDX-License-Identifier: MIT */

/* test_broadcast.c - every receiver gets every item */
#include "sync_test.h"

#include <bide.h>

/* A broadcast of ints, in each test's own process. */
static bide_broadcast *radio;

static void make_radio(size_t capacity)
{
	radio = bide_broadcast_new(sizeof(int), capacity);
	CHECK(radio != NULL);
}

/* Puts first, first + 1, … last. */
static void put(int first, int last)
{
	for (int i = first; i <= last; i++)
		CHECK_INT(bide_broadcast_put(radio, &i), 0);
}

static ssize_t get(uint64_t *cursor)
{
	int item = -1;
	ssize_t r = bide_broadcast_get(radio, cursor, &item);

	NOTE("%s: %s %d", my_name(), ERR(r), item);
	return r;
}

static int receive_all(void *arg)
{
	uint64_t cursor = (uint64_t)INT(arg);
	ssize_t r;

	while ((r = get(&cursor)) >= 0)
		;
	return (int)r;
}

static int receive_one(void *arg)
{
	uint64_t cursor = bide_broadcast_subscribe(radio);
	uint64_t before = cursor;
	ssize_t r = get(&cursor);

	(void)arg;
	CHECK(r >= 0 ? cursor != before : cursor == before);
	return (int)r;
}

static bide_task *spawn_receiver(const char *name)
{
	bide_task *task = spawn_named(name, receive_one, NULL);

	settle();
	return task;
}

TEST(broadcast, of_nothing_is_refused)
{
	errno = 0;
	CHECK(bide_broadcast_new(0, 1) == NULL);
	CHECK_INT(errno, EINVAL);
	errno = 0;
	CHECK(bide_broadcast_new(1, 0) == NULL);
	CHECK_INT(errno, EINVAL);
	bide_broadcast_free(NULL);
}

TEST(broadcast, too_large_for_any_memory_is_refused)
{
	errno = 0;
	CHECK(bide_broadcast_new(2, SIZE_MAX / 2 + 2) == NULL);
	CHECK_INT(errno, ENOMEM);
	errno = 0;
	CHECK(bide_broadcast_new(SIZE_MAX, 1) == NULL);
	CHECK_INT(errno, ENOMEM);
	errno = 0;
	CHECK(bide_broadcast_new(SIZE_MAX, SIZE_MAX) == NULL);
	CHECK_INT(errno, ENOMEM);
}

TEST(broadcast, is_put_into_outside_of_a_loop_but_not_received)
{
	uint64_t cursor = 0;
	int item = 9;

	make_radio(3);
	put(1, 2);
	CHECK(bide_broadcast_subscribe(radio) != cursor);
	CHECK_INT(bide_broadcast_get(radio, &cursor, &item), -EPERM);
	CHECK_INT(cursor, 0);
	CHECK_INT(item, 9);
	bide_broadcast_shutdown(radio);
	CHECK_INT(bide_broadcast_put(radio, &item), -ESHUTDOWN);
	bide_broadcast_free(radio);
}

/* ---- receiving ---- */

LOOP_TEST(broadcast, gives_every_receiver_every_item_in_order)
{
	bide_task *tasks[3];
	int results[3];

	make_radio(4);
	tasks[0] = spawn_named("a", receive_all, ARG(0));
	tasks[1] = spawn_named("b", receive_all, ARG(0));
	settle();
	put(1, 1);
	settle();
	CHECK_NOTES("a: 0 1 · b: 0 1");
	put(2, 3);
	settle();
	CHECK_NOTES("a: 0 2 · a: 0 3 · b: 0 2 · b: 0 3");
	tasks[2] = spawn_named("c", receive_all, ARG(0));
	settle();
	CHECK_NOTES("c: 0 1 · c: 0 2 · c: 0 3");
	bide_broadcast_shutdown(radio);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_STR(case_list(3, results), "[-ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN]");
	bide_broadcast_free(radio);
	return 0;
}

LOOP_TEST(broadcast, gives_a_new_receiver_what_is_put_from_then_on)
{
	uint64_t first = 0, late, latest;

	make_radio(9);
	put(1, 2);
	late = bide_broadcast_subscribe(radio);
	put(3, 3);
	latest = bide_broadcast_subscribe(radio);
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(get(&latest), -ECANCELED);
	CHECK(bide_timed_out());
	put(4, 4);
	CHECK_NOTES("main: -ECANCELED -1");
	WITHOUT_SUSPENSION({
		for (int i = 1; i <= 4; i++)
			CHECK_INT(bide_broadcast_get(radio, &first, NULL), 0);
	});
	CHECK_INT(get(&late), 0);
	CHECK_INT(get(&late), 0);
	CHECK_INT(get(&latest), 0);
	CHECK_NOTES("main: 0 3 · main: 0 4 · main: 0 4");
	bide_broadcast_free(radio);
	return 0;
}

LOOP_TEST(broadcast, suspends_a_receiver_that_has_had_everything)
{
	bide_task *task;

	make_radio(2);
	put(1, 2);
	task = spawn_receiver("r");
	CHECK_NOTES("");
	put(3, 3);
	CHECK_NOTES("");
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("r: 0 3");
	bide_broadcast_free(radio);
	return 0;
}

static int receive_without_item(void *arg)
{
	uint64_t cursor = 0;

	(void)arg;
	CHECK_INT(bide_broadcast_get(radio, &cursor, NULL), 0);
	return (int)get(&cursor);
}

LOOP_TEST(broadcast, moves_the_cursor_of_who_wants_no_item)
{
	bide_task *task;

	make_radio(2);
	task = spawn_named("r", receive_without_item, NULL);
	settle();
	put(1, 2);
	CHECK_INT(bide_join(task), 0);
	CHECK_NOTES("r: 0 2");
	bide_broadcast_free(radio);
	return 0;
}

static void check_size(size_t size)
{
	unsigned char *item = malloc(size + 1);
	bide_broadcast *sized = bide_broadcast_new(size, 3);
	uint64_t cursor = 0;

	CHECK(item != NULL && sized != NULL);
	for (int i = 1; i <= 5; i++) {
		memset(item, i, size);
		CHECK_INT(bide_broadcast_put(sized, item), 0);
	}
	for (int i = 3; i <= 5; i++) {
		memset(item, 0x33, size + 1);
		CHECK_INT(bide_broadcast_get(sized, &cursor, item), i == 3 ? 2 : 0);
		CHECK(item[0] == i && item[size - 1] == i && item[size] == 0x33);
	}
	bide_broadcast_free(sized);
	free(item);
}

LOOP_TEST(broadcast, copies_items_of_any_size)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 8, 9, 31, 4096, 100001 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		check_size(sizes[i]);
	return 0;
}

/* ---- lagging ---- */

LOOP_TEST(broadcast, tells_a_receiver_that_lags_how_much_it_has_missed)
{
	uint64_t cursor = 0, prompt;

	make_radio(3);
	put(1, 3);
	prompt = bide_broadcast_subscribe(radio);
	put(4, 5);
	CHECK_INT(get(&cursor), 2);
	CHECK_INT(get(&cursor), 0);
	put(6, 9);
	CHECK_INT(get(&cursor), 2);
	CHECK_INT(get(&prompt), 3);
	CHECK_INT(get(&cursor), 0);
	CHECK_INT(get(&cursor), 0);
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(get(&cursor), -ECANCELED);
	CHECK_NOTES("main: 2 3 · main: 0 4 · main: 2 7 · main: 3 7 · main: 0 8 · main: 0 9 · "
	            "main: -ECANCELED -1");
	bide_broadcast_free(radio);
	return 0;
}

LOOP_TEST(broadcast, misses_nothing_for_one_that_lags_by_just_the_capacity)
{
	uint64_t cursor = 0;

	make_radio(3);
	put(1, 3);
	for (int i = 4; i < 10; i++) {
		CHECK_INT(get(&cursor), 0);
		put(i, i);
	}
	CHECK_NOTES("main: 0 1 · main: 0 2 · main: 0 3 · main: 0 4 · main: 0 5 · main: 0 6");
	bide_broadcast_free(radio);
	return 0;
}

/* The item of the first put is the waiter's; what it misses, it misses after that. */
LOOP_TEST(broadcast, of_one_item_hands_a_waiter_the_first_that_is_put)
{
	bide_task *task;
	int results[1];

	make_radio(1);
	task = spawn_named("r", receive_all, ARG(0));
	settle();
	put(1, 4);
	bide_broadcast_shutdown(radio);
	CHECK_INT(bide_gather(1, &task, results), 0);
	CHECK_NOTES("r: 0 1 · r: 2 4 · r: -ESHUTDOWN -1");
	bide_broadcast_free(radio);
	return 0;
}

/* Who is how far: item n is n, and the last seven are kept. */
struct model {
	uint64_t cursors[3];
	int next[3];
	int count;
};

static void get_by_model(struct model *model, size_t who)
{
	int oldest = model->count > 7 ? model->count - 7 : 0;
	int expected = model->next[who] > oldest ? model->next[who] : oldest;
	int item = -1;

	CHECK_INT(bide_broadcast_get(radio, &model->cursors[who], &item),
	          expected - model->next[who]);
	CHECK_INT(item, expected);
	model->next[who] = expected + 1;
}

LOOP_TEST(broadcast, keeps_count_over_many_rounds_of_its_memory)
{
	uint64_t random = 88172645463325252u;
	struct model model = { 0 };

	make_radio(7);
	for (int step = 0; step < test_many(20000); step++) {
		size_t who;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		who = random % 3;
		if ((random >> 20) % 3 == 0 || model.next[who] == model.count) {
			put(model.count, model.count);
			model.count++;
		} else {
			get_by_model(&model, who);
		}
	}
	bide_broadcast_free(radio);
	return 0;
}

/* ---- cancellation ---- */

LOOP_TEST(broadcast, leaves_cursor_and_item_of_a_cancelled_receiver_alone)
{
	bide_task *tasks[2];
	int results[2];

	make_radio(2);
	tasks[0] = spawn_receiver("a");
	tasks[1] = spawn_receiver("b");
	CHECK_INT(bide_cancel(tasks[0]), 1);
	put(1, 1);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_NOTES("a: -ECANCELED -1 · b: 0 1");
	bide_broadcast_free(radio);
	return 0;
}

static int receive_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	return receive_all(arg);
}

LOOP_TEST(broadcast, gives_nothing_to_a_cancelled_task)
{
	make_radio(2);
	put(1, 5);
	CHECK_INT(bide_join(spawn_named("r", receive_when_cancelled, ARG(0))), -ECANCELED);
	bide_broadcast_shutdown(radio);
	CHECK_INT(bide_join(spawn_named("r", receive_when_cancelled, ARG(0))), -ECANCELED);
	CHECK_NOTES("r: -ECANCELED -1 · r: -ECANCELED -1");
	bide_broadcast_free(radio);
	return 0;
}

/* ---- shutdown ---- */

LOOP_TEST(broadcast, that_is_shut_down_sends_its_waiters_off)
{
	bide_task *tasks[2];
	int results[2];

	make_radio(2);
	put(1, 1);
	tasks[0] = spawn_receiver("a");
	tasks[1] = spawn_receiver("b");
	bide_broadcast_shutdown(radio);
	bide_broadcast_shutdown(radio);
	CHECK_NOTES("");
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_NOTES("a: -ESHUTDOWN -1 · b: -ESHUTDOWN -1");
	bide_broadcast_free(radio);
	return 0;
}

LOOP_TEST(broadcast, that_is_shut_down_still_gives_what_it_keeps)
{
	uint64_t cursor = 0, late;
	int item = 9;

	make_radio(2);
	put(1, 3);
	bide_broadcast_shutdown(radio);
	CHECK_INT(bide_broadcast_put(radio, &item), -ESHUTDOWN);
	late = bide_broadcast_subscribe(radio);
	CHECK_INT(get(&late), -ESHUTDOWN);
	CHECK_INT(get(&cursor), 1);
	CHECK_INT(get(&cursor), 0);
	CHECK_INT(get(&cursor), -ESHUTDOWN);
	CHECK_INT(get(&cursor), -ESHUTDOWN);
	CHECK_NOTES("main: -ESHUTDOWN -1 · main: 1 2 · main: 0 3 · main: -ESHUTDOWN -1 · "
	            "main: -ESHUTDOWN -1");
	bide_broadcast_free(radio);
	return 0;
}

/* ---- freeing ---- */

LOOP_TEST(broadcast, is_not_needed_any_more_for_those_who_were_woken)
{
	bide_task *tasks[3];
	int results[3];

	make_radio(2);
	tasks[0] = spawn_receiver("a");
	tasks[1] = spawn_receiver("b");
	tasks[2] = spawn_receiver("c");
	CHECK_INT(bide_cancel(tasks[0]), 1);
	put(1, 2);
	bide_broadcast_free(radio);
	CHECK_INT(bide_cancel(tasks[2]), 1);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_NOTES("a: -ECANCELED -1 · b: 0 1 · c: 0 1");
	return 0;
}

LOOP_TEST(broadcast, may_be_freed_as_soon_as_it_was_shut_down)
{
	bide_task *task;

	make_radio(2);
	task = spawn_receiver("a");
	bide_broadcast_shutdown(radio);
	bide_broadcast_free(radio);
	CHECK_INT(bide_join(task), -ESHUTDOWN);
	CHECK_NOTES("a: -ESHUTDOWN -1");
	return 0;
}

static int free_under_a_receiver(void *arg)
{
	bide_task *task;

	(void)arg;
	make_radio(2);
	task = spawn_receiver("r");
	bide_broadcast_free(radio);
	return bide_join(task);
}

TEST(broadcast, that_is_freed_under_its_waiters_aborts)
{
	CHECK_CONTAINS(check_aborts(free_under_a_receiver), "broadcast");
}
