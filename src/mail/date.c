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

/* Three bytes as a number; letters are made small. */
#define THREE(a, b, c)                                                                             \
	(((uint32_t)(unsigned char)(a) << 16 | (uint32_t)(unsigned char)(b) << 8 |                 \
	  (unsigned char)(c)) |                                                                    \
	 0x202020)

/* Any start of three letters or more is read; only three are proper. */
typedef struct {
	uint32_t start;
	km_sv whole;
} name;

static const name months[] = {
	{ THREE('j', 'a', 'n'), KM_SV("january") },   { THREE('f', 'e', 'b'), KM_SV("february") },
	{ THREE('m', 'a', 'r'), KM_SV("march") },     { THREE('a', 'p', 'r'), KM_SV("april") },
	{ THREE('m', 'a', 'y'), KM_SV("may") },	      { THREE('j', 'u', 'n'), KM_SV("june") },
	{ THREE('j', 'u', 'l'), KM_SV("july") },      { THREE('a', 'u', 'g'), KM_SV("august") },
	{ THREE('s', 'e', 'p'), KM_SV("september") }, { THREE('o', 'c', 't'), KM_SV("october") },
	{ THREE('n', 'o', 'v'), KM_SV("november") },  { THREE('d', 'e', 'c'), KM_SV("december") },
};
static const name weekdays[] = {
	{ THREE('s', 'u', 'n'), KM_SV("sunday") },   { THREE('m', 'o', 'n'), KM_SV("monday") },
	{ THREE('t', 'u', 'e'), KM_SV("tuesday") },  { THREE('w', 'e', 'd'), KM_SV("wednesday") },
	{ THREE('t', 'h', 'u'), KM_SV("thursday") }, { THREE('f', 'r', 'i'), KM_SV("friday") },
	{ THREE('s', 'a', 't'), KM_SV("saturday") },
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
static int find_name(const name *names, size_t n, km_sv v)
{
	uint32_t start = v.n >= 3 ? THREE(v.p[0], v.p[1], v.p[2]) : 0;

	for (size_t i = 0; i < n; i++)
		if (names[i].start == start && km_sv_istarts(names[i].whole, v))
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

static void set_zone(parser *p, int sign, int hours, int minutes)
{
	p->has_zone = true;
	p->out->zone = 0;
	p->out->zone_known = hours < 24 && minutes < 60;
	if (!p->out->zone_known)
		p->out->forgiven = true;
	else if (sign == -1 && hours == 0 && minutes == 0)
		p->out->zone_known = false; /* RFC 5322 section 3.3 */
	else
		p->out->zone = sign * (hours * 60 + minutes);
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
	set_zone(p, sign, hours, minutes);
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

/* The number that the @n digits at @p are, or UNSET when they are none. */
static inline int digits(const char *p, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (!km_is_digit((unsigned char)p[i]))
			return UNSET;
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

/* True for nothing, and for a comment without others in it. */
static bool is_remark(km_sv v)
{
	v = km_sv_trim(v);
	if (v.n == 0)
		return true;
	for (size_t i = 1; i + 1 < v.n; i++)
		if (v.p[i] == '(' || v.p[i] == ')' || v.p[i] == '\\')
			return false;
	return v.n > 1 && v.p[0] == '(' && v.p[v.n - 1] == ')';
}

/* "+0900 (JST)", "GMT" */
static bool read_usual_zone(parser *p, km_sv v)
{
	if (km_sv_starts(v, KM_S("GMT")) && is_remark(km_sv_from(v, 3))) {
		read_zone_name(p, km_sv_sub(v, 0, 3));
		return true;
	}
	if (v.n < 5 || (v.p[0] != '+' && v.p[0] != '-') || !is_remark(km_sv_from(v, 5)))
		return false;
	int hours = digits(v.p + 1, 2), minutes = digits(v.p + 3, 2);
	if ((hours | minutes) < 0)
		return false;
	set_zone(p, v.p[0] == '-' ? -1 : 1, hours, minutes);
	return true;
}

/*
 * "Mon, 2 Mar 2026 09:14:05 +0900 (JST)", or without weekday: nearly all dates are written so, and
 * each Received field has one. They need no tokens. False, with nothing changed, when this is no
 * such date.
 */
static bool read_usual(parser *p, km_sv v)
{
	enum { AFTER_DAY = 19 }; /* " Mar 2026 09:14:05 " */
	km_sv rest = km_sv_trim(v);
	int weekday = UNSET;

	if (rest.n > 4 && rest.p[3] == ',') {
		weekday = find_name(weekdays, KM_COUNT(weekdays), km_sv_sub(rest, 0, 3));
		if (weekday == UNSET)
			return false;
		rest = km_sv_trim(km_sv_from(rest, 4));
	}
	if (rest.n < 2 + AFTER_DAY)
		return false;
	size_t n = km_is_digit((unsigned char)rest.p[1]) ? 2 : 1;
	const char *s = rest.p + n;
	if (s[0] != ' ' || s[4] != ' ' || s[9] != ' ' || s[12] != ':' || s[15] != ':' ||
	    s[18] != ' ')
		return false;
	int day = digits(rest.p, n),
	    month = find_name(months, KM_COUNT(months), (km_sv){ s + 1, 3 });
	int year = digits(s + 5, 4);
	int hour = digits(s + 10, 2), min = digits(s + 13, 2), sec = digits(s + 16, 2);
	if ((day | month | year | hour | min | sec) < 0 ||
	    !read_usual_zone(p, km_sv_from(rest, n + AFTER_DAY)))
		return false;
	p->weekday = weekday;
	p->day = day;
	p->month = month + 1;
	p->year = year;
	p->hour = hour;
	p->min = min;
	p->sec = sec;
	return true;
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
	if (!read_usual(&p, raw)) {
		tokenise(&p, raw);
		while (p.at < p.n)
			read_token(&p);
	}
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
