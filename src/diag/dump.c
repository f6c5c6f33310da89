/* SPDX-License-Identifier: MIT */

/*
 * dump.c - what the tasks of a loop are doing, as a tree and in numbers
 *
 * A task stands below the one that waits for its end, so that a line says what a
 * task waits for and the lines below it why that takes so long.
 */
#include "core/hold.h"
#include "core/join.h"

#include <bide/inspect.h>
#include <bide/io.h>
#include <bide/queue.h>
#include <bide/sync.h>
#include <inttypes.h>

#define SHOWN_MAX 3
#define DEPTH_SHOWN 100

static void print_duration(FILE *out, bide_time d)
{
	if (d < 10 * BIDE_MICROSECOND)
		(void)fprintf(out, " for %" PRId64 " ns", d);
	else if (d < 10 * BIDE_MILLISECOND)
		(void)fprintf(out, " for %" PRId64 " us", d / BIDE_MICROSECOND);
	else if (d < 10 * BIDE_SECOND)
		(void)fprintf(out, " for %" PRId64 " ms", d / BIDE_MILLISECOND);
	else
		(void)fprintf(out, " for %" PRId64 " s", d / BIDE_SECOND);
}

static void print_operation(FILE *out, const struct io_op *op)
{
	static const char *const names[] = {
		[IO_POLL] = "wait_fd",  [IO_READ] = "read",       [IO_WRITE] = "write",
		[IO_READV] = "readv",   [IO_WRITEV] = "writev",   [IO_RECV] = "recv",
		[IO_SEND] = "send",     [IO_RECVMSG] = "recvmsg", [IO_SENDMSG] = "sendmsg",
		[IO_ACCEPT] = "accept", [IO_CONNECT] = "connect",
	};

	(void)fprintf(out, "waits in %s of descriptor %d", names[op->kind], op->fd);
}

/* The first few that have not ended, and how many more there are. */
static void print_joined(FILE *out, const struct join *join)
{
	size_t shown = 0;

	for (size_t i = 0; i < join->n && shown < SHOWN_MAX; i++) {
		const struct bide_task *task = join->tasks[i];

		if (task->state != TASK_DONE)
			(void)fprintf(out, "%s%s", shown++ == 0 ? " for " : ", ", bide_name(task));
	}
	if (join->left > shown)
		(void)fprintf(out, " and %zu more", join->left - shown);
}

static void print_holder(FILE *out, const struct bide_task *owner)
{
	if (owner != NULL)
		(void)fprintf(out, ", held by '%s'", bide_name(owner));
}

/* Who reads is known by the tasks only. */
static void print_readers(FILE *out, const bide_rwlock *lock)
{
	const bide_loop *loop = bide__loop;
	const struct bide_node *node;
	size_t shown = 0;

	for (node = loop->tasks.next;
	     node != &loop->tasks && shown < lock->readers && shown < SHOWN_MAX;
	     node = node->next) {
		const struct bide_task *task = container_of(node, struct bide_task, all_node);

		if (bide__hold_is_noted(task, lock))
			(void)fprintf(out, "%s'%s'", shown++ == 0 ? ", held by " : ", ",
			              bide_name(task));
	}
	/* One that was let in and has not run yet has not noted it. */
	if (lock->readers > shown)
		(void)fprintf(out, "%s%zu more", shown == 0 ? ", held by " : " and ",
		              lock->readers - shown);
}

/* What is known about the object that a task waits for. */
static void print_object(FILE *out, const struct waiter *waiter)
{
	const void *object = waiter->object;
	char name[128];

	if (waiter->reason < PARK_LOCK || waiter->reason == PARK_SELECT ||
	    waiter->reason > PARK_BROADCAST)
		return;
	(void)fprintf(out, " of %s", bide__place_describe(name, sizeof name, object));
	switch ((enum park_reason)waiter->reason) {
	case PARK_LOCK:
		print_holder(out, ((const bide_lock *)object)->owner);
		break;
	case PARK_RWLOCK_READ:
	case PARK_RWLOCK_WRITE:
		print_holder(out, ((const bide_rwlock *)object)->writer);
		if (((const bide_rwlock *)object)->writer == NULL)
			print_readers(out, object);
		break;
	case PARK_SEM:
		(void)fprintf(out, ", %zu free", ((const bide_sem *)object)->value);
		break;
	case PARK_BARRIER:
		(void)fprintf(out, ", %zu of %zu there", ((const bide_barrier *)object)->waiting,
		              ((const bide_barrier *)object)->parties);
		break;
	case PARK_QUEUE_PUT:
	case PARK_QUEUE_GET:
	case PARK_QUEUE_JOIN:
		(void)fprintf(out, ", %zu items", bide_queue_size(object));
		break;
	default:
		break;
	}
}

