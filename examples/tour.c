/* SPDX-License-Identifier: MIT */

/*
 * tour.c - runs the example programs and says what is to be seen
 *
 * The programs stand beside this one. Each runs as a process of its own behind a
 * pseudo-terminal, so that its lines come as they are printed, and each line is
 * shown with the time at which it came. All of it is one task of bide: the lines
 * come out of a generator, and a time limit ends a program that hangs.
 */
#define _GNU_SOURCE
#include <bide.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_LIMIT (30 * BIDE_SECOND)
#define LINE_BYTES 1000
#define ARGUMENTS_MAX 20

struct stop {
	const char *program;
	const char *what;
	const char *compare; /* said behind the time that it took */
};

static const struct stop stops[] = {
	{ "sleep_concurrently",
	  "Ten tasks sleep one second each. A task that sleeps lets the others go on, so\n"
	  "they all sleep at once.",
	  "one after the other: 10.0 s" },
	{ "sleep_blocking",
	  "The same ten with sleep(1), a call of the operating system. That knows nothing\n"
	  "of tasks: it stops the whole thread, so one task sleeps after the other.",
	  "that is one after the other: 10.0 s" },
	{ "recursive",
	  "Each task spawns two more and sleeps for ever. The first one at depth 6 cancels\n"
	  "all others: 63 sleepers, 63 that had yet to start, and main.",
	  "one after the other: no end, the first one sleeps for ever" },
	{ "recursive_gather",
	  "The same, but each task gathers the two it spawned: cancelling a parent cancels\n"
	  "its children, and no parent ends before they have.",
	  "one after the other: no end here, either" },
	{ "timeout",
	  "A time limit stands around code of any kind. The first one is kept, the others\n"
	  "cut short what is inside.",
	  "without the limits: 10.2 s, and a loop without an end" },
	{ "group",
	  "Three downloads in a group. The second one fails after half a second; that\n"
	  "cancels the third, which would have taken 10 s.",
	  "one after the other, to the end: 10.7 s" },
	{ "generator",
	  "A recursive function walks a tree and hands out one word at a time. It is asked\n"
	  "for four of seven, then freed.",
	  "nothing waits here" },
	{ "ticker",
	  "Something to do every 200 ms, which takes from 50 to 500 ms itself. The grid\n"
	  "stands; ticks that were missed are counted.",
	  "with a sleep of 200 ms before each: 1.6 s" },
	{ "philosophers",
	  "Five philosophers, five locks, and each needs two of them to eat. They take them\n"
	  "in an order in which nobody waits for ever; `philosophers deadlock` does not.",
	  "one after the other: 0.2 s" },
	{ "pipeline",
	  "Three stages with queues of two between them. The second one takes 20 ms for each\n"
	  "number, and a full queue holds back the first.",
	  "as long as the second stage by itself" },
};

static const char echo_what[] =
	"A server on a port that the kernel picks, one task a connection, and a client with\n"
	"1,000 connections at once, of three messages and 0.3 s of pauses each.";

static const char http_what[] =
	"A file server, which shows the folder of these programs, and a downloader, which\n"
	"fetches ten of them, four at once. Both say how they end.";

#define STOP_COUNT ((int)(sizeof stops / sizeof stops[0]))

/* A program that runs. */
struct child {
	pid_t pid;
	int fd; /* its terminal, from our side */
	bide_time start;
	bide_gen *lines;
};

static char *examples; /* the folder of this program, with a slash */

static double seconds_since(bide_time start)
{
	return (double)(bide_now() - start) / BIDE_SECOND;
}

struct line {
	char text[LINE_BYTES];
	size_t length;
};

/* Yields the line once it is complete. Returns as bide_gen_yield(). */
static int line_add(struct line *line, char c)
{
	if (c == '\n') {
		line->text[line->length] = '\0';
		line->length = 0;
		return bide_gen_yield(line->text);
	}
	/* A terminal ends a line with both; what is too long is cut. */
	if (c != '\r' && line->length < sizeof line->text - 1)
		line->text[line->length++] = c;
	return 0;
}

