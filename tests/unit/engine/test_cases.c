/*
 * Whole messages: every tests/mail/NAME.eml is scanned with the DNS of NAME.zone (time-outs when
 * there is none) and the known-bad things of NAME.list ("KIND VALUE DAY NOTE" a line, KIND being a
 * km_bad_kind), and must give what NAME.expect says, a line each:
 *	fact ID [TEXT]	the fact is there, and TEXT is in what it saw or in its arguments
 *	not ID [TEXT]	it is not there, or not with that TEXT
 *	at ID TEXT	the place in the message that it tells of has TEXT
 *	none		no fact that is worth points by default
 *	action NAME, class NAME, category NAME
 *	brand ID	the brand that it pretends to be
 *	auth spf|dmarc|override RESULT	what it came to
 *	min POINTS, max POINTS	the score is not below, not above
 *	ja|en TEXT	the explanation for the recipient has TEXT
 *	user NAME	(not a check) the sender had logged in
 *	bulk		(not a check) and is known to send mailings
 *	from ADDR, helo NAME	(not a check) as the client said it; \0 is a NUL
 *	conf YAML	(not a check) a line of configuration
 *	# comment
 * The envelope is the stored one; the time is 2026-03-02T01:00:00Z.
 */
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <unistd.h>

#include "answer.h"
#include "base/file.h"
#include "engine/auth.h"
#include "engine/json.h"
#include "test.h"

typedef struct {
	const char *name;
	km_arena *arena;
	km_scan *scan;
	km_sv message;
	size_t wrong;
} mail_case;

static void say(mail_case *c, km_sv line, const char *what)
{
	c->wrong++;
	print_message("%s: %.*s: %s\n", c->name, KM_FMT(line), what);
}

static bool mentions(const km_fact *f, km_sv text)
{
	const km_sv in[] = { f->seen, f->arg[0], f->arg[1], f->arg[2], f->inside };

	for (size_t i = 0; i < KM_COUNT(in); i++)
		if (text.n == 0 || km_sv_find(in[i], text, 0) < in[i].n)
			return true;
	return false;
}

static void check_fact(mail_case *c, km_sv line, km_sv id, km_sv text, bool wanted)
{
	const km_facts *fs = km_scan_facts(c->scan);
	bool there = false, right = false;

	if (km_fact_by_name(id) == KM_FACT_COUNT) {
		say(c, line, "no such fact");
		return;
	}
	for (size_t i = 0; i < fs->n; i++)
		if (fs->f[i].id == km_fact_by_name(id)) {
			there = true;
			right |= mentions(&fs->f[i], text);
		}
	if (wanted && !there)
		say(c, line, "missing");
	else if (wanted && !right)
		say(c, line, "there, but with another text");
	else if (!wanted && right)
		say(c, line, "there");
}

static void check_place(mail_case *c, km_sv line, km_sv id, km_sv text)
{
	const km_facts *fs = km_scan_facts(c->scan);

	for (size_t i = 0; i < fs->n; i++) {
		const km_fact *f = &fs->f[i];
		km_sv place = km_sv_sub(c->message, f->offset, f->length);
		if (f->id == km_fact_by_name(id) && km_sv_find(place, text, 0) < place.n)
			return;
	}
	say(c, line, "not there");
}

static void check_none(mail_case *c, km_sv line)
{
	const km_facts *fs = km_scan_facts(c->scan);

	for (size_t i = 0; i < fs->n; i++)
		if (km_fact_describe(fs->f[i].id)->points > 0)
			say(c, line, km_fact_describe(fs->f[i].id)->id);
}

static km_sv word(km_sv *rest)
{
	size_t n = km_sv_chr(*rest, ' ', 0);
	km_sv w = km_sv_sub(*rest, 0, n);

	*rest = km_sv_from(*rest, n + 1);
	return w;
}

static const char *auth_result(const km_auth *x, km_sv what)
{
	if (km_sv_eq(what, KM_S("spf")))
		return km_spf_code_name(x->spf.code);
	if (km_sv_eq(what, KM_S("override")))
		return x->override ? x->override : "none";
	return km_dmarc_code_name(x->dmarc.code);
}

static void check_words(mail_case *c, km_sv line, km_lang lang, km_sv text)
{
	km_sv said = km_explain(c->arena, km_scan_verdict(c->scan), KM_FOR_RECIPIENT, lang);

	if (km_sv_find(said, text, 0) == said.n)
		say(c, line, km_sv_cstr(c->arena, said));
}

static void check_score(mail_case *c, km_sv line, bool least, double bound)
{
	double score = km_scan_verdict(c->scan)->score;

	if (least ? score < bound : score > bound)
		say(c, line, km_sv_cstr(c->arena, km_sv_fmt(c->arena, "%.2f", score)));
}

