#include "front/guardline/guardline.h"

static void end(km_json_writer *w)
{
	km_json_close(w, '}');
	km_buf_byte(w->out, '\n');
}

static void add_text(km_json_writer *w, const char *key, km_sv v)
{
	if (v.n)
		km_json_sv(w, key, v);
	else
		km_json_null(w, key);
}

static void add_time(km_json_writer *w, const km_event *e)
{
	char text[32];

	km_json_sv(w, "t", e->stamp.n ? e->stamp : km_sv_of(km_time_format(e->t, text)));
}

static void open_fact(km_json_writer *w, const km_fact *f)
{
	const km_fact_info *info = km_fact_describe(f->id);

	km_json_open(w, NULL, '{');
	km_json_string(w, "id", info->id);
	km_json_number(w, "points", info->points * f->weight, 2);
	km_json_sv(w, "seen", f->seen);
}

void km_guardline_decision(km_buf *out, const km_event *e, const km_decision *d, const char *error)
{
	km_json_writer w = { .out = out };

	km_json_open(&w, NULL, '{');
	add_time(&w, e);
	add_text(&w, "account", d->account);
	add_text(&w, "queue_id", e->queue_id);
	km_json_string(&w, "decision", km_guard_action_name(d->action));
	if (d->accepted_rcpts < e->n_rcpts)
		km_json_integer(&w, "accepted_rcpts", (int64_t)d->accepted_rcpts);
	km_json_open(&w, "facts", '[');
	for (size_t i = 0; i < d->facts.n; i++) {
		open_fact(&w, &d->facts.f[i]);
		km_json_close(&w, '}');
	}
	km_json_close(&w, ']');
	if (d->reply.n)
		km_json_sv(&w, "reply", d->reply);
	if (error)
		km_json_string(&w, "error", error);
	end(&w);
}

void km_guardline_done(km_buf *out, const km_decision *d)
{
	km_json_writer w = { .out = out };

	km_json_open(&w, NULL, '{');
	km_json_bool(&w, "ok", true);
	if (d->n_measures) {
		km_json_open(&w, "measures", '[');
		for (size_t i = 0; i < d->n_measures; i++)
			km_json_string(&w, NULL, km_step_name(d->measures[i].step));
		km_json_close(&w, ']');
	}
	end(&w);
}

void km_guardline_error(km_buf *out, const char *text)
{
	km_json_writer w = { .out = out };

	km_json_open(&w, NULL, '{');
	km_json_string(&w, "error", text);
	end(&w);
}

void km_guardline_measure(km_buf *out, km_arena *a, const km_event *e, const km_measure *m,
			  km_lang lang)
{
	km_json_writer w = { .out = out };
	char text[48], until[32];

	km_json_open(&w, NULL, '{');
	add_time(&w, e);
	add_text(&w, "account", m->account);
	km_json_string(&w, "measure", km_step_name(m->step));
	if (m->until)
		km_json_string(&w, "until", km_time_format(m->until, until));
	if (m->ip.len)
		km_json_string(&w, "ip", km_ip_format(&m->ip, text));
	km_json_open(&w, "facts", '[');
	for (size_t i = 0; i < m->facts->n; i++) {
		const km_fact *f = &m->facts->f[i];
		open_fact(&w, f);
		km_json_sv(&w, "text", km_fact_sentence(a, f, KM_FOR_ADMIN, lang));
		km_json_close(&w, '}');
	}
	km_json_close(&w, ']');
	end(&w);
}

static void add_time_of(km_json_writer *w, const char *key, km_time t)
{
	char text[32];

	if (t)
		km_json_string(w, key, km_time_format(t, text));
	else
		km_json_null(w, key);
}

static void add_view(km_json_writer *w, km_sv account, const km_account_view *v)
{
	const struct {
		const char *key;
		double value;
	} numbers[] = {
		{ "days_active", v->days_active },
		{ "hour_level", v->flood },
		{ "hour_budget", v->flood_budget },
		{ "day_level", v->drift },
		{ "day_budget", v->drift_budget },
		{ "messages_30d", v->messages_30d },
		{ "recipients_1d", v->recipients_1d },
		{ "unknown_1d", v->unknown_1d },
		{ "judged_bad_30d", v->judged_bad_30d },
		{ "complaints_7d", v->complaints_7d },
		{ "suspicion", v->suspicion },
		{ "peak_hour", v->peak_hour },
		{ "peak_day", v->peak_day },
		{ "peak_recipients", v->peak_recipients },
		{ "peak_networks", v->peak_networks },
		{ "held_7d", v->held_7d },
	};

	km_json_open(w, NULL, '{');
	km_json_sv(w, "account", account);
	km_json_bool(w, "known", v->known);
	if (v->known) {
		km_json_string(w, "kind", km_account_kind_name(v->kind));
		km_json_sv(w, "in_force", km_sv_of(km_step_name(v->step)));
		add_time_of(w, "since", v->since);
		add_time_of(w, "created", v->created);
		add_time_of(w, "first_seen", v->first_seen);
		for (size_t i = 0; i < KM_COUNT(numbers); i++)
			km_json_number(w, numbers[i].key, numbers[i].value, 3);
		km_json_open(w, "hours_utc", '[');
		for (size_t i = 0; i < KM_COUNT(v->hours); i++)
			km_json_integer(w, NULL, v->hours[i]);
		km_json_close(w, ']');
	}
	km_json_close(w, '}');
}

void km_guardline_view(km_buf *out, km_sv account, const km_account_view *v)
{
	km_json_writer w = { .out = out };

	add_view(&w, account, v);
	km_buf_byte(out, '\n');
}

void km_guardline_top(km_buf *out, const km_guardline_row *rows, size_t n)
{
	km_json_writer w = { .out = out };

	km_json_open(&w, NULL, '{');
	km_json_open(&w, "accounts", '[');
	for (size_t i = 0; i < n; i++)
		add_view(&w, rows[i].account, &rows[i].view);
	km_json_close(&w, ']');
	end(&w);
}

void km_guardline_facts(km_buf *out, const km_facts *facts)
{
	km_json_writer w = { .out = out };

	km_json_open(&w, NULL, '[');
	for (size_t i = 0; i < facts->n; i++) {
		const km_fact *f = &facts->f[i];
		open_fact(&w, f);
		km_json_open(&w, "args", '[');
		for (size_t k = 0; k < KM_COUNT(f->arg); k++)
			km_json_sv(&w, NULL, f->arg[k]);
		km_json_close(&w, ']');
		km_json_close(&w, '}');
	}
	km_json_close(&w, ']');
}
