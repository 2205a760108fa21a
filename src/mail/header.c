#include "mail/header.h"

#include "base/block.h"
#include "mail/encword.h"

/*
 * Lines end at LF; any CR before it belongs to the line end. In a section without any LF they end
 * at CR. In a section with LF a lone CR ends a line only where a field name and a colon follow:
 * some readers would see a field there, so it is shown.
 */
typedef struct {
	const char *p;	/* the message */
	size_t at, end; /* still to be read */
	size_t eol;	/* the line end at or after `at`, or `end`; looked for only once */
	size_t text;	/* end of the bytes before it, CRs left out */
	char eol_byte;
	bool crlf; /* there was a CRLF */
} reader;

typedef struct {
	km_sv text;  /* without the line end */
	size_t next; /* where the following line starts */
	unsigned odd;
} line;

typedef enum { LINE_EMPTY, LINE_FOLD, LINE_FIELD, LINE_WEAK, LINE_NONE } line_kind;

/* Bytes of a field name (RFC 5322 section 3.6.8). */
static const bool is_name_byte[256] = { ['!' ... '9'] = true, [';' ... '~'] = true };

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

/* Offset of the colon after a proper field name at the start of @v, or 0. */
static size_t find_colon(km_sv v)
{
	size_t i = 0;

	while (i < v.n && is_name_byte[(unsigned char)v.p[i]])
		i++;
	if (i == 0)
		return 0;
	while (i < v.n && is_blank((unsigned char)v.p[i]))
		i++;
	return i < v.n && v.p[i] == ':' ? i : 0;
}

static void find_eol(reader *r)
{
	const char *hit = memchr(r->p + r->at, r->eol_byte, r->end - r->at);

	r->eol = hit ? (size_t)(hit - r->p) : r->end;
	r->text = r->eol;
	if (r->eol_byte == '\r')
		return;
	while (r->text > r->at && r->p[r->text - 1] == '\r')
		r->text--;
}

/* Cuts @l at the first lone CR that a field follows. */
static void cut_at_cr(const reader *r, line *l)
{
	const char *end = l->text.p + l->text.n, *cr = l->text.p;

	while (cr < end && (cr = memchr(cr, '\r', (size_t)(end - cr))) != NULL) {
		l->odd |= KM_HDR_BARE_CR;
		cr++;
		if (find_colon((km_sv){ cr, (size_t)(end - cr) })) {
			l->text.n = (size_t)(cr - 1 - l->text.p);
			while (l->text.n && l->text.p[l->text.n - 1] == '\r')
				l->text.n--;
			l->next = (size_t)(cr - r->p);
			return;
		}
	}
}

static bool next_line(reader *r, line *l)
{
	if (r->at >= r->end)
		return false;
	if (r->eol < r->at || r->eol == SIZE_MAX)
		find_eol(r);
	l->text = (km_sv){ r->p + r->at, r->text - r->at };
	l->next = r->eol < r->end ? r->eol + 1 : r->end;
	size_t crs = r->eol - r->text;
	bool ended = r->eol < r->end, lf = r->eol_byte == '\n';
	l->odd = (ended && !lf) || crs > 1 ? KM_HDR_BARE_CR : 0;
	if (ended && lf && crs == 0)
		l->odd |= KM_HDR_BARE_LF;
	r->crlf |= crs != 0;
	if (lf)
		cut_at_cr(r, l);
	return true;
}

/* *colon: where the one behind the name of a field is. */
static line_kind kind_of(km_sv v, size_t *colon)
{
	size_t i = 0;

	if (v.n == 0)
		return LINE_EMPTY;
	if (is_blank((unsigned char)v.p[0]))
		return LINE_FOLD;
	*colon = find_colon(v);
	if (*colon)
		return LINE_FIELD;
	while (i < v.n && v.p[i] != ':' && !is_blank((unsigned char)v.p[i]))
		i++;
	*colon = i;
	return i > 0 && i < v.n && v.p[i] == ':' ? LINE_WEAK : LINE_NONE;
}

/* Bytes that are not printable ASCII, nor a tab. */
static inline km_block odd_block(const char *p)
{
	km_block b = km_block_load(p);

	return (km_block)(b - 0x20 > 0x5e) & (km_block)(b != '\t');
}

