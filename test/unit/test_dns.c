/* SPDX-License-Identifier: MIT */

/* test_dns.c - names, and the threads that look them up */
#include "io/hosts.h"
#include "net_test.h"

#include <semaphore.h>

static const struct addrinfo stream = { .ai_socktype = SOCK_STREAM };

static void expect_address(const struct addrinfo *found, const char *host, int port)
{
	char text[INET6_ADDRSTRLEN];
	char service[8];

	CHECK(found != NULL);
	CHECK_INT(getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, service,
	                      sizeof service, NI_NUMERICHOST | NI_NUMERICSERV),
	          0);
	CHECK(strcmp(text, host) == 0);
	CHECK_INT(atoi(service), port);
}

static int lookup_forbidden(struct name_lookup *lookup)
{
	(void)lookup;
	CHECK(false);
	return EAI_FAIL;
}

/* ---- answers without a thread ---- */

IO_TEST(dns, answers_numbers_without_a_thread)
{
	static const char *const hosts[] = { "127.0.0.1", "::1", "10.1.2.3", "fe80::1:2" };
	struct addrinfo *found;

	bide__getaddrinfo_hook = lookup_forbidden;
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		CHECK_INT(bide_getaddrinfo(hosts[i], "80", &stream, &found), 0);
		expect_address(found, hosts[i], 80);
		CHECK(found->ai_next == NULL);
		freeaddrinfo(found);
	}
	CHECK_INT(bide_getaddrinfo("10.1.2.3", NULL, NULL, &found), 0);
	expect_address(found, "10.1.2.3", 0);
	freeaddrinfo(found);
	return 0;
}

IO_TEST(dns, answers_no_host_without_a_thread)
{
	const struct addrinfo passive = {
		.ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE,
	};
	struct addrinfo *found;

	bide__getaddrinfo_hook = lookup_forbidden;
	CHECK_INT(bide_getaddrinfo(NULL, "80", &passive, &found), 0);
	expect_address(found, "0.0.0.0", 80);
	freeaddrinfo(found);
	CHECK_INT(bide_getaddrinfo(NULL, NULL, &stream, &found), EAI_NONAME);
	return 0;
}

IO_TEST(dns, answers_localhost_without_a_thread_where_the_file_decides)
{
	const struct addrinfo four = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct hosts_found known;
	struct addrinfo *found;

	/* Neither the test's host nor its files are ours. */
	if (bide__hosts_find("localhost", AF_INET, &known) < 0 || known.count != 1)
		return 0;
	bide__getaddrinfo_hook = lookup_forbidden;
	CHECK_INT(bide_getaddrinfo("localhost", "80", &four, &found), 0);
	expect_address(found, known.list[0].text, 80);
	CHECK(found->ai_next == NULL);
	freeaddrinfo(found);
	return 0;
}

IO_TEST(dns, that_may_not_look_up_fails_without_a_thread)
{
	const struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST };
	const struct addrinfo six = { .ai_family = AF_INET6 };
	struct addrinfo *found = NULL;

	bide__getaddrinfo_hook = lookup_forbidden;
	CHECK_INT(bide_getaddrinfo("a.test", "1", &numeric, &found), EAI_NONAME);
	CHECK(bide_getaddrinfo("127.0.0.1", "1", &six, &found) < 0);
	CHECK(found == NULL);
	return 0;
}

/* What is answered here is what the C library would have answered. */
IO_TEST(dns, answers_names_in_the_file_of_hosts_as_the_c_library_does)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };

	bide__getaddrinfo_hook = bide__sys_getaddrinfo;
	for (int i = 0; i < 3; i++) {
		const struct addrinfo hints = {
			.ai_family = families[i],
			.ai_socktype = SOCK_STREAM,
		};
		struct addrinfo *ours = NULL, *theirs = NULL;
		int r = getaddrinfo("localhost", "80", &hints, &theirs);

		CHECK_INT(bide_getaddrinfo("localhost", "80", &hints, &ours), r);
		if (r != 0)
			continue;
		for (const struct addrinfo *a = ours, *b = theirs; a != NULL || b != NULL;
		     a = a->ai_next, b = b->ai_next) {
			CHECK(a != NULL && b != NULL);
			CHECK_INT(a->ai_addrlen, b->ai_addrlen);
			CHECK(memcmp(a->ai_addr, b->ai_addr, a->ai_addrlen) == 0);
		}
		freeaddrinfo(ours);
		freeaddrinfo(theirs);
	}
	return 0;
}

