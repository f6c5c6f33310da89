/* SPDX-License-Identifier: MIT */

/*
 * stress_shared.c - tasks of several loops and plain threads in shared queues
 *
 * A world has a few queues of all limits. Its actors put, get and select at random,
 * with and without time limits, and those which are tasks are cancelled at random. In
 * the end the queues are shut down under them. Whatever was put and no call has
 * given back as not put must have come out once, and what one actor put into a queue
 * in the order in which it did.
 */
#include "shared_test.h"
#include "stress.h"

#define QUEUES 5
#define HOSTS 3
#define TASKS 6
#define ACTORS (TASKS + 4)              /* the others are plain threads */
#define CASES_MAX 12
#define WORLD_TIME (40 * MS)

struct item {
	uint16_t actor;
	uint16_t queue;
	uint32_t number;        /* the how manieth that this actor has put into this queue */
};

/* What went into a queue, or came out of it: one for each item and a sum over all. */
struct tally {
	_Atomic uint64_t count;
	_Atomic uint64_t sum;
};

struct world {
	bide_queue *queues[QUEUES];
	struct tally in[QUEUES];
	struct tally out[QUEUES];
	_Atomic uint64_t canceled_count;
	_Atomic uint64_t late_count;
};

struct actor {
	struct world *world;
	struct dice dice;
	uint16_t number;
	bool is_task;
	uint32_t next[QUEUES];
	int64_t last[ACTORS][QUEUES];   /* the newest that it has got, by who put it and where */
};

static const size_t limits[QUEUES] = { BIDE_QUEUE_RENDEZVOUS, 1, 0, 3, BIDE_QUEUE_RENDEZVOUS };

static void count_item(struct tally *tally, const struct item *item)
{
	uint64_t hash = ((uint64_t)item->actor << 40 | item->number) * 0x9e3779b97f4a7c15ull;

	atomic_fetch_add(&tally->count, 1);
	atomic_fetch_add(&tally->sum, hash ^ (hash >> 29));
}

static struct item next_item(struct actor *actor, unsigned q)
{
	return (struct item){ actor->number, (uint16_t)q, actor->next[q] };
}

static void note_put(struct actor *actor, unsigned q)
{
	struct item item = next_item(actor, q);

	count_item(&actor->world->in[q], &item);
	actor->next[q]++;
}

static void note_got(struct actor *actor, unsigned q, const struct item *item)
{
	CHECK_INT(item->queue, q);
	CHECK(item->actor < ACTORS);
	CHECK(item->number > actor->last[item->actor][q]);
	actor->last[item->actor][q] = item->number;
	count_item(&actor->world->out[q], item);
	CHECK_INT(bide_queue_task_done(actor->world->queues[q]), 0);
}

/* ---- what an actor does; each returns what the call said ---- */

static int act_put(struct actor *actor, bool may_wait)
{
	unsigned q = dice_roll(&actor->dice, QUEUES);
	bide_queue *queue = actor->world->queues[q];
	struct item item = next_item(actor, q);
	int r = may_wait ? bide_queue_put(queue, &item) : bide_queue_try_put(queue, &item);

	if (r == 0)
		note_put(actor, q);
	return r;
}

static int act_get(struct actor *actor, bool may_wait)
{
	unsigned q = dice_roll(&actor->dice, QUEUES);
	bide_queue *queue = actor->world->queues[q];
	struct item item;
	int r = may_wait ? bide_queue_get(queue, &item) : bide_queue_try_get(queue, &item);

	if (r == 0)
		note_got(actor, q, &item);
	return r;
}

static int act_select(struct actor *actor)
{
	bide_case cases[CASES_MAX];
	struct item items[CASES_MAX];
	unsigned queues[CASES_MAX];
	unsigned n = 1 + dice_roll(&actor->dice, CASES_MAX);
	ssize_t k;

	for (unsigned i = 0; i < n; i++) {
		unsigned q = queues[i] = dice_roll(&actor->dice, QUEUES);

		items[i] = next_item(actor, q);
		cases[i] = (bide_case){
			.queue = actor->world->queues[q],
			.item = &items[i],
			.op = dice_roll(&actor->dice, 2) ? BIDE_GET : BIDE_PUT,
			.result = UNTOUCHED,
		};
	}
	k = bide_select(n, cases, dice_roll(&actor->dice, 200) * BIDE_MICROSECOND);
	for (unsigned i = 0; i < n; i++)
		CHECK(i == k || cases[i].result == UNTOUCHED);
	if (k < 0)
		return (int)k;
	if (cases[k].result == 0 && cases[k].op == BIDE_PUT)
		note_put(actor, queues[k]);
	else if (cases[k].result == 0)
		note_got(actor, queues[k], &items[k]);
	return cases[k].result;
}

