#include "mail/transfer.h"

#include "mail/b64.h"

/*
 * One decoder per encoding, written against a sink that either stores or only counts: so the size
 * that is counted is the size that decoding gives.
 */
struct sink {
	char *p; /* NULL: count only */
	size_t n, max;
	bool cut; /* something did not fit: stop */
};

static void put(struct sink *o, const char *p, size_t n)
{
	if (n > o->max - o->n) {
		n = o->max - o->n;
		o->cut = true;
	}
	if (o->p && n)
		memcpy(o->p + o->n, p, n);
	o->n += n;
}

static inline void put_byte(struct sink *o, char c)
{
	if (o->n == o->max) {
		o->cut = true;
		return;
	}
	if (o->p)
		o->p[o->n] = c;
	o->n++;
}

static void base64_decode(km_sv in, struct sink *o, km_transfer_info *info)
{
	km_buf b = { .p = o->p, .cap = o->max, .max = o->max };
	km_b64_info i;

	if (o->p == NULL) {
		o->n = km_b64_size(in);
		return;
	}
	km_b64_decode(in, &b, &i);
	o->n = b.n;
	o->cut = i.truncated;
	info->junk = i.junk;
	info->bad_padding = i.bad_padding;
}

/* One line without its end and without white space at its end; "=" at its end is taken off. */
static void qp_line(km_sv line, struct sink *o, km_transfer_info *info)
{
	for (size_t at = 0; at < line.n && !o->cut;) {
		size_t eq = at;

		/* Most of a foreign text is one escape after the other. */
		if (line.p[at] != '=') {
			eq = km_sv_chr(line, '=', at);
			put(o, line.p + at, eq - at);
		}
		if (eq == line.n)
			return;
		int hi = line.n - eq > 2 ? km_hex_value((uint8_t)line.p[eq + 1]) : -1;
		int lo = hi >= 0 ? km_hex_value((uint8_t)line.p[eq + 2]) : -1;
		at = eq + 3;
		if (lo >= 0) {
			put_byte(o, (char)(hi * 16 + lo));
		} else if (eq + 1 < line.n && line.p[eq + 1] == '\r') {
			at = eq + 2; /* a soft line break of a text with bare CRs */
		} else {
			put_byte(o, '=');
			info->soft_nothing = true;
			at = eq + 1;
		}
	}
}

static void qp_decode(km_sv in, struct sink *o, km_transfer_info *info)
{
	for (size_t at = 0, next; at < in.n && !o->cut; at = next) {
		size_t lf = km_sv_chr(in, '\n', at);
		size_t end = lf > at && lf < in.n && in.p[lf - 1] == '\r' ? lf - 1 : lf;
		size_t text = end;

		next = lf < in.n ? lf + 1 : in.n;
		/* White space at the end of a line was added on the way (RFC 2045 6.7 rule 3). */
		while (text > at && (in.p[text - 1] == ' ' || in.p[text - 1] == '\t'))
			text--;
		bool soft = text > at && in.p[text - 1] == '=';
		qp_line((km_sv){ in.p + at, text - at - soft }, o, info);
		if (!soft && !o->cut)
			put(o, in.p + end, next - end);
	}
}

/* The digits of one uuencoded line; digits that are missing at its end were spaces. */
static void uu_line(km_sv line, struct sink *o, km_transfer_info *info)
{
	static const char zeros[64];
	size_t left = (size_t)(line.p[0] - ' ') & 63;

	for (size_t at = 1; left > 0 && at < line.n && !o->cut; at += 4) {
		uint32_t bits = 0;

		for (size_t k = at; k < at + 4; k++) {
			uint8_t c = k < line.n ? (uint8_t)line.p[k] : ' ';
			info->junk += c < ' ' || c > '`';
			bits = bits << 6 | ((c - 32u) & 63);
		}
		char three[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };
		size_t n = left < 3 ? left : 3;
		put(o, three, n);
		left -= n;
	}
	put(o, zeros, left);
}

bool km_uu_begin(km_sv line, km_sv *name)
{
	if (!km_sv_starts(line, KM_S("begin ")))
		return false;
	km_sv rest = km_sv_from(line, 6);
	size_t digits = 0;
	while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '7')
		digits++;
	if (digits < 3 || digits > 4 || digits == rest.n || rest.p[digits] != ' ')
		return false;
	*name = km_sv_trim(km_sv_from(rest, digits));
	return name->n > 0;
}

/* What comes before a "begin" line is not data; without such a line all of it is. */
static km_sv uu_data(km_sv in)
{
	km_sv rest = in, line, name;

	while (km_sv_line(&rest, &line))
		if (km_uu_begin(line, &name))
			return rest;
	return in;
}

