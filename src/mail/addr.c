#include "mail/addr.h"

#include "base/buf.h"
#include "mail/addr_token.h"
#include "mail/encword.h"
#include "text/utf8.h"

/*
 * The list is cut into mailboxes at commas; the tokens of one mailbox are kept and then searched
 * for everything that could be its address.
 */
typedef struct {
	km_arena *arena;
	km_lexer lex;
	km_token *t; /* of the mailbox being read */
	size_t n, cap;
	km_addr *a;
	size_t a_cap;
	km_addr_list *out;
	km_sv group;
	bool in_group, in_angle, in_route;
	bool has_at, has_angle; /* among the tokens */
	km_status st;
} parser;

/* A run of tokens. */
typedef struct {
	size_t from, to;
} span;

static bool is_mark(const parser *p, size_t i, char c)
{
	return p->t[i].kind == KM_TOK_MARK && p->t[i].mark == c;
}

static size_t find_mark(const parser *p, span s, char c)
{
	while (s.from < s.to && !is_mark(p, s.from, c))
		s.from++;
	return s.from;
}

/* Makes room for one more of @size in *array; false when the arena is full. */
static bool grow(parser *p, void **array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return true;
	size_t more = *cap ? *cap * 2 : 8;
	void *q = km_arena_grow(p->arena, *array, *cap * size, more * size);
	if (q == NULL) {
		p->st = KM_LIMIT;
		return false;
	}
	*array = q;
	*cap = more;
	return true;
}

static void push(parser *p, km_token t)
{
	void *array = p->t;

	if (!grow(p, &array, p->n, &p->cap, sizeof(km_token)))
		return;
	p->t = array;
	p->t[p->n++] = t;
}

static km_addr *add(parser *p)
{
	void *array = p->a;

	if (p->out->n >= KM_MAX_ADDRESSES) {
		km_limit_hit(&p->out->limits, KM_LIMIT_ADDRESSES);
		return NULL;
	}
	if (!grow(p, &array, p->out->n, &p->a_cap, sizeof(km_addr)))
		return NULL;
	p->a = array;
	p->a[p->out->n] = (km_addr){ .group = p->group };
	return &p->a[p->out->n++];
}

/* The text of the words in @s, with one space where there was any, as people should see it. */
static km_sv display(parser *p, span s)
{
	km_buf b;
	km_sv text = { NULL, 0 };
	bool whole = true; /* no quotes inside: the text as it stands will do */

	for (size_t i = s.from; i < s.to; i++)
		whole &= p->t[i].kind == KM_TOK_ATOM || p->t[i].kind == KM_TOK_WORD ||
			 p->t[i].kind == KM_TOK_MARK;
	if (s.from == s.to)
		return text;
	if (whole) {
		size_t at = p->t[s.from].at;
		text = km_sv_sub(p->lex.v, at, p->t[s.to - 1].end - at);
	} else if (s.to - s.from == 1) {
		text = km_token_text(&p->lex, &p->t[s.from]);
	} else {
		km_buf_init(&b, p->arena, p->lex.v.n);
		for (size_t i = s.from; i < s.to; i++) {
			if (p->t[i].kind == KM_TOK_COMMENT)
				continue;
			if (p->t[i].space && b.n)
				km_buf_byte(&b, ' ');
			km_buf_add(&b, km_token_text(&p->lex, &p->t[i]));
		}
		text = km_buf_sv(&b);
	}
	km_encword_info info;
	km_status st = km_encword_decode(p->arena, text, &text, &info);
	if (st != KM_OK)
		p->st = st;
	p->out->limits |= info.limits;
	return text;
}

/* The display name in @s; without one, the last comment of @mailbox. */
static km_sv name_of(parser *p, span s, span mailbox)
{
	while (s.to > s.from && is_mark(p, s.to - 1, ','))
		s.to--;
	for (size_t i = s.from; i < s.to; i++)
		if (p->t[i].kind != KM_TOK_COMMENT)
			return display(p, s);
	for (size_t i = mailbox.to; i-- > mailbox.from;)
		if (p->t[i].kind == KM_TOK_COMMENT)
			return display(p, (span){ i, i + 1 });
	return (km_sv){ NULL, 0 };
}

static bool is_part(const km_token *t)
{
	return t->kind == KM_TOK_ATOM || t->kind == KM_TOK_QUOTED || t->kind == KM_TOK_WORD;
}

