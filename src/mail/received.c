#include "mail/received.h"

/*
 * The text before the last semicolon is a row of words and comments. Words like "from" and "by"
 * begin a clause; what the comments of the from clause say depends on who wrote them:
 *   Postfix    helo (rdns [ip])        Sendmail  helo (user@rdns [ip] (may be forged))
 *   Exim       rdns ([ip] helo=helo)   qmail     rdns (HELO helo) (ip)
 *   Exchange   helo (ip)               others    helo [ip], [ip] (helo=helo), helo ([ip]:port …)
 */
typedef enum { IN_NOTHING, IN_FROM, IN_BY, IN_VIA, IN_WITH, IN_ID, IN_FOR, CLAUSES } clause;

enum { MAX_TOKENS = 100 };

static const km_sv keywords[CLAUSES] = {
	[IN_FROM] = KM_SV("from"), [IN_BY] = KM_SV("by"), [IN_VIA] = KM_SV("via"),
	[IN_WITH] = KM_SV("with"), [IN_ID] = KM_SV("id"), [IN_FOR] = KM_SV("for"),
};

typedef struct {
	km_hop *hop;
	clause in;
	km_sv first;		/* word after from */
	unsigned seen;		/* 1 << clause */
	size_t words, comments; /* in the clause so far */
	bool helo_said;		/* a comment named the HELO, so the first word is the rdns */
	bool only_comments;
} parser;

/* What bytes are: between tokens, and behind words. */
enum { BLANK = 1, WORD_END = 2 };

static const uint8_t class_of[256] = {
	[' '] = BLANK | WORD_END,  ['\t'] = BLANK | WORD_END, ['\r'] = BLANK | WORD_END,
	['\n'] = BLANK | WORD_END, ['('] = WORD_END,	      [')'] = BLANK | WORD_END,
};

static bool is(char c, unsigned classes)
{
	return class_of[(unsigned char)c] & classes;
}

/* Where the comment that begins at @from is closed, or the end. */
static size_t comment_end(km_sv v, size_t from)
{
	size_t i = from, depth = 0, close = km_sv_chr(v, ')', from);

	/* Few have others in them. */
	if (km_sv_chr(km_sv_sub(v, 0, close), '(', from + 1) >= close)
		return close;
	for (; i < v.n; i++) {
		depth += v.p[i] == '(';
		if (v.p[i] == ')' && --depth == 0)
			break;
	}
	return i;
}

/* Takes the next word, or comment without its parentheses, off @rest; false at the end. */
static bool next_token(km_sv *rest, km_sv *text, bool *comment)
{
	size_t i = 0, start;

	while (i < rest->n && is(rest->p[i], BLANK))
		i++;
	if (i == rest->n)
		return false;
	start = i;
	*comment = rest->p[i] == '(';
	if (*comment) {
		i = comment_end(*rest, start++);
	} else {
		while (i < rest->n && !is(rest->p[i], WORD_END))
			i++;
	}
	*text = km_sv_sub(*rest, start, i - start);
	*rest = km_sv_from(*rest, i + *comment);
	return true;
}

static clause keyword(km_sv word)
{
	if (word.n < 2 || word.n > 4)
		return IN_NOTHING;
	for (int i = IN_FROM; i < CLAUSES; i++)
		if (km_sv_ieq(word, keywords[i]))
			return (clause)i;
	return IN_NOTHING;
}

/* "1.2.3.4", "user@1.2.3.4", "1.2.3.4:25", "[1.2.3.4]:25", "2001:db8::1" */
static bool read_ip(km_sv v, km_ip *ip)
{
	size_t at = km_sv_rchr(v, '@'), close = km_sv_chr(v, ']', 0);

	if (at < v.n)
		v = km_sv_from(v, at + 1);
	else if (close < v.n)
		v.n = close + 1;
	if (km_ip_parse(v, ip))
		return true;
	size_t colon = km_sv_chr(v, ':', 0);
	return colon < v.n && km_ip_parse(km_sv_sub(v, 0, colon), ip);
}

/* "host.example." without its last dot; nothing for "unknown" and addresses. */
static km_sv host_name(km_sv v)
{
	km_ip ip;

	if (km_sv_ends(v, KM_S(".")))
		v.n--;
	if (km_sv_ieq(v, KM_S("unknown")) || km_sv_starts(v, KM_S("[")) || read_ip(v, &ip))
		v.n = 0;
	return v;
}

typedef struct {
	km_sv text;
	enum { SAYS_HELO, SAYS_TLS, SAYS_AUTH } what;
} mark;

/* Marks and, for each byte, which of them begin with it: few words of a comment do. */
typedef struct {
	const mark *mark;
	uint8_t begins[256]; /* 1 << place among them */
} marks;

