/* SPDX-License-Identifier: MIT */

/*
 * bide/signal.h - waiting for signals
 */
#ifndef BIDE_SIGNAL_H
#define BIDE_SIGNAL_H

#include <bide/base.h>
#include <signal.h>
#include <sys/select.h>                 /* sigset_t, in strict C11, too */

BIDE_BEGIN_DECLS

/*
 * Suspends until one of the signals in the set comes. The first wait takes them over:
 * from then on they have no other effect in the process, SIGINT's on bide_run()
 * included; the masks of threads are left alone. One that comes while nobody waits
 * for it is kept for the next wait, one of each kind: as signals of one kind merge, a
 * SIGCHLD says that one or more children have changed. One that comes while several
 * tasks wait for it, on whichever loops, wakes all of them. In the child of a fork it
 * has no effect either, until exec.
 *
 * Returns the signal's number, or
 *   -EINVAL     the set is empty, or has a signal that cannot be handled
 *   -ECANCELED  the task or a scope around it was cancelled meanwhile
 *   -EPERM      no task runs here
 */
BIDE_API int bide_signal_wait(const sigset_t *set);

BIDE_END_DECLS

#endif
