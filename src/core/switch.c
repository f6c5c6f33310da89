/* SPDX-License-Identifier: MIT */

/*
 * switch.c - how a stack is entered for the first time
 *
 * A new stack is prepared as if context_jump() had left it: its top holds the
 * address of an entry stub, which jumps to the entry function. That finds 0 where
 * its return address would be, so that debuggers and profilers end their walk there.
 *
 * aarch64 and riscv64 follow the same plan; where none of them fits, or the
 * option `switch` asks for it, ucontext does the work, at the price of a system
 * call for each switch.
 */
#include "switch.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* The top of the stack is kept free for what ABIs expect above a frame. */
#define TOP_RESERVE 16

#if defined(BIDE_SWITCH_UCONTEXT) ||                                                               \
        !(defined(__x86_64__) || defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64))

#include <ucontext.h>

void bide__context_swap(struct context *from, struct context *to)
{
	ucontext_t here;

	from->sp = &here;
	/* The mask belongs to the thread, not to what runs on it. */
	(void)pthread_sigmask(SIG_SETMASK, NULL, &((ucontext_t *)to->sp)->uc_sigmask);
	(void)swapcontext(&here, to->sp);
}

static void *stack_prepare(char *low, size_t size, void (*entry)(void))
{
	uintptr_t top = (uintptr_t)low + size - TOP_RESERVE - sizeof(ucontext_t);
	ucontext_t *fresh = (ucontext_t *)(top & ~(uintptr_t)63);

	(void)getcontext(fresh);
	fresh->uc_stack.ss_sp = low;
	fresh->uc_stack.ss_size = (size_t)((char *)fresh - low);
	fresh->uc_link = NULL;
	makecontext(fresh, entry, 0);
	return fresh;
}

#else

void bide__context_entry(void);

#if defined(__x86_64__)

__asm__(".text\n"
        ".globl bide__context_entry\n"
        ".hidden bide__context_entry\n"
        ".type bide__context_entry, @function\n"
        "bide__context_entry:\n\t"
        "popq %rax\n\t"
        "xorl %ebp, %ebp\n\t"
        "pushq $0\n\t"
        "jmp *%rax\n\t"
        ".size bide__context_entry, . - bide__context_entry\n");

#if SWITCH_HAS_CROSS
__asm__(".text\n"
        ".globl bide__context_cross\n"
        ".hidden bide__context_cross\n"
        ".type bide__context_cross, @function\n"
        "bide__context_cross:\n\t"
        "pushq %rbp\n\t"
        "pushq %rbx\n\t"
        "pushq %r12\n\t"
        "pushq %r13\n\t"
        "pushq %r14\n\t"
        "pushq %r15\n\t"
        "movq %rsp, (%rdi)\n\t"
        "movq (%rsi), %rsp\n\t"
        "popq %r15\n\t"
        "popq %r14\n\t"
        "popq %r13\n\t"
        "popq %r12\n\t"
        "popq %rbx\n\t"
        "popq %rbp\n\t"
        "movl %edx, %eax\n\t"
        "popq %rcx\n\t"
        "jmp *%rcx\n\t"
        ".size bide__context_cross, . - bide__context_cross\n");
#endif

static void *stack_prepare(char *low, size_t size, void (*entry)(void))
{
	void **top = (void **)(low + size - TOP_RESERVE);

	*--top = (void *)entry;
	*--top = (void *)bide__context_entry;
	return top;
}

#elif defined(__aarch64__)

__asm__(".text\n"
        ".globl bide__context_entry\n"
        ".hidden bide__context_entry\n"
        ".type bide__context_entry, %function\n"
        "bide__context_entry:\n\t"
        "ldr x9, [sp], #16\n\t"
        "mov x29, #0\n\t"
        "mov x30, #0\n\t"
        "br x9\n\t"
        ".size bide__context_entry, . - bide__context_entry\n");

static void *stack_prepare(char *low, size_t size, void (*entry)(void))
{
	void **top = (void **)(low + size - TOP_RESERVE);

	*--top = NULL;
	*--top = (void *)entry;
	*--top = (void *)bide__context_entry;   /* read as x9, */
	*--top = NULL;                          /* and this as x29 */
	return top;
}

#else /* riscv64 */

__asm__(".text\n"
        ".globl bide__context_entry\n"
        ".hidden bide__context_entry\n"
        ".type bide__context_entry, @function\n"
        "bide__context_entry:\n\t"
        "ld t1, 0(sp)\n\t"
        "addi sp, sp, 16\n\t"
        "li s0, 0\n\t"
        "li ra, 0\n\t"
        "jr t1\n\t"
        ".size bide__context_entry, . - bide__context_entry\n");

static void *stack_prepare(char *low, size_t size, void (*entry)(void))
{
	void **top = (void **)(low + size - TOP_RESERVE);

	*--top = NULL;
	*--top = (void *)entry;
	*--top = (void *)bide__context_entry;   /* read as t1, */
	*--top = NULL;                          /* and this as s0 */
	return top;
}

#endif
#endif

void bide__context_init(struct context *ret, void *low, size_t size, void (*entry)(void),
                        void **fiber_slot)
{
#if SWITCH_ASAN
	/* Frames that were left by switching away for good are still poisoned. */
	__asan_unpoison_memory_region(low, size);
	ret->fake_stack = NULL;
	ret->low = low;
	ret->size = size;
#endif
#if SWITCH_TSAN
	if (*fiber_slot == NULL)
		*fiber_slot = __tsan_create_fiber(0);
	ret->fiber = *fiber_slot;
#endif
	(void)fiber_slot;
	ret->sp = stack_prepare(low, size, entry);
}

void bide__context_of_thread(struct context *ret)
{
	*ret = (struct context){ 0 };
#if SWITCH_ASAN
	pthread_attr_t attributes;
	void *low;

	if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
		(void)pthread_attr_getstack(&attributes, &low, &ret->size);
		ret->low = low;
		(void)pthread_attr_destroy(&attributes);
	}
#endif
#if SWITCH_TSAN
	ret->fiber = __tsan_get_current_fiber();
#endif
}

void bide__context_forget(void **fiber_slot)
{
#if SWITCH_TSAN
	if (*fiber_slot != NULL)
		__tsan_destroy_fiber(*fiber_slot);
#endif
	*fiber_slot = NULL;
}
