/*
 * The beginning of another message inside this one, behind a line with a single dot: where servers
 * disagree about the line ends around it, one of them takes what follows as commands.
 */
#include "content/structure_parts.h"

/* An SMTP command that begins a line; the colon is looked for, since it is rare. */
static bool is_command(km_sv text, size_t colon, km_sv words)
{
	size_t at = colon - words.n;

	return colon >= words.n && km_sv_ieq(km_sv_sub(text, at, words.n), words) &&
	       (at == 0 || text.p[at - 1] == '\n' || text.p[at - 1] == '\r');
}

/* Goes back over one line end before @at; *odd: it is not CRLF. False when there is none. */
static bool back_over_end(km_sv text, size_t *at, bool *odd)
{
	size_t n = *at;

	if (n && text.p[n - 1] == '\n')
		n--;
	if (n && text.p[n - 1] == '\r')
		n--;
	*odd |= *at - n == 1;
	if (n == *at)
		return false;
	*at = n;
	return true;
}

/* Whether a line that ends the data for some, "." or what is left of it, stands before @at. */
static bool ends_data(km_sv text, size_t at, bool *odd)
{
	if (!back_over_end(text, &at, odd))
		return false;
	if (at && text.p[at - 1] == '.')
		at--;
	return back_over_end(text, &at, odd);
}

/* Where the line after the one at @at begins. */
static size_t next_line(km_sv text, size_t at)
{
	while (at < text.n && text.p[at] != '\r' && text.p[at] != '\n')
		at++;
	while (at < text.n && (text.p[at] == '\r' || text.p[at] == '\n'))
		at++;
	return at;
}

static km_sv line_at(km_sv text, size_t at)
{
	size_t end = at;

	while (end < text.n && end - at < 80 && text.p[end] != '\r' && text.p[end] != '\n')
		end++;
	return km_sv_sub(text, at, end - at);
}

void km_structure_smuggled(const km_structure_job *j)
{
	static const km_sv mail = KM_SV("MAIL FROM"), rcpt = KM_SV("RCPT TO");
	const km_part *top = &j->m->parts[0];
	km_sv text = top->body;
	size_t begin = 0;

	for (size_t at = km_sv_chr(text, ':', 0); at < text.n; at = km_sv_chr(text, ':', at + 1)) {
		bool odd = false;

		if (is_command(text, at, mail)) {
			begin = at - mail.n;
			continue;
		}
		/* It is the next line, so that it is a run of commands without answers. */
		if (begin == 0 || !is_command(text, at, rcpt))
			continue;
		km_sv line = line_at(text, begin);
		bool next = next_line(text, begin) == at - rcpt.n;
		if (!next || !ends_data(text, begin, &odd)) {
			begin = 0;
			continue;
		}
		km_fact *f = km_structure_at_text(j, KM_FACT_SMTP_SMUGGLED, line, 0, line);
		if (f && !(odd && top->ambiguities & 1u << KM_AMB_MIXED_EOL))
			f->weight = 0.15; /* a text about SMTP may look so */
		return;
	}
}
