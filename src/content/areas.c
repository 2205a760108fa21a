#include "content/areas.h"

#include "base/buf.h"
#include "content/cues.h"

typedef struct {
	km_arena *a;
	const km_terms *terms;
	uint8_t *count; /* what they are looked for with */
	const km_mail *m;
	km_area *area;
	size_t n, cap;
} areas_job;

static void add(areas_job *j, km_area area)
{
	if (area.key.n == 0 || j->n == j->cap)
		return;
	area.hits = km_terms_scan(j->terms, j->a, j->count, area.key);
	j->area[j->n++] = area;
}

/* --- letters that only look like letters, in names and subjects --- */

static char letter_of_digit(char c)
{
	static const char digits[] = "013457@$", letters[] = "oleastas";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? letters[at - digits] : c;
}

static bool is_letter(char c)
{
	return km_is_alpha((unsigned char)c);
}

/* Digits beside letters become letters; "rn" and "vv" what they look like. */
static km_sv read_digits(km_arena *a, km_sv key)
{
	char *out = km_alloc(a, key.n + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < key.n; i++) {
		char c = key.p[i], next = i + 1 < key.n ? key.p[i + 1] : ' ';
		if ((c == 'r' && next == 'n') || (c == 'v' && next == 'v')) {
			out[n++] = c == 'r' ? 'm' : 'w';
			i++;
		} else if ((n && is_letter(out[n - 1])) || is_letter(next)) {
			out[n++] = letter_of_digit(c);
		} else {
			out[n++] = c;
		}
	}
	return (km_sv){ out, out ? n : 0 };
}

static bool is_single(km_sv key, size_t i)
{
	return i < key.n && km_is_alnum((unsigned char)key.p[i]) &&
	       (i + 1 == key.n || key.p[i + 1] == ' ' || key.p[i + 1] == '.' ||
		key.p[i + 1] == '-' || key.p[i + 1] == '_');
}

/* "a m a z o n": four and more single letters in a row are a word. */
static km_sv join_singles(km_arena *a, km_sv key)
{
	enum { ROW = 4 };
	char *out = km_alloc(a, key.n + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < key.n;) {
		size_t row = 0;
		bool begins = i == 0 || !km_is_alnum((unsigned char)key.p[i - 1]);
		while (begins && is_single(key, i + 2 * row))
			row++;
		if (row < ROW) {
			out[n++] = key.p[i++];
			continue;
		}
		for (size_t k = 0; k < row; k++)
			out[n++] = key.p[i + 2 * k];
		i += 2 * row - 1;
	}
	return (km_sv){ out, out ? n : 0 };
}

static void add_short(areas_job *j, km_area area)
{
	add(j, area);
	km_sv plain = read_digits(j->a, join_singles(j->a, area.key));
	if (km_sv_eq(plain, area.key))
		return;
	area.key = plain;
	area.disguised = true;
	add(j, area);
}

/* --- what is quoted --- */

static bool is_answer(const km_mail *m)
{
	if (km_cues_istart(KM_CUES_answer, km_sv_trim(m->subject)))
		return true;
	return km_headers_first(m->headers, "In-Reply-To") != NULL;
}

/* The line after which another message follows, as mail programs write it. */
static bool begins_quotation(km_sv line)
{
	line = km_sv_trim(line);
	if (km_cues_istart(KM_CUES_quotation, line))
		return true;
	/* "On Mon, 2 Mar 2026, Taro wrote:", "2026年3月2日(月) 9:14 Taro <taro@example.jp>:" */
	return (km_sv_istarts(line, KM_S("on ")) && km_sv_iends(line, KM_S("wrote:"))) ||
	       (km_sv_ends(line, KM_S(">:")) && km_sv_find(line, KM_S("年"), 0) < line.n);
}

km_passing km_mail_passing(const km_mail *m, const km_views *v)
{
	enum { WORDS = 40 }; /* bytes; the signature of a mail program has less */
	km_sv text, line;
	size_t own = 0;

	if (v->n_text == 0 || !is_answer(m))
		return KM_PASSES_NOTHING;
	text = v->text[0].text;
	while (km_sv_line(&text, &line)) {
		if (line.n && line.p[0] == '>')
			return KM_PASSES_WITH_WORDS;
		if (begins_quotation(line))
			return own < WORDS ? KM_PASSES_BARE : KM_PASSES_WITH_WORDS;
		own += km_sv_trim(line).n;
	}
	return KM_PASSES_NOTHING;
}

