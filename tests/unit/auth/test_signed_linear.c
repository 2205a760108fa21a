/*
 * Checking signatures takes time linear in the message, whatever it holds.
 */
#include "auth/arc.h"
#include "auth/authres.h"
#include "linear.h"

#define SIG(c, l)                                                                                  \
	"DKIM-Signature: v=1; a=rsa-sha256; c=" c "; d=example.jp; s=s; h=from; bh=AAAA; b=AAAA" l \
	"\nFrom: a@example.jp\n"

static const linear_text patterns[] = {
	{ SIG("relaxed/relaxed", "") "\n", "a line of text\n", "" },
	{ SIG("relaxed/relaxed", "") "\n", "x", "" },
	{ SIG("relaxed/relaxed", "") "\n", " ", "" },
	{ SIG("relaxed/relaxed", "") "\n", "\t\n", "" },
	{ SIG("relaxed/relaxed", "") "\n", "a  b\t\n", "" },
	{ SIG("relaxed/relaxed", "") "\n", "\r", "" },
	{ SIG("simple/simple", "") "\n", "a\n", "" },
	{ SIG("simple/simple", "") "\n", "\n", "" },
	{ SIG("simple/simple", "") "\n", "\r\n\r", "" },
	{ SIG("relaxed", "; l=1") SIG("relaxed", "; l=2") SIG("relaxed", "; l=99999")
		  SIG("simple/relaxed", "; l=7") SIG("simple/relaxed", "; l=1000")
			  SIG("relaxed/relaxed", "") "\n",
	  "a\n", "" },
	{ "From: a@example.jp\n", "DKIM-Signature: v=1; d=b#.jp; b=AAAA\n", "\n" },
	{ "From: a@example.jp\nDKIM-Signature: v=1", "; t#=1", "\n\n" },
	{ "From: a@example.jp\nDKIM-Signature: v=1; b=", "AB\n ", "\n\n" },
	{ "From: a@example.jp\nDKIM-Signature: ", ";", "\n\n" },
	{ "From: a@example.jp\nDKIM-Signature: v=1; b=", LINEAR_NUL, "\n\n" },
	{ "From: a@example.jp\nDKIM-Signature: v=1; a=rsa-sha256; d=example.jp; s=s; bh=AA; b=AA; "
	  "h=from",
	  ":subject", "\n\n" },
	{ "From: a@example.jp\nDKIM-Signature: v=1; a=rsa-sha256; d=example.jp; s=s; bh=AA; b=AA; "
	  "h=from",
	  ":x#", "\n\n" },
	{ "From: a@example.jp\nDKIM-Signature: v=1; a=rsa-sha256; d=example.jp; s=s; bh=AA; b=AA; "
	  "h=",
	  ":", "\n\n" },
	{ "From: a@example.jp\n", "X-A: b\n", "\n" },
	{ "From: a@example.jp\n", "ARC-Seal: i=#; a=rsa-sha256; cv=pass; d=b.jp; s=s; b=AAAA\n",
	  "\n" },
	{ "From: a@example.jp\nARC-Authentication-Results: i=1; ", "x ", "\n\n" },
};

/* No key is published: an RSA key would cost the same for every size. */
static void answer(km_dns_set *dns)
{
	const km_dns_question *q;

	while (km_dns_open(dns, &q) > 0) {
		km_dns_answer a = { .name = q->name, .type = q->type, .rcode = KM_DNS_NXDOMAIN };
		assert_int_equal(km_dns_give(dns, &a), KM_OK);
	}
}

static size_t work(void *ctx, km_sv in)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	const km_dkim_result *dkim;
	const km_arc_result *arc;
	km_dns_set dns;
	km_mail *m;

	(void)ctx;
	assert_int_equal(km_mail_read(a, in, &m), KM_OK);
	km_dns_set_init(&dns, a);
	steps = 0;
	km_dkim *k = km_dkim_new(a, m, 1800000000);
	km_arc *c = km_arc_new(a, k);
	while (km_dkim_step(k, &dns, &dkim) == KM_NOTFOUND)
		answer(&dns);
	while (km_arc_step(c, &dns, &arc) == KM_NOTFOUND)
		answer(&dns);
	for (size_t h = 0; h < m->headers->n; h++)
		(void)km_authres_is_ours(m->headers->h[h].raw, KM_S("mx.example.jp"));
	size_t done = steps;
	km_arena_free(a);
	return done;
}

static void test_linear(void **state)
{
	enum {
		SMALL = 50000,
		MOST = 60
	}; /* four times that is within the limit of a header section */

	(void)state;
	linear_check(patterns, KM_COUNT(patterns), SMALL, MOST, work, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };
	return cmocka_run_group_tests_name("auth/signed_linear", tests, NULL, NULL);
}