/* True when tokens @i and @i + 1 belong to one local part or domain: dots may have space around. */
static bool is_joined(const parser *p, size_t i)
{
	const km_token *x = &p->t[i], *y = &p->t[i + 1];

	return !y->space || p->lex.v.p[x->end - 1] == '.' || p->lex.v.p[y->at] == '.';
}

/* The bytes of @s joined: a view when it is one token. */
static km_sv join(parser *p, span s)
{
	km_buf b;

	if (s.to - s.from == 1)
		return km_token_text(&p->lex, &p->t[s.from]);
	km_buf_init(&b, p->arena, p->lex.v.n);
	for (size_t i = s.from; i < s.to; i++)
		if (p->t[i].kind != KM_TOK_COMMENT)
			km_buf_add(&b, km_token_text(&p->lex, &p->t[i]));
	return km_buf_sv(&b);
}

/* What a byte may be part of (RFC 5322 section 3.2.3, RFC 6532; RFC 5321 section 4.1.2). */
enum { ATEXT = 1, IN_DOMAIN = 2 };

static const uint8_t class_of[256] = {
	['!'] = ATEXT,
	['#' ... '\''] = ATEXT,
	['*'] = ATEXT,
	['+'] = ATEXT,
	['-'] = ATEXT | IN_DOMAIN,
	['.'] = IN_DOMAIN,
	['/'] = ATEXT,
	['0' ... '9'] = ATEXT | IN_DOMAIN,
	['='] = ATEXT,
	['?'] = ATEXT,
	['A' ... 'Z'] = ATEXT | IN_DOMAIN,
	['^'] = ATEXT,
	['_'] = ATEXT | IN_DOMAIN,
	['`'] = ATEXT,
	['a' ... 'z'] = ATEXT | IN_DOMAIN,
	['{' ... '~'] = ATEXT,
	[0x80 ... 0xff] = ATEXT | IN_DOMAIN,
};

/* atom *("." atom) */
static bool is_dot_atom(km_sv v)
{
	bool dot = true; /* a dot may not stand here */

	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '.' ? dot : !(class_of[(unsigned char)v.p[i]] & ATEXT))
			return false;
		dot = v.p[i] == '.';
	}
	return !dot;
}

static bool is_domain(km_sv v)
{
	if (v.n > 2 && v.p[0] == '[' && v.p[v.n - 1] == ']')
		return true;
	for (size_t i = 0; i < v.n; i++)
		if (!(class_of[(unsigned char)v.p[i]] & IN_DOMAIN))
			return false;
	return v.n <= 255 && is_dot_atom(v);
}

/* Takes note of what is odd about a local part; true when it follows the grammar. */
static bool check_local(parser *p, span s)
{
	bool ok = s.from < s.to, quoted = false;

	for (size_t i = s.from; i < s.to; i++) {
		const km_token *t = &p->t[i];
		if (t->kind == KM_TOK_COMMENT)
			continue;
		km_sv text = km_token_text(&p->lex, t);
		if (t->kind == KM_TOK_WORD) {
			text = display(p, (span){ i, i + 1 });
			ok = false;
		}
		quoted |= t->kind == KM_TOK_QUOTED;
		for (size_t k = 0; t->kind != KM_TOK_ATOM && k < text.n; k++)
			p->out->ambiguous |= strchr("@<>", text.p[k]) != NULL; /* or NUL */
	}
	if (!ok)
		return false;
	/* a quoted-string among atoms needs dots between them (obs-local-part) */
	return quoted ? s.to - s.from == 1 : is_dot_atom(join(p, s));
}

