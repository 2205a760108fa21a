#include "auth/dmarc.h"
#include "dns/snapshot.h"
#include "test.h"

/* --- records --- */

static const struct {
	const char *txt;
	bool is;
	const char *p, *sp, *np;
	char psd;
	bool strict_dkim, strict_spf, testing, unusable, reports;
	unsigned fo;
} records[] = {
	{ "v=DMARC1; p=reject", true, "reject", "reject", "reject", 'u', 0, 0, 0, 0, 0, 1 },
	{ "v=DMARC1;p=quarantine;sp=none", true, "quarantine", "none", "none", 'u', 0, 0, 0, 0, 0,
	  1 },
	{ "v = DMARC1 ; p = REJECT ; np=quarantine; adkim=s; aspf=S; t=y; psd=n;", true, "reject",
	  "reject", "quarantine", 'n', 1, 1, 1, 0, 0, 1 },
	{ "V=DMARC1; p=none; psd=y; rua=mailto:a@example.com!10m", true, "none", "none", "none",
	  'y', 0, 0, 0, 0, 1, 1 },
	{ "v=DMARC1; p=none; rua=foo, mailto:a@b.example ;ruf=mailto:c@b.example; fo=1:d:s", true,
	  "none", "none", "none", 'u', 0, 0, 0, 0, 1, 14 },
	{ "v=DMARC1; p=none; fo=0:1", true, "none", "none", "none", 'u', 0, 0, 0, 0, 0, 1 },
	{ "v=DMARC1; p=none; fo=x", true, "none", "none", "none", 'u', 0, 0, 0, 0, 0, 1 },
	{ "v=DMARC1; pct=50; rf=afrf; ri=86400; future=x; p=reject", true, "reject", "reject",
	  "reject", 'u', 0, 0, 0, 0, 0, 1 },
	{ "v=DMARC1; p=reject; p=none; adkim=x; aspf=; t=maybe; psd=?;; =;x", true, "reject",
	  "reject", "reject", 'u', 0, 0, 0, 0, 0, 1 },
	{ "v=DMARC1", true, "none", "none", "none", 'u', 0, 0, 0, 1, 0, 1 },
	{ "v=DMARC1; rua=mailto:a@b.example", true, "none", "none", "none", 'u', 0, 0, 0, 1, 1, 1 },
	{ "v=DMARC1; p=block; rua=mailto:@b", true, "none", "none", "none", 'u', 0, 0, 0, 1, 0, 1 },
	{ "v=DMARC1; p=reject; sp=block; rua=https://x.example/", true, "reject", "reject",
	  "reject", 'u', 0, 0, 0, 1, 1, 1 },
	{ "v=DMARC1 p=reject", false },
	{ "v=dmarc1; p=reject", false },
	{ "v=DMARC10; p=reject", false },
	{ "p=reject; v=DMARC1", false },
	{ " v=DMARC1; p=reject", false },
	{ "vv=DMARC1; p=reject", false },
	{ "v=spf1 -all", false },
	{ "v", false },
	{ "", false },
};

static void test_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(records); i++) {
		const char *name = records[i].txt;
		km_sv txt = test_exact(name, strlen(name));
		km_dmarc_record r;
		km_status st = km_dmarc_record_read(txt, &r);
		if (st != (records[i].is ? KM_OK : KM_NOTFOUND))
			fail_msg("%s: %s", name, km_status_name(st));
		if (records[i].is) {
			test_sv_is(km_sv_of(km_dmarc_policy_name(r.p)), records[i].p, name);
			test_sv_is(km_sv_of(km_dmarc_policy_name(r.sp)), records[i].sp, name);
			test_sv_is(km_sv_of(km_dmarc_policy_name(r.np)), records[i].np, name);
			if ("uyn"[r.psd] != records[i].psd ||
			    r.strict_dkim != records[i].strict_dkim ||
			    r.strict_spf != records[i].strict_spf ||
			    r.testing != records[i].testing || r.unusable != records[i].unusable ||
			    r.reports != records[i].reports || r.fo != records[i].fo)
				fail_msg("%s: a tag was misread", name);
		}
		test_drop(txt);
	}
}