/* ---- the file of hosts ---- */

static const char hosts_text[] = "# a comment with localhost\n"
				 "127.0.0.1\tlocalhost other # not-this\n"
				 "\n"
				 "   10.0.0.5   Db.Example  db\n"
				 "::1 localhost ip6-localhost\r\n"
				 "garbage db\n"
				 "10.0.0.256 db\n"
				 "fe80::1%lo db\n"
				 "10.0.0.6 db";

static int count_of(const char *name, int family, struct hosts_found *found)
{
	CHECK(bide__hosts_search(hosts_text, name, family, found));
	return found->count;
}

TEST(hosts, finds_names_and_aliases_in_order)
{
	struct hosts_found found;

	CHECK_INT(count_of("localhost", AF_UNSPEC, &found), 2);
	CHECK(strcmp(found.list[0].text, "127.0.0.1") == 0);
	CHECK(strcmp(found.list[1].text, "::1") == 0);
	CHECK_INT(found.list[1].family, AF_INET6);
	CHECK_INT(count_of("localhost", AF_INET6, &found), 1);
	CHECK(strcmp(found.list[0].text, "::1") == 0);
	CHECK_INT(count_of("DB.example", AF_INET, &found), 1);
	CHECK_INT(count_of("db", AF_UNSPEC, &found), 2);
	CHECK(strcmp(found.list[1].text, "10.0.0.6") == 0);
	CHECK_INT(count_of("ip6-localhost", AF_UNSPEC, &found), 1);
	CHECK_INT(count_of("other", AF_INET6, &found), 0);
	CHECK_INT(count_of("not-this", AF_UNSPEC, &found), 0);
	CHECK_INT(count_of("local", AF_UNSPEC, &found), 0);
	CHECK_INT(count_of("127.0.0.1", AF_UNSPEC, &found), 0);
	CHECK_INT(count_of("", AF_UNSPEC, &found), 0);
}

TEST(hosts, with_more_addresses_than_there_is_room_for_are_not_cut)
{
	char text[1024] = "";
	struct hosts_found found;

	for (int i = 0; i <= HOSTS_FOUND_MAX; i++) {
		CHECK(bide__hosts_search(text, "many", AF_INET, &found));
		CHECK_INT(found.count, i);
		sprintf(text + strlen(text), "10.0.0.%d many\n", i);
	}
	CHECK(!bide__hosts_search(text, "many", AF_INET, &found));
}

TEST(hosts, are_asked_only_where_they_come_first_and_alone_decide)
{
	CHECK(bide__hosts_are_first("hosts: files dns\n"));
	CHECK(bide__hosts_are_first("passwd: files\n\thosts:\tfiles\n"));
	CHECK(bide__hosts_are_first("hosts: files mdns4_minimal [NOTFOUND=return] dns"));
	CHECK(!bide__hosts_are_first("hosts: dns files\n"));
	CHECK(!bide__hosts_are_first("hosts: files [SUCCESS=merge] dns\n"));
	CHECK(!bide__hosts_are_first("hosts: mymachines files\n"));
	CHECK(!bide__hosts_are_first("#hosts: files\n"));
	CHECK(!bide__hosts_are_first("hosts:\n"));
	CHECK(!bide__hosts_are_first("passwd: files\n"));
	CHECK(!bide__hosts_are_first(""));
}

/* ---- answers of a thread ---- */

