/* SPDX-License-Identifier: MIT */

/*
 * test.h - a test is a function with a name
 *
 * TEST(lock, release_hands_over_in_arrival_order) { … } defines the test
 * "lock.release_hands_over_in_arrival_order" and registers it; main.c runs what
 * is linked, each test in a process of its own, so that a crash or a hang fails
 * one test only. A failed check ends its test at once, from any stack.
 *
 * Arguments of a test program are substrings of the names to run; without any it
 * runs all. --list prints the names. The environment:
 *   BIDE_TEST_FILTER         one more substring
 *   BIDE_TEST_TIMEOUT_SCALE  multiplies the time limit of 60 s a test
 *   CK_FORK=no               run in this process, for a debugger
 *   CK_RUN_CASE=file         run the tests of this file, named without ".c"
 */
#ifndef TEST_SUPPORT_TEST_H
#define TEST_SUPPORT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test {
	const char *name;       /* "unit.sentence"; static */
	const char *file;       /* where it is defined */
	int line;
	int first;              /* it runs once for each of first … last */
	int last;
	void (*run)(const void *data, int iteration);
	const void *data;       /* handed to run */
	struct test *next;      /* written by test_register() */
};

/* Adds the test to what main() runs, in order of file and line; it is not copied. */
void test_register(struct test *test);

/* Fails the running test with a printf message. */
void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/*
 * Runs fn in a child process and stores what that writes to stderr, at most
 * size - 1 bytes. Returns how it ended, as waitpid(2) tells; exit code 0 where fn
 * returned.
 */
int test_child(void (*fn)(void), char *ret_text, size_t size);

/* By what the time limits of this run are to be multiplied; 1 by default. */
double test_timeout_scale(void);

/*
 * How many of something make many: n, or at most 1,500 where BIDE_TEST_SMALL is set,
 * for tools that are slow or have limits of their own.
 */
int test_many(int n);

#define TEST(unit, sentence)                                                                       \
	static void test_##unit##_##sentence(const void *test_data, int test_iteration);           \
	static struct test entry_##unit##_##sentence = {                                           \
		.name = #unit "." #sentence,                                                       \
		.file = __FILE__,                                                                  \
		.line = __LINE__,                                                                  \
		.run = test_##unit##_##sentence,                                                   \
	};                                                                                         \
	__attribute__((constructor)) static void register_##unit##_##sentence(void)                \
	{                                                                                          \
		test_register(&entry_##unit##_##sentence);                                         \
	}                                                                                          \
	static void test_##unit##_##sentence(const void *test_data __attribute__((unused)),        \
	                                     int test_iteration __attribute__((unused)))

#define CHECK(expr) ((expr) ? (void)0 : test_fail(__FILE__, __LINE__, "CHECK(%s)", #expr))

#define CHECK_INT(actual, expected)                                                                \
	test_check_int(__FILE__, __LINE__, #actual, (intmax_t)(actual), #expected,                 \
	               (intmax_t)(expected))

#define CHECK_STR(actual, expected)                                                                \
	test_check_str(__FILE__, __LINE__, #actual, (actual), #expected, (expected))

void test_check_int(const char *file, int line, const char *actual_text, intmax_t actual,
                    const char *expected_text, intmax_t expected);
void test_check_str(const char *file, int line, const char *actual_text, const char *actual,
                    const char *expected_text, const char *expected);

#endif
