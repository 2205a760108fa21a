/* One QR code in every kind of picture that is read, whole and damaged. */
#include "content/image.h"

#include <gif_lib.h>
#include <png.h>
#include <turbojpeg.h>
#include <webp/encode.h>

#include "base/buf.h"
#include "base/limits.h"
#include "content/qr.h"
#include "content/qr_finder.h"
#include "test.h"

/* "https://qr.example/a" */
static const char *const modules[] = {
	"#######..###.##...#######", "#.....#....##.#...#.....#", "#.###.#..###..###.#.###.#",
	"#.###.#.#.##.####.#.###.#", "#.###.#.#.#.##..#.#.###.#", "#.....#..##..##...#.....#",
	"#######.#.#.#.#.#.#######", ".........#..#.#..........", "##...###.##.#####...##...",
	".#.##..#..#...##.#.#####.", "#....##..#.##..##.##.#.##", "###.##.#..##..#.#....#..#",
	".....##.###..##.###.....#", "##.#.#.#..#.##.##..#...#.", "#.#.###......#####.###.##",
	"#..#.#..###.###.#..#.##.#", "#.##..##....#.#######.#..", "........###.....#...#....",
	"#######.##..###.#.#.#...#", "#.....#.####..###...#...#", "#.###.#..#.#...######.###",
	"#.###.#..#..##..###....##", "#.###.#..#...####....##.#", "#.....#.##..##.######...#",
	"#######.##.###..#.#..#..#",
};
enum { MODULES = 25, QUIET = 4, SIDE = (MODULES + 2 * QUIET) * 4 };

/* The code with @pixels to a module, @ink on @paper. */
static km_image draw(km_arena *a, unsigned pixels, uint8_t ink, uint8_t paper)
{
	unsigned side = (MODULES + 2 * QUIET) * pixels;
	km_image im = { km_alloc(a, (size_t)side * side), side, side, 0 };

	assert_non_null(im.grey);
	for (unsigned y = 0; y < side; y++)
		for (unsigned x = 0; x < side; x++) {
			unsigned row = y / pixels - QUIET, column = x / pixels - QUIET;
			bool dark =
				row < MODULES && column < MODULES && modules[row][column] == '#';
			im.grey[(size_t)y * side + x] = dark ? ink : paper;
		}
	return im;
}

static km_sv as_png(km_arena *a, const km_image *im)
{
	png_image png = { .version = PNG_IMAGE_VERSION,
			  .width = im->width,
			  .height = im->height,
			  .format = PNG_FORMAT_GRAY };
	png_alloc_size_t n = 1 << 20;
	char *p = km_alloc(a, n);

	assert_true(png_image_write_to_memory(&png, p, &n, 0, im->grey, 0, NULL));
	return (km_sv){ p, n };
}

/* Black on nothing, as a page's background shows through. */
static km_sv as_clear_png(km_arena *a, const km_image *im)
{
	size_t pixels = (size_t)im->width * im->height;
	uint8_t *both = km_alloc(a, pixels * 2);
	png_image png = { .version = PNG_IMAGE_VERSION,
			  .width = im->width,
			  .height = im->height,
			  .format = PNG_FORMAT_GA };
	png_alloc_size_t n = 1 << 20;
	char *p = km_alloc(a, n);

	for (size_t i = 0; i < pixels; i++) {
		both[i * 2] = 0;
		both[i * 2 + 1] = (uint8_t)~im->grey[i];
	}
	assert_true(png_image_write_to_memory(&png, p, &n, 0, both, 0, NULL));
	return (km_sv){ p, n };
}

static km_sv as_jpeg(km_arena *a, const km_image *im)
{
	tjhandle tj = tjInitCompress();
	unsigned char *p = NULL;
	unsigned long n = 0;

	assert_int_equal(tjCompress2(tj, im->grey, (int)im->width, 0, (int)im->height, TJPF_GRAY,
				     &p, &n, TJSAMP_GRAY, 80, 0),
			 0);
	km_sv kept = km_sv_dup(a, (km_sv){ (const char *)p, n });
	tjFree(p);
	(void)tjDestroy(tj);
	return kept;
}

static int give(GifFileType *gif, const GifByteType *from, int n)
{
	km_buf_add(gif->UserData, (km_sv){ (const char *)from, (size_t)n });
	return n;
}

