/*
 * Signed messages of others, each with the keys that verify it above it: "name record" a line, then
 * an empty line. Every signature must verify; those that have expired meanwhile are refused for
 * that alone.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/dkim.h"
#include "base/file.h"

enum { NOW = 1800000000 };

static struct {
	size_t files, signatures, pass, expired;
} count;

static void answer(km_sv keys, km_dns_set *dns, const km_dns_question *q)
{
	km_dns_rr rr = { .preference = 0 };
	km_dns_answer a = { .name = q->name, .type = q->type, .rcode = KM_DNS_NXDOMAIN, .rr = &rr };
	km_sv line;

	while (a.n == 0 && km_sv_line(&keys, &line)) {
		size_t space = km_sv_chr(line, ' ', 0);
		if (!km_sv_ieq(km_sv_sub(line, 0, space), q->name))
			continue;
		rr.data = km_sv_trim(km_sv_from(line, space));
		a.rcode = KM_DNS_OK;
		a.n = 1;
	}
	if (km_dns_give(dns, &a) != KM_OK)
		abort();
}

static void run_message(const char *name, km_arena *a, km_sv keys, km_sv message)
{
	const km_dkim_result *r;
	const km_dns_question *q;
	km_dns_set dns;
	km_mail *m;

	if (km_mail_read(a, message, &m) != KM_OK)
		return;
	km_dns_set_init(&dns, a);
	km_dkim *k = km_dkim_new(a, m, NOW);
	while (km_dkim_step(k, &dns, &r) == KM_NOTFOUND)
		while (km_dns_open(&dns, &q) > 0)
			answer(keys, &dns, q);
	for (size_t i = 0; i < r->n; i++) {
		const km_dkim_sig *s = &r->sig[i];
		bool expired = s->verified && s->why == KM_DKIM_WHY_EXPIRED;
		count.signatures++;
		count.pass += s->code == KM_DKIM_PASS;
		count.expired += expired;
		if (s->code != KM_DKIM_PASS)
			printf("# %s: %.*s: %.*s\n", name, KM_FMT(s->domain), KM_FMT(s->reason));
	}
}

static void run_file(const char *folder, const char *name)
{
	char path[8192];
	km_file f;
	km_sv line, rest;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!km_sv_ends(km_sv_of(name), KM_S(".txt")) ||
	    km_file_open(&f, path, 1 << 24, NULL) != KM_OK)
		return;
	rest = f.bytes;
	while (km_sv_line(&rest, &line) && line.n)
		continue;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	count.files++;
	run_message(name, a, km_sv_sub(f.bytes, 0, (size_t)(rest.p - f.bytes.p)), rest);
	km_arena_free(a);
	km_file_close(&f);
}

int main(void)
{
	const char *suites = getenv("KOMAINU_SUITES");
	char path[4096];
	struct dirent **entry;

	(void)snprintf(path, sizeof(path), "%s/dkim/mixed/stalwart",
		       suites ? suites : "../shared/suites");
	int n = scandir(path, &entry, NULL, alphasort);
	if (n < 0) {
		printf("1..0 # SKIP %s is not there\n", path);
		return 0;
	}
	for (int i = 0; i < n; i++) {
		run_file(path, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	bool ok = count.signatures > 0 && count.pass + count.expired == count.signatures;
	printf("1..1\n%s 1 - %zu signatures of %zu messages: %zu pass, %zu verify and have "
	       "expired\n",
	       ok ? "ok" : "not ok", count.signatures, count.files, count.pass, count.expired);
	return !ok;
}
