/* Pictures of PDF files, as their dictionaries describe them. */
#include "content/pdf_picture.h"

#include <zlib.h>

#include "test.h"

#define SIZE "/Width 4 /Height 2 "

/* Two rows of four points: "BWBW" "WWBB", B black, W white. */
static const struct {
	const char *name, *dictionary, *samples;
	size_t n;
	bool packed;
	km_status want;
} cases[] = {
	{ "grey", SIZE "/ColorSpace/DeviceGray/BitsPerComponent 8", "\0\xff\0\xff\xff\xff\0\0", 8,
	  false, KM_OK },
	{ "packed", SIZE "/ColorSpace /DeviceGray /Filter/FlateDecode", "\0\xff\0\xff\xff\xff\0\0",
	  8, true, KM_OK },
	{ "of one bit", SIZE "/ImageMask true", "\x50\xc0", 2, false, KM_OK },
	{ "of two bits", SIZE "/BitsPerComponent 2 /ColorSpace/CalGray", "\x33\xf0", 2, false,
	  KM_OK },
	{ "colours of an index", SIZE "/ColorSpace [/Indexed /DeviceRGB 7 <00>]",
	  "\5\7\5\7\7\7\5\5", 8, false, KM_OK },
	{ "red, green, blue", SIZE "/ColorSpace [/CalRGB <<>>]",
	  "\0\0\0\xff\xff\xff\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0", 24, false,
	  KM_OK },
	{ "of unknown colours", SIZE "/ColorSpace 9 0 R /Filter [ /FlateDecode ]",
	  "\0\0\0\xff\xff\xff\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0", 24, true,
	  KM_OK },
	{ "printing colours", SIZE "/ColorSpace/DeviceCMYK",
	  "\0\0\0\xff\0\0\0\0\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\0\0\0\xff", 32, false,
	  KM_OK },
	{ "predicted, difference to the left and above",
	  SIZE "/ColorSpace/DeviceGray/Filter/FlateDecode/DecodeParms<</Predictor 15>>",
	  "\1\0\xff\1\xff\2\xff\0\0\1", 10, true, KM_OK },
	{ "predicted, mean and nearest",
	  SIZE "/ColorSpace/DeviceGray/Filter/FlateDecode/DecodeParms<</Predictor 12>>",
	  "\3\0\xff\x81\xff\4\xff\0\0\1", 10, true, KM_OK },
	{ "of the object before", "/Width 9 /Height 9 >>endobj 3 0 obj<<" SIZE,
	  "\0\xff\0\xff\xff\xff\0\0", 8, false, KM_OK },
	{ "ASCII85", SIZE "/ColorSpace/DeviceGray/Filter/ASCII85Decode", "!<3'!s8N'!\n~>", 13,
	  false, KM_OK },
	{ "fax", SIZE "/Filter /CCITTFaxDecode", "x", 1, false, KM_NOTFOUND },
	{ "of the predictor of TIFF", SIZE "/Filter/FlateDecode/Predictor 2", "x", 1, false,
	  KM_NOTFOUND },
	{ "without height", "/Width 4", "x", 1, false, KM_NOTFOUND },
	{ "nothing in it", SIZE "/ColorSpace/DeviceGray", "", 0, false, KM_SYNTAX },
	{ "not packed, as it says", SIZE "/ColorSpace/DeviceGray/Filter/FlateDecode", "xxxxxxxx", 8,
	  false, KM_SYNTAX },
	{ "too large", "/Width 32000 /Height 32000", "x", 1, false, KM_LIMIT },
	{ "no picture by its filter", SIZE "/Filter/DCTDecode", "x", 1, false, KM_NOTFOUND },
};

static km_sv pack(const char *p, size_t n)
{
	uLongf m = compressBound(n);
	char *room = malloc(m);

	assert_non_null(room);
	assert_int_equal(compress((Bytef *)room, &m, (const Bytef *)p, n), Z_OK);
	km_sv exact = test_exact(room, m);
	free(room);
	return exact;
}

static void check(size_t i)
{
	static const uint8_t want[] = { 0, 255, 0, 255, 255, 255, 0, 0 };
	km_arena *a = km_arena_new(1 << 20);
	km_sv d = test_exact(cases[i].dictionary, strlen(cases[i].dictionary));
	km_sv samples = cases[i].packed ? pack(cases[i].samples, cases[i].n)
					: test_exact(cases[i].samples, cases[i].n);
	const km_pdf_picture p = { d, samples };
	size_t left = 1000;
	km_image image;

	km_status st = km_pdf_picture_read(a, &p, &left, &image);
	if (st != cases[i].want)
		fail_msg("%s: %s", cases[i].name, km_status_name(st));
	if (st == KM_OK) {
		assert_int_equal(image.width, 4);
		assert_int_equal(image.height, 2);
		for (size_t k = 0; k < sizeof(want); k++)
			if (abs(image.grey[k] - want[k]) > 1)
				fail_msg("%s: point %zu is %u", cases[i].name, k, image.grey[k]);
	}
	test_drop(d);
	test_drop(samples);
	km_arena_free(a);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++)
		check(i);
}

/* No more is unpacked than is left, and what was is taken off. */
static void test_budget(void **state)
{
	(void)state;
	enum { SIDE = 1000 };
	km_arena *a = km_arena_new(8 << 20);
	char *zeros = calloc(SIDE, SIDE);
	km_sv samples = pack(zeros, (size_t)SIDE * SIDE);
	const km_pdf_picture p = {
		KM_S("/Width 1000 /Height 1000 /ColorSpace/DeviceGray /Filter/FlateDecode"), samples
	};
	size_t left = 2 * SIDE * SIDE;
	km_image image;

	assert_int_equal(km_pdf_picture_read(a, &p, &left, &image), KM_OK);
	assert_int_equal(left, SIDE * SIDE);
	assert_int_equal(image.grey[0], 0);
	left = SIDE * SIDE / 2;
	assert_int_equal(km_pdf_picture_read(a, &p, &left, &image), KM_OK);
	assert_true(left < SIDE);
	assert_int_equal(image.grey[SIDE * SIDE - 1], 255);
	test_drop(samples);
	free(zeros);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_budget),
	};
	return cmocka_run_group_tests_name("content/pdf_picture", tests, NULL, NULL);
}
