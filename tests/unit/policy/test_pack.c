#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "policy/policy.h"
#include "test.h"

/* What every pack needs. */
#define BASE                                                                                       \
	"version: t1\nthresholds: {tag: 6, reject: 15}\nprobability: {even: 6, slope: 0.7}\n"      \
	"classes: []\n"
#define TOLD "recipient: {ja: あ, en: a}, admin: {ja: あ, en: a}, sender: {ja: あ, en: a}"

static km_pack *parse(const char *text, km_err *err)
{
	km_sv in = test_exact(text, strlen(text));
	km_pack *p = NULL;

	if (km_pack_parse(in, "p.yaml", &p, err) != KM_OK)
		assert_null(p);
	test_drop(in); /* the pack must not point into it */
	return p;
}

static void test_builtin(void **state)
{
	km_err err = { 0 };
	km_pack *p;

	(void)state;
	assert_true(km_sv_starts(km_pack_builtin(), KM_S("# Komainu's own policy.")));
	assert_true(km_sv_ends(km_pack_builtin(), KM_S("\n")));
	if (km_pack_load(NULL, &p, &err) != KM_OK)
		fail_msg("%s", err.msg);
	assert_true(strlen(km_pack_version(p)) > 3);
	km_pack_free(p);
	km_pack_free(NULL);
}

static const char *const good[] = {
	BASE,
	BASE "composites: []\noverrides: {}\npoints: {}\ncaps: {}\n",
	BASE "composites:\n- {id: A, all: [HTML_ONLY]}\n- {id: B, any: [A, link], not: [A]}\n",
	BASE "composites:\n- {id: A, at_least: {n: 2, of: [HTML_ONLY, DATE_PAST]}, points: 1, " TOLD
	     "}\npoints: {A: 2, HTML_ONLY: -0.5}\n",
	BASE "overrides: {example.jp: {thresholds: {tag: off, discard: 30}}, "
	     "a@example.jp: {off: true}, \"ü@example.jp\": {points: {HTML_ONLY: 1}}}\n",
	"overrides: {}\nclasses:\n- {class: spam, min_score: 6, category: ad_pharma, advice: "
	"clicked}\n"
	"- {class: ham, when: {not: [link], any: [list]}}\n"
	"probability: {slope: 1, even: 0}\nthresholds: {}\nversion: \"2\"\n",
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(good); i++) {
		km_err err = { 0 };
		km_pack *p = parse(good[i], &err);
		if (p == NULL)
			fail_msg("%s\n%s", good[i], err.msg);
		km_pack_free(p);
	}
}

