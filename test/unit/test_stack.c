/* SPDX-License-Identifier: MIT */

/*
 * test_stack.c - stacks, and what happens where one is too small
 */
#include "case.h"
#include "core/stack.h"

#include <alloca.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	CHECK(file != NULL && fscanf(file, "%*s %zu", &pages) == 1);
	fclose(file);
	return pages * (size_t)getpagesize();
}

TEST(stack_pool, hands_out_what_was_given_back_last)
{
	struct stack_pool pool;
	stack *a, *b;

	bide__stack_pool_init(&pool, 64 * 1024);
	a = stack_acquire(&pool);
	b = stack_acquire(&pool);
	CHECK(a != NULL && b != NULL && a != b);
	stack_release(&pool, a);
	stack_release(&pool, b);
	CHECK(stack_acquire(&pool) == b);
	CHECK(stack_acquire(&pool) == a);
	stack_release(&pool, a);
	stack_release(&pool, b);
	bide__stack_pool_fini(&pool);
}

TEST(stack_pool, has_all_bytes_but_guard_and_tail_for_frames)
{
	struct stack_pool pool;
	stack *own;

	bide__stack_pool_init(&pool, 16 * 1024);
	own = stack_acquire(&pool);
	CHECK(stack_usable(own) >= 11 * 1024);
	memset(own->low, 0x5a, stack_usable(own));
	CHECK(!stack_guards(&pool, own, own->low));
	CHECK(stack_guards(&pool, own, own->low - 1));
	stack_release(&pool, own);
	bide__stack_pool_fini(&pool);
}

TEST(stack_pool, gives_memory_back_that_was_idle_between_two_trims)
{
	enum {
		COUNT = 500
	};
	static stack *stacks[COUNT];
	struct stack_pool pool;
	size_t peak;

	if (getenv("BIDE_TEST_SMALL") != NULL)
		return;         /* such tools keep what is given back */
	bide__stack_pool_init(&pool, 256 * 1024);
	for (int i = 0; i < COUNT; i++) {
		stacks[i] = stack_acquire(&pool);
		memset(stacks[i]->low, 1, stack_usable(stacks[i]));
	}
	peak = resident_bytes();
	for (int i = 0; i < COUNT; i++)
		stack_release(&pool, stacks[i]);
	bide__stack_pool_trim(&pool);
	bide__stack_pool_trim(&pool);
	CHECK(peak - resident_bytes() > (size_t)COUNT * 200 * 1024);

	/* They serve again. */
	for (int i = 0; i < COUNT; i++) {
		stacks[i] = stack_acquire(&pool);
		memset(stacks[i]->low, 2, stack_usable(stacks[i]));
	}
	for (int i = 0; i < COUNT; i++)
		stack_release(&pool, stacks[i]);
	bide__stack_pool_fini(&pool);
}

static int sink;

__attribute__((noinline)) static int recurse(int depth)
{
	volatile char frame[512];

	frame[0] = (char)depth;
	sink += frame[0];
	return depth == 0 ? 0 : recurse(depth - 1) + frame[0];
}

static int overflow(void *arg)
{
	(void)arg;
	return recurse(1 << 20);
}

static int spawn_overflow(void *arg)
{
	const bide_task_options options = { .name = "the deep one", .stack_size = 64 * 1024 };

	(void)arg;
	return bide_join(bide_spawn_with(&options, overflow, NULL));
}

static void run_overflow(void)
{
	const struct rlimit no_core = { 0, 0 };

	signal(SIGSEGV, SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	bide_run(spawn_overflow, NULL);
}

TEST(stack, overflow_is_told_with_the_task_and_its_size_and_kills_by_sigsegv)
{
	char text[4096];
	int status = test_child(run_overflow, text, sizeof text);

	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), SIGSEGV);
	CHECK(strstr(text, "stack overflow") != NULL);
	CHECK(strstr(text, "the deep one") != NULL);
	/* 64 were asked for; it is an odd number of pages. */
	CHECK(strstr(text, "68 KiB") != NULL);
}

static int overflow_in_generator(void *arg)
{
	bide_gen *gen = bide_gen_new(1, overflow, NULL);

	(void)arg;
	bide_set_name(bide_self(), "the consumer");
	bide_gen_next(gen, NULL);
	bide_gen_free(gen);
	return 0;
}

static void run_generator_overflow(void)
{
	const struct rlimit no_core = { 0, 0 };

	signal(SIGSEGV, SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	bide_run(overflow_in_generator, NULL);
}

TEST(stack, overflow_of_a_generator_names_the_task_that_runs_it)
{
	char text[4096];
	int status = test_child(run_generator_overflow, text, sizeof text);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	CHECK(strstr(text, "stack overflow in a generator") != NULL);
	CHECK(strstr(text, "the consumer") != NULL);
}

static int use_stack(void *arg)
{
	size_t size = *(size_t *)arg;
	volatile char *bytes = alloca(size - 8 * 1024);

	memset((char *)bytes, 7, size - 8 * 1024);
	return bide_sleep(BIDE_SECOND) == 0 && bytes[0] == 7 ? 0 : -EIO;
}

static int use_sizes(void *arg)
{
	(void)arg;
	for (size_t size = 32 * 1024; size <= 16 << 20; size *= 2) {
		/* The guard is part of the size. */
		size_t usable = size - 16 * 1024;
		const bide_task_options options = { .stack_size = size, .copy = sizeof usable };
		bide_task *task = bide_spawn_with(&options, use_stack, &usable);

		/* More sizes than a loop tells apart: a larger one serves, or none. */
		if (task == NULL)
			CHECK_INT(errno, ENOMEM);
		else
			CHECK_INT(bide_join(task), 0);
	}
	return 0;
}

TEST(stack, of_any_size_may_be_asked_for)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, use_sizes, NULL), 0);
}

static int return_zero(void *arg)
{
	(void)arg;
	return 0;
}

static int must_not_run(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "a task without a stack has run");
}

static int ask_for_too_much(void *arg)
{
	static const size_t sizes[] = {
		((size_t)1 << 60) + 4096, SIZE_MAX / 4, SIZE_MAX / 2 + 1, SIZE_MAX - 4096, SIZE_MAX,
	};

	(void)arg;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const bide_task_options options = { .stack_size = sizes[i] };

		CHECK_INT(bide_join(bide_spawn_with(&options, must_not_run, NULL)), -ENOMEM);
	}
	return bide_join(bide_spawn(return_zero, NULL));
}

/* Some of them, times the stacks of a chunk, overflow to a small number. */
TEST(stack, larger_than_any_memory_ends_its_task_with_enomem)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, ask_for_too_much, NULL), 0);
}
