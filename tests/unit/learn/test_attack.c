#include "learn/attack.h"

#include "content/views.h"
#include "test.h"

static const struct {
	const char *name;
	const char *in;
	unsigned letters;
	const char *words;
	const char *want; /* text of the first text part after reading it again */
	const char *key;  /* its match key */
} cases[] = {
	{ "nothing", "Subject: s\n\nBuy now\n", 0, "", "Buy now\n", "buy now" },
	{ "words", "Subject: s\n\nBuy now\n", 0, "dear friend", "dear friend\n\nBuy now\n",
	  "dear friend buy now" },
	{ "look-alikes", "Subject: s\n\nBuy cheap\n", KM_ATTACK_HOMOGLYPH, "", "Вuу сhеар\n",
	  "buy cheap" },
	{ "zero width", "Subject: s\n\nBuy now\n", KM_ATTACK_ZERO_WIDTH, "",
	  "B\u200bu\u200by n\u200bo\u200bw\n", "buy now" },
	{ "full width", "Subject: s\n\nBuy 7\n", KM_ATTACK_FULLWIDTH, "", "Ｂｕｙ ７\n", "buy 7" },
	{ "a link stays", "Subject: s\n\nsee http://ab.example/c now\n", KM_ATTACK_FULLWIDTH, "",
	  "ｓｅｅ http://ab.example/c ｎｏｗ\n", "see http://ab.example/c now" },
	{ "tags and entities stay",
	  "Content-Type: text/html\n\n<p><a href=\"http://x.example/\">Buy&amp;sell</a></p>\n",
	  KM_ATTACK_FULLWIDTH, "", NULL, "buy&sell" },
	{ "base64",
	  "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\n"
	  "QnV5IG5vdw==\n",
	  0, "hello", "hello\n\nBuy now", "hello buy now" },
	{ "a part of several",
	  "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nBuy\n"
	  "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n",
	  0, "hello", "hello\n\nBuy", "hello buy" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(64 << 20);
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in)), out;
		const km_attack k = { cases[i].letters, km_sv_of(cases[i].words) };
		km_mail *m;
		km_views v;
		assert_int_equal(km_mail_read(a, in, &m), KM_OK);
		size_t parts = m->n_parts;
		assert_int_equal(km_attack_rewrite(a, m, &k, &out), KM_OK);
		assert_int_equal(km_mail_read(a, out, &m), KM_OK);
		km_views_read(a, m, &v);
		assert_int_equal(m->n_parts, parts);
		assert_int_equal(v.n_text, 1);
		if (cases[i].want)
			test_sv_is(v.text[0].text, cases[i].want, cases[i].name);
		test_sv_is(km_sv_trim(v.text[0].key), cases[i].key, cases[i].name);
		test_drop(in);
		km_arena_free(a);
	}
}

static void test_subject(void **state)
{
	(void)state;
	static const char in[] = "From: a@example.jp\nSubject: Buy\nX-A: b\n\nBuy\n";
	km_arena *a = km_arena_new(64 << 20);
	const km_attack k = { KM_ATTACK_FULLWIDTH, KM_S("") };
	km_sv out;
	km_mail *m;

	assert_int_equal(km_mail_read(a, km_sv_of(in), &m), KM_OK);
	assert_int_equal(km_attack_rewrite(a, m, &k, &out), KM_OK);
	assert_int_equal(km_mail_read(a, out, &m), KM_OK);
	test_sv_is(m->subject, "Ｂｕｙ", "subject");
	assert_int_equal(m->n_subject, 1);
	assert_non_null(km_headers_find(m->headers, KM_S("X-A"), 0));
	test_sv_is(m->from.a[0].addr, "a@example.jp", "from");
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_subject),
	};
	return cmocka_run_group_tests_name("learn/attack", tests, NULL, NULL);
}
