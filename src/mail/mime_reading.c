/* The other ways in which a part can be read, each kept as a part of its own. */
#include "mail/mime.h"

enum { GUESS_BYTES = 65536, BASE64_LINE = 20 };

static const km_sv nothing = { NULL, 0 };

/* Decodes the body of an encoded container and finds the parts in it. */
static void scan_decoded(km_mime *b, int index, km_mime_how how)
{
	km_mail *m = b->m;
	km_part *p = km_mime_part(b, index);
	km_sv bytes = km_part_bytes(m, p);

	if (bytes.n)
		(void)km_mime_scan(b, index, how, bytes);
}

/* Finds the parts of reading @index, as far as the allowance for further readings goes. */
static bool scan_reading(km_mime *b, int index, km_mime_how how)
{
	const km_part *p = km_mime_part(b, index);

	if (!km_mime_is_container(p) || p->depth >= KM_MAX_MIME_DEPTH)
		return false;
	if (p->body.n > b->work) {
		km_limit_hit(&b->m->limits, KM_LIMIT_READINGS);
		return false;
	}
	b->work -= p->body.n;
	if (!km_mime_is_coded(p->cte))
		return km_mime_scan(b, index, how, nothing);
	scan_decoded(b, index, how);
	return true;
}

static void read_as_type(km_mime *b, int of, km_sv type)
{
	int r = km_mime_add_reading(b, of);

	if (r != KM_NO_PART)
		km_mime_part(b, r)->type = type;
}

/* Values of one field that differ, the first one first. */
struct fields {
	const km_header *h[KM_MAX_READINGS];
	size_t n;
};

static void collect(const km_headers *hs, km_sv name, struct fields *out)
{
	out->n = 0;
	for (size_t i = 0; i < hs->n && out->n < KM_COUNT(out->h); i++) {
		const km_header *h = &hs->h[i];
		bool known = !km_sv_ieq(h->name, name);
		for (size_t k = 0; k < out->n && !known; k++)
			known = km_sv_ieq(km_sv_trim(out->h[k]->raw), km_sv_trim(h->raw));
		if (!known)
			out->h[out->n++] = h;
	}
}

/* Every Content-Type with every Content-Transfer-Encoding. */
static void field_readings(km_mime *b, int index)
{
	km_headers hs = km_mime_part(b, index)->headers;
	struct fields types, ctes;

	collect(&hs, KM_S("content-type"), &types);
	collect(&hs, KM_S("content-transfer-encoding"), &ctes);
	size_t n_types = types.n ? types.n : 1, n_ctes = ctes.n ? ctes.n : 1;
	for (size_t i = 1; i < n_types * n_ctes; i++) {
		size_t t = i / n_ctes, c = i % n_ctes;
		int r = km_mime_add_reading(b, index);
		if (r == KM_NO_PART)
			return;
		km_part *p = km_mime_part(b, r);
		if (t)
			km_mime_read_type(b, p, types.h[t]->raw, KM_S("text/plain"));
		if (c)
			p->cte = km_cte_parse(ctes.h[c]->raw);
		(void)scan_reading(b, r, (km_mime_how){ km_mime_boundary(p), false });
	}
}

/* Is below the last reading @r just what is below its first one? Both lie in one run of parts. */
static bool found_the_same(const km_mail *m, int first, int r)
{
	size_t n = m->n_parts - (size_t)r - 1, end = (size_t)first + 1 + n;

	if (m->parts[end].depth > m->parts[first].depth)
		return false;
	for (size_t k = 1; k <= n; k++) {
		const km_part *p = &m->parts[(size_t)first + k], *q = &m->parts[(size_t)r + k];
		if (p->body.p != q->body.p || p->body.n != q->body.n || p->depth != q->depth ||
		    !km_sv_eq(p->type, q->type))
			return false;
	}
	return true;
}

