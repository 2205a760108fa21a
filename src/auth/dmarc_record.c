/* DMARC policy records, and the author of a message (RFC 9989 sections 4.7, 4.8, 5.3.1). */
#include "auth/dmarc.h"
#include "auth/domain.h"

static const char *const policy_names[] = { "none", "quarantine", "reject" };

const char *km_dmarc_policy_name(km_dmarc_policy p)
{
	return (size_t)p < KM_COUNT(policy_names) ? policy_names[p] : "none";
}

/* Index of @value among @words, which are one string with spaces between; -1 when it is none. */
static int word_index(km_sv value, const char *words)
{
	km_sv rest = km_sv_of(words), word;

	for (int i = 0; km_sv_split(&rest, ' ', &word); i++)
		if (km_sv_ieq(word, value))
			return i;
	return -1;
}

/* scheme ":" and visible ASCII; a mail address has an "@". */
static bool is_uri(km_sv uri)
{
	size_t colon = km_sv_chr(uri, ':', 0);

	if (colon == 0 || colon + 1 >= uri.n || !km_is_alpha((unsigned char)uri.p[0]))
		return false;
	for (size_t i = 0; i < uri.n; i++) {
		unsigned char c = (unsigned char)uri.p[i];
		if (c <= ' ' || c > '~' ||
		    (i < colon && !km_is_alnum(c) && c != '+' && c != '-' && c != '.'))
			return false;
	}
	size_t at = km_sv_chr(uri, '@', colon + 1);
	return !km_sv_istarts(uri, KM_S("mailto:")) || (at > colon + 1 && at + 1 < uri.n);
}

static bool has_uri(km_sv list)
{
	km_sv uri;

	while (km_sv_split(&list, ',', &uri)) {
		uri = km_sv_trim(uri);
		uri.n = km_sv_chr(uri, '!', 0); /* the obsolete size */
		if (is_uri(uri))
			return true;
	}
	return false;
}

static unsigned read_fo(km_sv list)
{
	unsigned fo = 0;
	km_sv word;

	while (km_sv_split(&list, ':', &word)) {
		int i = word_index(km_sv_trim(word), "0 1 d s");
		if (i < 0)
			return KM_DMARC_FO_ALL;
		fo |= 1u << i;
	}
	/* 0 and 1 exclude each other */
	return (fo & 3) == 3 ? KM_DMARC_FO_ALL : fo;
}

typedef enum { P, SP, NP, PSD, ADKIM, ASPF, T, RUA, RUF, FO, TAGS } tag;

static void set_tag(km_dmarc_record *r, tag which, km_sv value)
{
	int policy = word_index(value, "none quarantine reject"), i;

	switch (which) {
	case P:
		r->unusable = policy < 0;
		r->p = policy < 0 ? KM_DMARC_POLICY_NONE : (km_dmarc_policy)policy;
		break;
	case SP:
	case NP:
		*(which == SP ? &r->has_sp : &r->has_np) = policy >= 0;
		*(which == SP ? &r->sp : &r->np) =
			policy < 0 ? KM_DMARC_POLICY_NONE : (km_dmarc_policy)policy;
		break;
	case PSD:
		i = word_index(value, "u y n");
		r->psd = i < 0 ? KM_DMARC_PSD_UNKNOWN : (km_dmarc_psd)i;
		break;
	case ADKIM:
		r->strict_dkim = km_sv_ieq(value, KM_S("s"));
		break;
	case ASPF:
		r->strict_spf = km_sv_ieq(value, KM_S("s"));
		break;
	case T:
		r->testing = km_sv_ieq(value, KM_S("y"));
		break;
	case RUA:
		r->rua = value;
		r->reports = has_uri(value);
		break;
	case RUF:
		r->ruf = value;
		break;
	case FO:
		r->fo = read_fo(value);
		break;
	case TAGS:
		break;
	}
}

/* "name = value" without white space at its ends. */
static bool read_tag(km_sv piece, km_sv *name, km_sv *value)
{
	size_t equals = km_sv_chr(piece, '=', 0);

	if (equals == piece.n)
		return false;
	*name = km_sv_trim(km_sv_sub(piece, 0, equals));
	*value = km_sv_trim(km_sv_from(piece, equals + 1));
	return true;
}

km_status km_dmarc_record_read(km_sv txt, km_dmarc_record *out)
{
	km_sv piece, name, value;
	bool seen[TAGS] = { false };

	*out = (km_dmarc_record){ .unusable = true, .fo = KM_DMARC_FO_ALL };
	if (txt.n == 0 || km_lower((unsigned char)txt.p[0]) != 'v' ||
	    !km_sv_split(&txt, ';', &piece) || !read_tag(piece, &name, &value) || name.n != 1 ||
	    !km_sv_eq(value, KM_S("DMARC1")))
		return KM_NOTFOUND;
	while (km_sv_split(&txt, ';', &piece)) {
		int which = read_tag(piece, &name, &value)
				    ? word_index(name, "p sp np psd adkim aspf t rua ruf fo")
				    : -1;
		if (which < 0 || seen[which])
			continue;
		seen[which] = true;
		set_tag(out, (tag)which, value);
	}
	out->unusable |= (seen[SP] && !out->has_sp) || (seen[NP] && !out->has_np);
	if (!out->has_sp)
		out->sp = out->p;
	if (!out->has_np)
		out->np = out->sp;
	return KM_OK;
}

km_status km_dmarc_author(km_arena *a, const km_mail *m, km_sv *domain, km_sv *why)
{
	const km_addr_list *from = &m->from;
	const char *reason = m->n_from == 0	  ? "no From field"
			     : m->n_from > 1	  ? "several From fields"
			     : m->headers->limits ? "the header is too long to be read whole"
			     : from->n == 0	  ? "no address in From"
			     : from->ambiguous || from->groups ? "From can be read in several ways"
			     : from->n > 1		       ? "several addresses in From"
			     : from->a[0].route		       ? "a route in From"
							       : NULL;

	*domain = (km_sv){ NULL, 0 };
	if (reason == NULL)
		*domain = km_auth_domain(a, from->a[0].domain, 1);
	if (reason == NULL && domain->n == 0)
		reason = "the domain in From is no domain name";
	*why = km_sv_of(reason);
	return reason ? KM_SYNTAX : KM_OK;
}
