#include "content/imitation.h"

#include <stdlib.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "content/cues.h"
#include "content/host_table.h"
#include "content/throwaway.h"
#include "text/utf8.h"
#include "text/view.h"

enum { BUCKETS = 4096, GRAM = 4, LONGEST = 40, LONG_NAME = 8, LETTERS = 26, PLAIN_BYTES = 1 << 20 };

typedef struct name {
	char text[LONGEST]; /* skeleton: lower-case letters and digits */
	size_t n;
	const km_brand *brand;
	bool word;		 /* also an ordinary one */
	struct name *same_start; /* with the same first letters */
} name;

/* Long names by their length and the letter at one end, side by side, with the letters by which
 * nearly all of them are told apart from another. */
typedef struct {
	struct near {
		const name *name;
		char inner, other; /* next to the letter of the list; at the other end */
	} * a;
	uint32_t start[LETTERS * LONGEST + 1];
} near_list;

struct km_imitations {
	const km_brands *brands;
	name *names;
	size_t n, cap;
	name *starts[BUCKETS];
	near_list by_first, by_last;
};

/* Digits and pairs that pass for letters become those; hyphens go. */
static size_t skeleton(km_sv v, char out[LONGEST])
{
	static const char folded[] = "olzeasgtbg";
	size_t n = 0;

	for (size_t i = 0; i < v.n && n < LONGEST - 1; i++) {
		unsigned char c = km_lower((unsigned char)v.p[i]);
		if (km_is_digit(c))
			c = (unsigned char)folded[c - '0'];
		if (!km_is_alpha(c))
			continue;
		out[n++] = (char)c;
		if (n > 1 && out[n - 2] == 'v' && c == 'v')
			out[--n - 1] = 'w';
		else if (n > 1 && out[n - 2] == 'r' && c == 'n')
			out[--n - 1] = 'm';
	}
	return n;
}

static size_t bucket(const char *gram)
{
	uint32_t bytes;

	_Static_assert(sizeof(bytes) == GRAM, "all of it is loaded");
	memcpy(&bytes, gram, sizeof(bytes));
	return (uint64_t)bytes * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (BUCKETS - 1);
}

/* True for a name that the table calls ambiguous. */
static bool is_word(const km_brand *brand, const char *s, size_t n)
{
	char t[LONGEST];

	for (size_t i = 0; i < brand->n_aliases; i++)
		if (brand->alias[i].ambiguous && skeleton(brand->alias[i].name, t) == n &&
		    memcmp(s, t, n) == 0)
			return true;
	return false;
}

static bool add(km_imitations *x, km_sv text, const km_brand *brand, size_t shortest)
{
	char s[LONGEST];
	size_t n = skeleton(text, s);

	if (n < shortest || n < GRAM || n >= LONGEST - 1 || km_ascii_prefix(text) < text.n)
		return true;
	if (x->n == x->cap)
		return false;
	name *t = &x->names[x->n++];
	memcpy(t->text, s, n);
	t->n = n;
	t->brand = brand;
	t->word = is_word(brand, s, n);
	name **list = &x->starts[bucket(s)];
	t->same_start = *list;
	*list = t;
	return true;
}

static size_t place_of(char letter, size_t n)
{
	return (size_t)(letter - 'a') * LONGEST + n;
}

/* Those that were added last come first, as among those with the same start. */
static bool line_up(const km_imitations *x, bool last, near_list *out)
{
	uint32_t used[LETTERS * LONGEST] = { 0 };

	out->a = calloc(x->n + 1, sizeof(*out->a));
	for (size_t i = 0; i < x->n; i++) {
		const name *t = &x->names[i];
		out->start[place_of(t->text[last ? t->n - 1 : 0], t->n) + 1]++;
	}
	for (size_t i = 1; i < KM_COUNT(out->start); i++)
		out->start[i] += out->start[i - 1];
	for (size_t i = x->n; out->a && i-- > 0;) {
		const name *t = &x->names[i];
		const char *first = t->text, *end = t->text + t->n - 1;
		size_t place = place_of(last ? *end : *first, t->n);
		out->a[out->start[place] + used[place]++] =
			last ? (struct near){ t, end[-1], *first }
			     : (struct near){ t, first[1], *end };
	}
	return out->a != NULL;
}

