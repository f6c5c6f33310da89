/* SPDX-License-Identifier: MIT */

/*
 * bare.h - the least switch between two stacks, for the floors
 *
 * It keeps where to go on, the stack and the frame pointer, and leaves it to the
 * compiler to save what else it needs. There is no scheduler, no task, no guard page
 * and no unwinding.
 */
#ifndef BARE_H
#define BARE_H

#include "bench.h"

#include <sys/mman.h>

/* Address space of a stack, as much as one of bide's: of memory it takes what it touches. */
#define BARE_SLOT ((size_t)252 * 1024)

/* The lines of the tops are spread, or all stacks would fall into the same place of a cache. */
#define BARE_LINE 64
#define BARE_COLOURS 24

struct bare {
	void *sp;                       /* while it does not run */
	void *frame;
	void *next;                     /* the instruction to go on with */
};

#if defined(__x86_64__)

/* Behind it a function finds the stack as a call leaves it: 8 off a multiple of 16. */
#define BARE_GAP 16

static inline __attribute__((always_inline)) void bare_switch(struct bare *from, struct bare *to)
{
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
	                 "movq %%rsp, 0(%0)\n\t"
	                 "movq %%rbp, 8(%0)\n\t"
	                 "movq %%rax, 16(%0)\n\t"
	                 "movq 0(%1), %%rsp\n\t"
	                 "movq 8(%1), %%rbp\n\t"
	                 "jmp *16(%1)\n"
	                 "1:"
	                 : "+D"(from), "+S"(to)
	                 :
	                 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
	                   "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
	                   "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
	                   "xmm15", "cc", "memory");
}

#elif defined(__aarch64__)

#define BARE_GAP 8                      /* the stack is at a multiple of 16 */

static inline __attribute__((always_inline)) void bare_switch(struct bare *from, struct bare *to)
{
	register struct bare *x0 __asm__("x0") = from;
	register struct bare *x1 __asm__("x1") = to;

	__asm__ volatile("adr x9, 1f\n\t"
	                 "mov x10, sp\n\t"
	                 "stp x10, x29, [x0]\n\t"
	                 "str x9, [x0, #16]\n\t"
	                 "ldp x10, x29, [x1]\n\t"
	                 "ldr x9, [x1, #16]\n\t"
	                 "mov sp, x10\n\t"
	                 "br x9\n"
	                 "1:"
	                 : "+r"(x0), "+r"(x1)
	                 :
	                 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
	                   "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22",
	                   "x23", "x24", "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3",
	                   "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
	                   "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
	                   "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}

#else
#error only for x86-64 and aarch64
#endif

/* Maps n slots, none of which holds memory before it is touched. */
static inline char *bare_slots(size_t n)
{
	char *low = mmap(NULL, n * BARE_SLOT, PROT_READ | PROT_WRITE,
	                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (low == MAP_FAILED)
		bench_fail("no address space");
	(void)madvise(low, n * BARE_SLOT, MADV_NOHUGEPAGE);
	return low;
}

/*
 * Prepares the context of slot i, which lies at the slot's top: it and the first frame
 * share a line of the cache. entry never returns.
 */
static inline struct bare *bare_new(char *slots, size_t i, void (*entry)(void))
{
	char *top = slots + (i + 1) * BARE_SLOT - i % BARE_COLOURS * BARE_LINE;
	struct bare *context = (struct bare *)top - 1;

	context->sp = (char *)context - BARE_GAP;
	context->next = (void *)entry;
	return context;
}

#endif
