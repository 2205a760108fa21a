#include "outbound/event.h"

#include <jansson.h>

static const char *const kinds[KM_EVENT_KIND_COUNT] = {
#define X(name) [KM_EVENT_##name] = #name,
	KM_EVENT_KINDS(X)
#undef X
};

static const char *const account_kinds[KM_ACCOUNT_KINDS] = { "", "person", "bulk", "server",
							     "new" };

const char *km_account_kind_name(km_account_kind k)
{
	return k < KM_ACCOUNT_KINDS ? account_kinds[k] : "";
}

typedef enum {
	TEXT,
	TEXTS,
	IP,
	TIME,
	PORT,
	ASN,
	SIZE,
	NUMBER,
	BOOL,
	KIND,
	ACCOUNT_KIND,
	OUTCOME
} type;

typedef struct {
	const char *name;
	type type;
	size_t at;
	size_t extra; /* TEXTS: of the count; others: of a bool "was there", or 0 */
} member;

#define AT(field) offsetof(km_event, field)

static const member members[] = {
	{ "t", TIME, AT(t), 0 },
	{ "event", KIND, AT(kind), 0 },
	{ "account", TEXT, AT(account), 0 },
	{ "ip", IP, AT(ip), 0 },
	{ "port", PORT, AT(port), 0 },
	{ "helo", TEXT, AT(helo), 0 },
	{ "country", TEXT, AT(country), 0 },
	{ "asn", ASN, AT(asn), 0 },
	{ "mail_from", TEXT, AT(mail_from), AT(has_mail_from) },
	{ "from", TEXT, AT(from), 0 },
	{ "rcpts", TEXTS, AT(rcpts), AT(n_rcpts) },
	{ "size", SIZE, AT(size), 0 },
	{ "subject", TEXT, AT(subject), 0 },
	{ "body_digest", TEXT, AT(body_digest), 0 },
	{ "script", TEXT, AT(script), 0 },
	{ "queue_id", TEXT, AT(queue_id), 0 },
	{ "class", TEXT, AT(class), 0 },
	{ "score", NUMBER, AT(score), 0 },
	{ "advice", TEXTS, AT(advice), AT(n_advice) },
	{ "ok", BOOL, AT(ok), 0 },
	{ "service", TEXT, AT(service), 0 },
	{ "rcpt", TEXT, AT(rcpt), 0 },
	{ "status", TEXT, AT(status), 0 },
	{ "dest", TEXT, AT(dest), 0 },
	{ "type", TEXT, AT(type), 0 },
	{ "kind", ACCOUNT_KIND, AT(account_kind), 0 },
	{ "created", TIME, AT(created), 0 },
	{ "identities", TEXTS, AT(identities), AT(n_identities) },
	{ "alternative", TEXT, AT(alternative), 0 },
	{ "until", TIME, AT(until), 0 },
	{ "outcome", OUTCOME, AT(restore), 0 },
};

static km_sv text_of(const json_t *j)
{
	return (km_sv){ json_string_value(j), json_string_length(j) };
}

static km_status wrong(const member *m, const char *want, km_err *err)
{
	return KM_FAIL(err, KM_SYNTAX, "\"%s\": %s", m->name, want);
}

/* The index of @word in @names, or @n. */
static size_t word_in(km_sv word, const char *const *names, size_t n)
{
	size_t i = 0;

	while (i < n && !km_sv_eq(word, km_sv_of(names[i])))
		i++;
	return i;
}

