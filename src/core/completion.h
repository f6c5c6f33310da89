/* SPDX-License-Identifier: MIT */

/*
 * completion.h - the end of something, which any thread may bring and wait for
 */
#ifndef BIDE_CORE_COMPLETION_H
#define BIDE_CORE_COMPLETION_H

#include "core/wake.h"

/* All-zero is pending. It is its own guard's object. */
struct completion {
	struct bide_node waiters;       /* struct sleeper.node */
	int result;                     /* once done */
	bool is_done;                   /* atomic */
};

/* Once. The completion may be gone as soon as a waiter was woken. */
void bide__completion_set(struct completion *completion, int result);

static inline bool completion_is_done(const struct completion *completion)
{
	/* Acquire: the result was stored before. */
	return __atomic_load_n(&completion->is_done, __ATOMIC_ACQUIRE);
}

/*
 * Waits until it is done, as a task or a plain thread. Returns false where the wait
 * was cut short: of a task by a cancellation, where can_cancel; of a plain thread by
 * the deadline.
 */
bool bide__completion_wait(struct completion *completion, enum park_reason reason, bool can_cancel,
                           bide_time deadline);

#endif
