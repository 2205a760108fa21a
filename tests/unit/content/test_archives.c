/* Archives made by libarchive itself, and some bytes that no tool makes any more. */
#include "content/archives.h"

#include <archive.h>
#include <archive_entry.h>

#include <zlib.h>

#include "base/buf.h"
#include "test.h"

enum { ROOM = 4 << 20 };

static bool wants_txt(km_sv name)
{
	return km_sv_ends(name, KM_S(".txt"));
}

static const struct {
	const char *name;
	int (*format)(struct archive *);
	int (*filter)(struct archive *);
	const char *password;
	bool named, encrypted;
} formats[] = {
	{ "zip", archive_write_set_format_zip, NULL, NULL, true, false },
	{ "encrypted zip", archive_write_set_format_zip, NULL, "secret", true, true },
	{ "7z", archive_write_set_format_7zip, NULL, NULL, true, false },
	{ "tar", archive_write_set_format_pax_restricted, NULL, NULL, true, false },
	{ "tar.gz", archive_write_set_format_pax_restricted, archive_write_add_filter_gzip, NULL,
	  true, false },
	{ "tar.bz2", archive_write_set_format_ustar, archive_write_add_filter_bzip2, NULL, true,
	  false },
	{ "tar.xz", archive_write_set_format_ustar, archive_write_add_filter_xz, NULL, true,
	  false },
	{ "iso", archive_write_set_format_iso9660, NULL, NULL, true, false },
	{ "gz", archive_write_set_format_raw, archive_write_add_filter_gzip, NULL, false, false },
};

static void add(struct archive *x, const char *name, const char *text, size_t n)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, (la_int64_t)n);
	assert_int_equal(archive_write_header(x, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(x, text, n), (la_ssize_t)n);
	archive_entry_free(e);
}

/* An archive of "a.txt" and, where there can be more than one, "b/setup.exe". */
static km_sv make(size_t i)
{
	struct archive *x = archive_write_new();
	char *room = malloc(ROOM);
	size_t n = 0;

	assert_int_equal(formats[i].format(x), ARCHIVE_OK);
	if (formats[i].filter)
		assert_int_equal(formats[i].filter(x), ARCHIVE_OK);
	if (formats[i].password) {
		assert_int_equal(archive_write_set_options(x, "zip:encryption=traditional"),
				 ARCHIVE_OK);
		assert_int_equal(archive_write_set_passphrase(x, formats[i].password), ARCHIVE_OK);
	}
	assert_int_equal(archive_write_open_memory(x, room, ROOM, &n), ARCHIVE_OK);
	add(x, "a.txt", "hello", 5);
	if (formats[i].named)
		add(x, "b/setup.exe", "MZ", 2);
	assert_int_equal(archive_write_close(x), ARCHIVE_OK);
	(void)archive_write_free(x);
	km_sv exact = test_exact(room, n);
	free(room);
	return exact;
}

static const km_archive_entry *find(const km_archive *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (km_sv_ieq(x->entry[i].name, km_sv_of(name)))
			return &x->entry[i];
	return NULL;
}

static void test_formats(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(formats); i++) {
		km_arena *a = km_arena_new(32 << 20);
		km_archive_budget budget = { KM_MAX_UNPACKED_BYTES, wants_txt };
		km_sv bytes = make(i);
		km_archive x;
		if (km_archive_read(a, bytes, &budget, &x) != KM_OK || x.damaged)
			fail_msg("%s can not be read", formats[i].name);
		const km_archive_entry *text = find(&x, "a.txt"), *exe = find(&x, "b/setup.exe");
		if (formats[i].named && (text == NULL || exe == NULL))
			fail_msg("%s: names are missing", formats[i].name);
		if (x.encrypted != formats[i].encrypted)
			fail_msg("%s: encrypted is %d", formats[i].name, x.encrypted);
		if (text && !x.encrypted)
			test_sv_is(text->bytes, "hello", formats[i].name);
		assert_true(exe == NULL || exe->bytes.n == 0);
		assert_int_equal(x.compression, !formats[i].named);
		assert_false(km_archive_is_bomb(&x, bytes.n));
		test_drop(bytes);
		km_arena_free(a);
	}
}

/* Cut anywhere or changed anywhere: read or not, and nothing else. */
static void test_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(formats); i++) {
		km_sv bytes = make(i);
		size_t step = bytes.n / 50 + 1;
		for (size_t n = 0; n < bytes.n; n += step) {
			km_arena *a = km_arena_new(32 << 20);
			km_archive_budget budget = { 1 << 20, wants_txt };
			km_archive x;
			km_sv cut = test_exact(bytes.p, n);
			(void)!km_archive_read(a, cut, &budget, &x);
			test_drop(cut);
			km_sv changed = test_exact(bytes.p, bytes.n);
			((char *)(uintptr_t)changed.p)[n] ^= (char)0x81;
			(void)!km_archive_read(a, changed, &budget, &x);
			assert_true(budget.left <= 1 << 20);
			test_drop(changed);
			km_arena_free(a);
		}
		test_drop(bytes);
	}
}

