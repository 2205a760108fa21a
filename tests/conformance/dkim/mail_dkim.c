/*
 * Messages named for what a verifier should say of them. Many are from the years of the drafts
 * (v=0.5, rsa-sha1, keys of 512 bits): those must verify, and are refused all the same.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/dkim.h"
#include "base/file.h"

#define DOMAINKEYS "DomainKeys (RFC 4870) is historic and not looked at"
#define DRAFT00	   "the first draft of DKIM, without bh="
#define EMPTY_G	   "RFC 6376 dropped g=; an empty one is passed over; refused as rsa-sha1"

/* Files that may differ from their name. */
static const struct {
	const char *start, *why;
} differs[] = {
	{ "good_dk_", DOMAINKEYS },
	{ "dk_", DOMAINKEYS },
	{ "good_ietf00_", DRAFT00 },
	{ "badkey_9.", EMPTY_G },
};

typedef enum { GOOD, BAD, NO_KEY, IGNORED } verdict;

/* By the start of the name; the longest first. */
static const struct {
	const char *start;
	verdict want;
} names[] = {
	{ "badkey", NO_KEY }, { "bad", BAD },	   { "goodkey", GOOD },
	{ "good", GOOD },     { "mine", GOOD },	   { "ignore", IGNORED },
	{ "multiple", GOOD }, { "no_body", GOOD }, { "dk_", GOOD },
};

static const char *known_difference(const char *file)
{
	for (size_t i = 0; i < KM_COUNT(differs); i++)
		if (strncmp(file, differs[i].start, strlen(differs[i].start)) == 0)
			return differs[i].why;
	return NULL;
}

/* "name  record", or an outcome in place of the record. */
static void answer(km_sv zone, const km_dns_question *q, km_dns_answer *a, km_dns_rr *rr)
{
	static const struct {
		const char *text;
		km_dns_rcode rcode;
	} outcomes[] = {
		{ "NXDOMAIN", KM_DNS_NXDOMAIN },
		{ "~~Query timed out~~", KM_DNS_TIMEOUT },
		{ "~~SERVFAIL~~", KM_DNS_SERVFAIL },
	};
	km_sv line;

	*a = (km_dns_answer){ .name = q->name, .type = q->type, .rcode = KM_DNS_NXDOMAIN };
	while (km_sv_line(&zone, &line)) {
		size_t space = km_sv_chr(line, ' ', 0);
		if (!km_sv_ieq(km_sv_sub(line, 0, space), q->name))
			continue;
		rr->data = km_sv_trim(km_sv_from(line, space));
		for (size_t i = 0; i < KM_COUNT(outcomes); i++)
			if (km_sv_eq(rr->data, km_sv_of(outcomes[i].text))) {
				a->rcode = outcomes[i].rcode;
				return;
			}
		if (km_sv_eq(rr->data, KM_S("\"\"")))
			rr->data = KM_S("");
		a->rcode = KM_DNS_OK;
		a->rr = rr;
		a->n = 1;
		return;
	}
}

static const km_dkim_result *verify(km_arena *a, km_sv message, km_sv zone)
{
	const km_dkim_result *r;
	const km_dns_question *q;
	km_dns_set dns;
	km_mail *m;

	if (km_mail_read(a, message, &m) != KM_OK)
		return NULL;
	km_dns_set_init(&dns, a);
	km_dkim *k = km_dkim_new(a, m, 1800000000);
	while (km_dkim_step(k, &dns, &r) == KM_NOTFOUND)
		while (km_dns_open(&dns, &q) > 0) {
			km_dns_answer reply;
			km_dns_rr rr = { .preference = 0 };
			answer(zone, q, &reply, &rr);
			if (km_dns_give(&dns, &reply) != KM_OK)
				return NULL;
		}
	return r;
}

/* Whether @r is what the name says: a good one verifies, whether it is acceptable or not. */
static bool as_named(verdict want, const km_dkim_result *r)
{
	bool verified = false, no_key = r->n > 0;

	for (size_t i = 0; i < r->n; i++) {
		verified |= r->sig[i].verified;
		no_key &= r->sig[i].key_bits == 0;
	}
	switch (want) {
	case GOOD:
		return verified;
	case BAD:
		return !verified && r->code != KM_DKIM_PASS;
	case NO_KEY:
		return r->code != KM_DKIM_PASS && (no_key || !verified);
	case IGNORED:
		break;
	}
	return r->code != KM_DKIM_PASS;
}

static struct {
	size_t files, passed, refused, differ, unknown;
} count;

static void run_file(const char *folder, const char *name, km_sv zone)
{
	char path[8192];
	km_file f;
	verdict want = BAD;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (km_file_open(&f, path, 1 << 24, NULL) != KM_OK)
		return;
	for (size_t i = KM_COUNT(names); i-- > 0;)
		if (strncmp(name, names[i].start, strlen(names[i].start)) == 0)
			want = names[i].want;
	count.files++;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	const km_dkim_result *r = verify(a, f.bytes, zone);
	bool same = r && as_named(want, r);
	const char *why = same ? NULL : known_difference(name);
	count.passed += same && r->code == KM_DKIM_PASS;
	count.refused += same && want == GOOD && r->code != KM_DKIM_PASS;
	count.differ += !same && why;
	count.unknown += !same && !why;
	if (!same || want == GOOD)
		printf("# %s: %s %s%s%s\n", name, r ? km_dkim_code_name(r->code) : "not read",
		       r && r->n ? r->sig[0].reason.p : "", same ? "" : ": ",
		       same  ? ""
		       : why ? why
			     : "NOT AS NAMED");
	km_arena_free(a);
	km_file_close(&f);
}

int main(void)
{
	const char *suites = getenv("KOMAINU_SUITES");
	char path[4096];
	struct dirent **entry;
	km_file zone;

	(void)snprintf(path, sizeof(path), "%s/dkim/mail_dkim/FAKE_DNS.dat",
		       suites ? suites : "../shared/suites");
	if (km_file_open(&zone, path, 1 << 20, NULL) != KM_OK) {
		printf("1..0 # SKIP %s is not there\n", path);
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%s/dkim/mail_dkim/corpus",
		       suites ? suites : "../shared/suites");
	int n = scandir(path, &entry, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.')
			run_file(path, entry[i]->d_name, zone.bytes);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	km_file_close(&zone);
	bool ok = count.files > 0 && count.unknown == 0;
	printf("1..1\n%s 1 - %zu messages: %zu pass, %zu verify and are refused, %zu differ for a "
	       "reason, %zu without\n",
	       ok ? "ok" : "not ok", count.files, count.passed, count.refused, count.differ,
	       count.unknown);
	return !ok;
}
