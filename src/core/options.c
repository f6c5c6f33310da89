/* SPDX-License-Identifier: MIT */

/*
 * options.c - a loop's options, completed by defaults and by the environment
 *
 * The environment sets what a program as built does not: it is for looking into
 * one. What it says wrongly is reported and otherwise ignored.
 */
#include "core/loop.h"

#include <stdlib.h>
#include <string.h>

/* An odd number of pages next to 256 KiB; see stack.c. */
#define STACK_SIZE_DEFAULT ((size_t)252 * 1024)
#define SLOW_TASK_DEFAULT (100 * BIDE_MILLISECOND)
#define FLAGS_KNOWN (BIDE_DEBUG | BIDE_VIRTUAL_CLOCK | BIDE_SHUFFLE | BIDE_NO_SIGINT | BIDE_PIN)

static void environment_backend(bide_options *options, const char *name)
{
	if (strcmp(name, "epoll") == 0)
		options->backend = BIDE_BACKEND_EPOLL;
	else if (strcmp(name, "uring") == 0)
		options->backend = BIDE_BACKEND_URING;
	else if (strcmp(name, "poll") == 0)
		options->backend = BIDE_BACKEND_POLL;
	else
		bide__report("BIDE_BACKEND=%s: unknown; it takes epoll, uring or poll", name);
}

static void environment_shuffle(bide_options *options, const char *seed)
{
	char *end;
	uint64_t value = strtoull(seed, &end, 0);

	if (end == seed || *end != '\0') {
		bide__report("BIDE_SHUFFLE=%s: not a number; it takes the seed", seed);
		return;
	}
	options->flags |= BIDE_SHUFFLE;
	options->seed = value;
}

int bide__options_complete(bide_options *ret, const bide_options *given)
{
	const char *debug = getenv("BIDE_DEBUG");
	const char *backend = getenv("BIDE_BACKEND");
	const char *seed = getenv("BIDE_SHUFFLE");

	*ret = given != NULL ? *given : (bide_options){ 0 };
	if (ret->backend < BIDE_BACKEND_AUTO || ret->backend > BIDE_BACKEND_POLL)
		return -EINVAL;
	if ((ret->flags & ~(unsigned)FLAGS_KNOWN) || ret->slow_task < 0)
		return -EINVAL;

	if (debug != NULL && strcmp(debug, "") != 0 && strcmp(debug, "0") != 0)
		ret->flags |= BIDE_DEBUG;
	if (backend != NULL)
		environment_backend(ret, backend);
	if (seed != NULL)
		environment_shuffle(ret, seed);
	if (ret->stack_size == 0)
		ret->stack_size = STACK_SIZE_DEFAULT;
	if (ret->slow_task == 0 && (ret->flags & BIDE_DEBUG))
		ret->slow_task = SLOW_TASK_DEFAULT;
	return 0;
}
