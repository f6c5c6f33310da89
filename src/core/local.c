/* SPDX-License-Identifier: MIT */

/*
 * local.c - task-local values, inherited by whom a task spawns
 *
 * The values of a task are an array of pairs. Spawning shares it, so that it costs
 * nothing however many there are; whoever sets a value in a shared array first
 * makes a copy. Programs have a few keys, so they are looked for one by one.
 *
 * Invariants
 *   L1  An array that more than one task refers to is never changed.
 */
#include "base/mem.h"
#include "core/loop.h"

#include <bide/task.h>
#include <string.h>

struct local_values {
	size_t reference_count;
	size_t count;
	size_t capacity;
	struct {
		const bide_local *key;
		void *value;
	} pairs[];
};

__thread struct bide_task *bide__caller __attribute__((tls_model("initial-exec")));
__thread struct local_values *bide__caller_locals __attribute__((tls_model("initial-exec")));

struct local_values *bide__locals_copy(const struct local_values *values)
{
	size_t bytes = sizeof *values + values->count * sizeof values->pairs[0];
	struct local_values *copy = bide__alloc(bytes);

	if (copy == NULL)
		return NULL;
	memcpy(copy, values, bytes);
	copy->reference_count = 1;
	copy->capacity = copy->count;
	return copy;
}

struct local_values *bide__locals_share(struct local_values *values)
{
	values->reference_count++;
	return values;
}

void bide__locals_unref(struct local_values *values)
{
	if (values != NULL && --values->reference_count == 0)
		bide__free(values);
}

static void **value_of(struct local_values *values, const bide_local *key)
{
	for (size_t i = 0; values != NULL && i < values->count; i++)
		if (values->pairs[i].key == key)
			return &values->pairs[i].value;
	return NULL;
}

/* Makes the task the only one that refers to its array, with room for one more pair. */
static int values_own(struct bide_task *task)
{
	struct local_values *old = task->locals;
	size_t count = old != NULL ? old->count : 0;
	size_t capacity = count < 4 ? 4 : count + count / 2;
	struct local_values *own;

	if (old != NULL && old->reference_count == 1 && count < old->capacity)
		return 0;
	own = bide__alloc(sizeof *own + capacity * sizeof own->pairs[0]);
	if (own == NULL)
		return -ENOMEM;
	*own = (struct local_values){ .reference_count = 1, .count = count, .capacity = capacity };
	for (size_t i = 0; i < count; i++)
		own->pairs[i] = old->pairs[i];
	bide__locals_unref(old);
	task->locals = own;
	return 0;
}

int bide_local_set(bide_local *key, void *value)
{
	struct bide_task *self = task_current();
	void **place;
	int r;

	if (self == NULL)
		return -EPERM;
	place = value_of(self->locals, key);
	if (place == NULL || self->locals->reference_count > 1) {
		r = values_own(self);
		if (r < 0)
			return r;
		place = value_of(self->locals, key);
	}
	if (place == NULL) {
		size_t last = self->locals->count++;

		self->locals->pairs[last].key = key;
		place = &self->locals->pairs[last].value;
	}
	*place = value;
	return 0;
}

void *bide_local_get(const bide_local *key)
{
	const struct bide_task *self = task_current();
	/* A call on another thread may run a loop of its own. */
	struct local_values *values = bide__loop == NULL ? bide__caller_locals : NULL;
	void **place = value_of(self != NULL ? self->locals : values, key);

	return place != NULL ? *place : NULL;
}
