/* The parts of a container: one pass over its lines with a stack of open parts. */
#include "base/block.h"
#include "mail/mime.h"
#include "text/utf8.h"

enum {
	LONG_TEXT = 300,      /* bytes outside parts that are more than a note for old readers */
	LONG_TEXT_LOOK = 8192 /* of them looked at */
};

struct frame {
	int part;
	size_t start;	 /* of its body */
	bool multipart;	 /* has a boundary */
	km_sv boundary;	 /* without "--" before it */
	bool seen;	 /* a boundary line came */
	bool closed;	 /* the closing one came */
	size_t epilogue; /* where the text after the closing one begins */
	size_t n_children;
	int last_child;
};

struct scan {
	km_mime *b;
	km_sv text; /* the message, or the decoded body of an encoded container */
	size_t end; /* of the container in it */
	bool decoded;
	bool loose;  /* lines that only begin like a boundary count */
	char eol;    /* LF, or CR in a text that has no LF */
	bool cr_too; /* loose, and there are lone CRs */
	bool full;   /* no more parts */
	struct frame stack[KM_MAX_MIME_DEPTH + 2];
	size_t n; /* frames */
};

static struct frame *top(struct scan *s)
{
	return &s->stack[s->n - 1];
}

/* Offset of the line after the one at @at. */
static size_t next_line(const struct scan *s, size_t at)
{
	km_sv rest = { s->text.p + at, s->end - at }, line;

	if (s->cr_too)
		return km_sv_line(&rest, &line) ? s->end - rest.n : s->end;
	const char *hit = memchr(rest.p, s->eol, rest.n);
	return hit ? (size_t)(hit - s->text.p) + 1 : s->end;
}

/* The line end before @at, as far back as @from, belongs to the boundary. */
static size_t before_eol(const struct scan *s, size_t from, size_t at)
{
	const char *p = s->text.p;

	if (at > from && p[at - 1] == '\n')
		at--;
	else if (at > from && p[at - 1] == '\r')
		return at - 1;
	else
		return at;
	return at > from && p[at - 1] == '\r' ? at - 1 : at;
}

/* How well a line fits the boundary of a frame; the best frame wins, the innermost among equals. */
enum fit { NONE, ALMOST, CLOSE_AND_MORE, EXACT_OF_CLOSED, EXACT };

struct match {
	enum fit fit;
	size_t frame;
	bool close;
};

static struct match match_frame(const struct frame *f, km_sv line)
{
	struct match m = { NONE, 0, false };
	km_sv rest = km_sv_from(line, f->boundary.n);

	if (!km_sv_starts(line, f->boundary)) {
		m.fit = f->boundary.n && km_sv_istarts(line, f->boundary) ? ALMOST : NONE;
		m.close = km_sv_starts(rest, KM_S("--"));
		return m;
	}
	m.close = km_sv_starts(rest, KM_S("--"));
	if (rest.n == 0 || (rest.n == 2 && m.close))
		m.fit = f->closed ? EXACT_OF_CLOSED : EXACT;
	else if (m.close && f->boundary.n)
		m.fit = CLOSE_AND_MORE; /* a footer glued on, as list software does */
	else
		m.fit = f->boundary.n ? ALMOST : NONE;
	return m;
}

/* Fits the line at @at, which begins with "--", to the open boundaries. */
static struct match match_line(struct scan *s, size_t at, size_t next)
{
	km_sv line = { s->text.p + at + 2, next - at - 2 };
	struct match best = { NONE, 0, false };

	while (line.n && km_is_wsp((unsigned char)line.p[line.n - 1]))
		line.n--;
	for (size_t i = s->n; i-- > 0 && best.fit != EXACT;) {
		if (!s->stack[i].multipart)
			continue;
		struct match m = match_frame(&s->stack[i], line);
		m.frame = i;
		if (m.fit > best.fit)
			best = m;
	}
	if (best.fit == ALMOST || best.fit == CLOSE_AND_MORE)
		km_mime_note(km_mime_part(s->b, s->stack[best.frame].part),
			     KM_AMB_BOUNDARY_LOOKALIKE);
	if (best.fit == ALMOST && !s->loose)
		best.fit = NONE;
	return best;
}

