#include "base/block.h"
#include "mail/mime.h"

static const struct {
	const char *name, *text;
} ambiguities[] = {
#define X(id, what) { #id, what },
	KM_AMBIGUITIES(X)
#undef X
};

const char *km_ambiguity_name(km_ambiguity which)
{
	return ambiguities[which].name;
}

const char *km_ambiguity_text(km_ambiguity which)
{
	return ambiguities[which].text;
}

/* Which line ends there are: of each byte with the one after it. */
static void find_line_ends(km_mail *m)
{
	const char *p = m->raw.p;
	size_t n = m->raw.n, at = 0;
	km_block cr_only = { 0 }, lf_only = { 0 }, both = { 0 };

	if (n == 0 || memchr(p, '\r', n) == NULL) {
		m->has_lf = n && memchr(p, '\n', n);
		return;
	}
	for (; n - at > KM_BLOCK; at += KM_BLOCK) {
		km_block cr = (km_block)(km_block_load(p + at) == '\r');
		km_block lf = (km_block)(km_block_load(p + at + 1) == '\n');
		cr_only |= cr & ~lf;
		lf_only |= lf & ~cr;
		both |= cr & lf;
	}
	m->has_cr = km_block_first(cr_only) < KM_BLOCK || p[n - 1] == '\r';
	m->has_lf = km_block_first(lf_only) < KM_BLOCK || p[0] == '\n';
	m->has_crlf = km_block_first(both) < KM_BLOCK;
	for (; at + 1 < n; at++) {
		bool cr = p[at] == '\r', lf = p[at + 1] == '\n';
		m->has_cr |= cr && !lf;
		m->has_lf |= lf && !cr;
		m->has_crlf |= cr && lf;
	}
}

static void count_nuls(km_mail *m)
{
	if (km_sv_chr(m->raw, '\0', 0) == m->raw.n)
		return;
	for (size_t i = 0; i < m->raw.n; i++)
		m->n_nul += m->raw.p[i] == '\0';
}

/* An mbox "From " line is no part of the message; "From : a@b" is a field. */
static km_sv without_mbox_line(km_sv raw)
{
	km_sv rest = raw, line;

	if (!km_sv_starts(raw, KM_S("From ")) && !km_sv_starts(raw, KM_S(">From ")))
		return raw;
	(void)km_sv_line(&rest, &line);
	km_sv after = km_sv_trim(km_sv_from(line, km_sv_chr(line, ' ', 0)));
	return km_sv_starts(after, KM_S(":")) ? raw : rest;
}

static void note_limit(km_mail *m, km_status st, km_limit_set limits)
{
	if (st != KM_OK)
		km_limit_hit(&m->limits, KM_LIMIT_ARENA_BYTES);
	m->limits |= limits;
}

/* Adds the addresses of one more field to @list. */
static void add_addresses(km_mail *m, km_addr_list *list, km_sv raw)
{
	km_addr_list more = { .n = 0 };

	km_status st = km_addr_parse(m->arena, raw, &more);
	note_limit(m, st, more.limits);
	if (list->n == 0) {
		more.ambiguous |= list->ambiguous;
		more.malformed |= list->malformed;
		*list = more;
		return;
	}
	km_addr *all = more.n ? KM_NEW_ARRAY(m->arena, km_addr, list->n + more.n) : NULL;
	list->ambiguous |= more.ambiguous;
	list->malformed |= more.malformed;
	list->groups |= more.groups;
	list->bad_chars += more.bad_chars;
	list->limits |= more.limits;
	if (all == NULL || list->n + more.n > KM_MAX_ADDRESSES)
		return;
	memcpy(all, list->a, list->n * sizeof(*all));
	memcpy(all + list->n, more.a, more.n * sizeof(*all));
	list->a = all;
	list->n += more.n;
}

/* From fields whose addresses are listed; one is already too many. */
enum { MAX_FROM = 16 };

static void on_from(km_mail *m, km_sv raw)
{
	km_sv text;

	if (m->n_from++ == 0)
		note_limit(m, km_encword_decode(m->arena, raw, &text, &m->from_info), 0);
	if (m->n_from <= MAX_FROM)
		add_addresses(m, &m->from, raw);
	/* RFC 6854 section 3: a group is nobody who could have written the message. */
	m->from.ambiguous |= m->from.groups || m->n_from > MAX_FROM;
}

static void on_sender(km_mail *m, km_sv raw)
{
	if (m->n_sender++ == 0)
		add_addresses(m, &m->sender, raw);
}

static void on_reply_to(km_mail *m, km_sv raw)
{
	if (m->n_reply_to++ == 0)
		add_addresses(m, &m->reply_to, raw);
}

static void on_to(km_mail *m, km_sv raw)
{
	if (m->n_to++ == 0)
		add_addresses(m, &m->to, raw);
}

static void on_cc(km_mail *m, km_sv raw)
{
	if (m->cc.n == 0)
		add_addresses(m, &m->cc, raw);
}

static void on_return_path(km_mail *m, km_sv raw)
{
	if (m->return_path.n == 0)
		add_addresses(m, &m->return_path, raw);
}

