/* SPDX-License-Identifier: MIT */

/*
 * run_jobs.c - runs the shell commands of a file, some at once, each within a time limit
 *
 * usage: run_jobs [-j JOBS] [-t SECONDS] [FILE]
 *
 *   -j JOBS      so many at once; 4
 *   -t SECONDS   each job's time limit; none
 *   FILE         a command a line; blank lines and those with # in front are skipped;
 *                without it the commands come from standard input
 *
 * What a job prints is shown when it ends, so that the output of two never mixes. The
 * exit status is 0 if all jobs have ended with 0.
 *
 * To be seen in it: a group with a limit, which holds back the reading of further lines
 * while enough jobs run; a time limit around any code; and what a cancelled task does
 * about a process: each job is a session of its own, and is killed with all that it has
 * started. Ctrl-C cancels main, that cancels the group, and no process is left.
 *
 *   printf 'sleep 1\nls /\nfalse\n' | ./dev run examples/programs/run_jobs.c -j 2
 */
#define _GNU_SOURCE
#include <bide.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 1e9 /* 30 years; a bide_time holds 292 */

static struct {
	size_t at_once;
	bide_time limit;
	const char *file; /* NULL: standard input */
} settings = { .at_once = 4, .limit = BIDE_FOREVER };

static struct {
	int ok, failed, timed_out, cut_short;
} counts;

struct job {
	int number;
	const char *command;
	bide_process *process; /* while it runs */
	bide_buffer output; /* of both outputs, in the order in which it came */
};

/* Prints how the job has ended, and what it has printed. */
static void report(const struct job *job, const char *how, bide_time began)
{
	printf("[%d] %s: %s after %.2f s\n", job->number, job->command, how,
	       (double)(bide_now() - began) / BIDE_SECOND);
	if (job->output.size > 0) {
		fwrite(job->output.data, 1, job->output.size, stdout);
		if (job->output.data[job->output.size - 1] != '\n')
			putchar('\n');
	}
	fflush(stdout);
}

static void tell_status(char *ret, size_t size, int status)
{
	if (WIFSIGNALED(status))
		snprintf(ret, size, "killed by signal %d", WTERMSIG(status));
	else if (status != 0)
		snprintf(ret, size, "failed with %d", WEXITSTATUS(status));
	else
		snprintf(ret, size, "done");
}

/* Kills the job with all that it has started, takes what it has printed, waits for its end. */
static int end_process(void *arg)
{
	struct job *job = arg;

	kill(-bide_process_pid(job->process), SIGKILL);
	/* What has left the session lives on, and may have the output open for ever. */
	BIDE_TIMEOUT(BIDE_SECOND) {
		bide_process_communicate(job->process, NULL, 0, &job->output, NULL);
	}
	return bide_process_wait(job->process, NULL);
}

/* Runs the job to its end, or to that of its time. Returns 0 and its status, or why not. */
static int run_process(struct job *job, int *status)
{
	const char *const argv[] = { "sh", "-c", job->command, NULL };
	bide_scope scope;
	int r, why;

	job->process = bide_process_start(&(bide_process_options){
		.argv = argv,
		.in = BIDE_NULL,
		.out = BIDE_PIPE,
		.err = BIDE_TO_STDOUT,
		.flags = BIDE_NEW_SESSION,
	});
	if (job->process == NULL)
		return -errno;
	bide_scope_enter(&scope, settings.limit);
	r = bide_process_communicate(job->process, NULL, 0, &job->output, NULL);
	why = bide_scope_leave(&scope);
	if (r == 0)
		r = bide_process_wait(job->process, status);
	else
		bide_shield(end_process, job); /* r tells what matters */
	bide_process_free(job->process);
	return r == -ECANCELED && why == -ETIMEDOUT ? why : r;
}

static int run_job(void *arg)
{
	struct job *job = arg;
	bide_time began = bide_now();
	char how[40];
	int status = 0;
	int r = run_process(job, &status);

	if (r == -ETIMEDOUT) {
		counts.timed_out++;
		report(job, "timed out", began);
	} else if (r == -ECANCELED) {
		counts.cut_short++;
	} else if (r < 0) {
		counts.failed++;
		report(job, bide_strerror(r), began);
	} else {
		*(status == 0 ? &counts.ok : &counts.failed) += 1;
		tell_status(how, sizeof how, status);
		report(job, how, began);
	}
	free(job->output.data);
	free((char *)job->command);
	return 0; /* a job that fails is no reason to stop the others */
}

/* The job never runs. */
static void drop_job(void *arg)
{
	free((char *)((struct job *)arg)->command);
	counts.cut_short++;
}

/* Starts the command, once there is room for it. */
static int start_job(bide_group *jobs, int number, const char *command)
{
	const bide_task_options options = {
		.name = "job",
		.copy = sizeof(struct job),
		.drop = drop_job,
	};
	struct job job = { .number = number, .command = strdup(command) };
	int code;

	if (job.command == NULL)
		return -ENOMEM;
	if (bide_group_spawn_with(jobs, &options, run_job, &job) != NULL)
		return 0;
	code = errno;
	free((char *)job.command);
	return -code;
}

static int start_all(bide_group *jobs, bide_stream *lines)
{
	int number = 0;
	char *line;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = bide_stream_read_line(lines, &line)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		line += strspn(line, " \t");
		if (*line != '\0' && *line != '#')
			r = start_job(jobs, ++number, line);
	}
	return r < 0 ? r : (int)n;
}

static bide_stream *open_list(void)
{
	bide_stream *lines;
	int fd;

	if (settings.file != NULL)
		fd = bide_open(settings.file, O_RDONLY, 0);
	else
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0); /* none of the jobs' business */
	if (fd < 0)
		return NULL;
	lines = bide_stream_open(fd);
	if (lines == NULL)
		bide_close(fd);
	return lines;
}

static int async_main(void *arg)
{
	bide_stream *lines = open_list();
	bide_group jobs;
	int r, end;

	(void)arg;
	if (lines == NULL) {
		fprintf(stderr, "run_jobs: %s cannot be read\n",
		        settings.file != NULL ? settings.file : "the standard input");
		return -ENOENT;
	}
	bide_group_open_with(&jobs, BIDE_REAP);
	bide_group_limit(&jobs, settings.at_once);
	r = start_all(&jobs, lines);
	end = bide_group_close(&jobs);
	(void)bide_stream_close(lines); /* nothing was written */
	printf("%d done, %d failed, %d timed out", counts.ok, counts.failed, counts.timed_out);
	if (counts.cut_short > 0)
		printf(", %d cut short", counts.cut_short);
	putchar('\n');
	return r < 0 ? r : end;
}

static bool parse_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "j:t:")) != -1) {
		if (option == 'j' && atoi(optarg) > 0)
			settings.at_once = (size_t)atoi(optarg);
		else if (option == 't' && atof(optarg) > 0 && atof(optarg) < SECONDS_MAX)
			settings.limit = (bide_time)(atof(optarg) * BIDE_SECOND);
		else
			return false;
	}
	settings.file = optind < argc ? argv[optind] : NULL;
	return argc - optind <= 1;
}

int main(int argc, char *argv[])
{
	int r;

	if (!parse_options(argc, argv)) {
		fprintf(stderr, "usage: %s [-j JOBS] [-t SECONDS] [FILE]\n", argv[0]);
		return 2;
	}
	r = bide_run(async_main, NULL);
	if (r < 0)
		fprintf(stderr, "run_jobs: %s\n", bide_strerror(r));
	return r < 0 || counts.failed + counts.timed_out > 0;
}
