#include "mail/b64.h"

/* What a byte is: 0..63 its value; above that, one of these. */
enum { PAD = 64, WSP = 65, BAD = 66 };

static const uint8_t value[256] = {
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, WSP, WSP, BAD, BAD, WSP, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, WSP, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, 62,	BAD, BAD, BAD, 63,  52,	 53,  54,  55,	56,  57,
	58,  59,  60,  61,  BAD, BAD, BAD, PAD, BAD, BAD, BAD, 0,   1,	 2,   3,   4,	5,   6,
	7,   8,	  9,   10,  11,	 12,  13,  14,	15,  16,  17,  18,  19,	 20,  21,  22,	23,  24,
	25,  BAD, BAD, BAD, BAD, BAD, BAD, 26,	27,  28,  29,  30,  31,	 32,  33,  34,	35,  36,
	37,  38,  39,  40,  41,	 42,  43,  44,	45,  46,  47,  48,  49,	 50,  51,  BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD,
	BAD, BAD, BAD, BAD,
};

typedef struct {
	char *at, *end;
	uint32_t bits; /* of the group so far */
	unsigned n;    /* characters in the group, 0..3 */
	unsigned pads; /* '=' still welcome after the last group */
	bool padded;   /* the last group was ended by '=' */
} group;

/* Writes the whole bytes of an unfinished group. */
static bool flush(group *g)
{
	static const unsigned bytes[] = { 0, 0, 1, 2 };
	uint32_t bits = g->bits << (6 * (4 - g->n));

	for (unsigned i = 0; i < bytes[g->n]; i++) {
		if (g->at == g->end)
			return false;
		*g->at++ = (char)(bits >> (16 - 8 * i));
	}
	g->n = 0;
	g->bits = 0;
	return true;
}

static bool add_pad(group *g, km_b64_info *info)
{
	if (g->n == 0) {
		if (g->pads == 0)
			info->bad_padding = true;
		else
			g->pads--;
		return true;
	}
	if (g->n == 1) /* six bits are no byte */
		info->bad_padding = true;
	g->pads = g->n == 2 ? 1 : 0;
	g->padded = true;
	return flush(g);
}

static bool add_value(group *g, unsigned v, km_b64_info *info)
{
	if (g->padded)
		info->bad_padding = true;
	g->padded = false;
	g->pads = 0;
	g->bits = g->bits << 6 | v;
	if (++g->n < 4)
		return true;
	if (g->end - g->at < 3) {
		/* what still fits of the three bytes */
		for (int shift = 16; g->at < g->end; shift -= 8)
			*g->at++ = (char)(g->bits >> shift);
		g->n = 0;
		return false;
	}
	g->at[0] = (char)(g->bits >> 16);
	g->at[1] = (char)(g->bits >> 8);
	g->at[2] = (char)g->bits;
	g->at += 3;
	g->n = 0;
	g->bits = 0;
	return true;
}

/* Whole groups without anything between them; returns the input position after them. */
static const unsigned char *whole_groups(group *g, const unsigned char *p, const unsigned char *end)
{
	char *at = g->at;

	while (end - p >= 4 && g->end - at >= 3) {
		uint32_t a = value[p[0]], b = value[p[1]], c = value[p[2]], d = value[p[3]];
		if ((a | b | c | d) & 64)
			break;
		uint32_t bits = a << 18 | b << 12 | c << 6 | d;
		at[0] = (char)(bits >> 16);
		at[1] = (char)(bits >> 8);
		at[2] = (char)bits;
		at += 3;
		p += 4;
	}
	g->at = at;
	return p;
}

void km_b64_decode(km_sv in, km_buf *out, km_b64_info *info)
{
	size_t want = in.n / 4 * 3 + 3, room = out->max - out->n;
	bool fits = true;

	*info = (km_b64_info){ 0 };
	if (in.n == 0)
		return;
	const unsigned char *p = (const unsigned char *)in.p, *end = p + in.n;
	if (room == 0 || !km_buf_reserve(out, want < room ? want : room)) {
		info->truncated = true;
		return;
	}
	group g = { .at = out->p + out->n, .end = out->p + out->n + (want < room ? want : room) };
	while (fits && p < end) {
		if (g.n == 0 && !g.padded) {
			p = whole_groups(&g, p, end);
			if (p == end)
				break;
		}
		unsigned v = value[*p++];
		if (v < PAD)
			fits = add_value(&g, v, info);
		else if (v == PAD)
			fits = add_pad(&g, info);
		else if (v == BAD)
			info->junk++;
	}
	if (fits && g.n)
		info->bad_padding = true;
	if (fits)
		fits = flush(&g);
	info->bad_padding |= g.pads != 0;
	info->truncated = !fits;
	out->n = (size_t)(g.at - out->p);
}

size_t km_b64_size(km_sv in)
{
	size_t size = 0;

	for (size_t at = 0; at < in.n; at++) { /* one run between two '=' at a time */
		size_t end = km_sv_chr(in, '=', at), digits = 0;

		for (; at < end; at++)
			digits += value[(unsigned char)in.p[at]] < PAD;
		size += digits / 4 * 3 + (digits % 4 ? digits % 4 - 1 : 0);
	}
	return size;
}

void km_b64_encode(km_buf *out, km_sv v)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < v.n; i += 3) {
		size_t left = v.n - i;
		uint32_t x = (uint32_t)(unsigned char)v.p[i] << 16;
		if (left > 1)
			x |= (uint32_t)(unsigned char)v.p[i + 1] << 8;
		if (left > 2)
			x |= (unsigned char)v.p[i + 2];
		km_buf_byte(out, base64[x >> 18]);
		km_buf_byte(out, base64[x >> 12 & 63]);
		km_buf_byte(out, left > 1 ? base64[x >> 6 & 63] : '=');
		km_buf_byte(out, left > 2 ? base64[x & 63] : '=');
	}
}
