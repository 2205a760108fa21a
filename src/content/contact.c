#include "content/contact.h"

#include "base/block.h"
#include "content/structure_parts.h"

typedef struct {
	const km_contact_job *in;
	km_structure_job at;
} contact;

/* --- reply, unsubscription --- */

/* Both are anybody's, and not the same. */
static void check_boxes(const contact *c, const km_addr *from, const km_addr *to)
{
	if (km_sv_ieq(from->local, to->local) ||
	    km_headers_first(c->in->mail->headers, "List-Post"))
		return;
	km_fact *f = km_structure_at_field(&c->at, KM_FACT_REPLY_TO_OTHER_BOX, to->addr,
					   km_headers_first(c->in->mail->headers, "Reply-To"));
	km_fact_arg(c->at.fs, f, 1, from->addr);
	km_fact_arg(c->at.fs, f, 2, to->addr);
}

static void check_from(const contact *c)
{
	const km_mail *m = c->in->mail;

	if (m->from.n == 0 || !km_brands_is_mailbox(c->in->brands, m->from.a[0].domain))
		return;
	km_fact *f = km_structure_at_field(&c->at, KM_FACT_FROM_ANYBODY, m->from.a[0].addr,
					   km_headers_first(m->headers, "From"));
	km_fact_arg(c->at.fs, f, 1, m->from.a[0].domain);
}

static void check_reply(const contact *c)
{
	const km_mail *m = c->in->mail;
	const km_brands *b = c->in->brands;

	if (m->reply_to.n == 0 || m->from.n == 0)
		return;
	km_sv from = m->from.a[0].domain, to = m->reply_to.a[0].domain;
	if (from.n == 0 || !km_brands_is_mailbox(b, to))
		return;
	if (km_brands_is_mailbox(b, from))
		check_boxes(c, &m->from.a[0], &m->reply_to.a[0]);
	if (km_brands_is_mailbox(b, from) || km_host_related(from, to))
		return;
	km_fact *f = km_structure_at_field(&c->at, KM_FACT_REPLY_TO_FREEMAIL, m->reply_to.a[0].addr,
					   km_headers_first(m->headers, "Reply-To"));
	km_fact_arg(c->at.fs, f, 1, from);
	km_fact_arg(c->at.fs, f, 2, to);
}

/* Mail services have the unsubscription at a host of their own, that of their links or envelope. */
static bool belongs(const contact *c, km_sv host)
{
	const km_contact_job *j = c->in;
	size_t at = km_sv_rchr(j->from, '@');

	if (j->mail->from.n && km_host_related(host, j->mail->from.a[0].domain))
		return true;
	if (at < j->from.n && km_host_related(host, km_sv_from(j->from, at + 1)))
		return true;
	for (size_t i = 0; i < j->n_signers; i++)
		if (km_host_related(host, j->signer[i]))
			return true;
	for (size_t i = 0; i < j->links->n; i++) {
		const km_found_link *l = &j->links->a[i];
		if (l->origin != KM_FROM_FIELD && l->site && km_host_related(host, l->site->host))
			return true;
	}
	return false;
}

static void check_unsubscribe(const contact *c)
{
	const km_header *h = km_headers_first(c->in->mail->headers, "List-Unsubscribe");
	km_url url;

	if (h == NULL)
		return;
	km_sv raw = h->raw;
	size_t at = km_sv_ifind(raw, KM_S("<http"), 0);
	km_sv text = km_sv_sub(raw, at + 1, km_sv_chr(raw, '>', at) - at - 1);
	if (at == raw.n || !km_url_read(c->at.a, text, NULL, &url) || url.host.n == 0 ||
	    belongs(c, url.host))
		return;
	km_fact *f = km_structure_at_field(&c->at, KM_FACT_LIST_UNSUBSCRIBE_ELSEWHERE, text, h);
	km_fact_arg(c->at.fs, f, 1, url.host);
}

/* --- wallets and telephones, in what the author wrote --- */

static bool find_wallet(const contact *c, km_sv text, km_sv *out)
{
	enum { SHORTEST = 14 };
	size_t at = 0; /* where a word may begin */

	while (at + SHORTEST <= text.n) {
		size_t end = at + SHORTEST, from = end;
		while (from > at && km_is_alnum((unsigned char)text.p[from - 1]))
			from--;
		if (from > at) { /* too short a word, most often seen from its end */
			at = from;
			continue;
		}
		while (end < text.n && km_is_alnum((unsigned char)text.p[end]))
			end++;
		*out = km_sv_sub(text, at, end - at);
		if (c->in->is_wallet(*out))
			return true;
		at = end + 1;
	}
	return false;
}

/* The next digit, or @sign, from @at on; most texts have long rows without one. */
static size_t find_digit(km_sv v, size_t at, char sign)
{
	for (; at + KM_BLOCK <= v.n; at += KM_BLOCK) {
		km_block b = km_block_load(v.p + at);
		size_t i =
			km_block_first((km_block)(b - '0' < 10) | (km_block)(b == (uint8_t)sign));
		if (i < KM_BLOCK)
			return at + i;
	}
	while (at < v.n && !km_is_digit((unsigned char)v.p[at]) && v.p[at] != sign)
		at++;
	return at;
}

typedef struct {
	size_t digits, groups;
	km_sv v;
	bool plus;
} number;