/* One address: its local part, its domain (may be empty) and what it was found among. */
static km_addr *add_address(parser *p, span local, span domain, km_sv name)
{
	km_addr *a = add(p);
	size_t bad = 0;

	if (a == NULL)
		return NULL;
	a->name = name;
	a->offset = p->t[local.from < local.to ? local.from : domain.from - 1].at;
	km_sv l = local.from < local.to ? join(p, local) : km_sv_sub(p->lex.v, a->offset, 0);
	km_sv d = domain.from < domain.to ? join(p, domain) : (km_sv){ NULL, 0 };
	a->valid = check_local(p, local) && is_domain(d);
	l = km_utf8_sanitise(p->arena, l, &bad);
	d = km_sv_lower(p->arena, km_utf8_sanitise(p->arena, d, &bad));
	while (km_sv_ends(d, KM_S(".")))
		d.n--;
	p->out->bad_chars += bad;
	a->valid &= bad == 0;
	p->out->malformed |= !a->valid;
	if (d.n == 0) {
		a->addr = a->local = l;
		return a;
	}
	const char *at = p->lex.v.p + p->t[domain.from].at - 1;
	if (l.n && l.p + l.n == at && d.p == at + 1) { /* "local@domain" as it stands in the text */
		a->addr = (km_sv){ l.p, l.n + 1 + d.n };
	} else {
		km_buf b;
		km_buf_init(&b, p->arena, l.n + d.n + 1);
		(void)km_buf_reserve(&b, l.n + d.n + 1);
		km_buf_add(&b, l);
		km_buf_byte(&b, '@');
		km_buf_add(&b, d);
		a->addr = km_buf_sv(&b);
		if (b.cut)
			p->st = KM_LIMIT;
	}
	a->local = km_sv_sub(a->addr, 0, l.n);
	a->domain = km_sv_from(a->addr, l.n + 1);
	return a;
}

/* The local part whose at sign is token @at; it does not reach before @from. */
static span local_before(const parser *p, size_t from, size_t at)
{
	span s = { at, at };

	while (s.to > from && p->t[s.to - 1].kind == KM_TOK_COMMENT)
		s.to--;
	for (s.from = s.to; s.from > from; s.from--) {
		const km_token *t = &p->t[s.from - 1];
		if (!is_part(t) && t->kind != KM_TOK_COMMENT)
			break;
		if (s.from < s.to && !is_joined(p, s.from - 1))
			break;
	}
	while (s.from < s.to && p->t[s.from].kind == KM_TOK_COMMENT)
		s.from++;
	return s;
}

/* Where the domain ends that begins at @at. */
static size_t domain_end(const parser *p, size_t at, size_t to)
{
	size_t end = at;

	while (end < to && (is_part(&p->t[end]) || p->t[end].kind == KM_TOK_LITERAL ||
			    (p->t[end].kind == KM_TOK_COMMENT && end > at))) {
		if (end > at && !is_joined(p, end - 1))
			break;
		end++;
	}
	while (end > at && p->t[end - 1].kind == KM_TOK_COMMENT)
		end--;
	return end;
}

/* Adds an address that hides in decoded or quoted @text; false when there is none. */
static bool add_hidden(parser *p, km_sv text, size_t offset, km_sv name, bool other)
{
	km_sv hidden = km_addr_find(text);
	size_t at = km_sv_chr(hidden, '@', 0);
	km_addr *a = hidden.n ? add(p) : NULL;

	if (a == NULL)
		return false;
	p->out->malformed = p->out->ambiguous = true;
	a->name = name;
	a->offset = offset;
	a->other = other;
	a->local = km_sv_sub(hidden, 0, at);
	a->domain = km_sv_lower(p->arena, km_sv_from(hidden, at + 1));
	a->addr = km_sv_fmt(p->arena, "%.*s@%.*s", KM_FMT(a->local), KM_FMT(a->domain));
	return true;
}

/* What was found in a span. */
typedef struct {
	size_t n;      /* addresses */
	span before;   /* words before the first one */
	bool leftover; /* words after one, or between two */
} found;

static size_t skip_comments(const parser *p, size_t i, size_t to)
{
	while (i < to && p->t[i].kind == KM_TOK_COMMENT)
		i++;
	return i;
}

/*
 * Adds every address with an at sign in @s. @same: an address that is no news, or NULL.
 */
static found find_addresses(parser *p, span s, km_sv name, const km_addr *same)
{
	found f = { .before = { s.from, s.to } };
	size_t done = s.from, at;
	km_sv known = same ? same->addr : (km_sv){ NULL, 0 };

	for (; (at = find_mark(p, (span){ done, s.to }, '@')) < s.to;) {
		size_t first = skip_comments(p, at + 1, s.to);
		span local = local_before(p, done, at);
		span domain = { first, domain_end(p, first, s.to) };
		if (f.n == 0)
			f.before.to = local.from;
		else
			f.leftover |= skip_comments(p, done, local.from) < local.from;
		km_addr *a = add_address(p, local, domain, name);
		if (a == NULL)
			return f;
		f.n++;
		a->other = f.n > 1 || same != NULL;
		if (same && km_sv_ieq(a->addr, known)) {
			p->out->n--;
			f.n--;
		}
		for (size_t i = local.from; i < local.to; i++)
			if (p->t[i].kind != KM_TOK_ATOM)
				(void)add_hidden(p, display(p, (span){ i, i + 1 }), p->t[i].at,
						 name, true);
		/* "a@b@c" can be a@b or b@c */
		done = domain.to < s.to && is_mark(p, domain.to, '@') ? domain.from : domain.to;
		done = done > at ? done : at + 1;
	}
	f.leftover |= f.n != 0 && skip_comments(p, done, s.to) < s.to;
	return f;
}