/* --- walks, policies, alignment --- */

#define R(name, text) "_dmarc." name ". TXT \"v=DMARC1; " text "\"\n"

static const char zone[] = R(
	"plain.example",
	"p=reject") "plain.example. A 192.0.2.1\n"
		    "sub.plain.example. A 192.0.2.1\n" R(
			    "strict.example",
			    "p=quarantine; "
			    "adkim=s; aspf=s") "strict.example. A 192.0.2.1\n" R("np.example",
										 "p=reject; "
										 "sp=quarantine; "
										 "np=none") "np."
											    "exampl"
											    "e. A "
											    "192.0."
											    "2.1\n"
											    "here."
											    "np."
											    "exampl"
											    "e. MX "
											    "1 "
											    "np."
											    "exampl"
											    "e."
											    "\n" R("test.example",
												   "p=reject; t=y")
												    R("testq.example",
												      "p=quarantine; "
												      "t=y")
													    R("testn."
													      "example",
													      "p=none; "
													      "t=y")
	/* a public suffix that says so, with and without records below it */
	R("suffix", "p=reject; sp=quarantine; np=reject; psd=y")
		R("with.suffix", "p=none") "a.suffix. A 192.0.2.1\n"
					   "b.suffix. A 192.0.2.1\n"
					   "c.with.suffix. A 192.0.2.1\n" R(
						   "mid.bare.suffix",
						   "p=none") "x.mid.bare.suffix. A 192.0.2.1\n"
	/* a department that is an organization of its own */
	R("big.example", "p=reject; sp=reject")
		R("dept.big.example",
		  "p=quarantine; sp=none; psd=n") "mail.dept.big.example. A 192.0.2.1\n"
						  "mail.big.example. A 192.0.2.1\n"
	/* records at several heights: the one with the fewest labels is the organization's */
	R("tall.example", "p=reject; sp=none")
		R("mid.tall.example", "p=quarantine") "low.mid.tall.example. A 192.0.2.1\n"
	/* more than eight labels */
	R("long.example", "p=reject")
		R("c.d.e.f.g.h.long.example", "p=none; psd=n") /* 8 labels: passed over */
	R("d.e.f.g.deep.example", "p=quarantine; psd=n")
	/* what counts as none */
	R("twice.example", "p=reject")
		R("twice.example", "p=none") "_dmarc.other.example. TXT \"v=spf1 -all\"\n" R(
			"other.example", "p=reject") R("nop.example", "adkim=s")
			R("noprua.example", "rua=mailto:r@noprua.example")
	/* servers that fail */
	";! _dmarc.dead.example. TXT TIMEOUT\n" R(
		"mail.halfdead.example",
		"p=reject") ";! _dmarc.halfdead.example. TXT SERVFAIL\n" R("ids.example",
									   "p=reject") ";! "
										       "_dmarc.bad."
										       "ids."
										       "example. "
										       "TXT "
										       "TIMEOUT\n";

typedef struct {
	const char *name, *author, *spf, *dkim; /* identifiers that pass, or "" */
	const char *want, *organization, *policy_domain, *published, *policy;
	bool missing;
} walk_case;