/* "+1 (888) 555-0142", "03-1234-5678": digits in groups, with what stands between in numbers. */
static size_t read_number(km_sv key, size_t at, number *out)
{
	size_t from = at, last = at;
	bool in_group = false, hyphens = false;

	*out = (number){ .plus = key.p[at] == '+' };
	for (at += out->plus; at < key.n; at++) {
		char c = key.p[at];
		if (km_is_digit((unsigned char)c)) {
			out->digits++;
			out->groups += !in_group;
			in_group = true;
			last = at + 1;
		} else if (strchr(" ()-.", c) && c && at - last < 2 &&
			   !(hyphens && (c == ' ' || c == '('))) {
			in_group = false;
			hyphens |= c == '-';
		} else {
			break;
		}
	}
	out->v = km_sv_sub(key, from, last - from);
	return last > from ? last : from + 1;
}

/* Ten digits of North America in three groups or more, or a Japanese number with its hyphens. */
static bool is_telephone(const number *n)
{
	char first = n->v.n ? n->v.p[0] : ' ';

	if (n->groups < 3 || n->groups > 5)
		return false;
	if (n->plus)
		return n->digits >= 10 && n->digits <= 13;
	return (first == '0' && (n->digits == 10 || n->digits == 11)) ||
	       (first == '1' && n->digits == 11) || (first != '0' && n->digits == 10);
}

static bool find_telephone(const contact *c, km_sv key, km_sv *out)
{
	number n;

	(void)c;
	for (size_t at = 0; (at = find_digit(key, at, '+')) < key.n;) {
		at = read_number(key, at, &n);
		*out = n.v;
		if (is_telephone(&n))
			return true;
	}
	return false;
}

/* --- sums of money that nobody sends by mail --- */

/* A currency that ends before @at or begins there; a blank may come between. */
static bool is_currency(km_sv key, size_t at, bool before)
{
	static const km_sv names[] = {
		KM_SV("$"),	    KM_SV("€"),	   KM_SV("£"),	    KM_SV("usd"),
		KM_SV("eur"),	    KM_SV("gbp"),  KM_SV("us$"),    KM_SV("dollars"),
		KM_SV("euros"),	    KM_SV("euro"), KM_SV("pounds"), KM_SV("united states dollars"),
		KM_SV("us dollars")
	};
	km_sv v = before ? km_sv_sub(key, 0, at) : km_sv_from(key, at);

	if (before && v.n && v.p[v.n - 1] == ' ')
		v.n--;
	else if (!before && v.n && v.p[0] == ' ')
		v = km_sv_from(v, 1);
	for (size_t i = 0; i < KM_COUNT(names); i++)
		if (before ? km_sv_ends(v, names[i]) : km_sv_starts(v, names[i]))
			return true;
	return false;
}

/* "12,500,000.00", "10.5 million", "2m": in thousands. Moves *at past it. */
static double read_sum(km_sv key, size_t *at)
{
	static const km_sv millions[] = { KM_SV(" million"), KM_SV("million"), KM_SV(" millionen"),
					  KM_SV("m "),	     KM_SV(" milh"),   KM_SV(" millones") };
	double value = 0, scale = 1;
	size_t last = 0; /* digits since the last mark */
	char mark = 0;

	for (; *at < key.n; ++*at) {
		char c = key.p[*at];
		bool next = *at + 1 < key.n && km_is_digit((unsigned char)key.p[*at + 1]);
		if (km_is_digit((unsigned char)c)) {
			value = value * 10 + (c - '0');
			last++;
		} else if ((c == ',' || c == '.') && next) {
			mark = c;
			last = 0;
		} else {
			break;
		}
	}
	/* one or two digits behind the last mark are cents */
	if (mark && last < 3)
		scale = last == 1 ? 0.1 : 0.01;
	for (size_t i = 0; i < KM_COUNT(millions); i++)
		if (km_sv_starts(km_sv_from(key, *at), millions[i])) {
			*at += millions[i].n;
			return value * scale * 1000;
		}
	return value * scale / 1000;
}

static bool find_fortune(const contact *c, km_sv key, km_sv *out)
{
	enum { FORTUNE = 100 /* thousand */, LOOKED_AT = 8000 };

	(void)c;
	key = km_sv_sub(key, 0, LOOKED_AT);
	for (size_t at = 0; (at = find_digit(key, at, '0')) < key.n;) {
		size_t from = at;
		double sum = read_sum(key, &at);
		*out = km_sv_sub(key, from, at - from);
		if (sum >= FORTUNE && sum < 1e6 &&
		    (is_currency(key, from, true) || is_currency(key, at, false)))
			return true;
	}
	return false;
}

static void check_texts(const contact *c)
{
	const struct {
		bool (*find)(const contact *, km_sv, km_sv *);
		km_fact_id fact;
		bool key;
	} finds[] = { { find_wallet, KM_FACT_WALLET_ADDRESS, false },
		      { find_telephone, KM_FACT_TELEPHONE_NUMBER, true },
		      { find_fortune, KM_FACT_FORTUNE_NAMED, true } };

	for (size_t k = 0; k < KM_COUNT(finds); k++)
		for (size_t i = 0; i < c->in->areas->n; i++) {
			const km_area *area = &c->in->areas->area[i];
			km_sv seen;
			if (area->kind < KM_AREA_SUBJECT || area->quoted ||
			    !finds[k].find(c, finds[k].key ? area->key : area->text, &seen))
				continue;
			km_fact_inside(c->at.fs,
				       km_structure_at_text(&c->at, finds[k].fact, seen, area->part,
							    seen),
				       area->file);
			break;
		}
}

void km_contact_facts(km_arena *a, const km_contact_job *j, km_facts *fs)
{
	const contact c = { .in = j, .at = { .m = j->mail, .a = a, .fs = fs } };

	check_from(&c);
	check_reply(&c);
	check_unsubscribe(&c);
	check_texts(&c);
}