static km_status read_texts(km_arena *a, const member *m, const json_t *j, char *e, km_err *err)
{
	size_t n = json_array_size(j);

	if (json_is_string(j))
		n = 1;
	else if (!json_is_array(j))
		return wrong(m, "a list of strings is expected", err);
	if (n > KM_EVENT_RCPTS_MAX)
		return KM_FAIL(err, KM_LIMIT, "\"%s\": more than %d", m->name, KM_EVENT_RCPTS_MAX);
	km_sv *v = KM_NEW_ARRAY(a, km_sv, n);
	if (v == NULL)
		return KM_FAIL(err, KM_LIMIT, "the line is too long");
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_is_array(j) ? json_array_get(j, i) : j;
		if (!json_is_string(item))
			return wrong(m, "a list of strings is expected", err);
		v[i] = km_sv_dup(a, text_of(item));
	}
	memcpy(e + m->at, &v, sizeof(km_sv *));
	memcpy(e + m->extra, &n, sizeof(n));
	return KM_OK;
}

/* "2026-03-02T09:14:05+09:00", or a day alone, which begins in UTC. */
static km_status read_time(const member *m, km_sv v, char *e, km_err *err)
{
	char whole[40];
	km_time t;

	if (v.n == 10) {
		(void)snprintf(whole, sizeof(whole), "%.10sT00:00:00Z", v.p);
		v = km_sv_of(whole);
	}
	if (km_time_parse_rfc3339(v, &t, NULL) != KM_OK)
		return wrong(m, "a time as in RFC 3339 is expected", err);
	memcpy(e + m->at, &t, sizeof(t));
	return KM_OK;
}

/* Numbers that no honest program writes are cut to what fits. */
static uint64_t whole_number(const json_t *j, uint64_t most)
{
	double x = json_number_value(j);

	return !(x > 0) ? 0 : x >= (double)most ? most : (uint64_t)x;
}

static km_status read_number(const member *m, const json_t *j, km_event *e, km_err *err)
{
	if (!json_is_number(j))
		return wrong(m, "a number is expected", err);
	switch (m->type) {
	case PORT:
		e->port = (uint16_t)whole_number(j, UINT16_MAX);
		break;
	case ASN:
		e->asn = (uint32_t)whole_number(j, UINT32_MAX);
		break;
	case SIZE:
		e->size = whole_number(j, 1ull << 53);
		break;
	default:
		e->score = json_number_value(j);
	}
	return KM_OK;
}

static km_status read_word(const member *m, km_sv v, km_event *e, km_err *err)
{
	size_t i;

	switch (m->type) {
	case KIND:
		i = word_in(v, kinds, KM_EVENT_KIND_COUNT);
		e->kind = (km_event_kind)i;
		return i < KM_EVENT_KIND_COUNT ? KM_OK : KM_NOTFOUND;
	case ACCOUNT_KIND:
		i = word_in(v, account_kinds, KM_ACCOUNT_KINDS);
		e->account_kind = i < KM_ACCOUNT_KINDS ? (km_account_kind)i : KM_ACCOUNT_UNKNOWN;
		return KM_OK;
	case IP:
		return km_ip_parse(v, &e->ip) ? KM_OK : wrong(m, "not an IP address", err);
	default:
		e->restore = km_sv_eq(v, KM_S("restore"));
		e->terminate = km_sv_eq(v, KM_S("terminate"));
		return e->restore || e->terminate || km_sv_eq(v, KM_S("keep"))
			       ? KM_OK
			       : wrong(m, "\"restore\", \"keep\" or \"terminate\" is expected",
				       err);
	}
}

static km_status read_member(km_arena *a, const member *m, const json_t *j, km_event *e,
			     km_err *err)
{
	char *base = (char *)e;

	if (m->type == TEXTS)
		return read_texts(a, m, j, base, err);
	if (m->type == PORT || m->type == ASN || m->type == SIZE || m->type == NUMBER)
		return read_number(m, j, e, err);
	if (m->type == BOOL) {
		e->ok = json_is_true(j);
		return json_is_boolean(j) ? KM_OK : wrong(m, "true or false is expected", err);
	}
	if (!json_is_string(j))
		return wrong(m, "a string is expected", err);
	if (m->type == TIME)
		return read_time(m, text_of(j), base, err);
	if (m->type != TEXT)
		return read_word(m, text_of(j), e, err);
	km_sv v = km_sv_dup(a, text_of(j));
	memcpy(base + m->at, &v, sizeof(v));
	if (m->extra) {
		bool there = true;
		memcpy(base + m->extra, &there, sizeof(there));
	}
	return KM_OK;
}

