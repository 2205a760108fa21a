/* One part: its place among the others, and what its header fields and first bytes say. */
#include "mail/mime.h"
#include "text/utf8.h"

enum { FIRST_PARTS = 4, LONG_BOUNDARY = 70, SNIFF_ENCODED = 262144 };

int km_mime_add(km_mime *b, int parent)
{
	km_mail *m = b->m;

	if (m->n_parts >= KM_MAX_MIME_PARTS) {
		km_limit_hit(&m->limits, KM_LIMIT_MIME_PARTS);
		return KM_NO_PART;
	}
	if (m->n_parts == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : FIRST_PARTS, size = sizeof(km_part);
		km_part *parts = km_arena_grow(m->arena, m->parts, b->cap * size, cap * size);
		if (parts == NULL) {
			km_limit_hit(&m->limits, KM_LIMIT_ARENA_BYTES);
			return KM_NO_PART;
		}
		m->parts = parts;
		b->cap = cap;
	}
	int index = (int)m->n_parts++;
	m->parts[index] = (km_part){
		.parent = parent,
		.first_child = KM_NO_PART,
		.next = KM_NO_PART,
		.reading_of = KM_NO_PART,
		.depth = parent == KM_NO_PART ? 0 : m->parts[parent].depth + 1,
		.type = KM_S("text/plain"),
	};
	return index;
}

int km_mime_add_reading(km_mime *b, int of)
{
	int reading = 1;

	for (size_t i = 0; i < b->m->n_parts; i++)
		reading += b->m->parts[i].reading_of == of;
	if (reading >= KM_MAX_READINGS) {
		km_limit_hit(&b->m->limits, KM_LIMIT_READINGS);
		return KM_NO_PART;
	}
	int index = km_mime_add(b, km_mime_part(b, of)->parent);
	if (index == KM_NO_PART)
		return index;
	km_part *p = km_mime_part(b, index);
	*p = *km_mime_part(b, of);
	p->first_child = p->next = KM_NO_PART;
	p->reading = reading;
	p->reading_of = of;
	p->path = km_sv_fmt(b->m->arena, "%.*s/r%d", KM_FMT(p->path), reading);
	p->bytes_done = false;
	p->bytes = (km_sv){ NULL, 0 };
	return index;
}

/*
 * IMAP (RFC 3501 section 6.4.5) numbers the children of a multipart; a multipart that is the body
 * of a message has no number of its own and is called TEXT.
 */
km_sv km_mime_path(km_mime *b, int parent, size_t number, bool multipart)
{
	const km_part *up = parent == KM_NO_PART ? NULL : km_mime_part(b, parent);
	bool text = multipart && (up == NULL || km_mime_is_message(up));
	km_sv stem = up ? up->path : (km_sv){ NULL, 0 };
	const char *dot = stem.n ? "." : "";

	if (km_sv_ends(stem, KM_S("TEXT"))) {
		stem.n -= 4;
		dot = "";
	}
	if (stem.n == 0 && !text && number < 10)
		return km_sv_sub(KM_S("0123456789"), number, 1);
	if (text)
		return stem.n ? km_sv_fmt(b->m->arena, "%.*s%sTEXT", KM_FMT(stem), dot)
			      : KM_S("TEXT");
	return km_sv_fmt(b->m->arena, "%.*s%s%zu", KM_FMT(stem), dot, number);
}

bool km_part_is_multipart(const km_part *p)
{
	return km_sv_starts(p->type, KM_S("multipart/"));
}

bool km_mime_is_message(const km_part *p)
{
	return km_sv_eq(p->type, KM_S("message/rfc822")) ||
	       km_sv_eq(p->type, KM_S("message/global")) || km_sv_eq(p->type, KM_S("message/news"));
}

bool km_mime_is_container(const km_part *p)
{
	return km_part_is_multipart(p) || km_mime_is_message(p);
}

bool km_mime_is_coded(km_cte cte)
{
	return cte == KM_CTE_QP || cte == KM_CTE_BASE64 || cte == KM_CTE_UUENCODE;
}

/* Bytes of a token (RFC 2045 section 5.1). */
static const bool token_byte[256] = {
	['!'] = true,	      ['#' ... '\''] = true, ['*'] = true,
	['+'] = true,	      ['-'] = true,	     ['.'] = true,
	['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['^' ... '~'] = true,
};

static bool is_type_token(km_sv v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!token_byte[(unsigned char)v.p[i]])
			return false;
	return v.n > 0;
}

