/* Links in running text, as mail programs find them to make them clickable, and a little beyond. */
#include <unicode/uchar.h>

#include "base/limits.h"
#include "content/host_table.h"
#include "text/utf8.h"

enum {
	HOST_RUN = 1,  /* bytes of host names without scheme */
	AUTHORITY = 2, /* bytes that may stand between "//" and "/" */
	PATH = 4       /* bytes of a path and what follows it */
};

static const uint8_t classes[256] = {
	['!'] = PATH | AUTHORITY,
	['#'] = PATH,
	['$'] = PATH | AUTHORITY,
	['%'] = PATH | AUTHORITY,
	['&'] = PATH | AUTHORITY,
	['\''] = PATH,
	['('] = PATH,
	[')'] = PATH,
	['*'] = PATH | AUTHORITY,
	['+'] = PATH | AUTHORITY,
	[','] = PATH | AUTHORITY,
	['-'] = PATH | AUTHORITY | HOST_RUN,
	['.'] = PATH | AUTHORITY | HOST_RUN,
	['/'] = PATH,
	['0' ... '9'] = PATH | AUTHORITY | HOST_RUN,
	[':'] = PATH | AUTHORITY,
	[';'] = PATH | AUTHORITY,
	['='] = PATH | AUTHORITY,
	['?'] = PATH,
	['@'] = PATH | AUTHORITY,
	['A' ... 'Z'] = PATH | AUTHORITY | HOST_RUN,
	['['] = PATH | AUTHORITY,
	['\\'] = PATH,
	[']'] = PATH | AUTHORITY,
	['_'] = PATH | AUTHORITY | HOST_RUN,
	['a' ... 'z'] = PATH | AUTHORITY | HOST_RUN,
	['~'] = PATH | AUTHORITY,
};

static bool is(km_sv text, size_t at, unsigned class)
{
	return classes[(unsigned char)text.p[at]] & class;
}

/* Length of a soft hyphen or character of zero width at @at, else 0. */
static size_t ignored_at(km_sv text, size_t at)
{
	static const km_sv ignored[] = { KM_SV("\xc2\xad"), KM_SV("\xe2\x81\xa0"),
					 KM_SV("\xef\xbb\xbf") };
	km_sv rest = km_sv_sub(text, at, 3);

	for (size_t i = 0; i < KM_COUNT(ignored); i++)
		if (km_sv_starts(rest, ignored[i]))
			return ignored[i].n;
	/* U+200B to U+200F */
	return rest.n == 3 && km_sv_starts(rest, KM_S("\xe2\x80")) &&
			       (unsigned char)rest.p[2] >= 0x8b && (unsigned char)rest.p[2] <= 0x8f
		       ? 3
		       : 0;
}

/* Length of such a character that ends before @at. */
static size_t ignored_before(km_sv text, size_t at)
{
	for (size_t n = 2; n <= 3 && n <= at; n++)
		if (ignored_at(text, at - n) == n)
			return n;
	return 0;
}

/* True when the host of the authority [@from, @to) ends in a label that the Internet knows. */
static bool host_is_known(km_arena *a, km_sv authority)
{
	km_url url = { .port = 0 };
	size_t sign = km_sv_rchr(authority, '@');
	km_sv host = sign < authority.n ? km_sv_from(authority, sign + 1) : authority;

	host = km_sv_sub(host, 0, km_sv_chr(host, ':', 0));
	return km_url_host(a, host, &url) &&
	       km_host_is_suffix(km_sv_from(url.host, km_sv_rchr(url.host, '.') + 1));
}

/*
 * End of the authority that begins at @from. Characters beyond ASCII belong to it when with them it
 * ends in a known label; else it ends before the first of them, as before "をご覧ください".
 */
static size_t authority_end(km_arena *a, km_sv text, size_t from)
{
	size_t at = from, doubtful = SIZE_MAX;

	while (at < text.n && at - from < 2 * KM_HOST_TEXT) {
		size_t next = at;
		if ((unsigned char)text.p[at] < 0x80) {
			if (!is(text, at, AUTHORITY))
				break;
			at++;
			continue;
		}
		int32_t c = km_utf8_next(text, &next);
		bool joins = ignored_at(text, at) || km_url_folds(c) || u_isalnum(c) ||
			     km_url_is_slash_like(c);
		if (!joins)
			break;
		if (doubtful == SIZE_MAX)
			doubtful = at;
		at = next;
	}
	while (at > from && doubtful != SIZE_MAX &&
	       (text.p[at - 1] == '.' || text.p[at - 1] == ','))
		at--;
	if (doubtful != SIZE_MAX && !host_is_known(a, km_sv_sub(text, from, at - from)))
		return doubtful;
	return at;
}