static const walk_case walks[] = {
	{ "same", "plain.example", "plain.example", "", "pass", "plain.example", "plain.example",
	  "reject", "reject", false },
	{ "nothing passes", "plain.example", "", "", "fail", "plain.example", "plain.example",
	  "reject", "reject", false },
	{ "another domain", "plain.example", "evil.example", "evil.example", "fail",
	  "plain.example", "plain.example", "reject", "reject", false },
	{ "ends alike", "plain.example", "", "notplain.example", "fail", "plain.example",
	  "plain.example", "reject", "reject", false },
	{ "relaxed below", "plain.example", "", "sub.plain.example", "pass", "plain.example",
	  "plain.example", "reject", "reject", false },
	{ "relaxed above", "sub.plain.example", "plain.example", "", "pass", "plain.example",
	  "plain.example", "reject", "reject", false },
	{ "relaxed beside", "sub.plain.example", "", "other.plain.example", "pass", "plain.example",
	  "plain.example", "reject", "reject", false },
	{ "the suffix itself", "plain.example", "example", "example", "fail", "plain.example",
	  "plain.example", "reject", "reject", false },
	{ "strict same", "strict.example", "", "strict.example", "pass", "strict.example",
	  "strict.example", "quarantine", "quarantine", false },
	{ "strict below", "strict.example", "a.strict.example", "a.strict.example", "fail",
	  "strict.example", "strict.example", "quarantine", "quarantine", false },
	{ "np: itself", "np.example", "", "", "fail", "np.example", "np.example", "reject",
	  "reject", false },
	{ "np: exists", "here.np.example", "", "", "fail", "np.example", "np.example", "quarantine",
	  "quarantine", false },
	{ "np: does not", "gone.np.example", "", "", "fail", "np.example", "np.example", "none",
	  "none", true },
	{ "t reject", "test.example", "", "", "fail", "test.example", "test.example", "reject",
	  "quarantine", false },
	{ "t quarantine", "testq.example", "", "", "fail", "testq.example", "testq.example",
	  "quarantine", "none", false },
	{ "t none", "testn.example", "", "", "fail", "testn.example", "testn.example", "none",
	  "none", false },
	{ "below a suffix", "a.suffix", "", "", "fail", "a.suffix", "suffix", "quarantine",
	  "quarantine", false },
	{ "below a suffix, missing", "gone.suffix", "", "", "fail", "gone.suffix", "suffix",
	  "reject", "reject", true },
	{ "two below a suffix", "a.suffix", "b.suffix", "b.suffix", "fail", "a.suffix", "suffix",
	  "quarantine", "quarantine", false },
	{ "same below a suffix", "a.suffix", "", "x.a.suffix", "pass", "a.suffix", "suffix",
	  "quarantine", "quarantine", false },
	{ "the suffix's own mail", "suffix", "suffix", "", "pass", "suffix", "suffix", "reject",
	  "reject", false },
	{ "the suffix is no organization", "a.suffix", "suffix", "suffix", "fail", "a.suffix",
	  "suffix", "quarantine", "quarantine", false },
	{ "record below a suffix", "c.with.suffix", "", "", "fail", "with.suffix", "with.suffix",
	  "none", "none", false },
	{ "organization without record", "x.mid.bare.suffix", "", "bare.suffix", "pass",
	  "bare.suffix", "suffix", "quarantine", "quarantine", false },
	{ "psd=n", "mail.dept.big.example", "", "big.example", "fail", "dept.big.example",
	  "dept.big.example", "none", "none", false },
	{ "psd=n beside", "mail.big.example", "", "mail.dept.big.example", "fail", "big.example",
	  "big.example", "reject", "reject", false },
	{ "psd=n within", "mail.dept.big.example", "x.dept.big.example", "", "pass",
	  "dept.big.example", "dept.big.example", "none", "none", false },
	{ "fewest labels", "low.mid.tall.example", "", "", "fail", "tall.example", "tall.example",
	  "none", "none", false },
	{ "own record, organization above", "mid.tall.example", "", "tall.example", "pass",
	  "tall.example", "mid.tall.example", "quarantine", "quarantine", false },
	{ "nine labels and more", "a.b.c.d.e.f.g.h.long.example", "", "long.example", "pass",
	  "long.example", "long.example", "reject", "reject", false },
	{ "eight labels", "b.c.d.e.f.g.deep.example", "", "", "fail", "d.e.f.g.deep.example",
	  "d.e.f.g.deep.example", "quarantine", "quarantine", false },
	{ "several records", "twice.example", "twice.example", "", "none", "twice.example", "",
	  "none", "none", false },
	{ "another TXT beside", "other.example", "", "", "fail", "other.example", "other.example",
	  "reject", "reject", false },
	{ "no record", "nowhere.test", "nowhere.test", "nowhere.test", "none", "nowhere.test", "",
	  "none", "none", false },
	{ "no p, no rua", "nop.example", "nop.example", "", "none", "nop.example", "", "none",
	  "none", false },
	{ "no p, but rua", "noprua.example", "", "", "fail", "noprua.example", "noprua.example",
	  "none", "none", false },
	{ "time-out", "dead.example", "dead.example", "dead.example", "temperror", "", "", "none",
	  "none", false },
	{ "time-out above, no record", "x.dead.example", "x.dead.example", "", "temperror", "", "",
	  "none", "none", false },
	{ "time-out above, same domain", "mail.halfdead.example", "", "mail.halfdead.example",
	  "pass", "", "mail.halfdead.example", "reject", "reject", false },
	{ "time-out above, another domain", "mail.halfdead.example", "", "halfdead.example",
	  "temperror", "", "mail.halfdead.example", "reject", "reject", false },
	{ "time-out of an identifier", "ids.example", "", "bad.ids.example", "temperror",
	  "ids.example", "ids.example", "reject", "reject", false },
	{ "no author", "", "plain.example", "plain.example", "permerror", "", "", "none", "none",
	  false },
};