static bool has_quotation(km_sv text)
{
	for (size_t at = 0; (at = km_sv_chr(text, '>', at)) < text.n; at++)
		if (at == 0 || text.p[at - 1] == '\n')
			return true;
	return false;
}

/* Divides @text into what the author wrote and what is quoted. */
static void divide(km_arena *a, km_sv text, bool answer, km_sv *own, km_sv *quoted)
{
	km_buf mine, other;
	km_sv line;
	bool below = false;

	km_buf_init(&mine, a, text.n + 1);
	km_buf_init(&other, a, text.n + 1);
	while (km_sv_line(&text, &line)) {
		below = below || (answer && begins_quotation(line));
		bool is_other = below || (line.n && line.p[0] == '>');
		km_buf *to = is_other ? &other : &mine;
		while (is_other && line.n && (line.p[0] == '>' || line.p[0] == ' '))
			line = km_sv_from(line, 1);
		km_buf_add(to, line);
		km_buf_byte(to, '\n');
	}
	*own = km_buf_sv(&mine);
	*quoted = km_buf_sv(&other);
}

/* Whether part @i lies in a message that this one carries. */
static bool is_attached(const km_mail *m, int i)
{
	if (m->parts[i].reading_of != KM_NO_PART)
		i = m->parts[i].reading_of;
	for (i = m->parts[i].parent; i != KM_NO_PART; i = m->parts[i].parent)
		if (km_sv_starts(m->parts[i].type, KM_S("message/")))
			return true;
	return false;
}

static void add_key(areas_job *j, int part, km_sv text, bool quoted)
{
	km_area area = { .kind = KM_AREA_TEXT, .part = part, .text = text, .quoted = quoted };

	/* A key that was cut short by the arena's end is a key still. */
	if (km_sv_trim(text).n)
		(void)!km_view_key(j->a, text, &area.key, NULL);
	add(j, area);
}

static void add_text(areas_job *j, const km_text_view *v, bool answer)
{
	bool attached = is_attached(j->m, v->part);
	km_sv own, quoted;

	if (attached || !(answer || has_quotation(v->text))) {
		add(j, (km_area){ .kind = KM_AREA_TEXT,
				  .part = v->part,
				  .text = v->text,
				  .key = v->key,
				  .quoted = attached });
		return;
	}
	divide(j->a, v->text, answer, &own, &quoted);
	add_key(j, v->part, own, false);
	add_key(j, v->part, quoted, true);
}

static bool is_list(const km_mail *m)
{
	const km_header *p = km_headers_first(m->headers, "Precedence");

	return km_headers_first(m->headers, "List-Post") ||
	       (p && km_sv_ieq(km_sv_trim(p->raw), KM_S("list"))) ||
	       km_headers_first(m->headers, "X-ML-Name") ||
	       km_headers_first(m->headers, "X-Mailman-Version") ||
	       km_headers_first(m->headers, "Mailing-List");
}

void km_areas_read(km_arena *a, const km_terms *terms, const km_mail *m, const km_views *v,
		   const km_page *page, size_t n, km_areas *out)
{
	areas_job j = { .a = a, .terms = terms, .m = m, .cap = 2 * v->n_text + n + 6 };

	*out = (km_areas){ .reply = is_answer(m),
			   .bare = km_mail_passing(m, v) == KM_PASSES_BARE,
			   .is_list = is_list(m) };
	j.area = KM_NEW_ARRAY(a, km_area, j.cap);
	j.count = KM_NEW_ARRAY(a, uint8_t, km_terms_count(terms));
	if (j.area == NULL || j.count == NULL)
		return;
	add_short(&j, (km_area){ .kind = KM_AREA_NAME,
				 .part = KM_NO_PART,
				 .text = v->from_name.text,
				 .key = v->from_name.key });
	add_short(&j, (km_area){ .kind = KM_AREA_SUBJECT,
				 .part = KM_NO_PART,
				 .text = v->subject.text,
				 .key = v->subject.key });
	if (m->from.n)
		add(&j, (km_area){ .kind = KM_AREA_ADDRESS,
				   .part = KM_NO_PART,
				   .text = m->from.a[0].addr,
				   .key = km_sv_lower(a, m->from.a[0].addr) });
	for (size_t i = 0; i < v->n_text; i++)
		add_text(&j, &v->text[i], out->reply);
	for (size_t i = 0; i < n; i++)
		add(&j, (km_area){ .kind = KM_AREA_TEXT,
				   .part = page[i].view.part,
				   .text = page[i].view.text,
				   .key = page[i].view.key,
				   .file = page[i].file,
				   .quoted = page[i].message });
	out->area = j.area;
	out->n = j.n;
}
