/* SPDX-License-Identifier: MIT */

/* test_io_urgent.c - errors, urgent data, and what else readiness does not tell of */
#include "io_test.h"

#include <bide.h>

/* A pair of datagram sockets, connected with each other. */
static void make_udp_pair(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in addr = {
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};

		fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		CHECK(fds[i] >= 0);
		CHECK_INT(bind(fds[i], (struct sockaddr *)&addr, sizeof addr), 0);
	}
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in addr;
		socklen_t len = sizeof addr;

		CHECK_INT(getsockname(fds[1 - i], (struct sockaddr *)&addr, &len), 0);
		CHECK_INT(connect(fds[i], (struct sockaddr *)&addr, len), 0);
	}
}

/* ---- an error that a call has kept back ---- */

/* The system tells of it once, and has. The wait does so once, too. */
IO_TEST(io_wait, ends_for_an_error_behind_some_bytes)
{
	struct call call = { .kind = CALL_READ_FULL };
	int fds[2];
	int r = 0;

	make_udp_pair(fds);
	call.fd = fds[0];
	call_start(&call);
	CHECK_INT(send(fds[1], "1234", 4, 0), 4);
	let_others_run();
	CHECK_INT(close(fds[1]), 0);
	CHECK_INT(send(fds[0], "x", 1, 0), 1);
	CHECK_INT(call_end(&call), 4);
	BIDE_TIMEOUT(INSTANT)
		r = bide_wait_fd(fds[0], BIDE_WRITABLE);
	CHECK_INT(r, BIDE_WRITABLE);
	BIDE_TIMEOUT(BIDE_SECOND)
		r = bide_wait_fd(fds[0], BIDE_READABLE);
	CHECK_INT(r, BIDE_READABLE);
	BIDE_TIMEOUT(INSTANT)
		r = bide_wait_fd(fds[0], BIDE_READABLE);
	CHECK_INT(r, -ECANCELED);
	CHECK_INT(bide_read(fds[0], call.buf, sizeof call.buf), -ECONNREFUSED);
	CHECK_INT(bide_close(fds[0]), 0);
	return 0;
}