static bool is_dashes(const struct scan *s, size_t at, size_t next)
{
	return next - at >= 2 && s->text.p[at] == '-' && s->text.p[at + 1] == '-';
}

/* Where the header section of a part that begins at @at must end at the latest. */
static size_t header_end(struct scan *s, size_t at)
{
	while (at < s->end) {
		size_t next = next_line(s, at), text = next;

		while (text > at && (s->text.p[text - 1] == '\n' || s->text.p[text - 1] == '\r'))
			text--;
		if (text == at)
			return next;
		if (is_dashes(s, at, next) && match_line(s, at, next).fit != NONE)
			return at;
		at = next;
	}
	return s->end;
}

static bool is_long_text(km_sv v)
{
	size_t n = 0;

	v = km_sv_sub(v, 0, LONG_TEXT_LOOK);
	for (size_t i = 0; i < v.n && n <= LONG_TEXT; i++)
		n += !km_is_wsp((unsigned char)v.p[i]);
	return n > LONG_TEXT;
}

/* Long text outside the parts, which some readers show, is also read as a text part. */
static void keep_outside_text(struct scan *s, int part, km_ambiguity which, size_t from, size_t to)
{
	km_sv text = km_sv_sub(s->text, from, to - from);

	if (from >= to || !is_long_text(text))
		return;
	km_mime_note(km_mime_part(s->b, part), which);
	int r = km_mime_add_reading(s->b, part);
	if (r == KM_NO_PART)
		return;
	km_part *p = km_mime_part(s->b, r);
	p->type = KM_S("text/plain");
	p->cte = KM_CTE_8BIT;
	p->charset = (km_sv){ NULL, 0 };
	p->body = text;
	p->body_offset = s->decoded ? SIZE_MAX : from;
}

/* Closes the frame on top: its part ends at @at. */
static void close_top(struct scan *s, size_t at)
{
	struct frame f = *top(s);
	km_part *p = km_mime_part(s->b, f.part);

	if (s->n > 1)
		p->body.n = at > f.start ? at - f.start : 0;
	s->n--;
	if (!f.multipart || s->full)
		return;
	if (!f.seen)
		km_mime_note(p, KM_AMB_BOUNDARY_UNUSED);
	else if (!f.closed)
		km_mime_note(p, KM_AMB_MISSING_END);
	else
		keep_outside_text(s, f.part, KM_AMB_EPILOGUE_TEXT, f.epilogue, at);
}

static bool begins_like_outer(const struct scan *s, km_sv boundary)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->stack[i].multipart && s->stack[i].boundary.n &&
		    km_sv_starts(boundary, s->stack[i].boundary))
			return true;
	return false;
}

static void push(struct scan *s, int part, size_t start, km_sv boundary)
{
	km_part *p = km_mime_part(s->b, part);
	bool multipart = km_part_is_multipart(p) && boundary.p != NULL;

	if (multipart && begins_like_outer(s, boundary))
		km_mime_note(p, KM_AMB_BOUNDARY_PREFIX);
	s->stack[s->n++] = (struct frame){ .part = part,
					   .start = start,
					   .multipart = multipart,
					   .boundary = boundary,
					   .last_child = KM_NO_PART };
}

/* A new part below the one on top. */
static int add_child(struct scan *s)
{
	struct frame *f = top(s);
	int child = km_mime_add(s->b, f->part);

	if (child == KM_NO_PART) {
		s->full = true;
		return child;
	}
	if (f->last_child == KM_NO_PART)
		km_mime_part(s->b, f->part)->first_child = child;
	else
		km_mime_part(s->b, f->last_child)->next = child;
	f->last_child = child;
	f->n_children++;
	return child;
}

static km_sv default_type(const km_part *parent)
{
	return km_sv_eq(parent->type, KM_S("multipart/digest")) ? KM_S("message/rfc822")
								: KM_S("text/plain");
}

