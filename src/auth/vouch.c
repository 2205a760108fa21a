#include "auth/vouch.h"

typedef struct {
	km_sv rest;
	bool bad;
} reader;

/* Passes over white space and comments. */
static void skip(reader *r)
{
	unsigned depth = 0;

	for (size_t i = 0; i < r->rest.n; i++) {
		char c = r->rest.p[i];
		if (depth && c == '\\')
			i++;
		else if (c == '(' && depth < KM_MAX_COMMENT_DEPTH)
			depth++;
		else if (c == ')' && depth)
			depth--;
		else if (!depth && !km_is_wsp((unsigned char)c)) {
			r->rest = km_sv_from(r->rest, i);
			return;
		}
	}
	r->bad |= depth > 0;
	r->rest.n = 0;
}

static bool is_next(reader *r, char c)
{
	skip(r);
	return r->rest.n && r->rest.p[0] == c;
}

static bool take(reader *r, char c)
{
	if (!is_next(r, c))
		return false;
	r->rest = km_sv_from(r->rest, 1);
	return true;
}

static km_sv take_quoted(reader *r)
{
	size_t i = 1;

	while (i < r->rest.n && r->rest.p[i] != '"')
		i += r->rest.p[i] == '\\' ? 2 : 1;
	if (i >= r->rest.n) {
		r->bad = true;
		r->rest.n = 0;
		return r->rest;
	}
	km_sv v = km_sv_sub(r->rest, 1, i - 1);
	r->rest = km_sv_from(r->rest, i + 1);
	return v;
}

/* A word up to one of @ends, white space or a comment. */
static km_sv take_word(reader *r, const char *ends)
{
	size_t i = 0;

	skip(r);
	while (i < r->rest.n && !km_is_wsp((unsigned char)r->rest.p[i]) && r->rest.p[i] != '(' &&
	       strchr(ends, r->rest.p[i]) == NULL)
		i++;
	km_sv v = km_sv_sub(r->rest, 0, i);
	r->bad |= i == 0;
	r->rest = km_sv_from(r->rest, i);
	return v;
}

/* Values stand after "="; some writers leave those that hold one without quotes. */
static km_sv take_value(reader *r)
{
	return is_next(r, '"') ? take_quoted(r) : take_word(r, ";\"");
}

/* One method with its result and properties. */
typedef struct {
	km_sv method, result, from;
	unsigned froms;
} resinfo;

static void take_resinfo(reader *r, resinfo *out)
{
	*out = (resinfo){ .method = take_word(r, ";=\"") };
	out->method.n = km_sv_chr(out->method, '/', 0);
	if (!take(r, '=')) { /* "none" */
		r->bad |= !km_sv_ieq(out->method, KM_S("none"));
		return;
	}
	out->result = take_value(r);
	skip(r);
	while (r->rest.n && r->rest.p[0] != ';' && !r->bad) {
		km_sv name = take_word(r, ";=\"");
		r->bad |= !take(r, '=');
		km_sv value = take_value(r);
		if (km_sv_ieq(name, KM_S("header.from"))) {
			out->from = value;
			out->froms++;
		}
		skip(r);
	}
}

bool km_results_vouch(km_sv results, km_sv author)
{
	reader r = { .rest = results };
	unsigned dmarcs = 0;
	bool vouches = false;
	resinfo one;

	if (author.n == 0)
		return false;
	(void)take_value(&r); /* authserv-id, and perhaps a version */
	if (!is_next(&r, ';'))
		(void)take_word(&r, ";\"");
	while (!r.bad && take(&r, ';')) {
		skip(&r);
		if (r.rest.n == 0)
			break;
		take_resinfo(&r, &one);
		if (!km_sv_ieq(one.method, KM_S("dmarc")))
			continue;
		dmarcs++;
		vouches = km_sv_ieq(one.result, KM_S("pass")) && one.froms == 1 &&
			  km_sv_ieq(one.from, author);
	}
	skip(&r);
	return vouches && dmarcs == 1 && !r.bad && r.rest.n == 0;
}

const km_arc_set *km_arc_voucher(const km_arc_result *r, km_sv author, km_vouch_trusts *trusts,
				 const void *ctx)
{
	const km_arc_set *found = NULL;

	if (r->code != KM_ARC_PASS)
		return NULL;
	for (size_t i = r->n; i-- > 0;) {
		const km_arc_set *s = &r->set[i];
		if (!trusts(ctx, s->sealer) || !trusts(ctx, s->signer))
			break;
		if (km_results_vouch(s->results, author))
			found = s;
	}
	return found;
}
