/* SPDX-License-Identifier: MIT */

/*
 * dns_query.c - asks a name server over UDP for the addresses of names, all at once
 *
 * usage: dns_query SERVER PORT NAME...        numeric; 53 is the usual port
 *
 *   LDLIBS=-lresolv ./dev run examples/programs/dns_query.c 9.9.9.9 53 example.org
 *
 * Each name has two tasks, one for its IPv4 addresses and one for its IPv6 addresses,
 * each with a socket of its own. A datagram may be lost, so a question is asked up to
 * three times, and waits for its answer a bit longer each time.
 *
 * To be seen in it: datagrams; a time limit around a call, tried again; and a group whose
 * tasks all keep going when one of them fails. (Programs that just want to connect use
 * bide_tcp_connect() or bide_getaddrinfo().) Messages are made and read by the resolver
 * of the C library.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <bide.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#define TRIES 3
#define ANSWER_BIT 0x80 /* in the third byte of a message */
#define FIRST_WAIT (500 * BIDE_MILLISECOND)

static const char *server, *port;
static int failure_count;

struct question {
	const char *name;
	ns_type type; /* ns_t_a or ns_t_aaaa */
	unsigned char query[NS_PACKETSZ];
	size_t size;
};

/*
 * Whether the message answers the question. Others may have sent it who have guessed the
 * number of the query: so it has to repeat the question, too.
 */
static bool is_answer(const struct question *question, const unsigned char *message, ssize_t n)
{
	const unsigned char *query = question->query;

	return n >= (ssize_t)question->size && memcmp(message, query, 2) == 0 &&
	       (message[2] & ANSWER_BIT) != 0 &&
	       memcmp(message + NS_HFIXEDSZ, query + NS_HFIXEDSZ, question->size - NS_HFIXEDSZ) ==
	               0;
}

/* Waits for the answer; what is none is passed over. Returns its size or a negative errno. */
static ssize_t receive(int fd, const struct question *question, unsigned char *ret, size_t size)
{
	ssize_t n;

	do
		n = bide_recv(fd, ret, size, 0);
	while (n >= 0 && !is_answer(question, ret, n));
	return n;
}

static ssize_t ask(int fd, const struct question *question, unsigned char *ret, size_t size)
{
	ssize_t n = -ETIMEDOUT;

	for (int i = 0; i < TRIES && n == -ETIMEDOUT; i++) {
		bide_scope scope;

		bide_scope_enter(&scope, FIRST_WAIT << i);
		n = bide_send(fd, question->query, question->size, 0);
		if (n >= 0)
			n = receive(fd, question, ret, size);
		if (bide_scope_leave(&scope) == -ETIMEDOUT && n == -ECANCELED)
			n = -ETIMEDOUT;
	}
	return n;
}

/* Whether the record is an address of the kind that was asked for, and a whole one. */
static bool is_address(const struct question *question, ns_rr record)
{
	size_t size = question->type == ns_t_a ? NS_INADDRSZ : NS_IN6ADDRSZ;

	return ns_rr_type(record) == question->type && ns_rr_rdlen(record) == size;
}

/* Prints the addresses of the answer. Returns 0, or a negative errno. */
static int print_answer(const struct question *question, const unsigned char *answer, ssize_t n)
{
	const int family = question->type == ns_t_a ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];
	ns_msg message;
	ns_rr record;

	if (ns_initparse(answer, (int)n, &message) < 0)
		return -EBADMSG;
	if (ns_msg_getflag(message, ns_f_rcode) == ns_r_nxdomain)
		return -ENOENT;
	if (ns_msg_getflag(message, ns_f_rcode) != ns_r_noerror)
		return -EREMOTEIO;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		if (ns_parserr(&message, ns_s_an, i, &record) < 0)
			return -EBADMSG;
		/* Among them may be the names that the name is short for. */
		if (is_address(question, record) &&
		    inet_ntop(family, ns_rr_rdata(record), text, sizeof text) != NULL)
			printf("%s %s\n", question->name, text);
	}
	return 0;
}

/* A socket that hears the server only. */
static int open_socket(void)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *found;
	int fd, r;

	if (bide_getaddrinfo(server, port, &hints, &found) != 0)
		return -EINVAL;
	fd = bide_udp_bind(found->ai_family == AF_INET6 ? "::" : "0.0.0.0", "0");
	r = fd < 0 ? fd : bide_connect(fd, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	if (r < 0 && fd >= 0)
		bide_close(fd);
	return r < 0 ? r : fd;
}

static int look_up(void *arg)
{
	struct question *question = arg;
	unsigned char answer[NS_MAXMSG < 4096 ? NS_MAXMSG : 4096];
	int size = res_mkquery(ns_o_query, question->name, ns_c_in, (int)question->type, NULL, 0,
	                       NULL, question->query, sizeof question->query);
	int fd = size < 0 ? -EINVAL : open_socket();
	ssize_t r = fd;

	if (fd >= 0) {
		question->size = (size_t)size;
		r = ask(fd, question, answer, sizeof answer);
		bide_close(fd);
	}
	if (r >= 0)
		r = print_answer(question, answer, r);
	if (r < 0 && r != -ECANCELED) {
		fprintf(stderr, "%s: %s\n", question->name, bide_strerror((int)r));
		failure_count++;
	}
	return (int)r;
}

static int async_main(void *arg)
{
	char **names = arg;
	bide_group group;

	bide_group_open_with(&group, BIDE_KEEP_GOING);
	for (; *names != NULL; names++) {
		struct question question = { .name = *names, .type = ns_t_a };

		bide_group_spawn_copy(&group, look_up, &question, sizeof question);
		question.type = ns_t_aaaa;
		bide_group_spawn_copy(&group, look_up, &question, sizeof question);
	}
	return bide_group_close(&group);
}

int main(int argc, char *argv[])
{
	int r;

	if (argc < 4) {
		fprintf(stderr, "usage: %s SERVER PORT NAME...\n", argv[0]);
		return 2;
	}
	server = argv[1];
	port = argv[2];
	r = bide_run(async_main, argv + 3);
	return r < 0 || failure_count > 0;
}
