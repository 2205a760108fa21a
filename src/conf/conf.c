#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/file.h"
#include "conf/schema.h"

enum { ARENA_BYTES = 64 << 20, FILE_BYTES = 1 << 20, MAX_PORT = 65535 };

struct value {
	const char *text; /* as written; NULL for a list */
	int64_t number;	  /* of a bool, int, size, duration */
	const char **item;
	size_t n_items;
	unsigned line;
};

struct km_conf {
	km_arena *arena;
	struct value value[KM_KEY_COUNT];
};

static const km_conf_info table[KM_KEY_COUNT] = {
#define KM_KEY(id, name, type, def, min, max, choices, help_en, help_ja)                           \
	[KM_KEY_##id] = { name, KM_CONF_##type, def, min, max, choices, { help_ja, help_en } },
#include "conf/keys.def"
#undef KM_KEY
};

struct suffix {
	km_sv word;
	int64_t factor;
};

static const struct suffix sizes[] = {
	{ KM_SV("K"), 1 << 10 },
	{ KM_SV("M"), 1 << 20 },
	{ KM_SV("G"), 1 << 30 },
	{ KM_SV(""), 1 },
};

static const struct suffix durations[] = {
	{ KM_SV("ms"), 1 },	     { KM_SV("s"), 1000 },	   { KM_SV("m"), 60000 },
	{ KM_SV("h"), 3600 * 1000 }, { KM_SV("d"), 86400 * 1000 },
};

/* A number and one of @s; the first that fits counts. */
static bool scaled(km_sv v, const struct suffix *s, size_t n, int64_t *out)
{
	uint64_t x;

	for (size_t i = 0; i < n; i++)
		if (km_sv_iends(v, s[i].word))
			return km_sv_u64(km_sv_sub(v, 0, v.n - s[i].word.n), &x) &&
			       x <= INT64_MAX &&
			       !__builtin_mul_overflow((int64_t)x, s[i].factor, out);
	return false;
}

typedef km_status reader(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			 km_err *err);

static km_status keep_text(km_conf *c, const km_yaml *n, struct value *v, km_err *err)
{
	v->text = km_sv_cstr(c->arena, n->scalar);
	return v->text ? KM_OK : KM_FAIL(err, KM_NOMEM, "out of memory");
}

static km_status read_bool(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			   km_err *err)
{
	bool yes = false;
	km_status st = km_yaml_bool(n, &yes, err);

	(void)k;
	v->number = yes;
	return st == KM_OK ? keep_text(c, n, v, err) : st;
}

static km_status read_int(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			  km_err *err)
{
	km_status st = km_yaml_int(n, k->min, k->max, &v->number, err);

	return st == KM_OK ? keep_text(c, n, v, err) : st;
}

static km_status read_scaled(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			     km_err *err)
{
	bool size = k->type == KM_CONF_SIZE;
	bool ok = n->kind == KM_YAML_SCALAR &&
		  scaled(n->scalar, size ? sizes : durations,
			 size ? KM_COUNT(sizes) : KM_COUNT(durations), &v->number) &&
		  v->number >= k->min && v->number <= k->max;

	if (ok)
		return keep_text(c, n, v, err);
	if (size)
		return km_yaml_expected(n, err,
					"a size from %lld to %lld bytes, such as 64K or 10M",
					(long long)k->min, (long long)k->max);
	return km_yaml_expected(n, err, "a time from %lldms to %lldms, such as 500ms or 5s",
				(long long)k->min, (long long)k->max);
}

static km_status read_string(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			     km_err *err)
{
	if (n->kind != KM_YAML_SCALAR || (int64_t)n->scalar.n < k->min ||
	    (int64_t)n->scalar.n > k->max)
		return km_yaml_expected(n, err, "text of %lld to %lld bytes", (long long)k->min,
					(long long)k->max);
	return keep_text(c, n, v, err);
}

static km_status read_path(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			   km_err *err)
{
	/* Only a key that is empty by default can be switched off, and only in so many words: "".
	 */
	if (n->kind != KM_YAML_SCALAR || (n->scalar.n == 0 && (*k->def || !n->quoted)))
		return km_yaml_expected(n, err, "the name of a file or folder");
	return keep_text(c, n, v, err);
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(km_sv v)
{
	bool v6 = v.n > 2 && v.p[0] == '[' && v.p[v.n - 1] == ']';

	if (v6)
		v = km_sv_sub(v, 1, v.n - 2);
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (v6 ? km_hex_value(c) < 0 && c != ':' && c != '.'
		       : !km_is_alnum(c) && c != '.' && c != '-')
			return false;
	}
	return v.n > 0;
}

static bool is_address(km_sv v)
{
	const size_t longest = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	size_t colon = km_sv_rchr(v, ':');
	uint64_t port;

	if (km_sv_eq(v, KM_S("off")))
		return true;
	if (km_sv_starts(v, KM_S("unix:/")))
		return v.n - strlen("unix:") <= longest;
	return colon < v.n && is_host(km_sv_sub(v, 0, colon)) &&
	       km_sv_u64(km_sv_from(v, colon + 1), &port) && port <= MAX_PORT;
}

static km_status read_address(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			      km_err *err)
{
	(void)k;
	if (n->kind != KM_YAML_SCALAR || !is_address(n->scalar))
		return km_yaml_expected(n, err, "HOST:PORT, unix:/PATH or off");
	return keep_text(c, n, v, err);
}

static km_status read_choice(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			     km_err *err)
{
	km_sv rest = km_sv_of(k->choices), word;

	while (n->kind == KM_YAML_SCALAR && km_sv_split(&rest, '|', &word))
		if (km_sv_eq(n->scalar, word))
			return keep_text(c, n, v, err);
	return km_yaml_expected(n, err, "one of %s", k->choices);
}

static km_status add_item(km_conf *c, const km_conf_info *k, const km_yaml *n, km_sv item,
			  struct value *v, km_err *err)
{
	if ((int64_t)v->n_items >= k->max)
		return km_yaml_wrong(n, err, "more than %lld items", (long long)k->max);
	const char **grown = km_arena_grow(c->arena, v->item, v->n_items * sizeof(*v->item),
					   (v->n_items + 1) * sizeof(*v->item));
	const char *text = km_sv_cstr(c->arena, item);
	if (grown == NULL || text == NULL)
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	v->item = grown;
	v->item[v->n_items++] = text;
	return KM_OK;
}

/* A YAML list, or the items in one line with spaces between them. */
static km_status read_list(km_conf *c, const km_conf_info *k, const km_yaml *n, struct value *v,
			   km_err *err)
{
	km_status st = KM_OK;
	km_sv rest = n->scalar, item;

	if (n->kind == KM_YAML_MAP || (n->kind == KM_YAML_SCALAR && !n->scalar.n && !n->quoted))
		return km_yaml_expected(n, err, "a list; an empty one is written []");
	while (n->kind == KM_YAML_SCALAR && st == KM_OK && km_sv_split(&rest, ' ', &item))
		if (item.n)
			st = add_item(c, k, n, item, v, err);
	for (const km_yaml *i = n->child; i && st == KM_OK; i = i->next) {
		if (i->kind != KM_YAML_SCALAR || i->scalar.n == 0)
			return km_yaml_expected(i, err, "text");
		st = add_item(c, k, i, i->scalar, v, err);
	}
	return st;
}

static const struct {
	const char *name;
	reader *read;
} types[] = {
	[KM_CONF_BOOL] = { "true|false", read_bool },
	[KM_CONF_INT] = { "number", read_int },
	[KM_CONF_SIZE] = { "size", read_scaled },
	[KM_CONF_DURATION] = { "duration", read_scaled },
	[KM_CONF_STRING] = { "text", read_string },
	[KM_CONF_PATH] = { "path", read_path },
	[KM_CONF_ADDRESS] = { "address", read_address },
	[KM_CONF_LIST] = { "list", read_list },
	[KM_CONF_CHOICE] = { "choice", read_choice },
};

static km_status set_key(km_conf *c, km_conf_key key, const km_yaml *n, km_err *err)
{
	struct value v = { .line = n->line };

	if (c->value[key].line)
		return km_yaml_wrong(n, err, "set before, on line %u", c->value[key].line);
	km_status st = types[table[key].type].read(c, &table[key], n, &v, err);
	c->value[key] = v;
	return st;
}

static km_status set_defaults(km_conf *c, km_err *err)
{
	km_status st = KM_OK;

	for (km_conf_key k = 0; k < KM_KEY_COUNT && st == KM_OK; k++) {
		/* Quoted only where it is empty: numbers must not be text. */
		km_yaml n = { .kind = KM_YAML_SCALAR,
			      .scalar = km_sv_of(table[k].def),
			      .quoted = *table[k].def == '\0',
			      .file = table[k].name };
		st = set_key(c, k, &n, err);
	}
	return st;
}

/* True when keys begin with "@name.". */
static bool is_section(km_sv name)
{
	for (km_conf_key k = 0; k < KM_KEY_COUNT; k++) {
		km_sv key = km_sv_of(table[k].name);
		if (km_sv_starts(key, name) && key.n > name.n && key.p[name.n] == '.')
			return true;
	}
	return false;
}

static const char *key_name(size_t i, const void *ctx)
{
	(void)ctx;
	return table[i].name;
}

/* Reads @n as a key, or finds that it is a section: then *inside says whether to go into it. */
static km_status take_node(km_conf *c, const km_yaml *n, bool *inside, km_err *err)
{
	km_sv name = km_yaml_path(c->arena, n);
	km_conf_key key = km_conf_by_name(name);

	*inside = false;
	if (key != KM_KEY_COUNT)
		return set_key(c, key, n, err);
	if (!is_section(name))
		return km_yaml_unknown(n, "key", name, key_name, KM_KEY_COUNT, NULL, err);
	*inside = n->kind == KM_YAML_MAP;
	/* A section whose keys are all commented out is nothing to YAML. */
	if (*inside || (n->kind == KM_YAML_SCALAR && n->scalar.n == 0))
		return KM_OK;
	return km_yaml_expected(n, err, "a map of keys");
}

static const km_yaml *next_node(const km_yaml *n, bool inside)
{
	if (inside && n->child)
		return n->child;
	while (n && !n->next)
		n = n->parent;
	return n ? n->next : NULL;
}

static km_status read_tree(km_conf *c, const km_yaml *root, km_err *err)
{
	km_status st = KM_OK;
	bool inside;

	if (root->kind != KM_YAML_MAP)
		return km_yaml_expected(root, err, "keys such as listen.milter");
	for (const km_yaml *n = root->child; n && st == KM_OK; n = next_node(n, inside))
		st = take_node(c, n, &inside, err);
	return st;
}

km_status km_conf_parse(km_sv text, const char *name, km_conf **out, km_err *err)
{
	km_arena *a = km_arena_new(ARENA_BYTES);
	km_conf *c = a ? KM_NEW(a, km_conf) : NULL;
	km_yaml *root;

	*out = NULL;
	if (c == NULL) {
		km_arena_free(a);
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	}
	c->arena = a;
	km_status st = set_defaults(c, err);
	if (st == KM_OK)
		st = km_yaml_parse(a, text, name, &root, err);
	if (st == KM_OK)
		st = read_tree(c, root, err);
	if (st == KM_OK)
		*out = c;
	else
		km_arena_free(a);
	return st;
}

km_status km_conf_load(const char *path, km_conf **out, km_err *err)
{
	km_file f;

	*out = NULL;
	if (path == NULL)
		return km_conf_parse(KM_S(""), "", out, err);
	km_status st = km_file_open(&f, path, FILE_BYTES, err);
	if (st != KM_OK)
		return st;
	st = km_conf_parse(f.bytes, path, out, err);
	km_file_close(&f);
	return st;
}

void km_conf_free(km_conf *c)
{
	if (c)
		km_arena_free(c->arena);
}

int64_t km_conf_int(const km_conf *c, km_conf_key key)
{
	return c->value[key].number;
}

bool km_conf_bool(const km_conf *c, km_conf_key key)
{
	return c->value[key].number != 0;
}

const char *km_conf_str(const km_conf *c, km_conf_key key)
{
	return c->value[key].text;
}

size_t km_conf_list(const km_conf *c, km_conf_key key, const char *const **items)
{
	*items = c->value[key].item;
	return c->value[key].n_items;
}

unsigned km_conf_line(const km_conf *c, km_conf_key key)
{
	return c->value[key].line;
}

const km_conf_info *km_conf_describe(km_conf_key key)
{
	return &table[key];
}

km_conf_key km_conf_by_name(km_sv name)
{
	km_conf_key k = 0;

	while (k < KM_KEY_COUNT && !km_sv_eq(km_sv_of(table[k].name), name))
		k++;
	return k;
}

const char *km_conf_type_name(km_conf_type t)
{
	return types[t].name;
}
