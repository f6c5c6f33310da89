/* SPDX-License-Identifier: MIT */

/*
 * backend.c - which back end a loop gets
 *
 * What the options ask for is tried first. Where the system refuses it, or this build
 * does not have it, the next one that does the same takes its place, and a debugger is
 * told why. A loop that cannot be made for want of descriptors or memory says so.
 */
#include "core/loop.h"

/* What AUTO stands for on a real clock. */
#define BACKEND_DEFAULT BIDE_BACKEND_EPOLL

struct choice {
	const char *name;
	const struct backend_ops *ops;  /* NULL: not in this build */
	const struct choice *next;      /* takes its place; NULL: none does */
	bool is_optional;               /* it may fail for any reason */
};

static const struct choice sim = { .name = "sim", .ops = &bide__backend_sim };
static const struct choice poll = { .name = "poll", .ops = &bide__backend_poll };
static const struct choice epoll = {
	.name = "epoll",
	.ops = &bide__backend_epoll,
	.next = &poll,
};
static const struct choice uring = {
	.name = "io_uring",
#ifdef BIDE_HAVE_URING
	.ops = &bide__backend_uring,
#endif
	.next = &epoll,
	.is_optional = true,
};

static const struct choice *first_choice(const bide_options *options)
{
	int backend = options->backend;

	if (backend == BIDE_BACKEND_AUTO && (options->flags & BIDE_VIRTUAL_CLOCK))
		return &sim;
	if (backend == BIDE_BACKEND_AUTO)
		backend = BACKEND_DEFAULT;
	if (backend == BIDE_BACKEND_URING)
		return &uring;
	return backend == BIDE_BACKEND_POLL ? &poll : &epoll;
}

/* Whether another one may do what this one cannot: sandboxes refuse with EPERM. */
static bool is_replaced(const struct choice *choice, int r)
{
	return choice->next != NULL && (choice->is_optional || r == -ENOSYS || r == -EPERM);
}

int bide__backend_open(struct backend **ret, const bide_options *options, bool stays)
{
	const struct backend_options given = {
		.seed = options->seed,
		.stays_on_one_thread = stays,
	};
	const struct choice *choice;

	for (choice = first_choice(options);; choice = choice->next) {
		int r = choice->ops != NULL ? choice->ops->open(ret, &given) : -ENOSYS;

		if (r == 0 || !is_replaced(choice, r))
			return r;
		if (options->flags & BIDE_DEBUG)
			bide__report("back end %s: %s; %s takes its place", choice->name,
			             choice->ops != NULL ? bide_strerror(r) : "not in this build",
			             choice->next->name);
	}
}
