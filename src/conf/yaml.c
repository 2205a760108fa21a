#include "conf/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/map.h"

enum {
	MAX_BYTES = 1 << 20,
	MAX_DEPTH = 32,
	MAX_NODES = 100000,
	MAX_DIGITS = 15, /* a double holds that many exactly */
	SHOWN_NAME = 80,
	SHOWN_PATH = 80,
	SHOWN_VALUE = 40
};

struct level {
	km_yaml *node;
	km_yaml **tail; /* where its next child goes */
	km_map keys;	/* of a map: those seen */
	km_sv key;	/* of a map: waits for its value */
	unsigned key_line;
	bool has_key;
};

struct builder {
	km_arena *arena;
	const char *name;
	struct level level[MAX_DEPTH];
	size_t depth;
	size_t nodes;
	km_yaml *root;
	km_err *err;
};

static const char *name_end(const char *name)
{
	size_t n = strlen(name);

	return n > SHOWN_NAME ? name + n - SHOWN_NAME : name;
}

static km_status wrong(struct builder *b, unsigned line, const char *what)
{
	return KM_FAIL(b->err, KM_CONFIG, "%s:%u: %s", name_end(b->name), line, what);
}

static km_status no_room(struct builder *b)
{
	return KM_FAIL(b->err, KM_NOMEM, "%s: out of memory", name_end(b->name));
}

/* Takes @scalar as the key of the next value. */
static km_status take_key(struct builder *b, struct level *top, km_sv scalar, unsigned line)
{
	void **seen = km_map_put(&top->keys, scalar);

	if (seen == NULL)
		return no_room(b);
	if (*seen)
		return KM_FAIL(b->err, KM_CONFIG, "%s:%u: %.*s: given twice in the same map",
			       name_end(b->name), line, KM_FMT(km_sv_sub(scalar, 0, SHOWN_PATH)));
	*seen = b;
	top->key = scalar;
	top->key_line = line;
	top->has_key = true;
	return KM_OK;
}

/* Puts a new node below the open one, or as the root. */
static km_status add_node(struct builder *b, km_yaml_kind kind, unsigned line, km_yaml **out)
{
	struct level *top = b->depth ? &b->level[b->depth - 1] : NULL;
	km_yaml *n = KM_NEW(b->arena, km_yaml);

	if (n == NULL)
		return no_room(b);
	if (++b->nodes > MAX_NODES)
		return wrong(b, line, "too many values");
	*n = (km_yaml){ .kind = kind, .file = b->name, .line = line };
	*out = n;
	if (top == NULL) {
		b->root = n;
		return KM_OK;
	}
	if (top->node->kind == KM_YAML_MAP) {
		if (!top->has_key)
			return wrong(b, line, "found a list or map, expected a key");
		n->key = top->key;
		n->line = top->key_line;
		top->has_key = false;
	}
	n->parent = top->node;
	top->node->n++;
	*top->tail = n;
	top->tail = &n->next;
	return KM_OK;
}

static km_status open_node(struct builder *b, km_yaml_kind kind, unsigned line)
{
	km_yaml *n;

	if (b->depth == MAX_DEPTH)
		return wrong(b, line, "nested too deeply");
	km_status st = add_node(b, kind, line, &n);
	if (st != KM_OK)
		return st;
	struct level *l = &b->level[b->depth++];
	*l = (struct level){ .node = n, .tail = &n->child };
	km_map_init(&l->keys, b->arena, false);
	return KM_OK;
}

static km_status add_scalar(struct builder *b, const yaml_event_t *e, unsigned line)
{
	struct level *top = b->depth ? &b->level[b->depth - 1] : NULL;
	km_sv text = { (const char *)e->data.scalar.value, e->data.scalar.length };
	km_yaml *n;

	if (text.n && memchr(text.p, '\0', text.n))
		return wrong(b, line, "found a NUL character, expected text");
	text = km_sv_dup(b->arena, text);
	if (km_arena_full(b->arena))
		return no_room(b);
	if (top && top->node->kind == KM_YAML_MAP && !top->has_key)
		return take_key(b, top, text, line);
	km_status st = add_node(b, KM_YAML_SCALAR, line, &n);
	if (st != KM_OK)
		return st;
	n->scalar = text;
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return KM_OK;
}