/* "type/subtype", both tokens (RFC 2045 section 5.1). */
static bool is_media_type(km_sv v)
{
	size_t slash = km_sv_chr(v, '/', 0);

	return slash < v.n && is_type_token(km_sv_sub(v, 0, slash)) &&
	       is_type_token(km_sv_from(v, slash + 1));
}

/* Bytes that a boundary may have (RFC 2046 section 5.1.1). */
static bool is_boundary_byte(unsigned char c)
{
	return km_is_alnum(c) || (c && strchr("'()+_,-./:=? ", c));
}

/* @raw without quotes around it. */
static km_sv without_quotes(km_sv raw)
{
	raw = km_sv_trim(raw);
	return raw.n > 1 && raw.p[0] == '"' && raw.p[raw.n - 1] == '"'
		       ? km_sv_sub(raw, 1, raw.n - 2)
		       : raw;
}

static bool is_odd_boundary(const km_params *ps)
{
	for (size_t i = 0; i < ps->n; i++) {
		const km_param *p = &ps->p[i];
		if (!km_sv_eq(p->name, KM_S("boundary")))
			continue;
		km_sv v = p->value;
		/* In pieces, with escapes, folded: not every reader sees the same. */
		if (!km_sv_eq(without_quotes(p->raw), v) || v.n == 0 || v.n > LONG_BOUNDARY)
			return true;
		for (size_t k = 0; k < v.n; k++)
			if (!is_boundary_byte((unsigned char)v.p[k]))
				return true;
	}
	return false;
}

km_sv km_mime_trim_boundary(km_sv v)
{
	while (v.n && km_is_wsp((unsigned char)v.p[v.n - 1]))
		v.n--;
	return v.n ? v : (km_sv){ NULL, 0 };
}

km_sv km_mime_boundary(const km_part *p)
{
	return km_mime_trim_boundary(km_params_get(&p->content_type, KM_S("boundary")));
}

static void note_type(km_part *p)
{
	const km_params *ps = &p->content_type;

	if (!is_media_type(ps->value))
		km_mime_note(p, KM_AMB_BAD_CONTENT_TYPE);
	if (km_params_conflict(ps, KM_S("boundary")))
		km_mime_note(p, KM_AMB_DUP_BOUNDARY);
	if (km_params_conflict(ps, KM_S("charset")))
		km_mime_note(p, KM_AMB_DUP_CHARSET);
	if (km_part_is_multipart(p)) {
		if (km_mime_boundary(p).p == NULL)
			km_mime_note(p, KM_AMB_NO_BOUNDARY);
		if (is_odd_boundary(ps))
			km_mime_note(p, KM_AMB_BOUNDARY_ODD);
	}
	if (km_sv_eq(p->type, KM_S("message/partial")) ||
	    km_sv_eq(p->type, KM_S("message/external-body")))
		km_mime_note(p, KM_AMB_PARTIAL);
}

void km_mime_read_type(km_mime *b, km_part *p, km_sv raw, km_sv default_type)
{
	if (km_params_parse(b->m->arena, raw, &p->content_type) != KM_OK)
		km_limit_hit(&b->m->limits, KM_LIMIT_ARENA_BYTES);
	b->m->limits |= p->content_type.limits;
	p->type_declared = true;
	p->type = is_media_type(p->content_type.value) ? p->content_type.value : default_type;
	p->charset = km_params_get(&p->content_type, KM_S("charset"));
	note_type(p);
}

static const struct {
	km_sv name;
	km_ambiguity duplicate;
} mime_fields[] = {
	{ KM_SV("content-type"), KM_AMB_DUP_CONTENT_TYPE },
	{ KM_SV("content-transfer-encoding"), KM_AMB_DUP_ENCODING },
	{ KM_SV("content-disposition"), KM_AMB_DUP_DISPOSITION },
};

void km_mime_read_fields(km_mime *b, km_part *p, km_sv default_type)
{
	const km_header *first[KM_COUNT(mime_fields)] = { NULL };

	for (size_t i = 0; i < p->headers.n; i++) {
		const km_header *h = &p->headers.h[i];
		if (h->name.n < 12 || km_lower((unsigned char)h->name.p[0]) != 'c')
			continue;
		for (size_t k = 0; k < KM_COUNT(mime_fields); k++) {
			if (!km_sv_ieq(h->name, mime_fields[k].name))
				continue;
			if (first[k] == NULL)
				first[k] = h;
			else if (!km_sv_ieq(km_sv_trim(first[k]->raw), km_sv_trim(h->raw)))
				km_mime_note(p, mime_fields[k].duplicate);
		}
	}
	p->type = default_type;
	if (first[0])
		km_mime_read_type(b, p, first[0]->raw, default_type);
	if (first[1])
		p->cte = km_cte_parse(first[1]->raw);
	if (first[2] && km_params_parse(b->m->arena, first[2]->raw, &p->disposition) != KM_OK)
		km_limit_hit(&b->m->limits, KM_LIMIT_ARENA_BYTES);
	b->m->limits |= p->disposition.limits;
	if (p->cte == KM_CTE_UNKNOWN)
		km_mime_note(p, KM_AMB_UNKNOWN_ENCODING);
	if (km_mime_is_container(p) && km_mime_is_coded(p->cte))
		km_mime_note(p, KM_AMB_ENCODED_MULTIPART);
}

