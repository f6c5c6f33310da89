/* SPDX-License-Identifier: MIT */

/*
 * pool.c - blocking calls on threads of their own
 *
 * Each loop has a pool, made by its first call, and another one for the lookup of names,
 * which may take as long as a name server likes. A call goes to the thread that
 * became idle last, whose memory is still warm, else to a new thread, else it waits
 * in a queue. A thread that has been idle for long enough ends.
 *
 * A call lies on the stack of the task that waits for it, unless it may be
 * abandoned: then it is the pool's once its caller has gone.
 *
 * Invariants, under the lock
 *   H1  Calls are queued only while max threads are at work for somebody, or all that
 *       may be there are, or one is about to look.
 *   H2  abandoned_count <= thread_count, and the loop's close waits for the others.
 *
 * A thread that ends is joined by the next one that does, the last one by the
 * close: nothing of the pool runs after the loop's end but abandoned calls.
 */
#include "base/mem.h"
#include "base/sys.h"
#include "core/abandon.h"
#include "core/scope.h"
#include "core/wake.h"

#include <bide/thread.h>
#include <limits.h>
#include <pthread.h>

#define THREADS_MAX_DEFAULT 64
#define NAME_THREADS_MAX 16
/* Where no name server answers, lookups are abandoned faster than they end. */
#define NAME_THREADS_TOTAL 64
#ifdef BIDE_HOSTILE
#define IDLE_MAX BIDE_MICROSECOND
#else
#define IDLE_MAX (10 * BIDE_SECOND)
#endif

enum job_state {
	JOB_QUEUED,                     /* in pool->jobs; can be taken back */
	JOB_RUNNING,
	JOB_DONE,                       /* its caller is being woken */
};

struct job {
	struct bide_node node;          /* in pool->jobs while JOB_QUEUED */
	struct pool *pool;
	bide_fn *fn;
	void *arg;
	struct sleeper *sleeper;        /* on the caller's stack */
	struct bide_task *caller;       /* stands still while the call runs; NULL: may not */
	struct local_values *locals;    /* the caller's; where it may be abandoned a copy, owned */
	enum job_state state;
	bool can_abandon;
	bool is_abandoned;
};

/* The caller's side. On its stack. */
struct call {
	struct sleeper sleeper;
	struct job *job;
	bool is_abandoned;              /* the job is the pool's now */
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t has_left;        /* a thread has ended, or its call was abandoned */
	struct bide_node jobs;          /* struct job.node, first come, first served */
	struct bide_node idle;          /* struct worker.node, the last one first */
	unsigned thread_count;
	unsigned thread_max;            /* of those that are not abandoned */
	unsigned thread_total;          /* of all */
	unsigned abandoned_count;       /* threads in calls that nobody waits for */
	bool is_closing;
	bool has_last;                  /* last is a thread that has ended and was not joined */
	pthread_t last;
	unsigned reference_count;       /* atomic: the loop, each thread */
};

/* A thread that has nothing to do. On its own stack. */
struct worker {
	struct bide_node node;          /* in pool->idle until it is called */
	struct job *job;                /* what it was called for; NULL: to look around */
	uint32_t state;                 /* atomic, enum worker_state: what it waits on */
	bool is_late;                   /* the close has not waited for its call */
};

enum worker_state {
	WORKER_AWAKE,                   /* about to sleep: a call needs no system call */
	WORKER_ASLEEP,
	WORKER_CALLED,
};

/* What a thread does next. */
enum step {
	STEP_RUN,                       /* the call that it was given */
	STEP_WAIT,                      /* from now on its job is the pool's to set */
	STEP_END,
};

