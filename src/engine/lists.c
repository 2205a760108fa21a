#include "engine/lists.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "crypt/digest.h"
#include "engine/list_keys.h"

enum { MOST_LISTS = 64, SECONDS_A_DAY = 86400 };

struct km_lists {
	struct {
		char name[64];
		km_badlist *list;
	} at[MOST_LISTS];
	size_t n;
	bool has_hashes;
};

static km_status open_one(km_lists *l, const char *dir, const char *file, size_t stem)
{
	char path[1200];
	km_err err = { .st = KM_OK };
	km_badlist *list;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	km_status st = km_badlist_open(path, &list, &err);
	if (st == KM_NOMEM)
		return st;
	if (st != KM_OK) {
		km_error("a list is left out: %s", err.msg);
		return KM_OK;
	}
	(void)snprintf(l->at[l->n].name, sizeof(l->at[l->n].name), "%.*s", (int)stem, file);
	l->at[l->n++].list = list;
	l->has_hashes = l->has_hashes || km_badlist_about(list)->hashes > 0;
	return KM_OK;
}

static int by_name(const void *a, const void *b)
{
	/* "name" comes first in each */
	return strcmp(a, b);
}

km_status km_lists_open(const char *dir, km_lists **out, km_err *err)
{
	km_lists *l = calloc(1, sizeof(*l));
	km_status st = KM_OK;
	struct dirent *e;

	*out = l;
	if (l == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	DIR *d = opendir(dir);
	if (d == NULL && errno != ENOENT)
		km_error("%s: lists can not be read: %s", dir, strerror(errno));
	while (d && st == KM_OK && l->n < MOST_LISTS && (e = readdir(d)) != NULL) {
		km_sv name = km_sv_of(e->d_name);
		if (km_sv_ends(name, KM_S(".bad")) && name.n < sizeof(l->at[0].name) + 4)
			st = open_one(l, dir, e->d_name, name.n - 4);
	}
	if (d)
		(void)closedir(d);
	qsort(l->at, l->n, sizeof(l->at[0]), by_name);
	if (st == KM_OK)
		return KM_OK;
	km_lists_close(l);
	*out = NULL;
	return KM_FAIL(err, st, "no memory for the lists of %s", dir);
}

void km_lists_close(km_lists *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		km_badlist_close(l->at[i].list);
	free(l);
}

size_t km_lists_count(const km_lists *l)
{
	return l->n;
}

const char *km_lists_name(const km_lists *l, size_t i)
{
	return l->at[i].name;
}

const km_badlist *km_lists_at(const km_lists *l, size_t i)
{
	return l->at[i].list;
}

/* --- looking up --- */

static void find(const km_lists *l, km_bad_kind kind, km_sv key, km_lists_hit *hit, void *ctx)
{
	km_bad_entry e;

	for (size_t i = 0; key.n && i < l->n; i++)
		if (km_badlist_find(l->at[i].list, kind, key, &e))
			hit(ctx, l->at[i].name, kind, &e);
}

/* Entries for @host, those above it that cover it, and its domain. */
static void find_host(const km_lists *l, km_sv host, km_sv domain, km_lists_hit *hit, void *ctx)
{
	if (host.n == 0 || km_host_is_shared(host))
		return;
	find(l, KM_BAD_SITE, host, hit, ctx);
	if (!km_host_is_shared(domain))
		find(l, KM_BAD_DOMAIN, domain, hit, ctx);
	for (km_sv name = host; name.n >= domain.n;
	     name = km_sv_from(name, km_sv_chr(name, '.', 0) + 1))
		if (!km_host_is_shared(name))
			find(l, KM_BAD_HOST, name, hit, ctx);
}

static void find_address(const km_lists *l, km_arena *a, km_sv address, km_lists_hit *hit,
			 void *ctx)
{
	km_sv key = km_sv_lower(a, address);

	find(l, KM_BAD_ADDRESS, key, hit, ctx);
	find(l, KM_BAD_ADDRESS, km_sv_from(key, km_sv_rchr(key, '@')), hit, ctx);
}

void km_lists_look_up(const km_lists *l, km_arena *a, km_sv value, km_lists_hit *hit, void *ctx)
{
	km_url url;

	value = km_sv_trim(value);
	find(l, KM_BAD_HASH, km_sv_lower(a, value), hit, ctx);
	if (km_list_url(a, value, &url)) {
		find(l, KM_BAD_URL, km_list_url_key(a, &url), hit, ctx);
		find_host(l, url.host, url.ip ? url.host : km_host_registrable(url.host), hit, ctx);
	}
	if (km_sv_chr(value, '@', 0) < value.n)
		find_address(l, a, value, hit, ctx);
}

/* --- a message --- */

enum { MOST_OF_A_KIND = 3 };

typedef struct {
	km_facts *fs;
	km_time now;
	km_sv seen;
	int part;
	size_t offset, length;
	size_t told[KM_FACT_COUNT];
} teller;

/* What was bad long ago may have been cleaned since. */
static double weight_of(uint32_t day, km_time now)
{
	static const struct {
		int64_t days;
		double weight;
	} fading[] = { { 180, 1.0 }, { 730, 0.6 } };
	int64_t age = now / SECONDS_A_DAY - (int64_t)day;

	for (size_t i = 0; i < KM_COUNT(fading); i++)
		if (day == 0 || age <= fading[i].days)
			return fading[i].weight;
	return 0.3;
}

static void tell(void *ctx, const char *list, km_bad_kind kind, const km_bad_entry *e)
{
	static const struct {
		km_bad_kind kind;
		km_fact_id fact;
	} facts[] = {
		{ KM_BAD_URL, KM_FACT_LISTED_URL },	   { KM_BAD_HOST, KM_FACT_LISTED_HOST },
		{ KM_BAD_SITE, KM_FACT_LISTED_SITE },	   { KM_BAD_DOMAIN, KM_FACT_LISTED_DOMAIN },
		{ KM_BAD_ADDRESS, KM_FACT_LISTED_SENDER }, { KM_BAD_HASH, KM_FACT_LISTED_FILE },
	};
	teller *t = ctx;
	char date[32] = "";

	for (size_t i = 0; i < KM_COUNT(facts); i++) {
		if (facts[i].kind != kind || t->told[facts[i].fact]++ >= MOST_OF_A_KIND)
			continue;
		km_fact *f =
			km_fact_add(t->fs, facts[i].fact, t->seen, t->part, t->offset, t->length);
		if (f == NULL)
			return;
		f->weight = weight_of(e->day, t->now);
		if (e->day)
			km_time_format((km_time)e->day * SECONDS_A_DAY, date)[10] = '\0';
		km_fact_arg(t->fs, f, 1, km_sv_of(list));
		km_fact_arg(t->fs, f, 2, km_sv_of(date));
		km_fact_arg(t->fs, f, 3, e->note);
	}
}

static void place(teller *t, const km_mail *m, km_sv seen, int part, km_sv where)
{
	uintptr_t begin = (uintptr_t)m->raw.p, at = (uintptr_t)where.p;
	bool inside = where.n && at >= begin && at - begin < m->raw.n;

	t->seen = seen;
	t->part = part;
	t->offset = inside ? at - begin : 0;
	t->length = inside ? where.n : 0;
}

static void check_links(const km_lists *l, km_arena *a, const km_lists_message *m, teller *t)
{
	km_map seen;

	km_map_init(&seen, a, false);
	for (size_t i = 0; i < m->links->n; i++) {
		const km_found_link *f = &m->links->a[i];
		const km_url *urls[] = { f->url, f->final != f->url ? f->final : NULL, f->maybe };
		place(t, m->mail, f->target, f->part, f->where);
		for (size_t k = 0; k < KM_COUNT(urls); k++) {
			km_sv key = urls[k] && urls[k]->host.n ? km_list_url_key(a, urls[k])
							       : (km_sv){ NULL, 0 };
			void **slot = key.n ? km_map_put(&seen, key) : NULL;
			if (slot == NULL || *slot)
				continue;
			*slot = t;
			find(l, KM_BAD_URL, key, tell, t);
		}
	}
	for (size_t i = 0; i < m->links->n_sites; i++) {
		const km_site *s = m->links->site[i];
		place(t, m->mail, s->host, KM_NO_PART, (km_sv){ NULL, 0 });
		find_host(l, s->host, s->domain, tell, t);
	}
}

static void check_senders(const km_lists *l, km_arena *a, const km_lists_message *m, teller *t)
{
	const km_addr_list *lists[] = { &m->mail->from, &m->mail->reply_to };
	km_sv last = { NULL, 0 };

	for (size_t i = 0; i < KM_COUNT(lists); i++)
		for (size_t k = 0; k < lists[i]->n && k < MOST_OF_A_KIND; k++) {
			const km_addr *one = &lists[i]->a[k];
			if (km_sv_ieq(one->addr, last))
				continue;
			last = one->addr;
			place(t, m->mail, one->addr, KM_NO_PART, (km_sv){ NULL, 0 });
			find_address(l, a, one->addr, tell, t);
		}
	if (m->from.n && !km_sv_ieq(m->from, last)) {
		place(t, m->mail, m->from, KM_NO_PART, (km_sv){ NULL, 0 });
		find_address(l, a, m->from, tell, t);
	}
}

static void check_files(const km_lists *l, const km_lists_message *m, teller *t)
{
	for (size_t i = 0; i < m->mail->n_parts; i++) {
		km_part *p = &m->mail->parts[i];
		uint8_t digest[KM_SHA256_BYTES];
		char hex[KM_SHA256_HEX];
		if (km_part_is_multipart(p) || !p->attachment)
			continue;
		km_sv bytes = km_part_bytes(m->mail, p);
		if (p->transfer.truncated || km_sha256(bytes, digest) != KM_OK)
			continue;
		km_hex(digest, sizeof(digest), hex);
		place(t, m->mail, p->filename.n ? p->filename : p->type, (int)i, p->body);
		find(l, KM_BAD_HASH, (km_sv){ hex, sizeof(hex) }, tell, t);
	}
}

void km_lists_facts(const km_lists *l, km_arena *a, const km_lists_message *m, km_facts *fs)
{
	teller t = { .fs = fs, .now = m->now };

	if (l == NULL || l->n == 0)
		return;
	check_links(l, a, m, &t);
	check_senders(l, a, m, &t);
	if (l->has_hashes)
		check_files(l, m, &t);
}
