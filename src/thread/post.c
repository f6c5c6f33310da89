/* SPDX-License-Identifier: MIT */

/*
 * post.c - functions and tasks brought to a loop by other threads
 */
#include "base/mem.h"
#include "core/remote.h"

#include <bide/thread.h>
#include <pthread.h>

struct post {
	struct message message;
	bide_fn *fn;
	void *arg;
};

/*
 * What a thread posts lies side by side, so that the loop's processor fetches it
 * ahead, and allocation is paid once for many. Aligned: a post finds its chunk.
 */
struct chunk {
	unsigned left;                  /* atomic: posts that were not given back */
	struct post posts[];
};

#ifdef BIDE_HOSTILE
#define CHUNK_BYTES ((uintptr_t)128)
#else
#define CHUNK_BYTES ((uintptr_t)4096)
#endif
#define CHUNK_POSTS ((unsigned)((CHUNK_BYTES - sizeof(struct chunk)) / sizeof(struct post)))

static __thread struct chunk *own;      /* this thread's, not used up; NULL: none */
static __thread unsigned own_used;
static pthread_key_t own_key;           /* gives own back when the thread ends */
static bool has_own_key;                /* else what is left of a chunk is lost then */
static pthread_once_t own_key_once = PTHREAD_ONCE_INIT;

/* Empty chunks that wait for the next thread: the heap would fault them in anew. */
#define SPARES 16
static struct chunk *spares[SPARES];    /* atomic; NULL: the place is free */

/* Returns NULL where memory has run out. */
static struct chunk *chunk_alloc(void)
{
	struct chunk *spare = NULL;

	for (unsigned i = 0; i < SPARES && spare == NULL; i++)
		if (__atomic_load_n(&spares[i], __ATOMIC_RELAXED) != NULL)
			spare = __atomic_exchange_n(&spares[i], NULL, __ATOMIC_ACQUIRE);
	return spare != NULL ? spare : bide__alloc_aligned(CHUNK_BYTES, CHUNK_BYTES);
}

static void chunk_free(struct chunk *chunk)
{
	for (unsigned i = 0; i < SPARES; i++) {
		struct chunk *none = NULL;

		if (__atomic_load_n(&spares[i], __ATOMIC_RELAXED) == NULL &&
		    __atomic_compare_exchange_n(&spares[i], &none, chunk, false, __ATOMIC_RELEASE,
		                                __ATOMIC_RELAXED))
			return;
	}
	bide__free(chunk);
}

static void chunk_give_back(struct chunk *chunk, unsigned n)
{
	/* Acquire and release: the last one comes after all the others. */
	if (__atomic_sub_fetch(&chunk->left, n, __ATOMIC_ACQ_REL) == 0)
		chunk_free(chunk);
}

static void thread_end(void *chunk)
{
	own = NULL;
	chunk_give_back(chunk, CHUNK_POSTS - own_used);
}

static void own_key_create(void)
{
	has_own_key = pthread_key_create(&own_key, thread_end) == 0;
}

/* Tells what is to be given back when the thread ends. */
static void own_is(const struct chunk *chunk)
{
	if (has_own_key)
		(void)pthread_setspecific(own_key, chunk);
}

/* Returns NULL where memory has run out. */
static struct post *post_alloc(void)
{
	struct post *post;

	if (unlikely(own == NULL)) {
		own = chunk_alloc();
		if (own == NULL)
			return NULL;
		own->left = CHUNK_POSTS;
		own_used = 0;
		(void)pthread_once(&own_key_once, own_key_create);
		own_is(own);
	}
	post = &own->posts[own_used++];
	if (unlikely(own_used == CHUNK_POSTS)) {
		own = NULL;
		own_is(NULL);
	}
	return post;
}

static void post_free(struct post *post)
{
	chunk_give_back((struct chunk *)((uintptr_t)post & ~(CHUNK_BYTES - 1)), 1);
}

static bool is_closing(const bide_loop *loop)
{
	return __atomic_load_n(&loop->is_closing, __ATOMIC_RELAXED);
}

static bool post_arrive(struct message *message, bide_loop *loop)
{
	struct post *post = container_of(message, struct post, message);

	if (bide__task_spawn_detached(loop, post->fn, post->arg, TASK_POSTED, NULL) == NULL)
		return false;
	loop->post_count++;
	post_free(post);
	return true;
}

int bide_post(bide_loop *loop, bide_fn *fn, void *arg)
{
	struct post *post;
	int r;

	if (is_closing(loop))
		return -ESHUTDOWN;
	post = post_alloc();
	if (post == NULL)
		return -ENOMEM;
	*post = (struct post){ .message.run = post_arrive, .fn = fn, .arg = arg };
	r = bide__wake_send(loop, &post->message);
	if (r < 0)
		post_free(post);
	return r;
}

bide_task *bide_spawn_on(bide_loop *loop, bide_fn *fn, void *arg)
{
	struct bide_task *task;
	int r;

	if (is_closing(loop))
		return bide__null_with(ESHUTDOWN);
	if (loop == bide__loop && loop->current != NULL)
		return bide_spawn(fn, arg);
	r = bide__remote_spawn(loop, fn, arg, &task);
	return r < 0 ? bide__null_with(-r) : task;
}
