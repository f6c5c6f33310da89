/* SPDX-License-Identifier: MIT */

/*
 * switch.h - from one stack to another
 *
 * A context is code that stands still on a stack of its own. context_switch()
 * lets the caller stand still and another context go on. Callee-saved registers
 * are clobbers of the inline assembly, so that the compiler saves just those that
 * the function around it uses, and the jump leaves the return stack of the
 * processor balanced. Call it from few, small functions that are not inlined:
 * that is what makes it fast.
 *
 * mxcsr and the x87 control word are not switched: code that changes them restores
 * them before it suspends. Nor is the signal mask, which is the thread's.
 */
#ifndef BIDE_CORE_SWITCH_H
#define BIDE_CORE_SWITCH_H

#include "base/check.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define SWITCH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SWITCH_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SWITCH_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SWITCH_TSAN 1
#endif
#endif

#ifndef SWITCH_ASAN
#define SWITCH_ASAN 0
#endif
#ifndef SWITCH_TSAN
#define SWITCH_TSAN 0
#endif

#if SWITCH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if SWITCH_TSAN
#include <sanitizer/tsan_interface.h>
#endif

struct context {
	void *sp;                       /* where it stands; the rest is on its stack */
#if SWITCH_ASAN
	void *fake_stack;               /* ASan's, while the context stands still */
	const void *low;                /* bounds of its stack */
	size_t size;
#endif
#if SWITCH_TSAN
	void *fiber;                    /* TSan's name for its stack */
#endif
};

/*
 * Makes ret a context that calls entry on the stack of size bytes at low. entry
 * must not return: it ends by context_end(). fiber_slot is memory that lives as
 * long as the stack; zero when the stack is new.
 */
void bide__context_init(struct context *ret, void *low, size_t size, void (*entry)(void),
                        void **fiber_slot);

/* Makes ret stand for code that goes on where it runs, on the stack of size bytes at low. */
static inline void context_adopt(struct context *ret, void *low, size_t size, void *fiber);

/* Makes ret stand for the stack that this thread runs on, so that it can be switched to. */
void bide__context_of_thread(struct context *ret);

/* Undoes what the sanitizers remember of a stack that will not be used again. */
void bide__context_forget(void **fiber_slot);

#if defined(BIDE_SWITCH_UCONTEXT) ||                                                               \
        !(defined(__x86_64__) || defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64))

void bide__context_swap(struct context *from, struct context *to);

static inline void context_jump(struct context *from, struct context *to)
{
	bide__context_swap(from, to);
}

#elif defined(__x86_64__)

#if !SWITCH_ASAN && !SWITCH_TSAN
#define SWITCH_HAS_CROSS 1

/*
 * As context_switch(), between two contexts that only switch to each other and by
 * this call alone: returns the value that the other one gave. Called last of all in
 * a function it is entered by a jump, and it leaves by one, so that the processor
 * predicts where it goes. A return would be predicted to go to the other side's
 * caller. The price is a wrong prediction for each frame that returns later.
 */
int bide__context_cross(struct context *from, struct context *to, int value);
#endif

/*
 * The function that a switch is inlined into may keep something below its stack
 * pointer, unless it was compiled to have no such red zone. Then what is saved lies
 * close together, and switching among many tasks misses the cache less often.
 */
#ifdef BIDE_NO_RED_ZONE
#define RED_ZONE_SKIP ""
#define RED_ZONE_RETURN ""
#else
#define RED_ZONE_SKIP "leaq -128(%%rsp), %%rsp\n\t"
#define RED_ZONE_RETURN "leaq 128(%%rsp), %%rsp\n\t"
#endif

static inline __attribute__((always_inline)) void context_jump(struct context *from,
                                                               struct context *to)
{
	__asm__ volatile(RED_ZONE_SKIP "pushq %%rbp\n\t"
	                               "leaq 1f(%%rip), %%rcx\n\t"
	                               "pushq %%rcx\n\t"
	                               "movq %%rsp, (%%rdi)\n\t"
	                               "movq (%%rsi), %%rsp\n\t"
	                               "popq %%rcx\n\t"
	                               "jmp *%%rcx\n"
	                               "1:\n\t"
	                               "popq %%rbp\n\t" RED_ZONE_RETURN
	                 : "+D"(from), "+S"(to)
	                 :
	                 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
	                   "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
	                   "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
	                   "xmm15", "memory", "cc");
}

#elif defined(__aarch64__)