static void pool_unref(struct pool *pool)
{
	if (__atomic_sub_fetch(&pool->reference_count, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	(void)pthread_cond_destroy(&pool->has_left);
	(void)pthread_mutex_destroy(&pool->lock);
	bide__free(pool);
}

static void lock(struct pool *pool)
{
	(void)pthread_mutex_lock(&pool->lock);
}

static void unlock(struct pool *pool)
{
	(void)pthread_mutex_unlock(&pool->lock);
}

static void job_free(struct job *job)
{
	bide__free(job->locals);
	bide__free(job);
}

/* Gives the thread the oldest call, or registers it as idle. Called with the lock. */
static enum step worker_look(struct pool *pool, struct worker *self)
{
	*self = (struct worker){ .state = WORKER_AWAKE };
	if (!list_is_empty(&pool->jobs)) {
		self->job = container_of(list_pop_front(&pool->jobs), struct job, node);
		self->job->state = JOB_RUNNING;
		return STEP_RUN;
	}
	if (pool->is_closing)
		return STEP_END;
	list_push_front(&pool->idle, &self->node);
	return STEP_WAIT;
}

/*
 * The call has returned. A job that cannot be abandoned is gone after. Its thread is
 * idle before the caller is woken, or the caller's next call would start another one.
 */
static enum step job_end(struct pool *pool, struct job *job, int result, struct worker *self)
{
	struct sleeper *sleeper = job->sleeper;
	bool is_abandoned = false;
	enum step next = STEP_END;

	lock(pool);
	self->is_late = job->can_abandon && pool->is_closing;
	if (job->can_abandon) {
		job->state = JOB_DONE;
		is_abandoned = job->is_abandoned;
		pool->abandoned_count -= is_abandoned;
	}
	if (!self->is_late)
		next = worker_look(pool, self);
	unlock(pool);
	if (is_abandoned)
		job_free(job);
	else
		bide__sleeper_wake(sleeper, result);
	return next;
}

static enum step job_run(struct pool *pool, struct job *job, struct worker *self)
{
	int result;

	bide__caller = job->caller;
	bide__caller_locals = job->locals;
	result = job->fn(job->arg);
	bide__caller = NULL;
	bide__caller_locals = NULL;
	return job_end(pool, job, result, self);
}

static bool is_called(const struct worker *self)
{
	/* Acquire: what the caller did comes before. */
	return __atomic_load_n(&self->state, __ATOMIC_ACQUIRE) == WORKER_CALLED;
}

/*
 * Waits until it is called, or for IDLE_MAX. False, with the lock: nobody has called
 * it, and nobody can any more.
 */
static bool worker_wait(struct pool *pool, struct worker *self)
{
	bide_time until = bide__clock_now() + IDLE_MAX;
	bide_time left = IDLE_MAX;
	uint32_t awake = WORKER_AWAKE;

	/* Fails where it was called meanwhile, by somebody who will not wake it. */
	(void)__atomic_compare_exchange_n(&self->state, &awake, WORKER_ASLEEP, false,
	                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	while (!is_called(self) && left > 0) {
		(void)bide__sys_futex_wait(&self->state, WORKER_ASLEEP, left);
		if (!is_called(self))
			left = until - bide__clock_now();
	}
	if (is_called(self))
		return true;            /* the lock may still be the caller's */
	lock(pool);
	if (list_is_linked(&self->node)) {
		list_remove(&self->node);
		return false;
	}
	unlock(pool);
	return true;
}

/*
 * Ends this thread's part in the pool. Called with the lock, which it gives up: a call
 * that comes finds this thread idle or not there (H1).
 */
static void worker_leave(struct pool *pool, bool is_late)
{
	pthread_t before = pool->last;
	bool has_before = pool->has_last;

	pool->thread_count--;
	if (is_late) {
		(void)pthread_detach(pthread_self());
		has_before = false;
	} else {
		pool->last = pthread_self();
		pool->has_last = true;
	}
	(void)pthread_cond_signal(&pool->has_left);
	unlock(pool);
	if (has_before)
		(void)pthread_join(before, NULL);
	pool_unref(pool);
}

static enum step worker_look_around(struct pool *pool, struct worker *self)
{
	enum step next;

	lock(pool);
	next = worker_look(pool, self);
	unlock(pool);
	return next;
}

static void *worker_main(void *arg)
{
	struct pool *pool = arg;
	struct worker self;
	enum step next = worker_look_around(pool, &self);

	while (next != STEP_END) {
		if (next == STEP_WAIT && !worker_wait(pool, &self)) {
			worker_leave(pool, false);
			return NULL;
		}
		next = self.job != NULL ? job_run(pool, self.job, &self)
		                        : worker_look_around(pool, &self);
	}
	lock(pool);
	worker_leave(pool, self.is_late);
	return NULL;
}

static struct pool *pool_open(unsigned thread_max, unsigned thread_total)
{
	struct pool *pool = bide__calloc(1, sizeof *pool);

	if (pool == NULL)
		return NULL;
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->has_left, NULL);
	list_init(&pool->jobs);
	list_init(&pool->idle);
	pool->thread_max = thread_max;
	pool->thread_total = thread_total;
	pool->reference_count = 1;
	return pool;
}

/*
 * Calls the thread that became idle last. Called with the lock. Returns what to wake
 * once the lock is given up, or NULL: whoever wakes up under it only waits again. The
 * thread may be gone by then, and what is woken be somebody else, for nothing.
 */
static uint32_t *worker_call(struct pool *pool, struct job *job)
{
	struct worker *worker = container_of(list_pop_front(&pool->idle), struct worker, node);
	uint32_t *word = &worker->state;

	worker->job = job;
	/* Release: with the call comes what its caller did before. */
	if (__atomic_exchange_n(word, WORKER_CALLED, __ATOMIC_RELEASE) != WORKER_ASLEEP)
		return NULL;
	return word;
}

static void worker_wake(uint32_t *word)
{
	if (word != NULL)
		bide__sys_futex_wake(word);
}

static void pool_close(struct pool *pool)
{
	pthread_t last;
	bool has_last;

	lock(pool);
	pool->is_closing = true;
	while (!list_is_empty(&pool->idle))
		worker_wake(worker_call(pool, NULL));
	while (pool->thread_count > pool->abandoned_count)
		(void)pthread_cond_wait(&pool->has_left, &pool->lock);
	last = pool->last;
	has_last = pool->has_last;
	pool->has_last = false;
	unlock(pool);
	if (has_last)
		(void)pthread_join(last, NULL);
	pool_unref(pool);
}

/* One more thread, which takes the oldest call. Called with the lock. */
static int worker_start(struct pool *pool)
{
	pthread_t thread;               /* it knows itself */
	int r;

	__atomic_add_fetch(&pool->reference_count, 1, __ATOMIC_RELAXED);
	pool->thread_count++;
	r = bide__sys_thread_start(&thread, worker_main, pool, true);
	if (r < 0) {
		pool->thread_count--;
		__atomic_sub_fetch(&pool->reference_count, 1, __ATOMIC_RELAXED);
	}
	return r;
}

static bool may_grow(const struct pool *pool)
{
	return pool->thread_count - pool->abandoned_count < pool->thread_max &&
	       pool->thread_count < pool->thread_total;
}

/* Gives the call to a thread. Returns 0, or why there is none. */
static int pool_submit(struct pool *pool, struct job *job)
{
	uint32_t *word;
	int r = 0;

	lock(pool);
	if (!list_is_empty(&pool->idle)) {
		job->state = JOB_RUNNING;
		word = worker_call(pool, job);
		unlock(pool);
		worker_wake(word);
		return 0;
	}
	list_push_back(&pool->jobs, &job->node);
	if (may_grow(pool))
		r = worker_start(pool);
	/* One that is at work already comes to it. */
	if (r < 0 && pool->thread_count > pool->abandoned_count)
		r = 0;
	if (r < 0)
		list_remove(&job->node);
	unlock(pool);
	return r;
}

/*
 * A thread is lost to those in the queue, who get another one (H1). Where none can be
 * started and none is at work nobody would come to them: they are told so. Called with
 * the lock.
 */
static void worker_replace(struct pool *pool)
{
	int r = !list_is_empty(&pool->jobs) && may_grow(pool) ? worker_start(pool) : 0;

	if (r == 0 || pool->thread_count > pool->abandoned_count)
		return;
	while (!list_is_empty(&pool->jobs)) {
		struct job *job = container_of(list_pop_front(&pool->jobs), struct job, node);

		bide__sleeper_wake(job->sleeper, r);
	}
}

/* The call is taken back, or abandoned. */
static bool job_withdraw(struct waiter *waiter)
{
	struct call *call = container_of(waiter, struct call, sleeper.waiter);
	struct job *job = call->job;
	struct pool *pool = job->pool;

	lock(pool);
	if (job->state == JOB_QUEUED) {
		list_remove(&job->node);
		call->sleeper.was_withdrawn = true;
	} else if (job->state == JOB_RUNNING && job->can_abandon) {
		job->is_abandoned = true;
		pool->abandoned_count++;
		call->is_abandoned = true;
		call->sleeper.was_withdrawn = true;
		worker_replace(pool);
	}
	unlock(pool);
	return call->sleeper.was_withdrawn;
}

/* Has the call made and waits for it. */
static int call_make(struct call *call, bide_loop *loop)
{
	struct sleeper *sleeper = &call->sleeper;
	int r;

	bide__sleeper_init(sleeper, PARK_TO_THREAD, call->job);
	sleeper->waiter.withdraw = job_withdraw;
	call->job->sleeper = sleeper;
	r = pool_submit(call->job->pool, call->job);
	if (r < 0)
		return r;
	loop->job_count++;
	r = bide__sleeper_wait(sleeper, BIDE_FOREVER);
	loop->job_count--;
	return sleeper->was_withdrawn ? bide__cut_short(sleeper->waiter.task) : r;
}

static unsigned usual_max(const bide_loop *loop)
{
	return loop->options.max_threads > 0 ? loop->options.max_threads : THREADS_MAX_DEFAULT;
}

/* What all calls begin with: 0, with the loop's pool for them, or a negative errno. */
static int enter(bool is_lookup, struct pool **ret)
{
	bide_loop *loop = bide__loop;
	int r = cancellation_point(task_current());
	struct pool **pool;

	if (r < 0)
		return r;
	pool = is_lookup ? &loop->name_pool : &loop->pool;
	if (*pool == NULL)
		*pool = is_lookup ? pool_open(NAME_THREADS_MAX, NAME_THREADS_TOTAL)
		                  : pool_open(usual_max(loop), UINT_MAX);
	if (*pool == NULL)
		return -ENOMEM;
	loop->pool_close = pool_close;
	*ret = *pool;
	return 0;
}

int bide_to_thread(bide_fn *fn, void *arg)
{
	struct bide_task *self = task_current();
	struct pool *pool;
	int r = enter(false, &pool);
	struct job job;
	struct call call = { .job = &job };

	if (r < 0)
		return r;
	/* Now: the call may defer, and on its thread nothing of ours may be made. */
	if (bide__task_extra(self) == NULL)
		return -ENOMEM;
	job = (struct job){
		.pool = pool,
		.fn = fn,
		.arg = arg,
		.caller = self,
		.locals = self->locals,
	};
	return call_make(&call, bide__loop);
}

static int abandonable_open(struct job **ret, struct pool *pool, bide_fn *fn, void *arg)
{
	struct bide_task *self = task_current();
	struct job *job = bide__calloc(1, sizeof *job);

	if (job == NULL)
		return -ENOMEM;
	job->pool = pool;
	job->fn = fn;
	job->arg = arg;
	job->can_abandon = true;
	if (self->locals != NULL && (job->locals = bide__locals_copy(self->locals)) == NULL) {
		job_free(job);
		return -ENOMEM;
	}
	*ret = job;
	return 0;
}

static int abandonable_make(bool is_lookup, bide_fn *fn, void *arg, bool *ret_goes_on)
{
	struct pool *pool;
	struct call call = { .is_abandoned = false };
	int r = enter(is_lookup, &pool);

	*ret_goes_on = false;
	if (r < 0)
		return r;
	r = abandonable_open(&call.job, pool, fn, arg);
	if (r < 0)
		return r;
	r = call_make(&call, bide__loop);
	if (!call.is_abandoned)
		job_free(call.job);
	*ret_goes_on = call.is_abandoned;
	return r;
}

int bide__to_thread_abandon(bide_fn *fn, void *arg, bool *ret_goes_on)
{
	return abandonable_make(false, fn, arg, ret_goes_on);
}

int bide__name_call_abandon(bide_fn *fn, void *arg, bool *ret_goes_on)
{
	return abandonable_make(true, fn, arg, ret_goes_on);
}

int bide_to_thread_abandon(bide_fn *fn, void *arg)
{
	bool goes_on;                   /* arg is the caller's to look after */

	return bide__to_thread_abandon(fn, arg, &goes_on);
}
