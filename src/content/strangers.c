/*
 * The links of a message, taken together: where they lead and whose that is. A sender links to its
 * own pages, or to those of the mail service that counts its clicks; who hides behind somebody
 * else's name, or behind a free mailbox, can not.
 */
#include "content/areas.h"
#include "content/structure_parts.h"
#include "content/throwaway.h"
#include "mail/b64.h"

typedef struct {
	const km_structure_job *j;
	km_sv domains[3], name; /* registrable ones of the sender; what he is called, if it tells */
	size_t n_domains;
	const km_site *last; /* asked about; whether it is the sender's */
	bool last_is;
	const km_found_link *first;   /* that leads to a stranger */
	const km_found_link *clicked; /* the first of all */
	const km_found_link *letter;  /* the first that writes a letter to a stranger */
	bool own;		      /* some link leads to the sender */
	bool counted;		      /* some leads to a mail service that counts clicks */
	size_t n;
	bool told[KM_FACT_COUNT];
} strangers;

static void tell(strangers *s, km_fact_id id, const km_found_link *l, km_sv host)
{
	if (s->told[id])
		return;
	s->told[id] = true;
	km_fact_arg(s->j->fs, km_structure_at_text(s->j, id, l->target, l->part, l->where), 1,
		    host);
}

static km_sv domain_of(km_sv addr)
{
	return km_sv_from(addr, km_sv_rchr(addr, '@') + 1);
}

/* "www.boatshare-app.example" of hello@boatshare.example: who owns several domains names them
 * alike. */
static km_sv name_of(km_sv domain)
{
	enum { SHORTEST = 5, LONGEST = 60 };
	km_sv name = km_sv_sub(domain, 0, km_sv_chr(domain, '.', 0));

	return name.n >= SHORTEST ? km_sv_sub(name, 0, LONGEST) : (km_sv){ NULL, 0 };
}

static void find_sender(strangers *s)
{
	const km_mail *m = s->j->m;

	if (m->from.n) {
		s->domains[s->n_domains++] = km_host_registrable(m->from.a[0].domain);
		s->name = name_of(s->domains[0]);
	}
	if (m->reply_to.n)
		s->domains[s->n_domains++] = km_host_registrable(m->reply_to.a[0].domain);
	if (s->j->in->has_from)
		s->domains[s->n_domains++] = km_host_registrable(domain_of(s->j->in->from));
}

static bool is_senders(strangers *s, const km_site *site)
{
	if (site == s->last)
		return s->last_is;
	s->last = site;
	s->last_is = s->name.n && km_sv_ifind(site->host, s->name, 0) < site->host.n;
	for (size_t i = 0; i < s->n_domains && !s->last_is; i++)
		s->last_is = km_sv_ieq(s->domains[i], site->domain);
	return s->last_is;
}

/* --- an address told to the linked site: in hexadecimal or base64 --- */

static bool is_address(const unsigned char *p, size_t n)
{
	size_t at = n, dots = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '@') {
			if (at < n || i == 0)
				return false;
			at = i;
		} else if (!km_is_alnum(p[i]) && p[i] != '.' && p[i] != '-' && p[i] != '_' &&
			   p[i] != '+') {
			return false;
		}
		dots += at < n && p[i] == '.';
	}
	return at + 3 < n && dots && km_is_alnum(p[n - 1]);
}

enum { TOKEN = 128 };

static bool is_hex_address(km_sv v)
{
	unsigned char out[TOKEN];
	size_t n = 0;

	if (v.n % 2 || v.n > 2 * TOKEN)
		return false;
	for (size_t i = 0; i < v.n; i += 2) {
		int high = km_hex_value((unsigned char)v.p[i]);
		int low = km_hex_value((unsigned char)v.p[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[n++] = (unsigned char)(high << 4 | low);
	}
	return is_address(out, n);
}

static int base64_value(char c)
{
	static const km_sv digits =
		KM_SV("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	size_t at = km_sv_chr(digits, c, 0);

	return at < digits.n ? (int)at : c == '-' || c == '+' ? 62 : c == '_' ? 63 : -1;
}

static bool is_base64_address(km_sv v)
{
	unsigned char out[TOKEN];
	size_t n = 0;
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < v.n; i++) {
		int value = base64_value(v.p[i]);
		if (value < 0 || n == TOKEN)
			return false;
		bits = (bits << 6 | (unsigned)value) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n] = (unsigned char)(bits >> have);
			if (out[n++] >= 0x80)
				return false;
		}
	}
	return is_address(out, n);
}

static bool token_byte(char c)
{
	return km_is_alnum((unsigned char)c) || c == '-' || c == '_' || c == '+';
}

static bool tells_address(km_sv target)
{
	enum { SHORTEST = 12, LOOKED_AT = 600 };
	km_sv v = km_sv_sub(target, 0, LOOKED_AT);

	for (size_t i = 0, n; i < v.n; i += n + 1) {
		for (n = 0; i + n < v.n && token_byte(v.p[i + n]); n++)
			;
		km_sv token = km_sv_sub(v, i, n);
		if (n >= SHORTEST && (is_hex_address(token) || is_base64_address(token)))
			return true;
	}
	return false;
}

/* --- odd addresses of pages --- */

/* "%68%74%74%70": letters need no escapes. */
static bool has_escaped_letters(km_sv target)
{
	enum { ENOUGH = 3 };
	size_t n = 0;

	for (size_t at = 0; (at = km_sv_chr(target, '%', at)) + 2 < target.n; at++) {
		int high = km_hex_value((unsigned char)target.p[at + 1]);
		int low = km_hex_value((unsigned char)target.p[at + 2]);
		n += high >= 0 && low >= 0 && km_is_alpha((unsigned char)(high << 4 | low));
	}
	return n >= ENOUGH;
}

