/* SPDX-License-Identifier: MIT */

/*
 * connect.c - a connection to one of a host's addresses
 *
 * A host has several addresses, and one that does not answer costs minutes where they
 * are tried in turn. So they race, as RFC 8305 ("Happy Eyeballs") has it: the families
 * take turns, beginning with that of the first address; each attempt has 250 ms before
 * the next one joins it, which it does at once where one fails. The first one that is
 * connected wins, and the others are cancelled. Each attempt is a task, and its
 * result the descriptor: nothing is left behind, as each is joined.
 *
 * That IPv6 is tried before the answer about IPv4 is there, as the RFC asks for, is not
 * to be had from getaddrinfo(3), which gives all addresses at once, in the order of
 * RFC 6724.
 *
 * Invariant
 *   HE1  A descriptor is the result of a task in the race until that is joined; then it
 *        is race->fd or closed.
 */
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_socket.h"
#include "core/wait.h"
#include "io/dns.h"

#include <bide/group.h>
#include <bide/io.h>
#include <bide/net.h>
#include <netinet/tcp.h>
#include <string.h>

#define ATTEMPT_DELAY (250 * BIDE_MILLISECOND)

struct race {
	const struct addrinfo **order;  /* whom to try, in this order; owned */
	size_t count;
	size_t next;                    /* the first one that was not tried yet */
	bide_task **running;            /* owned, as are the handles */
	size_t running_count;
	int fd;                         /* owned: the winner; negative: none yet */
	int failure;                    /* the one that tells most */
};

int bide__connect_new(const struct address *address)
{
	int fd = bide__sys_socket(address->any.sa_family, SOCK_STREAM);
	int r;

	if (fd < 0)
		return fd;
	r = bide_connect(fd, &address->any, address->len);
	if (r < 0) {
		(void)bide_close(fd);           /* what failed before is what counts */
		return r;
	}
	return fd;
}

/* An attempt. Returns a descriptor or why there is none. */
static int attempt_run(void *arg)
{
	const struct addrinfo *to = arg;
	struct address address = { .len = to->ai_addrlen };
	int fd, r;

	memcpy(&address.any, to->ai_addr, to->ai_addrlen);
	fd = bide__connect_new(&address);
	if (fd < 0)
		return fd;
	r = bide__sys_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (r < 0) {
		(void)bide_close(fd);           /* what failed before is what counts */
		return r;
	}
	return fd;
}

/* Whether the attempt failed before it reached anybody: the host may be fine. */
static bool is_local(int failure)
{
	return failure == -ENETUNREACH || failure == -EAFNOSUPPORT || failure == -EADDRNOTAVAIL;
}

/* The first failure counts, but one of the way there less than one of the host. */
static void race_note_failure(struct race *race, int r)
{
	if (race->failure == 0 || (is_local(race->failure) && !is_local(r)))
		race->failure = r;
}

static void race_note_end(struct race *race, int r)
{
	if (r < 0)
		race_note_failure(race, r);
	else if (race->fd < 0)
		race->fd = r;
	else
		(void)bide_close(r);            /* it came second */
}

/* Begins the next attempt. */
static void race_start(struct race *race)
{
	static const bide_task_options options = { .name = "tcp_connect" };
	bide_task *task = bide_spawn_with(&options, attempt_run, (void *)race->order[race->next++]);

	if (task == NULL)
		race_note_failure(race, -ENOMEM);
	else
		race->running[race->running_count++] = task;
}

/* Joins the attempts that have ended. */
static void race_harvest(struct race *race)
{
	size_t left = 0;

	for (size_t i = 0; i < race->running_count; i++) {
		bide_task *task = race->running[i];

		if (!bide_done(task)) {
			race->running[left++] = task;
			continue;
		}
		race_note_end(race, bide_result(task));
		(void)bide_join(task);          /* its result was taken */
	}
	race->running_count = left;
}

/* Runs until there is a winner, nobody is left, or the caller is cancelled. */
static int race_run(struct race *race)
{
	while (race->fd < 0) {
		bide_time limit;
		ssize_t r;

		if (race->next < race->count)
			race_start(race);
		else if (race->running_count == 0)
			return race->failure;
		if (race->running_count == 0)
			continue;               /* it could not be begun */
		limit = race->next < race->count ? ATTEMPT_DELAY : BIDE_FOREVER;
		r = bide_wait(race->running_count, race->running, BIDE_FIRST_DONE, limit);
		if (r < 0)
			return (int)r;
		race_harvest(race);
	}
	return 0;
}

/*
 * Ends the attempts that are left. A connection that one of them has made all the same
 * is the race's where that has none: done is done.
 */
static void race_end(struct race *race)
{
	for (size_t i = 0; i < race->running_count; i++)
		(void)bide_cancel(race->running[i]);
	for (size_t i = 0; i < race->running_count; i++)
		race_note_end(race, bide_join(race->running[i]));
	race->running_count = 0;
}

/* The next address at or behind this one whose family is, or is not, the given one. */
static const struct addrinfo *next_of(const struct addrinfo *at, int family, bool is_same)
{
	while (at != NULL && (at->ai_family == family) != is_same)
		at = at->ai_next;
	return at;
}

/* Families in turn, beginning with that of the first address. */
static void interleave(const struct addrinfo *found, const struct addrinfo **order)
{
	int family = found->ai_family;
	const struct addrinfo *same = found;
	const struct addrinfo *other = next_of(found, family, false);

	while (same != NULL || other != NULL) {
		if (same != NULL) {
			*order++ = same;
			same = next_of(same->ai_next, family, true);
		}
		if (other != NULL) {
			*order++ = other;
			other = next_of(other->ai_next, family, false);
		}
	}
}

static int race_of(const struct addrinfo *found, size_t count)
{
	struct race race = { .count = count, .fd = -1 };
	int r = -ENOMEM;

	race.order = bide__calloc(count, sizeof(*race.order));
	race.running = bide__calloc(count, sizeof(*race.running));
	if (race.order != NULL && race.running != NULL) {
		interleave(found, race.order);
		r = race_run(&race);
		race_end(&race);
	}
	bide__free(race.order);
	bide__free(race.running);
	return race.fd >= 0 ? race.fd : r;
}

int bide_tcp_connect(const char *host, const char *port)
{
	struct addrinfo *found;
	size_t count = 0;
	int r;

	if (task_current() == NULL)
		return bide__outside_of_tasks();
	r = bide__resolve(host, port, SOCK_STREAM, &found);
	if (r < 0)
		return r;
	for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
		count++;
	r = count == 1 ? attempt_run(found) : race_of(found, count);
	freeaddrinfo(found);
	return r;
}
