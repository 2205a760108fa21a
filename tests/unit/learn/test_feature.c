#include "learn/feature.h"

#include "base/buf.h"
#include "learn/places.h"
#include "test.h"

static km_features read(km_arena *a, const char *message, km_sv text)
{
	km_features f;
	km_mail *m;

	assert_int_equal(km_mail_read(a, km_sv_of(message), &m), KM_OK);
	const km_learn_input in = { m, m->subject, KM_S(""), &text, 1, false };
	assert_int_equal(km_features_read(a, &in, &f), KM_OK);
	return f;
}

static size_t common(const km_feature_set *a, const km_feature_set *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			n += a->bucket[i] == b->bucket[k];
	return n;
}

static const char plain[] = "From: a@example.com\nSubject: hello\n\nhello there\n";

/* What only a receiver adds changes nothing. */
static void test_receivers_fields(void **state)
{
	(void)state;
	static const char *const added[] = {
		"X-Spam-Status: Yes",		"Authentication-Results: mx; spf=fail",
		"Delivered-To: me@example.jp",	"X-MS-Exchange-Organization-SCL: 9",
		"Return-Path: <x@example.com>", "Status: RO",
	};
	km_arena *a = km_arena_new(32 << 20);
	km_features f = read(a, plain, KM_S("hello there"));

	for (size_t i = 0; i < KM_COUNT(added); i++) {
		char message[256];
		(void)snprintf(message, sizeof(message), "%s\n%s", added[i], plain);
		km_features g = read(a, message, KM_S("hello there"));
		for (int v = 0; v < KM_VIEW_COUNT; v++) {
			assert_int_equal(f.view[v].n, g.view[v].n);
			assert_int_equal(common(&f.view[v], &g.view[v]), f.view[v].n);
		}
	}
	km_arena_free(a);
}

static void test_each_once(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(32 << 20);
	km_features f = read(a, plain, KM_S("spam spam spam spam spam spam"));

	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		assert_true(f.view[v].n > 0);
		assert_int_equal(common(&f.view[v], &f.view[v]), f.view[v].n);
	}
	/* the word, its pairs at four distances, and the one that says "not empty" */
	assert_int_equal(f.view[KM_VIEW_BODY].n, 6);
	km_arena_free(a);
}

/* A word means another thing in the subject, in the body and in a link. */
static void test_fields_differ(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(32 << 20);
	km_features f = read(a, plain, KM_S("hello"));
	km_features g = read(a, plain, KM_S("see http://www.example.com/path/hello today"));

	assert_true(common(&f.view[KM_VIEW_BODY], &f.view[KM_VIEW_HEADER]) <= 1);
	assert_true(g.view[KM_VIEW_LINK].n > f.view[KM_VIEW_LINK].n + 4);
	km_arena_free(a);
}

/* However large a message, the number of features is bounded. */
static void test_bounded(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(64 << 20);
	km_buf text;

	km_buf_init(&text, a, 8 << 20);
	for (int i = 0; i < 200000; i++)
		km_buf_fmt(&text, "word%d http://host%d.example/ ", i, i);
	km_features f = read(a, plain, km_buf_sv(&text));
	assert_true(f.view[KM_VIEW_BODY].n <= 16384);
	assert_true(f.view[KM_VIEW_LINK].n <= 2000);
	km_arena_free(a);
}

/* What is going to be looked up changes no feature. */
static void test_lookups(void **state)
{
	(void)state;
	static const float weight[KM_BUCKETS];
	static const int8_t small[KM_BUCKETS];
	km_lookups soon = { .weight = { weight }, .small = { [KM_VIEW_BODY] = small } };
	km_arena *a = km_arena_new(32 << 20);
	km_sv text = KM_S("one two three");
	km_features f, g = read(a, plain, text);
	km_places where;
	km_mail *m;

	km_places_init(&where, NULL);
	soon.weight[KM_VIEW_BODY] = weight;
	assert_int_equal(km_mail_read(a, km_sv_of(plain), &m), KM_OK);
	const km_learn_input in = { m, m->subject, KM_S(""), &text, 1, false };
	assert_int_equal(km_features_read_for(a, &in, &soon, &where, &f), KM_OK);
	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		assert_int_equal(f.view[v].n, g.view[v].n);
		assert_memory_equal(f.view[v].bucket, g.view[v].bucket,
				    f.view[v].n * sizeof(uint32_t));
	}
	/* nor does what is left out change the other views */
	soon.left_out[KM_VIEW_RAW] = soon.left_out[KM_VIEW_START] = true;
	assert_int_equal(km_features_read_for(a, &in, &soon, &where, &f), KM_OK);
	for (km_view v = 0; v < KM_VIEW_COUNT; v++) {
		assert_int_equal(f.view[v].n, soon.left_out[v] ? 0 : g.view[v].n);
		if (!soon.left_out[v])
			assert_memory_equal(f.view[v].bucket, g.view[v].bucket,
					    f.view[v].n * sizeof(uint32_t));
	}
	km_arena_free(a);
}

