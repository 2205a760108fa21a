#include "outbound/notice.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/file.h"
#include "text/utf8.h"

enum { WRITTEN_MAX = 1024 * 1024 };

/* The files of data/notices; the build compiles this file anew when they change. */
#define FILE_OF(kind, lang)                                                                        \
	__asm__(".pushsection .rodata\n"                                                           \
		".hidden km_notice_text_" #kind "_" #lang "\n"                                     \
		".hidden km_notice_text_" #kind "_" #lang "_end\n"                                 \
		".global km_notice_text_" #kind "_" #lang "\n"                                     \
		".global km_notice_text_" #kind "_" #lang "_end\n"                                 \
		"km_notice_text_" #kind "_" #lang ":\n"                                            \
		".incbin \"" KM_NOTICES_DIR "/" #kind "." #lang "\"\n"                             \
		"km_notice_text_" #kind "_" #lang "_end:\n"                                        \
		".popsection\n");                                                                  \
	extern const char km_notice_text_##kind##_##lang[] __attribute__((visibility("hidden")));  \
	extern const char km_notice_text_##kind##_##lang##_end[]                                   \
		__attribute__((visibility("hidden")));

#define X(kind) FILE_OF(kind, ja) FILE_OF(kind, en)
KM_NOTICES(X)
#undef X

