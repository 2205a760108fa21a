#include "auth/authres.h"

#include "base/buf.h"

enum { COLUMN = 76 };

typedef struct {
	km_buf b;
	const char *eol;
	size_t column;
} writer;

/* Bytes of a token (RFC 2045 section 5.1). */
static bool is_token_byte(unsigned char c)
{
	return c > ' ' && c < 0x7f && memchr("()<>@,;:\\\"/[]?=", c, 15) == NULL;
}

/* A token, or a local part and a domain of token bytes with one "@" between them. */
static bool is_plain(km_sv v)
{
	size_t at = 0;

	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '@')
			at++;
		else if (!is_token_byte((unsigned char)v.p[i]))
			return false;
	}
	return v.n > 0 && at <= 1 && v.p[v.n - 1] != '@';
}

static void add_value(km_buf *b, km_sv v)
{
	v = km_sv_sub(v, 0, KM_AUTHRES_VALUE);
	if (is_plain(v)) {
		km_buf_add(b, v);
		return;
	}
	km_buf_byte(b, '"');
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (c == '"' || c == '\\')
			km_buf_byte(b, '\\');
		km_buf_byte(b, c < ' ' || c > 0x7e ? '?' : (char)c);
	}
	km_buf_byte(b, '"');
}

/* What was appended since @from is a word: it goes to a new line when it is too long for this. */
static void end_word(writer *w, size_t from)
{
	size_t n = w->b.n - from, fold = strlen(w->eol) + 1;

	if (w->column + 1 + n <= COLUMN || !km_buf_reserve(&w->b, fold)) {
		w->column += 1 + n;
		return;
	}
	/* The space before the word becomes the fold. */
	memmove(w->b.p + from + fold - 1, w->b.p + from, n);
	memcpy(w->b.p + from - 1, w->eol, fold - 1);
	w->b.p[from - 1 + fold - 1] = '\t';
	w->b.n += fold - 1;
	w->column = 8 + n;
}

static void add_property(writer *w, const char *name, km_sv value)
{
	if (value.n == 0)
		return;
	km_buf_byte(&w->b, ' ');
	size_t from = w->b.n;
	km_buf_add(&w->b, km_sv_of(name));
	km_buf_byte(&w->b, '=');
	add_value(&w->b, value);
	end_word(w, from);
}

/* One method's result, on a line of its own. */
static void add_result(writer *w, const char *method, const char *result, km_sv reason)
{
	km_buf_byte(&w->b, ';');
	km_buf_add(&w->b, km_sv_of(w->eol));
	km_buf_byte(&w->b, '\t');
	size_t from = w->b.n;
	km_buf_fmt(&w->b, "%s=%s", method, result);
	w->column = 8 + w->b.n - from;
	add_property(w, "reason", reason);
}

static void add_client(writer *w, const km_authres *r)
{
	char text[64];

	add_result(w, "iprev", km_rdns_name(r->client->rdns), (km_sv){ NULL, 0 });
	add_property(w, "policy.iprev", km_sv_of(km_ip_format(r->ip, text)));
}

static void add_spf(writer *w, const km_authres *r)
{
	const km_spf_result *spf = r->spf;

	add_result(w, "spf", km_spf_code_name(spf->code), spf->reason);
	add_property(w, spf->helo ? "smtp.helo" : "smtp.mailfrom",
		     spf->helo ? r->helo : r->mail_from);
}

static void add_dkim(writer *w, const km_dkim_result *dkim)
{
	if (dkim->n == 0)
		add_result(w, "dkim", "none", (km_sv){ NULL, 0 });
	for (size_t i = 0; i < dkim->n && i < KM_MAX_SIGNATURES; i++) {
		const km_dkim_sig *s = &dkim->sig[i];
		bool tail = s->code == KM_DKIM_PASS && s->unsigned_tail;
		/* Whoever reads the field must not take it for a proof of what is shown. */
		add_result(w, "dkim", km_dkim_code_name(tail ? KM_DKIM_POLICY : s->code),
			   tail ? KM_S("text follows the signed part of the body") : s->reason);
		add_property(w, "header.d", s->domain);
		add_property(w, "header.i", s->identity);
		add_property(w, "header.s", s->selector);
		add_property(w, "header.a", s->algorithm);
		add_property(w, "header.b", s->b);
	}
}