static bool is_setting(km_sv verb)
{
	static const km_sv verbs[] = { KM_SV("user"),	   KM_SV("bulk"), KM_SV("conf"),
				       KM_SV("from"),	   KM_SV("helo"), KM_SV("virus"),
				       KM_SV("unexamined") };

	for (size_t i = 0; i < KM_COUNT(verbs); i++)
		if (km_sv_eq(verb, verbs[i]))
			return true;
	return false;
}

static void check_line(mail_case *c, km_sv line)
{
	const km_verdict *v = km_scan_verdict(c->scan);
	km_sv rest = line, verb = word(&rest);

	if (km_sv_eq(verb, KM_S("fact")) || km_sv_eq(verb, KM_S("not"))) {
		km_sv id = word(&rest);
		check_fact(c, line, id, rest, verb.n == 4);
	} else if (km_sv_eq(verb, KM_S("at"))) {
		km_sv id = word(&rest);
		check_place(c, line, id, rest);
	} else if (km_sv_eq(verb, KM_S("none"))) {
		check_none(c, line);
	} else if (km_sv_eq(verb, KM_S("action"))) {
		if (!km_sv_eq(rest, km_sv_of(km_action_name(v->action))))
			say(c, line, km_action_name(v->action));
	} else if (km_sv_eq(verb, KM_S("class"))) {
		if (!km_sv_eq(rest, km_sv_of(km_class_name(v->class))))
			say(c, line, km_class_name(v->class));
	} else if (km_sv_eq(verb, KM_S("category"))) {
		if (!km_sv_eq(rest, km_sv_of(v->category)))
			say(c, line, v->category);
	} else if (km_sv_eq(verb, KM_S("brand"))) {
		if (v->brand == NULL || !km_sv_eq(rest, km_sv_of(v->brand)))
			say(c, line, v->brand ? v->brand : "none");
	} else if (km_sv_eq(verb, KM_S("auth"))) {
		const char *got = auth_result(km_scan_auth(c->scan), word(&rest));
		if (!km_sv_eq(rest, km_sv_of(got)))
			say(c, line, got);
	} else if (km_sv_eq(verb, KM_S("min")) || km_sv_eq(verb, KM_S("max"))) {
		check_score(c, line, verb.p[1] == 'i', strtod(km_sv_cstr(c->arena, rest), NULL));
	} else if (km_sv_eq(verb, KM_S("ja")) || km_sv_eq(verb, KM_S("en"))) {
		check_words(c, line, verb.p[0] == 'j' ? KM_JA : KM_EN, rest);
	} else if (verb.n && verb.p[0] != '#' && !is_setting(verb)) {
		say(c, line, "what is that?");
	}
}

/* Places lie inside the message; the JSON is JSON. */
static void check_shape(mail_case *c, km_sv message)
{
	const km_facts *fs = km_scan_facts(c->scan);
	km_buf b;
	json_error_t err;

	for (size_t i = 0; i < fs->n; i++) {
		const km_fact *f = &fs->f[i];
		if (f->offset > message.n || f->length > message.n - f->offset)
			say(c, km_sv_of(km_fact_describe(f->id)->id), "place outside");
	}
	km_buf_init(&b, NULL, 1 << 22);
	assert_int_equal(km_verdict_json(&b, c->scan, "x.eml", "ID", KM_JA), KM_OK);
	json_t *j = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, &err);
	if (j == NULL || !isfinite(km_scan_verdict(c->scan)->score))
		say(c, KM_S("json"), j ? "score" : err.text);
	json_decref(j);
	km_buf_finish(&b);
}

static km_sv read_whole(km_arena *a, const char *folder, const char *name, const char *end)
{
	km_file f;
	km_sv path = km_sv_fmt(a, "%s/%s%s", folder, name, end), copy = { NULL, 0 };

	if (km_file_open(&f, km_sv_cstr(a, path), 1 << 26, NULL) != KM_OK)
		return copy;
	copy = test_exact(f.bytes.p, f.bytes.n);
	km_file_close(&f);
	return copy;
}

/* A folder with the list that @text tells of, opened. */
static km_lists *make_lists(km_sv text)
{
	char dir[] = "/tmp/komainu-case-XXXXXX", path[64];
	km_list_maker *m = km_list_maker_new();
	km_badlist_info info;
	km_lists *l;
	km_sv line;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ours.bad", dir);
	while (km_sv_line(&text, &line)) {
		uint64_t day;
		km_sv kind = word(&line), value = word(&line);
		assert_true(km_sv_u64(word(&line), &day));
		assert_int_equal(km_list_maker_add(m, (km_bad_kind)kind.p[0], value, (uint32_t)day,
						   line, NULL),
				 KM_OK);
	}
	assert_int_equal(km_list_maker_write(m, path, 0, &info, NULL), KM_OK);
	assert_int_equal(km_lists_open(dir, &l, NULL), KM_OK);
	(void)unlink(path);
	(void)rmdir(dir);
	km_list_maker_free(m);
	return l;
}