static void boundary_reading(km_mime *b, int of, km_mime_how how)
{
	km_mail *m = b->m;
	int r = km_mime_add_reading(b, of);

	if (r == KM_NO_PART)
		return;
	if (!km_part_is_multipart(km_mime_part(b, r)))
		km_mime_part(b, r)->type = KM_S("multipart/mixed");
	/* A reading without any part, or with the same ones, says nothing new. */
	if (!scan_reading(b, r, how) || found_the_same(m, of, r))
		m->n_parts = (size_t)r;
}

/* The other values of the boundary parameter, or all when the part is no multipart. */
static void boundary_readings(km_mime *b, int index)
{
	km_params ps = km_mime_part(b, index)->content_type;
	bool multipart = km_part_is_multipart(km_mime_part(b, index));
	km_sv used = km_mime_boundary(km_mime_part(b, index));

	for (size_t i = 0; i < ps.n; i++) {
		km_sv v = km_mime_trim_boundary(ps.p[i].value);
		if (!km_sv_eq(ps.p[i].name, KM_S("boundary")) || v.n == 0)
			continue;
		if (!multipart || !km_sv_eq(v, used))
			boundary_reading(b, index, (km_mime_how){ v, false });
	}
}

/* What the first line that begins with "--" would be the boundary of; p == NULL when none. */
static km_sv guess_boundary(km_sv body)
{
	km_sv rest = km_sv_sub(body, 0, GUESS_BYTES), line;

	while (km_sv_line(&rest, &line)) {
		if (!km_sv_starts(line, KM_S("--")))
			continue;
		km_sv v = km_mime_trim_boundary(km_sv_from(line, 2));
		return v.p ? v : KM_S("");
	}
	return nothing;
}

static void multipart_readings(km_mime *b, int index)
{
	const km_mail *m = b->m;
	km_part p = *km_mime_part(b, index);

	if (km_mime_noted(&p, KM_AMB_NO_BOUNDARY) || km_mime_noted(&p, KM_AMB_BOUNDARY_UNUSED)) {
		read_as_type(b, index, KM_S("text/plain"));
		km_sv guess = guess_boundary(p.body);
		if (guess.p)
			boundary_reading(b, index, (km_mime_how){ guess, false });
	}
	/* A lone CR ends a line for some; so it may make a boundary line. */
	bool lone_cr = m->has_cr && (m->has_lf || m->has_crlf);
	km_sv boundary = km_mime_boundary(&p);
	if (boundary.p && (lone_cr || km_mime_noted(&p, KM_AMB_BOUNDARY_LOOKALIKE)))
		boundary_reading(b, index, (km_mime_how){ boundary, true });
	if (km_mime_is_coded(p.cte) && boundary.p) {
		int r = km_mime_add_reading(b, index);
		if (r != KM_NO_PART)
			(void)scan_reading(b, r, (km_mime_how){ boundary, false });
	}
}

/* An encoded message is decoded by most readers; it may also be one as it stands. */
static void coded_message_readings(km_mime *b, int index)
{
	km_mail *m = b->m;
	km_part p = *km_mime_part(b, index);
	km_headers hs;

	scan_decoded(b, index, (km_mime_how){ nothing, false });
	if (km_headers_read(m->arena, km_sv_sub(p.body, 0, GUESS_BYTES), 0, GUESS_BYTES, &hs) !=
		    KM_OK ||
	    hs.n == 0)
		return;
	int r = km_mime_add_reading(b, index);
	if (r == KM_NO_PART)
		return;
	km_mime_part(b, r)->cte = KM_CTE_8BIT;
	(void)scan_reading(b, r, (km_mime_how){ nothing, false });
}

