#include "mail/date.h"

/*
 * Cuts the text into numbers, words and marks, then lets each say what it is: the clock is known by
 * its colons, the month and the weekday by their names, the zone by its place after the clock.
 */
enum { MAX_TOKENS = 24, MAX_DIGITS = 6, UNSET = -1 };

typedef struct {
	enum { T_NUMBER, T_WORD, T_MARK } kind;
	km_sv text;
	int value; /* of a number */
} token;

typedef struct {
	token t[MAX_TOKENS];
	size_t n, at;
	int weekday, day, month, year, hour; /* UNSET until read */
	int min, sec;
	bool has_zone;
	km_date *out;
} parser;

/* Any start of three letters or more is read; only three are proper. */
static const km_sv months[] = {
	KM_SV("january"),   KM_SV("february"), KM_SV("march"),	  KM_SV("april"),
	KM_SV("may"),	    KM_SV("june"),     KM_SV("july"),	  KM_SV("august"),
	KM_SV("september"), KM_SV("october"),  KM_SV("november"), KM_SV("december"),
};
static const km_sv weekdays[] = {
	KM_SV("sunday"),   KM_SV("monday"), KM_SV("tuesday"),  KM_SV("wednesday"),
	KM_SV("thursday"), KM_SV("friday"), KM_SV("saturday"),
};

/* Zone names: those of RFC 5322 section 4.3, and others that mean one thing only. */
static const struct {
	km_sv name;
	int minutes;
	bool standard;
} zones[] = {
	{ KM_SV("gmt"), 0, true },	{ KM_SV("ut"), 0, true },
	{ KM_SV("z"), 0, true },	{ KM_SV("utc"), 0, true },
	{ KM_SV("est"), -300, true },	{ KM_SV("edt"), -240, true },
	{ KM_SV("cst"), -360, true },	{ KM_SV("cdt"), -300, true },
	{ KM_SV("mst"), -420, true },	{ KM_SV("mdt"), -360, true },
	{ KM_SV("pst"), -480, true },	{ KM_SV("pdt"), -420, true },
	{ KM_SV("jst"), 540, false },	{ KM_SV("kst"), 540, false },
	{ KM_SV("hkt"), 480, false },	{ KM_SV("sgt"), 480, false },
	{ KM_SV("wet"), 0, false },	{ KM_SV("west"), 60, false },
	{ KM_SV("cet"), 60, false },	{ KM_SV("cest"), 120, false },
	{ KM_SV("met"), 60, false },	{ KM_SV("mest"), 120, false },
	{ KM_SV("eet"), 120, false },	{ KM_SV("eest"), 180, false },
	{ KM_SV("msk"), 180, false },	{ KM_SV("akst"), -540, false },
	{ KM_SV("akdt"), -480, false }, { KM_SV("hst"), -600, false },
	{ KM_SV("aest"), 600, false },	{ KM_SV("aedt"), 660, false },
	{ KM_SV("nzst"), 720, false },	{ KM_SV("nzdt"), 780, false },
};

/* Offset after the comment that begins at @i, or @i when nothing closes it. */
static size_t skip_comment(km_sv v, size_t i)
{
	size_t depth = 0;

	for (size_t j = i; j < v.n; j++) {
		if (v.p[j] == '\\')
			j++;
		else if (v.p[j] == '(')
			depth++;
		else if (v.p[j] == ')' && --depth == 0)
			return j + 1;
	}
	return i;
}

static size_t run_end(km_sv v, size_t i, bool (*is)(unsigned char))
{
	while (i < v.n && is((unsigned char)v.p[i]))
		i++;
	return i;
}

