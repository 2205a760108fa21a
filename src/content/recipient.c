/*
 * What is made for one recipient: programs that send to many put the address where a person would
 * write a name. A service of one's own knows the name; its mail has the address at most in a link.
 */
#include "content/cues.h"
#include "content/host.h"
#include "content/structure_parts.h"

enum { MOST = 4, SHORTEST = 3, OPENING = 400 };

typedef struct {
	km_sv address, local, domain; /* lower case */
} recipient;

static size_t add(km_arena *a, recipient *list, size_t n, km_sv address)
{
	km_sv low = km_sv_lower(a, address);
	size_t at = km_sv_rchr(low, '@');

	if (n == MOST || at < SHORTEST || at == low.n)
		return n;
	for (size_t i = 0; i < n; i++)
		if (km_sv_eq(list[i].address, low))
			return n;
	list[n] = (recipient){ low, km_sv_sub(low, 0, at), km_sv_from(low, at + 1) };
	return n + 1;
}

/* Those of the envelope; without one, and without many, those of To. */
static size_t recipients(const km_structure_job *j, recipient list[MOST])
{
	const km_addr_list *to = &j->m->to;
	size_t n = 0;

	for (size_t i = 0; i < j->in->n_rcpts && j->in->n_rcpts <= MOST; i++)
		n = add(j->a, list, n, j->in->rcpts[i]);
	for (size_t i = 0; n == 0 && i < to->n && to->n <= MOST; i++)
		n = add(j->a, list, n, to->a[i].addr);
	return n;
}

/* --- "Dear taro@example.jp,", "taro様" --- */

static bool is_greeting(km_sv before)
{
	while (before.n && (before.p[before.n - 1] == ' ' || before.p[before.n - 1] == ','))
		before.n--;
	return km_cues_end(KM_CUES_greeting, before);
}

static bool is_title(km_sv after)
{
	if (km_sv_starts(after, KM_S(" ")))
		after = km_sv_from(after, 1);
	return km_cues_start(KM_CUES_title, after);
}

/* Where @name stands as a name of somebody who is greeted; key.n when it does not. */
static size_t greeted(km_sv key, km_sv name)
{
	for (size_t at = 0; (at = km_sv_find(key, name, at)) < key.n; at += name.n) {
		char before = at ? key.p[at - 1] : ' ';
		size_t end = at + name.n;
		char after = end < key.n ? key.p[end] : ' ';
		if (km_is_alnum((unsigned char)before) || km_is_alnum((unsigned char)after) ||
		    before == '.' || before == '@' || after == '@')
			continue;
		if (is_greeting(km_sv_sub(key, 0, at)) || is_title(km_sv_from(key, end)))
			return at;
	}
	return key.n;
}

/* "taro" may well be what he is called; "taro.1984" is not. */
static bool is_no_name(km_sv local)
{
	for (size_t i = 0; i < local.n; i++)
		if (!km_is_alpha((unsigned char)local.p[i]))
			return true;
	return false;
}

static bool check_salutation(const km_structure_job *j, const recipient *r)
{
	const struct {
		km_sv name;
		double weight;
	} names[] = { { r->address, 2 }, { r->local, 0.5 } };

	for (size_t i = 0; i < j->v->n_text; i++)
		for (size_t k = 0; k < (is_no_name(r->local) ? 2u : 1u); k++) {
			const km_text_view *t = &j->v->text[i];
			km_sv opening = km_utf8_cut(t->key, OPENING);
			if (greeted(opening, names[k].name) == opening.n)
				continue;
			km_fact *f = km_structure_at_text(j, KM_FACT_SALUTATION_ADDRESS,
							  names[k].name, t->part, KM_S(""));
			if (f)
				f->weight = names[k].weight;
			return true;
		}
	return false;
}

/* --- other places --- */

static bool check_subject(const km_structure_job *j, const recipient *r)
{
	if (km_sv_find(j->v->subject.key, r->address, 0) == j->v->subject.key.n)
		return false;
	(void)km_structure_at_field(j, KM_FACT_SUBJECT_ADDRESS, r->address,
				    km_headers_first(j->m->headers, "Subject"));
	return true;
}

