/*
 * html5lib-tests, tokenizer: every test in every initial state, tokens and codes of parse errors.
 * Errors of the input stream are not the tokenizer's (see stream_errors) and are left out.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/html_token.h"
#include "text/utf8.h"

/* Tests that may differ, with the reason. */
static const struct {
	const char *file, *description, *why;
} differs[] = {
	{ "xmlViolation.test", "Non-XML character", "coercion to an XML infoset is not done" },
	{ "xmlViolation.test", "Non-XML space", "coercion to an XML infoset is not done" },
	{ "xmlViolation.test", "Double hyphen in comment",
	  "coercion to an XML infoset is not done" },
};

/* Found while the input is decoded; text/view.h counts the characters. */
static const char *const stream_errors[] = {
	"control-character-in-input-stream",
	"noncharacter-in-input-stream",
	"surrogate-in-input-stream",
};

static const struct {
	const char *name;
	km_html_mode mode;
} states[] = {
	{ "Data state", KM_HTML_DATA },		  { "RCDATA state", KM_HTML_RCDATA },
	{ "RAWTEXT state", KM_HTML_RAWTEXT },	  { "Script data state", KM_HTML_SCRIPT },
	{ "PLAINTEXT state", KM_HTML_PLAINTEXT }, { "CDATA section state", KM_HTML_CDATA },
};

typedef struct {
	size_t run, ok, differ, skipped, errors_run, errors_ok;
} tally;

static bool surrogate(int32_t c)
{
	return c >= 0xD800 && c <= 0xDFFF;
}

static int32_t hex4(km_sv v)
{
	int32_t c = 0;

	for (size_t i = 0; i < v.n; i++)
		c = c * 16 + km_hex_value((unsigned char)v.p[i]);
	return c;
}

/* Resolves \uHHHH, pairs of surrogates too. False when one stands alone: that is not UTF-8. */
static bool unescape(km_arena *a, km_sv v, km_sv *out)
{
	km_buf b;

	km_buf_init(&b, a, SIZE_MAX / 2);
	for (size_t i = 0; i < v.n;) {
		if (v.p[i] != '\\' || i + 6 > v.n || v.p[i + 1] != 'u') {
			km_buf_byte(&b, v.p[i++]);
			continue;
		}
		int32_t c = hex4(km_sv_sub(v, i + 2, 4));
		i += 6;
		if (c >= 0xD800 && c <= 0xDBFF && i + 6 <= v.n && v.p[i] == '\\') {
			int32_t low = hex4(km_sv_sub(v, i + 2, 4));
			if (low >= 0xDC00 && low <= 0xDFFF) {
				c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
				i += 6;
			}
		}
		if (surrogate(c))
			return false;
		km_utf8_add(&b, c);
	}
	*out = km_buf_sv(&b);
	return true;
}

static json_t *str(km_sv v)
{
	return json_stringn(v.p ? v.p : "", v.n);
}

static json_t *maybe(km_sv v)
{
	return v.p ? str(v) : json_null();
}

static json_t *as_json(const km_html_token *t)
{
	json_t *attrs;

	switch (t->type) {
	case KM_HTML_START:
		attrs = json_object();
		for (size_t i = 0; i < t->n_attrs; i++)
			json_object_setn_new(attrs, t->attr[i].name.p, t->attr[i].name.n,
					     str(t->attr[i].value));
		return t->self_closing ? json_pack("[s,o,o,b]", "StartTag", str(t->name), attrs, 1)
				       : json_pack("[s,o,o]", "StartTag", str(t->name), attrs);
	case KM_HTML_END:
		return json_pack("[s,o]", "EndTag", str(t->name));
	case KM_HTML_COMMENT:
		return json_pack("[s,o]", "Comment", str(t->text));
	default:
		return json_pack("[s,o,o,o,b]", "DOCTYPE", maybe(t->name), maybe(t->public_id),
				 maybe(t->system_id), !t->force_quirks);
	}
}

