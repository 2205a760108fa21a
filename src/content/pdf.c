#include "content/pdf.h"

#include <zlib.h>

#include "base/buf.h"
#include "base/map.h"

enum { DICTIONARY_BYTES = 1024, STREAM_BYTES = 4 << 20, NAME_LONGEST = 16 };

typedef struct {
	km_arena *arena;
	km_pdf *out;
	km_sv *link;
	km_pdf_picture *picture;
	km_map seen;
	char *room;   /* for one stream at a time */
	size_t *left; /* bytes that may still be unpacked */
} reader;

static bool is_white(char c)
{
	return memchr("\0\t\n\f\r ", c, 6) != NULL;
}

static bool is_regular(char c)
{
	return !is_white(c) && memchr("()<>[]{}/%", c, 10) == NULL;
}

/* The name after the slash before @at, with its #XX as what they stand for; *at moves past it.
 * Empty when it is none of ours: those are short. */
static km_sv read_name(km_sv v, size_t *at, char out[NAME_LONGEST])
{
	size_t n = 0;

	for (; *at < v.n && is_regular(v.p[*at]); n++) {
		char c = v.p[*at];
		int high =
			c == '#' && *at + 2 < v.n ? km_hex_value((unsigned char)v.p[*at + 1]) : -1;
		int low = high >= 0 ? km_hex_value((unsigned char)v.p[*at + 2]) : -1;
		*at += low >= 0 ? 3 : 1;
		if (n < NAME_LONGEST)
			out[n] = low >= 0 ? (char)(high << 4 | low) : c;
	}
	return (km_sv){ out, n < NAME_LONGEST ? n : 0 };
}

/* --- strings (ISO 32000-1 section 7.3.4) --- */

/* "\n", "\053", "\" before a line end: what it stands for, or -1 for nothing. */
static int read_escape(km_sv v, size_t *at)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	char c = v.p[(*at)++];
	const char *known = memchr(from, c, sizeof(from) - 1);
	int code = 0;

	if (known)
		return to[known - from];
	if (c == '\r' && *at < v.n && v.p[*at] == '\n')
		(*at)++;
	if (c == '\r' || c == '\n')
		return -1;
	if (c < '0' || c > '7')
		return (unsigned char)c;
	(*at)--;
	for (int i = 0; i < 3 && *at < v.n && v.p[*at] >= '0' && v.p[*at] <= '7'; i++)
		code = code * 8 + (v.p[(*at)++] - '0');
	return code & 0xff;
}

static void read_literal(km_sv v, size_t *at, km_buf *out)
{
	size_t depth = 1;

	while (*at < v.n && !out->cut) {
		int c = (unsigned char)v.p[(*at)++];
		if (c == '(')
			depth++;
		if (c == ')' && --depth == 0)
			return;
		if (c == '\\' && *at < v.n)
			c = read_escape(v, at);
		if (c >= 0)
			km_buf_byte(out, (char)c);
	}
}

static void read_hex(km_sv v, size_t *at, km_buf *out)
{
	int half = -1;

	for (; *at < v.n && v.p[*at] != '>' && !out->cut; (*at)++) {
		int digit = km_hex_value((unsigned char)v.p[*at]);
		if (digit < 0)
			continue;
		if (half >= 0)
			km_buf_byte(out, (char)(half << 4 | digit));
		half = half >= 0 ? -1 : digit;
	}
	if (half >= 0)
		km_buf_byte(out, (char)(half << 4));
}

static void keep(reader *r, km_sv text)
{
	text = km_sv_trim(text);
	if (text.n == 0 || r->out->n == KM_MAX_PDF_LINKS || km_map_get(&r->seen, text))
		return;
	text = km_sv_dup(r->arena, text);
	void **slot = text.p ? km_map_put(&r->seen, text) : NULL;
	if (slot == NULL)
		return;
	*slot = r;
	r->link[r->out->n++] = text;
}

/* The string after /URI; /URI also names the kind of action, and then none follows. */
static void read_uri(reader *r, km_sv v, size_t *at)
{
	char room[KM_MAX_URL_BYTES];
	km_buf b = { .p = room, .cap = sizeof(room), .max = sizeof(room) };

	while (*at < v.n && is_white(v.p[*at]))
		(*at)++;
	if (*at == v.n || (v.p[*at] != '(' && v.p[*at] != '<'))
		return;
	if (v.p[(*at)++] == '(')
		read_literal(v, at, &b);
	else
		read_hex(v, at, &b);
	keep(r, km_buf_sv(&b));
}

/* --- objects --- */