static int act_once(struct actor *actor)
{
	switch (dice_roll(&actor->dice, 8)) {
	case 0:
		return act_put(actor, true);
	case 1:
		return act_get(actor, true);
	case 2:
		return act_put(actor, false);
	case 3:
		return act_get(actor, false);
	default:
		return act_select(actor);
	}
}

static int act_within_limit(struct actor *actor)
{
	bide_scope scope;
	int r, left;

	bide_scope_enter(&scope, dice_roll(&actor->dice, 200) * BIDE_MICROSECOND);
	r = act_once(actor);
	left = bide_scope_leave(&scope);
	CHECK(left == 0 || left == -ETIMEDOUT);
	return r;
}

static int act_until_shut_down(void *arg)
{
	struct actor *actor = arg;
	int r = 0;

	while (r != -ESHUTDOWN) {
		r = actor->is_task ? act_within_limit(actor) : act_once(actor);
		CHECK(r == 0 || r == -EAGAIN || r == -ESHUTDOWN || r == -ETIMEDOUT ||
		      (r == -ECANCELED && actor->is_task));
		if (r == -ECANCELED)
			atomic_fetch_add(&actor->world->canceled_count, 1);
		if (r == -ETIMEDOUT)
			atomic_fetch_add(&actor->world->late_count, 1);
		if (actor->is_task) {
			bide_uncancel();
			bide_yield();
		}
	}
	return 0;
}

static void *act_plainly(void *arg)
{
	act_until_shut_down(arg);
	return NULL;
}

/* ---- worlds ---- */

static void actor_init(struct actor *actor, struct world *world, uint64_t seed, unsigned number)
{
	*actor = (struct actor){
		.world = world,
		.dice = dice_of(seed, number),
		.number = (uint16_t)number,
		.is_task = number < TASKS,
	};
	memset(actor->last, 0xff, sizeof actor->last);
}

/* What is left in a queue is got here. */
static void check_queue(struct world *world, unsigned q)
{
	bide_queue *queue = world->queues[q];
	struct item item;

	while (bide_queue_try_get(queue, &item) == 0) {
		count_item(&world->out[q], &item);
		CHECK_INT(bide_queue_task_done(queue), 0);
	}
	CHECK_INT(bide_queue_join(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	CHECK_INT(world->out[q].count, world->in[q].count);
	CHECK_INT(world->out[q].sum, world->in[q].sum);
}

static void strike(bide_task **tasks, struct dice *dice)
{
	bide_time end = bide_now() + WORLD_TIME;

	while (bide_now() < end) {
		if (dice_roll(dice, 4) == 0)
			bide_cancel(tasks[dice_roll(dice, TASKS)]);
		sched_yield();
	}
}

/* Returns how many items went through it. */
static uint64_t run_world(bide_thread **hosts, uint64_t seed)
{
	static struct actor actors[ACTORS];
	struct world world = { .canceled_count = 0 };
	struct dice dice = dice_of(seed, ACTORS);
	bide_task *tasks[TASKS];
	pthread_t threads[ACTORS];
	uint64_t count = 0;

	for (unsigned q = 0; q < QUEUES; q++)
		world.queues[q] = bide_queue_new_shared(sizeof(struct item), limits[q]);
	for (unsigned i = 0; i < ACTORS; i++)
		actor_init(&actors[i], &world, seed, i);
	for (unsigned i = 0; i < TASKS; i++)
		tasks[i] = spawn_on(bide_thread_loop(hosts[i % HOSTS]), act_until_shut_down,
		                    &actors[i]);
	for (unsigned i = TASKS; i < ACTORS; i++)
		threads[i] = start_plain(act_plainly, &actors[i]);
	strike(tasks, &dice);
	for (unsigned q = 0; q < QUEUES; q++)
		bide_queue_shutdown(world.queues[q], false);
	for (unsigned i = 0; i < ACTORS; i++)
		if (i < TASKS)
			(void)bide_join(tasks[i]);      /* it may be cancelled before it begins */
		else
			join_plain(threads[i]);
	for (unsigned q = 0; q < QUEUES; q++) {
		check_queue(&world, q);
		count += world.in[q].count;
		bide_queue_free(world.queues[q]);
	}
	return count;
}

TEST(stress_shared, gives_each_item_once_and_in_order)
{
	uint64_t seed = stress_seed();
	int worlds = is_long() ? 1000 : is_slow() ? 5 : 20;
	bide_thread *hosts[HOSTS];
	uint64_t count = 0;

	for (int i = 0; i < HOSTS; i++)
		hosts[i] = start_host();
	for (int i = 0; i < worlds; i++)
		count += run_world(hosts, seed + (uint64_t)i);
	for (int i = 0; i < HOSTS; i++)
		end_host(hosts[i]);
	fprintf(stderr, "stress_shared: %ju items in %d worlds from BIDE_TEST_SEED=%ju on\n",
	        (uintmax_t)count, worlds, (uintmax_t)seed);
}
