/*
 * Any bytes, made valid UTF-8, as HTML. The tokenizer must go forward and give valid UTF-8; what
 * the reader gives must be valid UTF-8 too, be bounded by the input and agree with its own counts.
 */
#include <stdlib.h>

#include "text/html.h"
#include "text/html_token.h"
#include "text/utf8.h"

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_tokens(km_arena *a, km_sv in, km_html_mode mode)
{
	km_html_tokenizer t;
	km_html_token k;
	size_t at = 0, tokens = 0;

	km_html_token_init(&t, a, in);
	t.mode = mode;
	t.last_start = KM_S("script");
	while (km_html_token_next(&t, &k)) {
		check(t.at > at && t.at <= in.n && k.offset >= at && k.offset < t.at);
		at = t.at;
		tokens++;
		check(km_utf8_valid(k.text) && km_utf8_valid(k.name));
		check(k.n_attrs <= KM_MAX_HTML_ATTRIBUTES);
		for (size_t i = 0; i < k.n_attrs; i++)
			check(km_utf8_valid(k.attr[i].name) && km_utf8_valid(k.attr[i].value));
	}
	check(t.at == in.n && tokens <= in.n && k.type == KM_HTML_EOF);
}

static void check_read(km_arena *a, km_sv in)
{
	km_html h;

	check(km_html_read(a, in, &h) == KM_OK);
	check(km_utf8_valid(h.text) && km_utf8_valid(h.hidden) && km_utf8_valid(h.title));
	check(h.text_chars <= h.text.n && h.hidden_chars <= h.hidden.n);
	check(h.text.n + h.hidden.n <= 3 * in.n);
	check((h.hidden_chars > 0) == (h.how != 0));
	check(h.n_links <= KM_MAX_HTML_LINKS);
	for (size_t i = 0; i < h.n_links; i++) {
		check(km_utf8_valid(h.links[i].target) && km_utf8_valid(h.links[i].text));
		check(h.links[i].offset < in.n && in.p[h.links[i].offset] == '<');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(1 << 26);
	km_sv in = { (const char *)data, size };
	size_t bad = 0;

	(void)km_html_sniff_charset(in);
	km_sv valid = km_utf8_sanitise(a, in, &bad);
	for (km_html_mode mode = KM_HTML_DATA; mode <= KM_HTML_CDATA; mode++)
		check_tokens(a, valid, mode);
	check_read(a, valid);
	km_arena_free(a);
	return 0;
}
