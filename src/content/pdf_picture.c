#include "content/pdf_picture.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"

enum { WIDEST = 32768, PLANES_MOST = 4 };

/* --- the dictionary --- */

/* What follows @key; empty when it is not there. */
static km_sv value_of(km_sv dictionary, km_sv key)
{
	for (size_t at = 0; (at = km_sv_find(dictionary, key, at)) < dictionary.n; at += key.n) {
		km_sv rest = km_sv_from(dictionary, at + key.n);
		if (rest.n && !km_is_alnum((unsigned char)rest.p[0]))
			return km_sv_trim(rest);
	}
	return (km_sv){ NULL, 0 };
}

/* What follows the last "7 0 obj". */
static km_sv own_part(km_sv dictionary)
{
	size_t from = 0, at = 0;

	while ((at = km_sv_find(dictionary, KM_S("obj"), at)) < dictionary.n)
		from = at += strlen("obj");
	return km_sv_from(dictionary, from);
}

static uint64_t number_of(km_sv dictionary, km_sv key, uint64_t otherwise)
{
	km_sv v = value_of(dictionary, key);
	uint64_t n;
	size_t digits = 0;

	while (digits < v.n && km_is_digit((unsigned char)v.p[digits]))
		digits++;
	return km_sv_u64(km_sv_sub(v, 0, digits), &n) ? n : otherwise;
}

/* Numbers for each point that a colour space has; 0: it does not say. */
static unsigned planes_of(km_sv dictionary)
{
	static const struct {
		km_sv space;
		unsigned planes;
	} spaces[] = { { KM_SV("/DeviceGray"), 1 }, { KM_SV("/CalGray"), 1 },
		       { KM_SV("/DeviceRGB"), 3 },  { KM_SV("/CalRGB"), 3 },
		       { KM_SV("/Lab"), 3 },	    { KM_SV("/DeviceCMYK"), 4 } };
	km_sv v = value_of(dictionary, KM_S("/ColorSpace"));

	if (number_of(dictionary, KM_S("/Colors"), 0))
		return (unsigned)number_of(dictionary, KM_S("/Colors"), 0);
	if (km_sv_starts(value_of(dictionary, KM_S("/ImageMask")), KM_S("true")) ||
	    km_sv_starts(v, KM_S("[/Indexed")) || km_sv_starts(v, KM_S("[ /Indexed")))
		return 1;
	if (km_sv_starts(v, KM_S("[")))
		v = km_sv_trim(km_sv_from(v, 1));
	for (size_t i = 0; i < KM_COUNT(spaces); i++)
		if (km_sv_starts(v, spaces[i].space))
			return spaces[i].planes;
	return 0;
}

/* --- samples --- */

typedef struct {
	unsigned width, height, bits, planes;
	bool predicted; /* a byte before each row tells of what (RFC 2083 section 6) */
	size_t row;	/* bytes of one, without that byte */
} shape;

/* The filters that are taken off the samples one after the other. */
typedef struct {
	bool ascii85, flate, jpeg, other;
} filters;

static filters filters_of(km_sv dictionary)
{
	static const struct {
		km_sv name, abbreviated;
		size_t field;
	} known[] = {
		{ KM_SV("/ASCII85Decode"), KM_SV("/A85"), offsetof(filters, ascii85) },
		{ KM_SV("/FlateDecode"), KM_SV("/Fl"), offsetof(filters, flate) },
		{ KM_SV("/DCTDecode"), KM_SV("/DCT"), offsetof(filters, jpeg) },
	};
	km_sv v = value_of(dictionary, KM_S("/Filter")), rest;
	filters f = { 0 };

	if (km_sv_starts(v, KM_S("[")))
		rest = km_sv_sub(v, 1, km_sv_chr(v, ']', 0));
	else
		rest = km_sv_sub(v, 0, km_sv_chr(v, '/', 1));
	for (size_t at = 0; (at = km_sv_chr(rest, '/', at)) < rest.n; at++) {
		bool *field = &f.other;
		for (size_t i = 0; i < KM_COUNT(known); i++)
			if (km_sv_starts(km_sv_from(rest, at), known[i].name) ||
			    km_sv_starts(km_sv_from(rest, at), known[i].abbreviated))
				field = (bool *)((char *)&f + known[i].field);
		*field = true;
	}
	return f;
}

