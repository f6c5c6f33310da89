/* SPDX-License-Identifier: MIT */

/*
 * ready.c - descriptors, what is believed of their readiness, and who waits for them
 *
 * The part that is the same for every back end that the system tells of readiness,
 * not of completion. What is believed of a descriptor is kept beside it: an event
 * makes it believed ready, -EAGAIN and short transfers make it believed not, so that
 * no call is wasted on finding out.
 *
 * A short read has taken all there was of TCP only, and even there not before urgent
 * data or the end. Unix sockets end reads where descriptors came along, where the writer
 * changes whose identity is asked for, and at urgent data, and do not tell.
 *
 * Invariants
 *   RD1  An operation is in the queue of its descriptor or in done, from submit()
 *        until it is given back. Those of one queue complete in order, but for those
 *        that stand apart.
 *   RD2  either_count is the number of operations among the readers that wait for
 *        both directions.
 *   RD3  While a descriptor is believed not ready, the back end will tell when it is
 *        at the latest once an operation waits for it.
 */
#include "backend/ready.h"

#include "base/check.h"
#include "base/error.h"
#include "base/mem.h"

#include <bide/io.h>

void bide__ready_init(struct ready *ready, const struct backend_ops *ops)
{
	*ready = (struct ready){ .backend.ops = ops };
	list_init(&ready->done);
}

void bide__ready_fini(struct ready *ready)
{
	for (size_t i = 0; i < ready->block_count; i++)
		bide__free(ready->blocks[i]);
	bide__free(ready->blocks);
}

static int blocks_grow(struct ready *ready, size_t count)
{
	size_t wanted = ready->block_count ? ready->block_count * 2 : 4;
	struct fd_block **bigger;

	while (wanted < count)
		wanted *= 2;
	bigger = bide__calloc(wanted, sizeof *bigger);
	if (bigger == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < ready->block_count; i++)
		bigger[i] = ready->blocks[i];
	bide__free(ready->blocks);
	ready->blocks = bigger;
	ready->block_count = wanted;
	return 0;
}

static int entry_make(struct ready *ready, int fd, struct fd_entry **ret)
{
	size_t block = (size_t)fd / BLOCK_ENTRIES;
	int r;

	if (fd < 0)
		return -EBADF;
	if (block >= ready->block_count) {
		r = blocks_grow(ready, block + 1);
		if (r < 0)
			return r;
	}
	if (ready->blocks[block] == NULL)
		ready->blocks[block] = bide__calloc(1, sizeof **ready->blocks);
	if (ready->blocks[block] == NULL)
		return -ENOMEM;
	*ret = &ready->blocks[block]->entries[fd % BLOCK_ENTRIES];
	return 0;
}

/* Finds the entry of a descriptor that was not used before, and what is to be known of it. */
static __attribute__((noinline)) int entry_open(struct ready *ready, int fd, struct fd_entry **ret)
{
	int r = entry_make(ready, fd, ret);

	if (r < 0)
		return r;
	bide__traits_find(&(*ret)->traits, fd);
	(*ret)->may_read = true;
	(*ret)->may_write = true;
	return 0;
}

static struct bide_node *queue_of(struct fd_entry *entry, const struct io_op *op)
{
	return bide__op_reads(op) ? &entry->readers : &entry->writers;
}

static bool waits_for_either(const struct io_op *op)
{
	return op->kind == IO_POLL && bide__op_reads(op) && bide__op_writes(op);
}

void bide__ready_enqueue(struct fd_entry *entry, struct io_op *op)
{
	list_push_back(queue_of(entry, op), &op->node);
	entry->either_count += waits_for_either(op);
}

static void dequeue(struct fd_entry *entry, struct io_op *op)
{
	list_remove(&op->node);
	entry->either_count -= waits_for_either(op);
}

void bide__ready_complete(struct ready *ready, struct io_op *op, ssize_t result)
{
	op->result = result;
	op->is_done = true;
	list_push_back(&ready->done, &op->node);
}

/*
 * Whether what the operation finds is what any other would: not where flags have it
 * leave the data, or look for urgent data or errors only.
 */
static bool is_telling(const struct io_op *op)
{
	return (op->kind != IO_RECV && op->kind != IO_RECVMSG) ||
	       !(op->flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE));
}

/* Learns from a result what the next operation has to expect (RD3). */
static void entry_learn(struct fd_entry *entry, const struct io_op *op, ssize_t r)
{
	bool *belief = bide__op_reads(op) ? &entry->may_read : &entry->may_write;

	if (!is_telling(op))
		return;
	if (r == -EAGAIN)
		*belief = false;
	else if ((op->kind == IO_READ || op->kind == IO_RECV) && entry->traits.is_tcp && r > 0 &&
	         (size_t)r < op->n && !entry->reads_on)
		*belief = false;
}

/* In line, as what it calls is: see sys_socket.h. */
static inline __attribute__((always_inline)) bool ready_try(struct fd_entry *entry,
                                                            struct io_op *op)
{
	ssize_t r = bide__perform(op, &entry->traits);

	entry_learn(entry, op, r);
	if (r == -EAGAIN && bide__op_may_wait(op))
		return false;
	op->result = r;
	return true;
}

