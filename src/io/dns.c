/* SPDX-License-Identifier: MIT */

/*
 * dns.c - addresses of names
 *
 * getaddrinfo(3) does what no other code can: it honours all that the system's
 * administrator has set up. But it blocks, for as long as a name server likes. So it is
 * called on a thread, of a kind that does nothing else; but where neither a file that
 * may be long nor the network is needed, for numbers and for names in /etc/hosts, it is
 * called here with a number, which it answers at once.
 *
 * A lookup owns copies of all that it was asked. Its caller may be cancelled and gone
 * before the answer comes; whichever of the two is last frees it.
 *
 * Invariant
 *   DN1  Of the caller, where it leaves a lookup that goes on, and of the thread, the
 *        second one to set is_left frees the lookup, and nobody else.
 *
 * Codes: EAI_ ones are -1 to -12 and -100 to -105, and -ECANCELED is -125. But -EPERM
 * and -ENOMEM would read as EAI_BADFLAGS and EAI_OVERFLOW, so that no negative errno but
 * -ECANCELED leaves bide_getaddrinfo().
 */
#include "dns.h"

#include "base/mem.h"
#include "core/abandon.h"
#include "core/wait.h"
#include "io/hosts.h"

#include <bide/net.h>
#include <string.h>

/* What a NULL of hints means to the C library: not the same as all-zero. */
#ifdef __GLIBC__
#define DEFAULT_FLAGS (AI_V4MAPPED | AI_ADDRCONFIG)
#define CAN_CHAIN true                  /* freeaddrinfo(3) frees each node by itself */
#else
#define DEFAULT_FLAGS 0
#define CAN_CHAIN false
#endif

struct lookup {
	struct name_lookup ask;         /* its texts are in copies, its hints below */
	struct addrinfo hints;
	int code;                       /* what came of it */
	bool is_left;                   /* atomic; DN1 */
	char copies[];
};

int (*bide__getaddrinfo_hook)(struct name_lookup *lookup) = bide__sys_getaddrinfo;

bool bide__is_port(const char *text)
{
	long number = 0;

	if (text == NULL || *text == '\0')
		return false;
	for (; *text >= '0' && *text <= '9' && number <= UINT16_MAX; text++)
		number = number * 10 + (*text - '0');
	return *text == '\0' && number <= UINT16_MAX;
}

/* Asks with the host given as a number, or with none: nothing is looked up. */
static int ask_numeric(struct name_lookup *lookup, const char *host)
{
	struct addrinfo hints = *lookup->hints;
	struct name_lookup numeric = { host, lookup->service, &hints, NULL, 0 };
	int r;

	hints.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
	r = bide__sys_getaddrinfo(&numeric);
	lookup->found = numeric.found;
	lookup->system_code = numeric.system_code;
	return r;
}

/* Asks for each of the addresses, and links the answers. */
static int ask_found(struct name_lookup *lookup, const struct hosts_found *found)
{
	struct addrinfo *all = NULL;
	struct addrinfo **end = &all;

	for (int i = 0; i < found->count; i++) {
		int r = ask_numeric(lookup, found->list[i].text);

		if (r != 0) {
			if (all != NULL)
				freeaddrinfo(all);
			return r;
		}
		*end = lookup->found;
		while (*end != NULL)
			end = &(*end)->ai_next;
	}
	lookup->found = all;
	return 0;
}

/*
 * Whether the C library would give just these, in this order. Several ones it sorts by
 * rules that ask the routing table; only of the two loopback addresses is it known that
 * the one of IPv6 comes first.
 */
static bool is_certain(struct hosts_found *found)
{
	static const struct hosts_found loopback = {
		.count = 2,
		.list = { { AF_INET6, "::1" }, { AF_INET, "127.0.0.1" } },
	};
	int six = found->list[0].family == AF_INET6 ? 0 : 1;

	if (found->count == 1)
		return true;
	if (!CAN_CHAIN || found->count != 2 || strcmp(found->list[six].text, "::1") != 0 ||
	    strcmp(found->list[1 - six].text, "127.0.0.1") != 0)
		return false;
	*found = loopback;
	return true;
}

/* Looks into the file of hosts. True: that was the answer. */
static bool answer_from_hosts(struct name_lookup *lookup, int *ret_code)
{
	const struct addrinfo *hints = lookup->hints;
	struct hosts_found found;
	int r;

	/* What the other flags ask for takes more than the address. */
	if ((hints->ai_flags & ~(AI_PASSIVE | AI_NUMERICSERV)) != 0)
		return false;
	r = bide__hosts_find(lookup->host, hints->ai_family, &found);
	if (r == -EMFILE || r == -ENFILE) {
		lookup->system_code = -r;
		*ret_code = EAI_SYSTEM;         /* a thread would fare no better */
		return true;
	}
	if (r < 0 || !is_certain(&found))
		return false;
	*ret_code = ask_found(lookup, &found);
	return true;
}

/* Answers where neither a thread nor the network is needed. */
static bool answer_here(struct name_lookup *lookup, int *ret_code)
{
	if (lookup->service != NULL && !bide__is_port(lookup->service))
		return false;           /* in a file that may be long */
	*ret_code = ask_numeric(lookup, lookup->host);
	if (*ret_code != EAI_NONAME || lookup->host == NULL ||
	    (lookup->hints->ai_flags & AI_NUMERICHOST))
		return true;
	return answer_from_hosts(lookup, ret_code);
}