/* "example.jp サポート" <x@elsewhere.example>, to somebody of example.jp. */
static bool check_name(const km_structure_job *j, const recipient *r)
{
	km_sv key = j->v->from_name.key;
	size_t at = km_sv_find(key, r->domain, 0);

	if (at == key.n || j->m->from.n == 0 || km_sv_chr(r->domain, '.', 0) == r->domain.n ||
	    km_host_related(r->domain, j->m->from.a[0].domain) ||
	    (at && (key.p[at - 1] == '.' || km_is_alnum((unsigned char)key.p[at - 1]))))
		return false;
	km_fact *f = km_structure_at_field(j, KM_FACT_FROM_NAME_YOUR_DOMAIN, key,
					   km_headers_first(j->m->headers, "From"));
	km_fact_arg(j->fs, f, 1, r->domain);
	km_fact_arg(j->fs, f, 2, j->m->from.a[0].domain);
	return true;
}

static bool is_looked_at(const km_found_link *l)
{
	return km_link_is_clicked(l) && !l->hidden && l->origin != KM_FROM_FIELD && l->site;
}

/* As it is, or with "%40"; other codes are strangers.c's. */
static bool check_links(const km_structure_job *j, const recipient *r)
{
	enum { LONGEST = 60 };
	km_sv address = km_sv_sub(r->address, 0, LONGEST);
	km_buf escaped;

	km_buf_init(&escaped, j->a, LONGEST);
	km_buf_add(&escaped, r->local);
	km_buf_add(&escaped, KM_S("%40"));
	km_buf_add(&escaped, r->domain);
	for (size_t i = 0; i < j->in->links->n; i++) {
		const km_found_link *l = &j->in->links->a[i];
		size_t n = l->target.n;
		if (!is_looked_at(l) || (km_sv_ifind(l->target, address, 0) == n &&
					 (km_sv_chr(l->target, '%', 0) == n ||
					  km_sv_ifind(l->target, km_buf_sv(&escaped), 0) == n)))
			continue;
		km_fact *f =
			km_structure_at_text(j, KM_FACT_LINK_ADDRESS, l->target, l->part, l->where);
		km_fact_inside(j->fs, f, l->file);
		km_fact_arg(j->fs, f, 1, r->address);
		return true;
	}
	return false;
}

/* --- links for one person --- */

static bool in_token(unsigned char c)
{
	return km_is_alnum(c) || c == '-' || c == '_';
}

/* "7f3ac1…", "aGVsbG8tdGhlcmU_": long, with digits and letters that take turns; no words, no date.
 */
static bool is_token(km_sv v)
{
	enum { TOKEN = 20, CHANGES = 5, WORD = 9 };
	size_t changes = 0, run = 0, longest = 0;

	if (v.n < TOKEN)
		return false;
	for (size_t i = 1; i < v.n; i++) {
		unsigned char a = (unsigned char)v.p[i - 1], b = (unsigned char)v.p[i];
		changes += km_is_digit(a) != km_is_digit(b) && a != '-' && b != '-';
		run = km_is_alpha(b) && b == km_lower(b) ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return changes >= CHANGES && longest < WORD;
}

static bool has_token(km_sv v)
{
	for (size_t at = 0; at < v.n;) {
		size_t from = at;
		while (at < v.n && in_token((unsigned char)v.p[at]))
			at++;
		if (is_token(km_sv_sub(v, from, at - from)))
			return true;
		at += at == from || at < v.n;
	}
	return false;
}

static void check_tokens(const km_structure_job *j)
{
	for (size_t i = 0; i < j->in->links->n; i++) {
		const km_found_link *l = &j->in->links->a[i];
		if (!is_looked_at(l) || !(has_token(l->url->path) || has_token(l->url->query) ||
					  has_token(l->url->fragment)))
			continue;
		km_fact *f = km_structure_at_text(j, KM_FACT_LINK_ONE_TIME, l->target, l->part,
						  l->where);
		km_fact_inside(j->fs, f, l->file);
		km_fact_arg(j->fs, f, 1, l->url->host);
		return;
	}
}

void km_structure_recipient(const km_structure_job *j)
{
	static bool (*const checks[])(const km_structure_job *,
				      const recipient *) = { check_salutation, check_subject,
							     check_name, check_links };
	recipient list[MOST];
	size_t n = recipients(j, list);

	for (size_t c = 0; c < KM_COUNT(checks); c++)
		for (size_t i = 0; i < n && !checks[c](j, &list[i]); i++)
			;
	check_tokens(j);
}