/* True when all of a line of one block or more is printable; the last block may overlap. */
static bool is_plain(km_sv v)
{
	km_block any = odd_block(v.p + v.n - KM_BLOCK);

	for (size_t i = 0; i + KM_BLOCK < v.n; i += KM_BLOCK)
		any |= odd_block(v.p + i);
	return km_block_first(any) == KM_BLOCK;
}

static unsigned odd_bytes(km_sv v)
{
	unsigned odd = v.n > 998 ? KM_HDR_LONG_LINE : 0;

	/* Nearly every line is. */
	if (v.n >= KM_BLOCK && is_plain(v))
		return odd;
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (c >= 0x80)
			odd |= KM_HDR_8BIT;
		else if (c == '\0')
			odd |= KM_HDR_NUL;
		else if (c == 0x7f || (c < ' ' && c != '\t' && c != '\r'))
			odd |= KM_HDR_CONTROL;
	}
	return odd;
}

/* The section being read. */
typedef struct {
	km_arena *arena;
	km_header *h; /* room for `cap` */
	size_t n, cap;
	size_t start;  /* of the section in the message */
	bool any;      /* a field was seen, kept or not */
	bool dropping; /* over a limit: fields are no longer kept */
	km_status st;
	km_headers *out;
} section;

static bool has_room(section *s, const char *base, const line *l)
{
	size_t used = (size_t)(l->text.p - base) - s->start;

	if (!s->dropping && (s->n >= KM_MAX_HEADER_FIELDS || used >= KM_MAX_HEADER_BYTES)) {
		s->dropping = true;
		km_limit_hit(&s->out->limits, used >= KM_MAX_HEADER_BYTES ? KM_LIMIT_HEADER_BYTES
									  : KM_LIMIT_HEADER_FIELDS);
	}
	if (s->dropping || s->n < s->cap)
		return !s->dropping;
	size_t cap = s->cap ? s->cap * 2 : 32;
	km_header *h = km_arena_grow(s->arena, s->h, s->cap * sizeof(*h), cap * sizeof(*h));
	if (h == NULL) {
		s->dropping = true;
		s->st = KM_LIMIT;
		return false;
	}
	s->h = h;
	s->cap = cap;
	return true;
}

/* Cuts @raw to what the section may still hold. */
static km_sv within_limit(section *s, const char *base, km_sv raw)
{
	const char *stop = base + s->start;

	if ((size_t)(raw.p + raw.n - stop) > KM_MAX_HEADER_BYTES) {
		km_limit_hit(&s->out->limits, KM_LIMIT_HEADER_BYTES);
		size_t before = (size_t)(raw.p - stop);
		raw.n = before < KM_MAX_HEADER_BYTES ? KM_MAX_HEADER_BYTES - before : 0;
	}
	return raw;
}

static void add_field(section *s, const char *base, const line *l, line_kind kind, size_t colon)
{
	s->any = true;
	if (!has_room(s, base, l))
		return;
	km_header *h = &s->h[s->n++];
	size_t name = colon;

	while (name > 0 && is_blank((unsigned char)l->text.p[name - 1]))
		name--;
	*h = (km_header){
		.name = km_sv_sub(l->text, 0, name),
		.raw = within_limit(s, base, km_sv_from(l->text, colon ? colon + 1 : 0)),
		.offset = (size_t)(l->text.p - base),
		.odd = l->odd | odd_bytes(l->text),
	};
	if (name < colon)
		h->odd |= KM_HDR_SPACE_COLON;
	if (kind == LINE_WEAK)
		h->odd |= KM_HDR_NAME_BAD;
	if (kind == LINE_NONE)
		h->odd |= KM_HDR_NO_COLON;
}

static void continue_field(section *s, const char *base, const line *l)
{
	if (s->dropping)
		return;
	km_header *h = &s->h[s->n - 1];

	h->raw.n = (size_t)(l->text.p + l->text.n - h->raw.p);
	h->raw = within_limit(s, base, h->raw);
	h->odd |= l->odd | odd_bytes(l->text) | KM_HDR_FOLDED;
	if (km_sv_trim(l->text).n == 0)
		h->odd |= KM_HDR_BLANK_FOLD;
}