/* CP932, a yen-less backslash, "..", a drive, the root. */
static const struct {
	const char *given, *want;
	bool escapes;
} names[] = {
	{ "\x90\xbf\x8b\x81\x8f\x91.exe", "請求書.exe", false },
	{ "\xe8\xab\x8b.txt", "請.txt", false },
	{ "a/../b", "a/../b", true },
	{ "..\\b", "../b", true },
	{ "C:\\b", "C:/b", true },
	{ "a..b/c", "a..b/c", false },
	{ "\x95\x5c.exe", "表.exe", false },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(names); i++) {
		km_arena *a = km_arena_new(32 << 20);
		km_archive_budget budget = { KM_MAX_UNPACKED_BYTES, wants_txt };
		/* A stored file without contents, as the local header and directory have it. */
		size_t n = strlen(names[i].given);
		km_buf b;
		km_buf_init(&b, a, 1000);
		km_buf_add(&b, KM_S("PK\3\4\24\0\0\0\0\0\0\0\0\0"));
		km_buf_add(&b, KM_S("\0\0\0\0\0\0\0\0\0\0\0\0"));
		km_buf_byte(&b, (char)n);
		km_buf_add(&b, KM_S("\0\0\0"));
		km_buf_add(&b, km_sv_of(names[i].given));
		size_t at = b.n;
		km_buf_add(&b, KM_S("PK\1\2\24\0\24\0\0\0\0\0\0\0\0\0"));
		km_buf_add(&b, KM_S("\0\0\0\0\0\0\0\0\0\0\0\0"));
		km_buf_byte(&b, (char)n);
		km_buf_add(&b, KM_S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
		km_buf_add(&b, km_sv_of(names[i].given));
		size_t size = b.n - at;
		km_buf_add(&b, KM_S("PK\5\6\0\0\0\0\1\0\1\0"));
		km_buf_byte(&b, (char)size);
		km_buf_add(&b, KM_S("\0\0\0"));
		km_buf_byte(&b, (char)at);
		km_buf_add(&b, KM_S("\0\0\0\0\0"));
		km_archive x;
		assert_int_equal(km_archive_read(a, km_buf_sv(&b), &budget, &x), KM_OK);
		assert_int_equal(x.n, 1);
		test_sv_is(x.entry[0].name, names[i].want, names[i].given);
		assert_int_equal(x.entry[0].escapes, names[i].escapes);
		km_arena_free(a);
	}
}

/* LZH, level 0, stored: "見積書.exe" in CP932. */
static void test_lzh(void **state)
{
	static const char lzh[] = "\x20\x26-lh0-\2\0\0\0\2\0\0\0\0\0\0\x5a\x20\0\x0a"
				  "\x8c\xa9\x90\xcf\x8f\x91.exe\0\0MZ";

	(void)state;
	km_arena *a = km_arena_new(32 << 20);
	km_archive_budget budget = { KM_MAX_UNPACKED_BYTES, wants_txt };
	char bytes[sizeof(lzh) + 1] = { 0 };
	unsigned sum = 0;
	km_archive x;

	memcpy(bytes, lzh, sizeof(lzh) - 1);
	for (size_t i = 2; i < 2 + 0x20; i++)
		sum += (unsigned char)bytes[i];
	bytes[1] = (char)sum;
	assert_int_equal(km_archive_read(a, (km_sv){ bytes, sizeof(lzh) }, &budget, &x), KM_OK);
	assert_int_equal(x.n, 1);
	test_sv_is(x.entry[0].name, "見積書.exe", "lzh");
	km_arena_free(a);
}

/* --- formats that nothing here can write: made byte by byte --- */

static void le(km_buf *b, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		km_buf_byte(b, (char)(i < sizeof(v) ? v >> 8 * i : 0));
}

/* A cabinet of "a.txt" and of @name, in one folder; @flags of the latter. */
static void make_cabinet(km_buf *b, const char *name, uint32_t flags)
{
	km_buf_add(b, KM_S("MSCF\0\0\0\0"));
	le(b, 999, 4);
	le(b, 0, 4);
	le(b, 44, 4); /* where the files begin: after one folder */
	le(b, 0, 4);
	le(b, 0x0103, 2);
	le(b, 1, 2);
	le(b, 2, 2);
	le(b, 0, 2);
	le(b, 1, 4);
	le(b, 90, 4);
	le(b, 1, 2);
	le(b, 0, 2);
	le(b, 5, 4);
	le(b, 0, 12);
	km_buf_add(b, KM_S("a.txt"));
	le(b, 0, 1);
	le(b, 70000, 4);
	le(b, 5, 4);
	le(b, 0, 6);
	le(b, flags, 2);
	km_buf_add(b, km_sv_of(name));
	le(b, 0, 1);
}

