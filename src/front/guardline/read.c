#include <jansson.h>

#include "front/guardline/guardline.h"

static km_sv text_of(const json_t *object, const char *name)
{
	const json_t *j = json_object_get(object, name);

	return json_is_string(j) ? (km_sv){ json_string_value(j), json_string_length(j) }
				 : (km_sv){ NULL, 0 };
}

/* At most KM_GUARDLINE_TEXT_MAX bytes of it. */
static km_sv copy_of(km_arena *a, const json_t *object, const char *name)
{
	return km_sv_dup(a, km_sv_sub(text_of(object, name), 0, KM_GUARDLINE_TEXT_MAX));
}

static km_status must_have(const json_t *object, const char *name, km_err *err)
{
	return text_of(object, name).n
		       ? KM_OK
		       : KM_FAIL(err, KM_SYNTAX, "\"%s\": a string is expected", name);
}

static km_status read_account(km_arena *a, const json_t *j, km_guardline *out, km_err *err)
{
	out->account = copy_of(a, j, "account");
	return must_have(j, "account", err);
}

static km_status read_top(km_arena *a, const json_t *j, km_guardline *out, km_err *err)
{
	double limit = json_number_value(json_object_get(j, "limit"));

	(void)a;
	(void)err;
	out->limit = !(limit >= 1)		    ? KM_GUARDLINE_TOP_DEFAULT
		     : limit > KM_GUARDLINE_TOP_MAX ? KM_GUARDLINE_TOP_MAX
						    : (size_t)limit;
	return KM_OK;
}

static km_status read_ping(km_arena *a, const json_t *j, km_guardline *out, km_err *err)
{
	(void)a;
	(void)j;
	(void)out;
	(void)err;
	return KM_OK;
}

static const struct {
	const char *name;
	km_guardline_kind kind;
	km_status (*read)(km_arena *a, const json_t *j, km_guardline *out, km_err *err);
} queries[] = {
	{ "account", KM_GUARDLINE_ACCOUNT, read_account },
	{ "top", KM_GUARDLINE_TOP, read_top },
	{ "ping", KM_GUARDLINE_PING, read_ping },
};

static km_status read_query(km_arena *a, const json_t *j, km_guardline *out, km_err *err)
{
	km_sv name = text_of(j, "query");

	for (size_t i = 0; i < KM_COUNT(queries); i++)
		if (km_sv_eq(name, km_sv_of(queries[i].name))) {
			out->kind = queries[i].kind;
			return queries[i].read(a, j, out, err);
		}
	return KM_FAIL(err, KM_SYNTAX, "\"query\": \"account\", \"top\" or \"ping\" is expected");
}

/* What is kept of an event besides the measures that it leads to. */
static const struct {
	const char *event, *needs;
	km_entry_kind entry;
	bool entry_only;
} kept[] = {
	{ "appeal", "text", KM_ENTRY_appeal, true },
	{ "told", "how", KM_ENTRY_told, true },
	{ "review", "outcome", KM_ENTRY_review, false },
	{ "password_changed", "account", KM_ENTRY_password_changed, false },
	{ "complaint", "account", KM_ENTRY_complaint, false },
};

static km_sv reason_of(km_arena *a, const json_t *j, km_entry_kind kind)
{
	km_sv reason = copy_of(a, j, "reason");
	double row = json_number_value(json_object_get(j, "row"));

	switch (kind) {
	case KM_ENTRY_appeal:
		return copy_of(a, j, "text");
	case KM_ENTRY_complaint:
		return copy_of(a, j, "type");
	case KM_ENTRY_review:
		return km_sv_fmt(a, "%.*s%s%s%.*s", KM_FMT(text_of(j, "outcome")),
				 json_is_true(json_object_get(j, "new_password")) ? "+password"
										  : "",
				 reason.n ? ": " : "", KM_FMT(reason));
	case KM_ENTRY_told:
		return km_sv_fmt(a, "%.*s %.*s %.0f", KM_FMT(copy_of(a, j, "how")),
				 KM_FMT(copy_of(a, j, "to")), row > 0 && row < 1e15 ? row : 0);
	default:
		return reason;
	}
}

/* Lines for the file alone are read like any other event, as one without consequences. */
static km_status read_entry_only(km_arena *a, const json_t *j, km_time now, km_guardline *out,
				 km_err *err)
{
	km_sv t = text_of(j, "t");

	out->kind = KM_GUARDLINE_ENTRY;
	out->event = (km_event){ .t = now, .account = copy_of(a, j, "account") };
	if (t.n && km_time_parse_rfc3339(t, &out->event.t, NULL) != KM_OK)
		return KM_FAIL(err, KM_SYNTAX, "\"t\": a time as in RFC 3339 is expected");
	return KM_OK;
}

static km_status read_event(km_arena *a, const json_t *j, km_time now, km_guardline *out,
			    km_err *err)
{
	km_sv event = text_of(j, "event");
	size_t i = 0;

	while (i < KM_COUNT(kept) && !km_sv_eq(event, km_sv_of(kept[i].event)))
		i++;
	km_status st = KM_OK;
	if (i < KM_COUNT(kept)) {
		st = must_have(j, kept[i].needs, err);
		if (st == KM_OK && kept[i].entry != KM_ENTRY_complaint)
			st = must_have(j, "account", err);
		out->entry = kept[i].entry;
		out->by = copy_of(a, j, "by");
		out->reason = reason_of(a, j, out->entry);
	}
	if (st != KM_OK)
		return st;
	st = i < KM_COUNT(kept) && kept[i].entry_only ? read_entry_only(a, j, now, out, err)
						      : km_event_from(a, j, now, &out->event, err);
	if (st == KM_NOTFOUND)
		return KM_FAIL(err, KM_SYNTAX, "\"event\": \"%.*s\" is not known",
			       (int)(event.n < 40 ? event.n : 40), event.p ? event.p : "");
	return st;
}

km_status km_guardline_read(km_arena *a, km_sv line, km_time now, km_guardline *out, km_err *err)
{
	json_error_t error;

	*out = (km_guardline){ .entry = KM_ENTRY_KIND_COUNT };
	if (km_sv_trim(line).n == 0)
		return KM_NOTFOUND;
	if (line.n > KM_EVENT_LINE_MAX)
		return KM_FAIL(err, KM_LIMIT, "the line is longer than %d bytes",
			       KM_EVENT_LINE_MAX);
	json_t *j = json_loadb(line.p, line.n, JSON_ALLOW_NUL, &error);
	if (j == NULL)
		return KM_FAIL(err, KM_SYNTAX, "column %d: %.120s", error.column, error.text);
	km_status st;
	if (!json_is_object(j))
		st = KM_FAIL(err, KM_SYNTAX, "not a JSON object");
	else if (json_object_get(j, "query"))
		st = read_query(a, j, out, err);
	else
		st = read_event(a, j, now, out, err);
	json_decref(j);
	if (st == KM_OK && km_arena_full(a))
		st = KM_FAIL(err, KM_LIMIT, "the line is too long");
	return st;
}