static char *copy_text(char **at, const char *text)
{
	char *copy = *at;
	size_t size;

	if (text == NULL)
		return NULL;
	size = strlen(text) + 1;
	memcpy(copy, text, size);
	*at += size;
	return copy;
}

static size_t size_of(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

/* Returns NULL where memory has run out. */
static struct lookup *lookup_open(const struct name_lookup *ask)
{
	size_t texts = size_of(ask->host) + size_of(ask->service);
	struct lookup *lookup = bide__calloc(1, sizeof *lookup + texts);
	char *at;

	if (lookup == NULL)
		return NULL;
	at = lookup->copies;
	lookup->hints = *ask->hints;
	lookup->ask.hints = &lookup->hints;
	lookup->ask.host = copy_text(&at, ask->host);
	lookup->ask.service = copy_text(&at, ask->service);
	return lookup;
}

static void lookup_close(struct lookup *lookup)
{
	if (lookup->ask.found != NULL)
		freeaddrinfo(lookup->ask.found);
	bide__free(lookup);
}

/* One of the two is done with the lookup. */
static void lookup_leave(struct lookup *lookup)
{
	/* Acquire and release: what the other one did with it comes before its end. */
	if (__atomic_exchange_n(&lookup->is_left, true, __ATOMIC_ACQ_REL))
		lookup_close(lookup);   /* DN1 */
}

static int lookup_run(void *arg)
{
	struct lookup *lookup = arg;

	lookup->code = bide__getaddrinfo_hook(&lookup->ask);
	lookup_leave(lookup);
	return 0;
}

/* Asks on a thread. Returns 0 or an EAI_ code, or -ECANCELED, and then nothing is found. */
static int ask_on_thread(struct name_lookup *ask)
{
	struct lookup *lookup = lookup_open(ask);
	bool goes_on;
	int r;

	if (lookup == NULL)
		return EAI_MEMORY;
	r = bide__name_call_abandon(lookup_run, lookup, &goes_on);
	if (goes_on) {
		lookup_leave(lookup);
		return r;
	}
	if (r == 0) {
		r = lookup->code;
		ask->found = lookup->ask.found;
		ask->system_code = lookup->ask.system_code;
		lookup->ask.found = NULL;
	} else if (r != -ECANCELED) {
		r = r == -ENOMEM ? EAI_MEMORY : EAI_AGAIN;      /* or no thread can be had */
	}
	lookup_close(lookup);
	return r;
}

/* Of a running task. Returns 0, an EAI_ code, or -ECANCELED. */
static int look_up(struct name_lookup *lookup)
{
	static const struct addrinfo by_default = { .ai_flags = DEFAULT_FLAGS };
	int code;
	int r = cancellation_point(task_current());

	if (r < 0)
		return r;
	if (lookup->hints == NULL)
		lookup->hints = &by_default;
	return answer_here(lookup, &code) ? code : ask_on_thread(lookup);
}

int bide_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res)
{
	struct name_lookup lookup = { host, service, hints, NULL, 0 };
	int r;

	if (task_current() == NULL) {
		(void)bide__null_with(-bide__outside_of_tasks());
		return EAI_SYSTEM;
	}
	r = look_up(&lookup);
	if (r == 0)
		*res = lookup.found;
	else if (r == EAI_SYSTEM)
		(void)bide__null_with(lookup.system_code);
	return r;
}

/* What a lookup's code is as a negative errno. */
static int code_of(int r, const struct name_lookup *lookup)
{
	switch (r) {
	case 0:
	case -ECANCELED:
		return r;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_SYSTEM:
		return lookup->system_code > 0 ? -lookup->system_code : -EREMOTEIO;
	case EAI_AGAIN:
	case EAI_FAIL:
		return -EREMOTEIO;
#ifdef EAI_NODATA
	case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
	case EAI_ADDRFAMILY:
#endif
	case EAI_NONAME:
		return -ENXIO;
	default:
		return -EINVAL;
	}
}

/* To getaddrinfo() a star is the same as none: this host. */
static bool may_be_host(const char *host)
{
	return host != NULL && *host != '\0' && strcmp(host, "*") != 0;
}

int bide__resolve(const char *host, const char *port, int type, struct addrinfo **ret)
{
	const struct addrinfo hints = { .ai_socktype = type };
	struct name_lookup lookup = { host, port, &hints, NULL, 0 };
	int r;

	if (!may_be_host(host) || !bide__is_port(port))
		return -EINVAL;
	r = look_up(&lookup);
	if (r == 0)
		*ret = lookup.found;
	return code_of(r, &lookup);
}

int bide__resolve_here(const char *host, const char *port, int type, struct address *ret)
{
	const struct addrinfo hints = { .ai_socktype = type, .ai_flags = AI_PASSIVE };
	struct name_lookup lookup = { host, port, &hints, NULL, 0 };
	struct hosts_found found;
	int r;

	if (!may_be_host(host) || !bide__is_port(port))
		return -EINVAL;
	r = ask_numeric(&lookup, host);
	if (r == EAI_NONAME && bide__hosts_find(host, AF_UNSPEC, &found) == 0)
		r = ask_numeric(&lookup, found.list[0].text);
	if (r != 0)
		return code_of(r, &lookup);
	memcpy(&ret->any, lookup.found->ai_addr, lookup.found->ai_addrlen);
	ret->len = lookup.found->ai_addrlen;
	freeaddrinfo(lookup.found);
	return 0;
}