/* family.co.jp is FamilyMart's, but the word is everybody's. */
static bool is_its_name(const km_brand *brand, km_sv label)
{
	char s[LONGEST], t[LONGEST];
	size_t n = skeleton(label, s);
	km_sv id = km_sv_of(brand->id);

	if (skeleton(id, t) == n && memcmp(s, t, n) == 0)
		return true;
	for (size_t i = 0; i < brand->n_aliases; i++)
		if (skeleton(brand->alias[i].name, t) == n && memcmp(s, t, n) == 0)
			return true;
	return false;
}

km_imitations *km_imitations_new(const km_brands *b)
{
	km_imitations *x = calloc(1, sizeof(*x));
	size_t n = km_brands_count(b);

	if (x == NULL)
		return NULL;
	x->brands = b;
	for (size_t i = 0; i < n; i++)
		x->cap += km_brands_at(b, i)->n_domains + km_brands_at(b, i)->n_aliases;
	x->names = calloc(x->cap + 1, sizeof(*x->names));
	bool ok = x->names != NULL;
	for (size_t i = 0; ok && i < n; i++) {
		const km_brand *brand = km_brands_at(b, i);
		for (size_t k = 0; ok && k < brand->n_aliases; k++)
			if (!brand->alias[k].ambiguous && !brand->alias[k].disguised)
				ok = add(x, brand->alias[k].name, brand, GRAM + 1);
		for (size_t k = 0; ok && k < brand->n_domains; k++) {
			km_sv d = km_host_registrable(brand->domain[k]);
			/* Authorities bear ordinary words: digital.go.jp. */
			if (km_sv_ends(d, KM_S(".go.jp")))
				continue;
			km_sv label = km_sv_sub(d, 0, km_sv_chr(d, '.', 0));
			ok = add(x, label, brand, is_its_name(brand, label) ? GRAM + 1 : LONG_NAME);
		}
	}
	if (ok && line_up(x, false, &x->by_first) && line_up(x, true, &x->by_last))
		return x;
	km_imitations_free(x);
	return NULL;
}

void km_imitations_free(km_imitations *x)
{
	if (x == NULL)
		return;
	free(x->by_first.a);
	free(x->by_last.a);
	free(x->names);
	free(x);
}

/* One letter more, less, other, or two swapped: of long names, at least one end is the same. */
static bool nearly(const char *a, size_t n, const char *b, size_t m)
{
	size_t from = 0, end = 0, least = n < m ? n : m;

	while (from < least && a[from] == b[from])
		from++;
	while (end < least - from && a[n - 1 - end] == b[m - 1 - end])
		end++;
	size_t x = n - from - end, y = m - from - end;
	return (x <= 1 && y <= 1) ||
	       (x == 2 && y == 2 && a[from] == b[from + 1] && a[from + 1] == b[from]);
}

/* What imitators put beside a name: "amazonjp", "myorico", "rakutencard". */
static bool is_lure(const char *p, size_t n)
{
	const km_cues *lures = &km_cue_table[KM_CUES_lure];
	char s[LONGEST];

	/* As skeletons they have lost nothing but digits. */
	for (size_t i = 0; i < lures->n; i++)
		if (skeleton(lures->cue[i], s) == n && memcmp(s, p, n) == 0)
			return true;
	return false;
}

/* True when the name @t may stand at @at of the @n letters @s: it is all, a long one at an end, or
 * beside a lure. In the middle of words there are many short names. */
static bool stands_out(const name *t, const char *s, size_t n, size_t at)
{
	size_t after = n - at - t->n;

	if (at && after)
		return false;
	return (t->n >= LONG_NAME && !t->word) || (at == 0 && after == 0) ||
	       is_lure(at ? s : s + t->n, at + after);
}

static const name *name_in(const km_imitations *x, const char *s, size_t n)
{
	const name *best = NULL;

	for (size_t i = 0; i + GRAM <= n; i++)
		for (const name *t = x->starts[bucket(s + i)]; t; t = t->same_start)
			if (t->n <= n - i && memcmp(t->text, s + i, t->n) == 0 &&
			    (best == NULL || t->n > best->n) && stands_out(t, s, n, i))
				best = t;
	return best;
}