/* Encodings that the bytes under an unknown name could be in. */
static void unknown_encoding_readings(km_mime *b, int index)
{
	km_sv body = km_sv_sub(km_mime_part(b, index)->body, 0, GUESS_BYTES);
	km_sv rest = km_sv_trim(body), line;
	bool base64 = km_sv_line(&rest, &line) && line.n >= BASE64_LINE;

	for (size_t i = 0; base64 && i < line.n; i++)
		base64 = km_is_alnum((unsigned char)line.p[i]) || strchr("+/=", line.p[i]);
	size_t eq = km_sv_chr(body, '=', 0);
	bool qp = !base64 && eq + 2 < body.n;
	if (!base64 && !qp)
		return;
	int r = km_mime_add_reading(b, index);
	if (r != KM_NO_PART)
		km_mime_part(b, r)->cte = base64 ? KM_CTE_BASE64 : KM_CTE_QP;
}

static void charset_readings(km_mime *b, int index)
{
	km_part p = *km_mime_part(b, index);

	for (size_t i = 0; i < p.content_type.n; i++) {
		const km_param *q = &p.content_type.p[i];
		if (!km_sv_eq(q->name, KM_S("charset")) || km_sv_ieq(q->value, p.charset))
			continue;
		int r = km_mime_add_reading(b, index);
		if (r == KM_NO_PART)
			return;
		km_mime_part(b, r)->charset = q->value;
	}
}

static void leaf_readings(km_mime *b, int index)
{
	km_part p = *km_mime_part(b, index);

	if (p.cte == KM_CTE_UNKNOWN)
		unknown_encoding_readings(b, index);
	if (!km_sv_starts(p.type, KM_S("text/")))
		return;
	if (km_mime_noted(&p, KM_AMB_DUP_CHARSET))
		charset_readings(b, index);
	/* Some readers trust the first bytes more than the name. */
	if (!km_part_is_html(&p) && km_sv_eq(km_sv_of(p.sniffed), KM_S("text/html")))
		read_as_type(b, index, KM_S("text/html"));
}

/* Readers that take the first line that is no field for the body. */
static void strict_header_reading(km_mime *b, int index)
{
	km_mail *m = b->m;
	km_part p = *km_mime_part(b, index);
	size_t end = p.body_offset + p.body.n, from = p.headers.strict_body;

	/* Headers may reach over the line end that belongs to the parent's boundary. */
	if (p.parent != KM_NO_PART) {
		const km_part *up = km_mime_part(b, p.parent);
		if (end > up->body_offset + up->body.n)
			end = up->body_offset + up->body.n;
	}
	km_mime_note(km_mime_part(b, index), KM_AMB_NO_HEADER_END);
	int r = km_mime_add_reading(b, index);
	if (r == KM_NO_PART)
		return;
	km_part *q = km_mime_part(b, r);
	if (km_headers_read(m->arena, m->raw, p.headers.offset, from, &q->headers) != KM_OK)
		km_limit_hit(&m->limits, KM_LIMIT_ARENA_BYTES);
	q->content_type = q->disposition = (km_params){ .n = 0 };
	q->charset = nothing;
	q->cte = KM_CTE_7BIT;
	q->type_declared = false;
	q->body = km_sv_sub(m->raw, from, end - from);
	q->body_offset = from;
	km_mime_read_fields(b, q, KM_S("text/plain"));
	(void)scan_reading(b, r, (km_mime_how){ km_mime_boundary(q), false });
}

void km_mime_readings(km_mime *b, int index)
{
	km_mime_describe(b, km_mime_part(b, index));
	km_part p = *km_mime_part(b, index);

	if (p.reading > 0)
		return;
	if (km_mime_is_message(&p) && km_mime_is_coded(p.cte) && p.depth < KM_MAX_MIME_DEPTH)
		coded_message_readings(b, index);
	if (km_mime_noted(&p, KM_AMB_DUP_CONTENT_TYPE) || km_mime_noted(&p, KM_AMB_DUP_ENCODING))
		field_readings(b, index);
	if (p.content_type.n)
		boundary_readings(b, index);
	if (km_part_is_multipart(&p))
		multipart_readings(b, index);
	else if (!km_mime_is_container(&p))
		leaf_readings(b, index);
	if (p.body_offset != SIZE_MAX && p.headers.strict_body != p.headers.body)
		strict_header_reading(b, index);
}
