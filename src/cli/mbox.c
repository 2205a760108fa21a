#include "cli/mbox.h"

/* A From line is told from prose by its time of day; none is longer than this. */
enum { FROM_LINE_BYTES = 512 };

/* "From someone Mon Mar  2 09:14:05 2026": a sender, then somewhere hh:mm. */
static bool is_from_line(km_sv text)
{
	km_sv line = km_sv_sub(text, 0, FROM_LINE_BYTES);

	if (!km_sv_starts(line, KM_S("From ")))
		return false;
	line.n = km_sv_chr(line, '\n', 0);
	for (size_t at = km_sv_chr(line, ':', 5); at < line.n; at = km_sv_chr(line, ':', at + 1))
		if (at > 6 && at + 2 < line.n && km_is_digit((unsigned char)line.p[at - 1]) &&
		    km_is_digit((unsigned char)line.p[at + 1]) &&
		    km_is_digit((unsigned char)line.p[at + 2]))
			return true;
	return false;
}

/* Offset of the next From line after the first byte of @v that follows an empty line; or v.n. */
static size_t next_from(km_sv v)
{
	static const km_sv mark = KM_SV("\nFrom ");
	size_t at = 0;

	while ((at = km_sv_find(v, mark, at)) < v.n) {
		bool after_empty = (at >= 1 && v.p[at - 1] == '\n') ||
				   (at >= 2 && v.p[at - 1] == '\r' && v.p[at - 2] == '\n');
		at++;
		if (after_empty && is_from_line(km_sv_from(v, at)))
			return at;
	}
	return v.n;
}

bool km_mbox_is(km_sv bytes)
{
	return is_from_line(bytes) && next_from(bytes) < bytes.n;
}

bool km_mbox_next(km_sv *rest, km_sv *message)
{
	if (rest->n == 0)
		return false;
	size_t end = next_from(*rest);
	*message = km_sv_sub(*rest, 0, end);
	*rest = km_sv_from(*rest, end);
	if (rest->n) { /* the empty line belongs to neither */
		message->n--;
		if (message->n && message->p[message->n - 1] == '\r')
			message->n--;
	}
	return true;
}
