#include "cli/report.h"

#include "cli/style.h"
#include "cli/wrap.h"
#include "policy/advice.h"
#include "policy/category.h"

enum { WIDTH = 80, LABEL = 12, SENTENCE = 10, REASONS = 3 };

static const char *say(const km_report *r, const char *ja, const char *en)
{
	return r->lang == KM_JA ? ja : en;
}

static const char *style(const km_report *r, km_style s)
{
	return km_style_code(r->colour, s);
}

static km_style style_of(km_action a)
{
	static const km_style styles[KM_ACTIONS] = {
		[KM_ACTION_ACCEPT] = KM_STYLE_GOOD,   [KM_ACTION_TAG] = KM_STYLE_WARN,
		[KM_ACTION_JUNK] = KM_STYLE_WARN,     [KM_ACTION_GREYLIST] = KM_STYLE_WARN,
		[KM_ACTION_TEMPFAIL] = KM_STYLE_WARN, [KM_ACTION_QUARANTINE] = KM_STYLE_BAD,
		[KM_ACTION_REJECT] = KM_STYLE_BAD,    [KM_ACTION_DISCARD] = KM_STYLE_BAD,
	};

	return styles[a];
}

static void add_action(km_buf *b, const km_report *r, km_action a, int width)
{
	km_buf_fmt(b, "%s%-*s%s", style(r, style_of(a)), width, km_action_name(a),
		   style(r, KM_STYLE_PLAIN));
}

/* The weightiest facts, each once however often it was found. */
static void add_reasons(km_buf *b, const km_verdict *v)
{
	km_fact_id shown[REASONS];
	size_t n = 0;

	for (size_t i = 0; i < v->n_facts && n < REASONS; i++) {
		km_fact_id id = v->facts[i].fact->id;
		size_t k = 0;
		while (k < n && shown[k] != id)
			k++;
		if (k < n)
			continue;
		km_buf_fmt(b, "%s%s", n ? ", " : "  ", km_fact_describe(id)->id);
		shown[n++] = id;
	}
}

void km_report_line(km_buf *b, const km_report *r, const km_scan *s, const char *file)
{
	const km_verdict *v = km_scan_verdict(s);

	add_action(b, r, v->action, 11);
	km_buf_fmt(b, "%6.1f  %-8s ", v->score, km_class_name(v->class));
	km_show_safe(b, km_sv_of(file), false);
	km_buf_add(b, km_sv_of(style(r, KM_STYLE_DIM)));
	add_reasons(b, v);
	km_buf_fmt(b, "%s\n", style(r, KM_STYLE_PLAIN));
}

static void begin_row(km_buf *b, const km_report *r, const char *label)
{
	km_buf_fmt(b, "%s%s%s%*s", style(r, KM_STYLE_BOLD), label, style(r, KM_STYLE_PLAIN),
		   (int)(LABEL - km_width(km_sv_of(label))), "");
}

/* A labelled line of bytes that may come from anywhere. */
static void add_row(km_buf *b, const km_report *r, const char *label, km_sv value)
{
	begin_row(b, r, label);
	km_show_safe(b, value, false);
	km_buf_byte(b, '\n');
}

static void add_recipients(km_buf *b, const km_report *r, const km_envelope *e)
{
	begin_row(b, r, say(r, "宛先", "For"));
	for (size_t i = 0; i < e->n_rcpts; i++) {
		km_buf_add(b, km_sv_of(i ? ", " : ""));
		km_show_safe(b, e->rcpts[i], false);
	}
	km_buf_fmt(b, "%s\n", e->n_rcpts ? "" : say(r, "不明", "not known"));
}

static void add_client(km_buf *b, const km_report *r, const km_envelope *e)
{
	char ip[64];

	begin_row(b, r, say(r, "送信元", "Sent by"));
	if (!e->has_from && e->helo.n == 0 && e->ip.len == 0)
		km_buf_add(b, km_sv_of(say(r, "不明", "not known")));
	if (e->has_from) {
		km_buf_byte(b, '<');
		km_show_safe(b, e->from, false);
		km_buf_add(b, KM_S("> "));
	}
	km_show_safe(b, e->helo, false);
	if (e->ip.len)
		km_buf_fmt(b, " [%s]", km_ip_format(&e->ip, ip));
	if (e->user.n) {
		km_buf_fmt(b, "  %s ", say(r, "利用者", "user"));
		km_show_safe(b, e->user, false);
	}
	km_buf_byte(b, '\n');
}