/* Cuts @v into tokens; what does not fit is not part of a date. */
static void tokenise(parser *p, km_sv v)
{
	bool comments = true;

	for (size_t i = 0; i < v.n && p->n < MAX_TOKENS;) {
		unsigned char c = (unsigned char)v.p[i];
		token *t = &p->t[p->n];
		size_t end = i + 1;
		if (km_is_wsp(c)) {
			i++;
			continue;
		}
		if (c == '(' && comments) {
			end = skip_comment(v, i);
			comments = end > i;
			/* one after the date, "(JST)", is usual even in strict senders */
			p->out->obsolete |= comments && km_sv_trim(km_sv_from(v, end)).n != 0;
			i = comments ? end : i;
			continue;
		}
		*t = (token){ .kind = T_MARK };
		if (km_is_digit(c)) {
			t->kind = T_NUMBER;
			end = run_end(v, i, km_is_digit);
			for (size_t j = i; j < end && end - i <= MAX_DIGITS; j++)
				t->value = t->value * 10 + (v.p[j] - '0');
		} else if (km_is_alpha(c)) {
			t->kind = T_WORD;
			end = run_end(v, i, km_is_alpha);
		}
		t->text = km_sv_sub(v, i, end - i);
		p->n++;
		i = end;
	}
}

/* The index of the name of which @v is a start, or UNSET. */
static int find_name(const km_sv *names, size_t n, km_sv v)
{
	for (size_t i = 0; i < n && v.n >= 3; i++)
		if (names[i].p[0] == (v.p[0] | 0x20) && km_sv_istarts(names[i], v))
			return (int)i;
	return UNSET;
}

static const token *ahead(const parser *p, size_t k)
{
	static const token none = { .kind = T_MARK };

	return p->at + k < p->n ? &p->t[p->at + k] : &none;
}

static bool is_mark(const token *t, char c)
{
	return t->kind == T_MARK && t->text.n == 1 && t->text.p[0] == c;
}

static bool is_number(const token *t, size_t max_digits)
{
	return t->kind == T_NUMBER && t->text.n <= max_digits;
}

/* "9:14", "09:14:05", "09:14:05.123 PM"; false when this is no clock. */
static bool read_clock(parser *p)
{
	if (p->hour != UNSET || !is_number(ahead(p, 0), 2) || !is_mark(ahead(p, 1), ':') ||
	    !is_number(ahead(p, 2), 2))
		return false;
	p->hour = ahead(p, 0)->value;
	p->min = ahead(p, 2)->value;
	p->at += 3;
	if (is_mark(ahead(p, 0), ':') && is_number(ahead(p, 1), 2)) {
		p->sec = ahead(p, 1)->value;
		p->at += 2;
	}
	if ((is_mark(ahead(p, 0), '.') || is_mark(ahead(p, 0), ',')) &&
	    ahead(p, 1)->kind == T_NUMBER) {
		p->out->forgiven = true;
		p->at += 2;
	}
	bool pm = km_sv_ieq(ahead(p, 0)->text, KM_S("pm"));
	if (pm || km_sv_ieq(ahead(p, 0)->text, KM_S("am"))) {
		p->out->forgiven = true;
		p->hour = p->hour % 12 + (pm ? 12 : 0);
		p->at++;
	}
	return true;
}

/* "2026-03-02" or "2026/3/2"; false when this is no such date. */
static bool read_iso_date(parser *p)
{
	char mark = is_mark(ahead(p, 1), '/') ? '/' : '-';

	if (p->year != UNSET || ahead(p, 0)->text.n != 4 || !is_mark(ahead(p, 1), mark) ||
	    !is_number(ahead(p, 2), 2) || !is_mark(ahead(p, 3), mark) || !is_number(ahead(p, 4), 2))
		return false;
	p->year = ahead(p, 0)->value;
	p->month = ahead(p, 2)->value;
	p->day = ahead(p, 4)->value;
	p->out->forgiven = true;
	p->at += 5;
	return true;
}

/* "+0900", "+09:00", "+9" after the clock; false when this is none. */
static bool read_offset(parser *p)
{
	int sign = is_mark(ahead(p, 0), '-') ? -1 : 1;
	const token *digits = ahead(p, 1);

	if (p->hour == UNSET || (sign == 1 && !is_mark(ahead(p, 0), '+')) || !is_number(digits, 4))
		return false;
	int hours = digits->value / 100, minutes = digits->value % 100;
	/* a zone that a name gave already is only corrected: "GMT+0900" */
	p->out->forgiven |= p->has_zone || digits->text.n != 4;
	p->at += 2;
	if (digits->text.n <= 2) {
		hours = digits->value;
		minutes = 0;
		if (is_mark(ahead(p, 0), ':') && is_number(ahead(p, 1), 2)) {
			minutes = ahead(p, 1)->value;
			p->at += 2;
		}
	}
	p->has_zone = true;
	p->out->zone = 0;
	p->out->zone_known = hours < 24 && minutes < 60;
	if (!p->out->zone_known)
		p->out->forgiven = true;
	else if (sign == -1 && hours == 0 && minutes == 0)
		p->out->zone_known = false; /* RFC 5322 section 3.3 */
	else
		p->out->zone = sign * (hours * 60 + minutes);
	return true;
}

