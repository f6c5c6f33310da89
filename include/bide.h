/* SPDX-License-Identifier: MIT */

/*
 * bide.h - concurrent programs as straight-line C
 *
 * Includes every topic header; each of them also stands alone.
 */
#ifndef BIDE_H
#define BIDE_H

#include <bide/base.h>
#include <bide/loop.h>
#include <bide/task.h>
#include <bide/scope.h>
#include <bide/group.h>
#include <bide/sync.h>
#include <bide/queue.h>
#include <bide/watch.h>
#include <bide/broadcast.h>
#include <bide/future.h>
#include <bide/gen.h>
#include <bide/thread.h>
#include <bide/signal.h>
#include <bide/io.h>
#include <bide/net.h>
#include <bide/file.h>
#include <bide/process.h>
#include <bide/stream.h>
#include <bide/inspect.h>

#endif