/* Pages in folders that hold no pages: a site was broken into. Pictures and papers do lie there. */
static bool is_broken_into(km_sv path)
{
	static const km_sv folders[] = { KM_SV("/wp-content/"), KM_SV("/wp-includes/"),
					 KM_SV("/wp-admin/"), KM_SV("/.well-known/"),
					 KM_SV("/cgi-sys/") };
	km_sv file = km_sv_from(path, km_sv_rchr(path, '/') + 1);
	size_t dot = km_sv_rchr(file, '.');
	bool page = dot == file.n || km_sv_istarts(km_sv_from(file, dot), KM_S(".php")) ||
		    km_sv_istarts(km_sv_from(file, dot), KM_S(".htm"));

	for (size_t i = 0; i < KM_COUNT(folders) && page; i++)
		if (km_sv_ifind(path, folders[i], 0) < path.n)
			return true;
	return dot < file.n && km_sv_ieq(km_sv_from(file, dot), KM_S(".php")) &&
	       km_word_is_drawn(km_sv_sub(file, 0, dot));
}

/* "#taro@example.jp", "#user=taro@example.jp": what the page is to show in its false login form. */
static void look_at_fragment(strangers *s, const km_found_link *l)
{
	km_sv v = l->url->fragment;
	size_t equals = km_sv_rchr(v, '=');

	v = km_sv_from(v, equals < v.n ? equals + 1 : 0);
	if (is_address((const unsigned char *)v.p, v.n))
		tell(s, KM_FACT_LINK_ADDRESS_FRAGMENT, l, l->final_site->host);
}

static void look_at(strangers *s, const km_found_link *l)
{
	const km_site *site = l->final_site;

	if (has_escaped_letters(l->target))
		tell(s, KM_FACT_LINK_LETTERS_ESCAPED, l, site->host);
	if (is_broken_into(l->final->path))
		tell(s, KM_FACT_LINK_BROKEN_INTO, l, site->host);
	if (site->kind & KM_SITE_STORAGE)
		tell(s, KM_FACT_LINK_STORAGE, l, site->host);
	if (km_host_is_cheap(site->host))
		tell(s, KM_FACT_LINK_CHEAP_NAME, l, site->host);
	if (l->wrap == KM_WRAP_REDIRECT && l->site && !km_host_related(l->site->host, site->host))
		tell(s, KM_FACT_LINK_REDIRECTED, l, site->host);
	if (tells_address(l->target))
		tell(s, KM_FACT_LINK_ADDRESS_ENCODED, l, site->host);
}

/* "mailto:somebody@elsewhere.example?subject=Report": a letter that is ready to be sent. */
static void look_at_letter(strangers *s, const km_found_link *l)
{
	const km_mail *m = s->j->m;
	km_sv to = l->url->path, domain = domain_of(km_sv_sub(to, 0, km_sv_chr(to, ',', 0)));

	if (s->letter || !km_sv_eq(l->url->scheme, KM_S("mailto")) || l->url->query.n == 0 ||
	    m->from.n == 0 || domain.n == to.n || km_host_related(domain, m->from.a[0].domain))
		return;
	s->letter = l;
}

/* A newsletter of somebody else's around one link: most links lead to one site, the first
 * elsewhere. */
static void check_copied(strangers *s)
{
	enum { FEW = 2, MANY = 4 };
	const km_links *links = s->j->in->links;
	const km_site *first = s->clicked ? s->clicked->final_site : NULL;

	if (first == NULL || first->uses > FEW || s->told[KM_FACT_LINKS_COPIED] ||
	    first->kind & (KM_SITE_TRACKER | KM_SITE_SHARED) || is_senders(s, first))
		return;
	for (size_t i = 0; i < links->n_sites; i++) {
		const km_site *other = links->site[i];
		if (other->uses >= MANY && !km_host_related(other->host, first->host) &&
		    !(other->kind & KM_SITE_SHARED) && !is_senders(s, other)) {
			tell(s, KM_FACT_LINKS_COPIED, s->clicked, first->host);
			return;
		}
	}
}

void km_structure_strangers(const km_structure_job *j)
{
	/* More of them have newsletters of those who own several domains. */
	enum { MANY = 15, ANYBODYS = KM_SITE_SHARED };
	strangers s = { .j = j };
	const km_links *links = j->in->links;

	if (links->n)
		find_sender(&s);
	for (size_t i = 0; i < links->n; i++) {
		const km_found_link *l = &links->a[i];
		const km_site *site = l->final_site;
		if (l->hidden || l->origin == KM_FROM_FIELD || !km_link_is_clicked(l))
			continue;
		if (site == NULL) {
			look_at_letter(&s, l);
			continue;
		}
		if (s.clicked == NULL)
			s.clicked = l;
		look_at_fragment(&s, l);
		s.n++;
		if (is_senders(&s, site)) {
			s.own = true;
			continue;
		}
		if (site->kind & KM_SITE_TRACKER) {
			s.counted = true;
			continue;
		}
		if (s.first == NULL || s.first->final_site->kind & ANYBODYS)
			s.first = l;
		look_at(&s, l);
	}
	/* What somebody passes on is not his, unless he says nothing of his own. */
	if (s.first && !s.own && !s.counted && s.n <= MANY &&
	    km_mail_passing(j->m, j->v) != KM_PASSES_WITH_WORDS)
		tell(&s, KM_FACT_LINKS_TO_STRANGERS, s.first, s.first->final_site->host);
	if (s.letter && s.clicked == NULL)
		tell(&s, KM_FACT_LINKS_WRITE, s.letter, s.letter->url->path);
	if (!s.own)
		check_copied(&s);
}
