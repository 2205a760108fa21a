#include "cli/roff.h"

#include "cli/wrap.h"

enum { WIDTH = 78, TEXT_BYTES = 65536 };

void km_roff_word(km_buf *b, km_sv word)
{
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '\\')
			km_buf_add(b, KM_S("\\e"));
		else if (word.p[i] == '-')
			km_buf_add(b, KM_S("\\-"));
		else
			km_buf_byte(b, word.p[i]);
	}
}

/* One line of source. A dot or quote at its start would be a request. */
static void add_line(km_buf *b, km_sv line)
{
	if (line.n && (line.p[0] == '.' || line.p[0] == '\''))
		km_buf_add(b, KM_S("\\&"));
	for (size_t i = 0; i < line.n; i++) {
		bool option = line.p[i] == '-' &&
			      (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '-');
		if (line.p[i] == '\\')
			km_buf_add(b, KM_S("\\e"));
		else if (option)
			km_buf_add(b, KM_S("\\-"));
		else
			km_buf_byte(b, line.p[i]);
	}
	km_buf_byte(b, '\n');
}

/* Offset after the first sentence of @v: roff wants each on a line of its own. */
static size_t sentence_end(km_sv v)
{
	for (size_t at = km_sv_chr(v, '.', 0); at + 2 < v.n; at = km_sv_chr(v, '.', at + 1))
		if (v.p[at + 1] == ' ' && v.p[at + 2] >= 'A' && v.p[at + 2] <= 'Z')
			return at + 1;
	return v.n;
}

static void add_sentence(km_buf *b, km_sv sentence)
{
	km_buf wrapped;
	km_sv rest, line;

	km_buf_init(&wrapped, NULL, TEXT_BYTES);
	km_wrap(&wrapped, sentence, 0, WIDTH);
	rest = km_buf_sv(&wrapped);
	while (km_sv_line(&rest, &line))
		add_line(b, line);
	km_buf_finish(&wrapped);
}

void km_roff_text(km_buf *b, const char *text, bool break_lines)
{
	km_sv rest = km_sv_of(text), paragraph;

	for (bool first = true; km_sv_line(&rest, &paragraph); first = false) {
		if (!first)
			km_buf_add(b, KM_S(".Pp\n"));
		if (!break_lines) {
			add_line(b, paragraph);
			continue;
		}
		while (paragraph.n) {
			size_t n = sentence_end(paragraph);
			add_sentence(b, km_sv_sub(paragraph, 0, n));
			paragraph = km_sv_trim(km_sv_from(paragraph, n));
		}
	}
}