/* The long names of @m letters that have @letter at the end that @l is about. */
static const struct near *near_names(const near_list *l, char letter, size_t m, size_t *n)
{
	size_t place = place_of(letter, m);

	*n = l->start[place + 1] - l->start[place];
	return l->a + l->start[place];
}

/* As there is but one difference, it is behind the second letter, or the last two are the same. */
static const km_brand *nearly_name(const km_imitations *x, const char *s, size_t n)
{
	size_t shortest = n > LONG_NAME ? n - 1 : LONG_NAME, count;

	for (size_t m = shortest; n >= LONG_NAME && m <= n + 1 && m < LONGEST; m++) {
		const struct near *t = near_names(&x->by_first, s[0], m, &count);
		for (size_t i = 0; i < count; i++, t++)
			if ((t->inner == s[1] || t->other == s[n - 1]) && !t->name->word &&
			    nearly(s, n, t->name->text, m))
				return t->name->brand;
		t = near_names(&x->by_last, s[n - 1], m, &count);
		for (size_t i = 0; i < count; i++, t++)
			if (t->inner == s[n - 2] && !t->name->word &&
			    nearly(s, n, t->name->text, m))
				return t->name->brand;
	}
	return NULL;
}

/* True when a part of @label between hyphens is one. */
static bool has_lure(km_sv label)
{
	km_sv rest = label, piece;
	char s[LONGEST];

	while (km_sv_split(&rest, '-', &piece))
		if (is_lure(s, skeleton(piece, s)))
			return true;
	return false;
}

static const km_brand *brand_of_label(const km_imitations *x, km_sv label, km_imitation *how)
{
	char s[LONGEST];
	const km_brand *b = NULL;
	const name *found = NULL;
	km_sv rest = label, piece;
	size_t n = 0;

	while (found == NULL && km_sv_split(&rest, '-', &piece)) {
		n = skeleton(piece, s);
		found = name_in(x, s, n);
	}
	if (found == NULL) {
		n = skeleton(label, s);
		found = name_in(x, s, n);
	}
	if (found) {
		bool alone = found->n == n && !has_lure(label);
		*how = found->word && alone ? KM_IMITATION_WORD : KM_IMITATION_NAME;
		return found->brand;
	}
	if (km_sv_starts(label, KM_S("xn--")))
		return NULL;
	*how = KM_IMITATION_ALIKE;
	b = n ? nearly_name(x, s, n) : NULL;
	rest = label;
	while (b == NULL && km_sv_split(&rest, '-', &piece)) {
		n = skeleton(piece, s);
		b = n && n < label.n ? nearly_name(x, s, n) : NULL;
	}
	return b;
}

bool km_imitations_is_brand(const km_imitations *x, const km_site *site)
{
	return km_brands_of_host(x->brands, site->host, true) != NULL;
}

/* What a reader takes the letters of @shown for: those of other scripts by their looks, accents not
 * at all. */
static size_t plain_letters(km_sv shown, char *out, size_t max)
{
	km_arena *a = km_arena_new(PLAIN_BYTES);
	UErrorCode st = U_ZERO_ERROR;
	const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&st);
	UChar wide[KM_HOST_TEXT], apart[KM_HOST_TEXT * 4];
	int32_t n = 0;
	size_t m = 0;
	km_sv key;

	if (a && km_view_key(a, shown, &key, NULL) == KM_OK && key.n <= INT32_MAX) {
		(void)u_strFromUTF8(wide, KM_HOST_TEXT, &n, key.p, (int32_t)key.n, &st);
		n = unorm2_normalize(nfkd, wide, n, apart, KM_HOST_TEXT * 4, &st);
	}
	for (int32_t i = 0; U_SUCCESS(st) && i < n && m < max; i++)
		if (apart[i] < 0x80)
			out[m++] = (char)apart[i];
	km_arena_free(a);
	return m;
}

static km_imitation international(const km_imitations *x, const km_site *site,
				  const km_brand **brand)
{
	char plain[KM_HOST_TEXT];
	km_sv rest = { plain, plain_letters(site->shown, plain, sizeof(plain)) }, label;
	km_imitation how = KM_IMITATION_NONE;

	while (km_sv_split(&rest, '.', &label)) {
		*brand = brand_of_label(x, label, &how);
		if (*brand)
			return how;
	}
	/* The plain letters of a label stand in its encoded form as they are (RFC 3492). */
	rest = site->host;
	while (km_sv_split(&rest, '.', &label)) {
		if (!km_sv_starts(label, KM_S("xn--")))
			continue;
		label = km_sv_from(km_sv_sub(label, 0, km_sv_rchr(label, '-')), 4);
		*brand = brand_of_label(x, label, &how);
		if (*brand)
			return how;
	}
	return KM_IMITATION_NONE;
}