IO_TEST(dns, asks_a_thread_for_other_names)
{
	struct addrinfo *found;

	bide__getaddrinfo_hook = lookup_fake;
	fake_answer = (struct fake_answer){ { "10.0.0.1", "10.0.0.2" }, 0 };
	CHECK_INT(bide_getaddrinfo("a.test", "80", &stream, &found), 0);
	expect_address(found, "10.0.0.1", 80);
	expect_address(found->ai_next, "10.0.0.2", 80);
	freeaddrinfo(found);
	CHECK_INT(fake_count, 1);
	/* The names of services are in a file, too. */
	fake_answer = (struct fake_answer){ .code = EAI_SERVICE };
	CHECK_INT(bide_getaddrinfo("127.0.0.1", "no-such", &stream, &found), EAI_SERVICE);
	CHECK_INT(fake_count, 2);
	fake_answer = (struct fake_answer){ .code = EAI_AGAIN };
	CHECK_INT(bide_getaddrinfo("a.test", NULL, &stream, &found), EAI_AGAIN);
	return 0;
}

static sem_t has_begun, go_on;

/* A name server that takes its time. */
static int lookup_slow(struct name_lookup *lookup)
{
	int r = lookup_fake(lookup);

	/* They are the lookup's own, whoever asked. */
	CHECK(strcmp(lookup->host, "slow.test") == 0);
	CHECK(strcmp(lookup->service, "80") == 0);
	sem_post(&has_begun);
	while (sem_wait(&go_on) != 0)
		CHECK_INT(errno, EINTR);
	CHECK(strcmp(lookup->host, "slow.test") == 0);
	return r;
}

static void slow_begin(void)
{
	CHECK_INT(sem_init(&has_begun, 0, 0), 0);
	CHECK_INT(sem_init(&go_on, 0, 0), 0);
	bide__getaddrinfo_hook = lookup_slow;
	fake_answer = (struct fake_answer){ { "10.0.0.1" }, 0 };
}

static void await_begin(void)
{
	while (sem_trywait(&has_begun) != 0)
		CHECK_INT(bide_yield(), 0);
}

static int look_up_slowly(void *arg)
{
	char host[] = "slow.test";
	char service[] = "80";
	struct addrinfo *found;
	int r = bide_getaddrinfo(host, service, &stream, &found);

	(void)arg;
	memset(host, 'x', sizeof host);
	memset(service, 'x', sizeof service);
	if (r == 0)
		freeaddrinfo(found);
	return r;
}

static int answer(void *arg)
{
	(void)arg;
	return 42;
}

IO_TEST(dns, that_is_slow_holds_nothing_up)
{
	bide_task *tasks[20];

	slow_begin();
	for (int i = 0; i < 20; i++)
		tasks[i] = bide_spawn(look_up_slowly, NULL);
	await_begin();
	/* More than there are threads for lookups; the others are free. */
	CHECK_INT(bide_to_thread(answer, NULL), 42);
	for (int i = 0; i < 20; i++)
		CHECK_INT(sem_post(&go_on), 0);
	for (int i = 0; i < 20; i++)
		CHECK_INT(bide_join(tasks[i]), 0);
	return 0;
}

#define CROWD 1000

static int look_up_other(void *arg)
{
	struct addrinfo *found;
	int r = bide_getaddrinfo("a.test", arg, &stream, &found);

	if (r != 0)
		return r;
	expect_address(found, "10.0.0.1", 80);
	freeaddrinfo(found);
	return 0;
}

/* Far more than there are threads; each third one is given up, begun or not. */
IO_TEST(dns, answers_a_thousand_at_once)
{
	static bide_task *tasks[CROWD];

	bide__getaddrinfo_hook = lookup_fake;
	fake_answer = (struct fake_answer){ { "10.0.0.1" }, 0 };
	fake_count = 0;
	for (int i = 0; i < CROWD; i++)
		tasks[i] = bide_spawn(look_up_other, (void *)"80");
	CHECK_INT(bide_yield(), 0);
	for (int i = 0; i < CROWD; i += 3)
		(void)bide_cancel(tasks[i]);
	for (int i = 0; i < CROWD; i++) {
		int r = bide_join(tasks[i]);

		CHECK(r == 0 || (i % 3 == 0 && r == -ECANCELED));
	}
	CHECK(__atomic_load_n(&fake_count, __ATOMIC_SEQ_CST) <= CROWD);
	return 0;
}