/* The corners of draft-ietf-dmarc-dmarcbis-41 sections 4.7, 4.10.1 and 4.10.2, a record a line. */
static const char corner_zone[] =
	"_dmarc.psd.self.example. TXT \"v=DMARC1; p=reject; sp=none; psd=y\"\n"
	"_dmarc.self.example. TXT \"v=DMARC1; p=none\"\n"
	"_dmarc.above.example. TXT \"v=DMARC1; p=reject; sp=quarantine; psd=n\"\n"
	"_dmarc.top.above.example. TXT \"v=DMARC1; p=none\"\n"
	"_dmarc.example. TXT \"v=DMARC1; p=reject; psd=y\"\n"
	"x.y.above.example. A 192.0.2.1\n"
	"_dmarc.c.d.e.f.g.h.nine.test. TXT \"v=DMARC1; p=none; psd=n\"\n"
	"_dmarc.d.e.f.g.h.nine.test. TXT \"v=DMARC1; p=quarantine\"\n"
	"_dmarc.nine.test. TXT \"v=DMARC1; p=reject\"\n"
	"_dmarc.low.dup.test. TXT \"v=DMARC1; p=none\"\n"
	"_dmarc.low.dup.test. TXT \"v=DMARC1; p=quarantine; psd=n\"\n"
	"_dmarc.dup.test. TXT \"v=DMARC1; p=reject\"\n"
	"_dmarc.beside.test. TXT \"v=DMARC1; p=reject\"\n"
	"_dmarc.beside.test. TXT \"v=DMARC2; p=none; psd=y\"\n"
	"_dmarc.rua.test. TXT \"v=DMARC1; sp=reject; rua=mailto:r@rua.test\"\n"
	"_dmarc.badrua.test. TXT \"v=DMARC1; sp=reject; rua=r@badrua.test\"\n"
	"_dmarc.badsp.test. TXT \"v=DMARC1; p=reject; sp=x; rua=mailto:r@badsp.test\"\n"
	"_dmarc.badnp.test. TXT \"v=DMARC1; p=reject; np=x\"\n"
	"_dmarc.both.test. TXT \"v=DMARC1; p=none; sp=quarantine; np=reject; t=y\"\n"
	"here.both.test. A 192.0.2.1\n"
	"_dmarc.own.both.test. TXT \"v=DMARC1; p=quarantine; np=reject\"\n"
	"_dmarc.onlynp.test. TXT \"v=DMARC1; p=quarantine; np=reject\"\n"
	"here.onlynp.test. A 192.0.2.1\n"
	"below.void.onlynp.test. A 192.0.2.1\n"
	"_dmarc.a.two.test. TXT \"v=DMARC1; p=reject; psd=n\"\n"
	"_dmarc.two.test. TXT \"v=DMARC1; p=none\"\n";