/* ASCII85 (ISO 32000-1 section 7.4.3); stops at the first thing that is none. */
static km_sv ascii85(km_arena *a, km_sv in)
{
	unsigned char *out = km_alloc(a, in.n + 4);
	uint32_t group = 0;
	size_t n = 0, digits = 0;

	/* "z" is four bytes; there is room for as many as are usual. */
	for (size_t i = 0; out && i < in.n && n < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];
		if (c <= ' ')
			continue;
		if (c == 'z' && digits == 0)
			digits = 4;
		else if (c >= '!' && c <= 'u')
			group = group * 85 + (c - '!');
		else
			break;
		if (++digits < 5)
			continue;
		for (int shift = 24; shift >= 0; shift -= 8)
			out[n++] = (unsigned char)(group >> shift);
		group = 0;
		digits = 0;
	}
	return (km_sv){ (char *)out, out ? n : 0 };
}

typedef struct {
	z_stream z;
	bool packed;
	size_t *left;
	km_sv rest; /* of samples that are not packed */
} source;

/* The next @n bytes; false at the end of what there is or may be read. */
static bool take(source *s, uint8_t *to, size_t n)
{
	if (n > *s->left)
		return false;
	*s->left -= n;
	if (!s->packed) {
		if (s->rest.n < n)
			return false;
		memcpy(to, s->rest.p, n);
		s->rest = km_sv_from(s->rest, n);
		return true;
	}
	s->z.next_out = to;
	s->z.avail_out = (uInt)n;
	(void)inflate(&s->z, Z_NO_FLUSH);
	return s->z.avail_out == 0;
}

static uint8_t paeth(int left, int up, int corner)
{
	int p = left + up - corner;
	int by_left = abs(p - left), by_up = abs(p - up), by_corner = abs(p - corner);

	return (uint8_t)(by_left <= by_up && by_left <= by_corner ? left
			 : by_up <= by_corner			  ? up
								  : corner);
}

static void unpredict(uint8_t how, uint8_t *row, const uint8_t *above, size_t n, size_t step)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t left = i >= step ? row[i - step] : 0;
		uint8_t corner = i >= step ? above[i - step] : 0;
		uint8_t add = how == 1	 ? left
			      : how == 2 ? above[i]
			      : how == 3 ? (uint8_t)((left + above[i]) / 2)
			      : how == 4 ? paeth(left, above[i], corner)
					 : 0;
		row[i] = (uint8_t)(row[i] + add);
	}
}

static unsigned sample(const shape *s, const uint8_t *row, size_t i)
{
	unsigned most = (1u << s->bits) - 1;
	size_t bit = i * s->bits;

	if (s->bits == 8)
		return row[i];
	return (row[bit / 8] >> (8 - s->bits - bit % 8) & most) * 255 / most;
}

static unsigned grey_of(const shape *s, const uint8_t *row, size_t x)
{
	unsigned c[PLANES_MOST] = { 0 };

	for (unsigned i = 0; i < s->planes; i++)
		c[i] = sample(s, row, x * s->planes + i);
	if (s->planes < 3)
		return c[0];
	unsigned mean = (c[0] * 77 + c[1] * 151 + c[2] * 28) >> 8;
	if (s->planes == 3)
		return mean;
	return mean + c[3] >= 255 ? 0 : 255 - mean - c[3];
}

/* The darkest is black, the lightest white. */
static void stretch(km_image *image)
{
	size_t n = (size_t)image->width * image->height;
	unsigned low = 255, high = 0;

	for (size_t i = 0; i < n; i++) {
		low = image->grey[i] < low ? image->grey[i] : low;
		high = image->grey[i] > high ? image->grey[i] : high;
	}
	for (size_t i = 0; i < n && high > low; i++)
		image->grey[i] = (uint8_t)((image->grey[i] - low) * 255 / (high - low));
}

/* Row by row; each point of @out is the mean of @by times @by. Rows that are missing are white. */
static km_status read_rows(km_arena *a, const shape *s, source *from, unsigned by, km_image *out)
{
	size_t step = (s->planes * s->bits + 7) / 8;
	uint8_t *row = km_alloc(a, s->row + 1), *above = km_alloc0(a, s->row + 1);
	unsigned *sum = KM_NEW_ARRAY(a, unsigned, out->width);

	if (row == NULL || above == NULL || sum == NULL)
		return KM_LIMIT;
	memset(out->grey, 255, (size_t)out->width * out->height);
	for (unsigned y = 0; y < out->height * by; y++) {
		if (!take(from, row + !s->predicted, s->row + s->predicted))
			return y ? KM_OK : KM_SYNTAX;
		if (s->predicted)
			unpredict(row[0], row + 1, above + 1, s->row, step);
		for (unsigned x = 0; x < out->width * by; x++)
			sum[x / by] += grey_of(s, row + 1, x);
		if (y % by == by - 1)
			for (unsigned x = 0; x < out->width; x++) {
				out->grey[(size_t)(y / by) * out->width + x] =
					(uint8_t)(sum[x] / (by * by));
				sum[x] = 0;
			}
		uint8_t *other = above;
		above = row;
		row = other;
	}
	return KM_OK;
}