typedef struct {
	size_t n, pairs;
} watched;

static void watch(void *ctx, const km_feature *f)
{
	watched *w = ctx;

	w->n++;
	assert_true(f->bucket < KM_BUCKETS && f->text.n > 0);
	if (f->view != KM_VIEW_BODY)
		return;
	assert_int_equal(f->part, 0);
	assert_string_equal(f->field, "body");
	if (f->before.n == 0)
		return;
	w->pairs++;
	/* one two three: the pairs are 1-2, 2-3 and, over a word, 1-3 */
	assert_int_equal(f->gap,
			 km_sv_eq(f->before, KM_S("one")) && km_sv_eq(f->text, KM_S("three")));
}

/* What the features stand for is told, without changing them. */
static void test_watched(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(32 << 20);
	km_sv text = KM_S("one two three");
	km_features f, g = read(a, plain, text);
	km_mail *m;
	watched w = { .n = 0 };

	assert_int_equal(km_mail_read(a, km_sv_of(plain), &m), KM_OK);
	const km_learn_input in = { m, m->subject, KM_S(""), &text, 1, false };
	assert_int_equal(km_features_watch(a, &in, watch, &w, &f), KM_OK);
	size_t n = 0;
	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		assert_int_equal(f.view[v].n, g.view[v].n);
		assert_memory_equal(f.view[v].bucket, g.view[v].bucket,
				    f.view[v].n * sizeof(uint32_t));
		/* "is it empty" stands for no text */
		n += km_view_is_raw((km_view)v) ? 0 : f.view[v].n - 1;
	}
	assert_int_equal(w.n, n);
	assert_int_equal(w.pairs, 3);
	km_arena_free(a);
}

static void count(void *ctx, const km_feature *f)
{
	assert_true(f->text.n > 0);
	++*(size_t *)ctx;
}

/* Whatever the script: all but "is it empty" stands for words or values. */
static void test_all_told(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"one one one two one two",
		"請求書を確認してください。至急、アカウントの情報をhttp://a.example/x/yで更新",
		"円 確認 one アカウントサービス two 円 three 至急四円 five",
		"привет мир 1 2 3 請求書 мир",
	};

	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		km_arena *a = km_arena_new(32 << 20);
		km_sv text = km_sv_of(texts[i]);
		size_t n = 0, told = 0;
		km_features f;
		km_mail *m;
		assert_int_equal(km_mail_read(a, km_sv_of(plain), &m), KM_OK);
		const km_learn_input in = { m, m->subject, text, &text, 1, false };
		assert_int_equal(km_features_watch(a, &in, count, &told, &f), KM_OK);
		for (int v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++)
			n += f.view[v].n - 1;
		assert_int_equal(told, n);
		km_arena_free(a);
	}
}