static km_sv as_some_gif(km_arena *a, const km_image *im, bool interlaced)
{
	static const unsigned first[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
	GifColorType colours[2] = { { 255, 255, 255 }, { 0, 0, 0 } };
	ColorMapObject *map = GifMakeMapObject(2, colours);
	int why, width = (int)im->width, height = (int)im->height;
	km_buf b;

	km_buf_init(&b, a, 1 << 20);
	GifFileType *gif = EGifOpen(&b, give, &why);
	assert_int_equal(EGifPutScreenDesc(gif, width, height, 1, 0, map), GIF_OK);
	assert_int_equal(EGifPutImageDesc(gif, 0, 0, width, height, interlaced, NULL), GIF_OK);
	for (size_t pass = 0; pass < (interlaced ? 4u : 1u); pass++)
		for (unsigned y = first[pass]; y < im->height; y += interlaced ? step[pass] : 1) {
			uint8_t line[SIDE];
			for (unsigned x = 0; x < im->width; x++)
				line[x] = im->grey[(size_t)y * im->width + x] < 128;
			assert_int_equal(EGifPutLine(gif, line, width), GIF_OK);
		}
	assert_int_equal(EGifCloseFile(gif, &why), GIF_OK);
	GifFreeMapObject(map);
	return km_buf_sv(&b);
}

static km_sv as_gif(km_arena *a, const km_image *im)
{
	return as_some_gif(a, im, false);
}

static km_sv as_gif_in_passes(km_arena *a, const km_image *im)
{
	return as_some_gif(a, im, true);
}

static void add_le(km_buf *b, uint32_t v, int n)
{
	for (int i = 0; i < n; i++, v >>= 8)
		km_buf_byte(b, (char)(v & 0xff));
}

/* Lines from the bottom; from the top when @height is negative. */
static km_sv as_some_bmp(km_arena *a, const km_image *im, unsigned bits, int sign)
{
	size_t pitch = (im->width * bits + 31) / 32 * 4;
	km_buf b;

	km_buf_init(&b, a, 1 << 20);
	km_buf_add(&b, KM_S("BM"));
	add_le(&b, 0, 8);
	add_le(&b, 14 + 40 + (bits == 1 ? 8 : 0), 4);
	add_le(&b, 40, 4);
	add_le(&b, im->width, 4);
	add_le(&b, (uint32_t)(sign * (int)im->height), 4);
	add_le(&b, 1, 2);
	add_le(&b, bits, 2);
	add_le(&b, 0, 24);
	if (bits == 1) {
		add_le(&b, 0, 4);
		add_le(&b, 0xffffff, 4);
	}
	for (unsigned y = 0; y < im->height; y++) {
		const uint8_t *row =
			im->grey + (size_t)(sign < 0 ? y : im->height - 1 - y) * im->width;
		size_t begin = b.n;
		for (unsigned x = 0; x < im->width && bits > 1; x++)
			for (unsigned i = 0; i < bits / 8; i++)
				km_buf_byte(&b, (char)row[x]);
		for (unsigned x = 0; x < im->width && bits == 1; x += 8) {
			unsigned byte = 0;
			for (unsigned i = 0; i < 8 && x + i < im->width; i++)
				byte |= (row[x + i] > 127 ? 1u : 0u) << (7 - i);
			km_buf_byte(&b, (char)byte);
		}
		while (b.n - begin < pitch)
			km_buf_byte(&b, 0);
	}
	return km_buf_sv(&b);
}

static km_sv as_bmp_24(km_arena *a, const km_image *im)
{
	return as_some_bmp(a, im, 24, 1);
}

static km_sv as_bmp_32_from_top(km_arena *a, const km_image *im)
{
	return as_some_bmp(a, im, 32, -1);
}

static km_sv as_bmp_1(km_arena *a, const km_image *im)
{
	return as_some_bmp(a, im, 1, 1);
}

static km_sv as_some_webp(km_arena *a, const km_image *im, bool lossless)
{
	size_t pixels = (size_t)im->width * im->height;
	uint8_t *rgb = km_alloc(a, pixels * 3), *made = NULL;
	int width = (int)im->width, height = (int)im->height;

	for (size_t i = 0; i < pixels; i++)
		memset(rgb + 3 * i, im->grey[i], 3);
	size_t n = lossless ? WebPEncodeLosslessRGB(rgb, width, height, 3 * width, &made)
			    : WebPEncodeRGB(rgb, width, height, 3 * width, 60, &made);
	assert_true(n > 0);
	km_sv kept = km_sv_dup(a, (km_sv){ (char *)made, n });
	WebPFree(made);
	return kept;
}

static km_sv as_webp(km_arena *a, const km_image *im)
{
	return as_some_webp(a, im, false);
}

static km_sv as_lossless_webp(km_arena *a, const km_image *im)
{
	return as_some_webp(a, im, true);
}

static const struct {
	const char *name;
	km_sv (*make)(km_arena *a, const km_image *im);
	uint8_t ink, paper;
} kinds[] = {
	{ "PNG", as_png, 0, 255 },
	{ "PNG, pale", as_png, 120, 200 },
	{ "PNG, white on black", as_png, 255, 0 },
	{ "PNG, black on nothing", as_clear_png, 0, 255 },
	{ "JPEG", as_jpeg, 20, 230 },
	{ "GIF", as_gif, 0, 255 },
	{ "GIF in passes", as_gif_in_passes, 0, 255 },
	{ "WebP", as_webp, 0, 255 },
	{ "WebP without loss", as_lossless_webp, 0, 255 },
	{ "BMP of 24 bits", as_bmp_24, 0, 255 },
	{ "BMP of 32 bits", as_bmp_32_from_top, 0, 255 },
	{ "BMP of 1 bit", as_bmp_1, 0, 255 },
};

static void test_kinds(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(64 << 20);

	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		km_image drawn = draw(a, 4, kinds[i].ink, kinds[i].paper), read;
		km_sv made = kinds[i].make(a, &drawn), exact = test_exact(made.p, made.n);
		km_qr_codes codes;
		if (km_image_read(a, exact, &read) != KM_OK || read.width != drawn.width)
			fail_msg("%s can not be read", kinds[i].name);
		assert_int_equal(km_qr_read(a, &read, &codes), KM_OK);
		if (codes.n != 1)
			fail_msg("%s: %zu codes", kinds[i].name, codes.n);
		test_sv_is(codes.text[0], "https://qr.example/a", kinds[i].name);
		test_drop(exact);
	}
	km_arena_free(a);
}

