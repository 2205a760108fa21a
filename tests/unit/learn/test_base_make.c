#include "learn/base_make.h"

#include <stdlib.h>
#include <unistd.h>

#include "test.h"

/* Enough words that no two messages are alike, and that all of them are common language. */
static km_sv text_of(km_arena *a, unsigned n, bool prizes)
{
	km_buf b;
	unsigned dice = n * 2654435761u + 1;

	km_buf_init(&b, a, 1 << 16);
	for (int i = 0; i < 60; i++) {
		dice = dice * 1664525u + 1013904223u;
		unsigned x = (dice >> 8) % 260;
		km_buf_fmt(&b, "word%c%c ", (char)('a' + x / 10), (char)('a' + x % 10));
	}
	for (unsigned i = 0; i < 8; i++) {
		unsigned x = (n * 7 + i * 13) % 80;
		km_buf_fmt(&b, "%s%c%c ", prizes ? "prize" : "meeting", (char)('a' + x % 10),
			   (char)('a' + x / 10));
	}
	return km_buf_sv(&b);
}

static void add_text(km_base_maker *k, const char *source, km_sv text, bool spam)
{
	static const char plain[] = "From: a@example.com\nSubject: hello\n\nhello\n";
	km_arena *a = km_arena_new(32 << 20);
	km_mail *m;

	assert_int_equal(km_mail_read(a, km_sv_of(plain), &m), KM_OK);
	const km_learn_input in = { m, m->subject, KM_S(""), &text, 1, false };
	assert_int_equal(km_base_maker_add(k, a, &in, km_sv_of(source), spam, NULL), KM_OK);
	km_arena_free(a);
}

static void add(km_base_maker *k, const char *source, unsigned n, bool spam, bool prizes)
{
	km_arena *a = km_arena_new(1 << 20);

	add_text(k, source, text_of(a, n, prizes), spam);
	km_arena_free(a);
}

/* Both sides have all words, in different measure. */
static km_buf make(km_base_source *one)
{
	km_base_maker *k = km_base_maker_new();
	km_buf out;

	assert_non_null(k);
	km_buf_init(&out, NULL, KM_BASE_BYTES);
	for (unsigned i = 0; i < 1600; i++) {
		const char *source = i & 1 ? "one" : "two";
		bool spam = i / 2 % 2, odd = i / 4 % 8 == 0;
		add(k, source, i, spam, spam != odd);
	}
	for (unsigned i = 0; i < 5; i++)
		add(k, "one", 1, false, true); /* alike */
	add_text(
		k, "two",
		KM_S("ぜんぶ にほんご の ことば です から これは まなばない つもり です よ ね あの "
		     "その この どの おも しろ いね ほんと うに"),
		true);
	assert_int_equal(km_base_maker_finish(k, &out, NULL), KM_OK);
	*one = *km_base_maker_source(k, 0);
	assert_null(km_base_maker_source(k, 2));
	km_base_maker_free(k);
	return out;
}

/* What the model made of @text. */
static double content_of(const km_buf *model, const char *text)
{
	char path[] = "/tmp/km-base-XXXXXX";
	int fd = mkstemp(path);
	km_arena *a = km_arena_new(32 << 20);
	km_sv key = km_sv_of(text);
	km_features f;
	km_score s = { 0 };
	km_base_opinion o;
	km_base *b;
	km_mail *m;

	assert_true(fd >= 0 && write(fd, model->p, model->n) == (ssize_t)model->n);
	(void)close(fd);
	assert_int_equal(km_base_open(path, &b, NULL), KM_OK);
	(void)unlink(path);
	assert_int_equal(km_mail_read(a, KM_S("Subject: x\n\nx\n"), &m), KM_OK);
	const km_learn_input in = { m, m->subject, KM_S(""), &key, 1, false };
	assert_int_equal(km_features_read(a, &in, &f), KM_OK);
	km_base_read(b, &f, &o);
	km_base_add(&o, &f, &s);
	km_base_close(b);
	km_arena_free(a);
	return s.view[KM_VIEW_BODY];
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
	assert_int_equal(first.ham, 400);
	assert_int_equal(first.spam, 401);
	assert_int_equal(first.foreign, 1);
	assert_true(first.held_ham > 10 && first.held_spam > 10);
	assert_true(first.fp < first.held_ham / 2);
	assert_true(content_of(&a, "the prizeaa and prizeba of prizeca") >
		    content_of(&a, "the meetingaa and meetingba of meetingca"));
	km_buf_finish(&a);
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_made) };
	return cmocka_run_group_tests_name("learn/base_make", tests, NULL, NULL);
}