/* No at sign in @s: a local part alone, or a name, maybe with an address inside. */
static void add_nameless(parser *p, span s, km_sv name)
{
	if (s.from == s.to)
		return;
	size_t at = p->t[s.from].at, end = p->t[s.to - 1].end;
	km_sv raw = km_sv_sub(p->lex.v, at, end - at);
	s.from = skip_comments(p, s.from, s.to);
	if (s.from == s.to) {
		(void)add_hidden(p, raw, at, name, false);
		return;
	}
	p->out->malformed = true;
	if (domain_end(p, s.from, s.to) == s.to && p->t[s.from].kind == KM_TOK_ATOM) {
		(void)add_address(p, s, (span){ s.to, s.to }, name);
		return;
	}
	km_sv text = display(p, s);
	/* as people see it, or in a comment */
	if (add_hidden(p, text, at, text, false) || add_hidden(p, raw, at, text, false))
		return;
	km_addr *a = add(p);
	if (a != NULL) {
		a->offset = at;
		a->name = text;
	}
}

/* The angle brackets at token @lt: all addresses inside, the first as the one that is meant. */
static void add_angle(parser *p, size_t lt)
{
	size_t gt = find_mark(p, (span){ lt, p->n }, '>');
	span inside = { lt + 1, gt };
	km_sv name = name_of(p, (span){ 0, lt }, (span){ 0, p->n });
	size_t first = p->out->n;
	bool route = inside.from < gt && is_mark(p, inside.from, '@');
	size_t colon = route ? find_mark(p, inside, ':') : gt;

	if (colon < gt) {
		inside.from = colon + 1;
		p->out->ambiguous = true;
	}
	p->out->malformed |= gt == p->n;
	found f = find_addresses(p, inside, name, NULL);
	if (f.n == 0) {
		km_addr *a;
		p->out->malformed = true;
		if (inside.from < gt && domain_end(p, inside.from, gt) == gt)
			(void)add_address(p, inside, (span){ gt, gt }, name);
		else if ((a = add(p)) != NULL)
			*a = (km_addr){ .name = name, .group = p->group, .offset = p->t[lt].at };
		f.leftover = false;
	}
	if (p->out->n == first)
		return;
	p->a[first].route = colon < gt;
	if (f.n > 1 || f.leftover ||
	    (f.n && skip_comments(p, inside.from, f.before.to) < f.before.to))
		p->out->malformed = p->out->ambiguous = true;
	/* What some readers would take instead: addresses before and after the brackets. */
	km_addr main = p->a[first];
	f = find_addresses(p, (span){ 0, lt }, name, &main);
	p->out->ambiguous |= f.n != 0;
	p->out->malformed |= find_mark(p, (span){ 0, lt }, '@') < lt;
	size_t rest = skip_comments(p, gt + 1, p->n);
	if (rest < p->n) {
		p->out->malformed = p->out->ambiguous = true;
		(void)find_addresses(p, (span){ rest, p->n }, name, &main);
	}
}

/* Mailboxes without angle brackets; commas are here where they may have belonged to a name. */
static void add_plain(parser *p)
{
	span s = { 0, 0 };

	for (; s.from < p->n; s.from = s.to + 1) {
		s.to = find_mark(p, (span){ s.from, p->n }, ',');
		span name = { s.from, s.to };
		size_t at = find_mark(p, s, '@');
		if (at == s.to) {
			add_nameless(p, s, name_of(p, (span){ s.to, s.to }, s));
			continue;
		}
		name.to = local_before(p, s.from, at).from;
		found f = find_addresses(p, s, name_of(p, name, s), NULL);
		bool words = skip_comments(p, s.from, name.to) < name.to;
		p->out->malformed |= words || f.leftover || f.n > 1;
		p->out->ambiguous |= f.leftover || f.n > 1;
	}
}