static void read_objects(reader *r, km_sv v)
{
	static const km_sv actions[] = { KM_SV("JavaScript"), KM_SV("Launch") };
	char room[NAME_LONGEST];

	for (size_t at = 0; (at = km_sv_chr(v, '/', at)) < v.n;) {
		at++;
		km_sv name = read_name(v, &at, room);
		if (km_sv_eq(name, KM_S("URI")))
			read_uri(r, v, &at);
		else if (km_sv_eq(name, KM_S("Encrypt")))
			r->out->encrypted = true;
		for (size_t i = 0; i < KM_COUNT(actions); i++)
			r->out->active |= km_sv_eq(name, actions[i]);
	}
}

static km_sv unpack(reader *r, km_sv packed)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n };
	size_t max = *r->left < STREAM_BYTES ? *r->left : STREAM_BYTES;

	if (r->room == NULL)
		r->room = km_alloc(r->arena, STREAM_BYTES);
	if (r->room == NULL || max == 0 || packed.n > UINT32_MAX || inflateInit(&z) != Z_OK)
		return (km_sv){ NULL, 0 };
	z.next_out = (Bytef *)r->room;
	z.avail_out = (uInt)max;
	/* A damaged end does not undo what came before it. */
	if (inflate(&z, Z_FINISH) != Z_STREAM_END && z.avail_out == 0)
		km_limit_hit(&r->out->limits, KM_LIMIT_UNPACKED_BYTES);
	size_t n = max - z.avail_out;
	(void)inflateEnd(&z);
	*r->left -= n;
	return (km_sv){ r->room, n };
}

/* The dictionary before a stream says what is in it. */
static bool holds_objects(km_sv dictionary)
{
	return km_sv_find(dictionary, KM_S("/ObjStm"), 0) < dictionary.n &&
	       km_sv_find(dictionary, KM_S("/FlateDecode"), 0) < dictionary.n;
}

/* "/Subtype /Image", not "/ImageMask". */
static bool is_picture(km_sv dictionary)
{
	size_t at = km_sv_find(dictionary, KM_S("/Subtype"), 0) + strlen("/Subtype");
	km_sv image = KM_S("/Image");

	while (at < dictionary.n && is_white(dictionary.p[at]))
		at++;
	return km_sv_starts(km_sv_from(dictionary, at), image) &&
	       (at + image.n == dictionary.n || !is_regular(dictionary.p[at + image.n]));
}

static void keep_picture(reader *r, km_sv dictionary, km_sv packed)
{
	if (r->out->n_pictures == KM_MAX_PDF_PICTURES) {
		km_limit_hit(&r->out->limits, KM_LIMIT_PDF_PICTURES);
		return;
	}
	r->picture[r->out->n_pictures++] = (km_pdf_picture){ dictionary, packed };
}

/* Each stream from its start to the next "endstream"; the search goes on behind it. */
static void read_streams(reader *r, km_sv v)
{
	size_t n = 0, last = 0;

	for (size_t at = 0; (at = km_sv_find(v, KM_S("stream"), at)) < v.n; last = at) {
		size_t before = at - last < DICTIONARY_BYTES ? at - last : DICTIONARY_BYTES;
		km_sv dictionary = km_sv_sub(v, at - before, before);
		size_t from = at + strlen("stream");
		at = from;
		bool picture = is_picture(dictionary);
		if (km_sv_ends(dictionary, KM_S("end")) || !(picture || holds_objects(dictionary)))
			continue;
		if (!picture && n++ == KM_MAX_PDF_STREAMS) {
			km_limit_hit(&r->out->limits, KM_LIMIT_PDF_STREAMS);
			return;
		}
		from += from < v.n && v.p[from] == '\r';
		from += from < v.n && v.p[from] == '\n';
		at = km_sv_find(v, KM_S("endstream"), from);
		km_sv packed = km_sv_sub(v, from, at - from);
		if (picture)
			keep_picture(r, dictionary, packed);
		else
			read_objects(r, unpack(r, packed));
	}
}

km_status km_pdf_read(km_arena *a, km_sv bytes, size_t *left, km_pdf *out)
{
	reader r = { .arena = a, .out = out, .left = left };

	*out = (km_pdf){ 0 };
	r.link = KM_NEW_ARRAY(a, km_sv, KM_MAX_PDF_LINKS);
	r.picture = KM_NEW_ARRAY(a, km_pdf_picture, KM_MAX_PDF_PICTURES);
	if (r.link == NULL || r.picture == NULL)
		return KM_LIMIT;
	out->link = r.link;
	out->picture = r.picture;
	km_map_init(&r.seen, a, false);
	read_objects(&r, bytes);
	if (out->encrypted)
		out->n = 0;
	else
		read_streams(&r, bytes);
	return km_arena_full(a) ? KM_LIMIT : KM_OK;
}
