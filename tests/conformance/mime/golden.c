/*
 * Our reading against that of another parser: stalwart's *.json beside the messages hold structure,
 * texts and fields. "x.json" is for the message with LF, "x.crlf.json" for the same with CRLF.
 * enmime's .golden files are what its encoder writes, mime4j's .xml and .out are not in the suite:
 * neither can be compared.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "mail/message.h"

typedef enum { STRUCTURE, TEXT, HEADERS, ASPECTS } aspect;

static const char *const aspect_names[] = { "structure", "text", "headers" };

/* Where we differ on purpose, in one of the two forms of the message at least. */
#define EIGHT_BIT   "8-bit bytes that nothing declares, or wrongly: detected; golden has U+FFFD"
#define UUENCODED   "uuencode as a transfer encoding is decoded; golden gives it as it stands"
#define LONGER_LINE "a boundary line holds nothing else; golden takes longer lines for it too"
#define UNFINISHED  "a part that the end of the message cuts off is a part; golden drops it"
#define SEVERAL                                                                                    \
	"several Content-Type fields: golden takes the last; here the first is the first reading"
#define ONE_WORD "a word alone is an address without domain; golden takes it for a name"
static const struct differ {
	const char *stem;
	aspect what;
	const char *why;
} differs[] = {
	{ "rfc/000", TEXT, "plain words as base64: decoded as far as it goes; golden undecoded" },
	{ "rfc/001", HEADERS, ONE_WORD },
	{ "rfc/004", HEADERS, ONE_WORD },
	{ "legacy/010", HEADERS, EIGHT_BIT },
	{ "legacy/017", HEADERS, EIGHT_BIT },
	{ "legacy/020", HEADERS, EIGHT_BIT },
	{ "legacy/022", HEADERS, EIGHT_BIT },
	{ "legacy/027", HEADERS, EIGHT_BIT },
	{ "legacy/052", HEADERS, EIGHT_BIT },
	{ "legacy/033", TEXT, EIGHT_BIT },
	{ "legacy/052", TEXT, EIGHT_BIT },
	{ "legacy/017", TEXT, UUENCODED },
	{ "legacy/026", TEXT, UUENCODED },
	{ "legacy/048", TEXT, UUENCODED },
	{ "legacy/049", TEXT, "a lone CR at the end is kept" },
	{ "malformed/000", STRUCTURE, "parts whose headers end at a boundary; golden has none" },
	{ "malformed/001", STRUCTURE, LONGER_LINE },
	{ "malformed/004", STRUCTURE, LONGER_LINE },
	{ "malformed/007", STRUCTURE, LONGER_LINE },
	{ "malformed/008", STRUCTURE, LONGER_LINE },
	{ "malformed/016", STRUCTURE, LONGER_LINE },
	{ "malformed/009", STRUCTURE, UNFINISHED },
	{ "malformed/011", STRUCTURE, UNFINISHED },
	{ "malformed/012", STRUCTURE, UNFINISHED },
	{ "malformed/013", STRUCTURE, UNFINISHED },
	{ "malformed/014", STRUCTURE, UNFINISHED },
	{ "malformed/019", STRUCTURE, SEVERAL },
	{ "malformed/019", HEADERS, "several Date fields: golden takes the last, here the first" },
	{ "malformed/020", STRUCTURE, SEVERAL },
	{ "malformed/021", STRUCTURE, SEVERAL },
	{ "malformed/022", STRUCTURE, "a message without header fields is opened all the same" },
	{ "thirdparty/002", TEXT, "digits of an unfinished base64 group count; golden drops them" },
	{ "thirdparty/005", TEXT,
	  "a boundary begins a line, and half a UTF-16 character is shown" },
	{ "thirdparty/015", STRUCTURE, "header lines without indentation: the body begins there" },
};

static bool used[KM_COUNT(differs)];

typedef struct {
	size_t n, same, listed;
} tally;

static tally tallies[ASPECTS];
static size_t unlisted;

/* What differs first, for the report. */
static char detail[600];

static int shown(km_sv v)
{
	return (int)(v.n < 160 ? v.n : 160);
}

/* Shows both from a little before the first byte that differs. */
static bool differ_in(const char *what, km_sv got, km_sv want)
{
	size_t at = 0;

	while (at < got.n && at < want.n && got.p[at] == want.p[at])
		at++;
	at = at > 20 ? at - 20 : 0;
	got = km_sv_from(got, at);
	want = km_sv_from(want, at);
	(void)snprintf(detail, sizeof(detail), "%s at %zu: ours \"%.*s\", golden \"%.*s\"", what,
		       at, shown(got), got.p ? got.p : "", shown(want), want.p ? want.p : "");
	return false;
}

static km_sv json_sv(const json_t *s)
{
	return (km_sv){ json_string_value(s), json_string_length(s) };
}

