/* Twice the text is twice the work: records of SPF and DMARC, the expansion of macros, fields of
 * results. */
#include "auth/authres.h"
#include "auth/dmarc.h"
#include "auth/spf_parts.h"
#include "auth/vouch.h"
#include "base/buf.h"
#include "steps.h"
#include "test.h"

static const struct {
	const char *name, *head, *unit, *tail;
} records[] = {
	{ "spf networks", "v=spf1", " ip4:192.0.2.0/24", " -all" },
	{ "spf spaces", "v=spf1", "      ", " -all" },
	{ "spf macros", "v=spf1 exists:", "%{l1r-}", " -all" },
	{ "spf open macros", "v=spf1 exists:", "%{", " -all" },
	{ "spf dots", "v=spf1 a:", "a.", "/24 -all" },
	{ "spf slashes", "v=spf1 a", "/", "24" },
	{ "spf digits", "v=spf1 a/", "9", "" },
	{ "spf delimiters", "v=spf1 exists:%{l", "-", "}" },
	{ "spf modifiers", "v=spf1", " x=%{d}", "" },
	{ "dmarc tags", "v=DMARC1; p=none", "; x=y", "" },
	{ "dmarc same tag", "v=DMARC1; p=none", ";p=none", "" },
	{ "dmarc uris", "v=DMARC1; rua=", "x,", "" },
	{ "dmarc sizes", "v=DMARC1; rua=mailto:", "!", "" },
	{ "dmarc fo", "v=DMARC1; fo=", "d:", "d" },
	{ "dmarc separators", "v=DMARC1", ";", "" },
	{ "results", "mx", "; spf=pass a.b=c", "" },
	{ "results comments", "mx; spf=pass ", "(a\\b)", " a.b=c" },
	{ "results open comments", "mx; spf=pass ", "(", "" },
	{ "results open quotes", "mx; spf=pass a=", "\"", "" },
	{ "results words", "mx; ", "a ", "=b" },
	{ "results names", "", "mx.example.jp ", ";" },
	{ "dmarc spaces", "v=DMARC1; p", "  ", "=none" },
};

static size_t work(size_t row, size_t units)
{
	static km_spf_text out;
	const km_spf_values v = { .local = KM_S("a-b-c-d-e-f"), .domain = KM_S("d.example") };
	km_sv terms, redirect, exp, wrong;
	km_spf_term t;
	km_dmarc_record r;
	km_buf b;

	km_buf_init(&b, NULL, 1 << 20);
	km_buf_add(&b, km_sv_of(records[row].head));
	for (size_t i = 0; i < units; i++)
		km_buf_add(&b, km_sv_of(records[row].unit));
	km_buf_add(&b, km_sv_of(records[row].tail));
	km_sv txt = test_exact(b.p, b.n);
	steps = 0;
	if (km_spf_is_record(txt, &terms)) {
		(void)!km_spf_terms_check(terms, &redirect, &exp, &wrong);
		while (km_spf_term_next(&terms, &t) == KM_OK)
			if (t.domain.n)
				km_spf_expand(&v, t.domain, &out);
	} else if (strncmp(records[row].name, "results", 7) == 0) {
		(void)!km_results_vouch(txt, KM_S("bank.example"));
		(void)!km_authres_is_ours(txt, KM_S("mx.example.jp"));
	} else {
		(void)!km_dmarc_record_read(txt, &r);
	}
	size_t used = steps;
	test_drop(txt);
	km_buf_finish(&b);
	return used;
}

static void test_linear(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(records); i++) {
		size_t one = work(i, 4000), two = work(i, 8000);
		if (one == 0 || two > one * 9 / 4)
			fail_msg("%s: %zu steps, then %zu", records[i].name, one, two);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linear),
	};
	return cmocka_run_group_tests_name("auth/linear", tests, NULL, NULL);
}