static km_status read_object(km_arena *a, const json_t *j, km_event *e, km_err *err)
{
	if (json_object_get(j, "event") == NULL)
		return KM_FAIL(err, KM_SYNTAX, "\"event\" is missing");
	for (size_t i = 0; i < KM_COUNT(members); i++) {
		const json_t *value = json_object_get(j, members[i].name);
		if (value == NULL || json_is_null(value))
			continue;
		km_status st = read_member(a, &members[i], value, e, err);
		if (st != KM_OK)
			return st;
	}
	e->stamp = km_sv_dup(a, text_of(json_object_get(j, "t")));
	e->has_identities = json_is_array(json_object_get(j, "identities"));
	return km_arena_full(a) ? KM_FAIL(err, KM_LIMIT, "the line is too long") : KM_OK;
}

/* Length of the character of UTF-8 at the start of @v (RFC 3629 section 4), 0 when there is none.
 */
static size_t utf8_length(km_sv v)
{
	const unsigned char *p = (const unsigned char *)v.p;
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xC2 ? 0
		   : p[0] < 0xE0 ? 2
		   : p[0] < 0xF0 ? 3
		   : p[0] < 0xF5 ? 4
				 : 0;

	if (n == 0 || n > v.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90))
		return 0;
	return n;
}

/* Names are bytes: those that are no UTF-8 become characters of private use, U+F780 to U+F7FF, so
 * that different names stay different. */
static km_sv as_utf8(km_arena *a, km_sv line)
{
	char *to = km_alloc(a, 3 * line.n);
	size_t n = 0, length;

	for (size_t i = 0; to && i < line.n; i += length ? length : 1) {
		length = utf8_length(km_sv_from(line, i));
		if (length) {
			memcpy(to + n, line.p + i, length);
			n += length;
			continue;
		}
		unsigned char c = (unsigned char)line.p[i];
		to[n++] = (char)0xEF;
		to[n++] = (char)(c < 0xC0 ? 0x9E : 0x9F);
		to[n++] = (char)(0x80 | (c & 0x3F));
	}
	return (km_sv){ to, to ? n : 0 };
}

km_status km_event_from(km_arena *a, const json_t *object, km_time now, km_event *out, km_err *err)
{
	*out = (km_event){ .t = now };
	if (!json_is_object(object))
		return KM_FAIL(err, KM_SYNTAX, "not a JSON object");
	return read_object(a, object, out, err);
}

km_status km_event_read(km_arena *a, km_sv line, km_event *out, km_err *err)
{
	json_error_t error;

	*out = (km_event){ 0 };
	if (km_sv_trim(line).n == 0)
		return KM_NOTFOUND;
	if (line.n > KM_EVENT_LINE_MAX)
		return KM_FAIL(err, KM_LIMIT, "the line is longer than %d bytes",
			       KM_EVENT_LINE_MAX);
	json_t *j = json_loadb(line.p, line.n, JSON_ALLOW_NUL, &error);
	if (j == NULL && json_error_code(&error) == json_error_invalid_utf8) {
		km_sv clean = as_utf8(a, line);
		if (clean.n == 0)
			return KM_FAIL(err, KM_LIMIT, "the line is too long");
		j = json_loadb(clean.p, clean.n, JSON_ALLOW_NUL, &error);
	}
	if (j == NULL)
		return KM_FAIL(err, KM_SYNTAX, "column %d: %.160s", error.column, error.text);
	km_status st = json_is_object(j) && json_object_get(j, "t") == NULL
			       ? KM_FAIL(err, KM_SYNTAX, "\"t\" is missing")
			       : km_event_from(a, j, 0, out, err);
	json_decref(j);
	return st;
}