/* Anchors and tags would let a file mean other than what it shows. */
static bool is_decorated(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor || e->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor || e->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor || e->data.mapping_start.tag;
	default:
		return e->type == YAML_ALIAS_EVENT;
	}
}

static km_status take_event(struct builder *b, const yaml_event_t *e)
{
	unsigned line = (unsigned)e->start_mark.line + 1;

	if (is_decorated(e))
		return wrong(b, line, "anchors (&, *) and tags (!) are not used here");
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return b->root ? wrong(b, line, "found a second document, expected only one")
			       : KM_OK;
	case YAML_SCALAR_EVENT:
		return add_scalar(b, e, line);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(b, KM_YAML_LIST, line);
	case YAML_MAPPING_START_EVENT:
		return open_node(b, KM_YAML_MAP, line);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return KM_OK;
	default:
		return KM_OK;
	}
}

static km_status bad_syntax(struct builder *b, const yaml_parser_t *p, km_sv text)
{
	size_t line = p->problem_mark.line + 1;

	/* A byte that is no UTF-8 is told by its offset only. */
	if (p->error == YAML_READER_ERROR) {
		km_sv before = km_sv_sub(text, 0, p->problem_offset);
		line = 1;
		for (size_t at = 0; (at = km_sv_chr(before, '\n', at)) < before.n; at++)
			line++;
	}
	if (p->error == YAML_MEMORY_ERROR)
		return no_room(b);
	return wrong(b, (unsigned)line, p->problem ? p->problem : "this is not YAML");
}

static km_status read_events(struct builder *b, yaml_parser_t *p, km_sv text)
{
	km_status st = KM_OK;

	for (bool end = false; !end && st == KM_OK;) {
		yaml_event_t e;
		if (!yaml_parser_parse(p, &e))
			return bad_syntax(b, p, text);
		end = e.type == YAML_STREAM_END_EVENT;
		st = take_event(b, &e);
		yaml_event_delete(&e);
	}
	return st;
}

km_status km_yaml_parse(km_arena *a, km_sv text, const char *name, km_yaml **out, km_err *err)
{
	struct builder *b = KM_NEW(a, struct builder);
	yaml_parser_t p;

	*out = NULL;
	const char *kept = km_sv_cstr(a, km_sv_of(name));
	if (b == NULL || kept == NULL || !yaml_parser_initialize(&p))
		return KM_FAIL(err, KM_NOMEM, "%s: out of memory", name_end(name));
	b->arena = a;
	b->name = kept;
	b->err = err;
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)(text.n ? text.p : ""), text.n);
	km_status st = text.n > MAX_BYTES ? wrong(b, 1, "the file is larger than 1 MiB")
					  : read_events(b, &p, text);
	yaml_parser_delete(&p);
	if (st != KM_OK)
		return st;
	/* A file of nothing but comments is an empty map. */
	if (b->root == NULL && add_node(b, KM_YAML_MAP, 1, &b->root) != KM_OK)
		return KM_NOMEM;
	if (b->root->kind == KM_YAML_SCALAR && !b->root->quoted && b->root->scalar.n == 0)
		b->root->kind = KM_YAML_MAP;
	*out = b->root;
	return KM_OK;
}

const km_yaml *km_yaml_get(const km_yaml *map, km_sv key)
{
	for (const km_yaml *c = map->child; c; c = c->next)
		if (km_sv_eq(c->key, key))
			return c;
	return NULL;
}

static size_t index_of(const km_yaml *n)
{
	size_t i = 0;

	for (const km_yaml *c = n->parent->child; c != n; c = c->next)
		i++;
	return i;
}

static void add_path(km_buf *b, const km_yaml *n)
{
	const km_yaml *way[MAX_DEPTH + 1];
	size_t depth = 0;

	for (; n->parent; n = n->parent)
		way[depth++] = n;
	while (depth--) {
		if (way[depth]->parent->kind == KM_YAML_LIST) {
			km_buf_fmt(b, "[%zu]", index_of(way[depth]));
			continue;
		}
		if (b->n)
			km_buf_byte(b, '.');
		km_buf_add(b, way[depth]->key);
	}
}

km_sv km_yaml_path(km_arena *a, const km_yaml *n)
{
	km_buf b;

	km_buf_init(&b, a, MAX_BYTES);
	add_path(&b, n);
	return km_buf_sv(&b);
}

