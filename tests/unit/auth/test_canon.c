#include "auth/canon.h"

#include "base/buf.h"
#include "test.h"

/* RFC 6376 section 3.4.5 and the corners. */
static const struct {
	const char *in, *simple, *relaxed;
} bodies[] = {
	{ "", "\r\n", "" },
	{ "\r\n\r\n", "\r\n", "" },
	{ " \r\n", " \r\n", "" },
	{ "\n\n", "\r\n", "" },
	{ " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n" },
	{ "a", "a\r\n", "a\r\n" },
	{ "a\nb\n", "a\r\nb\r\n", "a\r\nb\r\n" },
	{ "a\r\nb\nc", "a\r\nb\r\nc\r\n", "a\r\nb\r\nc\r\n" },
	{ "a\r", "a\r\r\n", "a\r\r\n" },
	{ "a\rb\r\n", "a\rb\r\n", "a\rb\r\n" },
	{ "a\r\r\n", "a\r\r\n", "a\r\r\n" },
	{ "\t\ta\r\n \r\nb", "\t\ta\r\n \r\nb\r\n", " a\r\n\r\nb\r\n" },
	{ "a\t\r\n", "a\t\r\n", "a\r\n" },
	{ "a\tb\r\n", "a\tb\r\n", "a b\r\n" },
	{ "\r\n\r\na\r\n", "\r\n\r\na\r\n", "\r\n\r\na\r\n" },
};

static const struct {
	const char *in, *cut, *simple, *relaxed;
} fields[] = {
	{ "A: X", NULL, "A: X", "a:X" },
	{ "B : Y\t\r\n\tZ  ", NULL, "B : Y\t\r\n\tZ  ", "b:Y Z" },
	{ "B : Y\n Z", NULL, "B : Y\r\n Z", "b:Y Z" },
	{ "SUBJECT:", NULL, "SUBJECT:", "subject:" },
	{ "S: a b=XX\r\n Y; c", "XX\r\n Y", "S: a b=; c", "s:a b=; c" },
	{ "S: b=XX ", "XX ", "S: b=", "s:b=" },
	{ "S: a \r\n \r\n b", NULL, "S: a \r\n \r\n b", "s:a b" },
	{ "S: a\rb", NULL, "S: a\rb", "s:a\rb" },
};

static void take(void *to, km_sv bytes)
{
	km_buf_add(to, bytes);
}

static void check(km_buf *got, const char *want, const char *in)
{
	test_sv_is(km_buf_sv(got), want, in);
	km_buf_finish(got);
}

static void test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(bodies); i++)
		for (int how = KM_CANON_SIMPLE; how <= KM_CANON_RELAXED; how++) {
			km_sv in = test_exact(bodies[i].in, strlen(bodies[i].in));
			km_canon_sink sink;
			km_buf b;
			km_buf_init(&b, NULL, 4096);
			km_canon_begin(&sink, take, &b);
			km_canon_body(&sink, (km_canon)how, in);
			km_canon_end(&sink);
			check(&b, how == KM_CANON_SIMPLE ? bodies[i].simple : bodies[i].relaxed,
			      bodies[i].in);
			test_drop(in);
		}
}

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(fields); i++)
		for (int how = KM_CANON_SIMPLE; how <= KM_CANON_RELAXED; how++) {
			km_sv in = test_exact(fields[i].in, strlen(fields[i].in));
			km_sv cut = km_sv_of(fields[i].cut);
			km_canon_sink sink;
			km_buf b;
			km_buf_init(&b, NULL, 4096);
			km_canon_begin(&sink, take, &b);
			km_canon_field(&sink, (km_canon)how, in, km_sv_chr(in, ':', 0),
				       cut.n ? km_sv_find(in, cut, 0) : in.n, cut.n);
			km_canon_end(&sink);
			check(&b, how == KM_CANON_SIMPLE ? fields[i].simple : fields[i].relaxed,
			      fields[i].in);
			test_drop(in);
		}
}