static bool may_open(const struct scan *s, const km_part *p)
{
	if (!km_mime_is_container(p))
		return false;
	if (p->depth >= KM_MAX_MIME_DEPTH)
		km_limit_hit(&s->b->m->limits, KM_LIMIT_MIME_DEPTH);
	return p->depth < KM_MAX_MIME_DEPTH;
}

/* Reads the header section at @at as a new part and puts it on top. Returns its body's offset. */
static size_t open_part(struct scan *s, size_t at)
{
	size_t limit = header_end(s, at);
	int child = add_child(s);

	if (child == KM_NO_PART)
		return limit;
	km_part *p = km_mime_part(s->b, child);
	const km_part *parent = km_mime_part(s->b, top(s)->part);
	if (km_headers_read(s->b->m->arena, s->text, at, limit, &p->headers) != KM_OK)
		km_limit_hit(&s->b->m->limits, KM_LIMIT_ARENA_BYTES);
	s->b->m->limits |= p->headers.limits;
	p->offset = s->decoded ? 0 : at;
	p->body = km_sv_sub(s->text, p->headers.body, s->end - p->headers.body);
	p->body_offset = s->decoded ? SIZE_MAX : p->headers.body;
	if (p->headers.no_separator && p->headers.body < limit)
		km_mime_note(p, KM_AMB_NO_HEADER_END);
	km_mime_read_fields(s->b, p, default_type(parent));
	p->path = km_mime_path(s->b, p->parent, top(s)->n_children, km_part_is_multipart(p));
	push(s, child, p->headers.body, may_open(s, p) ? km_mime_boundary(p) : (km_sv){ NULL, 0 });
	return p->headers.body;
}

/* A message inside the message is opened at once: its headers begin where its body does. */
static bool holds_open_message(const struct scan *s)
{
	const km_part *p = km_mime_part(s->b, s->stack[s->n - 1].part);

	return km_mime_is_message(p) && !km_mime_is_coded(p->cte) && may_open(s, p);
}

static size_t open_parts(struct scan *s, size_t at)
{
	do
		at = open_part(s, at);
	while (!s->full && at < s->end && holds_open_message(s));
	return at;
}

/* A boundary line at @at. Returns where reading goes on. */
static size_t at_boundary(struct scan *s, struct match m, size_t at, size_t next)
{
	while (s->n - 1 > m.frame)
		close_top(s, before_eol(s, top(s)->start, at));
	struct frame *f = top(s);

	if (!f->seen)
		keep_outside_text(s, f->part, KM_AMB_PREAMBLE_TEXT, f->start, at);
	f->seen = true;
	if (m.close) {
		if (!f->closed)
			f->epilogue = next;
		f->closed = true;
		return next;
	}
	if (f->closed)
		km_mime_note(km_mime_part(s->b, f->part), KM_AMB_AFTER_END);
	return open_parts(s, next);
}

/* Does the line at @at look like uuencoded data? Its first character says how much it holds. */
static bool is_uu_data(const struct scan *s, size_t at)
{
	km_sv rest = { s->text.p + at, s->end - at }, line;

	if (!km_sv_line(&rest, &line) || line.n == 0 || line.p[0] < ' ' || line.p[0] > '`')
		return false;
	size_t digits = (((size_t)(line.p[0] - ' ') & 63) + 2) / 3 * 4;
	return line.n <= digits + 2 && line.n + 3 > digits;
}

/* A text part whose bytes stand there as they are, and so may hold uuencoded data. */
static bool may_hold_uu(const struct scan *s)
{
	const km_part *p = km_mime_part(s->b, s->stack[s->n - 1].part);

	return km_sv_starts(p->type, KM_S("text/")) && !km_mime_is_coded(p->cte) &&
	       p->depth < KM_MAX_MIME_DEPTH;
}

