/* The header section: what is there once too often, not at all, or not as it should be. */
#include "content/structure_parts.h"

static void check_odd(const km_structure_job *j)
{
	static const struct {
		unsigned odd;
		km_fact_id fact;
	} checks[] = {
		{ KM_HDR_8BIT, KM_FACT_HEADER_8BIT },
		{ KM_HDR_CONTROL | KM_HDR_BARE_CR, KM_FACT_HEADER_CONTROL },
		{ KM_HDR_SPACE_COLON, KM_FACT_HEADER_SPACE_COLON },
		{ KM_HDR_LONG_LINE, KM_FACT_HEADER_LONG_LINE },
	};
	const km_headers *hs = j->m->headers;

	for (size_t c = 0; c < KM_COUNT(checks); c++) {
		if (!(hs->odd & checks[c].odd))
			continue;
		for (size_t i = 0; i < hs->n; i++)
			if (hs->h[i].odd & checks[c].odd) {
				(void)km_structure_at_field(j, checks[c].fact, hs->h[i].name,
							    &hs->h[i]);
				break;
			}
	}
	if (hs->no_separator && hs->n)
		(void)km_structure_at_field(j, KM_FACT_HEADER_NO_SEPARATOR, (km_sv){ NULL, 0 },
					    NULL);
}

/* Fields that RFC 5322 section 3.6 allows once; From, Subject and Date have facts of their own. */
static void check_duplicates(const km_structure_job *j)
{
	static const km_sv once[] = { KM_SV("Sender"),	   KM_SV("Reply-To"),
				      KM_SV("To"),	   KM_SV("Cc"),
				      KM_SV("Message-ID"), KM_SV("In-Reply-To"),
				      KM_SV("References"), KM_SV("MIME-Version") };
	const km_headers *hs = j->m->headers;
	size_t count[KM_COUNT(once)] = { 0 };
	const km_header *last[KM_COUNT(once)] = { NULL };

	for (size_t i = 0; i < hs->n; i++)
		for (size_t k = 0; k < KM_COUNT(once); k++)
			if (km_sv_ieq(hs->h[i].name, once[k])) {
				count[k]++;
				last[k] = &hs->h[i];
			}
	for (size_t k = 0; k < KM_COUNT(once); k++) {
		if (count[k] < 2)
			continue;
		km_fact *f = km_structure_at_field(j, KM_FACT_HEADER_DUPLICATE, once[k], last[k]);
		km_fact_arg(j->fs, f, 1, once[k]);
		km_structure_arg(j, f, 2, "%zu", count[k]);
	}
}

static bool good_message_id(km_sv id)
{
	size_t at = km_sv_chr(id, '@', 0);

	if (id.n < 5 || id.p[0] != '<' || id.p[id.n - 1] != '>' || at < 2 || at + 2 >= id.n)
		return false;
	for (size_t i = 1; i + 1 < id.n; i++)
		if ((unsigned char)id.p[i] <= ' ' || id.p[i] == '<' || id.p[i] == '>')
			return false;
	return true;
}

static void check_fields(const km_structure_job *j)
{
	const km_mail *m = j->m;
	const km_header *h = km_headers_first(m->headers, "Subject");

	if (m->n_subject > 1) {
		km_fact *f = km_structure_at_field(j, KM_FACT_SUBJECT_MULTIPLE, m->subject, h);
		km_structure_arg(j, f, 1, "%zu", m->n_subject);
	} else if (km_sv_trim(m->subject).n == 0) {
		(void)km_structure_at_field(j, KM_FACT_SUBJECT_EMPTY, m->subject, h);
	}
	h = km_headers_first(m->headers, "Message-ID");
	if (m->n_message_id == 0)
		(void)km_structure_at_field(j, KM_FACT_MESSAGE_ID_MISSING, m->message_id, NULL);
	else if (!good_message_id(m->message_id))
		(void)km_structure_at_field(j, KM_FACT_MESSAGE_ID_MALFORMED, m->message_id, h);
	h = km_headers_first(m->headers, "To");
	const km_header *cc = km_headers_first(m->headers, "Cc");
	if (h == NULL && cc == NULL)
		(void)km_structure_at_field(j, KM_FACT_TO_MISSING, (km_sv){ NULL, 0 }, NULL);
	else if (h && cc == NULL && m->to.groups && m->to.n == 0)
		(void)km_structure_at_field(j, KM_FACT_UNDISCLOSED_RECIPIENTS, km_sv_trim(h->raw),
					    h);
}

static void check_list(const km_structure_job *j)
{
	const km_header *h = km_headers_first(j->m->headers, "List-Id");
	const km_header *post = km_headers_first(j->m->headers, "List-Unsubscribe-Post");

	if (h) {
		km_sv id = km_header_text(j->a, h->raw);
		km_fact_arg(j->fs, km_structure_at_field(j, KM_FACT_LIST_MAIL, id, h), 1, id);
	}
	if (post && km_headers_first(j->m->headers, "List-Unsubscribe") &&
	    km_sv_ieq(km_sv_trim(post->raw), KM_S("List-Unsubscribe=One-Click")))
		(void)km_structure_at_field(j, KM_FACT_LIST_UNSUBSCRIBE_ONE_CLICK,
					    km_sv_trim(post->raw), post);
}

static void check_encwords(const km_structure_job *j, const char *field, km_sv text,
			   const km_encword_info *info)
{
	const km_header *h = km_headers_find(j->m->headers, km_sv_of(field), 0);

	if (info->malformed)
		(void)km_structure_at_field(j, KM_FACT_ENCWORD_MALFORMED, text, h);
	if (info->mixed_charsets && h) {
		km_fact *f = km_structure_at_field(j, KM_FACT_ENCWORD_MIXED, text, h);
		km_buf b;
		km_buf_init(&b, j->a, KM_MAX_SEEN_BYTES);
		for (size_t at = 0; (at = km_sv_find(h->raw, KM_S("=?"), at)) < h->raw.n;) {
			size_t end = km_sv_chr(h->raw, '?', at + 2);
			km_sv label = km_sv_sub(h->raw, at + 2, end - at - 2);
			km_buf_add(&b, b.n ? KM_S(", ") : KM_S(""));
			km_buf_add(&b, label);
			/* past "?B?text?=" */
			at = km_sv_find(h->raw, KM_S("?="),
					end + 3 < h->raw.n ? end + 3 : h->raw.n);
		}
		km_fact_arg(j->fs, f, 1, km_buf_sv(&b));
	}
}

void km_structure_header(const km_structure_job *j)
{
	check_fields(j);
	check_duplicates(j);
	check_odd(j);
	check_encwords(j, "Subject", j->m->subject, &j->m->subject_info);
	check_encwords(j, "From", j->m->from.n ? j->m->from.a[0].name : KM_S(""), &j->m->from_info);
	check_list(j);
}
