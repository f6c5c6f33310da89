/* SPDX-License-Identifier: MIT */

/*
 * accept.h - taking connections for as long as that can go on
 */
#ifndef BIDE_IO_ACCEPT_H
#define BIDE_IO_ACCEPT_H

#include <bide/base.h>

struct acceptor {
	int listener;                   /* not owned */
	int spare;                      /* owned: a descriptor to give up when none is left; -1 */
	bide_time pause;                /* how long the next one lasts */
	int failed_count;               /* connections in a row, since the last pause */
	bool is_short;                  /* in an episode in which something has run out */
	bool has_waited;                /* the listener was ready, and nothing came of it yet */
};

/* Takes a spare descriptor where one can be had. Cannot fail. */
void bide__acceptor_open(struct acceptor *acceptor, int listener);
void bide__acceptor_close(struct acceptor *acceptor);

/*
 * Waits for a connection. Returns its descriptor, -ECANCELED, or why the listener can
 * give no more of them.
 */
int bide__acceptor_take(struct acceptor *acceptor);

/*
 * Waits a while, longer each time in a row, as something that connections need has run
 * out; what says which code that gave. Returns 0 or -ECANCELED.
 */
int bide__acceptor_pause(struct acceptor *acceptor, int what);

/* A connection has found all that it needs: what had run out is there again. */
void bide__acceptor_recover(struct acceptor *acceptor);

#endif