/* Spellings of file names as they are found. */
struct names {
	km_sv list[KM_MAX_READINGS];
	size_t n;
};

static void add_name(struct names *ns, km_sv name)
{
	if (name.n == 0 || ns->n == KM_COUNT(ns->list))
		return;
	for (size_t i = 0; i < ns->n; i++)
		if (km_sv_eq(ns->list[i], name))
			return;
	ns->list[ns->n++] = name;
}

static void add_names(struct names *ns, const km_params *ps, km_sv param)
{
	add_name(ns, km_params_get(ps, param)); /* the preferred one first */
	for (size_t i = 0; i < ps->n; i++)
		if (km_sv_eq(ps->p[i].name, param))
			add_name(ns, ps->p[i].value);
}

/* An encoded-word that a reader leaves as it is, is a spelling too, but no conflict. */
static void add_raw_names(struct names *ns, const km_params *ps, km_sv param)
{
	for (size_t i = 0; i < ps->n; i++) {
		if (km_sv_eq(ps->p[i].name, param) && ps->p[i].encword)
			add_name(ns, without_quotes(ps->p[i].raw));
	}
}

/* Of the Content-Disposition fields after the first. */
static void add_other_names(km_mime *b, const km_part *p, struct names *ns)
{
	bool first = true;

	for (size_t i = 0; i < p->headers.n; i++) {
		const km_header *h = &p->headers.h[i];
		km_params ps;
		if (!km_sv_ieq(h->name, KM_S("content-disposition")))
			continue;
		if (!first && km_params_parse(b->m->arena, h->raw, &ps) == KM_OK)
			add_names(ns, &ps, KM_S("filename"));
		first = false;
	}
}

static void describe_names(km_mime *b, km_part *p)
{
	struct names ns = { .n = 0 };

	for (size_t i = 0; i < p->n_filenames; i++) /* uuencoded: of the "begin" line */
		add_name(&ns, p->filenames[i]);
	add_names(&ns, &p->disposition, KM_S("filename"));
	add_names(&ns, &p->content_type, KM_S("name"));
	if (km_mime_noted(p, KM_AMB_DUP_DISPOSITION))
		add_other_names(b, p, &ns);
	if (ns.n == 0)
		return;
	if (ns.n > 1)
		km_mime_note(p, KM_AMB_DUP_FILENAME);
	add_raw_names(&ns, &p->disposition, KM_S("filename"));
	add_raw_names(&ns, &p->content_type, KM_S("name"));
	km_sv *list = KM_NEW_ARRAY(b->m->arena, km_sv, ns.n);
	if (list == NULL) {
		km_limit_hit(&b->m->limits, KM_LIMIT_ARENA_BYTES);
		return;
	}
	for (size_t i = 0; i < ns.n; i++) {
		size_t bad = 0;
		list[i] = km_utf8_sanitise(b->m->arena, ns.list[i], &bad);
	}
	p->filenames = list;
	p->n_filenames = ns.n;
	p->filename = list[0];
}

/* Other dispositions than inline are to be treated as attachment (RFC 2183 section 2.8). */
static bool is_attachment(const km_part *p)
{
	km_sv d = p->disposition.value;

	if (d.n && !km_sv_eq(d, KM_S("inline")))
		return true;
	return p->filename.n && !km_sv_starts(p->type, KM_S("text/"));
}

void km_mime_describe(km_mime *b, km_part *p)
{
	char start[KM_MAX_SNIFF_BYTES];

	describe_names(b, p);
	p->attachment = is_attachment(p);
	if (km_part_is_multipart(p))
		return;
	km_sv head = km_sv_sub(p->body, 0, sizeof(start));
	/* Only a prefix is decoded, however much white space stands before the data. */
	if (km_mime_is_coded(p->cte))
		head = (km_sv){ start,
				km_transfer_start(p->cte, km_sv_sub(p->body, 0, SNIFF_ENCODED),
						  start, sizeof(start)) };
	p->sniffed = km_sniff_type(head);
}
