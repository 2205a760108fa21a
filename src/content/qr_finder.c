#include "content/qr_finder.h"

#include <limits.h>
#include <stdlib.h>

enum {
	MODULES = 7,
	RUNS = 5,   /* of dark and light, along a line through a corner's middle */
	PLACES = 24 /* that are weighed; with more, look closely */
};

typedef struct {
	unsigned x, y, reach; /* to its edge */
} place;

typedef struct {
	const km_image *image;
	int swing;
	unsigned most; /* pixels from a middle to where its corner ends, at most */
	place place[PLACES];
	size_t n;
} search;

static inline bool same8(const uint8_t *p, int shade)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v == 0x0101010101010101u * (unsigned)shade;
}

/*
 * How many of @n pixels, @step bytes apart, are @dark, or light, from @p on. One kind ends where
 * the shade has come back from its extreme by @swing, so that it does not matter how bright the
 * picture is, and little how blurred.
 */
static inline unsigned run(const uint8_t *p, ptrdiff_t step, unsigned n, int swing, bool dark)
{
	int extreme = *p;
	unsigned i = 1;

	while (i < n) {
		while (step == 1 && i + 8 <= n && same8(p + i, extreme))
			i += 8;
		if (i == n)
			break;
		int shade = p[(ptrdiff_t)i * step];
		if ((dark ? shade - extreme : extreme - shade) >= swing)
			break;
		if (dark ? shade < extreme : shade > extreme)
			extreme = shade;
		i++;
	}
	return i;
}

/* Two neighbours together are less moved by how blurred an edge is than each alone. */
static bool fits(const unsigned width[RUNS])
{
	static const unsigned char modules[RUNS - 1] = { 2, 4, 4, 2 };
	unsigned all = width[0] + width[1] + width[2] + width[3] + width[4];

	if (all < MODULES)
		return false;
	for (size_t i = 0; i < KM_COUNT(modules); i++) {
		int64_t off =
			(int64_t)(width[i] + width[i + 1]) * MODULES - (int64_t)all * modules[i];
		if (llabs(off) * 20 > (int64_t)all * 17) /* .85 of a module */
			return false;
	}
	return true;
}

typedef struct {
	int dx, dy;
} way;

/* Pixels from (@x, @y) on to the edge of the picture. */
static unsigned room(const km_image *im, unsigned x, unsigned y, way w)
{
	unsigned across = w.dx > 0 ? im->width - x : w.dx < 0 ? x + 1 : UINT_MAX;
	unsigned down = w.dy > 0 ? im->height - y : w.dy < 0 ? y + 1 : UINT_MAX;

	return across < down ? across : down;
}

/* From the middle of a corner to the end of it, and of the two runs after it; false when that is
 * not near. */
static bool leave(const search *s, unsigned x, unsigned y, way w, bool dark, unsigned width[3])
{
	const km_image *im = s->image;
	const uint8_t *p = im->grey + (size_t)y * im->width + x;
	ptrdiff_t step = w.dx + w.dy * (ptrdiff_t)im->width;
	unsigned n = room(im, x, y, w);
	bool far = n > s->most;

	n = far ? s->most : n;
	for (size_t i = 0; i < 3; i++, dark = !dark) {
		width[i] = n ? run(p, step, n, s->swing, dark) : 0;
		p += (ptrdiff_t)width[i] * step;
		n -= width[i];
	}
	return n || !far;
}

/* Through a middle, to both sides; *off is how far the true middle is from (@x, @y), in steps. */
static bool fits_along(const search *s, unsigned x, unsigned y, way w, bool dark, int *off)
{
	unsigned on[3], back[3];

	if (!leave(s, x, y, w, dark, on) || !leave(s, x, y, (way){ -w.dx, -w.dy }, dark, back))
		return false;
	*off = ((int)on[0] - (int)back[0]) / 2;
	return fits((const unsigned[]){ back[2], back[1], back[0] + on[0] - 1, on[1], on[2] });
}