/* Each is put after BASE, which has four lines. */
static const struct {
	const char *in, *want;
} errors[] = {
	{ "pionts: {}\n", "p.yaml:5: pionts: unknown key; did you mean \"points\"?" },
	{ "points: {HTML_OLNY: 1}\n", "p.yaml:5: points.HTML_OLNY: unknown fact or composite; did "
				      "you mean \"HTML_ONLY\"?" },
	{ "points:\n  HTML_ONLY: much\n", "p.yaml:6: points.HTML_ONLY: found \"much\", expected a "
					  "number from -1000 to 1000" },
	{ "points: {HTML_ONLY: 1001}\n", "p.yaml:5: points.HTML_ONLY: found \"1001\", expected a "
					 "number from -1000 to 1000" },
	{ "points: {link: 1}\n",
	  "p.yaml:5: points.link: a group has no points; give them to its facts" },
	{ "points: [HTML_ONLY]\n",
	  "p.yaml:5: points: found a list, expected a map from facts and composites to points" },
	{ "points: {A: 1}\ncomposites: [{id: A, all: [DATE_PAST]}]\n",
	  "p.yaml:5: points.A: this composite has no sentences, so it can have no points" },
	{ "caps: {lnk: 1}\n", "p.yaml:5: caps.lnk: unknown group; did you mean \"link\"?" },
	{ "caps: {link: -1}\n",
	  "p.yaml:5: caps.link: found \"-1\", expected a number from 0 to 1000" },
	{ "caps: 3\n", "p.yaml:5: caps: found \"3\", expected a map from groups to points" },
	{ "composites: {}\n",
	  "p.yaml:5: composites: found a map, expected a list of at most 256 composites" },
	{ "composites:\n- all: [DATE_PAST]\n", "p.yaml:6: composites[0]: \"id\" is missing" },
	{ "composites:\n- {id: a b, all: [DATE_PAST]}\n",
	  "p.yaml:6: composites[0].id: found \"a b\", expected a word of letters, digits, _ - and "
	  "." },
	{ "composites:\n- {id: DATE_PAST, all: [DATE_PAST]}\n",
	  "p.yaml:6: composites[0].id: \"DATE_PAST\" is the name of something else already" },
	{ "composites:\n- {id: A, all: [DATE_PAST]}\n- {id: A, all: [DATE_PAST]}\n",
	  "p.yaml:7: composites[1].id: \"A\" is the name of something else already" },
	{ "composites:\n- id: A\n  all:\n  - DATE_PAST\n  - DATE_PASS\n",
	  "p.yaml:9: composites[0].all[1]: unknown fact, group or composite; did you mean "
	  "\"DATE_PAST\"?" },
	{ "composites:\n- {id: A, all: [BBBBBBBB]}\n- {id: BBBBBBBB, all: [DATE_PAST]}\n",
	  "p.yaml:6: composites[0].all[0]: unknown fact, group or composite" },
	{ "composites:\n- {id: A, all: [A]}\n",
	  "p.yaml:6: composites[0].all[0]: unknown fact, group or composite" },
	{ "composites:\n- {id: A, all: []}\n",
	  "p.yaml:6: composites[0].all: found a list, expected "
	  "a list of 1 to 64 facts, groups or composites" },
	{ "composites:\n- {id: A, all: [[x]]}\n",
	  "p.yaml:6: composites[0].all[0]: found a list, expected the name of a fact, group or "
	  "composite" },
	{ "composites:\n- {id: A, not: [DATE_PAST]}\n",
	  "p.yaml:6: composites[0]: no condition; give \"all\", \"any\" or \"at_least\"" },
	{ "composites:\n- {id: A, at_least: {n: 3, of: [DATE_PAST, HTML_ONLY]}}\n",
	  "p.yaml:6: composites[0].at_least.n: found \"3\", expected a whole number from 1 to 2" },
	{ "composites:\n- {id: A, at_least: {n: 0, of: [DATE_PAST]}}\n",
	  "p.yaml:6: composites[0].at_least.n: found \"0\", expected a whole number from 1 to 1" },
	{ "composites:\n- {id: A, at_least: {n: 1}}\n",
	  "p.yaml:6: composites[0].at_least: \"of\" is missing" },
	{ "composites:\n- {id: A, all: [DATE_PAST], points: 1}\n",
	  "p.yaml:6: composites[0]: sentences for \"recipient\" are missing" },
	{ "composites:\n- {id: A, all: [DATE_PAST], recipient: {ja: あ, en: a}}\n",
	  "p.yaml:6: composites[0]: sentences for \"admin\" are missing" },
	{ "composites:\n- {id: A, all: [DATE_PAST], recipient: {ja: あ}}\n",
	  "p.yaml:6: composites[0].recipient: \"en\" is missing" },
	{ "composites:\n- {id: A, all: [DATE_PAST], recipient: {ja: \"a\\nb\", en: a}}\n",
	  "p.yaml:6: composites[0].recipient.ja: found text \"a?b\", expected a sentence of one "
	  "line, up to 400 bytes" },
	{ "overrides: [a]\n", "p.yaml:5: overrides: found a list, expected a map of at most 20000 "
			      "recipients or domains" },
	{ "overrides:\n  '@example.jp': {off: true}\n",
	  "p.yaml:6: overrides.@example.jp: the key must be an address or a domain" },
	{ "overrides: {a b: {}}\n",
	  "p.yaml:5: overrides.a b: the key must be an address or a domain" },
	{ "overrides: {a@b: {}, A@B: {}}\n",
	  "p.yaml:5: overrides.A@B: given before, in other letter case" },
	{ "overrides: {a.jp: {of: true}}\n",
	  "p.yaml:5: overrides.a.jp.of: unknown key; did you mean \"off\"?" },
	{ "overrides: {a.jp: {off: maybe}}\n",
	  "p.yaml:5: overrides.a.jp.off: found \"maybe\", expected true or false" },
	{ "overrides: {a.jp: {thresholds: {accept: 1}}}\n",
	  "p.yaml:5: overrides.a.jp.thresholds.accept: unknown action; expected tag, junk, "
	  "greylist, tempfail, quarantine, reject, discard" },
	{ "overrides: {a.jp: {thresholds: {rejekt: 1}}}\n",
	  "p.yaml:5: overrides.a.jp.thresholds.rejekt: unknown action; did you mean \"reject\"?" },
	{ "overrides: {a.jp: {thresholds: {tag: high}}}\n",
	  "p.yaml:5: overrides.a.jp.thresholds.tag: found \"high\", expected a number from -1000 "
	  "to "
	  "1000" },
	{ "overrides: {a.jp: {points: {FROM_MULTIPLE: []}}}\n",
	  "p.yaml:5: overrides.a.jp.points.FROM_MULTIPLE: found a list, expected a number from "
	  "-1000 "
	  "to 1000" },
};

static void test_errors(void **state)
{
	km_arena *a = km_arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < KM_COUNT(errors); i++) {
		km_err err = { 0 };
		assert_null(parse(km_sv_cstr(a, km_sv_fmt(a, BASE "%s", errors[i].in)), &err));
		assert_int_equal(err.st, KM_CONFIG);
		test_sv_is(km_sv_of(err.msg), errors[i].want, errors[i].in);
	}
	km_arena_free(a);
}

