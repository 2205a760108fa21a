#include "cli/wrap.h"

#include <unicode/uchar.h>

#include "text/utf8.h"

static bool is_one_of(int32_t cp, km_sv set)
{
	for (size_t at = 0; at < set.n;)
		if (km_utf8_next(set, &at) == cp)
			return true;
	return false;
}

/* Japanese line breaking (JIS X 4051): what may not begin a line, and what may not end one. */
static bool never_first(int32_t cp)
{
	static const km_sv set = KM_SV("、。，．」』）】〕》〉・：；？！ー々…,.;:!?)]}%"
				       "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ");
	return is_one_of(cp, set);
}

static bool never_last(int32_t cp)
{
	static const km_sv set = KM_SV("「『（【〔《〈([{");
	return is_one_of(cp, set);
}

static unsigned width_of(int32_t cp)
{
	if (cp < 0x300)
		return cp >= ' ' || cp == KM_UTF8_BAD;
	if (U_GET_GC_MASK(cp) & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK))
		return 0;
	int width = u_getIntPropertyValue(cp, UCHAR_EAST_ASIAN_WIDTH);
	return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

size_t km_width(km_sv text)
{
	size_t width = 0;

	for (size_t at = 0; at < text.n;)
		width += width_of(km_utf8_next(text, &at));
	return width;
}

/* May a line end between @before and @after? */
static bool can_break(int32_t before, int32_t after)
{
	if (before == ' ')
		return after != ' ';
	if (width_of(before) < 2 && width_of(after) < 2)
		return false;
	return after != ' ' && !never_first(after) && !never_last(before);
}

/* Length of the longest start of @text that fits into @width columns, or of its first word. */
static size_t fit(km_sv text, size_t width)
{
	size_t used = 0, good = 0;
	int32_t before = ' ';

	for (size_t at = 0; at < text.n;) {
		size_t here = at;
		int32_t cp = km_utf8_next(text, &at);
		if (here && can_break(before, cp)) {
			if (used > width) /* the first word alone is too long */
				return here;
			good = here;
		}
		used += width_of(cp);
		if (used > width && good && cp != ' ')
			return good;
		before = cp;
	}
	return text.n;
}

static void new_line(km_buf *b, size_t indent)
{
	km_buf_fmt(b, "\n%*s", (int)indent, "");
}

void km_wrap(km_buf *b, km_sv text, size_t indent, size_t width)
{
	size_t room = width > indent + 10 ? width - indent : 10;
	km_sv line;
	bool first = true;

	while (km_sv_line(&text, &line)) {
		do {
			if (!first)
				new_line(b, indent);
			first = false;
			size_t n = fit(line, room);
			km_buf_add(b, km_sv_trim(km_sv_sub(line, 0, n)));
			line = km_sv_trim(km_sv_from(line, n));
		} while (line.n);
	}
}

/* Shown as it is, without taking over the terminal or turning the text around. */
static bool is_harmless(int32_t cp)
{
	if (cp < 0x80)
		return cp >= ' ' && cp != 0x7f;
	if (cp < 0xA0)
		return false;
	return !(U_GET_GC_MASK(cp) & (U_GC_CF_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK | U_GC_CN_MASK));
}

void km_show_safe(km_buf *b, km_sv bytes, bool lines)
{
	for (size_t at = 0; at < bytes.n;) {
		size_t start = at;
		int32_t cp = km_utf8_next(bytes, &at);
		if (is_harmless(cp) || (lines && (cp == '\n' || cp == '\t')))
			km_buf_add(b, km_sv_sub(bytes, start, at - start));
		else if (lines && cp == '\r' && at < bytes.n && bytes.p[at] == '\n')
			continue; /* a CRLF is one line end */
		else if (cp >= 0x80)
			km_buf_fmt(b, "\\u{%04X}", (unsigned)cp);
		else
			for (size_t i = start; i < at; i++)
				km_buf_fmt(b, "\\x%02X", (unsigned char)bytes.p[i]);
	}
}