/* Offset of the first of @m in @v from @from on, and which one it is; v.n when there is none. */
static size_t find_mark(km_sv v, size_t from, const marks *m, const mark **which)
{
	for (size_t i = from; i < v.n; i++)
		for (unsigned may = m->begins[(unsigned char)v.p[i]]; may; may &= may - 1) {
			const mark *k = &m->mark[__builtin_ctz(may)];
			if (km_sv_starts(km_sv_from(v, i), k->text)) {
				*which = k;
				return i;
			}
		}
	return v.n;
}

/* Finds "HELO x", "EHLO x", "helo=x" in a comment; cuts @text before it. */
static void take_helo(parser *p, km_sv *text)
{
	static const mark names[] = {
		{ KM_SV("helo="), SAYS_HELO },
		{ KM_SV("HELO "), SAYS_HELO },
		{ KM_SV("EHLO "), SAYS_HELO },
	};
	static const marks helo = { names, { ['h'] = 1, ['H'] = 2, ['E'] = 4 } };
	const mark *which = NULL;
	size_t at = find_mark(*text, 0, &helo, &which), end = 0;

	if (which == NULL)
		return;
	km_sv v = km_sv_trim(km_sv_from(*text, at + which->text.n));
	while (end < v.n && !km_is_wsp((unsigned char)v.p[end]) && strchr("\"()", v.p[end]) == NULL)
		end++;
	if (!p->helo_said)
		p->hop->rdns = host_name(p->first);
	p->helo_said = true;
	p->hop->helo = km_sv_sub(v, 0, end);
	text->n = at;
}

/* A comment about the client: "rdns [ip]", "user@rdns [ip]", "ip", "rdns", "HELO helo". */
static void take_client(parser *p, km_sv text)
{
	km_hop *hop = p->hop;
	bool port = km_sv_starts(text, KM_S("port="));

	take_helo(p, &text);
	text = km_sv_trim(text);
	size_t open = km_sv_chr(text, '[', 0);
	km_sv name = km_sv_trim(km_sv_sub(text, 0, open));
	size_t space = km_sv_rchr(name, ' ');
	if (hop->ip.len == 0 && open < text.n)
		(void)read_ip(km_sv_from(text, open), &hop->ip);
	else if (hop->ip.len == 0)
		(void)read_ip(name, &hop->ip);
	if (open == text.n && space < name.n)
		return; /* words: "using TLSv1.3 with …", "may be forged" */
	if (space < name.n)
		name = km_sv_from(name, space + 1);
	size_t at = km_sv_rchr(name, '@');
	if (at < name.n)
		name = km_sv_from(name, at + 1);
	if (hop->rdns.n == 0 && !p->helo_said && !port)
		hop->rdns = host_name(name);
}

/* What any comment can say. */
static void take_remark(km_hop *hop, km_sv text)
{
	static const mark names[] = {
		{ KM_SV("TLS"), SAYS_TLS },
		{ KM_SV("SSLv"), SAYS_TLS },
		{ KM_SV("cipher="), SAYS_TLS },
		{ KM_SV("Authenticated sender"), SAYS_AUTH },
		{ KM_SV("AUTH: "), SAYS_AUTH },
		{ KM_SV("auth="), SAYS_AUTH },
		{ KM_SV("authenticated as"), SAYS_AUTH },
	};
	static const marks remarks = {
		names, { ['T'] = 1, ['S'] = 2, ['c'] = 4, ['A'] = 8 | 16, ['a'] = 32 | 64 }
	};
	const mark *which;

	for (size_t i = 0; (i = find_mark(text, i, &remarks, &which)) < text.n; i++) {
		hop->tls |= which->what == SAYS_TLS;
		hop->auth |= which->what == SAYS_AUTH;
	}
	hop->auth |=
		km_sv_istarts(text, KM_S("authenticated")) || km_sv_starts(text, KM_S("account "));
}

/* RFC 3848 and RFC 6531: the S and A at the end of the protocol's name. */
static void take_protocol(km_hop *hop, km_sv v)
{
	static const struct {
		km_sv name;
		bool tls, auth;
	} rows[] = {
		{ KM_SV("SMTPS"), true, false },     { KM_SV("ESMTPS"), true, false },
		{ KM_SV("ESMTPA"), false, true },    { KM_SV("ESMTPSA"), true, true },
		{ KM_SV("LMTPS"), true, false },     { KM_SV("LMTPA"), false, true },
		{ KM_SV("LMTPSA"), true, true },     { KM_SV("UTF8SMTPS"), true, false },
		{ KM_SV("UTF8SMTPA"), false, true }, { KM_SV("UTF8SMTPSA"), true, true },
		{ KM_SV("UTF8LMTPS"), true, false }, { KM_SV("UTF8LMTPA"), false, true },
		{ KM_SV("UTF8LMTPSA"), true, true }, { KM_SV("HTTPS"), true, false },
	};

	hop->with = v;
	for (size_t i = 0; i < KM_COUNT(rows); i++)
		if (km_sv_ieq(v, rows[i].name)) {
			hop->tls |= rows[i].tls;
			hop->auth |= rows[i].auth;
		}
}