IO_TEST(dns, lets_who_is_cancelled_go_at_once)
{
	bide_task *task;

	slow_begin();
	task = bide_spawn(look_up_slowly, NULL);
	await_begin();
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_INT(sem_post(&go_on), 0);
	return 0;
}

static int leave_lookup(void *arg)
{
	bide_task *task;

	slow_begin();
	task = bide_spawn(look_up_slowly, arg);
	await_begin();
	bide_detach(task);
	return 0;
}

/* The lookup ends when the loop is long gone, and frees what it has found. */
TEST(dns, does_not_keep_the_loop_from_its_end)
{
	CHECK_INT(bide_run(leave_lookup, NULL), 0);
	CHECK_INT(sem_post(&go_on), 0);
}

IO_TEST(dns, that_has_not_begun_is_taken_back)
{
	bide_task *tasks[20];

	fake_count = 0;
	slow_begin();
	for (int i = 0; i < 16; i++)
		tasks[i] = bide_spawn(look_up_slowly, NULL);
	for (int i = 0; i < 16; i++)
		await_begin();
	for (int i = 16; i < 20; i++)
		tasks[i] = bide_spawn(look_up_slowly, NULL);
	let_others_run();
	CHECK_INT(__atomic_load_n(&fake_count, __ATOMIC_SEQ_CST), 16);
	/* The last ones first: one that has begun leaves its place to another. */
	for (int i = 19; i >= 0; i--) {
		CHECK_INT(bide_cancel(tasks[i]), 1);
		CHECK_INT(bide_join(tasks[i]), -ECANCELED);
	}
	CHECK_INT(__atomic_load_n(&fake_count, __ATOMIC_SEQ_CST), 16);
	for (int i = 0; i < 16; i++)
		CHECK_INT(sem_post(&go_on), 0);
	return 0;
}

/* One after the other is given up. The last one begins when an earlier one has ended. */
IO_TEST(dns, that_is_given_up_takes_no_thread_beyond_64)
{
	bide_task *task;

	fake_count = 0;
	slow_begin();
	for (int i = 0; i < 64; i++) {
		task = bide_spawn(look_up_slowly, NULL);
		await_begin();
		CHECK_INT(bide_cancel(task), 1);
		CHECK_INT(bide_join(task), -ECANCELED);
	}
	task = bide_spawn(look_up_slowly, NULL);
	let_others_run();
	CHECK_INT(__atomic_load_n(&fake_count, __ATOMIC_SEQ_CST), 64);
	CHECK_INT(sem_post(&go_on), 0);
	await_begin();
	for (int i = 0; i < 64; i++)
		CHECK_INT(sem_post(&go_on), 0);
	CHECK_INT(bide_join(task), 0);
	return 0;
}

static int look_up_cancelled(void *arg)
{
	struct addrinfo *found;

	(void)arg;
	bide_cancel(bide_self());
	return bide_getaddrinfo("127.0.0.1", "80", &stream, &found);
}

IO_TEST(dns, of_a_cancelled_task_does_nothing)
{
	bide_task *task = bide_spawn(look_up_cancelled, NULL);

	bide__getaddrinfo_hook = lookup_forbidden;
	CHECK_INT(bide_join(task), -ECANCELED);
	return 0;
}

TEST(dns, outside_of_a_task_is_a_system_error)
{
	struct addrinfo *found;

	CHECK_INT(bide_getaddrinfo("127.0.0.1", "80", &stream, &found), EAI_SYSTEM);
	CHECK_INT(errno, EPERM);
}