static void flush(json_t *list, km_buf *chars)
{
	if (chars->n)
		json_array_append_new(list, json_pack("[s,o]", "Character", str(km_buf_sv(chars))));
	chars->n = 0;
}

static void note_error(void *ctx, km_html_error e)
{
	json_array_append_new(ctx, json_string(km_html_error_name(e)));
}

static json_t *tokenize(km_arena *a, km_sv in, km_html_mode mode, km_sv last, json_t *errors)
{
	km_html_tokenizer t;
	km_html_token tok;
	km_buf chars;
	json_t *list = json_array();

	km_html_token_init(&t, a, in);
	t.mode = mode;
	t.last_start = last;
	t.on_error = note_error;
	t.ctx = errors;
	km_buf_init(&chars, NULL, SIZE_MAX / 2);
	while (km_html_token_next(&t, &tok)) {
		if (tok.type == KM_HTML_TEXT) {
			km_buf_add(&chars, tok.text);
			continue;
		}
		flush(list, &chars);
		json_array_append_new(list, as_json(&tok));
	}
	flush(list, &chars);
	km_buf_finish(&chars);
	if (t.n_errors != json_array_size(errors))
		json_array_append_new(list, json_string("errors miscounted"));
	return list;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The codes, sorted, one a line, without those of the input stream. */
static void codes(json_t *list, bool expected, char *out, size_t size)
{
	const char *name[256];
	size_t n = 0, i;
	json_t *e;

	json_array_foreach(list, i, e)
	{
		const char *s = json_string_value(expected ? json_object_get(e, "code") : e);
		bool skip = n == KM_COUNT(name);
		for (size_t k = 0; k < KM_COUNT(stream_errors); k++)
			skip |= strcmp(s, stream_errors[k]) == 0;
		if (!skip)
			name[n++] = s;
	}
	qsort(name, n, sizeof(name[0]), by_name);
	*out = '\0';
	for (i = 0; i < n; i++) {
		size_t used = strlen(out);
		snprintf(out + used, size - used, "%s\n", name[i]);
	}
}

static const char *known_difference(const char *file, const char *description)
{
	for (size_t i = 0; i < KM_COUNT(differs); i++)
		if (strcmp(differs[i].file, file) == 0 &&
		    strcmp(differs[i].description, description) == 0)
			return differs[i].why;
	return NULL;
}

static void show(const char *file, const char *what, json_t *want, json_t *got)
{
	char *w = json_dumps(want, JSON_ENCODE_ANY), *g = json_dumps(got, JSON_ENCODE_ANY);

	printf("# %s: %s\n#   want %s\n#   got  %s\n", file, what, w ? w : "?", g ? g : "?");
	free(w);
	free(g);
}

/* One test in one state. The input is an exact-size block, so that over-reads are seen. */
static void run_in(const char *file, json_t *test, json_t *want, km_sv in, km_html_mode mode,
		   tally *sum)
{
	km_arena *a = km_arena_new(1 << 24);
	const char *what = json_string_value(json_object_get(test, "description"));
	const char *last = json_string_value(json_object_get(test, "lastStartTag"));
	json_t *errors = json_array(), *want_errors = json_object_get(test, "errors");
	char *exact = malloc(in.n ? in.n : 1), want_codes[8192], got_codes[8192];

	memcpy(exact, in.p ? in.p : "", in.n);
	json_t *got = tokenize(a, (km_sv){ exact, in.n }, mode, km_sv_of(last), errors);
	sum->run++;
	if (json_equal(got, want)) {
		sum->ok++;
	} else if (known_difference(file, what)) {
		sum->differ++;
		printf("# differs: %s: %s: %s\n", file, what, known_difference(file, what));
	} else {
		show(file, what, want, got);
	}
	codes(want_errors, true, want_codes, sizeof(want_codes));
	codes(errors, false, got_codes, sizeof(got_codes));
	sum->errors_run++;
	if (strcmp(want_codes, got_codes) == 0)
		sum->errors_ok++;
	else
		show(file, what, want_errors, errors);
	json_decref(got);
	json_decref(errors);
	free(exact);
	km_arena_free(a);
}

/* @text as the test means it: escaped once more when doubleEscaped says so. */
static bool meant(km_arena *a, json_t *test, json_t *text, km_sv *out)
{
	*out = (km_sv){ json_string_value(text), json_string_length(text) };
	return !json_is_true(json_object_get(test, "doubleEscaped")) || unescape(a, *out, out);
}

static bool meant_tokens(km_arena *a, json_t *test, json_t *want)
{
	size_t i, k;
	json_t *token, *s;
	km_sv v;

	json_array_foreach(want, i, token)
	{
		json_array_foreach(token, k, s)
		{
			if (!json_is_string(s))
				continue;
			if (!meant(a, test, s, &v))
				return false;
			json_array_set_new(token, k, str(v));
		}
	}
	return true;
}

static void run_test(const char *file, json_t *test, tally *sum)
{
	km_arena *a = km_arena_new(1 << 24);
	json_t *list = json_object_get(test, "initialStates");
	json_t *want = json_deep_copy(json_object_get(test, "output"));
	km_sv in;

	if (!meant(a, test, json_object_get(test, "input"), &in) || !meant_tokens(a, test, want)) {
		sum->skipped++;
		printf("# skipped: %s: %s: a lone surrogate is not UTF-8\n", file,
		       json_string_value(json_object_get(test, "description")));
	} else {
		for (size_t i = 0; i < (list ? json_array_size(list) : 1); i++) {
			const char *name =
				list ? json_string_value(json_array_get(list, i)) : states[0].name;
			for (size_t k = 0; k < KM_COUNT(states); k++)
				if (strcmp(states[k].name, name) == 0)
					run_in(file, test, want, in, states[k].mode, sum);
		}
	}
	json_decref(want);
	km_arena_free(a);
}

static int is_test(const struct dirent *d)
{
	return km_sv_ends(km_sv_of(d->d_name), KM_S(".test"));
}

int main(void)
{
	const char *suites = getenv("KOMAINU_SUITES");
	char folder[4096], path[8192];
	struct dirent **file;
	tally all = { 0 };

	snprintf(folder, sizeof(folder), "%s/html/tokenizer", suites ? suites : "../shared/suites");
	int n = scandir(folder, &file, is_test, alphasort);
	if (n <= 0) {
		printf("1..0 # SKIP no suite in %s\n", folder);
		return 0;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		json_error_t err;
		tally sum = { 0 };
		size_t k;
		json_t *test;
		const char *name = file[i]->d_name;
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		json_t *doc = json_load_file(path, JSON_ALLOW_NUL, &err);
		json_t *tests = json_object_get(doc, "tests");
		if (tests == NULL)
			tests = json_object_get(doc, "xmlViolationTests");
		json_array_foreach(tests, k, test) run_test(name, test, &sum);
		bool good =
			doc && sum.ok + sum.differ == sum.run && sum.errors_ok == sum.errors_run;
		printf("%sok %d - %s: tokens %zu/%zu, errors %zu/%zu, skipped %zu\n",
		       good ? "" : "not ", i + 1, name, sum.ok, sum.run, sum.errors_ok,
		       sum.errors_run, sum.skipped);
		all.run += sum.run;
		all.ok += sum.ok;
		all.errors_ok += sum.errors_ok;
		all.errors_run += sum.errors_run;
		all.skipped += sum.skipped;
		json_decref(doc);
		free(file[i]);
	}
	free(file);
	printf("# total: tokens %zu/%zu, errors %zu/%zu, skipped %zu\n", all.ok, all.run,
	       all.errors_ok, all.errors_run, all.skipped);
	return 0;
}