/* A "begin 644 name" line: what follows it up to "end" is a part below the text. */
static void open_uu(struct scan *s, size_t at, size_t next)
{
	km_sv name;
	size_t bad = 0;

	if (!may_hold_uu(s) || !km_uu_begin(km_sv_sub(s->text, at, next - at), &name) ||
	    !is_uu_data(s, next))
		return;
	km_mime_note(km_mime_part(s->b, top(s)->part), KM_AMB_UUENCODE);
	int child = add_child(s);
	if (child == KM_NO_PART)
		return;
	km_part *p = km_mime_part(s->b, child);
	km_sv *names = KM_NEW(s->b->m->arena, km_sv);
	p->offset = s->decoded ? 0 : at;
	p->headers.offset = p->headers.body = p->headers.strict_body = at;
	p->body = km_sv_sub(s->text, at, s->end - at);
	p->body_offset = s->decoded ? SIZE_MAX : at;
	p->type = KM_S("application/octet-stream");
	p->cte = KM_CTE_UUENCODE;
	if (names) {
		*names = km_utf8_sanitise(s->b->m->arena, name, &bad);
		p->filenames = names;
		p->n_filenames = 1;
	}
	p->path = km_mime_path(s->b, p->parent, top(s)->n_children, false);
	push(s, child, at, (km_sv){ NULL, 0 });
}

static bool in_uu(const struct scan *s)
{
	return km_mime_part(s->b, s->stack[s->n - 1].part)->cte == KM_CTE_UUENCODE;
}

/* Whether a line that begins so may be a boundary, or begin or end uuencoded data. */
static bool may_matter(char c)
{
	return c == '-' || c == 'b' || c == 'e';
}

/* The first line from that at @at on that may matter, or the end: most of a text is other lines. */
static size_t skip_text(const struct scan *s, size_t at)
{
	const char *p = s->text.p;

	if (s->cr_too || may_matter(p[at]))
		return at;
	for (; s->end - at > KM_BLOCK; at += KM_BLOCK) {
		km_block ends = (km_block)(km_block_load(p + at) == (uint8_t)s->eol);
		km_block next = km_block_load(p + at + 1);
		km_block may =
			(km_block)(next == '-') | (km_block)(next == 'b') | (km_block)(next == 'e');
		size_t first = km_block_first(ends & may);
		if (first < KM_BLOCK)
			return at + first + 1;
	}
	for (; at + 1 < s->end; at++)
		if (p[at] == s->eol && may_matter(p[at + 1]))
			return at + 1;
	return s->end;
}

/* What a line that is no boundary may be. */
static void at_text(struct scan *s, size_t at, size_t next)
{
	char c = s->text.p[at];

	if (c == 'b')
		open_uu(s, at, next);
	else if (c == 'e' && s->n > 1 && in_uu(s) &&
		 km_sv_eq(km_sv_trim(km_sv_sub(s->text, at, next - at)), KM_S("end")))
		close_top(s, before_eol(s, at, next));
}

static void scan_lines(struct scan *s, size_t at)
{
	while (at < s->end && !s->full) {
		at = skip_text(s, at);
		if (at == s->end)
			return;
		size_t next = next_line(s, at);
		struct match m = { NONE, 0, false };

		if (is_dashes(s, at, next))
			m = match_line(s, at, next);
		if (m.fit != NONE) {
			at = at_boundary(s, m, at, next);
			continue;
		}
		at_text(s, at, next);
		at = next;
	}
}

bool km_mime_scan(km_mime *b, int index, km_mime_how how, km_sv decoded)
{
	const km_part *p = km_mime_part(b, index);
	struct scan s = { .b = b, .loose = how.any_case_or_longer };
	size_t at = 0;

	if (decoded.n || p->body_offset == SIZE_MAX) {
		s.decoded = true;
		s.text = decoded.n ? decoded : p->body;
		s.end = s.text.n;
	} else {
		s.text = b->m->raw;
		at = p->body_offset;
		s.end = at + p->body.n;
	}
	km_sv all = km_sv_sub(s.text, at, s.end - at);
	s.eol = km_sv_chr(all, '\n', 0) < all.n ? '\n' : '\r';
	s.cr_too = s.loose && b->m->has_cr;
	push(&s, index, at, how.boundary);
	if (km_mime_is_message(p))
		at = open_parts(&s, at);
	scan_lines(&s, at);
	bool seen = s.stack[0].seen;
	while (s.n > 0)
		close_top(&s, s.end);
	return seen;
}
