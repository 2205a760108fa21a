/* BMP: a header, a palette, and the pixels as they are (BITMAPINFOHEADER and later). */
#include "content/image_kinds.h"

enum { FILE_HEADER = 14, INFO_HEADER = 40, UNPACKED = 0, BY_MASKS = 3 };

static uint32_t le(km_sv v, size_t at, size_t n)
{
	uint32_t x = 0;

	for (size_t i = n; i-- > 0;)
		x = x << 8 | (uint8_t)v.p[at + i];
	return x;
}

typedef struct {
	km_sv bytes;
	size_t pixels; /* where they begin */
	size_t pitch;  /* bytes of a line */
	unsigned bits; /* of a pixel */
	bool from_top;
	uint8_t shade[256];
} bitmap;

static bool read_palette(bitmap *b)
{
	size_t at = FILE_HEADER + le(b->bytes, FILE_HEADER, 4);
	size_t n = le(b->bytes, FILE_HEADER + 32, 4);

	if (n == 0 || n > (size_t)1 << b->bits)
		n = (size_t)1 << b->bits;
	for (size_t i = 0; i < n; i++, at += 4) {
		if (at > b->bytes.n || b->bytes.n - at < 4)
			return false;
		const uint8_t *c = (const uint8_t *)b->bytes.p + at;
		b->shade[i] = km_image_grey(c[2], c[1], c[0]);
	}
	return true;
}

static uint8_t pixel(const bitmap *b, const uint8_t *row, size_t x)
{
	const uint8_t *c = row + x * b->bits / 8;

	if (b->bits >= 24)
		return km_image_grey(c[2], c[1], c[0]);
	unsigned shift = 8 - b->bits - (unsigned)(x * b->bits % 8);
	return b->shade[*c >> shift & ((1u << b->bits) - 1)];
}

static bool has_lines(const bitmap *b, uint64_t height)
{
	return b->pixels <= b->bytes.n && height <= (b->bytes.n - b->pixels) / b->pitch;
}

km_status km_image_bmp(km_arena *a, km_sv bytes, km_image *out)
{
	bitmap b = { .bytes = bytes };

	if (bytes.n < FILE_HEADER + INFO_HEADER || le(bytes, FILE_HEADER, 4) < INFO_HEADER)
		return KM_NOTFOUND;
	int32_t width = (int32_t)le(bytes, FILE_HEADER + 4, 4);
	int64_t height = (int32_t)le(bytes, FILE_HEADER + 8, 4);
	uint32_t packing = le(bytes, FILE_HEADER + 16, 4);
	b.bits = le(bytes, FILE_HEADER + 14, 2);
	b.pixels = le(bytes, 10, 4);
	b.from_top = height < 0;
	height = height < 0 ? -height : height;
	if (width <= 0 || height <= 0 || !(packing == UNPACKED || packing == BY_MASKS) ||
	    !(b.bits == 1 || b.bits == 4 || b.bits == 8 || b.bits == 24 || b.bits == 32))
		return KM_NOTFOUND;
	b.pitch = ((size_t)width * b.bits + 31) / 32 * 4;
	if (!has_lines(&b, (uint64_t)height) || (b.bits <= 8 && !read_palette(&b)))
		return KM_SYNTAX;
	km_status st = km_image_room(a, (uint64_t)width, (uint64_t)height, out);
	for (size_t y = 0; st == KM_OK && y < out->height; y++) {
		size_t line = b.from_top ? y : out->height - 1 - y;
		const uint8_t *row = (const uint8_t *)bytes.p + b.pixels + line * b.pitch;
		for (size_t x = 0; x < out->width; x++)
			out->grey[y * out->width + x] = pixel(&b, row, x);
	}
	return st;
}