static const struct {
	const char *in, *want;
} whole[] = {
	{ "", "p.yaml:1: \"version\" is missing" },
	{ "- a\n", "p.yaml:1: found a list, expected a map with keys such as \"version\"" },
	{ "version: 1\n", "p.yaml:1: \"thresholds\" is missing" },
	{ "version: 1\nthresholds: 6\n",
	  "p.yaml:2: thresholds: found \"6\", expected a map from actions to scores" },
	{ "version: 1\nthresholds: {}\nprobability: {even: 6}\n",
	  "p.yaml:3: probability: \"slope\" is missing" },
	{ "version: 1\nthresholds: {}\nprobability: {even: 6, slope: 0}\n",
	  "p.yaml:3: probability.slope: found \"0\", expected a number from 0.001 to 100" },
	{ "version: 1\nthresholds: {}\nprobability: {even: 6, slope: 1}\n",
	  "p.yaml:1: \"classes\" is missing" },
	{ "version: 1\nthresholds: {}\nprobability: {even: 6, slope: 1}\nclasses:\n- {class: "
	  "phihs}\n",
	  "p.yaml:5: classes[0].class: unknown class; did you mean \"phish\"?" },
	{ "version: 1\nthresholds: {}\nprobability: {even: 6, slope: 1}\nclasses:\n"
	  "- {class: spam, category: phish_car}\n",
	  "p.yaml:5: classes[0].category: unknown category; did you mean \"phish_card\"?" },
	{ "version: 1\nthresholds: {}\nprobability: {even: 6, slope: 1}\nclasses:\n"
	  "- {class: spam, when: {}}\n",
	  "p.yaml:5: classes[0].when: no condition; give \"all\", \"any\" or \"at_least\"" },
	{ "version: 1\nthresholds: {}\nprobability: {even: 6, slope: 1}\nclasses:\n- [spam]\n",
	  "p.yaml:5: classes[0]: found a list, expected a map with keys such as \"class\"" },
	{ "version: 1\n\tx", "p.yaml:2: found a tab character that violates indentation" },
};

static void test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(whole); i++) {
		km_err err = { 0 };
		assert_null(parse(whole[i].in, &err));
		test_sv_is(km_sv_of(err.msg), whole[i].want, whole[i].in);
	}
}

static void test_file(void **state)
{
	char name[] = "/tmp/km-pack-XXXXXX";
	int fd = mkstemp(name);
	km_err err = { 0 };
	km_pack *p;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, BASE, strlen(BASE)), strlen(BASE));
	(void)close(fd);
	assert_int_equal(km_pack_load(name, &p, NULL), KM_OK);
	assert_string_equal(km_pack_version(p), "t1");
	km_pack_free(p);
	(void)unlink(name);
	assert_int_equal(km_pack_load(name, &p, &err), KM_NOTFOUND);
	assert_null(p);
	assert_non_null(strstr(err.msg, name));
}

/* The YAML of the manual @name, without that of the configuration, put together is a pack. */
static void check_manual(const char *name)
{
	km_arena *a = km_arena_new(1 << 20);
	char path[4096];
	km_err err = { 0 };
	km_sv line, rest;
	km_file f;
	km_buf b;
	bool inside = false;

	(void)snprintf(path, sizeof(path), "%s/docs/%s", getenv("KOMAINU_SOURCE"), name);
	assert_int_equal(km_file_open(&f, path, 1 << 20, &err), KM_OK);
	km_buf_init(&b, a, 1 << 20);
	km_buf_add(&b, KM_S("version: manual\n"));
	for (rest = f.bytes; km_sv_line(&rest, &line);) {
		if (km_sv_starts(line, KM_S("```")))
			inside = km_sv_eq(line, KM_S("```yaml")) &&
				 !km_sv_starts(rest, KM_S("policy:"));
		else if (inside)
			km_buf_fmt(&b, "%.*s\n", KM_FMT(line));
	}
	km_buf_byte(&b, '\0');
	km_file_close(&f);
	km_pack *p = parse(b.p, &err);
	if (p == NULL)
		fail_msg("%s: %s\n%s", name, err.msg, b.p);
	assert_true(b.n > 1000);
	km_pack_free(p);
	km_arena_free(a);
}

static void test_manuals(void **state)
{
	(void)state;
	if (getenv("KOMAINU_SOURCE") == NULL)
		skip();
	check_manual("policy.md");
	check_manual("policy.ja.md");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin), cmocka_unit_test(test_good),
		cmocka_unit_test(test_errors),	cmocka_unit_test(test_whole),
		cmocka_unit_test(test_file),	cmocka_unit_test(test_manuals),
	};
	return cmocka_run_group_tests_name("policy/pack", tests, NULL, NULL);
}