/* @text with each "\0" made a NUL. */
static km_sv said_by_client(km_arena *a, km_sv text)
{
	char *out = KM_NEW_ARRAY(a, char, text.n + 1);
	size_t n = 0;

	assert_non_null(out);
	for (size_t i = 0; i < text.n; i++) {
		bool nul = text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] == '0';
		out[n++] = nul ? '\0' : text.p[i];
		i += nul;
	}
	return (km_sv){ out, n };
}

/* What the case sets; its own kit is opened when that is configuration. */
static const km_kit *settings(mail_case *c, km_sv expect, const km_kit *usual, km_kit *own,
			      km_envelope *env)
{
	km_err err = { 0 };
	km_conf *conf;
	km_sv line;
	km_buf yaml;

	km_buf_init(&yaml, c->arena, 65536);
	while (km_sv_line(&expect, &line)) {
		km_sv verb = word(&line);
		if (km_sv_eq(verb, KM_S("user"))) {
			env->user = line;
		} else if (km_sv_eq(verb, KM_S("bulk"))) {
			env->bulk = true;
		} else if (km_sv_eq(verb, KM_S("from"))) {
			env->from = said_by_client(c->arena, line);
			env->has_from = true;
		} else if (km_sv_eq(verb, KM_S("helo"))) {
			env->helo = said_by_client(c->arena, line);
			env->has_helo = true;
		} else if (km_sv_eq(verb, KM_S("virus"))) {
			env->virus = line;
		} else if (km_sv_eq(verb, KM_S("unexamined"))) {
			env->unexamined = true;
		} else if (km_sv_eq(verb, KM_S("conf"))) {
			km_buf_add(&yaml, line);
			km_buf_byte(&yaml, '\n');
		}
	}
	if (yaml.n == 0)
		return usual;
	if (km_conf_parse(km_buf_sv(&yaml), c->name, &conf, &err) != KM_OK ||
	    km_kit_open(own, conf, usual->pack, &err) != KM_OK)
		fail_msg("%s", err.msg);
	km_conf_free(conf);
	return own;
}

static size_t run_case(const char *folder, const char *name, const km_kit *usual)
{
	mail_case c = { .name = name, .arena = km_arena_new(KM_MAX_ARENA_BYTES) };
	km_sv message = read_whole(c.arena, folder, name, ".eml");
	km_sv zone = read_whole(c.arena, folder, name, ".zone");
	km_sv list = read_whole(c.arena, folder, name, ".list");
	km_sv expect = read_whole(c.arena, folder, name, ".expect"), rest = expect, line;
	km_dns_snapshot *dns = NULL;
	km_envelope env = { .now = 1772413200 };
	km_kit own = { 0 };

	c.message = message;
	assert_non_null(expect.p);
	if (zone.p)
		assert_int_equal(km_dns_snapshot_parse(zone, name, &dns, NULL), KM_OK);
	assert_int_equal(km_envelope_from_stored(c.arena, message, 0, false, &env), KM_OK);
	km_kit its = *settings(&c, expect, usual, &own, &env);
	its.lists = list.p ? make_lists(list) : NULL;
	c.scan = km_scan_new(c.arena, &its, &env);
	km_scan_message(c.scan, message);
	assert_int_equal(test_drive(c.scan, dns), KM_SCAN_DONE);
	while (km_sv_line(&rest, &line))
		check_line(&c, line);
	check_shape(&c, message);
	km_kit_close(&own);
	km_dns_snapshot_free(dns);
	km_lists_close(its.lists);
	test_drop(list);
	test_drop(message);
	test_drop(zone);
	test_drop(expect);
	km_arena_free(c.arena);
	return c.wrong;
}

static int is_message(const struct dirent *d)
{
	return km_sv_ends(km_sv_of(d->d_name), KM_S(".eml"));
}

static void test_all(void **state)
{
	(void)state;
	char folder[4096];
	struct dirent **names;
	km_pack *pack;
	km_kit kit;
	const char *source = getenv("KOMAINU_SOURCE");
	size_t wrong = 0;

	(void)snprintf(folder, sizeof(folder), "%s/tests/mail", source ? source : ".");
	int n = scandir(folder, &names, is_message, alphasort);
	assert_true(n > 0);
	assert_int_equal(km_pack_load(NULL, &pack, NULL), KM_OK);
	assert_int_equal(km_kit_open(&kit, NULL, pack, NULL), KM_OK);
	for (int i = 0; i < n; i++) {
		names[i]->d_name[strlen(names[i]->d_name) - 4] = '\0';
		wrong += run_case(folder, names[i]->d_name, &kit);
		free(names[i]);
	}
	free(names);
	km_kit_close(&kit);
	km_pack_free(pack);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
	};
	return cmocka_run_group_tests_name("engine/cases", tests, NULL, NULL);
}
