#include <math.h>

#include "cli/eval.h"

enum { WIDTH = 440, HEIGHT = 320, LEFT = 56, BOTTOM = 44, TOP = 12, RIGHT = 12 };

/* One diagram: where its axes begin and end, in the data's own measure. */
typedef struct {
	km_buf *b;
	double x0, x1, y0, y1;
	bool log; /* both axes */
} plot;

static const char *say(int lang, const char *ja, const char *en)
{
	return lang == 0 ? ja : en;
}

static double along(double v, double from, double to, bool log)
{
	if (!log)
		return (v - from) / (to - from);
	return v <= from ? 0 : (log10(v) - log10(from)) / (log10(to) - log10(from));
}

static double px(const plot *p, double x)
{
	return LEFT + along(x, p->x0, p->x1, p->log) * (WIDTH - LEFT - RIGHT);
}

static double py(const plot *p, double y)
{
	return HEIGHT - BOTTOM - along(y, p->y0, p->y1, p->log) * (HEIGHT - BOTTOM - TOP);
}

/* The frame, with lines at @n places of each axis. */
static void begin_plot(const plot *p, const double *x, const double *y, size_t n, const char *xname,
		       const char *yname)
{
	km_buf_fmt(p->b, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s / %s\">\n", WIDTH,
		   HEIGHT, yname, xname);
	for (size_t i = 0; i < n; i++) {
		double at = px(p, x[i]), up = py(p, y[i]);
		km_buf_fmt(p->b,
			   "<path class=\"g\" d=\"M%.1f %d V%d M%d %.1f H%d\"/>"
			   "<text x=\"%.1f\" y=\"%d\" class=\"m\">%g</text>"
			   "<text x=\"%d\" y=\"%.1f\" class=\"e\">%g</text>\n",
			   at, TOP, HEIGHT - BOTTOM, LEFT, up, WIDTH - RIGHT, at,
			   HEIGHT - BOTTOM + 16, x[i], LEFT - 6, up + 4, y[i]);
	}
	km_buf_fmt(
		p->b,
		"<text x=\"%d\" y=\"%d\" class=\"m\">%s</text>"
		"<text x=\"14\" y=\"%d\" class=\"m\" transform=\"rotate(-90 14 %d)\">%s</text>\n",
		(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, xname, (TOP + HEIGHT - BOTTOM) / 2,
		(TOP + HEIGHT - BOTTOM) / 2, yname);
}

static void end_plot(const plot *p)
{
	km_buf_add(p->b, KM_S("</svg>\n"));
}

/* Missed spam against ham called spam, for every threshold; a point where it moves on the page. */
static void roc(km_buf *b, const km_eval *e, int lang)
{
	static const double ticks[] = { 0.001, 0.01, 0.1, 1, 10, 100 };
	const plot p = { b, 0.001, 100, 0.001, 100, true };
	double ham = (double)e->all.ham, spam = (double)e->all.spam, fp = 0, found = 0;
	double last_x = -1, last_y = -1;

	begin_plot(&p, ticks, ticks, KM_COUNT(ticks),
		   say(lang, "迷惑メールと誤ったふつうのメール(%)", "ham called spam, %"),
		   say(lang, "見逃した迷惑メール(%)", "spam missed, %"));
	km_buf_add(b, KM_S("<path class=\"a\" d=\""));
	for (size_t i = e->n; i-- > 0;) {
		fp += !e->j[i].spam;
		found += e->j[i].spam;
		if (i > 0 && e->j[i - 1].logit == e->j[i].logit)
			continue;
		double x = px(&p, 100 * fp / ham), y = py(&p, 100 * (spam - found) / spam);
		if (fabs(x - last_x) + fabs(y - last_y) < 1)
			continue;
		km_buf_fmt(b, "%c%.1f %.1f", last_x < 0 ? 'M' : 'L', x, y);
		last_x = x;
		last_y = y;
	}
	km_buf_add(b, KM_S("\"/>\n"));
	end_plot(&p);
}

static void calibration(km_buf *b, const km_eval *e, int lang)
{
	static const double ticks[] = { 0, 0.2, 0.4, 0.6, 0.8, 1 };
	const plot p = { b, 0, 1, 0, 1, false };

	begin_plot(&p, ticks, ticks, KM_COUNT(ticks), say(lang, "示した確率", "probability given"),
		   say(lang, "実際に迷惑だった割合", "share that was spam"));
	km_buf_fmt(b, "<path class=\"d\" d=\"M%.1f %.1f L%.1f %.1f\"/>\n", px(&p, 0), py(&p, 0),
		   px(&p, 1), py(&p, 1));
	for (int i = 0; i < KM_CALIBRATION_BINS; i++) {
		const km_bin *bin = &e->all.bin[i];
		if (bin->n == 0)
			continue;
		double share = (double)bin->spam / (double)bin->n;
		km_buf_fmt(
			b,
			"<circle class=\"f\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>%zu: %.3f, "
			"%.3f</title></circle>\n",
			px(&p, bin->probability), py(&p, share), 2 + 1.5 * log10((double)bin->n),
			bin->n, bin->probability, share);
	}
	end_plot(&p);
}

/* Errors of one kind in a slice; nothing is said of few messages. */
static double slice_errors(const km_metrics *m, bool fp)
{
	enum { FEW = 20 };

	return (fp ? m->ham : m->spam) < FEW ? NAN : fp ? m->fp : m->fn;
}

static void drift_line(const plot *p, const km_eval *e, bool fp)
{
	bool begun = false;

	km_buf_fmt(p->b, "<path class=\"%s\" d=\"", fp ? "h" : "a");
	for (int i = 0; i < KM_EVAL_SLICES; i++) {
		double v = slice_errors(&e->slice[i], fp);
		if (isnan(v))
			continue;
		km_buf_fmt(p->b, "%c%.1f %.1f", begun ? 'L' : 'M', px(p, (i + 1) * 5), py(p, v));
		begun = true;
	}
	km_buf_add(p->b, KM_S("\"/>\n"));
}

/* Both kinds of error in each twentieth of the stream. */
static void drift(km_buf *b, const km_eval *e, int lang)
{
	static const double steps[] = { 0.1, 0.2, 0.5, 1, 2, 5, 10, 20 };
	double most = 0, x[6], y[6];
	size_t step = 0;

	for (int i = 0; i < KM_EVAL_SLICES; i++)
		most = fmax(most, fmax(slice_errors(&e->slice[i], true),
				       slice_errors(&e->slice[i], false)));
	while (step + 1 < KM_COUNT(steps) && 5 * steps[step] < most)
		step++;
	most = 5 * steps[step];
	for (int i = 0; i < 6; i++) {
		x[i] = 20 * i;
		y[i] = steps[step] * i;
	}
	const plot p = { b, 0, 100, 0, most, false };
	begin_plot(&p, x, y, 6, say(lang, "メールの順(%)", "how far into the stream, %"),
		   say(lang, "誤り(%)", "errors, %"));
	drift_line(&p, e, true);
	drift_line(&p, e, false);
	end_plot(&p);
}

static void cell(km_buf *b, double v, int digits)
{
	if (isnan(v))
		km_buf_add(b, KM_S("<td>-</td>"));
	else
		km_buf_fmt(b, "<td>%.*f %%</td>", digits, v);
}

static void row(km_buf *b, const char *name, double v, int digits)
{
	km_buf_fmt(b, "<tr><th>%s</th>", name);
	cell(b, v, digits);
	km_buf_add(b, KM_S("</tr>\n"));
}

static void figures(km_buf *b, const km_eval *e, int lang)
{
	const km_metrics *m = &e->all;

	km_buf_fmt(b,
		   "<table>\n<tr><th>%s</th><td>%zu</td></tr>\n<tr><th>%s</th><td>%zu</td></tr>\n"
		   "<tr><th>%s</th><td>%zu</td></tr>\n",
		   say(lang, "判定したメール", "messages classified"), m->n,
		   say(lang, "ふつうのメール", "ham"), m->ham, say(lang, "迷惑メール", "spam"),
		   m->spam);
	if (e->trained)
		km_buf_fmt(b, "<tr><th>%s</th><td>%zu</td></tr>\n",
			   say(lang, "その前に学習したメール", "trained on before"), e->trained);
	row(b, "1-AUC", m->auc1, 4);
	row(b, "lam", m->lam, 3);
	row(b, say(lang, "誤検知 0.1 % での見逃し", "spam missed at 0.1 % false positives"),
	    m->fn_at_fp01, 3);
	row(b, say(lang, "確率のずれ (ECE)", "calibration error (ECE)"), m->ece, 3);
	km_buf_fmt(b, "<tr><th>%s</th><td>%.1f µs</td></tr>\n</table>\n",
		   say(lang, "1 通の分類にかかった時間", "time to classify a message"), e->us);
	km_buf_fmt(b, "<table>\n<tr><th>%s</th><th>%s</th><th>%s</th></tr>\n",
		   say(lang, "しきい値(確率)", "threshold (probability)"),
		   say(lang, "誤検知", "false positives"), say(lang, "見逃し", "spam missed"));
	for (int t = 0; t < KM_THRESHOLDS; t++) {
		km_buf_fmt(b, "<tr><th>%g</th>", km_thresholds[t]);
		cell(b, m->fp_at[t], 3);
		cell(b, m->fn_at[t], 3);
		km_buf_add(b, KM_S("</tr>\n"));
	}
	km_buf_add(b, KM_S("</table>\n"));
}

static const char head[] =
	"<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n<style>"
	":root{color-scheme:light dark;--ink:#222;--paper:#fff;--grid:#ccc;--a:#b3261e;--h:#1a5fb4}"
	"@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#181818;--grid:#444;--a:#"
	"ff8a80;"
	"--h:#8ab4f8}}"
	"body{font:16px/1.6 sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;"
	"margin:2rem auto;padding:0 1rem}"
	"table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid "
	"var(--grid);padding:.2rem "
	".7rem}th{text-align:left;font-weight:normal}td{text-align:right}"
	"svg{width:100%;max-width:44rem}text{font-size:12px;fill:var(--ink)}"
	".m{text-anchor:middle}.e{text-anchor:end}path{fill:none}.g{stroke:var(--grid)}"
	".d{stroke:var(--ink);stroke-dasharray:4}.a{stroke:var(--a);stroke-width:2}"
	".h{stroke:var(--h);stroke-width:2;stroke-dasharray:6 3}.f{fill:var(--a)}"
	".A{color:var(--a)}.H{color:var(--h)}</style>\n";

static void put_escaped(km_buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
			km_buf_fmt(b, "&#%d;", *text);
		else
			km_buf_byte(b, *text);
	}
}