km_imitation km_imitation_of(const km_imitations *x, const km_site *site, const km_brand **brand)
{
	enum { SHARED = KM_SITE_SHARED | KM_SITE_TRACKER | KM_SITE_REDIRECT | KM_SITE_SHORTENER };
	km_imitation how = KM_IMITATION_NONE;

	if (site->ip || km_site_has_gap(site) || site->kind & SHARED ||
	    km_brands_of_host(x->brands, site->host, true) ||
	    km_brands_is_mailbox(x->brands, site->domain))
		return KM_IMITATION_NONE;
	km_sv rest = km_site_chosen(site), label;
	if (site->host.n > site->domain.n) {
		km_sv left = km_sv_sub(site->host, 0, site->host.n - site->domain.n - 1);
		*brand = km_brands_of_host(x->brands, left, false);
		if (*brand)
			return KM_IMITATION_PREFIX;
	}
	while (km_sv_split(&rest, '.', &label)) {
		*brand = brand_of_label(x, label, &how);
		if (*brand)
			return how;
	}
	return site->shown.p != site->host.p ? international(x, site, brand) : KM_IMITATION_NONE;
}

const km_brand *km_imitated_in_path(const km_imitations *x, const km_url *url, const km_site *site)
{
	enum { SHARED = KM_SITE_SHARED | KM_SITE_TRACKER | KM_SITE_REDIRECT | KM_SITE_SHORTENER };
	km_sv rest = url->path, folder;

	if (site->kind & SHARED || km_sv_chr(rest, '.', 0) == rest.n)
		return NULL;
	/* Deeper down there are copies of pages, and ids of messages. */
	(void)km_sv_split(&rest, '/', &folder);
	if (folder.n || !km_sv_split(&rest, '/', &folder) || rest.p == NULL)
		return NULL;
	if (folder.n && folder.p[0] == '.')
		folder = km_sv_from(folder, 1);
	for (size_t i = 0; i < folder.n; i++)
		if (!km_is_alnum((unsigned char)folder.p[i]) && folder.p[i] != '.' &&
		    folder.p[i] != '-')
			return NULL;
	const km_brand *brand = folder.n && folder.n < KM_HOST_TEXT
					? km_brands_of_host(x->brands, folder, false)
					: NULL;
	return brand && !km_imitations_is_brand(x, site) ? brand : NULL;
}

bool km_imitates_jp(const km_site *site)
{
	const km_cues *ends = &km_cue_table[KM_CUES_jp_end];
	km_sv left = km_site_chosen(site);

	for (size_t at = 1; at < left.n; at++) {
		km_sv here = km_sv_from(left, at);
		if (left.p[at - 1] != '.' && left.p[at - 1] != '-')
			continue;
		for (size_t i = 0; i < ends->n; i++) {
			size_t n = ends->cue[i].n;
			char after = n < here.n ? here.p[n] : '.';
			if (km_sv_starts(here, ends->cue[i]) && (after == '.' || after == '-'))
				return true;
		}
	}
	return false;
}

bool km_site_is_random(const km_site *site)
{
	enum { SHORTEST = 7, CHANGES = 3, CONSONANTS = 6 };
	km_sv rest = km_site_chosen(site), label = { NULL, 0 }, next;
	size_t changes = 0, run = 0, longest = 0;

	while (km_sv_split(&rest, '.', &next))
		label = next;
	if (site->ip || label.n < SHORTEST || km_sv_starts(label, KM_S("xn--")))
		return false;
	for (size_t i = 0; i < label.n; i++) {
		unsigned char c = (unsigned char)label.p[i];
		if (i && km_is_digit(c) != km_is_digit((unsigned char)label.p[i - 1]))
			changes++;
		run = km_is_alpha(c) && !strchr("aeiouy", c) ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return changes >= CHANGES || longest >= CONSONANTS;
}
