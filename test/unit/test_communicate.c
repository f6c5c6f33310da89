/* SPDX-License-Identifier: MIT */

/* test_communicate.c - a conversation with a process, whole or cut short */
#include "process_test.h"

IO_TEST(communicate, passes_any_bytes)
{
	static const char input[] = "a\0b\n\0\xff";
	bide_process *process = start_sh("exec cat", .in = BIDE_PIPE, .out = BIDE_PIPE);
	bide_buffer out;

	CHECK_INT(bide_process_communicate(process, input, sizeof input - 1, &out, NULL), 0);
	CHECK_INT(out.size, sizeof input - 1);
	CHECK_INT(memcmp(out.data, input, sizeof input), 0);
	free(out.data);
	bide_process_free(process);
	return 0;
}

/* 3,000,000 bytes each way and one more, so that nobody can wait for anybody. */
#define BULK_BYTES 3000000u

IO_TEST(communicate, takes_bulk_through_all_three_pipes)
{
	size_t bytes = getenv("BIDE_TEST_SLOW") != NULL ? 300000u : BULK_BYTES;
	bide_process *process = start_sh("exec tee /dev/stderr", .in = BIDE_PIPE, .out = BIDE_PIPE,
	                                 .err = BIDE_PIPE);
	char *input = malloc(bytes);
	bide_buffer out, err;

	for (size_t i = 0; i < bytes; i++)
		input[i] = (char)(i * 7 >> 2);
	CHECK_INT(bide_process_communicate(process, input, bytes, &out, &err), 0);
	CHECK_INT(out.size, bytes);
	CHECK_INT(err.size, bytes);
	CHECK_INT(memcmp(out.data, input, bytes), 0);
	CHECK_INT(memcmp(err.data, input, bytes), 0);
	free(out.data);
	free(err.data);
	free(input);
	bide_process_free(process);
	return 0;
}

IO_TEST(communicate, reads_and_drops_what_nobody_wants)
{
	bide_process *process = start_sh("head -c 1000000 /dev/zero | tee /dev/stderr; exit 3",
	                                 .out = BIDE_PIPE, .err = BIDE_PIPE);

	CHECK_INT(bide_process_communicate(process, NULL, 0, NULL, NULL), 0);
	CHECK_INT(exit_code(process), 3);
	bide_process_free(process);
	return 0;
}

IO_TEST(communicate, leaves_out_what_is_no_pipe)
{
	bide_process *process = start_sh("exit 3", .in = BIDE_NULL, .err = BIDE_PIPE);
	bide_buffer out = { (char *)"", 1 }, err = { NULL, 1 };

	CHECK_INT(bide_process_communicate(process, "x", 1, &out, &err), -EBADF);
	CHECK_INT(out.size, 1);
	CHECK_INT(bide_process_communicate(process, NULL, 0, &out, &err), 0);
	CHECK(out.data == NULL);
	CHECK_INT(out.size, 0);
	CHECK_STR(err.data, "");        /* a pipe that nothing came through */
	CHECK_INT(err.size, 0);
	free(err.data);
	CHECK_INT(exit_code(process), 3);

	/* There is nothing left to be read; that it has ended stays true. */
	CHECK_INT(bide_process_communicate(process, NULL, 0, &out, &err), 0);
	CHECK(out.data == NULL && err.data == NULL);
	bide_process_free(process);
	return 0;
}

IO_TEST(communicate, leaves_alone_what_was_taken)
{
	bide_process *process = start_sh("cat; echo err >&2", .in = BIDE_PIPE, .out = BIDE_PIPE,
	                                 .err = BIDE_PIPE);
	int fd = bide_process_take_fd(process, 1);
	bide_buffer out, err;
	char text[8] = "";

	CHECK_INT(bide_process_take_fd(process, 1), -EBADF);
	CHECK_INT(bide_process_communicate(process, "in", 2, &out, &err), 0);
	CHECK(out.data == NULL);
	CHECK_STR(err.data, "err\n");
	free(err.data);
	bide_process_free(process);
	CHECK_INT(bide_read_full(fd, text, sizeof text), 2);
	CHECK_STR(text, "in");
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

struct talk {
	bide_process *process;
	const char *in;
	size_t n;
	bide_buffer out;
};

static int talk_run(void *arg)
{
	struct talk *talk = arg;

	return bide_process_communicate(talk->process, talk->in, talk->n, &talk->out, NULL);
}

IO_TEST(communicate, is_for_one_task_at_a_time)
{
	struct talk talk = {
		.process = start_sh("kill -STOP $$; cat", .in = BIDE_PIPE, .out = BIDE_PIPE),
	};
	bide_task *task = bide_spawn(talk_run, &talk);

	let_others_run();
	CHECK_INT(bide_process_communicate(talk.process, NULL, 0, NULL, NULL), -EBUSY);
	CHECK_INT(bide_process_take_fd(talk.process, 1), -EBUSY);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK(talk.out.data == NULL);
	bide_process_free(talk.process);
	until_no_children();
	return 0;
}

static void until_stopped(pid_t pid)
{
	siginfo_t info;

	CHECK_INT(waitid(P_PID, (id_t)pid, &info, WSTOPPED), 0);
}

/* Stopped in the midst of both directions, and let go on. */
IO_TEST(communicate, that_is_cut_short_goes_on_and_loses_nothing)
{
	static char input[200000];
	struct talk talk = {
		.process = start_sh("printf out; kill -STOP $$; exec cat", .in = BIDE_PIPE,
		                    .out = BIDE_PIPE),
		.in = input,
		.n = sizeof input,
	};
	bide_task *task = bide_spawn(talk_run, &talk);

	for (size_t i = 0; i < sizeof input; i++)
		input[i] = (char)(i * 7 >> 2);
	until_stopped(bide_process_pid(talk.process));
	let_others_run();
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK(talk.out.data == NULL);

	CHECK_INT(bide_process_kill(talk.process, SIGCONT), 0);
	CHECK_INT(talk_run(&talk), 0);
	CHECK_INT(talk.out.size, 3 + sizeof input);
	CHECK_INT(memcmp(talk.out.data, "out", 3), 0);
	CHECK_INT(memcmp(talk.out.data + 3, input, sizeof input), 0);
	free(talk.out.data);
	CHECK_INT(exit_code(talk.process), 0);
	bide_process_free(talk.process);
	return 0;
}

/* ---- while the loop closes ---- */

static int talk_at_the_end(void *arg)
{
	bide_process *process = start_sh("exec cat", .in = BIDE_PIPE, .out = BIDE_PIPE);
	bide_buffer out;

	CHECK_INT(bide_process_communicate(process, "saved", 5, &out, NULL), 0);
	CHECK_STR(out.data, "saved");
	free(out.data);
	bide_process_free(process);
	*(bool *)arg = true;
	return 0;
}

static int clean_up_late(void *arg)
{
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	return bide_shield(talk_at_the_end, arg);
}

static int leave_it_to_the_shutdown(void *arg)
{
	bide_go(clean_up_late, arg);
	return bide_yield();
}

TEST(communicate, works_in_a_clean_up_of_a_loop_that_closes)
{
	bool has_talked = false;

	CHECK_INT(bide_run(leave_it_to_the_shutdown, &has_talked), 0);
	CHECK(has_talked);
}
