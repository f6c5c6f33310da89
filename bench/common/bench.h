/* SPDX-License-Identifier: MIT */

/*
 * bench.h - how a C or C++ program of the comparison measures itself
 *
 *	struct bench bench = bench_init("spawn", 1, argc, argv);
 *
 *	for (int64_t units; (units = bench_next(&bench)) != 0;)
 *		for (; units != 0; units--)
 *			what_is_measured();
 *
 * The first repetitions warm up and find out how many units fill the time asked
 * for; the others each print a line "workload param ns_per_op". bench.go,
 * bench.rs and bench.py do the same, so that no peer is measured differently.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct bench {
	const char *workload;
	long param;                     /* the first argument: how many tasks */
	long repetitions_left;          /* the second; lines still to print */
	int64_t duration;               /* the third, in ms there: ns of a repetition */
	int64_t units;                  /* in the repetition that runs; 0: none does */
	int64_t started;
	double ops_per_unit;
	bool is_warm;
};

static inline int64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Returns the CPU time, user and system, that the process has had. */
static inline int64_t bench_cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static inline void bench_fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static inline void bench_print(const char *workload, long param, double value)
{
	printf("%s %ld %.2f\n", workload, param, value);
	fflush(stdout);
}

static inline struct bench bench_init(const char *workload, double ops_per_unit, int argc,
                                      char **argv)
{
	struct bench bench;

	if (argc != 4)
		bench_fail("usage: PARAM REPETITIONS MILLISECONDS");
	memset(&bench, 0, sizeof(bench));
	bench.workload = workload;
	bench.param = atol(argv[1]);
	bench.repetitions_left = atol(argv[2]);
	bench.duration = atol(argv[3]) * 1000000;
	bench.ops_per_unit = ops_per_unit;
	return bench;
}

/* Warms up until one repetition fills half of its time, growing at most tenfold. */
static inline void bench_calibrate(struct bench *bench, int64_t elapsed)
{
	double factor = (double)bench->duration / (double)(elapsed + 1);

	bench->is_warm = elapsed >= bench->duration / 2;
	if (factor > 10)
		factor = 10;
	bench->units = (int64_t)((double)bench->units * factor);
	if (bench->units == 0)
		bench->units = 1;
}

/*
 * Ends the repetition that runs and begins the next one. Returns how many units
 * that is to do, 0 once there are enough.
 */
static inline int64_t bench_next(struct bench *bench)
{
	int64_t elapsed = bench_now() - bench->started;

	if (bench->units == 0) {
		bench->units = 1;
	} else if (!bench->is_warm) {
		bench_calibrate(bench, elapsed);
	} else {
		bench_print(bench->workload, bench->param,
		            (double)elapsed / ((double)bench->units * bench->ops_per_unit));
		if (--bench->repetitions_left == 0)
			return 0;
	}
	bench->started = bench_now();
	return bench->units;
}

/* Returns the bytes of memory that a process holds, its page tables included. */
static inline double bench_memory_of(pid_t pid)
{
	char line[256];
	long kib, sum = 0;
	FILE *status;

	snprintf(line, sizeof(line), "/proc/%d/status", (int)pid);
	status = fopen(line, "r");
	if (status == NULL)
		bench_fail("/proc/PID/status cannot be read");
	while (fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kib) == 1 || sscanf(line, "VmPTE: %ld", &kib) == 1)
			sum += kib;
	fclose(status);
	return (double)sum * 1024;
}

static inline double bench_memory(void)
{
	return bench_memory_of(getpid());
}

#endif
