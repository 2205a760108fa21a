#include "content/qr_drawn.h"

#include "text/utf8.h"

/*
 * Units are as wide as a narrow character and half as high as a line, so that modules are squares
 * however they are drawn.
 */
enum {
	UNITS_LEAST = 21,
	UNITS_MOST = 256,
	LINES_LEAST = 11,
	LINES_MOST = 128,
	PIXELS = 3, /* of a unit */
	MARGIN = 4  /* units */
};

enum { UPPER = 1, LOWER = 2, WIDE = 4, NONE = 8 };

/* What a character covers of its place; NONE: it is no part of a drawing. */
static unsigned covers(int32_t c)
{
	static const struct {
		int32_t c;
		unsigned how;
	} cells[] = {
		{ ' ', 0 },
		{ 0xa0, 0 },
		{ 0x2588, UPPER | LOWER },
		{ 0x2580, UPPER },
		{ 0x2584, LOWER },
		{ 0x2591, 0 },
		{ 0x2592, 0 },
		{ 0x2593, UPPER | LOWER },
		{ 0x2007, 0 },
		{ 0x25a0, UPPER | LOWER | WIDE },
		{ 0x25a1, WIDE },
		{ 0x2b1b, UPPER | LOWER | WIDE },
		{ 0x2b1c, WIDE },
		{ 0x3000, WIDE },
	};

	for (size_t i = 0; i < KM_COUNT(cells); i++)
		if (cells[i].c == c)
			return cells[i].how;
	return NONE;
}

/* How many units wide @line is, when it is a line of a drawing; else 0. */
static size_t width_of(km_sv line)
{
	size_t units = 0;
	bool dark = false;

	for (size_t at = 0; at < line.n && units <= UNITS_MOST;) {
		unsigned how = covers(km_utf8_next(line, &at));
		if (how & NONE)
			return 0;
		units += how & WIDE ? 2 : 1;
		dark |= how & (UPPER | LOWER);
	}
	return dark && units <= UNITS_MOST ? units : 0;
}

static km_sv next_line(km_sv text, size_t *at)
{
	size_t from = *at, end = km_sv_chr(text, '\n', from);

	*at = end < text.n ? end + 1 : text.n;
	while (end > from && text.p[end - 1] == '\r')
		end--;
	return km_sv_sub(text, from, end - from);
}

static void fill(km_image *out, size_t x, size_t y, size_t units)
{
	for (size_t i = 0; i < PIXELS; i++)
		memset(out->grey + (y * PIXELS + i) * out->width + x * PIXELS, 0, units * PIXELS);
}

static void draw_line(km_image *out, km_sv line, size_t row)
{
	size_t x = MARGIN, y = MARGIN + 2 * row;

	for (size_t at = 0; at < line.n;) {
		unsigned how = covers(km_utf8_next(line, &at));
		size_t units = how & WIDE ? 2 : 1;
		if (how & UPPER)
			fill(out, x, y, units);
		if (how & LOWER)
			fill(out, x, y + 1, units);
		x += units;
	}
}

static km_status draw(km_arena *a, km_sv lines, size_t units, size_t n, km_image *out)
{
	*out = (km_image){ .width = (unsigned)(units + (size_t)2 * MARGIN) * PIXELS,
			   .height = (unsigned)(2 * n + (size_t)2 * MARGIN) * PIXELS };
	out->pixels = (uint64_t)out->width * out->height;
	out->grey = km_alloc(a, out->pixels);
	if (out->grey == NULL)
		return KM_LIMIT;
	memset(out->grey, 255, out->pixels);
	for (size_t at = 0, row = 0; row < n; row++)
		draw_line(out, next_line(lines, &at), row);
	return KM_OK;
}

bool km_qr_may_be_drawn(km_sv text)
{
	/* All of the drawn characters begin with these two bytes: U+2580 … U+25BF, U+2B00 … U+2B3F.
	 */
	for (size_t at = 0; (at = km_sv_chr(text, '\xe2', at)) + 1 < text.n; at++)
		if (text.p[at + 1] == '\x96' || text.p[at + 1] == '\xac')
			return true;
	return false;
}

km_status km_qr_drawn_next(km_arena *a, km_sv text, size_t *at, km_image *out)
{
	while (*at < text.n) {
		size_t from = *at, next = from, widest = 0, n = 0, width;
		while (next < text.n && n < LINES_MOST &&
		       (width = width_of(next_line(text, &next))) > 0) {
			n++;
			widest = width > widest ? width : widest;
			*at = next;
		}
		if (n == 0)
			*at = next;
		if (n >= LINES_LEAST && widest >= UNITS_LEAST)
			return draw(a, km_sv_from(text, from), widest, n, out);
	}
	return KM_NOTFOUND;
}
