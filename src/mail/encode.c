#include "mail/encode.h"

#include "mail/b64.h"
#include "text/utf8.h"

enum {
	LINE_MAX_COLUMN = 75,
	WORD_BYTES = 45, /* of UTF-8: an encoded-word of 72 characters */
	WORD_FRAME = 12	 /* what stands around an encoded-word's text */
};

static bool is_plain(km_sv v)
{
	if (km_ascii_prefix(v) < v.n)
		return false;
	/* What looks like an encoded-word must be encoded, or it would be read as one. */
	return km_sv_find(v, KM_S("=?"), 0) == v.n;
}

static void fold(km_buf *out, size_t *column, const char *eol)
{
	km_buf_add(out, km_sv_of(eol));
	km_buf_byte(out, '\t');
	*column = 8;
}

/* ASCII words, folded between them. */
static void add_plain(km_buf *out, km_sv text, size_t column, const char *eol)
{
	bool first = true;

	while (text.n) {
		size_t end = 0;
		while (end < text.n && (unsigned char)text.p[end] > ' ')
			end++;
		km_sv word = km_sv_sub(text, 0, end);
		text = km_sv_from(text, end < text.n ? end + 1 : end);
		if (word.n == 0)
			continue;
		if (!first && column + 1 + word.n > LINE_MAX_COLUMN) {
			fold(out, &column, eol);
		} else if (!first) {
			km_buf_byte(out, ' ');
			column++;
		}
		for (size_t i = 0; i < word.n; i++)
			km_buf_byte(out, word.p[i] == 0x7f ? '?' : word.p[i]);
		column += word.n;
		first = false;
	}
}

/* Bytes of text that an encoded-word beginning at @column may hold. */
static size_t word_bytes(size_t column)
{
	size_t room =
		column + WORD_FRAME < LINE_MAX_COLUMN ? LINE_MAX_COLUMN - column - WORD_FRAME : 0;
	size_t n = room / 4 * 3;

	return n < WORD_BYTES ? n : WORD_BYTES;
}

static void add_words(km_buf *out, km_sv text, size_t column, const char *eol)
{
	char clean[WORD_BYTES];
	bool first = true;

	while (text.n) {
		km_sv piece = km_utf8_cut(text, first ? word_bytes(column) : WORD_BYTES);
		if (!first || piece.n == 0)
			fold(out, &column, eol);
		if (piece.n == 0)
			piece = km_utf8_cut(text, WORD_BYTES);
		if (piece.n == 0)
			break;
		text = km_sv_from(text, piece.n);
		for (size_t i = 0; i < piece.n; i++)
			clean[i] = (unsigned char)piece.p[i] < ' ' ? ' ' : piece.p[i];
		km_buf_add(out, KM_S("=?UTF-8?B?"));
		km_b64_encode(out, (km_sv){ clean, piece.n });
		km_buf_add(out, KM_S("?="));
		first = false;
	}
}

void km_header_encode(km_buf *out, km_sv text, size_t column, const char *eol)
{
	text = km_sv_trim(text);
	if (is_plain(text))
		add_plain(out, text, column, eol);
	else
		add_words(out, text, column, eol);
}