static const walk_case corners[] = {
	{ "psd=y at the author: an organization of its own", "psd.self.example", "", "self.example",
	  "fail", "psd.self.example", "psd.self.example", "reject", "reject", false },
	{ "psd=y at the author: its own mail", "psd.self.example", "", "psd.self.example", "pass",
	  "psd.self.example", "psd.self.example", "reject", "reject", false },
	{ "psd=y above: one label below is the organization", "b.a.psd.self.example", "",
	  "a.psd.self.example", "pass", "a.psd.self.example", "psd.self.example", "none", "none",
	  false },
	{ "psd=n above, psd=y further up", "x.y.above.example", "", "z.above.example", "pass",
	  "above.example", "above.example", "quarantine", "quarantine", false },
	{ "psd=n above, a record of one's own", "top.above.example", "", "above.example", "pass",
	  "above.example", "top.above.example", "none", "none", false },
	{ "psd=n beside: two organizations", "two.test", "", "a.two.test", "fail", "two.test",
	  "two.test", "none", "none", false },
	{ "nine labels: the eighth is passed over", "b.c.d.e.f.g.h.nine.test", "", "", "fail",
	  "nine.test", "nine.test", "reject", "reject", false },
	{ "eight labels: one's own record", "c.d.e.f.g.h.nine.test", "", "nine.test", "fail",
	  "c.d.e.f.g.h.nine.test", "c.d.e.f.g.h.nine.test", "none", "none", false },
	{ "several at the author: none, psd and all", "low.dup.test", "", "dup.test", "pass",
	  "dup.test", "dup.test", "reject", "reject", false },
	{ "another version beside", "beside.test", "", "", "fail", "beside.test", "beside.test",
	  "reject", "reject", false },
	{ "no p, rua: none, whatever sp says", "x.rua.test", "", "", "fail", "rua.test", "rua.test",
	  "none", "none", false },
	{ "no p, no valid rua: no DMARC", "x.badrua.test", "", "", "none", "badrua.test", "",
	  "none", "none", false },
	{ "sp not valid, rua: none", "badsp.test", "", "", "fail", "badsp.test", "badsp.test",
	  "none", "none", false },
	{ "np not valid, no rua: no DMARC", "badnp.test", "", "", "none", "badnp.test", "", "none",
	  "none", false },
	{ "sp where it exists, t=y", "here.both.test", "", "", "fail", "both.test", "both.test",
	  "quarantine", "none", false },
	{ "np goes before sp where it does not, t=y", "gone.both.test", "", "", "fail", "both.test",
	  "both.test", "reject", "quarantine", true },
	{ "neither for the organization itself", "both.test", "", "", "fail", "both.test",
	  "both.test", "none", "none", false },
	{ "a record of one's own: p, though it does not exist", "own.both.test", "", "", "fail",
	  "both.test", "own.both.test", "quarantine", "quarantine", false },
	{ "np without sp: p where it exists", "here.onlynp.test", "", "", "fail", "onlynp.test",
	  "onlynp.test", "quarantine", "quarantine", false },
	{ "np without sp: np where it does not", "gone.onlynp.test", "", "", "fail", "onlynp.test",
	  "onlynp.test", "reject", "reject", true },
	{ "a name that only has others below exists", "void.onlynp.test", "", "", "fail",
	  "onlynp.test", "onlynp.test", "quarantine", "quarantine", false },
};

static void drive(km_arena *a, const km_dns_snapshot *dns, km_dmarc_method method, km_sv author,
		  const km_dmarc_input *in, km_dmarc_result *out, size_t *asked)
{
	const km_dns_question *open;
	km_dns_set set;
	km_dmarc *d = km_dmarc_new(a, author, KM_S("why"), method);

	assert_non_null(d);
	km_dns_set_init(&set, a);
	while (km_dmarc_step(d, &set, in, out) == KM_NOTFOUND) {
		assert_true(km_dns_open(&set, &open) > 0);
		while (km_dns_open(&set, &open) > 0) {
			km_dns_answer one;
			km_dns_snapshot_answer(dns, open->name, open->type, &one);
			assert_int_equal(km_dns_give(&set, &one), KM_OK);
		}
	}
	*asked = set.asked;
}

static km_dns_snapshot *parse(const char *text)
{
	km_dns_snapshot *dns;
	km_err err = { .st = KM_OK };

	if (km_dns_snapshot_parse(km_sv_of(text), "zone", &dns, &err) != KM_OK)
		fail_msg("%s", err.msg);
	return dns;
}

