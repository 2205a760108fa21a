/*
 * bench/links.c - what the facts of group link say of addresses, one a line on standard input
 * ("URL" or "URL<tab>BRAND_ID"). See bench/README.md.
 *
 *	bench_links <LIST           prints counts: with a strong fact (2 points and more), per fact
 *	bench_links --hits <LIST    prints those with a strong fact
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "content/structure.h"

enum { ARENA = 4 << 20, LINE = 16384, STRONG = 2 };

typedef struct {
	const km_imitations *imitations;
	const km_brands *brands;
	km_arena *arena;
	size_t n, strong, named, right, per_fact[KM_FACT_COUNT];
	bool show;
} counts;

static bool is_brand_fact(km_fact_id id)
{
	return id == KM_FACT_LINK_BRAND_PREFIX || id == KM_FACT_LINK_BRAND_HOST ||
	       id == KM_FACT_LINK_BRAND_ALIKE;
}

static void judge(counts *c, km_sv url, km_sv brand_id)
{
	km_facts fs;
	km_mail *m;
	km_views v;
	km_links l;
	const char *strong = NULL;
	const km_brand *want = brand_id.n ? km_brands_find(c->brands, brand_id) : NULL;
	bool named = false, right = false;

	km_arena_reset(c->arena);
	km_sv raw = km_sv_fmt(c->arena, "Content-Type: text/plain; charset=utf-8\n\n%.*s\n",
			      KM_FMT(url));
	if (km_mail_read(c->arena, raw, &m) != KM_OK)
		return;
	km_views_read(c->arena, m, &v);
	km_links_read(c->arena, m, &v, &l);
	km_facts_init(&fs, c->arena);
	km_structure in = { .mail = m, .views = &v, .links = &l, .imitations = c->imitations };
	km_structure_facts(c->arena, &in, &fs);
	c->n++;
	for (size_t i = 0; i < fs.n; i++) {
		const km_fact_info *info = km_fact_describe(fs.f[i].id);
		if (info->group != KM_GROUP_link)
			continue;
		c->per_fact[fs.f[i].id]++;
		if (info->points * fs.f[i].weight >= STRONG)
			strong = info->id;
		if (is_brand_fact(fs.f[i].id)) {
			named = true;
			right = want && km_sv_eq(fs.f[i].arg[0], want->name_ja);
		}
	}
	c->strong += strong != NULL;
	c->named += named && want;
	c->right += right;
	if (strong && c->show)
		(void)printf("%s\t%.*s\n", strong, KM_FMT(url));
}

int main(int argc, char **argv)
{
	static char line[LINE];
	km_terms *terms = km_terms_new();
	km_brands *brands = NULL;
	counts c = { .show = argc > 1 && strcmp(argv[1], "--hits") == 0 };

	if (terms == NULL || km_brands_open(terms, NULL, &brands, NULL) != KM_OK)
		return 1;
	km_imitations *x = km_imitations_new(brands);
	c.imitations = x;
	c.brands = brands;
	c.arena = km_arena_new(ARENA);
	uint64_t start = km_clock_mono_ns();
	while (c.arena && fgets(line, sizeof(line), stdin)) {
		km_sv rest = km_sv_trim(km_sv_of(line)), url;
		(void)km_sv_split(&rest, '\t', &url);
		judge(&c, url, rest);
	}
	double us = (double)(km_clock_mono_ns() - start) / 1e3 / (double)(c.n ? c.n : 1);
	(void)printf(
		"%zu addresses, %zu (%.2f %%) with a strong fact; %zu with a brand named, %zu the "
		"right one; %.1f us each\n",
		c.n, c.strong, 100.0 * (double)c.strong / (double)(c.n ? c.n : 1), c.named, c.right,
		us);
	for (size_t i = 0; i < KM_FACT_COUNT; i++)
		if (c.per_fact[i])
			(void)printf("%8zu %s\n", c.per_fact[i],
				     km_fact_describe((km_fact_id)i)->id);
	km_arena_free(c.arena);
	km_imitations_free(x);
	km_brands_free(brands);
	km_terms_free(terms);
	return 0;
}
