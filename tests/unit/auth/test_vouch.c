#include "auth/vouch.h"

#include "test.h"

static const struct {
	const char *results;
	bool vouches;
} fields[] = {
	{ "mx.example; dmarc=pass header.from=bank.example", true },
	{ " mx.example 1 ;\r\n\tspf=pass smtp.mailfrom=a@b ; DMARC=Pass (p=NONE) "
	  "header.From=BANK.example;",
	  true },
	{ "mx.example; dmarc/1 = pass header.from = \"bank.example\"; arc=none", true },
	{ "(c) \"mx.example\" (d); dkim=pass header.b=\"ab==\" header.i=@x; dmarc=pass action=none "
	  "header.from=bank.example",
	  true },
	{ "mx.example; dkim=pass header.b=ab==; dmarc=pass header.from=bank.example", true },
	{ "mx.example; spf=pass (a; dmarc=fail) x.y=z; dmarc=pass header.from=bank.example", true },
	/* says something else */
	{ "mx.example; dmarc=fail header.from=bank.example", false },
	{ "mx.example; dmarc=pass header.from=other.example", false },
	{ "mx.example; dmarc=pass header.from=bank.example.evil", false },
	{ "mx.example; dmarc=pass header.from=evil-bank.example", false },
	{ "mx.example; dmarc=pass", false },
	{ "mx.example; dmarc=pass header.d=bank.example", false },
	{ "mx.example; none", false },
	{ "mx.example", false },
	{ "", false },
	{ "mx.example; dkim=pass header.from=bank.example", false },
	{ "mx.example; xdmarc=pass header.from=bank.example", false },
	/* within comments and quotes */
	{ "mx.example; spf=fail (; dmarc=pass header.from=bank.example)", false },
	{ "mx.example; spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=bank.example\"", false },
	{ "mx.example (a) (; dmarc=pass header.from=bank.example)", false },
	{ "mx.example; dmarc=pass (header.from=bank.example)", false },
	/* twice: a value that was not quoted may have brought the second */
	{ "mx.example; dmarc=fail header.from=a; dmarc=pass header.from=bank.example", false },
	{ "mx.example; dmarc=pass header.from=bank.example; dmarc=fail header.from=a", false },
	{ "mx.example; dmarc=pass header.from=evil.example header.from=bank.example", false },
	/* does not follow the grammar */
	{ "mx.example; dmarc=pass header.from=bank.example (open", false },
	{ "mx.example; dmarc=pass header.from=\"bank.example", false },
	{ "mx.example; dmarc=pass header.from=\"bank\\.example\"", false },
	{ "mx.example; dmarc=pass header.from=bank.example stray", false },
	{ "mx.example; dmarc pass header.from=bank.example", false },
	{ "mx.example; dmarc==pass header.from=bank.example", false },
	{ "mx.example; dmarc=pass header.from=bank.example; spf", false },
	{ "; dmarc=pass header.from=bank.example", false },
	{ "mx.example other stray; dmarc=pass header.from=bank.example", false },
};

static void test_results(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(fields); i++) {
		km_sv v = test_exact(fields[i].results, strlen(fields[i].results));
		if (km_results_vouch(v, KM_S("bank.example")) != fields[i].vouches)
			fail_msg("%s", fields[i].results);
		test_drop(v);
	}
	assert_false(km_results_vouch(KM_S("mx; dmarc=pass header.from=\"\""), KM_S("")));
}

static bool trusts(const void *ctx, km_sv domain)
{
	return km_sv_starts(domain, KM_S("t")) && ctx == NULL;
}

#define SAYS   KM_SV("mx; dmarc=pass header.from=bank.example")
#define SILENT KM_SV("mx; dmarc=none header.from=bank.example")

/* Sets from the oldest to the newest. */
static const struct {
	const char *name;
	km_arc_code code;
	km_arc_set set[3];
	int want; /* index, or -1 */
} chains[] = {
	{ "one",
	  KM_ARC_PASS,
	  { { .sealer = KM_SV("t1"), .signer = KM_SV("t1"), .results = SAYS } },
	  0 },
	{ "broken",
	  KM_ARC_FAIL,
	  { { .sealer = KM_SV("t1"), .signer = KM_SV("t1"), .results = SAYS } },
	  -1 },
	{ "not now",
	  KM_ARC_TEMPERROR,
	  { { .sealer = KM_SV("t1"), .signer = KM_SV("t1"), .results = SAYS } },
	  -1 },
	{ "stranger",
	  KM_ARC_PASS,
	  { { .sealer = KM_SV("x"), .signer = KM_SV("x"), .results = SAYS } },
	  -1 },
	{ "stranger signs the message",
	  KM_ARC_PASS,
	  { { .sealer = KM_SV("t1"), .signer = KM_SV("x"), .results = SAYS } },
	  -1 },
	{ "the oldest that says so",
	  KM_ARC_PASS,
	  { { .sealer = KM_SV("t1"), .signer = KM_SV("t1"), .results = SAYS },
	    { .sealer = KM_SV("t2"), .signer = KM_SV("t2"), .results = SILENT },
	    { .sealer = KM_SV("t3"), .signer = KM_SV("t3"), .results = SILENT } },
	  0 },
	{ "a stranger after it",
	  KM_ARC_PASS,
	  { { .sealer = KM_SV("t1"), .signer = KM_SV("t1"), .results = SAYS },
	    { .sealer = KM_SV("x"), .signer = KM_SV("x"), .results = SAYS } },
	  -1 },
	{ "a stranger before it",
	  KM_ARC_PASS,
	  { { .sealer = KM_SV("x"), .signer = KM_SV("x"), .results = SAYS },
	    { .sealer = KM_SV("t2"), .signer = KM_SV("t2"), .results = SAYS } },
	  1 },
	{ "a stranger before it says so",
	  KM_ARC_PASS,
	  { { .sealer = KM_SV("x"), .signer = KM_SV("x"), .results = SAYS },
	    { .sealer = KM_SV("t2"), .signer = KM_SV("t2"), .results = SILENT } },
	  -1 },
};

static void test_chains(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(chains); i++) {
		km_arc_result r = { .code = chains[i].code, .set = chains[i].set };
		while (r.n < KM_COUNT(chains[i].set) && chains[i].set[r.n].sealer.n)
			r.n++;
		const km_arc_set *got = km_arc_voucher(&r, KM_S("bank.example"), trusts, NULL);
		const km_arc_set *want = chains[i].want < 0 ? NULL : &chains[i].set[chains[i].want];
		if (got != want)
			fail_msg("%s", chains[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_chains),
	};
	return cmocka_run_group_tests_name("auth/vouch", tests, NULL, NULL);
}