/* The last field of that name, as the golden reader takes it. */
static const json_t *golden_header(const json_t *part, const char *name)
{
	const json_t *list = json_object_get(part, "headers"), *found = NULL, *h;
	size_t i;

	json_array_foreach(list, i, h)
	{
		const json_t *n = json_object_get(h, "name");
		if (json_is_string(n) && strcmp(json_string_value(n), name) == 0)
			found = json_object_get(h, "value");
	}
	return found;
}

/* ---- structure: "multipart/mixed(text/plain,message/rfc822(text/plain))" ---- */

static void golden_type(km_buf *b, const json_t *part, const char *fallback)
{
	const json_t *ct = json_object_get(golden_header(part, "content_type"), "ContentType");
	const json_t *sub = json_object_get(ct, "c_subtype");

	if (ct == NULL || !json_is_string(sub)) {
		km_buf_fmt(b, "%s", fallback);
		return;
	}
	km_buf_fmt(b, "%s/%s", json_string_value(json_object_get(ct, "c_type")),
		   json_string_value(sub));
}

/* One node of the golden tree still to be written; depth is bounded by what jansson reads. */
static void golden_node(km_buf *b, const json_t *parts, size_t index, const char *fallback)
{
	const json_t *part = json_array_get(parts, index);
	const json_t *body = json_object_get(part, "body");
	const json_t *children = json_object_get(body, "Multipart");
	const json_t *message = json_object_get(body, "Message");
	const json_t *child;
	size_t i, start = b->n;

	golden_type(b, part, message ? "message/rfc822" : fallback);
	bool digest = km_sv_eq((km_sv){ b->p + start, b->n - start }, KM_S("multipart/digest"));
	if (json_array_size(children) == 0 && message == NULL)
		return;
	km_buf_byte(b, '(');
	json_array_foreach(children, i, child)
	{
		if (i)
			km_buf_byte(b, ',');
		golden_node(b, parts, (size_t)json_integer_value(child),
			    digest ? "message/rfc822" : "text/plain");
	}
	if (message)
		golden_node(b, json_object_get(message, "parts"), 0, "text/plain");
	km_buf_byte(b, ')');
}

static bool is_container(const km_mail *m, const km_part *p)
{
	return p->first_child != KM_NO_PART && m->parts[p->first_child].cte != KM_CTE_UUENCODE;
}

static void our_node(km_buf *b, const km_mail *m, const km_part *p)
{
	km_buf_add(b, p->type);
	if (!is_container(m, p))
		return;
	km_buf_byte(b, '(');
	for (int c = p->first_child; c != KM_NO_PART; c = m->parts[c].next) {
		if (c != p->first_child)
			km_buf_byte(b, ',');
		our_node(b, m, &m->parts[c]);
	}
	km_buf_byte(b, ')');
}

static bool same_structure(km_mail *m, const json_t *gold, km_arena *a)
{
	km_buf ours, want;

	km_buf_init(&ours, a, 1 << 20);
	km_buf_init(&want, a, 1 << 20);
	our_node(&ours, m, &m->parts[0]);
	golden_node(&want, json_object_get(gold, "parts"), 0, "text/plain");
	return km_sv_ieq(km_buf_sv(&ours), km_buf_sv(&want)) ||
	       differ_in("structure", km_buf_sv(&ours), km_buf_sv(&want));
}

/* ---- text of the leaves, in order ---- */

struct leaves {
	const json_t *body[KM_MAX_MIME_PARTS];
	size_t n;
};

static void golden_leaves(struct leaves *l, const json_t *parts, size_t index)
{
	const json_t *body = json_object_get(json_array_get(parts, index), "body");
	const json_t *children = json_object_get(body, "Multipart");
	const json_t *message = json_object_get(body, "Message");
	const json_t *child;
	size_t i;

	json_array_foreach(children, i, child)
		golden_leaves(l, parts, (size_t)json_integer_value(child));
	if (message)
		golden_leaves(l, json_object_get(message, "parts"), 0);
	else if (json_array_size(children) == 0 && l->n < KM_COUNT(l->body))
		l->body[l->n++] = body;
}

static km_sv golden_bytes(const json_t *list, km_arena *a)
{
	km_buf b;
	const json_t *x;
	size_t i;

	km_buf_init(&b, a, 1 << 22);
	json_array_foreach(list, i, x) km_buf_byte(&b, (char)json_integer_value(x));
	return km_buf_sv(&b);
}

static bool same_leaf(km_mail *m, km_part *p, const json_t *body, km_arena *a)
{
	const json_t *text = json_object_get(body, "Text"),
		     *bytes = json_object_get(body, "Binary");

	if (text == NULL)
		text = json_object_get(body, "Html");
	if (bytes == NULL)
		bytes = json_object_get(body, "InlineBinary");
	if (bytes) {
		km_sv want = golden_bytes(bytes, a), got = km_part_bytes(m, p);
		return km_sv_eq(got, want) || differ_in("bytes", got, want);
	}
	(void)km_part_text(m, p);
	km_sv got = p->text_done ? p->decoded.utf8 : km_part_bytes(m, p);
	return km_sv_eq(got, json_sv(text)) || differ_in("text", got, json_sv(text));
}

