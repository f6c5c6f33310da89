/* SPDX-License-Identifier: MIT */

/*
 * cases_evt.c - the cases EVT of the semantics: event
 *
 * All but the last count on the order in which the waiters come and are woken.
 */
#include "case.h"

#include <errno.h>

static bide_event event;

static int evt_01_w(void *arg)
{
	bide_event_wait(&event);
	LOG("%s", (const char *)arg);
	return 0;
}

CASE(EVT_01, "set wakes all, in order; waiting for a set event does not suspend",
     .trace = "set · a · b · c · at once")
{
	bide_task *t[3];

	t[0] = bide_spawn(evt_01_w, "a");
	t[1] = bide_spawn(evt_01_w, "b");
	t[2] = bide_spawn(evt_01_w, "c");
	bide_yield();
	bide_event_set(&event);
	LOG("set");
	bide_gather(3, t, NULL);
	bide_event_wait(&event);
	LOG("at once");
	return 0;
}

static int evt_02_w(void *arg)
{
	int r = bide_event_wait(&event);

	LOG("%s %s %s", (const char *)arg, ERR(r), BOOL(bide_event_is_set(&event)));
	return 0;
}

static int evt_02_n(void *arg)
{
	(void)arg;
	return bide_event_wait(&event);
}

CASE(EVT_02, "set and clear at once: who waited is woken all the same",
     .trace = "a 0 false · b 0 false · -ETIMEDOUT", .elapsed = 2)
{
	bide_task *t[2];

	t[0] = bide_spawn(evt_02_w, "a");
	t[1] = bide_spawn(evt_02_w, "b");
	bide_yield();
	bide_event_set(&event);
	bide_event_clear(&event);
	bide_yield();
	LOG("%s", ERR(bide_timeout(2 * U, evt_02_n, NULL)));
	bide_gather(2, t, NULL);
	return 0;
}

static int evt_04_w(void *arg)
{
	int first = bide_event_wait(&event);
	int second = bide_event_wait(&event);

	LOG("%s %s %s", (const char *)arg, ERR(first), ERR(second));
	return 0;
}

CASE(EVT_04, "set, then cancel before the waiter runs: the wait has succeeded",
     .trace = "a 0 -ECANCELED · b 0 0")
{
	bide_task *t[2];

	t[0] = bide_spawn(evt_04_w, "a");
	t[1] = bide_spawn(evt_04_w, "b");
	bide_yield();
	bide_event_set(&event);
	bide_cancel(t[0]);
	bide_gather(2, t, NULL);
	return 0;
}

static int evt_05_w(void *arg)
{
	(void)arg;
	bide_event_wait(&event);
	LOG("woke");
	bide_event_clear(&event);
	bide_sleep(BIDE_FOREVER);
	LOG("over");
	return 0;
}

CASE(EVT_05, "setting twice wakes once", .trace = "woke · false · over", .order = ANY_ORDER)
{
	bide_go(evt_05_w, NULL);
	bide_yield();
	bide_event_set(&event);
	bide_event_set(&event);
	bide_yield();
	bide_yield();
	LOG("%s", BOOL(bide_event_is_set(&event)));
	return 0;
}
