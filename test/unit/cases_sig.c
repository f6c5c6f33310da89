/* SPDX-License-Identifier: MIT */

/* cases_sig.c - SIG: signals */
#include "signal_test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* A plain thread that sends the process one signal after some time. */
struct sender {
	pthread_t thread;
	int signo;
	int delay;              /* in u */
};

static void *sender_run(void *arg)
{
	const struct sender *sender = arg;

	case_block(sender->delay);
	CHECK_INT(kill(getpid(), sender->signo), 0);
	return NULL;
}

static void sender_start(struct sender *sender)
{
	CHECK_INT(pthread_create(&sender->thread, NULL, sender_run, sender), 0);
}

static void sender_join(struct sender *sender)
{
	CHECK_INT(pthread_join(sender->thread, NULL), 0);
}

static int sig01_clean(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	LOG("cleaned up");
	return 0;
}

static int sig01_main(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	LOG("%s", ERR(r));
	bide_shield(sig01_clean, NULL);
	return r;
}

PROGRAM(SIG_01, "SIGINT: main is cancelled, cleans up, then run gives -EINTR",
        .trace = "-ECANCELED · cleaned up · -EINTR", .elapsed = 2, .real_only = true)
{
	struct sender sender = { .signo = SIGINT, .delay = 1 };

	sender_start(&sender);
	LOG("%s", ERR(bide_run_with(case_options(), sig01_main, NULL)));
	sender_join(&sender);
}

static int sig02_main(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	LOG("%d", bide_uncancel());
	return 5;
}

PROGRAM(SIG_02, "main swallows the SIGINT and returns a value: run gives that", .trace = "1 · 5",
        .elapsed = 1, .real_only = true)
{
	struct sender sender = { .signo = SIGINT, .delay = 1 };

	sender_start(&sender);
	LOG("%s", ERR(bide_run_with(case_options(), sig02_main, NULL)));
	sender_join(&sender);
}

static bool is_same_action(const struct sigaction *a, const struct sigaction *b)
{
	for (int signo = 1; signo < NSIG; signo++)
		if (sigismember(&a->sa_mask, signo) != sigismember(&b->sa_mask, signo))
			return false;
	return a->sa_handler == b->sa_handler && a->sa_flags == b->sa_flags;
}

static int sig04_main(void *arg)
{
	(void)arg;
	return bide_sleep(0);
}

static int sig04_raise(void *arg)
{
	(void)arg;
	raise(SIGINT);
	return 0;
}

static void sig04_handler(int signo)
{
	(void)signo;
	LOG("handled");
}

/* LOG() in the handler is safe as raise() does not come in the midst of one. */
PROGRAM(SIG_04, "after run the previous SIGINT action is back; one of the program's own is left",
        .trace = "0 · true · handled · 0 · true", .real_only = true)
{
	struct sigaction own = { .sa_handler = sig04_handler };
	struct sigaction old, now;

	CHECK_INT(sigaction(SIGINT, NULL, &old), 0);
	LOG("%s", ERR(bide_run_with(case_options(), sig04_main, NULL)));
	CHECK_INT(sigaction(SIGINT, NULL, &now), 0);
	LOG("%s", BOOL(is_same_action(&now, &old)));

	CHECK_INT(sigaction(SIGINT, &own, NULL), 0);
	CHECK_INT(sigaction(SIGINT, NULL, &old), 0);
	LOG("%s", ERR(bide_run_with(case_options(), sig04_raise, NULL)));
	CHECK_INT(sigaction(SIGINT, NULL, &now), 0);
	LOG("%s", BOOL(is_same_action(&now, &old)));
}

static bide_event sig05_e;

static int sig05_w(void *arg)
{
	(void)arg;
	LOG("%s", BOOL(wait_for(SIGUSR1) == SIGUSR1));
	bide_event_set(&sig05_e);
	return 0;
}

static int sig05_raise(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	raise(SIGUSR1);
	return 0;
}

CASE(SIG_05, "signal_wait: the signal arrives in a task, which may touch everything",
     .trace = "true · 0", .elapsed = 1, .real_only = true)
{
	bide_go(sig05_w, NULL);
	bide_go(sig05_raise, NULL);
	LOG("%s", ERR(bide_event_wait(&sig05_e)));
	return 0;
}

CASE(SIG_08, "a signal wakes a loop that sleeps with no timer at all", .trace = "true",
     .elapsed = 2, .real_only = true)
{
	struct sender sender = { .signo = SIGUSR1, .delay = 2 };

	sender_start(&sender);
	LOG("%s", BOOL(wait_for(SIGUSR1) == SIGUSR1));
	sender_join(&sender);
	return 0;
}

static int sig10_raise(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	raise(SIGINT);
	return 0;
}

static int sig10_main(void *arg)
{
	(void)arg;
	bide_go(sig10_raise, NULL);
	LOG("%s", ERR(bide_sleep(3 * U)));
	return 4;
}

PROGRAM(SIG_10, "SIGINT ignored when run begins stays ignored", .trace = "0 · 4", .elapsed = 3,
        .real_only = true)
{
	signal(SIGINT, SIG_IGN);
	LOG("%s", ERR(bide_run_with(case_options(), sig10_main, NULL)));
}
