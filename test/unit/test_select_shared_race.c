/* SPDX-License-Identifier: MIT */

/*
 * test_select_shared_race.c - exactly one case happens, whatever others do meanwhile
 *
 * Whoever wins a round, all items that were put must be found again: with whom it
 * was whose select says so, or in their queue.
 */
#include "shared_test.h"

#define ROUNDS test_many(2000)

/* A select in each round, by a task of a host or by a plain thread. */
struct chooser {
	struct choice choice;
	struct visitor visitor;
};

static void chooser_start(struct chooser *chooser, bide_thread *host)
{
	visitor_init(&chooser->visitor, visit_select, NULL);
	chooser->visitor.choice = &chooser->choice;
	visitor_start(&chooser->visitor, host);
}

/* Half of the rounds are played by tasks, the other half by plain threads. */
static bide_thread *host_of(bide_thread *host, int round)
{
	return round % 2 ? host : NULL;
}

/* ---- two who put, one who gets from either ---- */

static bide_queue *pair[2];

static void put_into(void *arg, int round)
{
	CHECK_INT(put(arg, round), 0);
}

/* How many items are in the queue, which holds this one at most. */
static int take_rest(bide_queue *queue, int item)
{
	int r = try_get(queue);

	CHECK(r == item || r == -EAGAIN);
	return r == item;
}

static void choose_between_two(bide_thread *host, struct partner partners[2], int round)
{
	struct chooser chooser;
	int r;

	choice_init(&chooser.choice, BIDE_FOREVER);
	add_get(&chooser.choice, pair[0]);
	add_get(&chooser.choice, pair[1]);
	chooser_start(&chooser, host_of(host, round));
	partner_go(&partners[0], round);
	partner_go(&partners[1], round);
	partner_wait(&partners[0]);
	partner_wait(&partners[1]);
	r = visitor_end(&chooser.visitor);
	CHECK(r == 0 || r == 1);
	check_happened(&chooser.choice, (size_t)r, 0);
	CHECK_INT(chooser.choice.items[r], round);
	CHECK_INT(take_rest(pair[r], round), 0);
	CHECK_INT(take_rest(pair[1 - r], round), 1);
}

static void check_two(size_t maxsize)
{
	bide_thread *host = start_host();
	struct partner partners[2];

	for (int i = 0; i < 2; i++) {
		pair[i] = new_shared(maxsize);
		partner_begin(&partners[i], put_into, pair[i]);
	}
	for (int round = 0; round < ROUNDS; round++)
		choose_between_two(host, partners, round);
	for (int i = 0; i < 2; i++) {
		partner_end(&partners[i]);
		bide_queue_free(pair[i]);
	}
	end_host(host);
}

TEST(select_shared_race, takes_one_of_two_items_that_are_put_at_once)
{
	check_two(0);
	check_two(1);
}

/* ---- against cancellation and time ---- */

static void choose_and_cancel(bide_thread *host, struct partner *partner, int round)
{
	struct chooser chooser;
	int r;

	choice_init(&chooser.choice, BIDE_FOREVER);
	add_get(&chooser.choice, pair[1]);
	add_get(&chooser.choice, pair[0]);
	chooser_start(&chooser, host);
	if (round % 3)
		MEET(&chooser.visitor.is_here);
	partner_go(partner, round);
	bide_cancel(chooser.visitor.task);
	r = visitor_end(&chooser.visitor);
	partner_wait(partner);
	CHECK(r == 1 || r == -ECANCELED);
	check_happened(&chooser.choice, r < 0 ? NO_CASE : 1, 0);
	CHECK_INT(take_rest(pair[0], round), r < 0);
}

static void choose_within_time(bide_thread *host, struct partner *partner, int round)
{
	struct chooser chooser;
	int r;

	choice_init(&chooser.choice, (round % 60 - 1) * BIDE_MICROSECOND);
	add_get(&chooser.choice, pair[1]);
	add_get(&chooser.choice, pair[0]);
	chooser_start(&chooser, host_of(host, round));
	partner_go(partner, round);
	r = visitor_end(&chooser.visitor);
	partner_wait(partner);
	CHECK(r == 1 || r == (chooser.choice.timeout > 0 ? -ETIMEDOUT : -EAGAIN));
	check_happened(&chooser.choice, r < 0 ? NO_CASE : 1, 0);
	CHECK_INT(take_rest(pair[0], round), r < 0);
}

static void check_against(void (*play)(bide_thread *host, struct partner *partner, int round))
{
	bide_thread *host = start_host();
	struct partner partner;

	for (int i = 0; i < 2; i++)
		pair[i] = new_shared(1);
	partner_begin(&partner, put_into, pair[0]);
	for (int round = 0; round < ROUNDS; round++)
		play(host, &partner, round);
	partner_end(&partner);
	for (int i = 0; i < 2; i++)
		bide_queue_free(pair[i]);
	end_host(host);
}

TEST(select_shared_race, loses_no_item_where_it_is_cancelled)
{
	check_against(choose_and_cancel);
}

TEST(select_shared_race, loses_no_item_where_its_time_is_over)
{
	check_against(choose_within_time);
}

/* ---- selects that meet ---- */

/*
 * One would put into A or get from B, the other one get from A or put into B: either of
 * the two can happen, and then with both, not both, and not neither.
 */
