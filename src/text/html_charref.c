#include "text/html_charref.h"

#include "text/html_tables.h"

/* What the numbers 0x80 to 0x9F are taken for: windows-1252; 0 stays as it is. */
static const uint16_t windows_1252[32] = {
	0x20AC, 0,	0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,	0x017D, 0,	0,	0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,	0x017E, 0x0178,
};

static size_t put_utf8(char *p, uint32_t c)
{
	if (c < 0x80) {
		p[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (char)(0xC0 | c >> 6);
		p[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xE0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 0x3F));
		p[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	p[0] = (char)(0xF0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 0x3F));
	p[2] = (char)(0x80 | (c >> 6 & 0x3F));
	p[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

/* The numeric character reference end state. */
static uint32_t mend(km_html_tokenizer *t, uint32_t c)
{
	if (c == 0) {
		km_html_report(t, KM_HTML_ERROR_REF_NULL);
		return 0xFFFD;
	}
	if (c > 0x10FFFF) {
		km_html_report(t, KM_HTML_ERROR_REF_OUTSIDE_UNICODE);
		return 0xFFFD;
	}
	if (c >= 0xD800 && c <= 0xDFFF) {
		km_html_report(t, KM_HTML_ERROR_REF_SURROGATE);
		return 0xFFFD;
	}
	if ((c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE) {
		km_html_report(t, KM_HTML_ERROR_REF_NONCHARACTER);
		return c;
	}
	bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
	if (control && c != '\t' && c != '\n' && c != '\f')
		km_html_report(t, KM_HTML_ERROR_REF_CONTROL);
	if (c >= 0x80 && c <= 0x9F && windows_1252[c - 0x80])
		return windows_1252[c - 0x80];
	return c;
}

static km_html_ref numeric(km_html_tokenizer *t, km_sv v, size_t at, char store[4])
{
	size_t i = at + 2;
	bool hex = i < v.n && (v.p[i] | 0x20) == 'x';
	uint32_t c = 0;

	i += hex;
	size_t digits = i;
	for (; i < v.n; i++) {
		int d = km_hex_value((unsigned char)v.p[i]);
		if (d < 0 || (d > 9 && !hex))
			break;
		if (c <= 0x10FFFF)
			c = c * (hex ? 16 : 10) + (uint32_t)d;
	}
	if (i == digits) {
		km_html_report(t, KM_HTML_ERROR_NO_DIGITS);
		return (km_html_ref){ 0 };
	}
	if (i < v.n && v.p[i] == ';')
		i++;
	else
		km_html_report(t, KM_HTML_ERROR_MISSING_SEMICOLON);
	return (km_html_ref){ i - at, { store, put_utf8(store, mend(t, c)) } };
}

static const km_charref *find(const char *p, size_t n)
{
	for (uint32_t i = km_word_hash(p, n, 1, 0);; i++) {
		unsigned k = km_charref_slot[i & KM_CHARREF_MASK];
		if (k == 0)
			return NULL;
		const km_charref *r = &km_charrefs[k - 1];
		if (r->name_n == n && memcmp(r->name, p, n) == 0)
			return r;
	}
}

/* The longest name of the table that begins at @p; @run letters and digits are there. */
static const km_charref *longest(const char *p, size_t run, bool semicolon)
{
	const km_charref *r = NULL;

	if (semicolon && run < KM_CHARREF_LONGEST)
		r = find(p, run + 1);
	if (run > KM_CHARREF_LONGEST_BARE)
		run = KM_CHARREF_LONGEST_BARE;
	for (; r == NULL && run > 1; run--)
		r = find(p, run);
	return r;
}

km_html_ref km_html_charref(km_html_tokenizer *t, km_sv v, size_t at, bool in_attribute,
			    char store[4])
{
	size_t i = at + 1;

	if (i < v.n && v.p[i] == '#')
		return numeric(t, v, at, store);
	/* A run longer than any name needs not be read to its end to know that it is none. */
	while (i < v.n && i <= at + KM_CHARREF_LONGEST && km_is_alnum((unsigned char)v.p[i]))
		i++;
	size_t run = i - at - 1;
	bool semicolon = i < v.n && v.p[i] == ';';
	const km_charref *r = run > 0 ? longest(v.p + at + 1, run, semicolon) : NULL;
	if (r == NULL) {
		while (i < v.n && km_is_alnum((unsigned char)v.p[i]))
			i++;
		if (run > 0 && i < v.n && v.p[i] == ';')
			km_html_report(t, KM_HTML_ERROR_UNKNOWN_REF);
		return (km_html_ref){ 0 };
	}
	size_t end = at + 1 + r->name_n;
	if (r->name[r->name_n - 1] != ';') {
		if (in_attribute && end < v.n &&
		    (v.p[end] == '=' || km_is_alnum((unsigned char)v.p[end])))
			return (km_html_ref){ 0 };
		km_html_report(t, KM_HTML_ERROR_MISSING_SEMICOLON);
	}
	return (km_html_ref){ end - at, { r->text, r->text_n } };
}