/* A generator of lines, each a char[LINE_BYTES], until the terminal is closed. */
static int read_lines(void *arg)
{
	const struct child *child = arg;
	struct line line = { .length = 0 };
	char buf[512];
	ssize_t n;

	while ((n = bide_read(child->fd, buf, sizeof buf)) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (line_add(&line, buf[i]) < 0)
				return 0;
	return n == -ECANCELED ? (int)n : 0;
}

static void run_program(char *argv[])
{
	/* A shell's background job ignores it, but the server is to get one. */
	signal(SIGINT, SIG_DFL);
	execv(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* As forkpty(), but without a terminal, as where none is to be had: lines come late. */
static pid_t fork_on_pipe(int *ret_fd)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

/* The arguments are an array that ends with NULL, and at most ARGUMENTS_MAX. */
static int child_start(struct child *child, const char *program, char *const arguments[])
{
	char path[4096];
	char *argv[ARGUMENTS_MAX + 2] = { path };

	for (int i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
		argv[i + 1] = arguments[i];
	snprintf(path, sizeof path, "%s%s", examples, program);
	child->start = bide_now();
	child->lines = bide_gen_new(LINE_BYTES, read_lines, child);
	if (child->lines == NULL)
		return -ENOMEM;

	child->pid = forkpty(&child->fd, NULL, NULL, NULL);
	if (child->pid < 0)
		child->pid = fork_on_pipe(&child->fd);
	if (child->pid < 0) {
		bide_gen_free(child->lines);
		return -errno;
	}
	if (child->pid == 0)
		run_program(argv);
	return 0;
}

/* Shows the next line that the program prints. Returns 1, 0 at the end, or -ECANCELED. */
static int child_show_line(struct child *child, char *line)
{
	int r = bide_gen_next(child->lines, line);

	if (r == 1)
		printf("  %6.2f s | %s\n", seconds_since(child->start), line);
	return r;
}

/* Shows what the program has yet to print and collects it. Returns whether it did well. */
static bool child_end(struct child *child, const char *compare)
{
	char line[LINE_BYTES];
	int status;
	int r;

	do
		r = child_show_line(child, line);
	while (r == 1);
	if (r < 0)
		kill(child->pid, SIGKILL);
	bide_gen_free(child->lines);
	bide_close(child->fd);

	/* It has closed its terminal or was killed: this does not take long. */
	waitpid(child->pid, &status, 0);
	if (compare != NULL)
		printf("  took %.1f s; %s\n", seconds_since(child->start), compare);
	if (r < 0)
		puts("  FAILED: cut short");
	else if (WIFSIGNALED(status))
		printf("  FAILED: ended by signal %d\n", WTERMSIG(status));
	else if (status != 0)
		printf("  FAILED: exit status %d\n", WEXITSTATUS(status));
	return r == 0 && status == 0;
}

static bool visit(const struct stop *stop)
{
	struct child child;

	if (child_start(&child, stop->program, (char *[]){ NULL }) < 0)
		return false;
	return child_end(&child, stop->compare);
}

static bool visit_echo(void)
{
	struct child server, client;
	char line[LINE_BYTES];
	char port[8] = "";
	bool well = false;

	if (child_start(&server, "echo_server", (char *[]){ "0", NULL }) < 0)
		return false;
	if (child_show_line(&server, line) == 1)
		sscanf(line, "listening on 127.0.0.1 port %7s", port);

	if (child_start(&client, "echo_client", (char *[]){ "127.0.0.1", port, NULL }) == 0)
		well = child_end(&client, "one after the other: 300.0 s");
	puts("  Now Ctrl-C for the server:");
	kill(server.pid, SIGINT);
	return child_end(&server, NULL) && well;
}

/* Fetches the programs of the first ten stops from the server. */
static bool fetch(const char *url, const char *folder)
{
	char urls[10][LINE_BYTES + 40], path[100];
	char *arguments[15] = { "-n", "4", "-o", (char *)folder };
	struct child client;
	bool well = false;

	for (int i = 0; i < 10; i++) {
		snprintf(urls[i], sizeof urls[i], "%s%s", url, stops[i].program);
		arguments[4 + i] = urls[i];
	}
	if (child_start(&client, "download", arguments) == 0)
		well = child_end(&client, "nothing is far away here");
	for (int i = 0; i < 10; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, stops[i].program);
		unlink(path);
	}
	return well;
}

static bool visit_http(void)
{
	char folder[] = "/tmp/bide-tour.XXXXXX", path[4096], line[LINE_BYTES];
	struct child server;
	const char *url;
	bool well = false;

	snprintf(path, sizeof path, "%shttp_server", examples);
	if (access(path, X_OK) < 0) {
		puts("  left out: they were not built, as http-parser is not installed");
		return true;
	}
	if (child_start(&server, "http_server", (char *[]){ examples, NULL }) < 0)
		return false;
	if (child_show_line(&server, line) == 1 && (url = strstr(line, "http://")) != NULL &&
	    mkdtemp(folder) != NULL) {
		well = fetch(url, folder);
		rmdir(folder);
	}
	puts("  Now Ctrl-C for the server:");
	kill(server.pid, SIGINT);
	return child_end(&server, NULL) && well;
}

static void headline(int number, const char *program, const char *what)
{
	printf("[%d/%d] examples/%s.c\n%s\n\n", number, STOP_COUNT + 2, program, what);
}

static int async_main(void *arg)
{
	bide_time start = bide_now();
	bool well = true;

	(void)arg;
	for (int i = 0; i < STOP_COUNT && bide_checkpoint() == 0; i++) {
		headline(i + 1, stops[i].program, stops[i].what);
		BIDE_TIMEOUT(STOP_LIMIT) {
			well &= visit(&stops[i]);
		}
		putchar('\n');
	}
	if (bide_checkpoint() < 0)
		return -ECANCELED;

	headline(STOP_COUNT + 1, "echo_server", echo_what);
	BIDE_TIMEOUT(STOP_LIMIT) {
		well &= visit_echo();
	}
	if (bide_checkpoint() < 0)
		return -ECANCELED;

	putchar('\n');
	headline(STOP_COUNT + 2, "programs/http_server", http_what);
	BIDE_TIMEOUT(STOP_LIMIT) {
		well &= visit_http();
	}
	if (!well)
		return -EIO;
	printf("\nThat was the tour: %.1f s. The programs are in examples/, those of at most 80 "
	       "lines\n"
	       "each, and the bigger ones in examples/programs/; README.md says where everything\n"
	       "else is.\n",
	       seconds_since(start));
	return bide_checkpoint();
}

int main(void)
{
	char path[4096] = "";
	char *slash;
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	setenv("TERM", "dumb", 1); /* lines are all that is shown */
	if (readlink("/proc/self/exe", path, sizeof path - 1) < 0) {
		perror("/proc/self/exe");
		return 1;
	}
	slash = strrchr(path, '/');
	slash[1] = '\0';
	examples = path;

	r = bide_run(async_main, NULL);
	if (r < 0)
		printf("\nThe tour ended early: %s\n", r == -EINTR ? "Ctrl-C" : "see FAILED above");
	return r < 0;
}
