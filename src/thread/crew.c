/* SPDX-License-Identifier: MIT */

/*
 * crew.c - the same function on several loops, which stand and fall together
 *
 * Invariants
 *   Y1  Once failure is set, every member was cancelled, or will be when it is made.
 */
#include "base/mem.h"
#include "base/sys.h"
#include "thread/thread.h"

struct crew;

struct member {
	struct crew *crew;
	struct bide_thread *thread;     /* a reference; set under the lock; NULL: none */
	unsigned index;
};

struct crew {
	bide_fn *fn;
	void *arg;
	bool is_pinned;
	pthread_mutex_t lock;
	int failure;                    /* under the lock: the first one; 0: none */
	unsigned count;
	unsigned started;               /* on threads of their own */
	struct member members[];
};

static void fail(struct crew *crew, int result)
{
	(void)pthread_mutex_lock(&crew->lock);
	/* What ended a whole loop says more than its main's -ECANCELED. */
	if (crew->failure == -ECANCELED && (result == -EINTR || result == -EDEADLK))
		crew->failure = result;
	if (crew->failure == 0) {
		crew->failure = result;
		for (unsigned i = 0; i < crew->count; i++)
			if (crew->members[i].thread != NULL)
				bide__thread_cancel(crew->members[i].thread);
	}
	(void)pthread_mutex_unlock(&crew->lock);
}

static int member_main(void *arg)
{
	struct member *self = arg;
	struct crew *crew = self->crew;
	int r = crew->is_pinned ? bide__sys_pin_thread(self->index) : 0;

	if (r == 0)
		r = crew->fn(crew->arg);
	/* Now, and not only once this loop has come to its end. */
	if (r < 0)
		fail(crew, r);
	return r;
}

/* The loop may have failed without its main. */
static void member_ended(void *arg, int result)
{
	struct member *self = arg;

	if (result < 0)
		fail(self->crew, result);
}

/* Makes the member, and cancels it where the crew has failed already (Y1). */
static int member_open(struct member *member, const bide_options *options)
{
	struct crew *crew = member->crew;
	struct bide_thread *thread;
	int r = bide__thread_open(&thread, options, member_main, member);

	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&crew->lock);
	bide__thread_ref(thread);
	bide__thread_watch(thread, member_ended);
	member->thread = thread;
	if (crew->failure != 0)
		bide__thread_cancel(thread);
	(void)pthread_mutex_unlock(&crew->lock);
	return 0;
}

/* Members from first on get threads of their own. Returns 0, or why one got none. */
static int start_all(struct crew *crew, const bide_options *options, unsigned first)
{
	for (unsigned i = first; i < crew->count; i++) {
		int r = member_open(&crew->members[i], options);

		if (r == 0)
			r = bide__thread_launch(crew->members[i].thread);
		if (r < 0)
			return r;
		crew->started++;
	}
	return 0;
}

static struct crew *crew_open(unsigned n, bide_fn *fn, void *arg)
{
	struct crew *crew = bide__calloc(1, sizeof *crew + n * sizeof crew->members[0]);

	if (crew == NULL)
		return NULL;
	crew->fn = fn;
	crew->arg = arg;
	crew->count = n;
	(void)pthread_mutex_init(&crew->lock, NULL);
	for (unsigned i = 0; i < n; i++)
		crew->members[i] = (struct member){ .crew = crew, .index = i };
	return crew;
}

static void crew_close(struct crew *crew)
{
	for (unsigned i = 0; i < crew->count; i++)
		if (crew->members[i].thread != NULL)
			bide__thread_unref(crew->members[i].thread);
	(void)pthread_mutex_destroy(&crew->lock);
	bide__free(crew);
}

/*
 * Runs all members and waits for them, the first one here where this thread has no
 * loop yet. crew->failure then is the result of all.
 */
static void crew_run(struct crew *crew, const bide_options *options)
{
	unsigned first = bide__loop == NULL ? 1 : 0;
	int r = first == 1 ? member_open(&crew->members[0], options) : 0;

	if (r == 0)
		r = start_all(crew, options, first);
	if (r < 0)
		fail(crew, r);
	if (first == 1 && crew->members[0].thread != NULL) {
		cpu_set_t before;
		bool is_pinned = crew->is_pinned && bide__sys_affinity(&before) == 0;

		(void)bide__thread_run_here(crew->members[0].thread);   /* crew->failure tells */
		if (is_pinned)
			(void)bide__sys_set_affinity(&before);
	}
	/* Where this task is cancelled each join cancels, too. */
	for (unsigned i = first; i < first + crew->started; i++)
		(void)bide_thread_join(crew->members[i].thread);        /* the same */
}

int bide_run_threads_with(const bide_options *options, unsigned n, bide_fn *fn, void *arg)
{
	struct crew *crew;
	int r;

	r = bide__sleeper_may_wait();
	if (r < 0)
		return r;
	crew = crew_open(n > 0 ? n : bide__sys_cpu_count(), fn, arg);
	if (crew == NULL)
		return -ENOMEM;
	crew->is_pinned = options != NULL && (options->flags & BIDE_PIN);
	crew_run(crew, options);
	r = crew->failure;
	crew_close(crew);
	return r;
}

int bide_run_threads(unsigned n, bide_fn *fn, void *arg)
{
	return bide_run_threads_with(NULL, n, fn, arg);
}