static void run_walks(const char *text, const walk_case *c, size_t n)
{
	km_dns_snapshot *dns = parse(text);

	for (size_t i = 0; i < n; i++) {
		const char *name = c[i].name;
		km_arena *a = km_arena_new(1 << 20);
		km_dmarc_id dkim[] = { { KM_S("third.example"), true },
				       { km_sv_of(c[i].dkim), c[i].dkim[0] != '\0' },
				       { km_sv_of(c[i].author), false } };
		km_dmarc_input in = { .spf = { km_sv_of(c[i].spf), c[i].spf[0] != '\0' },
				      .dkim = dkim,
				      .n_dkim = KM_COUNT(dkim) };
		km_dmarc_result r;
		size_t asked;
		drive(a, dns, KM_DMARC_WALK, km_sv_of(c[i].author), &in, &r, &asked);
		test_sv_is(km_sv_of(km_dmarc_code_name(r.code)), c[i].want, name);
		test_sv_is(r.organization, c[i].organization, name);
		test_sv_is(r.policy_domain, c[i].policy_domain, name);
		if (r.code != KM_DMARC_NONE) {
			test_sv_is(km_sv_of(km_dmarc_policy_name(r.published)), c[i].published,
				   name);
			test_sv_is(km_sv_of(km_dmarc_policy_name(r.policy)), c[i].policy, name);
		}
		if (r.missing != c[i].missing)
			fail_msg("%s: existence", name);
		if (r.code == KM_DMARC_PASS && !r.spf_aligned && r.dkim_aligned != 2)
			fail_msg("%s: aligned %x", name, r.dkim_aligned);
		if (asked > 3 * KM_DMARC_MAX_QUERIES + 3)
			fail_msg("%s: asked %zu", name, asked);
		km_arena_free(a);
	}
	km_dns_snapshot_free(dns);
}

static void test_walks(void **state)
{
	(void)state;
	run_walks(zone, walks, KM_COUNT(walks));
	run_walks(corner_zone, corners, KM_COUNT(corners));
}

/* RFC 9989 section 4.10: the queries for a domain of thirteen labels, and no others. */
static void test_queries(void **state)
{
	(void)state;
	static const char *const names[] = {
		"_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
		"_dmarc.g.h.i.j.mail.example.com",
		"_dmarc.h.i.j.mail.example.com",
		"_dmarc.i.j.mail.example.com",
		"_dmarc.j.mail.example.com",
		"_dmarc.mail.example.com",
		"_dmarc.example.com",
		"_dmarc.com",
	};
	km_arena *a = km_arena_new(1 << 20);
	const km_dns_question *open;
	km_dns_set set;
	km_dmarc *d = km_dmarc_new(a, KM_S("a.b.c.d.e.f.g.h.i.j.mail.example.com"), KM_S(""),
				   KM_DMARC_WALK);

	km_dns_set_init(&set, a);
	assert_int_equal(km_dmarc_discover(d, &set), KM_NOTFOUND);
	assert_int_equal(km_dns_open(&set, &open), KM_COUNT(names));
	for (size_t i = 0; i < KM_COUNT(names); i++)
		TEST_SV(open[i].name, names[i]);
	km_arena_free(a);
}

