#include "front/spamd/answer.h"

#include <math.h>

static const char *const versions[] = { "SPAMD/1.1", "RSPAMD/1.3" };

/*
 * Clients compare the score with the points from which on mail is spam by themselves. When the
 * policy judged otherwise (for a recipient with thresholds of his own), that number gives way.
 */
static double shown_required(const km_spamd_verdict *v)
{
	if (v->spam && v->score < v->required)
		return v->score;
	if (!v->spam && v->score >= v->required)
		return v->score + 0.1;
	return v->required;
}

/* With all its digits: what is just below a limit must not be read as that limit. */
static void number(km_buf *out, double x)
{
	km_buf_fmt(out, "%.10g", isfinite(x) ? x : 1e6);
}

static void printable(km_buf *out, km_sv v)
{
	for (size_t i = 0; i < v.n; i++)
		km_buf_byte(out, v.p[i] >= 0x20 && v.p[i] < 0x7f ? v.p[i] : '?');
}

void km_spamd_put_error(km_buf *out, bool rspamd, unsigned code, const char *text)
{
	km_buf_fmt(out, "%s %u ", versions[rspamd], code);
	printable(out, km_sv_of(text));
	km_buf_add(out, KM_S("\r\n\r\n"));
}

void km_spamd_put_rspamd(km_buf *out, const km_spamd_verdict *v)
{
	km_buf_fmt(out, "RSPAMD/1.3 0 EX_OK\r\nMetric: default; %s; ", v->spam ? "True" : "False");
	number(out, v->score);
	km_buf_add(out, KM_S(" / "));
	number(out, shown_required(v));
	km_buf_add(out, KM_S(" / "));
	number(out, v->reject);
	km_buf_fmt(out, "\r\nAction: %s\r\n", v->action);
	for (size_t i = 0; i < v->n_symbols; i++)
		km_buf_fmt(out, "Symbol: %.*s(%.2f)\r\n", KM_FMT(v->symbols[i].name),
			   v->symbols[i].points);
	for (km_sv rest = v->reply, line; km_sv_line(&rest, &line);) {
		km_buf_add(out, KM_S("Message: "));
		printable(out, line);
		km_buf_add(out, KM_S("\r\n"));
	}
}

void km_spamd_put_spamc(km_buf *out, const km_spamd_verdict *v, bool length, km_sv body)
{
	km_buf_add(out, KM_S("SPAMD/1.1 0 EX_OK\r\n"));
	if (length)
		km_buf_fmt(out, "Content-length: %zu\r\n", body.n);
	km_buf_fmt(out, "Spam: %s ; ", v->spam ? "True" : "False");
	number(out, v->score);
	km_buf_add(out, KM_S(" / "));
	number(out, shown_required(v));
	km_buf_add(out, KM_S("\r\n\r\n"));
	km_buf_add(out, body);
}

void km_spamd_put_symbols(km_buf *out, const km_spamd_verdict *v)
{
	for (size_t i = 0; i < v->n_symbols; i++) {
		if (i)
			km_buf_byte(out, ',');
		km_buf_add(out, v->symbols[i].name);
	}
	km_buf_add(out, KM_S("\r\n"));
}

void km_spamd_put_report(km_buf *out, const km_spamd_verdict *v)
{
	for (km_sv rest = v->report, line; km_sv_line(&rest, &line);) {
		printable(out, line);
		km_buf_add(out, KM_S("\r\n"));
	}
	if (v->n_symbols)
		km_buf_add(out, KM_S("\r\npoints  finding\r\n"));
	for (size_t i = 0; i < v->n_symbols; i++)
		km_buf_fmt(out, "%6.2f  %.*s\r\n", v->symbols[i].points,
			   KM_FMT(v->symbols[i].name));
}

bool km_spamd_take_from_line(km_sv *message)
{
	km_sv line;

	return km_sv_starts(*message, KM_S("From ")) && km_sv_line(message, &line);
}

static void put_fields(km_buf *out, const km_spamd_verdict *v, km_sv eol)
{
	for (size_t i = 0; i < v->n_add; i++) {
		km_sv rest = v->add[i].value, line;
		km_buf_add(out, v->add[i].name);
		km_buf_add(out, KM_S(": "));
		while (km_sv_line(&rest, &line)) {
			km_buf_add(out, line);
			km_buf_add(out, eol);
		}
	}
}

static bool is_ours(km_sv line, const km_sv *ours, size_t n)
{
	km_sv name = km_sv_trim(km_sv_sub(line, 0, km_sv_chr(line, ':', 0)));

	for (size_t i = 0; i < n; i++)
		if (km_sv_ieq(name, ours[i]))
			return true;
	return false;
}

/* The first line of @rest with its line end. */
static km_sv take_line(km_sv *rest)
{
	km_sv line = km_sv_sub(*rest, 0, km_sv_chr(*rest, '\n', 0) + 1);

	*rest = km_sv_from(*rest, line.n);
	return line;
}

void km_spamd_put_message(km_buf *out, km_sv message, bool header_only, const km_sv *ours,
			  size_t n_ours, const km_spamd_verdict *v)
{
	const char *begun = message.p;
	bool dropping = false;

	if (km_spamd_take_from_line(&message))
		km_buf_add(out, (km_sv){ begun, (size_t)(message.p - begun) });
	size_t lf = km_sv_chr(message, '\n', 0);
	bool cr = lf < message.n && lf > 0 && message.p[lf - 1] == '\r';
	put_fields(out, v, cr ? KM_S("\r\n") : KM_S("\n"));
	while (message.n) {
		km_sv rest = message, line = take_line(&rest);
		if (km_sv_trim(line).n == 0)
			break;
		if (line.p[0] != ' ' && line.p[0] != '\t')
			dropping = is_ours(line, ours, n_ours);
		if (!dropping)
			km_buf_add(out, line);
		message = rest;
	}
	km_buf_add(out, header_only ? take_line(&message) : message);
}
