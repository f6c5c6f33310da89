/* SPDX-License-Identifier: MIT */

/*
 * main.c - runs the tests that are linked with it
 *
 * Check has one function and one number for each test; the number is an index
 * into `runs`, which holds every test once for each of its iterations.
 */
#include "test.h"

#include <bide.h>
#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY_SMALL 1500
#define TIMEOUT_SECONDS 60.0

struct run {
	const struct test *test;
	int iteration;
};

static struct test *registered;         /* the latest first */
static struct test **tests;             /* those to run, in order */
static struct run *runs;
static int run_count;
static TTest *check_tests;
static char (*file_names)[64];          /* without ".c"; Check keeps pointers into it */
static int file_count;
static SRunner *runner;
static pid_t test_process;

/*
 * The leak sanitizer asks this when a process ends. A child that a test has
 * forked may end half-way through anything.
 */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return getpid() != test_process;
}

void test_register(struct test *test)
{
	test->next = registered;
	registered = test;
}

int test_many(int n)
{
	const char *small = getenv("BIDE_TEST_SMALL");
	bool is_small = small != NULL && small[0] != '\0' && strcmp(small, "0") != 0;

	return is_small && n > MANY_SMALL ? MANY_SMALL : n;
}

double test_timeout_scale(void)
{
	const char *text = getenv("BIDE_TEST_TIMEOUT_SCALE");
	double scale = text == NULL ? 1.0 : atof(text);

	return scale > 0 ? scale : 1.0;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	char message[6000];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);

	/* Without a process to end, Check would jump to a stack that is not ours. */
	if (bide_self() != NULL && srunner_fork_status(runner) == CK_NOFORK) {
		fprintf(stderr, "%s:%d: %s\n", file, line, message);
		abort();
	}
	_ck_assert_failed(file, line, "Failed", "%s", message);
}

void test_check_int(const char *file, int line, const char *actual_text, intmax_t actual,
                    const char *expected_text, intmax_t expected)
{
	if (actual != expected)
		test_fail(file, line, "%s is %jd, not %s, which is %jd", actual_text, actual,
		          expected_text, expected);
}

void test_check_str(const char *file, int line, const char *actual_text, const char *actual,
                    const char *expected_text, const char *expected)
{
	if (actual == NULL)
		test_fail(file, line, "%s is NULL, not %s", actual_text, expected_text);
	if (strcmp(actual, expected) != 0)
		test_fail(file, line, "%s is \"%s\", not \"%s\"", actual_text, actual, expected);
}

static bool is_selected(const struct test *test, char **patterns)
{
	const char *more = getenv("BIDE_TEST_FILTER");

	if (more != NULL && strstr(test->name, more) == NULL)
		return false;
	if (*patterns == NULL)
		return true;
	for (; *patterns != NULL; patterns++)
		if (strstr(test->name, *patterns) != NULL)
			return true;
	return false;
}

/*
 * The order of constructors within a file is the compiler's business, so the
 * tests are sorted by where they stand.
 */
static int compare_places(const void *a, const void *b)
{
	const struct test *one = *(struct test *const *)a;
	const struct test *two = *(struct test *const *)b;
	int r = strcmp(one->file, two->file);

	if (r != 0)
		return r;
	if (one->line != two->line)
		return one->line - two->line;
	return strcmp(one->name, two->name);
}

static int sort_tests(char **patterns)
{
	int count = 0;

	for (struct test *test = registered; test != NULL; test = test->next)
		count++;
	tests = calloc((size_t)count + 1, sizeof(struct test *));
	if (tests == NULL)
		abort();

	count = 0;
	for (struct test *test = registered; test != NULL; test = test->next)
		if (is_selected(test, patterns))
			tests[count++] = test;
	qsort(tests, (size_t)count, sizeof(struct test *), compare_places);
	return count;
}

/* Check's own handlers, which a test would inherit, kill whoever gets a signal. */
static void reset_signals(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
}

static void run_indexed(int index)
{
	const struct run *run = &runs[index];

	if (srunner_fork_status(runner) == CK_FORK)
		reset_signals();
	test_process = getpid();
	run->test->run(run->test->data, run->iteration);
}

/* "dir/cases_slp.c" gives the Check case "cases_slp". */
static TCase *open_case(Suite *suite, const char *file)
{
	const char *slash = strrchr(file, '/');
	char *name = file_names[file_count++];
	TCase *tcase;

	snprintf(name, sizeof file_names[0], "%s", slash == NULL ? file : slash + 1);
	name[strcspn(name, ".")] = '\0';
	tcase = tcase_create(name);
	tcase_set_timeout(tcase, TIMEOUT_SECONDS * test_timeout_scale());
	suite_add_tcase(suite, tcase);
	return tcase;
}

static Suite *make_suite(int count)
{
	Suite *suite = suite_create("bide");
	const char *file = "";
	TCase *tcase = NULL;
	int total = 0;

	for (int i = 0; i < count; i++)
		total += tests[i]->last - tests[i]->first + 1;
	runs = calloc((size_t)total, sizeof(struct run));
	check_tests = calloc((size_t)count, sizeof(TTest));
	file_names = calloc((size_t)count, sizeof file_names[0]);
	if (runs == NULL || check_tests == NULL || file_names == NULL)
		abort();

	for (int i = 0; i < count; i++) {
		const struct test *test = tests[i];
		TTest entry = { test->name, run_indexed, test->file, test->line };
		int from = run_count;

		if (strcmp(file, test->file) != 0)
			tcase = open_case(suite, test->file);
		file = test->file;
		for (int k = test->first; k <= test->last; k++)
			runs[run_count++] = (struct run){ test, k };
		memcpy(&check_tests[i], &entry, sizeof entry);
		_tcase_add_test(tcase, &check_tests[i], 0, 0, from, run_count);
	}
	return suite;
}

int main(int argc, char **argv)
{
	bool only_list = argc > 1 && strcmp(argv[1], "--list") == 0;
	int count, failed_count;

	test_process = getpid();
	count = sort_tests(argv + (only_list ? 2 : 1));
	if (count == 0) {
		fprintf(stderr, "%s: no test has such a name\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (int i = 0; only_list && i < count; i++)
		puts(tests[i]->name);
	if (only_list)
		return EXIT_SUCCESS;

	runner = srunner_create(make_suite(count));
	srunner_run_all(runner, CK_ENV);
	failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