/* Whatever its size, a body goes through the staging buffer whole. */
static void test_large(void **state)
{
	(void)state;
	enum { LINES = 3000 };
	km_buf in, want, got;
	km_canon_sink sink;

	km_buf_init(&in, NULL, 1 << 24);
	km_buf_init(&want, NULL, 1 << 24);
	km_buf_init(&got, NULL, 1 << 24);
	for (int i = 0; i < LINES; i++) {
		for (int k = 0; k < i % 1500; k++)
			km_buf_byte(&in, (char)('a' + k % 26));
		km_buf_add(&want, km_sv_from(km_buf_sv(&in), in.n - (size_t)(i % 1500)));
		km_buf_add(&in, KM_S("x  \t y \n"));
		km_buf_add(&want, KM_S("x y\r\n"));
	}
	km_canon_begin(&sink, take, &got);
	km_canon_body(&sink, KM_CANON_RELAXED, km_buf_sv(&in));
	km_canon_end(&sink);
	assert_true(km_sv_eq(km_buf_sv(&got), km_buf_sv(&want)));
	km_buf_finish(&in);
	km_buf_finish(&want);
	km_buf_finish(&got);
}

/* The relaxed form of a body that ends in a line which is not empty, byte by byte. */
static void relax(km_sv in, km_buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i] == '\t' ? ' ' : in.p[i];
		if (c == '\r' && i + 1 < in.n && in.p[i + 1] == '\n')
			continue;
		if (c == '\n')
			while (out->n && out->p[out->n - 1] == ' ')
				out->n--;
		if (c == '\n')
			km_buf_byte(out, '\r');
		if (c != ' ' || out->n == 0 || out->p[out->n - 1] != ' ')
			km_buf_byte(out, c);
	}
	km_buf_add(out, KM_S("\r\n"));
}

static void check_relaxed(km_sv body)
{
	km_sv in = test_exact(body.p, body.n);
	km_canon_sink sink;
	km_buf got, want;

	km_buf_init(&got, NULL, 4096);
	km_buf_init(&want, NULL, 4096);
	relax(in, &want);
	km_canon_begin(&sink, take, &got);
	km_canon_body(&sink, KM_CANON_RELAXED, in);
	km_canon_end(&sink);
	assert_true(km_sv_eq(km_buf_sv(&got), km_buf_sv(&want)));
	km_buf_finish(&got);
	km_buf_finish(&want);
	test_drop(in);
}

/* Something odd at every place of a body that is plain otherwise. */
static void test_places(void **state)
{
	(void)state;
	enum { BYTES = 400, LINE = 37 };
	static const char *const odd[] = {
		"\t", "  ", " \r\n", "\n", "\r", " \n", "\r\n\r\n", " "
	};

	for (size_t k = 0; k < KM_COUNT(odd); k++)
		for (size_t place = 0; place < BYTES; place++) {
			char text[BYTES + 8];
			for (size_t i = 0; i < BYTES; i++)
				text[i] = i % LINE == LINE - 2	 ? '\r'
					  : i % LINE == LINE - 1 ? '\n'
								 : (char)('a' + i % 26);
			size_t n = place + strlen(odd[k]) > BYTES - 1 ? BYTES - 1 - place
								      : strlen(odd[k]);
			memcpy(text + place, odd[k], n);
			text[BYTES - 1] = 'z';
			check_relaxed((km_sv){ text, BYTES });
		}
}

/* Bodies of hardly anything but what is odd, short ones and such as are more than a block. */
static void test_mixed(void **state)
{
	(void)state;
	static const char bytes[] = " \t\r\n\na\x1bzzzzzzzz";
	uint64_t next = 1;

	for (size_t round = 0; round < 200000; round++) {
		char text[64];
		size_t n = 1 + round % sizeof(text);
		for (size_t i = 0; i < n; i++) {
			next = next * 6364136223846793005u + 1442695040888963407u;
			text[i] = bytes[(next >> 40) %
					(round / sizeof(text) & 1 ? 6 : sizeof(bytes) - 1)];
		}
		text[n - 1] = 'z'; /* relax() wants one */
		check_relaxed((km_sv){ text, n });
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_large),  cmocka_unit_test(test_places),
		cmocka_unit_test(test_mixed),
	};
	return cmocka_run_group_tests_name("auth/canon", tests, NULL, NULL);
}
