/* SPDX-License-Identifier: MIT */

/*
 * gather.c - waiting for several tasks
 *
 * bide_gather() takes the handles, so it claims each task as its joiner does.
 * bide_wait() only looks on: any number of tasks may, and each puts a watcher on
 * every task that it watches.
 *
 * Invariants
 *   G1  A watcher is linked in task->watchers from the park of its bide_wait() to
 *       that task's end or the return of the call, whichever is first.
 *   G2  watch.ended stays what it is once the wait is settled.
 */
#include "core/join.h"

#include "base/mem.h"
#include "core/scope.h"

#include <string.h>

/* Up to so many watchers are kept on the caller's stack. */
#define WATCHERS_ON_STACK 16

static int claim_all(struct join *join, size_t n, bide_task *const tasks[])
{
	for (size_t i = 0; i < n; i++) {
		int r;

		task_check(tasks[i], "bide_gather");
		r = join_claim(join, tasks[i]);
		if (r < 0) {
			bide__join_release(join, i, tasks);
			return r;
		}
	}
	return 0;
}

/* Takes the results and gives the handles back. Returns the first failure in time, or 0. */
static int collect(size_t n, bide_task *const tasks[], int results[])
{
	uint64_t first_order = UINT64_MAX;
	int first = 0;

	for (size_t i = 0; i < n; i++) {
		struct bide_task *task = tasks[i];

		if (results != NULL)
			results[i] = task->result;
		if (task->result < 0 && task->end_order < first_order) {
			first_order = task->end_order;
			first = task->result;
		}
		task->joiner = NULL;
		bide__task_give_back(task);
	}
	return first;
}

int bide_gather(size_t n, bide_task *const tasks[], int results[])
{
	struct bide_task *self = task_current();
	struct join join = { .waiter = { .task = self, .reason = PARK_GATHER } };
	uint64_t switches;
	int first, r;

	if (self == NULL)
		return -EPERM;
	r = claim_all(&join, n, tasks);
	if (r < 0)
		return r;

	switches = bide__loop->switches;
	r = bide__join_wait(&join, n, tasks);
	if (r == -EDEADLK) {
		bide__join_release(&join, n, tasks);
		return r;
	}
	first = collect(n, tasks, results);
	if (r == -ECANCELED)
		return canceled_since(self, switches);
	self->refusals = 0;
	return results == NULL ? first : 0;
}

struct watch {
	struct waiter waiter;
	struct bide_timer timer;        /* armed where there is a timeout */
	size_t n;
	size_t ended;
	int until;
	bool has_failure;
};

struct watcher {
	struct watcher *next;           /* of the same task */
	struct watcher **link;          /* what points here; NULL: not linked */
	struct watch *watch;
};

static void watch_count(struct watch *watch, const struct bide_task *ended)
{
	watch->ended++;
	if (task_has_failed(ended))
		watch->has_failure = true;
}

static bool watch_is_met(const struct watch *watch)
{
	if (watch->ended == watch->n)
		return true;
	if (watch->until == BIDE_FIRST_DONE)
		return watch->ended > 0;
	return watch->until == BIDE_FIRST_FAILED && watch->has_failure;
}

static bool watch_withdraw(struct waiter *waiter)
{
	struct watch *watch = container_of(waiter, struct watch, waiter);

	timer_disarm(&task_loop(waiter->task)->wheel, &watch->timer);
	return true;
}

static void watch_settle(struct watch *watch)
{
	(void)watch_withdraw(&watch->waiter);
	bide__settle(&watch->waiter, 0);
}

static void watch_fire(struct bide_timer *timer)
{
	watch_settle(container_of(timer, struct watch, timer));
}

static void watcher_unlink(struct watcher *watcher)
{
	if (watcher->link == NULL)
		return;
	*watcher->link = watcher->next;
	if (watcher->next != NULL)
		watcher->next->link = watcher->link;
	watcher->link = NULL;
}

static void watcher_link(struct watcher *watcher, struct watch *watch, struct bide_task *task)
{
	*watcher = (struct watcher){ task->watchers, &task->watchers, watch };
	if (watcher->next != NULL)
		watcher->next->link = &watcher->next;
	task->watchers = watcher;
}

void bide__watchers_note_end(struct bide_task *task)
{
	struct watcher *oldest = NULL;

	/* All are counted before the first wait is settled: a task may stand in
	 * a wait more than once. The list has the last who came first. */
	for (struct watcher *watcher = task->watchers; watcher != NULL; watcher = watcher->next) {
		if (watcher->watch->waiter.is_parked)
			watch_count(watcher->watch, task);
		oldest = watcher;
	}
	while (task->watchers != NULL) {
		struct watcher *watcher = oldest;
		struct watch *watch = watcher->watch;

		oldest = container_of(watcher->link, struct watcher, next);
		watcher_unlink(watcher);
		if (watch->waiter.is_parked && watch_is_met(watch))
			watch_settle(watch);
	}
}

static ssize_t watch_park(struct watch *watch, struct watcher watchers[], bide_task *const tasks[],
                          bide_time timeout)
{
	bide_loop *loop = bide__loop;
	bide_time deadline = loop_deadline(loop, timeout);
	int r;

	for (size_t i = 0; i < watch->n; i++) {
		watchers[i].link = NULL;
		if (tasks[i]->state != TASK_DONE)
			watcher_link(&watchers[i], watch, tasks[i]);
	}
	if (deadline < BIDE_FOREVER) {
		watch->timer.fire = watch_fire;
		timer_arm(&loop->wheel, &watch->timer, deadline);
	}
	r = bide__park_interruptible(&watch->waiter);
	/* The tasks may be gone by now; their watchers know whether they are. */
	for (size_t i = 0; i < watch->n; i++)
		watcher_unlink(&watchers[i]);
	return r < 0 ? r : (ssize_t)watch->ended;
}

/* Whether the condition needs the end of the task that waits for it. */
static bool waits_for_itself(const struct watch *watch, bide_task *const tasks[])
{
	const struct bide_task *self = watch->waiter.task;
	size_t count = 0;

	for (size_t i = 0; i < watch->n; i++)
		count += tasks[i] == self || bide__task_waits_for(tasks[i], self);
	return watch->until == BIDE_ALL_DONE ? count > 0 : count + watch->ended == watch->n;
}

ssize_t bide_wait(size_t n, bide_task *const tasks[], int until, bide_time timeout)
{
	struct bide_task *self = task_current();
	struct watcher few[WATCHERS_ON_STACK];
	struct watcher *watchers = few;
	struct watch watch = {
		.waiter = { .task = self, .withdraw = watch_withdraw, .reason = PARK_WAIT },
		.n = n,
		.until = until,
	};
	ssize_t r = cancellation_point(self);

	if (r < 0)
		return r;
	if (until != BIDE_FIRST_DONE && until != BIDE_FIRST_FAILED && until != BIDE_ALL_DONE)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		task_check(tasks[i], "bide_wait");
		if (tasks[i]->state == TASK_REMOTE)
			return -EINVAL;
		if (tasks[i]->state == TASK_DONE)
			watch_count(&watch, tasks[i]);
	}
	if (watch_is_met(&watch) || timeout <= 0)
		return (ssize_t)watch.ended;
	if (waits_for_itself(&watch, tasks))
		return -EDEADLK;

	if (n > WATCHERS_ON_STACK) {
		watchers = bide__alloc(n * sizeof *watchers);
		if (watchers == NULL)
			return -ENOMEM;
	}
	r = watch_park(&watch, watchers, tasks, timeout);
	if (watchers != few)
		bide__free(watchers);
	return r;
}
