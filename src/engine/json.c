#include "engine/json.h"

#include <jansson.h>
#include <math.h>

#include "text/utf8.h"

/* NUL becomes U+FFFD: many readers of JSON do not take it. */
static json_t *text(km_arena *a, km_sv v)
{
	if (v.n && memchr(v.p, '\0', v.n)) {
		km_buf b;
		km_buf_init(&b, a, v.n * 3);
		for (size_t i = 0; i < v.n; i++)
			if (v.p[i])
				km_buf_byte(&b, v.p[i]);
			else
				km_utf8_add(&b, KM_REPLACEMENT);
		v = km_buf_sv(&b);
	}
	return json_stringn(v.n ? v.p : "", v.n);
}

static json_t *rounded(double x, double steps)
{
	/* + 0.0 makes -0 a plain 0 */
	return json_real(isfinite(x) ? round(x * steps) / steps + 0.0 : 0);
}

static json_t *microseconds(double us)
{
	return json_integer((json_int_t)llround(us));
}

/* Names of files may be any bytes. */
static json_t *file_name(km_arena *a, const char *file)
{
	size_t bad = 0;

	return text(a, km_utf8_sanitise(a, km_sv_of(file), &bad));
}

static json_t *fact_json(km_arena *a, const km_scored *s, km_lang lang)
{
	const km_fact *f = s->fact;
	const km_fact_info *info = km_fact_describe(f->id);

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o}", "id", info->id, "group",
			 km_group_name(info->group), "points", rounded(s->points, 100), "seen",
			 text(a, f->seen), "part",
			 f->part < 0 ? json_null() : json_integer(f->part), "offset",
			 (json_int_t)f->offset, "length", (json_int_t)f->length, "text",
			 text(a, km_fact_sentence(a, f, KM_FOR_ADMIN, lang)));
}

static json_t *facts_json(km_arena *a, const km_verdict *v, km_lang lang)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < v->n_facts; i++)
		if (json_array_append_new(list, fact_json(a, &v->facts[i], lang)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *composites_json(const km_verdict *v, km_lang lang)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < v->n_composites; i++) {
		const km_composite_hit *c = &v->composites[i];
		json_t *o =
			json_pack("{s:s, s:o, s:s?}", "id", c->id, "points",
				  rounded(c->points, 100), "text", c->sentence[KM_FOR_ADMIN][lang]);
		if (json_array_append_new(list, o) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *verdict_object(const km_scan *s, const char *id, km_lang lang)
{
	const km_verdict *v = km_scan_verdict(s);
	const km_timings *t = km_scan_timings(s);
	km_arena *a = km_scan_reserve(s);

	return json_pack(
		"{s:s, s:s, s:s, s:s?, s:s, s:o, s:o, s:{}, s:o, s:o, s:{s:o, s:o, s:o}, s:s,"
		" s:{s:o, s:o, s:o, s:o, s:o}}",
		"id", id, "class", km_class_name(v->class), "category", v->category, "brand",
		v->brand, "action", km_action_name(v->action), "score", rounded(v->score, 100),
		"probability", rounded(v->probability, 10000), "auth", "facts",
		facts_json(a, v, lang), "composites", composites_json(v, lang), "explanation",
		"recipient", text(a, km_explain(a, v, KM_FOR_RECIPIENT, lang)), "admin",
		text(a, km_explain(a, v, KM_FOR_ADMIN, lang)), "sender",
		text(a, km_explain(a, v, KM_FOR_SENDER, lang)), "advice", v->advice, "timings_us",
		"read", microseconds(t->read), "auth", microseconds(t->auth), "content",
		microseconds(t->content), "learn", microseconds(t->learn), "judge",
		microseconds(t->judge));
}

static int append(const char *bytes, size_t n, void *buf)
{
	km_buf_add(buf, (km_sv){ bytes, n });
	return 0;
}

/* Writes @object, with "file" as its first member when there is one; takes @object over. */
static km_status write_object(km_buf *out, km_arena *a, const char *file, json_t *object)
{
	json_t *whole = object;

	if (object && file) {
		whole = json_pack("{s:o}", "file", file_name(a, file));
		if (whole == NULL || json_object_update(whole, object) != 0) {
			json_decref(whole);
			whole = NULL;
		}
		json_decref(object);
	}
	if (whole == NULL)
		return KM_NOMEM;
	int failed = json_dump_callback(whole, append, out, JSON_REAL_PRECISION(7));
	json_decref(whole);
	if (out->cut)
		return KM_LIMIT;
	return failed ? KM_NOMEM : KM_OK;
}

km_status km_verdict_json(km_buf *out, const km_scan *s, const char *file, const char *id,
			  km_lang lang)
{
	return write_object(out, km_scan_reserve(s), file, verdict_object(s, id, lang));
}

static json_t *record_fact(km_arena *a, const km_scored *s)
{
	const km_fact *f = s->fact;
	json_t *args = json_array();

	for (size_t i = 0; i < KM_COUNT(f->arg) && f->arg[i].n; i++)
		(void)json_array_append_new(args, text(a, f->arg[i]));
	return json_pack("{s:s, s:o, s:o, s:o}", "id", km_fact_describe(f->id)->id, "points",
			 rounded(s->points, 100), "seen", text(a, f->seen), "args", args);
}

km_status km_verdict_facts_json(km_buf *out, const km_scan *s)
{
	const km_verdict *v = km_scan_verdict(s);
	json_t *list = json_array();
	km_status st = list ? KM_OK : KM_NOMEM;

	for (size_t i = 0; st == KM_OK && i < v->n_facts; i++)
		if (json_array_append_new(list, record_fact(km_scan_reserve(s), &v->facts[i])) != 0)
			st = KM_NOMEM;
	if (st == KM_OK &&
	    (json_dump_callback(list, append, out, JSON_COMPACT | JSON_REAL_PRECISION(7)) != 0 ||
	     out->cut))
		st = KM_LIMIT;
	json_decref(list);
	return st;
}

km_status km_error_json(km_buf *out, const char *file, const char *error)
{
	km_arena *a = km_arena_new(1 << 20);

	if (a == NULL)
		return KM_NOMEM;
	km_status st = write_object(out, a, file, json_pack("{s:o}", "error", file_name(a, error)));
	km_arena_free(a);
	return st;
}
