#include "engine/json_write.h"

#include <jansson.h>
#include <math.h>

#include "test.h"

static void begin(km_buf *b, km_json_writer *w, size_t max)
{
	km_buf_init(b, NULL, max);
	*w = (km_json_writer){ .out = b };
}

static const struct {
	const char *in;
	size_t n;
	const char *want;
} texts[] = {
	{ "", 0, "\"\"" },
	{ "plain", 5, "\"plain\"" },
	{ "a\"b\\c/", 6, "\"a\\\"b\\\\c/\"" },
	{ "\b\t\n\f\r\x01\x1f\x7f", 8, "\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\"" },
	{ "狛犬", 6, "\"狛犬\"" },
	{ "a\0b", 3,
	  "\"a\xef\xbf\xbd"
	  "b\"" },
	{ "a\xe7\x8b", 3, "\"a\xef\xbf\xbd\"" },
	{ "\xff\xff", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		km_sv in = test_exact(texts[i].in, texts[i].n);
		km_json_writer w;
		km_buf b;
		begin(&b, &w, 1000);
		km_json_sv(&w, NULL, in);
		TEST_SV(km_buf_sv(&b), texts[i].want);
		json_t *back = json_loadb(b.p, b.n, JSON_DECODE_ANY, NULL);
		assert_true(json_is_string(back));
		json_decref(back);
		km_buf_finish(&b);
		test_drop(in);
	}
}

/* A byte that is not written as it is, wherever it stands: many are looked at together. */
static void test_any_place(void **state)
{
	(void)state;
	static const char *const odd[] = { "\"", "\\", "\x1f", "\n", "\xe7\x8b\x9b", "\xc3\xa9" };
	char text[80];

	for (size_t k = 0; k < KM_COUNT(odd) * 72 * 72; k++) {
		const char *special = odd[k / 72 / 72];
		size_t n = strlen(special), before = k / 72 % 72, all = before + n + k % 72;
		if (all > sizeof(text))
			continue;
		memset(text, 'a', sizeof(text));
		memcpy(text + before, special, n);
		km_sv in = test_exact(text, all);
		km_json_writer w;
		km_buf b;
		begin(&b, &w, 1000);
		km_json_sv(&w, NULL, in);
		json_t *back = json_loadb(b.p, b.n, JSON_DECODE_ANY, NULL);
		assert_int_equal(json_string_length(back), all);
		assert_memory_equal(json_string_value(back), text, all);
		json_decref(back);
		km_buf_finish(&b);
		test_drop(in);
	}
}

static const struct {
	double x;
	unsigned decimals;
	const char *want;
} numbers[] = {
	{ 0, 2, "0.0" },
	{ -0.0, 2, "0.0" },
	{ 1.5, 2, "1.5" },
	{ -0.05, 2, "-0.05" },
	{ -0.004, 2, "0.0" },
	{ 12.345, 2, "12.35" },
	{ 6, 2, "6.0" },
	{ 10.07, 4, "10.07" },
	{ 0.9999, 4, "0.9999" },
	{ 0.99999, 4, "1.0" },
	{ 0.000001, 6, "0.000001" },
	{ 2.5, 0, "3.0" },
	{ NAN, 2, "0.0" },
	{ INFINITY, 2, "0.0" },
	{ 1e300, 2, "1000000000000.0" },
	{ -1e300, 2, "-1000000000000.0" },
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(numbers); i++) {
		km_json_writer w;
		km_buf b;
		begin(&b, &w, 1000);
		km_json_number(&w, NULL, numbers[i].x, numbers[i].decimals);
		TEST_SV(km_buf_sv(&b), numbers[i].want);
		km_buf_finish(&b);
	}
}

static void write_all(km_json_writer *w)
{
	km_json_open(w, NULL, '{');
	km_json_integer(w, "a", 0);
	km_json_integer(w, "b", INT64_MIN);
	km_json_open(w, "c", '[');
	km_json_null(w, NULL);
	km_json_bool(w, NULL, true);
	km_json_string(w, NULL, NULL);
	km_json_open(w, NULL, '{');
	km_json_close(w, '}');
	km_json_string(w, NULL, "x");
	km_json_close(w, ']');
	km_json_integer(w, "d", INT64_MAX);
	km_json_close(w, '}');
}

static void test_shape(void **state)
{
	(void)state;
	km_json_writer w;
	km_buf b;

	begin(&b, &w, 1000);
	write_all(&w);
	TEST_SV(km_buf_sv(&b),
		"{\"a\": 0, \"b\": -9223372036854775808, \"c\": [null, true, null, {}, "
		"\"x\"], \"d\": 9223372036854775807}");
	b.n = 0;
	w = (km_json_writer){ .out = &b, .compact = true };
	write_all(&w);
	TEST_SV(km_buf_sv(&b),
		"{\"a\":0,\"b\":-9223372036854775808,\"c\":[null,true,null,{},\"x\"],"
		"\"d\":9223372036854775807}");
	km_buf_finish(&b);
	begin(&b, &w, 20);
	write_all(&w);
	assert_true(b.cut);
	assert_true(b.n <= 20);
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_any_place),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_shape),
	};
	return cmocka_run_group_tests_name("engine/json_write", tests, NULL, NULL);
}
