/*
 * What programs that send to very many leave in a header, and people with mail programs do not:
 * ornaments around a name, addresses drawn by lot, recipients that are none.
 */
#include "content/structure_parts.h"
#include "content/throwaway.h"

/* --- ornaments: "#Home_Security#", "_You_won_" --- */

static bool is_ornament(char c)
{
	static const km_sv marks = KM_SV("*#_~|\\/=^+<>;,");

	return km_sv_chr(marks, c, 0) < marks.n;
}

static size_t count(km_sv v, char c)
{
	size_t n = 0;

	for (size_t at = 0; (at = km_sv_chr(v, c, at)) < v.n; at++)
		n++;
	return n;
}

/* Words held together by underscores, as no language does. */
static bool is_underscored(km_sv v)
{
	enum { ENOUGH = 2 };
	size_t n = count(v, '_');

	return n >= ENOUGH && n >= count(v, ' ');
}

static bool is_decorated(km_sv v)
{
	return v.n > 2 && (is_ornament(v.p[0]) || is_ornament(v.p[v.n - 1]));
}

static void check_ornaments(const km_structure_job *j)
{
	km_sv name = j->m->from.n ? km_sv_trim(j->m->from.a[0].name) : KM_S("");
	km_sv subject = km_sv_trim(j->m->subject);

	if (is_decorated(name) || is_underscored(name) || count(name, '*') > 1)
		(void)km_structure_at_field(j, KM_FACT_FROM_NAME_DECORATED, name,
					    km_headers_first(j->m->headers, "From"));
	if (is_underscored(subject) && is_decorated(subject))
		(void)km_structure_at_field(j, KM_FACT_SUBJECT_DECORATED, subject,
					    km_headers_first(j->m->headers, "Subject"));
}

/* --- letters that pass for others: "VlAGRA", "C0NGRATULATI0NS", "lRS" --- */

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Capitals all over, but for small l; zeros only between them. */
static bool passes_for_capitals(km_sv word, bool zeros)
{
	size_t upper = 0, l = 0, zero = 0;

	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];
		bool inside = i > 0 && i + 1 < word.n;
		if (is_upper(c))
			upper++;
		else if (c == 'l')
			l++;
		else if (c == '0' && zeros && inside &&
			 !km_is_digit((unsigned char)word.p[i - 1]) &&
			 !km_is_digit((unsigned char)word.p[i + 1]))
			zero++;
		else
			return false;
	}
	return (l && upper >= 2 && upper >= l && (l + upper > 3 || word.p[0] == 'l')) ||
	       (zero && upper >= 4);
}

static bool find_false_letters(km_sv text, bool zeros, km_sv *out)
{
	for (size_t i = 0, n; i < text.n; i += n + 1) {
		for (n = 0; i + n < text.n && km_is_alnum((unsigned char)text.p[i + n]); n++)
			;
		*out = km_sv_sub(text, i, n);
		if (n > 2 && passes_for_capitals(*out, zeros))
			return true;
	}
	return false;
}

/* Overlays ("P̷ayPal"), and Syriac marks above Latin letters, which no spelling has. */
static bool find_marks(km_sv text, km_sv *out)
{
	static const struct {
		char lead;
		unsigned char from, to;
	} marks[] = { { (char)0xcc, 0xb4, 0xb8 },
		      { (char)0xdc, 0xb0, 0xbf },
		      { (char)0xdd, 0x80, 0x8a } };

	for (size_t k = 0; k < KM_COUNT(marks); k++)
		for (size_t at = 0; (at = km_sv_chr(text, marks[k].lead, at)) + 1 < text.n; at++) {
			unsigned char next = (unsigned char)text.p[at + 1];
			if (at == 0 || next < marks[k].from || next > marks[k].to ||
			    !km_is_alpha((unsigned char)text.p[at - 1]))
				continue;
			size_t from = at > 20 ? at - 20 : 0;
			while (from < at && ((unsigned char)text.p[from] & 0xc0) == 0x80)
				from++;
			*out = km_utf8_cut(km_sv_from(text, from), 40);
			return true;
		}
	return false;
}