static const struct {
	const char *from, *to;
} builtin[KM_NOTICE_COUNT][KM_LANGS] = {
#define X(kind)                                                                                    \
	[KM_NOTICE_##kind] = { { km_notice_text_##kind##_ja, km_notice_text_##kind##_ja_end },     \
			       { km_notice_text_##kind##_en, km_notice_text_##kind##_en_end } },
	KM_NOTICES(X)
#undef X
};

static const char *const names[KM_NOTICE_COUNT] = {
#define X(kind) [KM_NOTICE_##kind] = #kind,
	KM_NOTICES(X)
#undef X
};

static const km_sv value_names[KM_NOTICE_VALUE_COUNT] = {
#define X(name) [KM_NOTICE_VALUE_##name] = KM_SV(#name),
	KM_NOTICE_VALUES(X)
#undef X
};

static const km_sv subject_field = KM_SV("Subject: ");

const char *km_notice_name(km_notice_kind k)
{
	return names[k];
}

km_notice_kind km_notice_by_name(km_sv name)
{
	int k = 0;

	while (k < KM_NOTICE_COUNT && !km_sv_eq(name, km_sv_of(names[k])))
		k++;
	return (km_notice_kind)k;
}

const char *km_lang_name(km_lang lang)
{
	return lang == KM_JA ? "ja" : "en";
}

/* --- reading --- */

/* The value that the placeholder at the beginning of @rest, which is an opening brace, stands for;
 * KM_NOTICE_VALUE_COUNT when it is none. Takes it off @rest. */
static km_notice_value take_placeholder(km_sv *rest)
{
	size_t close = km_sv_chr(*rest, '}', 0);
	km_sv name = km_sv_sub(*rest, 1, close - 1);
	int v = 0;

	while (v < KM_NOTICE_VALUE_COUNT && !km_sv_eq(name, value_names[v]))
		v++;
	if (close == rest->n)
		v = KM_NOTICE_VALUE_COUNT;
	*rest = km_sv_from(*rest, close + 1);
	return (km_notice_value)v;
}

static size_t to_brace(km_sv v)
{
	size_t open = km_sv_chr(v, '{', 0), close = km_sv_chr(v, '}', 0);

	return open < close ? open : close;
}

static km_status check_line(km_sv line, const char *name, size_t number, km_err *err)
{
	for (;;) {
		line = km_sv_from(line, to_brace(line));
		if (line.n == 0)
			return KM_OK;
		km_sv at = km_sv_sub(line, 0, 40);
		if (line.p[0] == '}')
			return KM_FAIL(err, KM_CONFIG,
				       "%s:%zu: a closing brace without an opening one", name,
				       number);
		if (take_placeholder(&line) == KM_NOTICE_VALUE_COUNT)
			return KM_FAIL(err, KM_CONFIG, "%s:%zu: not known: %.*s", name, number,
				       KM_FMT(km_sv_sub(at, 0, km_sv_chr(at, '}', 0) + 1)));
	}
}

/* Takes comments and the subject off @text; *line counts lines. */
static km_status take_subject(km_sv *text, km_sv *subject, const char *name, size_t *number,
			      km_err *err)
{
	km_sv line = { 0 };
	bool any;

	do {
		any = km_sv_line(text, &line);
		*number += any;
	} while (any && km_sv_starts(line, KM_S("#")));
	if (!any || !km_sv_starts(line, subject_field) || line.n == subject_field.n)
		return KM_FAIL(err, KM_CONFIG, "%s:%zu: \"Subject: …\" is expected", name,
			       *number ? *number : 1);
	*subject = km_sv_from(line, subject_field.n);
	km_status st = check_line(*subject, name, *number, err);
	if (st != KM_OK)
		return st;
	++*number;
	if (!km_sv_line(text, &line) || line.n)
		return KM_FAIL(err, KM_CONFIG, "%s:%zu: an empty line is expected", name, *number);
	return KM_OK;
}

km_status km_notice_check(km_sv text, const char *name, km_err *err)
{
	km_sv subject, line;
	size_t number = 0;

	if (text.n > KM_NOTICE_MAX)
		return KM_FAIL(err, KM_CONFIG, "%s: larger than %d bytes", name, KM_NOTICE_MAX);
	if (!km_utf8_valid(text) || memchr(text.n ? text.p : "", '\0', text.n))
		return KM_FAIL(err, KM_CONFIG, "%s: no UTF-8 text", name);
	km_status st = take_subject(&text, &subject, name, &number, err);
	while (st == KM_OK && km_sv_line(&text, &line))
		st = check_line(line, name, ++number, err);
	return st;
}

/* --- writing --- */

static void write_line(km_buf *b, km_sv line, const km_sv *values)
{
	size_t begun = b->n;
	bool any = false, filled = false;

	while (line.n) {
		size_t open = to_brace(line);
		km_buf_add(b, km_sv_sub(line, 0, open));
		line = km_sv_from(line, open);
		if (line.n == 0)
			break;
		km_notice_value v = take_placeholder(&line);
		any = true;
		filled |= v < KM_NOTICE_VALUE_COUNT && values[v].n;
		if (v < KM_NOTICE_VALUE_COUNT)
			km_buf_add(b, values[v]);
	}
	if (any && !filled)
		b->n = begun;
	else
		km_buf_byte(b, '\n');
}

km_status km_notice_write(km_arena *a, km_sv text, const km_sv values[KM_NOTICE_VALUE_COUNT],
			  km_notice *out, km_err *err)
{
	km_sv subject, line;
	size_t number = 0;
	km_buf head, body;
	km_status st = take_subject(&text, &subject, "template", &number, err);

	if (st != KM_OK)
		return st;
	km_buf_init(&head, a, WRITTEN_MAX);
	km_buf_init(&body, a, WRITTEN_MAX);
	write_line(&head, subject, values);
	while (km_sv_line(&text, &line))
		write_line(&body, line, values);
	if (head.cut || body.cut)
		return KM_FAIL(err, KM_LIMIT, "the notice is too long");
	*out = (km_notice){ km_sv_trim(km_buf_sv(&head)), km_buf_sv(&body) };
	return KM_OK;
}

/* --- all of them --- */

static km_status read_own(km_arena *a, const char *dir, km_notice_kind k, km_lang lang, km_sv *text,
			  km_err *err)
{
	km_file file;
	km_err absent = { 0 };
	char path[1200];
	int n = snprintf(path, sizeof(path), "%s/%s.%s", dir, names[k], km_lang_name(lang));

	if (n < 0 || (size_t)n >= sizeof(path))
		return KM_FAIL(err, KM_CONFIG, "%s: the name is too long", dir);
	km_status st = km_file_open(&file, path, KM_NOTICE_MAX, &absent);
	if (st == KM_NOTFOUND)
		return KM_OK;
	if (st != KM_OK)
		return KM_FAIL(err, KM_CONFIG, "%s", absent.msg);
	*text = km_sv_dup(a, file.bytes);
	km_file_close(&file);
	return km_notice_check(*text, path, err);
}

km_status km_notices_open(km_arena *a, const char *dir, km_notices *out, km_err *err)
{
	km_status st = KM_OK;

	for (int i = 0; st == KM_OK && i < KM_NOTICE_COUNT * KM_LANGS; i++) {
		km_notice_kind k = (km_notice_kind)(i / KM_LANGS);
		km_lang lang = (km_lang)(i % KM_LANGS);
		km_sv *text = &out->text[k][lang];
		*text = (km_sv){ builtin[k][lang].from,
				 (size_t)(builtin[k][lang].to - builtin[k][lang].from) };
		if (dir && *dir)
			st = read_own(a, dir, k, lang, text, err);
	}
	return st;
}