static void uu_decode(km_sv in, struct sink *o, km_transfer_info *info)
{
	km_sv rest = uu_data(in), line;

	while (!o->cut && km_sv_line(&rest, &line)) {
		if (km_sv_eq(km_sv_trim(line), KM_S("end")))
			return;
		if (line.n && line.p[0] >= ' ' && line.p[0] <= '`')
			uu_line(line, o, info);
		else
			info->junk += line.n;
	}
	info->no_end = !o->cut;
}

/* The encoded forms; all others are the bytes themselves. */
static const struct coding {
	void (*decode)(km_sv in, struct sink *o, km_transfer_info *info);
} codings[] = {
	[KM_CTE_QP] = { qp_decode },
	[KM_CTE_BASE64] = { base64_decode },
	[KM_CTE_UUENCODE] = { uu_decode },
	[KM_CTE_UNKNOWN] = { NULL },
};

static const struct {
	const char *name;
	km_cte cte;
} names[] = {
	/* the first name of each is the one shown */
	{ "7bit", KM_CTE_7BIT },	 { "8bit", KM_CTE_8BIT },
	{ "binary", KM_CTE_BINARY },	 { "quoted-printable", KM_CTE_QP },
	{ "base64", KM_CTE_BASE64 },	 { "x-uuencode", KM_CTE_UUENCODE },
	{ "unknown", KM_CTE_UNKNOWN },	 { "7-bit", KM_CTE_7BIT },
	{ "8-bit", KM_CTE_8BIT },	 { "x-uue", KM_CTE_UUENCODE },
	{ "uuencode", KM_CTE_UUENCODE }, { "uue", KM_CTE_UUENCODE },
};

const char *km_cte_name(km_cte cte)
{
	return names[cte <= KM_CTE_UNKNOWN ? cte : KM_CTE_UNKNOWN].name;
}

static bool is_token(unsigned char c)
{
	return km_is_alnum(c) || c == '-';
}

/* The first run of letters, digits and hyphens outside comments. */
static km_sv first_token(km_sv v)
{
	size_t at = 0, depth = 0;

	for (; at < v.n; at++) {
		if (v.p[at] == '(')
			depth++;
		else if (v.p[at] == ')')
			depth -= depth > 0;
		else if (depth == 0 && is_token((uint8_t)v.p[at]))
			break;
	}
	size_t end = at;
	while (end < v.n && is_token((uint8_t)v.p[end]))
		end++;
	return km_sv_sub(v, at, end - at);
}

km_cte km_cte_parse(km_sv value)
{
	km_sv token = first_token(value);

	if (token.n == 0)
		return km_sv_trim(value).n ? KM_CTE_UNKNOWN : KM_CTE_7BIT;
	for (size_t i = 0; i < KM_COUNT(names); i++)
		if (km_sv_ieq(token, km_sv_of(names[i].name)))
			return names[i].cte;
	return KM_CTE_UNKNOWN;
}

static bool is_coded(km_cte cte)
{
	return cte < KM_CTE_UNKNOWN && codings[cte].decode != NULL;
}

/* More than @n encoded bytes can give. */
static size_t most_output(km_cte cte, size_t n)
{
	/* A uuencoded line may claim 63 bytes and hold none. */
	return cte == KM_CTE_UUENCODE ? (n > SIZE_MAX / 63 ? SIZE_MAX : n * 63) : n + 3;
}

static size_t run(km_cte cte, km_sv body, struct sink *o, km_transfer_info *info)
{
	km_transfer_info own;

	info = info ? info : &own;
	*info = (km_transfer_info){ 0 };
	if (is_coded(cte))
		codings[cte].decode(body, o, info);
	else
		put(o, body.p, body.n);
	info->truncated = o->cut;
	return o->n;
}

km_status km_transfer_decode(km_arena *a, km_cte cte, km_sv body, size_t max, km_sv *out,
			     km_transfer_info *info)
{
	struct sink o = { .max = max };

	*out = (km_sv){ NULL, 0 };
	if (!is_coded(cte)) {
		*out = km_sv_sub(body, 0, run(cte, body, &o, info));
		return KM_OK;
	}
	size_t most = most_output(cte, body.n);
	if (cte == KM_CTE_UUENCODE && most > 65536)
		most = km_transfer_size(cte, body);
	o.max = most < max ? most : max;
	o.p = km_alloc(a, o.max);
	if (o.p == NULL) {
		if (info)
			*info = (km_transfer_info){ .truncated = true };
		return KM_LIMIT;
	}
	*out = (km_sv){ o.p, run(cte, body, &o, info) };
	return KM_OK;
}

size_t km_transfer_start(km_cte cte, km_sv body, char *dst, size_t max)
{
	struct sink o = { .p = dst, .max = max };

	return run(cte, body, &o, NULL);
}

size_t km_transfer_size(km_cte cte, km_sv body)
{
	struct sink o = { .max = SIZE_MAX };

	return run(cte, body, &o, NULL);
}
