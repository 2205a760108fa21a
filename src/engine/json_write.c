#include "engine/json_write.h"

#include <math.h>

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
	if (w->comma)
		put(w, w->compact ? "," : ", ");
	w->comma = true;
	if (key == NULL)
		return;
	km_buf_byte(w->out, '"');
	put(w, key);
	put(w, w->compact ? "\":" : "\": ");
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

/* @v is valid UTF-8. */
static void put_escaped(km_buf *out, km_sv v)
{
	size_t from = 0;

	for (size_t i = 0; i < v.n; i++) {
		if (!escapes[(unsigned char)v.p[i]])
			continue;
		km_buf_add(out, km_sv_sub(v, from, i - from));
		if (v.p[i])
			put_escape(out, (unsigned char)v.p[i]);
		else
			km_utf8_add(out, KM_REPLACEMENT);
		from = i + 1;
	}
	km_buf_add(out, km_sv_from(v, from));
}

void km_json_sv(km_json_writer *w, const char *key, km_sv v)
{
	lead(w, key);
	km_buf_byte(w->out, '"');
	for (size_t at = 0; at < v.n;) {
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
