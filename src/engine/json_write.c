#include "engine/json_write.h"

#include <math.h>

#include "base/block.h"
#include "text/utf8.h"

/* How a byte is written: 0 as it is, 'u' by its number, else as a backslash and this letter. */
static const char escapes[256] = {
	[0 ... 7] = 'u', ['\b'] = 'b', ['\t'] = 't',	      ['\n'] = 'n', [0x0B] = 'u',
	['\f'] = 'f',	 ['\r'] = 'r', [0x0E ... 0x1F] = 'u', ['"'] = '"',  ['\\'] = '\\',
};

static void put(km_json_writer *w, const char *s)
{
	km_buf_add(w->out, km_sv_of(s));
}

/* What stands before a value. */
static void lead(km_json_writer *w, const char *key)
{
	km_buf *b = w->out;
	size_t n = key ? strlen(key) : 0, space = !w->compact;
	size_t all = (w->comma ? 1 + space : 0) + (key ? n + 3 + space : 0);
	bool comma = w->comma;

	w->comma = true;
	if (all == 0 || !km_buf_reserve(b, all))
		return;
	char *p = b->p + b->n;
	b->n += all;
	if (comma) {
		*p++ = ',';
		if (space)
			*p++ = ' ';
	}
	if (key == NULL)
		return;
	*p++ = '"';
	memcpy(p, key, n);
	p += n;
	*p++ = '"';
	*p++ = ':';
	if (space)
		*p = ' ';
}

void km_json_open(km_json_writer *w, const char *key, char bracket)
{
	lead(w, key);
	km_buf_byte(w->out, bracket);
	w->comma = false;
}

void km_json_close(km_json_writer *w, char bracket)
{
	km_buf_byte(w->out, bracket);
	w->comma = true;
}

static void put_escape(km_buf *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char u[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
	const char letter[] = { '\\', escapes[c] };

	if (escapes[c] == 'u')
		km_buf_add(out, (km_sv){ u, sizeof(u) });
	else
		km_buf_add(out, (km_sv){ letter, sizeof(letter) });
}

/* The bytes of a block that are not written as they are. */
static inline km_block escaped(km_block b)
{
	return (km_block)(b < ' ') | (km_block)(b == '"') | (km_block)(b == '\\');
}

/* Offset of the first such byte at or after @i, or v.n. */
static size_t next_escape(km_sv v, size_t i)
{
	for (; v.n - i >= KM_BLOCK; i += KM_BLOCK) {
		size_t at = km_block_first(escaped(km_block_load(v.p + i)));
		if (at < KM_BLOCK)
			return i + at;
	}
	while (i < v.n && !escapes[(unsigned char)v.p[i]])
		i++;
	return i;
}

/* @v is valid UTF-8. */
static void put_escaped(km_buf *out, km_sv v)
{
	for (size_t from = 0, at;; from = at + 1) {
		at = next_escape(v, from);
		km_buf_add(out, km_sv_sub(v, from, at - from));
		if (at == v.n)
			return;
		if (v.p[at])
			put_escape(out, (unsigned char)v.p[at]);
		else
			km_utf8_add(out, KM_REPLACEMENT);
	}
}

/* What most text is: ASCII as it is, at the beginning of @v. Gives how much of it there was. */
static size_t put_plain(km_buf *out, km_sv v)
{
	size_t i = 0, at = KM_BLOCK;

	if (!km_buf_reserve(out, v.n))
		return 0;
	char *p = out->p + out->n;
	for (; v.n - i >= KM_BLOCK && at == KM_BLOCK; i += at) {
		km_block b = km_block_load(v.p + i);
		km_block_store(p + i, b);
		at = km_block_first(escaped(b) | (km_block)(b >= 0x80));
	}
	if (v.n >= KM_BLOCK && i < v.n && at == KM_BLOCK) { /* the last block, some of it again */
		km_block b = km_block_load(v.p + v.n - KM_BLOCK);
		km_block_store(p + v.n - KM_BLOCK, b);
		at = km_block_first(escaped(b) | (km_block)(b >= 0x80));
		i = v.n - KM_BLOCK + at;
	}
	for (; i < v.n && at == KM_BLOCK; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (escapes[c] || c >= 0x80)
			break;
		p[i] = (char)c;
	}
	out->n += i;
	return i;
}

void km_json_sv(km_json_writer *w, const char *key, km_sv v)
{
	lead(w, key);
	km_buf_byte(w->out, '"');
	for (size_t at = v.n ? put_plain(w->out, v) : 0; at < v.n;) {
		size_t good = km_utf8_valid_prefix(km_sv_from(v, at));
		put_escaped(w->out, km_sv_sub(v, at, good));
		at += good;
		if (at == v.n)
			break;
		(void)km_utf8_next(v, &at);
		km_utf8_add(w->out, KM_REPLACEMENT);
	}
	km_buf_byte(w->out, '"');
}

void km_json_string(km_json_writer *w, const char *key, const char *s)
{
	if (s)
		km_json_sv(w, key, km_sv_of(s));
	else
		km_json_null(w, key);
}

void km_json_bool(km_json_writer *w, const char *key, bool x)
{
	lead(w, key);
	put(w, x ? "true" : "false");
}

void km_json_null(km_json_writer *w, const char *key)
{
	lead(w, key);
	put(w, "null");
}

/* @x with at least @least digits. */
static void put_digits(km_buf *out, uint64_t x, unsigned least)
{
	char text[20];
	size_t at = sizeof(text);

	while (x || sizeof(text) - at < least) {
		text[--at] = (char)('0' + x % 10);
		x /= 10;
	}
	km_buf_add(out, (km_sv){ text + at, sizeof(text) - at });
}

void km_json_integer(km_json_writer *w, const char *key, int64_t x)
{
	lead(w, key);
	if (x < 0)
		km_buf_byte(w->out, '-');
	put_digits(w->out, x < 0 ? -(uint64_t)x : (uint64_t)x, 1);
}

void km_json_number(km_json_writer *w, const char *key, double x, unsigned decimals)
{
	static const uint64_t scales[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
	const double most = 1e12;
	uint64_t scale = scales[decimals];

	lead(w, key);
	x = isfinite(x) ? fmax(-most, fmin(most, x)) : 0;
	int64_t scaled = llround(x * (double)scale);
	uint64_t size = scaled < 0 ? -(uint64_t)scaled : (uint64_t)scaled;
	if (scaled < 0)
		km_buf_byte(w->out, '-');
	put_digits(w->out, size / scale, 1);
	uint64_t rest = size % scale;
	while (decimals > 1 && rest % 10 == 0) {
		rest /= 10;
		decimals--;
	}
	km_buf_byte(w->out, '.');
	put_digits(w->out, rest, decimals ? decimals : 1);
}