/* How many bytes there are in all; the stream is read through. */
static uint64_t count_bytes(const source *s)
{
	uint8_t room[4096];
	z_stream z = { .next_in = s->z.next_in, .avail_in = s->z.avail_in };
	uint64_t n = 0;
	int rc = Z_OK;

	if (!s->packed)
		return s->rest.n;
	if (inflateInit(&z) != Z_OK)
		return 0;
	for (z.avail_out = 0; rc == Z_OK && z.avail_out == 0 && n < *s->left;
	     n += sizeof(room) - z.avail_out) {
		z.next_out = room;
		z.avail_out = sizeof(room);
		rc = inflate(&z, Z_NO_FLUSH);
	}
	(void)inflateEnd(&z);
	*s->left -= n < *s->left ? n : *s->left;
	return n;
}

/* Of an unknown colour space the amount of data tells how many numbers make a point. */
static unsigned guess_planes(const shape *s, const source *from)
{
	uint64_t all = count_bytes(from) / s->height;

	for (unsigned planes = PLANES_MOST; planes > 1; planes--)
		if (all >= ((uint64_t)s->width * planes * s->bits + 7) / 8 + s->predicted)
			return planes;
	return 1;
}

static km_status read_samples(km_arena *a, shape *s, source *from, km_image *out)
{
	uint64_t pixels = (uint64_t)s->width * s->height;
	unsigned by = 1;

	if (s->planes == 0)
		s->planes = guess_planes(s, from);
	s->row = ((size_t)s->width * s->planes * s->bits + 7) / 8;
	while ((uint64_t)(s->width / by) * (s->height / by) > KM_MAX_RASTER_PIXELS)
		by++;
	*out = (km_image){ .width = s->width / by, .height = s->height / by, .pixels = pixels };
	if (out->width == 0 || out->height == 0)
		return KM_SYNTAX;
	out->grey = km_alloc(a, (size_t)out->width * out->height);
	if (out->grey == NULL)
		return KM_LIMIT;
	km_status st = read_rows(a, s, from, by, out);
	if (st == KM_OK)
		stretch(out);
	return st;
}

static bool read_shape(km_sv d, shape *s)
{
	uint64_t width = number_of(d, KM_S("/Width"), 0), height = number_of(d, KM_S("/Height"), 0);
	bool mask = km_sv_starts(value_of(d, KM_S("/ImageMask")), KM_S("true"));
	uint64_t bits = number_of(d, KM_S("/BitsPerComponent"), mask ? 1 : 8);
	uint64_t predictor = number_of(d, KM_S("/Predictor"), 1);

	if (width == 0 || height == 0 || width > WIDEST || height > WIDEST ||
	    (bits != 1 && bits != 2 && bits != 4 && bits != 8) || predictor == 2)
		return false;
	*s = (shape){ .width = (unsigned)width,
		      .height = (unsigned)height,
		      .bits = (unsigned)bits,
		      .planes = planes_of(d),
		      .predicted = predictor >= 10 };
	return s->planes <= PLANES_MOST;
}

km_status km_pdf_picture_read(km_arena *a, const km_pdf_picture *p, size_t *left, km_image *out)
{
	km_sv d = own_part(p->dictionary), bytes = p->packed;
	filters f;
	shape s;

	*out = (km_image){ 0 };
	f = filters_of(d);
	if (f.other || (f.jpeg && f.flate))
		return KM_NOTFOUND;
	if (f.ascii85)
		bytes = ascii85(a, bytes);
	if (f.jpeg)
		return km_image_read(a, bytes, out);
	if (!read_shape(d, &s))
		return KM_NOTFOUND;
	if ((uint64_t)s.width * s.height > KM_MAX_IMAGE_PIXELS)
		return KM_LIMIT;
	source from = { .packed = f.flate, .left = left, .rest = bytes };
	from.z.next_in = (Bytef *)(uintptr_t)bytes.p;
	from.z.avail_in = bytes.n < UINT32_MAX ? (uInt)bytes.n : UINT32_MAX;
	if (f.flate && inflateInit(&from.z) != Z_OK)
		return KM_LIMIT;
	km_status st = read_samples(a, &s, &from, out);
	if (f.flate)
		(void)inflateEnd(&from.z);
	return st;
}