/* Of more words than are written down the first ones are told of. */
static void test_too_many_places(void **state)
{
	(void)state;
	enum { TEXTS = 50, WORDS = 1500 };
	km_arena *a = km_arena_new(64 << 20);
	const km_lookups none = { { NULL } };
	km_sv text[TEXTS];
	km_places where;
	km_features f;
	km_buf b;
	km_mail *m;

	km_buf_init(&b, a, 1 << 20);
	for (unsigned i = 0; i < WORDS; i++)
		km_buf_fmt(&b, "w%u ", i);
	for (size_t i = 0; i < TEXTS; i++)
		text[i] = km_buf_sv(&b);
	assert_int_equal(km_mail_read(a, km_sv_of(plain), &m), KM_OK);
	const km_learn_input in = { m, m->subject, KM_S(""), text, TEXTS, false };
	km_places_init(&where, a);
	assert_int_equal(km_features_read_for(a, &in, &none, &where, &f), KM_OK);
	assert_in_range(where.n, KM_PLACES_MAX - KM_PLACES_AT_ONCE, KM_PLACES_MAX);
	assert_true(TEXTS * WORDS > KM_PLACES_MAX);
	const km_feature_set *body = &f.view[KM_VIEW_BODY];
	km_feature first;
	size_t at = 0;
	assert_true(km_places_find(&where, KM_VIEW_BODY, 0, body->bucket[0], &at, &first));
	test_sv_is(first.text, "w0", "the first word");
	km_arena_free(a);
}

/* Bytes of the header and of the body are apart, and each is cut where it must be. */
static void test_bytes_bounded(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(64 << 20);
	km_buf m;

	km_buf_init(&m, a, 1 << 20);
	for (int i = 0; i < 2000; i++)
		km_buf_fmt(&m, "X-%d: %08x\n", i, (unsigned)i * 2654435761u);
	km_buf_add(&m, KM_S("\n"));
	for (int i = 0; i < 20000; i++)
		km_buf_fmt(&m, "%08x ", (unsigned)i * 2246822519u);
	km_buf_byte(&m, '\0');
	km_features f = read(a, m.p, KM_S("x"));
	assert_in_range(f.view[KM_VIEW_RAW].n, KM_RAW_HEADER / 3, KM_RAW_HEADER);
	assert_in_range(f.view[KM_VIEW_START].n, (KM_RAW_BYTES - KM_RAW_HEADER) / 3,
			KM_RAW_BYTES - KM_RAW_HEADER);
	km_arena_free(a);
}

typedef struct {
	const km_features *of;
	size_t n;
} told;

static void count_told(void *ctx, const km_feature *f)
{
	told *t = ctx;

	t->n++;
	assert_true(f->index < t->of->view[f->view].n);
	assert_int_equal(f->bucket, t->of->view[f->view].bucket[f->index]);
}

/* Of more features than a view may have the first ones stay, each told of once, and the thread's
 * memory of what it met is empty again afterwards. */
static void test_full(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(64 << 20);
	km_features before = read(a, plain, KM_S("hello there")), f, g;
	static uint8_t seen[KM_BUCKETS];
	km_sv text[6];
	km_mail *m;

	for (unsigned i = 0; i < KM_COUNT(text); i++) {
		km_buf b;
		km_buf_init(&b, a, 1 << 20);
		for (unsigned k = 0; k < 1500; k++)
			km_buf_fmt(&b, "%u ", (i * 1500 + k) * 2654435761u);
		text[i] = km_buf_sv(&b);
	}
	assert_int_equal(km_mail_read(a, km_sv_of(plain), &m), KM_OK);
	const km_learn_input in = { m, m->subject, KM_S(""), text, KM_COUNT(text), false };
	assert_int_equal(km_features_read(a, &in, &f), KM_OK);
	const km_feature_set *body = &f.view[KM_VIEW_BODY];
	assert_int_equal(body->n, 16384);
	for (size_t i = 0; i < body->n; i++)
		assert_int_equal(seen[body->bucket[i]]++, 0);
	told all = { .of = &f };
	assert_int_equal(km_features_watch(a, &in, count_told, &all, &g), KM_OK);
	assert_in_range(all.n, body->n, body->n + 100);
	g = read(a, plain, KM_S("hello there"));
	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		assert_int_equal(g.view[v].n, before.view[v].n);
		assert_memory_equal(g.view[v].bucket, before.view[v].bucket,
				    g.view[v].n * sizeof(uint32_t));
	}
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receivers_fields), cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_fields_differ),	 cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_lookups),		 cmocka_unit_test(test_watched),
		cmocka_unit_test(test_all_told),	 cmocka_unit_test(test_too_many_places),
		cmocka_unit_test(test_bytes_bounded),	 cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests_name("learn/feature", tests, NULL, NULL);
}
