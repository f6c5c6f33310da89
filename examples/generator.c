/* SPDX-License-Identifier: MIT */

/*
 * generator.c - a function that hands out one item at a time
 *
 * A generator has a stack of its own, so it may yield from any depth: here from
 * a recursive walk of a tree. It needs no loop. The caller takes as many items as
 * it likes; freeing the generator lets its function run to the end first.
 */
#include <bide.h>
#include <stdio.h>
#include <string.h>

struct node {
	const char *word;
	struct node *left;
	struct node *right;
};

static void insert(struct node **place, struct node *node)
{
	while (*place != NULL)
		place = strcmp(node->word, (*place)->word) < 0 ? &(*place)->left : &(*place)->right;
	*place = node;
}

/* Yields the words below the node in order; negative: nobody wants any more. */
static int walk(const struct node *node)
{
	int r;

	if (node == NULL)
		return 0;
	r = walk(node->left);
	if (r == 0)
		r = bide_gen_yield(&node->word);
	if (r == 0)
		r = walk(node->right);
	return r;
}

static int words(void *arg)
{
	int r = walk(arg);

	puts(r == 0 ? "that was all" : "no more words wanted");
	return 0;
}

int main(void)
{
	static struct node nodes[] = {
		{ .word = "park" },  { .word = "await" }, { .word = "task" }, { .word = "gather" },
		{ .word = "yield" }, { .word = "loop" },  { .word = "bide" },
	};
	struct node *tree = NULL;
	const char *word;
	bide_gen *gen;

	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		insert(&tree, &nodes[i]);

	gen = bide_gen_new(sizeof word, words, tree);
	if (gen == NULL)
		return 1;
	for (int i = 0; i < 4 && bide_gen_next(gen, &word) == 1; i++)
		puts(word);
	bide_gen_free(gen);
	return 0;
}
