/* SPDX-License-Identifier: MIT */

/*
 * case.h - a program, and the trace that it must leave
 *
 *   CASE(SLP_02, "a spawned task does not start before its spawner suspends",
 *        .trace = "spawned · main still runs · child · main again")
 *   {
 *           bide_go(child, NULL);
 *           LOG("spawned");
 *           …
 *           return 0;
 *   }
 *
 * The block is the main task of a loop, int main(void *arg). It runs once in
 * each configuration, as a test of its own in a fresh process:
 *   SLP_02.sim       virtual clock, the default back end
 *   SLP_02.epoll     virtual clock, epoll
 *   SLP_02.shuffled  with .order = ANY_ORDER: as sim, ready tasks in random order,
 *                    once for each of 20 seeds
 *   SLP_02.real      with .real_too or .real_only: the real clock, epoll
 *   SLP_02.poll      with .io: the real clock, poll
 *   SLP_02.uring     with .io: the real clock, io_uring, where the system has it
 * and must give the same trace, result and time in all of them, and leave no
 * descriptor open. BIDE_TEST_SEED=n replays the shuffled ones with one seed.
 *
 * PROGRAM(RUN_01, …) { … } is the same for a case that handles its loop itself:
 * the block is a void function that runs outside of any loop and makes its loops
 * from case_options().
 */
#ifndef TEST_SUPPORT_CASE_H
#define TEST_SUPPORT_CASE_H

#include "test.h"

#include <bide.h>

/* The unit of time of the cases. */
#define U (20 * BIDE_MILLISECOND)

enum case_order {
	FIXED_ORDER,            /* ready tasks run first come, first served */
	ANY_ORDER,              /* the trace must not depend on their order */
};

#define CASE_CONFIG_COUNT 6

struct case_def;

struct case_slot {
	struct test test;
	const struct case_def *def;
	char name[48];
};

/* The members of the first group are given in CASE() and PROGRAM(). */
struct case_def {
	const char *title;
	const char *trace;      /* lines, separated by " · "; NULL: none are written */
	int result;             /* what bide_run() gives; CASE only */
	int elapsed;            /* in u, exact on the virtual clock, on the real one a lower
	                         * bound with 1 s to spare; -1: any */
	int less_than;          /* in u: what is to spare on the real clock ends here; 0: 1 s */
	enum case_order order;
	void (*on_error)(bide_task *task, int result, void *ctx);
	unsigned flags;         /* further ones for bide_options */
	bool real_too;          /* also on the real clock */
	bool real_only;
	bool io;                /* it is about descriptors: on every back end */

	const char *id;
	const char *file;
	int line;
	bide_fn *main;          /* of a CASE, else NULL */
	void (*program)(void);  /* of a PROGRAM, else NULL */
	struct case_slot slots[CASE_CONFIG_COUNT];      /* written by case_register() */
};

void case_register(struct case_def *def);

/* CASE(id, title, members of struct case_def …) */
#define CASE(id_, ...)                                                                             \
	static int id_##_main(void *arg);                                                          \
	CASE_DEFINE_(id_, .main = id_##_main, __VA_ARGS__)                                         \
	static int id_##_main(void *arg __attribute__((unused)))

/* PROGRAM(id, title, members of struct case_def …) */
#define PROGRAM(id_, ...)                                                                          \
	static void id_##_program(void);                                                           \
	CASE_DEFINE_(id_, .program = id_##_program, __VA_ARGS__)                                   \
	static void id_##_program(void)

#define CASE_DEFINE_(id_, body_, ...)                                                              \
	static struct case_def id_##_def = {                                                       \
		__VA_ARGS__,                                                                       \
		.id = #id_,                                                                        \
		.file = __FILE__,                                                                  \
		.line = __LINE__,                                                                  \
		body_,                                                                             \
	};                                                                                         \
	__attribute__((constructor)) static void id_##_register(void)                              \
	{                                                                                          \
		case_register(&id_##_def);                                                         \
	}

/* Whether the library was built with io_uring, and the system lets it be used. */
bool case_has_uring(void);

/* The options of the configuration that runs. */
const bide_options *case_options(void);

/* Appends one line to the trace. From any task and any thread. */
#define LOG(...) case_log(__VA_ARGS__)
void case_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A result as the cases write it: a number, or "-ECANCELED". The text stays as
 * it is during the next 15 calls.
 */
#define ERR(r) case_error((long long)(r))
const char *case_error(long long result);

#define BOOL(b) ((b) ? "true" : "false")

/* Results as the cases write them: "[1, -ECANCELED]". Stays until the next call. */
const char *case_list(size_t n, const int results[]);

/* A number as a task's argument, and back. */
#define ARG(n) ((void *)(intptr_t)(n))
#define INT(arg) ((int)(intptr_t)(arg))

/* Time since the run began, in whole u. */
int case_now(void);

/* Holds the thread for n u. */
void case_block(int n);

#endif