static void check_letters(const km_structure_job *j)
{
	km_sv seen, subject = j->v->subject.text, name = j->v->from_name.text;

	if (find_false_letters(subject, true, &seen) || find_false_letters(name, true, &seen))
		(void)km_structure_at_field(j, KM_FACT_LETTERS_FALSE, seen,
					    km_headers_first(j->m->headers, "From"));
	if (find_marks(subject, &seen) || find_marks(name, &seen)) {
		(void)km_structure_at_field(j, KM_FACT_MARKS_ON_LETTERS, seen,
					    km_headers_first(j->m->headers, "From"));
		return;
	}
	for (size_t i = 0; i < j->v->n_text; i++) {
		const km_text_view *t = &j->v->text[i];
		bool ascii = t->stats.chars == t->text.n;
		if (ascii || !find_marks(t->text, &seen))
			continue;
		(void)km_structure_at_text(j, KM_FACT_MARKS_ON_LETTERS, seen, t->part, seen);
		return;
	}
}

/* --- addresses --- */

static void check_from(const km_structure_job *j)
{
	const km_header *h = km_headers_first(j->m->headers, "From");

	if (j->m->from.n == 0)
		return;
	const km_addr *from = &j->m->from.a[0];
	km_sv local = km_sv_sub(from->local, 0, km_sv_chr(from->local, '+', 0));
	bool domain = from->domain.n && km_domain_is_throwaway(from->domain);
	for (size_t i = 0; i < local.n && !domain; i++)
		if (!km_is_alnum((unsigned char)local.p[i]))
			return;
	if (!domain && !km_word_is_drawn(local))
		return;
	km_fact *f = km_structure_at_field(j, KM_FACT_FROM_RANDOM, from->addr, h);
	km_fact_arg(j->fs, f, 1, domain ? from->domain : local);
	if (f)
		f->weight = domain ? 1 : 0.5;
}

/* The message goes to others than those it names. */
static void check_to(const km_structure_job *j)
{
	const km_mail *m = j->m;
	const km_header *h = km_headers_first(m->headers, "To");

	if (m->to.n != 1 || m->cc.n || m->from.n == 0)
		return;
	const km_addr *to = &m->to.a[0];
	for (size_t i = 0; i < j->in->n_rcpts; i++)
		if (km_sv_ieq(j->in->rcpts[i], to->addr))
			return;
	if (km_sv_ieq(to->addr, m->from.a[0].addr))
		(void)km_structure_at_field(j, KM_FACT_TO_IS_SENDER, to->addr, h);
	else if (to->addr.n == 0 || km_word_is_drawn(to->local))
		(void)km_structure_at_field(j, KM_FACT_TO_IS_NOBODY,
					    km_sv_trim(h ? h->raw : to->addr), h);
}

/* --- Message-ID that servers on the way wrote, since there was none --- */

static void check_message_id(const km_structure_job *j)
{
	static const km_sv marks[] = { KM_SV(".prod.protection.outlook.com>"),
				       KM_SV("GENERATED-WASMISSING"), KM_SV("SMTPIN_ADDED"),
				       KM_SV("@mx.google.com>") };
	km_sv id = j->m->message_id;
	size_t at = km_sv_chr(id, '@', 0);
	const km_header *h = km_headers_first(j->m->headers, "Message-ID");

	for (size_t i = 0; i < KM_COUNT(marks); i++)
		if (km_sv_find(id, marks[i], 0) < id.n) {
			(void)km_structure_at_field(j, KM_FACT_MESSAGE_ID_ADDED, id, h);
			return;
		}
	if (at == id.n || km_sv_find(id, KM_S("geopod-"), at) < id.n)
		return;
	km_sv host = km_sv_sub(id, at + 1, id.n - at - 2);
	if (km_sv_chr(host, '.', 0) == host.n || km_sv_iends(host, KM_S(".localdomain")) ||
	    km_sv_iends(host, KM_S(".local")))
		(void)km_structure_at_field(j, KM_FACT_MESSAGE_ID_LOCAL, id, h);
}

void km_structure_habits(const km_structure_job *j)
{
	check_ornaments(j);
	check_letters(j);
	check_from(j);
	check_to(j);
	check_message_id(j);
}
