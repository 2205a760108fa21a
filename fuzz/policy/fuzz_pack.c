/*
 * Any text is either refused, with file and line, or is a pack that judges any set of facts: score,
 * points and probability are finite, the strictest action whose threshold is met is explained to
 * everybody, and adding a recipient never makes the action stricter.
 */
#include <math.h>
#include <stdlib.h>

#include "policy/policy.h"

enum { ARENA_BYTES = 8 << 20, ROUNDS = 4 };

static void require(bool ok)
{
	if (!ok)
		abort();
}

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void add_facts(km_facts *fs, uint64_t *state)
{
	static const double weights[] = { 1, 0, 0.5, 2 };

	for (uint64_t n = draw(state) % 40; n; n--) {
		km_fact_id id = (km_fact_id)(draw(state) % KM_FACT_COUNT);
		km_fact *f = km_fact_add(fs, id, KM_S("seen"), 0, 0, 0);
		f->weight = weights[draw(state) % KM_COUNT(weights)];
	}
}

static void check_verdict(km_arena *a, const km_facts *fs, const km_verdict *v)
{
	double sum = 0;

	require(isfinite(v->score) && v->probability >= 0 && v->probability <= 1);
	require(v->n_facts == fs->n && v->category && v->advice);
	for (size_t i = 0; i < KM_LANGS; i++)
		require(v->why_action[i] != NULL);
	for (size_t i = 0; i < v->n_facts; i++) {
		require(fabs(v->facts[i].points) <= fabs(v->facts[i].uncapped) + 1e-9);
		sum += v->facts[i].points;
	}
	for (size_t i = 0; i < v->n_composites; i++)
		sum += v->composites[i].points;
	/* Nothing moves the score that is not listed. */
	require(fabs(sum - v->score) < 0.01);
	for (int r = 0; r < KM_READERS; r++)
		for (int l = 0; l < KM_LANGS; l++)
			require(km_explain(a, v, (km_reader)r, (km_lang)l).n > 0);
}

static void check_pack(const km_pack *p, uint64_t state)
{
	static const km_sv rcpts[] = { KM_SV("u@example.jp"), KM_SV("off@example.jp"),
				       KM_SV("u@example.com"), KM_SV("") };

	for (int round = 0; round < ROUNDS; round++) {
		km_arena *a = km_arena_new(ARENA_BYTES);
		km_action before = KM_ACTION_DISCARD;
		km_facts fs;
		km_verdict v;

		km_facts_init(&fs, a);
		add_facts(&fs, &state);
		for (size_t n = 1; n <= KM_COUNT(rcpts); n++) {
			require(km_judge(a, p, &fs, rcpts, n, &v) == KM_OK);
			require(v.action <= before);
			before = v.action;
		}
		check_verdict(a, &fs, &v);
		km_arena_free(a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv text = { (const char *)data, size };
	km_err err = { 0 };
	km_pack *p;

	if (km_pack_parse(text, "f", &p, &err) == KM_OK)
		check_pack(p, km_sv_hash(text) | 1);
	else
		require(p == NULL && strncmp(err.msg, "f:", 2) == 0 &&
			km_is_digit((unsigned char)err.msg[2]));
	km_pack_free(p);
	return 0;
}
