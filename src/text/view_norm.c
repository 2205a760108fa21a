#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "text/view_text.h"

/*
 * Only what may change goes to ICU: runs of slow items, each with the item before it, in pieces cut
 * where ICU says that nothing joins. Marks are limited as in Unicode's stream-safe format (UAX 15,
 * section 13), so that a piece has a size.
 */
enum { PIECE = 64, PIECE_MAX = 256, MARKS_IN = 180, MARKS_OUT = 30, EXPANSION = 18 };

static bool reserve(km_text *t, size_t more)
{
	if (t->cap - t->n >= more)
		return true;
	size_t cap = t->cap + t->cap / 2 + more;
	km_item *v = reallocarray(t->v, cap, sizeof(*v));
	if (v == NULL)
		return false;
	t->v = v;
	t->cap = cap;
	return true;
}

static inline void push(km_text *t, km_item x)
{
	t->v[t->n++] = x;
	t->seen |= 1u << km_item_class(x);
	t->slow |= km_item_is(x, KM_VF_SLOW);
}

static bool is_styled(uint32_t cp)
{
	return (cp >= 0x1D400 && cp <= 0x1D7FF) || (cp >= 0x249C && cp <= 0x24E9) ||
	       (cp >= 0x1F110 && cp <= 0x1F149);
}

static void count_changes(km_view_stats *st, uint32_t cp)
{
	if (u_getIntPropertyValue((UChar32)cp, UCHAR_NFKC_QUICK_CHECK) != UNORM_NO)
		return;
	st->compat++;
	st->styled += is_styled(cp);
}

/* Items of @in from @at on that make one piece: filled into @u. */
static size_t take_piece(const UNormalizer2 *form, const km_text *in, size_t at, size_t end,
			 UChar *u, int32_t *n)
{
	size_t i = at, marks = 0;

	for (*n = 0; i < end && i - at < PIECE_MAX; i++) {
		UChar32 cp = (UChar32)km_item_cp(in->v[i]);
		if (i - at >= PIECE && unorm2_hasBoundaryBefore(form, cp))
			break;
		marks = u_getCombiningClass(cp) ? marks + 1 : 0;
		if (marks <= MARKS_IN)
			U16_APPEND_UNSAFE(u, *n, cp);
	}
	return i;
}

static void put_piece(km_text *out, const UChar *u, int32_t n, size_t *marks)
{
	for (int32_t i = 0; i < n;) {
		uint32_t cp = u[i++];
		if (U16_IS_LEAD(cp) && i < n)
			cp = (uint32_t)U16_GET_SUPPLEMENTARY(cp, u[i++]);
		/* ASCII counts as done when it is in lower case. */
		km_item x = km_item_of(cp < 0x80 ? km_lower((unsigned char)cp) : cp);
		bool mark = km_item_is(x, KM_VF_SLOW) && u_getCombiningClass((UChar32)cp);
		*marks = mark ? *marks + 1 : 0;
		if (*marks <= MARKS_OUT)
			push(out, x);
	}
}

/* Appends the items [at, end) of @in, normalised. */
static bool put_span(const UNormalizer2 *form, km_text *out, const km_text *in, size_t at,
		     size_t end)
{
	UChar from[PIECE_MAX * 2], to[PIECE_MAX * 2 * EXPANSION];
	size_t marks = 0;
	int32_t n;

	while (at < end) {
		UErrorCode st = U_ZERO_ERROR;
		at = take_piece(form, in, at, end, from, &n);
		int32_t m = unorm2_normalize(form, from, n, to, (int32_t)KM_COUNT(to), &st);
		if (!reserve(out, (size_t)(U_FAILURE(st) ? n : m)))
			return false;
		put_piece(out, U_FAILURE(st) ? from : to, U_FAILURE(st) ? n : m, &marks);
	}
	return true;
}

static bool normalise(const UNormalizer2 *form, km_text *out, const km_text *in, bool count)
{
	for (size_t i = 0; i < in->n;) {
		size_t from = i;
		while (i < in->n && !km_item_is(in->v[i], KM_VF_SLOW))
			i++;
		/* The last fast item may be joined by what comes. */
		size_t start = i < in->n && i > from ? i - 1 : i;
		if (!reserve(out, start - from))
			return false;
		for (size_t k = from; k < start; k++)
			push(out, in->v[k]);
		while (i < in->n && km_item_is(in->v[i], KM_VF_SLOW)) {
			if (count)
				count_changes(in->st, km_item_cp(in->v[i]));
			i++;
		}
		if (!put_span(form, out, in, start, i))
			return false;
	}
	return true;
}

bool km_text_normalise(km_text *t, km_form form)
{
	UErrorCode st = U_ZERO_ERROR;
	const UNormalizer2 *n2 = form == KM_FORM_NFKC ? unorm2_getNFKCInstance(&st)
						      : unorm2_getNFKCCasefoldInstance(&st);
	km_text out = *t;

	if (!t->slow)
		return true;
	if (U_FAILURE(st))
		return false;
	out.n = out.cap = 0;
	out.v = NULL;
	out.seen = 0;
	out.slow = false;
	if (!reserve(&out, t->n + PIECE) || !normalise(n2, &out, t, form == KM_FORM_NFKC)) {
		free(out.v);
		return false;
	}
	free(t->v);
	*t = out;
	return true;
}