void km_eval_page(km_buf *b, const km_eval *e, int lang)
{
	km_buf_fmt(b, "<!DOCTYPE html>\n<html lang=\"%s\"><head>", say(lang, "ja", "en"));
	km_buf_add(b, km_sv_of(head));
	km_buf_fmt(b, "<title>%s</title></head><body>\n<h1>%s</h1>\n<p>",
		   say(lang, "分類器の成績", "How well the classifier does"),
		   say(lang, "分類器の成績", "How well the classifier does"));
	put_escaped(b, e->index);
	km_buf_add(b, KM_S("</p>\n"));
	figures(b, e, lang);
	if (e->all.ham && e->all.spam) {
		km_buf_fmt(b, "<h2>%s</h2>\n<p>%s</p>\n", say(lang, "ROC", "ROC"),
			   say(lang,
			       "しきい値を動かしたときの、誤検知と見逃し。左下に近いほどよい。",
			       "False positives and missed spam as the threshold moves. The nearer "
			       "to the lower left, the better."));
		roc(b, e, lang);
	}
	km_buf_fmt(b, "<h2>%s</h2>\n<p>%s</p>\n", say(lang, "確率の正しさ", "Calibration"),
		   say(lang, "点が線の上にあれば、確率は言葉どおり。点の大きさは通数。",
		       "On the line, a probability means what it says. Larger points stand for "
		       "more messages."));
	calibration(b, e, lang);
	km_buf_fmt(b,
		   "<h2>%s</h2>\n<p><span class=\"H\">- - %s</span> <span class=\"A\">— "
		   "%s</span></p>\n",
		   say(lang, "時間による変化", "Over time"), say(lang, "誤検知", "false positives"),
		   say(lang, "見逃し", "spam missed"));
	drift(b, e, lang);
	km_buf_add(b, KM_S("</body></html>\n"));
}