/* What is in a picture of 120 times 120 pixels at (x, y). */
typedef uint8_t shade_at(unsigned x, unsigned y);

static bool corner_at(unsigned x, unsigned y, unsigned left, unsigned top, unsigned module)
{
	unsigned dx = (x - left) / module, dy = (y - top) / module;

	if (x < left || y < top || dx > 6 || dy > 6)
		return false;
	return dx == 0 || dx == 6 || dy == 0 || dy == 6 ||
	       (dx >= 2 && dx <= 4 && dy >= 2 && dy <= 4);
}

static uint8_t blank(unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	return 255;
}

/* In the proportions of a corner, one way only. */
static uint8_t stripes(unsigned x, unsigned y)
{
	(void)y;
	return "#.###.#."[x / 2 % 8] == '#' ? 0 : 255;
}

static uint8_t chequered(unsigned x, unsigned y)
{
	return (x / 3 + y / 3) % 2 ? 0 : 255;
}

static uint8_t two_corners(unsigned x, unsigned y)
{
	return corner_at(x, y, 10, 10, 3) || corner_at(x, y, 80, 10, 3) ? 0 : 255;
}

static uint8_t three_corners(unsigned x, unsigned y)
{
	return corner_at(x, y, 10, 10, 3) || corner_at(x, y, 80, 10, 3) ||
			       corner_at(x, y, 10, 80, 3)
		       ? 0
		       : 255;
}

static uint8_t light_corners(unsigned x, unsigned y)
{
	return (uint8_t)(200 - three_corners(x, y) / 4);
}

/* A slope of shades, on which the corners are darker by little. */
static uint8_t shaded_corners(unsigned x, unsigned y)
{
	return (uint8_t)(40 + x + y / 2 + three_corners(x, y) / 12);
}

static uint8_t noisy_corners(unsigned x, unsigned y)
{
	return (uint8_t)(30u + three_corners(x, y) * 3u / 4u + (x * 7919 + y * 104729) % 31);
}

static uint8_t corners_at_the_edge(unsigned x, unsigned y)
{
	return corner_at(x, y, 0, 0, 2) || corner_at(x, y, 106, 0, 2) || corner_at(x, y, 0, 106, 2)
		       ? 0
		       : 255;
}