static void add_head(km_buf *b, const km_report *r, const km_scan *s, const char *file)
{
	const km_mail *m = km_scan_mail(s);

	add_row(b, r, say(r, "ファイル", "File"), km_sv_of(file));
	add_recipients(b, r, km_scan_envelope(s));
	add_client(b, r, km_scan_envelope(s));
	if (m == NULL)
		return;
	begin_row(b, r, say(r, "差出人", "From"));
	for (size_t i = 0; i < m->from.n; i++) {
		km_buf_add(b, km_sv_of(i ? ", " : ""));
		km_show_safe(b, m->from.a[i].name, false);
		km_buf_add(b, km_sv_of(m->from.a[i].name.n ? " <" : "<"));
		km_show_safe(b, m->from.a[i].addr, false);
		km_buf_byte(b, '>');
	}
	km_buf_byte(b, '\n');
	add_row(b, r, say(r, "件名", "Subject"), m->subject);
}

static void add_verdict(km_buf *b, const km_report *r, const km_verdict *v)
{
	begin_row(b, r, say(r, "判定", "Verdict"));
	add_action(b, r, v->action, 0);
	km_buf_fmt(b,
		   say(r, "  %.1f 点  %s / %s  迷惑・詐欺である確率 %.1f %%",
		       "  %.1f points  %s / %s  probability of abuse %.1f %%"),
		   v->score, km_class_name(v->class), km_category_name(v->category, r->lang),
		   v->probability * 100);
	if (v->brand)
		km_buf_fmt(b, "  %s %s", say(r, "装われた組織", "brand"), v->brand);
	km_buf_fmt(b, "\n%*s", LABEL, "");
	km_show_safe(b, km_sv_of(v->why_action[r->lang]), false);
	km_buf_byte(b, '\n');
}

static void add_finding(km_buf *b, const km_report *r, double points, const char *id,
			km_sv sentence)
{
	km_buf safe;

	km_style colour = points > 0 ? KM_STYLE_BAD : points < 0 ? KM_STYLE_GOOD : KM_STYLE_DIM;

	km_buf_fmt(b, "%s%+7.1f%s  %s\n%*s", style(r, colour), points, style(r, KM_STYLE_PLAIN), id,
		   SENTENCE, "");
	km_buf_init(&safe, NULL, 16 * sentence.n + 1);
	km_show_safe(&safe, sentence, false);
	km_wrap(b, km_buf_sv(&safe), SENTENCE, WIDTH);
	km_buf_finish(&safe);
	km_buf_byte(b, '\n');
}

static void add_facts(km_buf *b, const km_report *r, const km_scan *s)
{
	const km_verdict *v = km_scan_verdict(s);

	km_buf_fmt(b, "%s%s%s\n", style(r, KM_STYLE_BOLD), say(r, "見つかった事実", "Facts"),
		   style(r, KM_STYLE_PLAIN));
	for (size_t i = 0; i < v->n_facts; i++) {
		const km_fact *f = v->facts[i].fact;
		add_finding(b, r, v->facts[i].points, km_fact_describe(f->id)->id,
			    km_fact_sentence(km_scan_reserve(s), f, KM_FOR_ADMIN, r->lang));
	}
	for (size_t i = 0; i < v->n_composites; i++)
		add_finding(b, r, v->composites[i].points, v->composites[i].id,
			    km_sv_of(v->composites[i].sentence[KM_FOR_ADMIN][r->lang]));
	if (v->n_facts + v->n_composites == 0)
		km_buf_fmt(b, "  %s\n", say(r, "なし", "none"));
}

/* Lines of an explanation; those that are items of a list hang behind their dash. */
static void add_lines(km_buf *b, km_sv text)
{
	km_sv line;
	km_buf safe;

	km_buf_init(&safe, NULL, 16 * text.n + 1);
	while (km_sv_line(&text, &line)) {
		safe.n = 0;
		km_show_safe(&safe, line, false);
		km_buf_add(b, KM_S("  "));
		km_wrap(b, km_buf_sv(&safe), km_sv_starts(line, KM_S("- ")) ? 4 : 2, WIDTH);
		km_buf_byte(b, '\n');
	}
	km_buf_finish(&safe);
}