static void end_mailbox(parser *p)
{
	size_t lt = find_mark(p, (span){ 0, p->n }, '<');

	if (lt < p->n)
		add_angle(p, lt);
	else
		add_plain(p);
	p->n = 0;
	p->in_angle = p->in_route = p->has_at = p->has_angle = false;
}

static void begin_group(parser *p)
{
	km_sv name = display(p, (span){ 0, p->n });

	p->out->malformed |= p->in_group || p->n == 0;
	p->out->groups = true;
	p->has_angle = false;
	p->in_group = true;
	p->group = name;
	p->n = 0;
}

static void end_group(parser *p)
{
	end_mailbox(p);
	p->out->malformed |= !p->in_group; /* ';' for ',' */
	p->in_group = false;
	p->group = (km_sv){ NULL, 0 };
}

/* A comma ends a mailbox, except in a route and after words that may be the start of a name. */
static bool ends_mailbox(const parser *p)
{
	return p->in_angle ? !p->in_route : p->has_at || p->has_angle;
}

static void take_mark(parser *p, km_token t)
{
	bool end = t.mark == ',' && ends_mailbox(p);

	if (end || t.mark == ';') {
		/* "<a@b, c@d>": nothing says whether the comma or the bracket is wrong */
		p->out->ambiguous |= p->in_angle;
		if (end)
			end_mailbox(p);
		else
			end_group(p);
		return;
	}
	if (t.mark == ':' && !p->in_angle && !p->has_at) {
		begin_group(p);
		return;
	}
	if (t.mark == '@' && p->in_angle && p->n && is_mark(p, p->n - 1, '<'))
		p->in_route = true;
	p->has_at |= t.mark == '@';
	p->has_angle |= t.mark == '<';
	p->in_angle = t.mark == '<' || (p->in_angle && t.mark != '>');
	p->in_route &= p->in_angle;
	if (t.mark == ')')
		p->out->malformed = p->out->ambiguous = true;
	push(p, t);
}

km_status km_addr_parse(km_arena *a, km_sv raw, km_addr_list *out)
{
	parser p = { .arena = a, .out = out };
	km_token t;

	*out = (km_addr_list){ 0 };
	km_lexer_init(&p.lex, a, raw, out);
	while ((t = km_lexer_next(&p.lex)).kind != KM_TOK_END && p.st == KM_OK) {
		if (t.kind == KM_TOK_MARK)
			take_mark(&p, t);
		else
			push(&p, t);
	}
	end_mailbox(&p);
	out->malformed |= p.in_group;
	out->a = p.a;
	return p.st;
}

km_status km_addr_path(km_arena *a, km_sv path, km_addr *out)
{
	km_addr_list list;
	km_sv v = km_sv_trim(path);

	*out = (km_addr){ 0 };
	if (v.n == 0 || km_sv_eq(v, KM_S("<>")))
		return KM_NOTFOUND;
	km_status st = km_addr_parse(a, v, &list);
	if (list.n)
		*out = list.a[0];
	if (st != KM_OK)
		return st;
	if (list.n != 1 || list.groups || out->name.n)
		return KM_SYNTAX;
	/* the one mailbox that needs no domain (RFC 5321 section 4.1.1.3) */
	if (out->domain.n == 0 && km_sv_ieq(out->local, KM_S("postmaster")))
		return KM_OK;
	return out->valid ? KM_OK : KM_SYNTAX;
}

static bool is_found_local(unsigned char c)
{
	return km_is_alnum(c) || (c && strchr("._%+-=", c) != NULL);
}

static bool is_found_domain(unsigned char c)
{
	return km_is_alnum(c) || c == '.' || c == '-';
}

km_sv km_addr_find(km_sv text)
{
	size_t from = 0;

	for (size_t at; (at = km_sv_chr(text, '@', from)) < text.n; from = at + 1) {
		size_t start = at, end = at + 1;
		while (start > from && is_found_local((unsigned char)text.p[start - 1]))
			start--;
		while (start < at && !km_is_alnum((unsigned char)text.p[start]))
			start++;
		while (end < text.n && is_found_domain((unsigned char)text.p[end]))
			end++;
		while (end > at && !km_is_alnum((unsigned char)text.p[end - 1]))
			end--;
		km_sv domain = end > at ? km_sv_sub(text, at + 1, end - at - 1) : KM_S("");
		if (start < at && domain.n && domain.p[0] != '.' &&
		    km_sv_chr(domain, '.', 0) < domain.n)
			return km_sv_sub(text, start, end - start);
	}
	return (km_sv){ NULL, 0 };
}
