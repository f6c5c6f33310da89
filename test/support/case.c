/* SPDX-License-Identifier: MIT */

/*
 * case.c - runs a case in one configuration and compares what it left
 *
 * The state below belongs to the case that runs. What the case keeps in globals of
 * its own is fresh only where each run has a process of its own.
 */
#include "case.h"

#include <dirent.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEED_COUNT 20
#define REAL_SLACK BIDE_SECOND

enum config {
	CONFIG_SIM,
	CONFIG_EPOLL,
	CONFIG_SHUFFLED,
	CONFIG_REAL,
	CONFIG_POLL,
	CONFIG_URING,
};

static const char *const config_names[CASE_CONFIG_COUNT] = {
	[CONFIG_SIM] = "sim",   [CONFIG_EPOLL] = "epoll", [CONFIG_SHUFFLED] = "shuffled",
	[CONFIG_REAL] = "real", [CONFIG_POLL] = "poll",   [CONFIG_URING] = "uring",
};

static const int config_backends[CASE_CONFIG_COUNT] = {
	[CONFIG_EPOLL] = BIDE_BACKEND_EPOLL,
	[CONFIG_REAL] = BIDE_BACKEND_EPOLL,
	[CONFIG_POLL] = BIDE_BACKEND_POLL,
	[CONFIG_URING] = BIDE_BACKEND_URING,
};

static const struct case_def *current;
static bide_options options;
static bide_time began;                 /* on bide_now()'s clock; 0 on a virtual one */
static bide_time latest;                /* the last time that was seen on a virtual clock */

static pthread_mutex_t trace_mutex = PTHREAD_MUTEX_INITIALIZER;
static char trace[32768];
static size_t trace_bytes;

static bool is_virtual(void)
{
	return options.flags & BIDE_VIRTUAL_CLOCK;
}

static bide_time monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * BIDE_SECOND + now.tv_nsec;
}

/* The virtual clock ends with its loop, so it is looked at while it runs. */
static void note_time(void)
{
	if (!is_virtual() || bide_loop_current() == NULL)
		return;
	if (bide_now() > latest)
		latest = bide_now();
}

const bide_options *case_options(void)
{
	return &options;
}

static void trace_append(const char *text)
{
	size_t bytes = strlen(text);

	if (trace_bytes + bytes >= sizeof trace)
		test_fail(current->file, current->line, "%s: the trace is too long", current->id);
	memcpy(trace + trace_bytes, text, bytes + 1);
	trace_bytes += bytes;
}

void case_log(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);

	pthread_mutex_lock(&trace_mutex);
	note_time();
	if (trace_bytes > 0)
		trace_append(" · ");
	trace_append(line);
	pthread_mutex_unlock(&trace_mutex);
}

const char *case_error(long long result)
{
	static __thread char texts[16][32];
	static __thread unsigned next;
	char *text = texts[next++ % 16];
	const char *name = result < 0 && result > -4096 ? strerrorname_np((int)-result) : NULL;

	if (name != NULL)
		snprintf(text, sizeof texts[0], "-%s", name);
	else
		snprintf(text, sizeof texts[0], "%lld", result);
	return text;
}

const char *case_list(size_t n, const int results[])
{
	static __thread char text[512];
	size_t used = 0;

	text[used++] = '[';
	for (size_t i = 0; i < n && used < sizeof text - 40; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? ", " : "",
		                         case_error(results[i]));
	text[used++] = ']';
	text[used] = '\0';
	return text;
}

int case_now(void)
{
	return (int)((bide_now() - began) / U);
}

void case_block(int n)
{
	bide_time until = monotonic_now() + n * U;

	if (is_virtual()) {
		if (bide_loop_current() != NULL)
			bide_clock_advance(n * U);
		return;
	}
	for (bide_time now = monotonic_now(); now < until; now = monotonic_now()) {
		struct timespec rest = {
			.tv_sec = (until - now) / BIDE_SECOND,
			.tv_nsec = (until - now) % BIDE_SECOND,
		};

		nanosleep(&rest, NULL);
	}
}

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* Runs the block where the loop is, to see the clock when it is over. */
static int case_main(void *arg)
{
	int r;

	if (!is_virtual())
		began = bide_now();
	r = current->main(arg);
	note_time();
	return r;
}

