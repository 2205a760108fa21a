/* Bodies of parts, decoded when somebody asks for them. */
#include "mail/mime.h"
#include "text/utf8.h"

bool km_part_is_html(const km_part *p)
{
	if (km_sv_eq(p->type, KM_S("text/html")) ||
	    km_sv_eq(p->type, KM_S("application/xhtml+xml")))
		return true;
	/* Files that a browser would open as a page, whatever the part is called. */
	return p->sniffed && strcmp(p->sniffed, "text/html") == 0 &&
	       km_kind_of_type(p->type) == KM_KIND_OTHER;
}

bool km_part_is_text(const km_part *p)
{
	return km_sv_starts(p->type, KM_S("text/")) && !p->attachment;
}

/* Leaves whose bytes are text, shown or not. */
static bool has_text(const km_part *p)
{
	return km_sv_starts(p->type, KM_S("text/")) || km_part_is_html(p) ||
	       km_sv_eq(p->type, KM_S("message/delivery-status")) ||
	       km_sv_eq(p->type, KM_S("message/feedback-report")) ||
	       km_sv_eq(p->type, KM_S("message/disposition-notification"));
}

size_t km_part_size(const km_part *p)
{
	return km_transfer_size(p->cte, p->body);
}

static void note_transfer(km_mail *m, km_part *p)
{
	const km_transfer_info *t = &p->transfer;
	uint32_t found = 0;

	if (p->cte == KM_CTE_BASE64 && t->junk)
		found |= 1u << KM_AMB_BASE64_JUNK;
	if (p->cte == KM_CTE_BASE64 && t->bad_padding)
		found |= 1u << KM_AMB_BASE64_PADDING;
	if (p->cte == KM_CTE_QP && t->soft_nothing)
		found |= 1u << KM_AMB_QP_BROKEN;
	p->ambiguities |= found;
	m->ambiguities |= found;
}

km_sv km_part_bytes(km_mail *m, km_part *p)
{
	if (p->bytes_done)
		return p->bytes;
	p->bytes_done = true;
	size_t left = KM_MAX_TEXT_TOTAL - m->text_used;
	size_t max = left < KM_MAX_TEXT_BYTES ? left : KM_MAX_TEXT_BYTES;
	if (km_transfer_decode(m->arena, p->cte, p->body, max, &p->bytes, &p->transfer) != KM_OK)
		km_limit_hit(&m->limits, KM_LIMIT_ARENA_BYTES);
	if (p->transfer.truncated)
		km_limit_hit(&m->limits,
			     max < KM_MAX_TEXT_BYTES ? KM_LIMIT_TEXT_TOTAL : KM_LIMIT_TEXT_BYTES);
	m->text_used += p->bytes.n;
	note_transfer(m, p);
	return p->bytes;
}

static void read_html(km_mail *m, km_part *p)
{
	p->html = KM_NEW(m->arena, km_html);
	if (p->html == NULL || km_html_read(m->arena, p->decoded.utf8, p->html) != KM_OK)
		km_limit_hit(&m->limits, KM_LIMIT_ARENA_BYTES);
	if (p->html)
		m->limits |= p->html->limits;
}

km_sv km_part_text(km_mail *m, km_part *p)
{
	if (!has_text(p) || km_part_is_multipart(p))
		return (km_sv){ NULL, 0 };
	if (!p->text_done) {
		bool html = km_part_is_html(p);
		km_sv bytes = km_part_bytes(m, p), label = p->charset;

		p->text_done = true;
		if (html && label.n == 0)
			label = km_html_sniff_charset(bytes);
		if (km_charset_decode(m->arena, label, bytes, &p->decoded) != KM_OK)
			km_limit_hit(&m->limits, KM_LIMIT_ARENA_BYTES);
		if (p->decoded.truncated)
			km_limit_hit(&m->limits, KM_LIMIT_TEXT_BYTES);
		if (html)
			read_html(m, p);
	}
	return p->html ? p->html->text : p->decoded.utf8;
}
