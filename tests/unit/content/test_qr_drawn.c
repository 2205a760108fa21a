/* One QR code drawn with characters in every way, and what is none. */
#include "content/qr_drawn.h"

#include "base/buf.h"
#include "content/qr.h"
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
enum { SIDE = 25, QUIET = 3 };

static bool is_dark(int row, int column)
{
	return row >= 0 && row < SIDE && column >= 0 && column < SIDE &&
	       modules[row][column] == '#';
}

/* By what a place holds: nothing, its upper half, its lower half, both. */
typedef struct {
	const char *name, *cell[4];
	bool halves; /* two rows of modules in a line; else @cell[3] is one module */
	bool inverted;
	const char *end;
} style;

static const style styles[] = {
	{ "halves", { " ", "▀", "▄", "█" }, true, false, "\n" },
	{ "halves, CR LF", { " ", "▀", "▄", "█" }, true, false, "\r\n" },
	{ "halves on black", { " ", "▀", "▄", "█" }, true, true, "\n" },
	{ "halves and no-break spaces", { "\xc2\xa0", "▀", "▄", "█" }, true, false, "\n" },
	{ "blocks", { "  ", "", "", "██" }, false, false, "\n" },
	{ "shades", { "░░", "", "", "██" }, false, false, "\n" },
	{ "squares", { "□", "", "", "■" }, false, false, "\n" },
	{ "wide spaces", { "　", "", "", "■" }, false, false, "\n" },
	{ "large squares", { "⬜", "", "", "⬛" }, false, false, "\n" },
};

static void draw(km_buf *b, const style *s)
{
	int from = s->inverted ? -QUIET - 1 : 0, to = s->inverted ? SIDE + QUIET : SIDE;

	for (int row = from; row < to; row += s->halves ? 2 : 1) {
		for (int column = from; column < to; column++) {
			bool upper = is_dark(row, column) != s->inverted;
			bool lower = s->halves ? is_dark(row + 1, column) != s->inverted : upper;
			km_buf_add(b, km_sv_of(s->cell[upper + 2 * lower]));
		}
		km_buf_add(b, km_sv_of(s->end));
	}
}

static void test_styles(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(styles); i++) {
		km_arena *a = km_arena_new(8 << 20);
		km_qr_codes codes;
		km_image image;
		km_buf b;
		size_t at = 0;

		km_buf_init(&b, a, 1 << 16);
		km_buf_add(&b, KM_S("■お知らせ\nスマートフォンで読み取ってください。\n"));
		draw(&b, &styles[i]);
		km_buf_add(&b, KM_S("以上\n"));
		km_sv text = test_exact(b.p, b.n);
		assert_true(km_qr_may_be_drawn(text));
		if (km_qr_drawn_next(a, text, &at, &image) != KM_OK)
			fail_msg("%s: no drawing", styles[i].name);
		assert_int_equal(km_qr_read(a, &image, &codes), KM_OK);
		if (codes.n != 1)
			fail_msg("%s: %zu codes", styles[i].name, codes.n);
		test_sv_is(codes.text[0], "https://qr.example/a", styles[i].name);
		assert_int_equal(km_qr_drawn_next(a, text, &at, &image), KM_NOTFOUND);
		assert_int_equal(at, text.n);
		test_drop(text);
		km_arena_free(a);
	}
}

static void test_two(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(8 << 20);
	km_image image;
	km_buf b;
	size_t at = 0, n = 0;

	km_buf_init(&b, a, 1 << 16);
	draw(&b, &styles[0]);
	km_buf_add(&b, KM_S("\nor\n"));
	draw(&b, &styles[0]);
	while (km_qr_drawn_next(a, km_buf_sv(&b), &at, &image) == KM_OK)
		n++;
	assert_int_equal(n, 2);
	km_arena_free(a);
}

static const struct {
	const char *name, *unit;
	size_t times;
	bool may;
} none[] = {
	{ "text", "こんにちは\n", 40, false },
	{ "bullets", "■ お知らせ\n", 40, true },
	{ "a bar", "████████████████████████████████\n", 3, true },
	{ "too narrow", "██████\n", 40, true },
	{ "too wide",
	  "████████████████████████████████████████████████████████████████████████"
	  "████████████████████████████████████████████████████████████████████████"
	  "████████████████████████████████████████████████████████████████████████"
	  "██████████████████████████████████████████████\n",
	  20, true },
	{ "spaces", "                                             \n", 40, false },
};

static void test_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(none); i++) {
		km_arena *a = km_arena_new(8 << 20);
		km_image image;
		km_buf b;
		size_t at = 0;

		km_buf_init(&b, a, 1 << 20);
		for (size_t k = 0; k < none[i].times; k++)
			km_buf_add(&b, km_sv_of(none[i].unit));
		if (km_qr_may_be_drawn(km_buf_sv(&b)) != none[i].may ||
		    km_qr_drawn_next(a, km_buf_sv(&b), &at, &image) != KM_NOTFOUND)
			fail_msg("%s", none[i].name);
		km_arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests_name("content/qr_drawn", tests, NULL, NULL);
}