/*
 * A line that is no field ends the section, unless a proper field follows it at once: then it is
 * more likely a field that lost its indentation. Something like a boundary always ends it.
 */
static bool goes_on(const reader *r, const line *l)
{
	reader ahead = *r;
	line next;
	size_t colon;

	ahead.at = l->next;
	return !km_sv_starts(l->text, KM_S("--")) && next_line(&ahead, &next) &&
	       kind_of(next.text, &colon) == LINE_FIELD;
}

static bool is_mbox_from(km_sv v)
{
	return km_sv_starts(v, KM_S("From ")) || km_sv_starts(v, KM_S(">From "));
}

static void read_section(reader *r, section *s)
{
	km_headers *out = s->out;
	line l;

	for (; next_line(r, &l); r->at = l.next) {
		size_t colon = 0;
		line_kind kind = kind_of(l.text, &colon);
		if (kind == LINE_EMPTY) {
			out->body = l.next;
			out->no_separator = false;
			return;
		}
		if (kind == LINE_FIELD) {
			add_field(s, r->p, &l, kind, colon);
			continue;
		}
		if (kind == LINE_FOLD && s->any) {
			continue_field(s, r->p, &l);
			continue;
		}
		if (!s->any && is_mbox_from(l.text))
			continue;
		if (s->any && out->strict_body == SIZE_MAX)
			out->strict_body = r->at;
		if (!s->any || !goes_on(r, &l)) {
			out->body = r->at;
			return;
		}
		add_field(s, r->p, &l, kind, kind == LINE_WEAK ? colon : 0);
	}
	out->body = r->end;
}

km_status km_headers_read(km_arena *a, km_sv message, size_t offset, size_t end, km_headers *out)
{
	if (end > message.n)
		end = message.n;
	if (offset > end)
		offset = end;
	*out = (km_headers){ .offset = offset, .no_separator = true, .strict_body = SIZE_MAX };
	reader r = { .p = message.p, .at = offset, .end = end, .eol = SIZE_MAX, .eol_byte = '\n' };
	section s = { .arena = a, .start = offset, .out = out };

	if (km_sv_chr(km_sv_sub(message, offset, end - offset), '\n', 0) == end - offset)
		r.eol_byte = '\r';
	read_section(&r, &s);
	for (size_t i = 0; i < s.n; i++) {
		if (!r.crlf) /* all of them have LF alone, which is not odd */
			s.h[i].odd &= ~(unsigned)KM_HDR_BARE_LF;
		out->odd |= s.h[i].odd;
	}
	if (out->strict_body == SIZE_MAX)
		out->strict_body = out->body;
	out->h = s.h;
	out->n = s.n;
	return s.st;
}

const km_header *km_headers_find(const km_headers *hs, km_sv name, size_t from)
{
	for (size_t i = from; i < hs->n; i++)
		if (km_sv_ieq(hs->h[i].name, name))
			return &hs->h[i];
	return NULL;
}

size_t km_headers_count(const km_headers *hs, km_sv name)
{
	size_t count = 0;

	for (size_t i = 0; i < hs->n; i++)
		count += km_sv_ieq(hs->h[i].name, name);
	return count;
}

km_sv km_header_unfold(km_arena *a, km_sv raw)
{
	raw = km_sv_trim(raw);
	if (km_sv_chr(raw, '\n', 0) == raw.n && km_sv_chr(raw, '\r', 0) == raw.n)
		return raw;
	char *p = km_alloc(a, raw.n), *q = p;

	if (p == NULL)
		return km_sv_sub(raw, 0, 0);
	size_t lf = km_sv_chr(raw, '\n', 0);
	for (size_t i = 0; i < raw.n;) {
		if (lf < i)
			lf = km_sv_chr(raw, '\n', i);
		size_t cr = km_sv_chr(km_sv_sub(raw, 0, lf), '\r', i);
		memcpy(q, raw.p + i, cr - i);
		q += cr - i;
		i = cr + 1;
	}
	return (km_sv){ p, (size_t)(q - p) };
}

km_sv km_header_text(km_arena *a, km_sv raw)
{
	km_sv out;

	if (km_encword_decode(a, raw, &out, NULL) != KM_OK)
		return (km_sv){ NULL, 0 };
	return km_sv_trim(out);
}