static km_sv without_angles(km_sv v)
{
	if (km_sv_starts(v, KM_S("<")))
		v = km_sv_from(v, 1);
	return km_sv_sub(v, 0, km_sv_chr(v, '>', 0));
}

static void take_word(parser *p, km_sv word)
{
	km_hop *hop = p->hop;
	bool first = p->words++ == 0;

	if (p->in == IN_FROM && first && p->comments == 0)
		p->first = hop->helo = word;
	else if (p->in == IN_FROM && hop->ip.len == 0 && km_sv_starts(word, KM_S("[")))
		(void)read_ip(word, &hop->ip);
	else if (p->in == IN_WITH && !first && km_sv_starts(hop->with, KM_S("Microsoft")))
		hop->with.n = (size_t)(word.p + word.n - hop->with.p);
	if (!first)
		return;
	if (p->in == IN_BY)
		hop->by = word;
	else if (p->in == IN_WITH)
		take_protocol(hop, word);
	else if (p->in == IN_ID)
		hop->id = word;
	else if (p->in == IN_FOR && km_sv_chr(word, '@', 0) < word.n)
		hop->for_addr = without_angles(word);
}

/* True when @word begins a clause here; the word after "from" is a name whatever it is. */
static bool begins_clause(parser *p, km_sv word)
{
	clause c = keyword(word);
	bool name_due = p->in == IN_FROM && p->words + p->comments == 0;

	if (c == IN_NOTHING || name_due || (p->seen & 1u << c))
		return false;
	p->in = c;
	p->seen |= 1u << c;
	p->words = p->comments = 0;
	return true;
}

static void read_clauses(parser *p, km_sv text)
{
	km_sv token;
	bool comment;

	for (size_t n = 0; n < MAX_TOKENS && next_token(&text, &token, &comment); n++) {
		p->only_comments &= comment;
		if (!comment && !begins_clause(p, token))
			take_word(p, token);
		if (!comment)
			continue;
		p->comments++;
		if (p->in == IN_FROM)
			take_client(p, token);
		take_remark(p->hop, token);
	}
}

static void read_hop(km_sv text, km_hop *hop)
{
	parser p = { .hop = hop, .only_comments = true };
	size_t semicolon = km_sv_rchr(text, ';');

	if (semicolon < text.n)
		hop->has_date = km_date_parse(km_sv_from(text, semicolon + 1), &hop->date) == KM_OK;
	read_clauses(&p, km_sv_sub(text, 0, semicolon));
	if (hop->ip.len == 0)
		(void)read_ip(p.first, &hop->ip);
	/* "(qmail 123 invoked by uid 514)": a step inside one host */
	hop->understood =
		hop->helo.n || hop->by.n || hop->ip.len || (p.only_comments && p.comments);
}

km_status km_received_read(km_arena *a, const km_headers *hs, km_received *out)
{
	size_t n = km_headers_count(hs, KM_S("Received"));
	const km_header *h = hs->h;

	*out = (km_received){ 0 };
	if (n > KM_MAX_RECEIVED_HOPS) {
		n = KM_MAX_RECEIVED_HOPS;
		km_limit_hit(&out->limits, KM_LIMIT_RECEIVED_HOPS);
	}
	km_hop *hops = KM_NEW_ARRAY(a, km_hop, n);
	if (hops == NULL)
		return KM_LIMIT;
	for (size_t i = 0; i < n; i++, h++) {
		while (!km_sv_ieq(h->name, KM_S("Received")))
			h++;
		hops[i].offset = h->offset;
		read_hop(km_header_unfold(a, h->raw), &hops[i]);
		out->not_understood += !hops[i].understood;
	}
	out->hop = hops;
	out->n = n;
	return KM_OK;
}

size_t km_received_edge(const km_received *r, size_t trusted)
{
	for (size_t i = 0; i < r->n; i++) {
		const km_ip *ip = &r->hop[i].ip;
		if (ip->len == 0 || km_ip_is_loopback(ip))
			continue;
		if (trusted == 0)
			return i;
		if (!km_ip_is_private(ip))
			trusted--;
	}
	return r->n;
}