static void on_subject(km_mail *m, km_sv raw)
{
	if (m->n_subject++ > 0)
		return;
	km_status st = km_encword_decode(m->arena, raw, &m->subject, &m->subject_info);
	note_limit(m, st, m->subject_info.limits);
}

static void on_message_id(km_mail *m, km_sv raw)
{
	if (m->n_message_id++ == 0)
		m->message_id = km_header_unfold(m->arena, raw);
}

static void on_date(km_mail *m, km_sv raw)
{
	if (m->n_date++ == 0)
		m->has_date = km_date_parse(raw, &m->date) == KM_OK;
}

/* The fields that everybody needs. */
static const struct {
	km_sv name;
	void (*read)(km_mail *m, km_sv raw);
} common[] = {
	{ KM_SV("to"), on_to },
	{ KM_SV("cc"), on_cc },
	{ KM_SV("from"), on_from },
	{ KM_SV("date"), on_date },
	{ KM_SV("sender"), on_sender },
	{ KM_SV("subject"), on_subject },
	{ KM_SV("reply-to"), on_reply_to },
	{ KM_SV("message-id"), on_message_id },
	{ KM_SV("return-path"), on_return_path },
};

static void read_common(km_mail *m)
{
	for (size_t i = 0; i < m->headers->n; i++) {
		const km_header *h = &m->headers->h[i];
		for (size_t k = 0; k < KM_COUNT(common); k++)
			if (km_sv_ieq(h->name, common[k].name))
				common[k].read(m, h->raw);
	}
}

/* The message itself is part 0. */
static km_status read_root(km_mime *b)
{
	km_mail *m = b->m;

	if (km_mime_add(b, KM_NO_PART) == KM_NO_PART)
		return KM_NOMEM;
	km_part *p = km_mime_part(b, 0);
	km_status st = km_headers_read(m->arena, m->raw, 0, m->raw.n, &p->headers);
	note_limit(m, st, p->headers.limits);
	p->body_offset = p->headers.body;
	p->body = km_sv_from(m->raw, p->headers.body);
	km_mime_read_fields(b, p, KM_S("text/plain"));
	if (p->headers.no_separator && p->body.n)
		km_mime_note(p, KM_AMB_NO_HEADER_END);
	if ((p->type_declared || p->cte != KM_CTE_7BIT) &&
	    !km_headers_first(&p->headers, "mime-version"))
		km_mime_note(p, KM_AMB_NO_MIME_VERSION);
	if (m->has_lf + m->has_crlf + m->has_cr > 1)
		km_mime_note(p, KM_AMB_MIXED_EOL);
	if (m->n_nul)
		km_mime_note(p, KM_AMB_NUL_BYTES);
	p->path = km_mime_path(b, KM_NO_PART, 1, km_part_is_multipart(p));
	return KM_OK;
}

/* A leaf whose bytes are not text as they stand has no parts, nor an encoded message yet. */
static bool may_have_parts(const km_part *p)
{
	if (km_part_is_multipart(p))
		return true;
	return !km_mime_is_coded(p->cte) &&
	       (km_mime_is_message(p) || km_sv_starts(p->type, KM_S("text/")));
}

static void read_parts(km_mime *b)
{
	km_mail *m = b->m;
	const km_part *root = km_mime_part(b, 0);

	if (may_have_parts(root))
		(void)km_mime_scan(b, 0, (km_mime_how){ km_mime_boundary(root), false },
				   (km_sv){ NULL, 0 });
	/* Parts that are appended here are met later in the same loop. */
	for (size_t i = 0; i < m->n_parts; i++)
		km_mime_readings(b, (int)i);
	for (size_t i = 0; i < m->n_parts; i++)
		m->ambiguities |= m->parts[i].ambiguities;
}

static km_status read_mail(km_arena *a, km_sv raw, bool whole, km_mail **out)
{
	km_mail *m = KM_NEW(a, km_mail);

	*out = NULL;
	if (m == NULL)
		return KM_NOMEM;
	m->arena = a;
	if (raw.n > KM_MAX_MESSAGE_BYTES) {
		raw.n = KM_MAX_MESSAGE_BYTES;
		km_limit_hit(&m->limits, KM_LIMIT_MESSAGE_BYTES);
	}
	m->raw = without_mbox_line(raw);
	find_line_ends(m);
	count_nuls(m);
	km_mime b = { .m = m, .work = m->raw.n * 4 };
	km_status st = read_root(&b);
	if (st != KM_OK)
		return st;
	if (whole)
		read_parts(&b);
	m->headers = &m->parts[0].headers;
	read_common(m);
	if (whole) {
		st = km_received_read(a, m->headers, &m->received);
		note_limit(m, st, m->received.limits);
	}
	*out = m;
	return m->limits >> KM_LIMIT_ARENA_BYTES & 1 ? KM_LIMIT : KM_OK;
}

km_status km_mail_read(km_arena *a, km_sv raw, km_mail **out)
{
	return read_mail(a, raw, true, out);
}

km_status km_mail_read_header(km_arena *a, km_sv raw, km_mail **out)
{
	return read_mail(a, raw, false, out);
}
