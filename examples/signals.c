/* SPDX-License-Identifier: MIT */

/*
 * signals.c - a service that reloads on SIGHUP and ends gracefully on SIGTERM
 *
 * usage: signals FILE        the first line of it is the configuration
 *
 * Signals come to a task, which may do all that a task may. There are no handlers
 * with their restrictions, and no global flags that somebody would have to look at.
 */
#include <bide.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static char configuration[100];
static int begun, done;

/* Blocks, so it runs on a thread of the pool; there may be a network behind the file. */
static int load(void *path)
{
	FILE *in = fopen(path, "re");
	char *line;

	if (in == NULL)
		return -errno;
	line = fgets(configuration, sizeof configuration, in);
	fclose(in);
	configuration[strcspn(configuration, "\n")] = '\0';
	return line == NULL ? -ENODATA : 0;
}

static int handle_request(void *arg)
{
	(void)arg;
	begun++;
	bide_sleep(100 * BIDE_MILLISECOND);
	done++;
	return 0;
}

/* Cancelled, it still finishes the request that it has begun. */
static int serve(void *arg)
{
	/* Main waits by now; from then on a SIGTERM does not kill the process. */
	printf("ready: %s\n", configuration);
	while (bide_checkpoint() == 0)
		bide_shield(handle_request, arg);
	return -ECANCELED;
}

static int async_main(void *path)
{
	int r = bide_to_thread(load, path);
	bide_task *server;
	sigset_t set;

	if (r < 0)
		return r;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	server = bide_spawn(serve, NULL);
	while ((r = bide_signal_wait(&set)) == SIGHUP) {
		r = bide_to_thread(load, path);
		printf("%sreloaded: %s\n", r < 0 ? "not " : "",
		       r < 0 ? bide_strerror(r) : configuration);
	}
	bide_cancel(server);
	bide_join(server);
	printf("%s, %d requests lost\n", r < 0 ? "cancelled" : "ended", begun - done);
	return r;
}

int main(int argc, char *argv[])
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	return argc != 2 || bide_run(async_main, argv[1]) < 0;
}
