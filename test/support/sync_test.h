/* SPDX-License-Identifier: MIT */

/*
 * sync_test.h - tests of what tasks wait in
 *
 * NOTE() appends to what the tasks of a test have done so far; CHECK_NOTES() compares
 * it, separated by " · ", and begins anew. Tasks have names, by which notes, dumps
 * and reports call them.
 */
#ifndef TEST_SUPPORT_SYNC_TEST_H
#define TEST_SUPPORT_SYNC_TEST_H

#include "loop_test.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static char notes[4096];

__attribute__((format(printf, 1, 2))) static inline void note(const char *format, ...)
{
	size_t used = strlen(notes);
	va_list args;

	va_start(args, format);
	used += (size_t)snprintf(notes + used, sizeof notes - used, "%s", used > 0 ? " · " : "");
	used += (size_t)vsnprintf(notes + used, sizeof notes - used, format, args);
	va_end(args);
	CHECK(used < sizeof notes);
}

#define NOTE(...) note(__VA_ARGS__)

#define CHECK_NOTES(expected)                                                                      \
	do {                                                                                       \
		CHECK_STR(notes, (expected));                                                      \
		notes[0] = '\0';                                                                   \
	} while (0)

/* The running task's name; "main" for that of a LOOP_TEST. */
static inline const char *my_name(void)
{
	const char *name = bide_name(bide_self());

	/* All others were named; where there are no symbols main is an address. */
	return strcmp(name, "loop_test_main") == 0 || name[0] == '0' ? "main" : name;
}

static inline bide_task *spawn_named(const char *name, bide_fn *fn, void *arg)
{
	bide_task *task = bide_spawn_with(&(bide_task_options){ .name = name }, fn, arg);

	CHECK(task != NULL);
	return task;
}

/* Lets every task go on until each has ended or waits for something. */
static inline void settle(void)
{
	CHECK_INT(bide_sleep(BIDE_NANOSECOND), 0);
}

static inline int note_other(void *arg)
{
	(void)arg;
	NOTE("other");
	return 0;
}

/* A task that is ready and tells when it gets the thread. */
static inline bide_task *spawn_other(void)
{
	return spawn_named("other", note_other, NULL);
}

/* Runs the statements and checks that no other task got the thread meanwhile. */
#define WITHOUT_SUSPENSION(...)                                                                    \
	do {                                                                                       \
		bide_task *other_ = spawn_other();                                                 \
		__VA_ARGS__;                                                                       \
		CHECK_NOTES("");                                                                   \
		CHECK_INT(bide_join(other_), 0);                                                   \
		CHECK_NOTES("other");                                                              \
	} while (0)

/* ---- what is printed ---- */

static char printed[16384];

/* What bide_dump() prints. */
static inline const char *dump_tasks(void)
{
	FILE *out = fmemopen(printed, sizeof printed, "w");

	CHECK(out != NULL);
	bide_dump(out);
	CHECK_INT(fclose(out), 0);
	return printed;
}

/* The line of a printed tree that tells about the task. */
static inline const char *task_line(const char *text, const char *name)
{
	static char lines[4][512];
	static int next;
	char *line = lines[next++ % 4];
	char begin[80];
	const char *found;

	snprintf(begin, sizeof begin, " %s: ", name);
	found = strstr(text, begin);
	if (found == NULL)
		test_fail(__FILE__, __LINE__, "no line is about \"%s\" in: %s", name, text);
	snprintf(line, sizeof lines[0], "%.*s", (int)strcspn(found, "\n"), found);
	return line;
}

#define CHECK_CONTAINS(text, part) check_contains(__FILE__, __LINE__, (text), (part))

static inline void check_contains(const char *file, int line, const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		test_fail(file, line, "\"%s\" is not in: %s", part, text);
}

/* ---- programs in a process of their own ---- */

static bide_options child_options;
static bide_fn *child_main;

static inline void run_child(void)
{
	int r = bide_run_with(&child_options, child_main, NULL);

	fprintf(stderr, "noted %s\nresult %s\n", notes, ERR(r));
}

/*
 * Runs a program in a process of its own. What that prints is left in `printed`;
 * in the end it prints the notes and what bide_run() returned.
 */
static inline void run_in_child(unsigned flags, int backend, bide_fn *fn)
{
	child_options = (bide_options){ .flags = flags, .backend = backend };
	child_main = fn;
	CHECK_INT(test_child(run_child, printed, sizeof printed), 0);
}

/* Whatever is printed beside the end is a report. */
static inline void check_no_deadlock(bide_fn *fn, const char *expected)
{
	run_in_child(BIDE_VIRTUAL_CLOCK, BIDE_BACKEND_EPOLL, fn);
	CHECK_STR(printed, expected);
	run_in_child(BIDE_VIRTUAL_CLOCK, BIDE_BACKEND_AUTO, fn);
	CHECK_STR(printed, expected);
}

/* ---- what ends the process ---- */

static bide_options crime_options;
static bide_fn *crime;

static inline int become_culprit(void *arg)
{
	(void)arg;
	bide_set_name(bide_self(), "culprit");
	return crime(NULL);
}

static inline void commit_crime(void)
{
	(void)bide_run_with(&crime_options, become_culprit, NULL);
}

/*
 * Runs fn as the main task, named "culprit", in a child process. That must abort,
 * and what it prints must tell the name. Returns what it prints.
 */
static inline const char *check_aborts_with(unsigned flags, bide_fn *fn)
{
	int status;

	crime_options.flags = flags | BIDE_VIRTUAL_CLOCK;
	crime = fn;
	status = test_child(commit_crime, printed, sizeof printed);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		test_fail(__FILE__, __LINE__, "status is %#x, not SIGABRT; it printed: %s",
		          (unsigned)status, printed);
	CHECK_CONTAINS(printed, "culprit");
	return printed;
}

static inline const char *check_aborts(bide_fn *fn)
{
	return check_aborts_with(0, fn);
}

#endif