/* A corner's squares have one middle: every line through it meets them in the same proportions. */
static bool is_corner(const search *s, unsigned x, unsigned *y, bool dark)
{
	static const way others[] = { { 1, 0 }, { 1, 1 }, { 1, -1 } };
	int off;

	if (!fits_along(s, x, *y, (way){ 0, 1 }, dark, &off))
		return false;
	*y = (unsigned)((int)*y + off);
	for (size_t i = 0; i < KM_COUNT(others); i++)
		if (!fits_along(s, x, *y, others[i], dark, &off))
			return false;
	return true;
}

static double square(const place *a, const place *b)
{
	double dx = (double)a->x - b->x, dy = (double)a->y - b->y;

	return dx * dx + dy * dy;
}

/* Whether @a can lie between @b and @c: like them in size, at a right angle, as far from both; all
 * of it roughly, as one sees it who stands beside. */
static bool is_between(const place *a, const place *b, const place *c)
{
	double ab = square(a, b), ac = square(a, c), bc = square(b, c), apart = 3.0 * a->reach;
	unsigned least = a->reach < b->reach ? a->reach : b->reach,
		 most = a->reach > b->reach ? a->reach : b->reach;

	least = least < c->reach ? least : c->reach;
	most = most > c->reach ? most : c->reach;
	return most <= 2 * least + 2 && ab >= apart * apart && ac >= apart * apart &&
	       ab <= 3 * ac && ac <= 3 * ab && bc >= .5 * (ab + ac) && bc <= 1.5 * (ab + ac);
}

/* The last place, with two others. */
static bool completes(const search *s)
{
	const place *p = s->place, *last = &p[s->n - 1];

	for (const place *a = p; a < last; a++)
		for (const place *b = p; b < a; b++)
			if (is_between(last, a, b) || is_between(a, last, b) ||
			    is_between(b, last, a))
				return true;
	return s->n == PLACES;
}

/* True when it makes a code likely. */
static bool add(search *s, unsigned x, unsigned y, unsigned reach)
{
	for (size_t i = 0; i < s->n; i++) {
		const place *p = &s->place[i];
		unsigned dx = x > p->x ? x - p->x : p->x - x, dy = y > p->y ? y - p->y : p->y - y;
		if (dx <= p->reach && dy <= p->reach)
			return false;
	}
	s->place[s->n++] = (place){ x, y, reach };
	return completes(s);
}

/* Whether the first of @n pixels are dark: what comes next tells. */
static bool begins_dark(const uint8_t *p, unsigned n, int swing)
{
	unsigned i = run(p, 1, n, swing, true), k = run(p, 1, n, swing, false);

	return i < k;
}

static bool search_row(search *s, unsigned y)
{
	const uint8_t *row = s->image->grey + (size_t)y * s->image->width;
	unsigned n = s->image->width, width[RUNS] = { 0 }, runs = 0;
	bool dark = begins_dark(row, n, s->swing);

	for (unsigned at = 0; at < n; dark = !dark) {
		memmove(width, width + 1, sizeof(width) - sizeof(width[0]));
		width[4] = run(row + at, 1, n - at, s->swing, dark);
		at += width[4];
		if (++runs < RUNS || !fits(width))
			continue;
		unsigned x = at - width[4] - width[3] - width[2] / 2 - 1, middle = y;
		s->most = 2 * (at - x); /* or pictures made for it would take for ever */
		if (is_corner(s, x, &middle, dark) && add(s, x, middle, at - x))
			return true;
	}
	return false;
}

bool km_qr_likely(const km_image *image)
{
	/* A little for pale codes, much for those between which there is noise. */
	static const int swings[] = { 12, 56 };
	enum { LARGE = 512 * 512 }; /* there, codes are not that small: see qr.c */
	search s = { .image = image };
	unsigned step = (uint64_t)image->width * image->height > LARGE ? 4 : 2;

	for (size_t i = 0; i < KM_COUNT(swings); i++) {
		s.swing = swings[i];
		for (unsigned y = 0; y < image->height; y += step)
			if (search_row(&s, y))
				return true;
	}
	return false;
}