static inline __attribute__((always_inline)) void context_jump(struct context *from,
                                                               struct context *to)
{
	register struct context *x0 __asm__("x0") = from;
	register struct context *x1 __asm__("x1") = to;

	/* Only the low halves of v8 to v15 are callee-saved; the compiler knows. */
	__asm__ volatile("adr x9, 1f\n\t"
	                 "stp x29, x9, [sp, #-16]!\n\t"
	                 "mov x10, sp\n\t"
	                 "str x10, [x0]\n\t"
	                 "ldr x10, [x1]\n\t"
	                 "mov sp, x10\n\t"
	                 "ldp x29, x9, [sp], #16\n\t"
	                 "br x9\n"
	                 "1:"
	                 : "+r"(x0), "+r"(x1)
	                 :
	                 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
	                   "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22",
	                   "x23", "x24", "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3",
	                   "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
	                   "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
	                   "v25", "v26", "v27", "v28", "v29", "v30", "v31", "memory", "cc");
}

#else /* riscv64 */

static inline __attribute__((always_inline)) void context_jump(struct context *from,
                                                               struct context *to)
{
	/* Not t0: a jump to it would be taken for a return by the processor. */
	register struct context *a0 __asm__("a0") = from;
	register struct context *a1 __asm__("a1") = to;

	__asm__ volatile("lla t1, 1f\n\t"
	                 "addi sp, sp, -16\n\t"
	                 "sd s0, 0(sp)\n\t"
	                 "sd t1, 8(sp)\n\t"
	                 "sd sp, 0(a0)\n\t"
	                 "ld sp, 0(a1)\n\t"
	                 "ld s0, 0(sp)\n\t"
	                 "ld t1, 8(sp)\n\t"
	                 "addi sp, sp, 16\n\t"
	                 "jr t1\n"
	                 "1:"
	                 : "+r"(a0), "+r"(a1)
	                 :
	                 : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a2", "a3", "a4", "a5",
	                   "a6", "a7", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",
	                   "s11", "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "ft8",
	                   "ft9", "ft10", "ft11", "fs0", "fs1", "fs2", "fs3", "fs4", "fs5", "fs6",
	                   "fs7", "fs8", "fs9", "fs10", "fs11", "fa0", "fa1", "fa2", "fa3", "fa4",
	                   "fa5", "fa6", "fa7", "memory");
}

#endif

#ifndef SWITCH_HAS_CROSS
#define SWITCH_HAS_CROSS 0
#endif

/* Lets a new context be entered by a crossing, which takes six registers from its stack. */
static inline void context_init_crossing(struct context *fresh)
{
	if (SWITCH_HAS_CROSS)
		fresh->sp = (void **)fresh->sp - 6;
}

/*
 * Inlined, as TSan keeps a call stack for each fiber: a function that is entered on
 * one must not be left on another.
 */
static inline __attribute__((always_inline)) void
context_announce_leave(struct context *from, struct context *to, bool is_end)
{
#if SWITCH_ASAN
	__sanitizer_start_switch_fiber(is_end ? NULL : &from->fake_stack, to->low, to->size);
#endif
#if SWITCH_TSAN
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
	(void)from;
	(void)to;
	(void)is_end;
}

static inline void context_adopt(struct context *ret, void *low, size_t size, void *fiber)
{
#if SWITCH_ASAN
	ret->fake_stack = NULL;
	ret->low = low;
	ret->size = size;
#endif
#if SWITCH_TSAN
	ret->fiber = fiber;
#endif
	(void)ret;
	(void)low;
	(void)size;
	(void)fiber;
}

/* To be called by code that runs on a stack for the first time. */
static inline __attribute__((always_inline)) void context_announce_arrival(struct context *self)
{
#if SWITCH_ASAN
	__sanitizer_finish_switch_fiber(self->fake_stack, NULL, NULL);
#endif
	(void)self;
}

/* The caller stands still as from until somebody switches to that; to goes on. */
static inline __attribute__((always_inline)) void context_switch(struct context *from,
                                                                 struct context *to)
{
	context_announce_leave(from, to, false);
	context_jump(from, to);
	context_announce_arrival(from);
}

/* The caller's stack is not needed any more; to goes on. */
static inline __attribute__((always_inline, noreturn)) void context_end(struct context *to)
{
	struct context nobody;

	context_announce_leave(&nobody, to, true);
	context_jump(&nobody, to);
	__builtin_unreachable();
}

#endif