bool case_has_uring(void)
{
	bide_loop *loop = bide_loop_new(&(bide_options){ .backend = BIDE_BACKEND_URING });
	bool has_uring;

	if (loop == NULL)
		return false;
	/* Another one takes its place. */
	has_uring = strstr(bide_loop_stats(loop).backend, "uring") != NULL;
	bide_loop_close(loop);
	return has_uring;
}

static void set_options(enum config config, int seed)
{
	options = (bide_options){
		.flags = current->flags,
		.on_error = current->on_error,
		.backend = config_backends[config],
	};
	if (config < CONFIG_REAL)
		options.flags |= BIDE_VIRTUAL_CLOCK;
	if (config == CONFIG_SHUFFLED) {
		options.flags |= BIDE_SHUFFLE;
		options.seed = (uint64_t)seed;
	}
}

static bool is_elapsed_right(bide_time elapsed)
{
	bide_time expected = current->elapsed * U;
	bide_time slack = REAL_SLACK;

	if (current->elapsed < 0)
		return true;
	if (is_virtual())
		return elapsed == expected;
	if (current->less_than > 0)
		slack = current->less_than * U - expected;
	return elapsed >= expected &&
	       (double)(elapsed - expected) <= (double)slack * test_timeout_scale();
}

struct outcome {
	int result;
	bide_time elapsed;
	int leaked_count;       /* descriptors */
};

static void compare(const struct outcome *outcome, const char *config, int seed)
{
	const char *expected = current->trace == NULL ? "" : current->trace;

	if (strcmp(trace, expected) == 0 && outcome->result == current->result &&
	    is_elapsed_right(outcome->elapsed) && outcome->leaked_count == 0)
		return;
	test_fail(current->file, current->line,
	          "%s: %s\n"
	          "  configuration %s, seed %d\n"
	          "  expected: %s\n"
	          "  got:      %s\n"
	          "  expected: result %s, elapsed %d u\n"
	          "  got:      result %s, elapsed %.3f u, %d descriptors leaked",
	          current->id, current->title, config, seed, expected, trace,
	          case_error(current->result), current->elapsed, case_error(outcome->result),
	          (double)outcome->elapsed / (double)U, outcome->leaked_count);
}

static void case_run(const void *data, int seed)
{
	const struct case_slot *slot = data;
	enum config config = (enum config)(slot - slot->def->slots);
	struct outcome outcome = { 0 };
	int descriptor_count;
	bide_time start;

	if (config == CONFIG_URING && !case_has_uring())
		return;
	current = slot->def;
	trace[0] = '\0';
	trace_bytes = 0;
	latest = 0;
	began = 0;
	set_options(config, seed);
	descriptor_count = count_descriptors();
	start = monotonic_now();
	if (!is_virtual())
		began = start;

	if (current->program != NULL)
		current->program();
	else
		outcome.result = bide_run_with(&options, case_main, NULL);

	outcome.elapsed = is_virtual() ? latest : monotonic_now() - start;
	outcome.leaked_count = count_descriptors() - descriptor_count;
	compare(&outcome, config_names[config], seed);
}

static void register_config(struct case_def *def, enum config config)
{
	const char *seed = getenv("BIDE_TEST_SEED");
	struct case_slot *slot = &def->slots[config];

	snprintf(slot->name, sizeof slot->name, "%s.%s", def->id, config_names[config]);
	slot->def = def;
	slot->test = (struct test){
		.name = slot->name,
		.file = def->file,
		.line = def->line,
		.run = case_run,
		.data = slot,
	};
	if (config == CONFIG_SHUFFLED) {
		slot->test.first = seed == NULL ? 1 : atoi(seed);
		slot->test.last = seed == NULL ? SEED_COUNT : slot->test.first;
	}
	test_register(&slot->test);
}

void case_register(struct case_def *def)
{
	if (!def->real_only) {
		register_config(def, CONFIG_SIM);
		register_config(def, CONFIG_EPOLL);
		if (def->order == ANY_ORDER)
			register_config(def, CONFIG_SHUFFLED);
	}
	if (def->real_too || def->real_only)
		register_config(def, CONFIG_REAL);
	if (def->io) {
		register_config(def, CONFIG_POLL);
		register_config(def, CONFIG_URING);
	}
}