static const struct {
	const char *name, *want;
	uint32_t flags;
	bool escapes;
} in_cabinet[] = {
	{ "setup.exe", "setup.exe", 0, false },
	{ "\x90\xbf\x8b\x81\x8f\x91.exe", "請求書.exe", 0x20, false },
	{ "請求書.exe", "請求書.exe", 0xa0, false },
	{ "..\\startup\\x.lnk", "../startup/x.lnk", 0, true },
};

static void test_cabinet(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(in_cabinet); i++) {
		km_arena *a = km_arena_new(8 << 20);
		km_archive_budget budget = { KM_MAX_UNPACKED_BYTES, wants_txt };
		km_archive x;
		km_buf b;

		km_buf_init(&b, a, 1000);
		make_cabinet(&b, in_cabinet[i].name, in_cabinet[i].flags);
		for (size_t n = 0; n <= b.n; n++) {
			km_sv cut = test_exact(b.p, n);
			km_status st = km_archive_read(a, cut, &budget, &x);
			if (n >= 60)
				assert_int_equal(st, KM_OK);
			assert_true(n == b.n || n < 60 || x.damaged);
			test_drop(cut);
		}
		assert_int_equal(x.n, 2);
		assert_false(x.damaged);
		assert_int_equal(x.size, 70005);
		TEST_SV(x.entry[0].name, "a.txt");
		assert_int_equal(x.entry[1].escapes, in_cabinet[i].escapes);
		if (in_cabinet[i].want[0] != '.')
			test_sv_is(x.entry[1].name, in_cabinet[i].want, "cabinet");
		km_arena_free(a);
	}
}

/* A block of RAR 4: its check sum is that of all that follows it. */
static void rar_block(km_buf *b, km_sv body, km_sv data)
{
	le(b, (uint32_t)crc32(0, (const Bytef *)body.p, (uInt)body.n) & 0xffff, 2);
	km_buf_add(b, body);
	km_buf_add(b, data);
}

static void rar_file(km_buf *b, km_arena *a, const char *name, uint32_t flags, km_sv data)
{
	km_buf h;

	km_buf_init(&h, a, 400);
	le(&h, 0x74, 1);
	le(&h, 0x8000 | flags, 2);
	le(&h, 32 + (uint32_t)strlen(name), 2);
	le(&h, (uint32_t)data.n, 4);
	le(&h, (uint32_t)data.n, 4);
	le(&h, 2, 1); /* Windows */
	le(&h, (uint32_t)crc32(0, (const Bytef *)data.p, (uInt)data.n), 4);
	le(&h, 0x5a210000, 4);
	le(&h, 20, 1);
	le(&h, 0x30, 1); /* stored */
	le(&h, (uint32_t)strlen(name), 2);
	le(&h, 0x20, 4);
	km_buf_add(&h, km_sv_of(name));
	rar_block(b, km_buf_sv(&h), data);
}

static void test_rar(void **state)
{
	(void)state;
	static const uint32_t flags[] = { 0, 4 /* encrypted */ };

	for (size_t i = 0; i < KM_COUNT(flags); i++) {
		km_arena *a = km_arena_new(8 << 20);
		km_archive_budget budget = { KM_MAX_UNPACKED_BYTES, wants_txt };
		km_archive x;
		km_buf b;

		km_buf_init(&b, a, 1000);
		km_buf_add(&b, KM_S("Rar!\x1a\7\0"));
		rar_block(&b, KM_S("\x73\0\0\x0d\0\0\0\0\0\0\0"), KM_S(""));
		rar_file(&b, a, "a.txt", flags[i], KM_S("hello"));
		rar_file(&b, a, "\x90\xbf\x8b\x81\x8f\x91.exe", flags[i], KM_S("MZ"));
		rar_block(&b, KM_S("\x7b\0\x40\7\0"), KM_S(""));
		assert_int_equal(km_archive_read(a, km_buf_sv(&b), &budget, &x), KM_OK);
		assert_int_equal(x.n, 2);
		assert_false(x.damaged);
		assert_int_equal(x.encrypted, flags[i] != 0);
		TEST_SV(x.entry[1].name, "請求書.exe");
		if (!x.encrypted)
			TEST_SV(x.entry[0].bytes, "hello");
		km_arena_free(a);
	}
}

/* A number of RAR 5: seven bits a byte, the lowest first. */
static void vint(km_buf *b, size_t v)
{
	for (; v >= 0x80; v >>= 7)
		km_buf_byte(b, (char)(0x80 | (v & 0x7f)));
	km_buf_byte(b, (char)v);
}