static void add_explanation(km_buf *b, const km_report *r, const km_scan *s, km_reader reader)
{
	static const char *const heads[KM_READERS][KM_LANGS] = {
		[KM_FOR_RECIPIENT] = { "受取人への説明", "To the recipient" },
		[KM_FOR_ADMIN] = { "管理者への説明", "To the administrator" },
		[KM_FOR_SENDER] = { "送信者への説明", "To the sender" },
	};

	km_sv text = km_explain(km_scan_reserve(s), km_scan_verdict(s), reader, r->lang);

	if (text.n == 0)
		return;
	km_buf_fmt(b, "%s%s%s\n", style(r, KM_STYLE_BOLD), heads[reader][r->lang],
		   style(r, KM_STYLE_PLAIN));
	add_lines(b, text);
}

/* For mail that is not honest: what to do, and if something was done already. */
static void add_advice(km_buf *b, const km_report *r, const km_verdict *v)
{
	km_advice a;
	size_t at = 0, n = 0;
	km_sv topic = km_sv_of(v->advice);

	if (v->class == KM_CLASS_HAM || v->action < KM_ACTION_TAG)
		return;
	km_buf_fmt(b, "%s%s%s\n", style(r, KM_STYLE_BOLD), say(r, "いますること", "What to do now"),
		   style(r, KM_STYLE_PLAIN));
	while (km_advice_next(topic, KM_ADVICE_DO, &at, &a)) {
		km_buf_fmt(b, "  %zu. ", ++n);
		km_wrap(b, a.text[r->lang], 5, WIDTH);
		km_buf_byte(b, '\n');
	}
	km_buf_fmt(b, "  %s: komainu advise\n",
		   say(r, "もう押した、入力した、払ったとき",
		       "If you clicked, typed something or paid already"));
}

void km_report_full(km_buf *b, const km_report *r, const km_scan *s, const char *file)
{
	add_head(b, r, s, file);
	add_verdict(b, r, km_scan_verdict(s));
	/* What needs no knowledge of mail comes first. */
	add_explanation(b, r, s, KM_FOR_RECIPIENT);
	add_advice(b, r, km_scan_verdict(s));
	add_facts(b, r, s);
	add_explanation(b, r, s, KM_FOR_ADMIN);
	add_explanation(b, r, s, KM_FOR_SENDER);
}

/* The next index at or after @i with a count, or @n. */
static size_t next_counted(const uint64_t *counts, size_t i, size_t n)
{
	while (i < n && counts[i] == 0)
		i++;
	return i;
}

void km_report_tally(km_buf *b, const km_report *r, const km_tally *t)
{
	km_buf_fmt(b,
		   say(r, "\n%llu 通を判定、エラー %llu 件、%.1f 秒 (毎秒 %.0f 通)\n",
		       "\n%llu messages judged, %llu errors, %.1f s (%.0f messages/s)\n"),
		   (unsigned long long)t->messages, (unsigned long long)t->errors, t->seconds,
		   t->seconds > 0 ? (double)t->messages / t->seconds : 0.0);
	size_t a = next_counted(t->actions, 0, KM_ACTIONS);
	size_t c = next_counted(t->classes, 0, KM_CLASSES);
	while (a < KM_ACTIONS || c < KM_CLASSES) {
		km_buf_add(b, KM_S("  "));
		if (a < KM_ACTIONS) {
			add_action(b, r, (km_action)a, 11);
			km_buf_fmt(b, "%9llu", (unsigned long long)t->actions[a]);
		} else {
			km_buf_fmt(b, "%20s", "");
		}
		if (c < KM_CLASSES)
			km_buf_fmt(b, "    %-8s %9llu", km_class_name((km_class)c),
				   (unsigned long long)t->classes[c]);
		km_buf_byte(b, '\n');
		a = next_counted(t->actions, a + 1, KM_ACTIONS);
		c = next_counted(t->classes, c + 1, KM_CLASSES);
	}
}
