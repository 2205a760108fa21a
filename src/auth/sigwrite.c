#include "auth/sigwrite.h"

#include "base/buf.h"
#include "mail/b64.h"

/* Fields that a reader sees or that rule how the body is shown; @over: once more than they stand.
 */
static const struct {
	km_sv name;
	bool over;
} always[] = {
	{ KM_SV("From"), true },	 { KM_SV("To"), true },
	{ KM_SV("Subject"), true },	 { KM_SV("Date"), true },
	{ KM_SV("Reply-To"), true },	 { KM_SV("MIME-Version"), true },
	{ KM_SV("Content-Type"), true }, { KM_SV("Content-Transfer-Encoding"), true },
	{ KM_SV("Cc"), false },		 { KM_SV("Message-ID"), false },
	{ KM_SV("In-Reply-To"), false }, { KM_SV("References"), false },
};

void km_sigwrite_add(km_sigwrite *w, const char *name, km_sv value, km_fold fold)
{
	w->tag[w->n++] = (km_sigwrite_tag){ name, value, fold };
}

void km_sigwrite_number(km_arena *a, km_sigwrite *w, const char *name, uint64_t value)
{
	if (value)
		km_sigwrite_add(w, name, km_sv_fmt(a, "%llu", (unsigned long long)value),
				KM_FOLD_NOWHERE);
}

km_sv km_sigwrite_base64(km_arena *a, km_sv bytes)
{
	km_buf b;

	km_buf_init(&b, a, KM_SIGWRITE_MAX);
	km_b64_encode(&b, bytes);
	return b.cut ? (km_sv){ NULL, 0 } : km_buf_sv(&b);
}

/* How much of @v may go into a line with @room left. */
static size_t piece(km_sv v, km_fold fold, size_t room)
{
	if (v.n <= room || fold == KM_FOLD_NOWHERE)
		return v.n;
	if (fold == KM_FOLD_ANYWHERE)
		return room;
	size_t colon = km_sv_rchr(km_sv_sub(v, 0, room), ':');
	if (colon < room)
		return colon + 1;
	colon = km_sv_chr(v, ':', 0); /* a name longer than a line */
	return colon < v.n ? colon + 1 : v.n;
}

static void new_line(km_buf *b, const char *eol, size_t *column)
{
	km_buf_add(b, km_sv_of(eol));
	km_buf_byte(b, '\t');
	*column = 0;
}

/* A word, before which there is a space or a fold. */
static void add_word(km_buf *b, const char *eol, km_sv word, km_fold fold, size_t *column)
{
	if (*column + 1 + word.n > KM_SIGWRITE_COLUMN) {
		new_line(b, eol, column);
	} else {
		km_buf_byte(b, ' ');
		++*column;
	}
	for (;;) {
		size_t n = piece(word, fold, KM_SIGWRITE_COLUMN - *column);
		km_buf_add(b, km_sv_sub(word, 0, n));
		*column += n;
		word = km_sv_from(word, n);
		if (word.n == 0)
			return;
		new_line(b, eol, column);
	}
}

km_sv km_sigwrite_field(km_arena *a, const km_sigwrite *w, km_sv b)
{
	size_t column = w->name.n + 1;
	km_buf out;

	km_buf_init(&out, a, KM_SIGWRITE_MAX);
	km_buf_add(&out, w->name);
	km_buf_byte(&out, ':');
	for (size_t i = 0; i < w->n; i++) {
		const km_sigwrite_tag *t = &w->tag[i];
		km_sv value = strcmp(t->name, "b") == 0 ? b : t->value;
		km_sv word =
			km_sv_fmt(a, "%s=%.*s%s", t->name, KM_FMT(value), i + 1 < w->n ? ";" : "");
		add_word(&out, w->eol, word, t->fold, &column);
	}
	return out.cut || km_arena_full(a) ? (km_sv){ NULL, 0 } : km_buf_sv(&out);
}

km_status km_sigwrite_canon(km_arena *a, const km_sigwrite *w, km_canon_sink *to)
{
	km_sv field = km_sigwrite_field(a, w, (km_sv){ NULL, 0 });

	if (field.n == 0)
		return KM_NOMEM;
	km_canon_field(to, KM_CANON_RELAXED, field, w->name.n, field.n, 0);
	return KM_OK;
}

km_sv km_sigwrite_algorithm(km_key_kind key)
{
	return key == KM_KEY_RSA ? KM_S("rsa-sha256") : KM_S("ed25519-sha256");
}

km_sv km_sigwrite_fields(km_arena *a, km_signed *s, bool over)
{
	unsigned taken;
	km_buf b;

	km_buf_init(&b, a, KM_SIGWRITE_MAX / 2);
	for (size_t i = 0; i < KM_COUNT(always); i++) {
		unsigned n = km_signed_count(s, always[i].name, &taken) + (over && always[i].over);
		for (; n > 0; n--) {
			if (b.n)
				km_buf_byte(&b, ':');
			km_buf_add(&b, always[i].name);
		}
	}
	return b.cut ? (km_sv){ NULL, 0 } : km_buf_sv(&b);
}

km_status km_sigwrite_body(km_arena *a, km_signed *s, km_sv *out)
{
	km_body_hash *b = km_signed_want_body(s, KM_CANON_RELAXED, KM_HASH_SHA256, UINT64_MAX);

	if (b == NULL || km_signed_hash_bodies(s) != KM_OK)
		return KM_NOMEM;
	*out = km_sigwrite_base64(a, (km_sv){ (const char *)b->digest, b->digest_n });
	return out->n ? KM_OK : KM_NOMEM;
}