static void read_number(parser *p)
{
	static const int century[] = { 0, 0, 2000, 1900, 0 };
	const token *t = ahead(p, 0);

	p->at++;
	if (p->day == UNSET && t->text.n <= 2) {
		p->day = t->value;
		p->out->forgiven |= p->month != UNSET;
	} else if (p->year == UNSET && t->text.n >= 2 && t->text.n <= 4) {
		p->year = t->value + century[t->text.n];
		if (t->text.n == 2 && t->value >= 50)
			p->year -= 100;
		p->out->obsolete |= t->text.n < 4;
		p->out->forgiven |= p->month == UNSET || p->day == UNSET || p->hour != UNSET;
	} else {
		p->out->forgiven = true;
	}
}

/* A word after the clock (RFC 5322 section 4.3: an unknown one means that nothing is known). */
static void read_zone_name(parser *p, km_sv v)
{
	if (p->has_zone) {
		p->out->forgiven = true;
		return;
	}
	p->has_zone = true;
	p->out->obsolete = true;
	for (size_t i = 0; i < KM_COUNT(zones); i++)
		if (km_sv_ieq(zones[i].name, v)) {
			p->out->zone = zones[i].minutes;
			p->out->zone_known = true;
			p->out->forgiven |= !zones[i].standard;
			return;
		}
}

static void read_word(parser *p)
{
	km_sv v = ahead(p, 0)->text;
	int month = find_name(months, KM_COUNT(months), v);
	int weekday = find_name(weekdays, KM_COUNT(weekdays), v);

	p->at++;
	if (month != UNSET && p->month == UNSET) {
		p->month = month + 1;
		p->out->forgiven |= v.n != 3;
	} else if (weekday != UNSET && p->weekday == UNSET) {
		p->weekday = weekday;
		p->out->forgiven |= v.n != 3 || p->at != 1 || !is_mark(ahead(p, 0), ',');
		p->at += is_mark(ahead(p, 0), ',');
	} else if (p->hour != UNSET) {
		read_zone_name(p, v);
	} else {
		p->out->forgiven = true;
	}
}

static void read_token(parser *p)
{
	switch (ahead(p, 0)->kind) {
	case T_NUMBER:
		if (!read_clock(p) && !read_iso_date(p))
			read_number(p);
		break;
	case T_WORD:
		read_word(p);
		break;
	case T_MARK:
		if (read_offset(p))
			break;
		p->out->forgiven = true;
		p->at++;
		break;
	}
}

km_status km_date_parse(km_sv raw, km_date *out)
{
	parser p; /* not all of it at once: tokens are written before they are read */

	p.n = p.at = 0;
	p.weekday = p.day = p.month = p.year = p.hour = UNSET;
	p.min = p.sec = 0;
	p.has_zone = false;
	p.out = out;
	*out = (km_date){ 0 };
	tokenise(&p, raw);
	while (p.at < p.n)
		read_token(&p);
	if (p.day == UNSET || p.month == UNSET || p.year == UNSET)
		return KM_SYNTAX;
	if (p.hour == UNSET) {
		p.hour = 0;
		out->forgiven = true;
	}
	out->forgiven |= !p.has_zone;
	if (km_time_from_civil(p.year, p.month, p.day, p.hour, p.min, p.sec, &out->t) != KM_OK)
		return KM_SYNTAX;
	int64_t days = (out->t - (out->t % 86400 + 86400) % 86400) / 86400;
	/* 1970-01-01 was a Thursday */
	if (p.weekday != UNSET && ((days + 4) % 7 + 7) % 7 != p.weekday)
		out->forgiven = true;
	out->t -= out->zone * 60;
	return KM_OK;
}
