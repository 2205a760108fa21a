#include "content/pdf.h"

#include <zlib.h>

#include "base/buf.h"
#include "test.h"

static const struct {
	const char *name, *in, *links; /* each with a space after it */
	bool active, encrypted;
} cases[] = {
	{ "empty", "", "", false, false },
	{ "plain", "<</S/URI/URI(https://a.example/)>>", "https://a.example/ ", false, false },
	{ "with spaces", "/URI \r\n (https://a.example/)", "https://a.example/ ", false, false },
	{ "hexadecimal", "/URI<68 74 74 70 3A2f2F 61 2e 6A 7>", "http://a.jp ", false, false },
	{ "name with escapes", "/#55R#49(http://a.jp/)", "http://a.jp/ ", false, false },
	{ "parentheses", "/URI(http://a.jp/(b)\\)c\\\\)", "http://a.jp/(b))c\\ ", false, false },
	{ "octal", "/URI(http\\072//a.jp/\\1011)", "http://a.jp/A1 ", false, false },
	{ "broken line", "/URI(http://a\\\r\n.jp/)", "http://a.jp/ ", false, false },
	{ "twice", "/URI(http://a.jp)/URI(http://b.jp)/URI(http://a.jp)",
	  "http://a.jp http://b.jp ", false, false },
	{ "no end", "/URI(http://a.jp", "http://a.jp ", false, false },
	{ "kind of action alone", "/S/URI/Next 5 0 R (x)", "", false, false },
	{ "other names", "/URIx(http://a.jp)/XURI(http://b.jp)", "", false, false },
	{ "name as a value of many letters", "/URIURIURIURIURIURIURI(http://a.jp)", "", false,
	  false },
	{ "escape at the end", "/UR#4", "", false, false },
	{ "backslash at the end", "/URI(a\\", "a\\ ", false, false },
	{ "JavaScript", "<</S/JavaScript/JS(x)>>", "", true, false },
	{ "JavaScript, spelt otherwise", "<</S/J#61vaScript>>", "", true, false },
	{ "program", "/Launch", "", true, false },
	{ "encrypted", "/URI(xyz)/Encrypt 5 0 R", "", false, true },
};

static void check(const char *name, km_sv in, const char *links, bool active, bool encrypted)
{
	km_arena *a = km_arena_new(16 << 20);
	size_t left = KM_MAX_UNPACKED_BYTES;
	km_pdf pdf;
	km_buf b;

	assert_int_equal(km_pdf_read(a, in, &left, &pdf), KM_OK);
	km_buf_init(&b, a, 1 << 16);
	for (size_t i = 0; i < pdf.n; i++)
		km_buf_fmt(&b, "%.*s ", KM_FMT(pdf.link[i]));
	test_sv_is(km_buf_sv(&b), links, name);
	if (pdf.active != active || pdf.encrypted != encrypted)
		fail_msg("%s: active %d, encrypted %d", name, pdf.active, pdf.encrypted);
	km_arena_free(a);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		check(cases[i].name, in, cases[i].links, cases[i].active, cases[i].encrypted);
		test_drop(in);
	}
}

/* "<dictionary>stream ... endstream" around @text, packed. */
static km_sv packed(const char *dictionary, const char *text, size_t n, const char *end)
{
	uLongf m = compressBound(n);
	char *room = malloc(m + 200);

	assert_non_null(room);
	int begin = snprintf(room, 100, "1 0 obj<<%s>>stream\r\n", dictionary);
	assert_int_equal(compress((Bytef *)room + begin, &m, (const Bytef *)text, n), Z_OK);
	memcpy(room + begin + m, end, strlen(end));
	km_sv exact = test_exact(room, (size_t)begin + m + strlen(end));
	free(room);
	return exact;
}

static const struct {
	const char *name, *dictionary, *end, *links;
} streams[] = {
	{ "object stream", "/Type/ObjStm/Filter/FlateDecode", "\nendstream", "http://a.jp " },
	{ "of other order", "/Filter [/FlateDecode] /Type /ObjStm", "endstream", "http://a.jp " },
	{ "without end", "/Type/ObjStm/Filter/FlateDecode", "", "http://a.jp " },
	{ "and more after it", "/Type/ObjStm/Filter/FlateDecode", "endstream /URI(http://b.jp)",
	  "http://b.jp http://a.jp " },
	{ "of text", "/Filter/FlateDecode", "endstream", "" },
};

static void test_streams(void **state)
{
	static const char objects[] = "5 0 <</S/URI/URI(http://a.jp)>>";

	(void)state;
	for (size_t i = 0; i < KM_COUNT(streams); i++) {
		km_sv in =
			packed(streams[i].dictionary, objects, sizeof(objects) - 1, streams[i].end);
		check(streams[i].name, in, streams[i].links, false, false);
		test_drop(in);
	}
}

/* What is left of the budget bounds what is unpacked, and saying so is part of it. */
static void test_bounds(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(16 << 20);
	size_t n = 8 << 20, left = 1 << 20;
	char *zeros = calloc(1, n);
	km_pdf pdf;

	km_sv in = packed("/Type/ObjStm/Filter/FlateDecode", zeros, n, "endstream");
	assert_int_equal(km_pdf_read(a, in, &left, &pdf), KM_OK);
	assert_int_equal(left, 0);
	assert_true(pdf.limits & UINT64_C(1) << KM_LIMIT_UNPACKED_BYTES);
	test_drop(in);
	free(zeros);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests_name("content/pdf", tests, NULL, NULL);
}
