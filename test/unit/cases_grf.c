/* SPDX-License-Identifier: MIT */

/* cases_grf.c - GRF: introspection */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *grf02_text;

static int grf02_f(void *arg)
{
	size_t size;
	FILE *out = open_memstream(&grf02_text, &size);

	(void)arg;
	CHECK(out != NULL);
	bide_dump(out);
	fclose(out);
	return 0;
}

static int grf02_j(void *arg)
{
	(void)arg;
	return bide_join(bide_spawn_with(&(bide_task_options){ .name = "leaf" }, grf02_f, NULL));
}

/* Whether the text has a line that holds the name and, behind it, the word. */
static bool has_line(const char *text, const char *name, const char *word)
{
	while (text != NULL) {
		const char *end = strchr(text, '\n');
		const char *found = strstr(text, name);

		if (found != NULL && (end == NULL || found < end)) {
			found = strstr(found + strlen(name), word);
			if (found != NULL && (end == NULL || found < end))
				return true;
		}
		text = end == NULL ? NULL : end + 1;
	}
	return false;
}

CASE(GRF_02, "dump names every live task and what it waits for, also from inside",
     .trace = "true · true · true", .order = ANY_ORDER)
{
	bide_task *t = bide_spawn_with(&(bide_task_options){ .name = "joiner" }, grf02_j, NULL);

	bide_gather(1, &t, NULL);
	LOG("%s", BOOL(has_line(grf02_text, bide_name(bide_self()), "gather")));
	LOG("%s", BOOL(has_line(grf02_text, "joiner", "join")));
	LOG("%s", BOOL(has_line(grf02_text, "leaf", "running")));
	free(grf02_text);
	return 0;
}

PROGRAM(GRF_04, "outside of any loop current and self are NULL; asking makes no loop",
        .trace = "true true · true true", .order = ANY_ORDER)
{
	for (int i = 0; i < 2; i++)
		LOG("%s %s", BOOL(bide_loop_current() == NULL), BOOL(bide_self() == NULL));
}
