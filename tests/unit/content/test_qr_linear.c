/* The look for a code's corners takes work linear in the pixels, whatever the picture is. */
#include "content/qr_finder.h"
#include "steps.h"
#include "test.h"

typedef uint8_t shade_at(unsigned x, unsigned y);

static uint8_t blank(unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	return 255;
}

/* The proportions of a corner, again and again, one way or both. */
static uint8_t stripes(unsigned x, unsigned y)
{
	(void)y;
	return "#.###.#."[x % 8] == '#' ? 0 : 255;
}

static uint8_t wide_stripes(unsigned x, unsigned y)
{
	(void)y;
	return "#.###.#."[x / 16 % 8] == '#' ? 0 : 255;
}

static uint8_t checks(unsigned x, unsigned y)
{
	return stripes(x, 0) ^ stripes(y, 0);
}

static uint8_t tiles(unsigned x, unsigned y)
{
	return stripes(x, 0) | stripes(y, 0);
}

static uint8_t slope(unsigned x, unsigned y)
{
	return (uint8_t)(x * 13 + y);
}

static uint8_t noise(unsigned x, unsigned y)
{
	return (uint8_t)((x * 2654435761u + y * 40503u) * 2246822519u >> 24);
}

static size_t work(shade_at *shade, unsigned side)
{
	size_t n = (size_t)side * side;
	uint8_t *grey = malloc(n);
	km_image im = { grey, side, side, n };

	assert_non_null(grey);
	for (unsigned y = 0; y < side; y++)
		for (unsigned x = 0; x < side; x++)
			grey[y * side + x] = shade(x, y);
	steps = 0;
	(void)km_qr_likely(&im);
	free(grey);
	return steps;
}

static void test_linear(void **state)
{
	(void)state;
	static shade_at *const shades[] = { blank, stripes, wide_stripes, checks,
					    tiles, slope,   noise };
	enum { SMALL = 128, TIMES = 4, MOST = 200 /* steps a pixel */ };

	for (size_t i = 0; i < KM_COUNT(shades); i++) {
		size_t small = work(shades[i], SMALL), large = work(shades[i], SMALL * TIMES);
		if (large > small * TIMES * TIMES * 2 ||
		    large > (size_t)SMALL * TIMES * SMALL * TIMES * MOST)
			fail_msg("picture %zu: %zu steps, %zu steps", i, small, large);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };

	return cmocka_run_group_tests_name("content/qr_linear", tests, NULL, NULL);
}
