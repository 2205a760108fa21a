#include "learn/base_make.h"

#include <math.h>

#include "test.h"

/* Enough words that no two messages are alike, and that all of them are common language. */
static km_sv text_of(km_arena *a, unsigned n, const char *telling)
{
	km_buf b;
	unsigned dice = n * 2654435761u + 1;

	km_buf_init(&b, a, 1 << 16);
	for (int i = 0; i < 60; i++) {
		dice = dice * 1664525u + 1013904223u;
		unsigned x = (dice >> 8) % 260;
		km_buf_fmt(&b, "word%c%c ", (char)('a' + x / 10), (char)('a' + x % 10));
	}
	km_buf_fmt(&b, "%s", telling);
	return km_buf_sv(&b);
}

static void add(km_base_maker *k, const char *source, unsigned n, bool spam, const char *telling)
{
	static const char plain[] = "From: a@example.com\nSubject: hello\n\nhello\n";
	km_arena *a = km_arena_new(32 << 20);
	km_sv text = text_of(a, n, telling);
	km_mail *m;

	assert_int_equal(km_mail_read(a, km_sv_of(plain), &m), KM_OK);
	const km_learn_input in = { m, m->subject, KM_S(""), &text, 1 };
	assert_int_equal(km_base_maker_add(k, a, &in, km_sv_of(source), spam, NULL), KM_OK);
	km_arena_free(a);
}

/* Both sides have all words, in different measure. */
static km_buf make(km_base_source *one)
{
	km_base_maker *k = km_base_maker_new();
	km_buf out;

	assert_non_null(k);
	km_buf_init(&out, NULL, KM_BASE_BYTES);
	for (unsigned i = 0; i < 400; i++) {
		const char *source = i & 1 ? "one" : "two";
		bool spam = i / 2 % 2, odd = i / 4 % 8 == 0;
		add(k, source, i, spam,
		    spam != odd ? "winner prize lottery claim bonus cash jackpot lucky"
				: "meeting agenda minutes notes regards budget draft office");
	}
	for (unsigned i = 0; i < 5; i++)
		add(k, "one", 1, false, "winner"); /* alike */
	add(k, "two", 1000, true,
	    "ぜんぶ にほんご の ことば です から これは まなばない "
	    "つもり です よ ね あの その この どの おも しろ いね ほんと うに");
	assert_int_equal(km_base_maker_finish(k, &out, NULL), KM_OK);
	*one = *km_base_maker_source(k, 0);
	assert_null(km_base_maker_source(k, 2));
	km_base_maker_free(k);
	return out;
}

static void test_made(void **state)
{
	(void)state;
	km_base_source first, again;
	km_buf a = make(&first), b = make(&again);

	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n); /* the same mail gives the same bytes */
	assert_int_equal(km_base_check(km_buf_sv(&a), "made", NULL), KM_OK);
	assert_string_equal(first.name, "two");
	assert_int_equal(first.ham, 100);
	assert_int_equal(first.spam, 101);
	assert_int_equal(first.foreign, 1);
	assert_true(first.held_ham > 10 && first.held_spam > 10);
	assert_true(first.fp < first.held_ham / 2 && first.fn < first.held_spam / 2);
	km_buf_finish(&a);
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_made) };
	return cmocka_run_group_tests_name("learn/base_make", tests, NULL, NULL);
}