/* Without the punctuation of the sentence around it. */
static size_t trimmed_end(km_sv text, size_t from, size_t to)
{
	while (to > from) {
		char c = text.p[to - 1];
		km_sv link = km_sv_sub(text, from, to - from);
		bool closes = (c == ')' && km_sv_chr(link, '(', 0) == link.n) ||
			      (c == ']' && km_sv_chr(link, '[', 0) == link.n);
		if (!closes && strchr(".,;:!?'*", c) == NULL)
			break;
		to--;
	}
	return to;
}

static size_t path_end(km_sv text, size_t from)
{
	size_t at = from;

	while (at < text.n && at - from < KM_MAX_URL_BYTES && is(text, at, PATH))
		at++;
	return at;
}

static bool starts_path(km_sv text, size_t at)
{
	return at < text.n &&
	       (text.p[at] == '/' || text.p[at] == '\\' || text.p[at] == '?' || text.p[at] == '#');
}

/* "https://…" whose colon is at @colon; not before @from. */
static bool read_full(km_arena *a, km_sv text, size_t from, size_t colon, km_text_link *out)
{
	static const km_sv schemes[] = { KM_SV("https"), KM_SV("http"), KM_SV("ftp") };
	size_t slashes = colon + 1, begin = SIZE_MAX;

	while (slashes < text.n && (text.p[slashes] == '/' || text.p[slashes] == '\\'))
		slashes++;
	if (slashes < colon + 3)
		return false;
	for (size_t i = 0; i < KM_COUNT(schemes) && begin == SIZE_MAX; i++)
		if (colon - from >= schemes[i].n &&
		    km_sv_ieq(km_sv_sub(text, colon - schemes[i].n, schemes[i].n), schemes[i]))
			begin = colon - schemes[i].n;
	if (begin == SIZE_MAX)
		return false;
	size_t end = authority_end(a, text, slashes);
	if (end == slashes)
		return false;
	out->from = begin;
	out->to = trimmed_end(text, slashes, starts_path(text, end) ? path_end(text, end) : end);
	out->bare = false;
	return out->to > slashes;
}

/* "www.example.com/x" around the dot at @dot; not before @from. *end: where its run of bytes ends.
 */
static bool read_bare(km_sv text, size_t from, size_t dot, size_t *end, km_text_link *out)
{
	size_t begin = dot, to = dot, n;

	for (; begin > from && dot - begin < KM_HOST_TEXT; begin -= n) {
		n = is(text, begin - 1, HOST_RUN) ? 1 : ignored_before(text, begin);
		if (n == 0)
			break;
	}
	while (to < text.n && to - dot < KM_HOST_TEXT) {
		n = is(text, to, HOST_RUN) ? 1 : ignored_at(text, to);
		if (n == 0)
			break;
		to += n;
	}
	*end = to;
	while (begin < dot && !km_is_alnum((unsigned char)text.p[begin]))
		begin++;
	while (to > dot && text.p[to - 1] == '.')
		to--;
	if (begin == dot || to < dot + 2)
		return false;
	/* Parts of addresses, paths and of links with other schemes. */
	if ((begin && strchr("@/\\=&$", text.p[begin - 1])) || (to < text.n && text.p[to] == '@'))
		return false;
	km_sv host = km_sv_sub(text, begin, to - begin);
	bool path = to < text.n && (text.p[to] == '/' || text.p[to] == '?');
	if (!km_host_in_text(path ? km_sv_from(text, begin) : host, NULL))
		return false;
	out->from = begin;
	out->to = path ? trimmed_end(text, begin, path_end(text, to)) : to;
	out->bare = true;
	*end = out->to > *end ? out->to : *end;
	return true;
}

bool km_text_link_next(km_arena *a, km_sv text, size_t *at, km_text_link *out)
{
	size_t from = *at, colon = km_sv_chr(text, ':', from), dot = km_sv_chr(text, '.', from);

	while (colon < text.n || dot < text.n) {
		if (dot < colon) {
			size_t end = dot + 1;
			/* A dot that ends a sentence. */
			bool inside = dot + 1 < text.n && dot > from &&
				      ((unsigned char)text.p[dot + 1] >= 0x80 ||
				       km_is_alnum((unsigned char)text.p[dot + 1]));
			/* A host after "://" is read whole, from its scheme. */
			if (inside && read_bare(text, from, dot, &end, out)) {
				*at = end;
				return true;
			}
			from = inside ? end : from;
			dot = km_sv_chr(text, '.', end);
			if (colon < from)
				colon = km_sv_chr(text, ':', from);
			continue;
		}
		if (read_full(a, text, from, colon, out)) {
			*at = out->to;
			return true;
		}
		colon = km_sv_chr(text, ':', colon + 1);
	}
	*at = text.n;
	return false;
}