/* What stands at @n, for a message; @out of SHOWN_VALUE + 16 bytes. */
static void describe(const km_yaml *n, char *out, size_t size)
{
	static const char *const names[] = { [KM_YAML_LIST] = "a list", [KM_YAML_MAP] = "a map" };
	km_sv v = n->scalar;

	if (n->kind != KM_YAML_SCALAR || (v.n == 0 && !n->quoted)) {
		(void)snprintf(out, size, "%s",
			       n->kind == KM_YAML_SCALAR ? "nothing" : names[n->kind]);
		return;
	}
	if (v.n > SHOWN_VALUE)
		for (v.n = SHOWN_VALUE; v.n && ((unsigned char)v.p[v.n] & 0xc0) == 0x80;)
			v.n--;
	(void)snprintf(out, size, "%s\"%.*s\"%s", n->quoted ? "text " : "", KM_FMT(v),
		       v.n < n->scalar.n ? "..." : "");
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

km_status km_yaml_wrong(const km_yaml *n, km_err *err, const char *fmt, ...)
{
	char what[200];
	km_buf path;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	km_buf_init(&path, NULL, SHOWN_PATH);
	add_path(&path, n);
	km_status st = KM_FAIL(err, KM_CONFIG, "%s:%u: %.*s%s%s", name_end(n->file), n->line,
			       KM_FMT(km_buf_sv(&path)), path.n ? ": " : "", what);
	km_buf_finish(&path);
	return st;
}

km_status km_yaml_expected(const km_yaml *n, km_err *err, const char *fmt, ...)
{
	char found[SHOWN_VALUE + 16], want[120];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	describe(n, found, sizeof(found));
	return km_yaml_wrong(n, err, "found %s, expected %s", found, want);
}

/* A decimal number without exponent. */
static bool number(km_sv v, double *out)
{
	static const double ten[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,	1e6,  1e7,
				      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	bool minus = v.n && v.p[0] == '-';
	uint64_t whole = 0;
	size_t digits = 0, decimals = 0;
	bool point = false;

	for (size_t i = v.n && (minus || v.p[0] == '+') ? 1 : 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (c == '.' && !point && digits) {
			point = true;
			continue;
		}
		if (!km_is_digit(c) || ++digits > MAX_DIGITS)
			return false;
		whole = whole * 10 + (uint64_t)(c - '0');
		decimals += point;
	}
	/* Both are exact, so the quotient is the nearest double. */
	*out = (double)whole / ten[decimals];
	if (minus)
		*out = -*out;
	return digits > 0 && (!point || decimals > 0);
}

static bool is_plain(const km_yaml *n)
{
	return n->kind == KM_YAML_SCALAR && !n->quoted;
}

km_status km_yaml_double(const km_yaml *n, double min, double max, double *out, km_err *err)
{
	double x;

	if (!is_plain(n) || !number(n->scalar, &x) || x < min || x > max)
		return km_yaml_expected(n, err, "a number from %g to %g", min, max);
	*out = x;
	return KM_OK;
}

km_status km_yaml_int(const km_yaml *n, int64_t min, int64_t max, int64_t *out, km_err *err)
{
	km_sv v = n->scalar;
	bool minus = v.n && v.p[0] == '-';
	uint64_t x;

	if (!is_plain(n) || !km_sv_u64(km_sv_from(v, minus), &x) || x > INT64_MAX ||
	    (minus ? -(int64_t)x : (int64_t)x) < min || (minus ? -(int64_t)x : (int64_t)x) > max)
		return km_yaml_expected(n, err, "a whole number from %lld to %lld", (long long)min,
					(long long)max);
	*out = minus ? -(int64_t)x : (int64_t)x;
	return KM_OK;
}

km_status km_yaml_bool(const km_yaml *n, bool *out, km_err *err)
{
	static const struct {
		km_sv word;
		bool value;
	} words[] = {
		{ KM_SV("true"), true },   { KM_SV("yes"), true }, { KM_SV("on"), true },
		{ KM_SV("false"), false }, { KM_SV("no"), false }, { KM_SV("off"), false },
	};

	for (size_t i = 0; is_plain(n) && i < KM_COUNT(words); i++)
		if (km_sv_ieq(n->scalar, words[i].word)) {
			*out = words[i].value;
			return KM_OK;
		}
	return km_yaml_expected(n, err, "true or false");
}