static void test_likely(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		shade_at *shade;
		bool want;
	} rows[] = {
		{ "blank", blank, false },
		{ "stripes", stripes, false },
		{ "chequered", chequered, false },
		{ "two corners", two_corners, false },
		{ "three corners", three_corners, true },
		{ "light on dark", light_corners, true },
		{ "on a slope", shaded_corners, true },
		{ "with noise", noisy_corners, true },
		{ "without margin", corners_at_the_edge, true },
	};
	enum { WIDE = 120 };

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		uint8_t *grey = malloc(WIDE * WIDE);
		km_image im = { grey, WIDE, WIDE, WIDE * WIDE };
		assert_non_null(grey);
		for (unsigned y = 0; y < WIDE; y++)
			for (unsigned x = 0; x < WIDE; x++)
				grey[y * WIDE + x] = rows[i].shade(x, y);
		if (km_qr_likely(&im) != rows[i].want)
			fail_msg("%s", rows[i].name);
		free(grey);
	}
}

/* As small as they come: one pixel to a module is what a reader of codes still reads. */
static void test_sizes(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(32 << 20);
	km_qr_codes codes;

	for (unsigned pixels = 1; pixels < 12; pixels++) {
		km_image drawn = draw(a, pixels, 0, 255);
		assert_true(km_qr_likely(&drawn));
		assert_int_equal(km_qr_read(a, &drawn, &codes), KM_OK);
		assert_int_equal(codes.n, pixels > 1);
	}
	km_arena_free(a);
}

/* Cut anywhere, or with one byte changed, a picture may be read or not; nothing else happens. */
static void test_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		km_arena *a = km_arena_new(32 << 20);
		km_image drawn = draw(a, 1, 0, 255), read;
		km_sv made = kinds[i].make(a, &drawn);
		size_t step = made.n / 64 + 1;
		for (size_t n = 0; n < made.n; n += step) {
			km_sv cut = test_exact(made.p, n);
			(void)!km_image_read(a, cut, &read);
			test_drop(cut);
			km_sv changed = test_exact(made.p, made.n);
			((char *)(uintptr_t)changed.p)[n] ^= (char)0xa5;
			if (km_image_read(a, changed, &read) == KM_OK)
				assert_true((uint64_t)read.width * read.height <=
					    KM_MAX_RASTER_PIXELS);
			test_drop(changed);
		}
		km_arena_free(a);
	}
}

/* Larger ones are made smaller until they fit, and still read. */
static void test_large(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(64 << 20);
	km_image drawn = draw(a, 60, 0, 255), read;
	km_sv (*const makers[])(km_arena *, const km_image *) = { as_png, as_jpeg, as_webp };
	km_qr_codes codes;

	for (size_t i = 0; i < KM_COUNT(makers); i++) {
		assert_int_equal(km_image_read(a, makers[i](a, &drawn), &read), KM_OK);
		assert_true((uint64_t)read.width * read.height <= KM_MAX_RASTER_PIXELS);
		assert_int_equal(read.pixels, (uint64_t)drawn.width * drawn.height);
		assert_int_equal(km_qr_read(a, &read, &codes), KM_OK);
		assert_int_equal(codes.n, 1);
	}
	km_arena_free(a);
}

static const struct {
	const char *name, *bytes;
	size_t n;
	km_status want;
} odd[] = {
	{ "nothing", "", 0, KM_NOTFOUND },
	{ "text", "hello", 5, KM_NOTFOUND },
	{ "signature alone", "\x89PNG\r\n\x1a\n", 8, KM_SYNTAX },
	{ "PNG of 2 thousand million pixels",
	  "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xaf\xc8\0\0\xaf\xc8\x08\0\0\0\0\xc4\xa8\xac\xb6", 33,
	  KM_SYNTAX },
	{ "BMP of more than there is",
	  "BM........\x36\0\0\0\x28\0\0\0\xff\xff\0\0\xff\xff\0\0\1\0\x20\0\0\0\0\0"
	  "....................",
	  54, KM_SYNTAX },
	{ "WebP that ends", "RIFF\x24\0\0\0WEBPVP8 ", 16, KM_SYNTAX },
	{ "JPEG of nothing", "\xff\xd8\xff\xd9", 4, KM_SYNTAX },
	{ "GIF without picture", "GIF89a\1\0\1\0\0\0\0;", 14, KM_SYNTAX },
};

static void test_odd(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(32 << 20);
	km_image read;

	for (size_t i = 0; i < KM_COUNT(odd); i++) {
		km_sv exact = test_exact(odd[i].bytes, odd[i].n);
		km_status st = km_image_read(a, exact, &read);
		if (st != odd[i].want)
			fail_msg("%s: %s", odd[i].name, km_status_name(st));
		test_drop(exact);
	}
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),  cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_large),  cmocka_unit_test(test_odd),
		cmocka_unit_test(test_likely), cmocka_unit_test(test_sizes),
	};
	return cmocka_run_group_tests_name("content/image", tests, NULL, NULL);
}