static void print_wait(FILE *out, const struct waiter *waiter)
{
	static const char *const names[] = {
		[PARK_SLEEP] = "sleep",
		[PARK_JOIN] = "join",
		[PARK_GATHER] = "gather",
		[PARK_WAIT] = "wait",
		[PARK_GROUP_SPAWN] = "group_spawn",
		[PARK_GROUP_NEXT] = "group_next",
		[PARK_GROUP_START] = "group_start",
		[PARK_GROUP_CLOSE] = "group_close",
		[PARK_LOCK] = "lock_acquire",
		[PARK_RWLOCK_READ] = "rwlock_read",
		[PARK_RWLOCK_WRITE] = "rwlock_write",
		[PARK_EVENT] = "event_wait",
		[PARK_COND] = "cond_wait",
		[PARK_SEM] = "sem_acquire",
		[PARK_BARRIER] = "barrier_wait",
		[PARK_QUEUE_PUT] = "queue_put",
		[PARK_QUEUE_GET] = "queue_get",
		[PARK_QUEUE_JOIN] = "queue_join",
		[PARK_SELECT] = "select",
		[PARK_FUTURE] = "future_wait",
		[PARK_WATCH] = "watch_wait",
		[PARK_BROADCAST] = "broadcast_get",
		[PARK_SHARED_PUT] = "queue_put",
		[PARK_SHARED_GET] = "queue_get",
		[PARK_SHARED_JOIN] = "queue_join",
		[PARK_JOIN_REMOTE] = "join",
		[PARK_TO_THREAD] = "to_thread",
		[PARK_THREAD] = "thread_join",
		[PARK_SIGNAL] = "signal_wait",
		[PARK_STREAM] = "stream_flush",
	};

	if (waiter->reason == PARK_IO)
		print_operation(out, waiter->object);
	else
		(void)fprintf(out, "waits in %s", names[waiter->reason]);
	if (waiter->reason == PARK_JOIN || waiter->reason == PARK_GATHER)
		print_joined(out, container_of(waiter, struct join, waiter));
	print_object(out, waiter);
}

static void print_state(FILE *out, const bide_loop *loop, const struct bide_task *task)
{
	switch ((enum task_state)task->state) {
	case TASK_DELAYED:
		(void)fprintf(out, "starts in %" PRId64 " ms",
		              (task->delay.deadline - loop_clock(loop)) / BIDE_MILLISECOND);
		break;
	case TASK_NEW:
		(void)fputs("has not started", out);
		break;
	case TASK_ACTIVE:
		(void)fputs(task == loop->current ? "running" : "ready", out);
		break;
	case TASK_PARKED:
		print_wait(out, task->waiter);
		print_duration(out, loop_clock(loop) - task->waiter->since);
		break;
	case TASK_DONE:
	case TASK_FREE:
	case TASK_REMOTE:
		break;
	}
	if (task->lock_count > 0)
		(void)fprintf(out, ", holds %u lock%s", task->lock_count,
		              task->lock_count > 1 ? "s" : "");
	if (task->cancel_count > 0)
		(void)fputs(", cancelled", out);
}

static void print_task(FILE *out, const bide_loop *loop, const struct bide_task *task, int depth)
{
	(void)fprintf(out, "%*s%s: ", 2 + 2 * depth, "", bide_name(task));
	print_state(out, loop, task);
	(void)fputc('\n', out);
}

static void print_tree(FILE *out, const bide_loop *loop, const struct bide_task *task, int depth);

static void print_below(FILE *out, const bide_loop *loop, const struct waiter *waiter, int depth)
{
	const struct join *join = container_of(waiter, const struct join, waiter);
	const bide_group *group = waiter->object;
	const struct bide_task *task;
	const struct bide_node *node;

	if (waiter->reason == PARK_JOIN || waiter->reason == PARK_GATHER) {
		for (size_t i = 0; i < join->n; i++)
			if (join->tasks[i]->state != TASK_DONE)
				print_tree(out, loop, join->tasks[i], depth);
	} else if (waiter->reason == PARK_GROUP_CLOSE) {
		for (node = group->running.next; node != &group->running; node = node->next) {
			task = container_of(node, struct bide_task, group_node);
			print_tree(out, loop, task, depth);
		}
	}
}

static void print_tree(FILE *out, const bide_loop *loop, const struct bide_task *task, int depth)
{
	print_task(out, loop, task, depth);
	if (task->state != TASK_PARKED)
		return;
	if (depth < DEPTH_SHOWN)
		print_below(out, loop, task->waiter, depth + 1);
	else
		(void)fprintf(out, "%*s…\n", 2 + 2 * (depth + 1), "");
}

/* Whether the task stands below the one that waits for it. */
static bool is_below(const struct bide_task *task)
{
	const struct bide_task *above = bide__task_awaited_by(task);

	if (above == NULL || above->state != TASK_PARKED)
		return false;
	return above->waiter->reason == PARK_JOIN || above->waiter->reason == PARK_GATHER ||
	       above->waiter->reason == PARK_GROUP_CLOSE;
}

void bide_dump(FILE *out)
{
	const bide_loop *loop = bide__loop;
	const struct bide_node *node;

	if (loop == NULL) {
		(void)fputs("no loop runs on this thread\n", out);
		return;
	}
	(void)fprintf(out, "loop%s%s: %" PRIu64 " tasks\n", loop->options.name ? " " : "",
	              loop->options.name ? loop->options.name : "", loop->live_count);
	for (node = loop->tasks.next; node != &loop->tasks; node = node->next) {
		const struct bide_task *task = container_of(node, struct bide_task, all_node);

		if (!is_below(task))
			print_tree(out, loop, task, 0);
	}
	(void)fflush(out);
}

size_t bide_tasks(bide_task *tasks[], size_t n)
{
	const bide_loop *loop = bide__loop;
	const struct bide_node *node;
	size_t i = 0;

	if (loop == NULL)
		return 0;
	for (node = loop->tasks.next; node != &loop->tasks && i < n; node = node->next)
		tasks[i++] = container_of(node, struct bide_task, all_node);
	return loop->live_count;
}

bide_stats bide_loop_stats(bide_loop *loop)
{
	if (loop == NULL)
		loop = bide__loop;
	if (loop == NULL)
		return (bide_stats){ 0 };
	return (bide_stats){
		.rounds = loop->round_count,
		.switches = loop->switches,
		.spawned = loop->spawned_count,
		.live = loop->live_count,
		.timers = loop->wheel.count,
		.operations = loop->operation_count,
		.posts = loop->post_count,
		.idle = loop->idle_time,
		.backend = loop->backend->ops->name,
	};
}
