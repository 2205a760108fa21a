/* Who the message says it is from. */
#include "content/host.h"
#include "content/structure_parts.h"

static km_sv domain_of(km_sv addr)
{
	size_t at = km_sv_rchr(addr, '@');

	return at < addr.n ? km_sv_from(addr, at + 1) : (km_sv){ NULL, 0 };
}

/* "a@b, c@d" */
static km_sv join(km_arena *a, const km_addr_list *list)
{
	km_buf b;

	km_buf_init(&b, a, KM_MAX_SEEN_BYTES);
	for (size_t i = 0; i < list->n && !b.cut; i++) {
		km_buf_add(&b, i ? KM_S(", ") : KM_S(""));
		km_buf_add(&b, list->a[i].addr);
	}
	return km_buf_sv(&b);
}

static void check_from(const km_structure_job *j, const km_header *h)
{
	const km_addr_list *from = &j->m->from;
	km_sv text = h ? km_sv_trim(h->raw) : (km_sv){ NULL, 0 };

	if (j->m->n_from == 0) {
		(void)km_structure_at_field(j, KM_FACT_FROM_MISSING, text, NULL);
		return;
	}
	if (j->m->n_from > 1) {
		km_fact *f = km_structure_at_field(j, KM_FACT_FROM_MULTIPLE, join(j->a, from), h);
		km_structure_arg(j, f, 1, "%zu", j->m->n_from);
	} else if (from->ambiguous) {
		(void)km_structure_at_field(j, KM_FACT_FROM_AMBIGUOUS, text, h);
	} else if (from->n > 1) {
		km_fact *f = km_structure_at_field(j, KM_FACT_FROM_SEVERAL_ADDRESSES,
						   join(j->a, from), h);
		km_structure_arg(j, f, 1, "%zu", from->n);
	}
	if (!from->ambiguous && (from->n == 0 || from->a[0].domain.n == 0 || !from->a[0].valid))
		(void)km_structure_at_field(j, KM_FACT_FROM_MALFORMED, text, h);
}

/* "name@bank.example" <other@elsewhere.example>. Lists that rewrite From say "via". */
static void check_name(const km_structure_job *j, const km_header *h)
{
	const km_addr *from = &j->m->from.a[0];
	km_sv other = km_addr_find(from->name);
	km_sv domain = domain_of(other);

	if (other.n && domain.n && from->domain.n && !km_host_related(domain, from->domain) &&
	    km_sv_ifind(from->name, KM_S(" via "), 0) == from->name.n) {
		km_fact *f =
			km_structure_at_field(j, KM_FACT_FROM_NAME_IS_OTHER_ADDRESS, from->name, h);
		km_fact_arg(j->fs, f, 1, other);
		km_fact_arg(j->fs, f, 2, from->addr);
	}
	bool ascii = true;
	for (size_t i = 0; i < from->name.n && ascii; i++)
		ascii = (unsigned char)from->name.p[i] < 0x80;
	if (j->m->from_info.words && from->name.n && ascii)
		(void)km_structure_at_field(j, KM_FACT_FROM_NAME_ENCODED_ODD, from->name, h);
}

/* "Prize, <a@b.example>": with quotation marks it would be one name. */
static void check_comma(const km_structure_job *j, const km_header *h)
{
	bool quoted = false, escaped = false, named = false;
	unsigned depth = 0;

	for (size_t i = 0; i < h->raw.n; i++) {
		char c = h->raw.p[i];
		if (escaped) {
			escaped = false;
		} else if (c == '\\') {
			escaped = true;
		} else if (c == '"') {
			quoted = !quoted;
			named = true;
		} else if (quoted) {
			continue;
		} else if (c == '(' || c == ')') {
			depth += c == '(' ? 1u : depth ? -1u : 0u;
		} else if (c == '@' || c == '<' || c == ':') {
			return;
		} else if (c == ',' && depth == 0 && named) {
			(void)km_structure_at_field(j, KM_FACT_FROM_COMMA_IN_NAME,
						    km_sv_trim(h->raw), h);
			return;
		} else {
			named |= c != ' ' && c != ',';
		}
	}
}

static void compare_domains(const km_structure_job *j, km_fact_id id, km_sv seen, km_sv other,
			    const km_header *h)
{
	km_sv domain = j->m->from.a[0].domain;

	if (domain.n == 0 || other.n == 0 || km_host_related(domain, other))
		return;
	km_fact *f = km_structure_at_field(j, id, seen, h);
	km_fact_arg(j->fs, f, 1, domain);
	km_fact_arg(j->fs, f, 2, other);
}

void km_structure_sender(const km_structure_job *j)
{
	const km_mail *m = j->m;
	const km_header *h = km_headers_first(m->headers, "From");

	check_from(j, h);
	if (m->from.n == 0)
		return;
	check_name(j, h);
	if (h)
		check_comma(j, h);
	/* Lists direct replies to themselves; that is no sign of anything. */
	if (m->reply_to.n && !km_headers_first(m->headers, "List-Id") &&
	    !km_headers_first(m->headers, "List-Post"))
		compare_domains(j, KM_FACT_REPLY_TO_OTHER_DOMAIN, m->reply_to.a[0].addr,
				m->reply_to.a[0].domain, km_headers_first(m->headers, "Reply-To"));
	if (j->in->has_from)
		compare_domains(j, KM_FACT_ENVELOPE_FROM_DIFFERS, j->in->from,
				domain_of(j->in->from), h);
	for (size_t i = 0; i < j->in->n_rcpts; i++) {
		if (!km_sv_ieq(j->in->rcpts[i], m->from.a[0].addr))
			continue;
		km_fact *f = km_structure_at_field(j, KM_FACT_SENDER_SELF, m->from.a[0].addr, h);
		km_fact_arg(j->fs, f, 1, m->from.a[0].addr);
		break;
	}
}