bool bide__ready_try(struct fd_entry *entry, struct io_op *op)
{
	return ready_try(entry, op);
}

struct io_op *bide__ready_first(const struct bide_node *queue)
{
	struct bide_node *node;

	/* Where nobody has ever waited the list is not there yet. */
	for (node = queue->next; node != NULL && node != queue; node = node->next) {
		struct io_op *op = container_of(node, struct io_op, node);

		if (!bide__op_is_apart(op))
			return op;
	}
	return NULL;
}

/* Whether the operation asks for what beliefs tell nothing of, or for what there is not. */
static bool is_beyond_belief(const struct io_op *op)
{
	switch (op->kind) {
	case IO_READ:
	case IO_WRITE:
	case IO_READV:
	case IO_WRITEV:
		return op->offset != IO_CURRENT; /* what is no file fails at once */
	case IO_CONNECT:
		return true;    /* one that begins is not a matter of readiness */
	default:
		return bide__op_is_apart(op);
	}
}

/* Whether the operation must wait for its turn, or for the descriptor. */
static inline bool must_wait(struct fd_entry *entry, const struct io_op *op)
{
	bool reads = bide__op_reads(op);
	const struct bide_node *queue = reads ? &entry->readers : &entry->writers;
	bool is_believed = reads ? entry->may_read : entry->may_write;

	if (likely(is_believed && list_is_empty(queue)))
		return false;
	return (!is_believed || bide__ready_first(queue) != NULL) && !is_beyond_belief(op);
}

enum attempt bide__ready_attempt(struct backend *backend, struct io_op *op)
{
	struct ready *ready = container_of(backend, struct ready, backend);
	struct fd_entry *entry = bide__ready_entry(ready, op->fd);
	int r;

	if (unlikely(entry == NULL || !entry->traits.is_known)) {
		r = entry_open(ready, op->fd, &entry);
		if (r < 0) {
			op->result = r;
			return ATTEMPT_DONE;
		}
	}
	op->entry = entry;
	if (op->kind != IO_POLL && bide__op_may_wait(op) && !bide__op_blocks(op, &entry->traits) &&
	    must_wait(entry, op))
		return ATTEMPT_WAITS;
	if (ready_try(entry, op))
		return ATTEMPT_DONE;
	return bide__op_blocks(op, &entry->traits) ? ATTEMPT_BLOCKS : ATTEMPT_WAITS;
}

bool bide__ready_cancel(struct backend *backend, struct io_op *op)
{
	(void)backend;
	/* Completed already: it comes out of wait() with the result it has. */
	if (op->is_done)
		return false;
	dequeue(op->entry, op);
	op->result = -ECANCELED;
	return true;
}

/* True: the operation is done, and no longer waits. */
static bool op_try(struct ready *ready, struct fd_entry *entry, struct io_op *op)
{
	if (!ready_try(entry, op))
		return false;
	dequeue(entry, op);
	bide__ready_complete(ready, op, op->result);
	return true;
}

/* Does what can be done of a queue. */
static void queue_run(struct ready *ready, struct fd_entry *entry, struct bide_node *queue)
{
	struct bide_node *node = queue->next;

	while (node != NULL && node != queue) {
		struct io_op *op = container_of(node, struct io_op, node);

		node = node->next;
		if (!op_try(ready, entry, op) && !bide__op_is_apart(op))
			break;                  /* those behind it wait for the same */
	}
}

/*
 * Waits for both directions, and whoever looks for errors or urgent data, stand among the
 * readers, behind whom they need not stay; nor need a wait for reading behind somebody
 * who is not served by just any data.
 */
static void apart_run(struct ready *ready, struct fd_entry *entry)
{
	struct bide_node *node = entry->readers.next;

	while (node != NULL && node != &entry->readers) {
		struct io_op *op = container_of(node, struct io_op, node);

		node = node->next;
		if (bide__op_is_apart(op))
			(void)op_try(ready, entry, op);         /* or it goes on waiting */
	}
}

void bide__ready_serve(struct ready *ready, struct fd_entry *entry, unsigned what)
{
	if (what & (READY_HUNG_UP | READY_URGENT))
		entry->reads_on = true;
	if (what & READY_TO_READ) {
		entry->may_read = true;
		queue_run(ready, entry, &entry->readers);
	}
	if (what & READY_TO_WRITE) {
		entry->may_write = true;
		queue_run(ready, entry, &entry->writers);
	}
	if (!list_is_empty(&entry->readers))
		apart_run(ready, entry);
}

static void queue_end(struct ready *ready, struct fd_entry *entry, struct bide_node *queue)
{
	queue_run(ready, entry, queue);
	while (!list_is_empty(queue)) {
		struct io_op *op = container_of(queue->next, struct io_op, node);

		dequeue(entry, op);
		bide__ready_complete(ready, op, -EBADF);
	}
}

void bide__ready_forget(struct ready *ready, struct fd_entry *entry)
{
	uint32_t next = entry->generation + 1;

	apart_run(ready, entry);
	queue_end(ready, entry, &entry->readers);
	queue_end(ready, entry, &entry->writers);
	*entry = (struct fd_entry){ .generation = next };
}
