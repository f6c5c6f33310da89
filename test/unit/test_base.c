/* SPDX-License-Identifier: MIT */

/* test_base.c - versions and the texts of errors */
#include "test.h"

#include <bide.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

TEST(version, of_the_library_is_that_of_the_header)
{
	char expected[32];

	snprintf(expected, sizeof expected, "%d.%d.%d", BIDE_VERSION_MAJOR, BIDE_VERSION_MINOR,
	         BIDE_VERSION_PATCH);
	CHECK_STR(bide_version(), expected);
	CHECK_STR(bide_version(), "0.1.0");
}

TEST(strerror, takes_codes_of_either_sign)
{
	static const int codes[] = { EPERM, ECANCELED, ETIMEDOUT, EDEADLK, ENOMEM, EPIPE };

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		CHECK_STR(bide_strerror(codes[i]), strerror(codes[i]));
		CHECK_STR(bide_strerror(-codes[i]), strerror(codes[i]));
	}
}

TEST(strerror, has_a_text_for_any_number)
{
	static const int codes[] = { 0, 99999, -99999, INT32_MAX, INT32_MIN };

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		CHECK(bide_strerror(codes[i]) != NULL && bide_strerror(codes[i])[0] != '\0');
}

TEST(time, units_are_multiples_of_a_nanosecond)
{
	CHECK_INT(BIDE_NANOSECOND, 1);
	CHECK_INT(BIDE_MICROSECOND, 1000);
	CHECK_INT(BIDE_SECOND, 1000 * BIDE_MILLISECOND);
	CHECK_INT(BIDE_HOUR, 3600 * BIDE_SECOND);
	CHECK_INT(BIDE_FOREVER, INT64_MAX);
}