static void add_dmarc(writer *w, const km_authres *r)
{
	const km_dmarc_result *d = r->dmarc;

	add_result(w, "dmarc", km_dmarc_code_name(d->code),
		   r->override ? km_sv_of(r->override) : d->reason);
	add_property(w, "header.from", d->domain);
	if (d->policy_domain.n == 0)
		return;
	add_property(w, "polrec.p", km_sv_of(km_dmarc_policy_name(d->published)));
	if (!km_sv_ieq(d->policy_domain, d->domain))
		add_property(w, "polrec.domain", d->policy_domain);
}

/* RFC 8617 knows no temperror. */
static void add_arc(writer *w, const km_arc_result *c)
{
	add_result(w, "arc", km_arc_code_name(c->code == KM_ARC_TEMPERROR ? KM_ARC_FAIL : c->code),
		   c->reason);
}

km_sv km_authres_write(km_arena *a, const km_authres *r)
{
	writer w = { .eol = r->eol ? r->eol : "\r\n" };

	km_buf_init(&w.b, a, KM_AUTHRES_MAX);
	add_value(&w.b, r->authserv_id);
	if (r->arc)
		add_arc(&w, r->arc);
	if (r->client)
		add_client(&w, r);
	if (r->spf)
		add_spf(&w, r);
	if (r->dkim)
		add_dkim(&w, r->dkim);
	if (r->dmarc)
		add_dmarc(&w, r);
	if (!r->arc && !r->client && !r->spf && !r->dkim && !r->dmarc)
		km_buf_add(&w.b, KM_S("; none"));
	return w.b.cut ? (km_sv){ NULL, 0 } : km_buf_sv(&w.b);
}

/* --- recognising our own --- */

/* Where the authserv-id and version end: the first ';' outside comments and quotes. An open comment
 * or quote is none. */
static size_t head_length(km_sv raw)
{
	unsigned depth = 0;
	bool quoted = false;
	size_t first = km_sv_chr(raw, ';', 0);

	for (size_t i = first < raw.n ? 0 : raw.n; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '\\')
			i++;
		else if (c == '"' && depth == 0)
			quoted = !quoted;
		else if (!quoted && c == '(')
			depth++;
		else if (!quoted && c == ')' && depth > 0)
			depth--;
		else if (c == ';' && !quoted && depth == 0)
			return i;
	}
	return raw.n;
}

/* Takes a word off @v, as it reads without quotes and backslashes; compares it with @id. */
static bool next_word_is(km_sv *v, km_sv id)
{
	size_t i = 0, at = 0;
	bool same = true;

	while (i < v->n && memchr(" \t\r\n()\",;", v->p[i], 9))
		i++;
	for (; i < v->n && !memchr(" \t\r\n(),;", v->p[i], 8); i++) {
		if (v->p[i] == '"' || v->p[i] == '\\')
			continue;
		same = same && ((at < id.n && km_lower((unsigned char)v->p[i]) ==
						      km_lower((unsigned char)id.p[at])) ||
				(at == id.n && v->p[i] == '.'));
		at++;
	}
	*v = km_sv_from(*v, i);
	return same && at >= id.n;
}

bool km_authres_is_ours(km_sv raw, km_sv authserv_id)
{
	km_sv head = km_sv_sub(raw, 0, head_length(raw));

	while (authserv_id.n && authserv_id.p[authserv_id.n - 1] == '.')
		authserv_id.n--;
	while (authserv_id.n && head.n)
		if (next_word_is(&head, authserv_id))
			return true;
	return false;
}