/* The old method knows what is registrable from a list. */
static void test_list(void **state)
{
	(void)state;
	static const struct {
		const char *author, *dkim, *want, *organization, *policy_domain, *policy;
	} rows[] = {
		{ "mail.a.co.jp", "a.co.jp", "pass", "a.co.jp", "a.co.jp", "none" },
		{ "mail.a.co.jp", "b.co.jp", "fail", "a.co.jp", "a.co.jp", "none" },
		{ "a.co.jp", "x.mail.a.co.jp", "pass", "a.co.jp", "a.co.jp", "reject" },
		{ "own.a.co.jp", "", "fail", "a.co.jp", "own.a.co.jp", "quarantine" },
		{ "b.co.jp", "b.co.jp", "none", "b.co.jp", "", "none" },
	};
	km_dns_snapshot *dns =
		parse(R("a.co.jp", "p=reject; sp=none") R("own.a.co.jp", "p=quarantine; psd=n")
			      R("co.jp", "p=reject; psd=y"));

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_dmarc_id dkim = { km_sv_of(rows[i].dkim), true };
		km_dmarc_input in = { .dkim = &dkim, .n_dkim = 1 };
		km_dmarc_result r;
		size_t asked;
		drive(a, dns, KM_DMARC_PSL, km_sv_of(rows[i].author), &in, &r, &asked);
		test_sv_is(km_sv_of(km_dmarc_code_name(r.code)), rows[i].want, rows[i].author);
		test_sv_is(r.organization, rows[i].organization, rows[i].author);
		test_sv_is(r.policy_domain, rows[i].policy_domain, rows[i].author);
		test_sv_is(km_sv_of(km_dmarc_policy_name(r.policy)), rows[i].policy,
			   rows[i].author);
		km_arena_free(a);
	}
	km_dns_snapshot_free(dns);
}

/* --- the author --- */

static const struct {
	const char *name, *fields, *domain; /* "": not certain */
} authors[] = {
	{ "plain", "From: a@Example.JP\n", "example.jp" },
	{ "named", "From: Taro <taro@example.jp>\n", "example.jp" },
	{ "folded", "From:\n\t\n =?utf-8?q?Taro?=\n <taro@example.jp>\n", "example.jp" },
	{ "address as name", "From: \"x@bank.example\" <taro@example.jp>\n", "example.jp" },
	{ "comment", "From: taro@example.jp (x@bank.example)\n", "example.jp" },
	{ "U-labels", "From: a@日本語.example\n", "xn--wgv71a119e.example" },
	{ "none", "To: a@example.jp\n", "" },
	{ "empty", "From:\n", "" },
	{ "two fields", "From: a@example.jp\nFrom: a@example.jp\n", "" },
	{ "two spellings", "From: a@example.jp\nfrom : b@bank.example\n", "" },
	{ "two addresses", "From: a@example.jp, b@bank.example\n", "" },
	{ "two of one domain", "From: a@example.jp, b@example.jp\n", "" },
	{ "two in one", "From: <a@example.jp><b@bank.example>\n", "" },
	{ "route", "From: <@bank.example:a@example.jp>\n", "" },
	{ "group", "From: x: a@example.jp;\n", "" },
	{ "empty group", "From: undisclosed:;\n", "" },
	{ "no domain", "From: taro\n", "" },
	{ "literal", "From: taro@[192.0.2.1]\n", "" },
	{ "parenthesis", "From: taro@example.jp(.bank.example\n", "" },
	{ "quoted pair", "From: \"taro@bank.example\\\"\" <a@example.jp>\n", "example.jp" },
	{ "two at signs", "From: taro@bank.example@example.jp\n", "" },
	{ "space inside", "From: taro@example .jp\n", "example.jp" },
};

static void test_authors(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(authors); i++) {
		km_arena *a = km_arena_new(1 << 22);
		km_sv text = km_sv_fmt(a, "%sSubject: x\n\nbody\n", authors[i].fields);
		km_sv raw = test_exact(text.p, text.n), domain, why;
		km_mail *m;
		assert_int_equal(km_mail_read(a, raw, &m), KM_OK);
		km_status st = km_dmarc_author(a, m, &domain, &why);
		test_sv_is(domain, authors[i].domain, authors[i].name);
		if (why.n && km_sv_eq(km_fact_reason(why, KM_JA), why))
			fail_msg("not in fact/reasons.def: %.*s", KM_FMT(why));
		if ((st == KM_OK) != (domain.n > 0) || (st == KM_OK) != (why.n == 0))
			fail_msg("%s: %s", authors[i].name, km_status_name(st));
		test_drop(raw);
		km_arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records), cmocka_unit_test(test_walks),
		cmocka_unit_test(test_queries), cmocka_unit_test(test_list),
		cmocka_unit_test(test_authors),
	};
	return cmocka_run_group_tests_name("auth/dmarc", tests, NULL, NULL);
}