static void our_leaves(km_mail *m, km_part *p, km_part **out, size_t *n)
{
	if (!is_container(m, p))
		out[(*n)++] = p;
	else
		for (int c = p->first_child; c != KM_NO_PART; c = m->parts[c].next)
			our_leaves(m, &m->parts[c], out, n);
}

static bool same_text(km_mail *m, const json_t *gold, km_arena *a)
{
	struct leaves l = { .n = 0 };
	km_part *ours[KM_MAX_MIME_PARTS];
	size_t n = 0;

	golden_leaves(&l, json_object_get(gold, "parts"), 0);
	our_leaves(m, &m->parts[0], ours, &n);
	if (n != l.n)
		return differ_in("number of leaves", km_sv_fmt(a, "%zu", n),
				 km_sv_fmt(a, "%zu", l.n));
	for (size_t i = 0; i < n; i++)
		if (!same_leaf(m, ours[i], l.body[i], a))
			return false;
	return true;
}

/* ---- fields ---- */

static void golden_addresses(km_buf *b, const json_t *v)
{
	const json_t *list = json_object_get(v, "List"), *groups = json_object_get(v, "Group"), *x;
	size_t i;

	json_array_foreach(list, i, x)
	{
		km_buf_add(b, json_sv(json_object_get(x, "name")));
		km_buf_fmt(b, " <");
		km_buf_add(b, json_sv(json_object_get(x, "address")));
		km_buf_fmt(b, ">,");
	}
	json_array_foreach(groups, i, x)
	{
		const json_t *members = json_object_get(x, "addresses"), *y;
		size_t k;
		json_array_foreach(members, k, y)
		{
			km_buf_add(b, json_sv(json_object_get(y, "name")));
			km_buf_fmt(b, " <");
			km_buf_add(b, json_sv(json_object_get(y, "address")));
			km_buf_fmt(b, ">,");
		}
	}
}

static bool same_addresses(const char *what, const km_addr_list *l, const json_t *v, km_arena *a)
{
	km_buf ours, want;

	if (v == NULL)
		return true;
	km_buf_init(&ours, a, 1 << 20);
	km_buf_init(&want, a, 1 << 20);
	golden_addresses(&want, json_object_get(v, "Address"));
	for (size_t i = 0; i < l->n; i++)
		km_buf_fmt(&ours, "%.*s <%.*s>,", KM_FMT(l->a[i].name), KM_FMT(l->a[i].addr));
	return km_sv_ieq(km_buf_sv(&ours), km_buf_sv(&want)) ||
	       differ_in(what, km_buf_sv(&ours), km_buf_sv(&want));
}

static int number(const json_t *o, const char *name)
{
	return (int)json_integer_value(json_object_get(o, name));
}

static bool same_date(const km_mail *m, const json_t *v, km_arena *a)
{
	const json_t *d = json_object_get(v, "DateTime");
	km_time want;
	int sign = json_is_true(json_object_get(d, "tz_before_gmt")) ? -1 : 1;
	int zone = sign * (number(d, "tz_hour") * 60 + number(d, "tz_minute"));

	if (d == NULL)
		return v == NULL || !m->has_date || differ_in("date", KM_S("read"), KM_S("none"));
	if (km_time_from_civil(number(d, "year"), number(d, "month"), number(d, "day"),
			       number(d, "hour"), number(d, "minute"), number(d, "second"),
			       &want) != KM_OK)
		return differ_in("date", KM_S("?"), KM_S("impossible"));
	want -= zone * 60;
	return (m->has_date && m->date.t == want) ||
	       differ_in("date", km_sv_fmt(a, "%lld", m->has_date ? (long long)m->date.t : -1),
			 km_sv_fmt(a, "%lld", (long long)want));
}

static bool same_headers(km_mail *m, const json_t *gold, km_arena *a)
{
	const json_t *root = json_array_get(json_object_get(gold, "parts"), 0);
	const json_t *subject = json_object_get(golden_header(root, "subject"), "Text");

	if (subject && !km_sv_eq(m->subject, json_sv(subject)))
		return differ_in("subject", m->subject, json_sv(subject));
	return same_addresses("from", &m->from, golden_header(root, "from"), a) &&
	       same_addresses("to", &m->to, golden_header(root, "to"), a) &&
	       same_date(m, golden_header(root, "date"), a);
}

/* ---- files ---- */

