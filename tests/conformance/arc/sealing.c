/* Every message is sealed as listed: the three fields are the same but for white space. */
#include "suite.h"

static size_t run, failed;

/* Results of our own earlier fields, as the suite wants them merged; a whole implementation writes
 * them from what it found. */
static km_sv merged_results(km_arena *a, const km_mail *m, km_sv authserv)
{
	km_buf b;

	km_buf_init(&b, a, 1 << 16);
	km_buf_add(&b, authserv);
	const km_header *h;
	for (size_t i = 0; (h = km_headers_find(m->headers, KM_S("authentication-results"), i));
	     i = (size_t)(h - m->headers->h) + 1) {
		size_t end = km_sv_chr(h->raw, ';', 0);
		if (!km_sv_eq(km_sv_trim(km_sv_sub(h->raw, 0, end)), authserv))
			continue;
		km_buf_add(&b, KM_S(";\r\n\t"));
		km_buf_add(&b, km_sv_trim(km_sv_from(h->raw, end + 1)));
	}
	return km_buf_sv(&b);
}

/* @v with @space for each run of white space; in a tag list it means nothing. */
static km_sv flat(km_arena *a, km_sv v, const char *space)
{
	km_buf b;

	km_buf_init(&b, a, 1 << 16);
	v = km_sv_trim(v);
	for (size_t i = 0; i < v.n; i++) {
		if (!km_is_wsp((unsigned char)v.p[i]))
			km_buf_byte(&b, v.p[i]);
		else if (!km_is_wsp((unsigned char)v.p[i - 1]))
			km_buf_add(&b, km_sv_of(space));
	}
	return km_buf_sv(&b);
}

static bool same(km_arena *a, km_sv name, const char *space, km_sv field, km_sv want)
{
	km_sv got = flat(a, km_sv_from(field, km_sv_chr(field, ':', 0) + 1), space);

	want = flat(a, want, space);
	if (km_sv_eq(got, want))
		return true;
	printf("# %.*s\n#  want %.*s\n#  got  %.*s\n", KM_FMT(name), KM_FMT(want), KM_FMT(got));
	return false;
}

static bool seal(km_arena *a, km_dkim *k, const km_arc_result *r, const km_arc_seal_params *p,
		 const km_privkey *key, km_sv field[3])
{
	km_arc_seal *s = km_arc_seal_new(a, k, r, p, NULL);

	if (s == NULL)
		return false;
	while (km_arc_seal_digest(s).n) {
		km_buf sig;
		km_buf_init(&sig, a, KM_SIGNATURE_MAX_BYTES);
		if (km_privkey_sign(key, KM_HASH_SHA256, km_arc_seal_digest(s), &sig, NULL) !=
			    KM_OK ||
		    km_arc_seal_give(s, km_buf_sv(&sig)) != KM_OK)
			return false;
	}
	km_arc_seal_fields(s, field);
	return true;
}

static bool one(km_arena *a, yaml_document_t *doc, yaml_node_t *root, yaml_node_t *test, km_sv name,
		const km_privkey *key)
{
	km_sv message = suite_value(doc, test, "message"), field[3] = { { NULL, 0 } };
	uint64_t t = 0;
	const km_arc_result *r;
	km_dkim *k;
	km_mail *m;

	(void)suite_validate(a, message, doc, suite_get(doc, root, "txt-records"), &k, &r);
	if (km_mail_read(a, message, &m) != KM_OK || !km_sv_u64(suite_value(doc, test, "t"), &t))
		return false;
	km_arc_seal_params p = {
		.domain = suite_value(doc, root, "domain"),
		.selector = suite_value(doc, root, "sel"),
		.key = KM_KEY_RSA,
		.time = (km_time)t,
		.results = merged_results(a, m, suite_value(doc, test, "srv-id")),
		.fields = suite_value(doc, test, "sig-headers"),
	};
	bool sealed = seal(a, k, r, &p, key, field), wanted = suite_value(doc, test, "AS").n > 0;
	if (sealed != wanted) {
		printf("# %.*s: %s\n", KM_FMT(name), sealed ? "sealed" : "not sealed");
		return false;
	}
	if (!wanted)
		return true;
	/* All three are compared, so that all that differs is told. */
	bool aar = same(a, name, " ", field[2], suite_value(doc, test, "AAR"));
	bool ams = same(a, name, "", field[1], suite_value(doc, test, "AMS"));
	bool as = same(a, name, "", field[0], suite_value(doc, test, "AS"));
	return aar && ams && as;
}

static void scenario(yaml_document_t *doc, yaml_node_t *root)
{
	yaml_node_t *tests = suite_get(doc, root, "tests");
	km_privkey *key;

	if (km_privkey_read(suite_value(doc, root, "privatekey"), &key, NULL) != KM_OK) {
		failed++;
		return;
	}
	for (yaml_node_pair_t *p = tests->data.mapping.pairs.start;
	     p < tests->data.mapping.pairs.top; p++) {
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		run++;
		failed += !one(a, doc, root, yaml_document_get_node(doc, p->value),
			       suite_text(yaml_document_get_node(doc, p->key)), key);
		km_arena_free(a);
	}
	km_privkey_free(key);
}

int main(void)
{
	return suite_run("arc-draft-sign-tests.yml", &run, &failed, scenario);
}
