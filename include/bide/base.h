/* SPDX-License-Identifier: MIT */

/*
 * bide/base.h - what every other header of bide stands on
 *
 * Conventions, for all of bide:
 *   - A call that can fail returns a negative errno (-ECANCELED); zero or a
 *     count is success. A call that returns a pointer returns NULL and sets
 *     errno. errno says nothing anywhere else.
 *   - "Suspends" means that only the calling task waits; its thread goes on
 *     with other tasks. Every call that may suspend is a cancellation point:
 *     where the task is cancelled it does nothing and returns -ECANCELED.
 *   - Called where no task runs, a call that would suspend returns -EPERM.
 *   - Misuse that would corrupt memory is reported, with the task's name and
 *     the rule that was broken, and the process is aborted.
 */
#ifndef BIDE_BASE_H
#define BIDE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BIDE_VERSION_MAJOR 0
#define BIDE_VERSION_MINOR 1
#define BIDE_VERSION_PATCH 0

#if defined(__GNUC__) && defined(__has_attribute)
#if __has_attribute(noplt)
/* One jump less in every call of the shared library. */
#define BIDE_API __attribute__((visibility("default"), noplt))
#endif
#endif

#if defined(__GNUC__)
#ifndef BIDE_API
#define BIDE_API __attribute__((visibility("default")))
#endif
#define BIDE_MUST_CHECK __attribute__((warn_unused_result))
#else
#define BIDE_API
#define BIDE_MUST_CHECK
#endif

#ifdef __cplusplus
#define BIDE_BEGIN_DECLS extern "C" {
#define BIDE_END_DECLS }
#else
#define BIDE_BEGIN_DECLS
#define BIDE_END_DECLS
#endif

BIDE_BEGIN_DECLS

/* Nanoseconds: a duration, or a point on the loop's monotonic clock. */
typedef int64_t bide_time;

#define BIDE_NANOSECOND ((bide_time)1)
#define BIDE_MICROSECOND (1000 * BIDE_NANOSECOND)
#define BIDE_MILLISECOND (1000 * BIDE_MICROSECOND)
#define BIDE_SECOND (1000 * BIDE_MILLISECOND)
#define BIDE_MINUTE (60 * BIDE_SECOND)
#define BIDE_HOUR (60 * BIDE_MINUTE)

/* A duration that never ends, a point in time that never comes. */
#define BIDE_FOREVER INT64_MAX

/*
 * A coroutine, of the same shape as C11's thrd_start_t. What it returns is its
 * result; a negative one is a failure, by convention a negative errno.
 */
typedef int bide_fn(void *arg);

typedef struct bide_loop bide_loop;
typedef struct bide_task bide_task;
typedef struct bide_scope bide_scope;
typedef struct bide_group bide_group;

/*
 * Describes an error code, negative (-ECANCELED) or positive (ECANCELED).
 * Returns a string that stays valid until the calling thread's next call.
 */
BIDE_API const char *bide_strerror(int err);

/*
 * Returns the version of the library that runs, as "0.1.0". The version of the
 * header is BIDE_VERSION_MAJOR, _MINOR and _PATCH.
 */
BIDE_API const char *bide_version(void);

/*
 * The three structs below are members of public objects and have no use of
 * their own: their names and contents may change.
 */
struct bide_node {
	struct bide_node *next;         /* NULL: a list that was never used, a node in no list */
	struct bide_node *prev;
};

struct bide_timer {
	struct bide_node node;          /* in the loop's timer wheel while armed */
	bide_time deadline;
	void (*fire)(struct bide_timer *timer);
};

struct bide_waitq {
	struct bide_node waiters;       /* first come, first served */
};

BIDE_END_DECLS

#endif