/* All line ends as LF, or as CRLF. */
static km_sv with_line_ends(km_arena *a, km_sv v, bool crlf)
{
	km_buf b;

	km_buf_init(&b, a, 1 << 24);
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\r' && i + 1 < v.n && v.p[i + 1] == '\n')
			continue;
		if (v.p[i] == '\n' && crlf)
			km_buf_byte(&b, '\r');
		km_buf_byte(&b, v.p[i]);
	}
	return km_buf_sv(&b);
}

static const struct differ *find_differ(const char *file, aspect what)
{
	size_t stem = strcspn(file, ".");

	for (size_t i = 0; i < KM_COUNT(differs); i++)
		if (differs[i].what == what && strlen(differs[i].stem) == stem &&
		    memcmp(differs[i].stem, file, stem) == 0)
			return &differs[i];
	return NULL;
}

static void judge(const char *file, aspect what, bool same)
{
	const struct differ *d = find_differ(file, what);

	tallies[what].n++;
	tallies[what].same += same;
	if (same)
		return;
	if (d == NULL) {
		unlisted++;
		printf("# %s %s\n", file, detail);
		return;
	}
	tallies[what].listed++;
	used[d - differs] = true;
	printf("# %s %s differs: %s\n", file, aspect_names[what], d->why);
}

/* Rows of the table that no file needs. */
static size_t count_stale(void)
{
	size_t n = 0;

	for (size_t i = 0; i < KM_COUNT(differs); i++) {
		if (used[i])
			continue;
		printf("# %s %s: listed as different, but equal\n", differs[i].stem,
		       aspect_names[differs[i].what]);
		n++;
	}
	return n;
}

static void compare(const char *file, km_sv raw, const json_t *gold, bool crlf)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_mail *m;

	if (km_mail_read(a, with_line_ends(a, raw, crlf), &m) != KM_OK) {
		printf("# %s: not read\n", file);
		unlisted++;
	} else {
		bool same_tree = same_structure(m, gold, a);
		judge(file, STRUCTURE, same_tree);
		if (same_tree) /* else there are no leaves to be matched */
			judge(file, TEXT, same_text(m, gold, a));
		judge(file, HEADERS, same_headers(m, gold, a));
	}
	km_arena_free(a);
}

static void run_file(const char *folder, const char *sub, const char *json)
{
	char path[4096], name[512];
	size_t stem = strcspn(json, ".");
	bool crlf = strcmp(json + stem, ".crlf.json") == 0;
	km_file eml;
	km_err err = { .st = KM_OK };

	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, sub, json);
	json_t *gold = json_load_file(path, JSON_ALLOW_NUL, NULL);
	(void)snprintf(path, sizeof(path), "%s/%s/%.*s.eml", folder, sub, (int)stem, json);
	(void)snprintf(name, sizeof(name), "%s/%s", sub, json);
	if (gold == NULL || km_file_open(&eml, path, KM_MAX_MESSAGE_BYTES, &err) != KM_OK) {
		printf("# %s: cannot be read %s\n", name, err.msg);
		unlisted++;
		json_decref(gold);
		return;
	}
	compare(name, eml.bytes, gold, crlf);
	km_file_close(&eml);
	json_decref(gold);
}

static int is_json(const struct dirent *e)
{
	return km_sv_ends(km_sv_of(e->d_name), KM_S(".json"));
}

static size_t run_folder(const char *folder, const char *sub)
{
	char path[4096];
	struct dirent **list;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, sub);
	int n = scandir(path, &list, is_json, alphasort);
	for (int i = 0; i < n; i++) {
		run_file(folder, sub, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return n < 0 ? 0 : (size_t)n;
}

int main(void)
{
	static const char *const subs[] = { "rfc", "legacy", "malformed", "thirdparty" };
	const char *suites = getenv("KOMAINU_SUITES");
	char folder[3072];
	size_t files = 0;

	(void)snprintf(folder, sizeof(folder), "%s/mime/stalwart",
		       suites ? suites : "../shared/suites");
	for (size_t i = 0; i < KM_COUNT(subs); i++)
		files += run_folder(folder, subs[i]);
	if (files == 0) {
		printf("1..0 # SKIP no golden files in %s\n", folder);
		return 0;
	}
	printf("# enmime's .golden files are its encoder's output, and mime4j's .xml and .out are "
	       "not there: not compared\n");
	size_t stale = count_stale();
	printf("1..%d\n", ASPECTS + 1);
	for (int w = 0; w < ASPECTS; w++) {
		const tally *t = &tallies[w];
		printf("%s %d - %s: %zu of %zu as in the golden files, %zu listed with a reason\n",
		       t->same + t->listed == t->n ? "ok" : "not ok", w + 1, aspect_names[w],
		       t->same, t->n, t->listed);
	}
	printf("%s %d - no listed difference is equal\n", stale ? "not ok" : "ok", ASPECTS + 1);
	return unlisted || stale;
}