/* A block of RAR 5: its check sum is that of its size and all that follows. */
static void rar5_block(km_buf *b, km_arena *a, km_sv body, km_sv data)
{
	km_buf h;

	km_buf_init(&h, a, 400);
	vint(&h, body.n);
	km_buf_add(&h, body);
	le(b, (uint32_t)crc32(0, (const Bytef *)h.p, (uInt)h.n), 4);
	km_buf_add(b, km_buf_sv(&h));
	km_buf_add(b, data);
}

static void test_rar5(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(8 << 20);
	km_archive_budget budget = { KM_MAX_UNPACKED_BYTES, wants_txt };
	static const km_sv files[][2] = { { KM_SV("a.txt"), KM_SV("hello") },
					  { KM_SV("請求書.exe"), KM_SV("MZ") } };
	km_archive x;
	km_buf b, h;

	km_buf_init(&b, a, 1000);
	km_buf_add(&b, KM_S("Rar!\x1a\7\1\0"));
	rar5_block(&b, a, KM_S("\1\0\0"), KM_S(""));
	for (size_t i = 0; i < KM_COUNT(files); i++) {
		km_buf_init(&h, a, 400);
		km_buf_add(&h, KM_S("\2\2"));
		vint(&h, files[i][1].n);
		vint(&h, 4); /* a check sum follows */
		vint(&h, files[i][1].n);
		vint(&h, 0x20);
		le(&h, (uint32_t)crc32(0, (const Bytef *)files[i][1].p, (uInt)files[i][1].n), 4);
		vint(&h, 0); /* stored */
		vint(&h, 0);
		vint(&h, files[i][0].n);
		km_buf_add(&h, files[i][0]);
		rar5_block(&b, a, km_buf_sv(&h), files[i][1]);
	}
	rar5_block(&b, a, KM_S("\5\0\0"), KM_S(""));
	assert_int_equal(km_archive_read(a, km_buf_sv(&b), &budget, &x), KM_OK);
	assert_int_equal(x.n, 2);
	assert_false(x.damaged);
	TEST_SV(x.entry[0].bytes, "hello");
	TEST_SV(x.entry[1].name, "請求書.exe");
	km_arena_free(a);
}

/* A tar.gz of far more than may be unpacked ends the listing, at bounded cost; many entries do. */
static void test_bounds(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(32 << 20);
	km_archive_budget budget = { 1 << 20, wants_txt };
	struct archive *w = archive_write_new();
	char *room = malloc(ROOM), *zeros = calloc(1, 8 << 20);
	size_t n = 0;
	km_archive x;

	assert_int_equal(archive_write_set_format_ustar(w), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter_gzip(w), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(w, room, ROOM, &n), ARCHIVE_OK);
	add(w, "zeros", zeros, 8 << 20);
	add(w, "after", "x", 1);
	assert_int_equal(archive_write_close(w), ARCHIVE_OK);
	(void)archive_write_free(w);
	assert_int_equal(km_archive_read(a, (km_sv){ room, n }, &budget, &x), KM_OK);
	assert_int_equal(x.n, 1);
	assert_true(x.limits & UINT64_C(1) << KM_LIMIT_UNPACKED_BYTES);

	w = archive_write_new();
	budget.left = KM_MAX_UNPACKED_BYTES;
	assert_int_equal(archive_write_set_format_zip(w), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(w, room, ROOM, &n), ARCHIVE_OK);
	for (int i = 0; i < KM_MAX_ARCHIVE_ENTRIES + 5; i++)
		add(w, "x", "", 0);
	assert_int_equal(archive_write_close(w), ARCHIVE_OK);
	(void)archive_write_free(w);
	assert_int_equal(km_archive_read(a, (km_sv){ room, n }, &budget, &x), KM_OK);
	assert_true(x.limits & UINT64_C(1) << KM_LIMIT_ARCHIVE_ENTRIES);
	assert_int_equal(x.n, KM_MAX_ARCHIVE_ENTRIES);
	free(room);
	free(zeros);
	km_arena_free(a);
}

static void test_none(void **state)
{
	static const char *const texts[] = { "", "x", "hello, world", "PK", "%PDF-1.4 xyz" };

	(void)state;
	km_arena *a = km_arena_new(32 << 20);
	km_archive_budget budget = { KM_MAX_UNPACKED_BYTES, wants_txt };
	km_archive x;

	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		km_sv in = test_exact(texts[i], strlen(texts[i]));
		if (km_archive_read(a, in, &budget, &x) != KM_NOTFOUND)
			fail_msg("\"%s\" is an archive", texts[i]);
		test_drop(in);
	}
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_names),	cmocka_unit_test(test_lzh),
		cmocka_unit_test(test_cabinet), cmocka_unit_test(test_rar),
		cmocka_unit_test(test_rar5),	cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests_name("content/archives", tests, NULL, NULL);
}