static void meet_crosswise(bide_thread *hosts[2], int round)
{
	struct chooser choosers[2];
	int results[2];

	for (int i = 0; i < 2; i++) {
		struct choice *choice = &choosers[i].choice;

		choice_init(choice, BIDE_FOREVER);
		add_put(choice, pair[i], 10 + i);
		add_get(choice, pair[1 - i]);
	}
	chooser_start(&choosers[round % 2], hosts[0]);
	hesitate(round);
	chooser_start(&choosers[1 - round % 2], hosts[1]);
	for (int i = 0; i < 2; i++)
		results[i] = visitor_end(&choosers[i].visitor);
	/* Number 0 has put what number 1 got, or the other way round. */
	CHECK_INT(results[0] + results[1], 1);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(choosers[i].choice.cases[results[i]].result, 0);
		CHECK_INT(choosers[i].choice.items[1], results[i] == 1 ? 11 - i : UNTOUCHED);
	}
}

static void check_crosswise(bool is_plain, bool is_plain_too, int rounds)
{
	bide_thread *hosts[2] = { is_plain ? NULL : start_host(),
		                  is_plain_too ? NULL : start_host() };

	for (int i = 0; i < 2; i++)
		pair[i] = new_shared(BIDE_QUEUE_RENDEZVOUS);
	for (int round = 0; round < rounds; round++)
		meet_crosswise(hosts, round);
	for (int i = 0; i < 2; i++) {
		bide_queue_free(pair[i]);
		if (hosts[i] != NULL)
			end_host(hosts[i]);
	}
}

TEST(select_shared_race, of_two_loops_that_meet_crosswise_does_one_thing)
{
	check_crosswise(false, false, ROUNDS);
}

TEST(select_shared_race, of_a_loop_and_a_thread_that_meet_crosswise_does_one_thing)
{
	check_crosswise(false, true, ROUNDS);
	check_crosswise(true, false, ROUNDS);
}

TEST(select_shared_race, of_two_threads_that_meet_crosswise_does_one_thing)
{
	check_crosswise(true, true, ROUNDS);
}

/* ---- a ring ---- */

#define RING 4
#define TURNS test_many(2000)

/*
 * Each of them passes tokens from its left to its right, or back: whatever is ready.
 * Half of them are plain threads. No token may be lost or doubled.
 */
struct ring {
	bide_queue *queues[RING];
	atomic_int moves_left;
};

struct member {
	struct ring *ring;
	int number;
	int tokens;             /* how many it holds */
	long sum;               /* of those that it holds */
};

static void offer_token(struct member *member, struct choice *choice)
{
	bide_queue *left = member->ring->queues[member->number];
	bide_queue *right = member->ring->queues[(member->number + 1) % RING];

	choice_init(choice, 1 * MS);
	add_get(choice, left);
	add_get(choice, right);
	if (member->tokens > 0) {
		add_put(choice, left, (int)(member->sum / member->tokens));
		add_put(choice, right, (int)(member->sum / member->tokens));
	}
}

static int pass_tokens(void *arg)
{
	struct member *member = arg;
	struct choice choice;

	while (atomic_fetch_sub(&member->ring->moves_left, 1) > 0) {
		int r;

		offer_token(member, &choice);
		r = choose(&choice);
		if (r == -ETIMEDOUT)
			continue;
		CHECK(r >= 0 && choice.cases[r].result == 0);
		member->tokens += r < 2 ? 1 : -1;
		member->sum += r < 2 ? choice.items[r] : -choice.items[r];
	}
	return 0;
}

static void *pass_tokens_plainly(void *arg)
{
	pass_tokens(arg);
	return NULL;
}

static void play_ring(size_t maxsize)
{
	struct ring ring = { .moves_left = TURNS };
	struct member members[RING];
	bide_thread *hosts[2] = { start_host(), start_host() };
	bide_task *tasks[2];
	pthread_t threads[2];
	int tokens = 0;
	long sum = 0;

	for (int i = 0; i < RING; i++) {
		ring.queues[i] = new_shared(maxsize);
		members[i] = (struct member){ &ring, i, 1, 1000 + i };
	}
	for (int i = 0; i < 2; i++) {
		tasks[i] = spawn_on(bide_thread_loop(hosts[i]), pass_tokens, &members[i]);
		threads[i] = start_plain(pass_tokens_plainly, &members[2 + i]);
	}
	for (int i = 0; i < 2; i++) {
		CHECK_INT(bide_join(tasks[i]), 0);
		join_plain(threads[i]);
		end_host(hosts[i]);
	}
	for (int i = 0; i < RING; i++) {
		int token;

		tokens += members[i].tokens;
		sum += members[i].sum;
		while ((token = try_get(ring.queues[i])) != -EAGAIN) {
			tokens++;
			sum += token;
		}
		bide_queue_free(ring.queues[i]);
	}
	CHECK_INT(tokens, RING);
	CHECK_INT(sum, 1000 * RING + RING * (RING - 1) / 2);
}

TEST(select_shared_race, in_a_ring_loses_no_token_between_queues)
{
	play_ring(1);
}

TEST(select_shared_race, in_a_ring_loses_no_token_at_rendezvous)
{
	play_ring(BIDE_QUEUE_RENDEZVOUS);
}
