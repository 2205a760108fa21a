#include "text/html_style.h"

#include "text/html_tables.h"
#include "text/utf8.h"

enum { PX = 100 };

/* ---- reading text ---- */

/* Classes of bytes besides those that km_css_skip() may stop at. */
enum { QUOTE = 32, PAREN = 64, NAME = 128 };

static const uint8_t class_of[256] = {
	[';'] = KM_CSS_SEMICOLON,
	['{'] = KM_CSS_OPEN,
	['}'] = KM_CSS_CLOSE,
	[','] = KM_CSS_COMMA,
	[' '] = KM_CSS_SPACE,
	['\t'] = KM_CSS_SPACE,
	['\r'] = KM_CSS_SPACE,
	['\n'] = KM_CSS_SPACE,
	['\f'] = KM_CSS_SPACE,
	['"'] = QUOTE,
	['\''] = QUOTE,
	['('] = PAREN,
	[')'] = PAREN,
	['0' ... '9'] = NAME,
	['A' ... 'Z'] = NAME,
	['a' ... 'z'] = NAME,
	['-'] = NAME,
	['_'] = NAME,
};

static bool is_space(char c)
{
	return class_of[(unsigned char)c] == KM_CSS_SPACE;
}

static bool is_name(char c)
{
	return class_of[(unsigned char)c] == NAME;
}

/* A hexadecimal escape of a character after the backslash at @i; gives its end. */
static size_t unescape(km_buf *b, km_sv v, size_t i)
{
	int32_t c = 0;
	size_t from = ++i;

	while (i < v.n && i < from + 6 && km_hex_value((unsigned char)v.p[i]) >= 0)
		c = c * 16 + km_hex_value((unsigned char)v.p[i++]);
	if (i == from) {
		/* An escaped sign is part of a name and does what a letter does. */
		if (i < v.n && (unsigned char)v.p[i] < 0x80)
			km_buf_byte(b, is_name(v.p[i]) ? v.p[i] : '_'), i++;
		return i;
	}
	if (i < v.n && is_space(v.p[i]))
		i++;
	if (c < 0x80 && !is_name((char)c))
		c = '_';
	km_utf8_add(b, c);
	return i;
}

km_sv km_css_clean(km_arena *a, km_sv text)
{
	km_buf b;
	size_t from = 0, i = 0;

	if (km_sv_chr(text, '\\', 0) == text.n && km_sv_chr(text, '*', 0) == text.n)
		return text;
	km_buf_init(&b, a, text.n * 3);
	while (i < text.n) {
		bool comment = text.p[i] == '/' && i + 1 < text.n && text.p[i + 1] == '*';
		if (text.p[i] != '\\' && !comment) {
			i++;
			continue;
		}
		km_buf_add(&b, km_sv_sub(text, from, i - from));
		if (comment) {
			i = km_sv_find(text, KM_S("*/"), i + 2);
			i = i < text.n ? i + 2 : i;
			km_buf_byte(&b, ' ');
		} else {
			i = unescape(&b, text, i);
		}
		from = i;
	}
	km_buf_add(&b, km_sv_from(text, from));
	return km_buf_sv(&b);
}

/* From the quotation mark at @i to behind the one that ends it. Lines end a string too. */
static size_t skip_string(km_sv v, size_t i)
{
	char quote = v.p[i++];

	while (i < v.n && v.p[i] != quote && v.p[i] != '\n')
		i++;
	return i < v.n ? i + 1 : i;
}

/* From behind "url(" to its ")". */
static size_t skip_url(km_sv v, size_t i, const km_css_urls *urls)
{
	while (i < v.n && is_space(v.p[i]))
		i++;
	bool quoted = i < v.n && (v.p[i] == '"' || v.p[i] == '\'');
	size_t end = quoted ? skip_string(v, i) : km_sv_chr(v, ')', i);
	km_sv url = km_sv_sub(v, i + quoted, end - i - quoted);

	if (quoted && url.n && url.p[url.n - 1] == v.p[i])
		url.n--;
	url = km_sv_trim(url);
	if (urls && url.n)
		urls->found(urls->ctx, url);
	return quoted ? km_sv_chr(v, ')', end) : end;
}

size_t km_css_skip(km_sv v, size_t i, unsigned stops, const km_css_urls *urls)
{
	size_t depth = 0, from = i;

	while (i < v.n) {
		unsigned c = class_of[(unsigned char)v.p[i]] & (stops | QUOTE | PAREN);
		if (c == 0 || (depth && c < QUOTE)) {
			i++;
		} else if (c < QUOTE) {
			return i;
		} else if (c == QUOTE) {
			i = skip_string(v, i);
		} else if (v.p[i] == '(' && i >= from + 3 &&
			   km_sv_ieq(km_sv_sub(v, i - 3, 3), KM_S("url"))) {
			i = skip_url(v, i + 1, urls);
			i += i < v.n;
		} else {
			depth += v.p[i] == '(';
			depth -= v.p[i] == ')' && depth > 0;
			i++;
		}
	}
	return i;
}

/* ---- values ---- */

/* A number in thousandths; @end is where it ends. False when there is none. */
static bool number(km_sv v, int64_t *out, size_t *end)
{
	size_t i = 0, digits = 0;
	int64_t x = 0, scale = 1000;
	bool minus = v.n && v.p[0] == '-', point = false;

	if (v.n && (v.p[0] == '-' || v.p[0] == '+'))
		i++;
	for (; i < v.n; i++) {
		if (v.p[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (!km_is_digit((unsigned char)v.p[i]))
			break;
		digits++;
		if (point)
			scale /= 10;
		if (!point && x < 1000000000)
			x = x * 10 + (v.p[i] - '0') * 1000;
		else if (point)
			x += (v.p[i] - '0') * scale;
	}
	*out = minus ? -x : x;
	*end = i;
	return digits > 0;
}

/* Thousandths of a pixel; percent of a page a thousand pixels wide. */
static const struct {
	char unit[4];
	int32_t px1000;
	bool relative; /* to the font of the parent */
} units[] = {
	{ "px", 1000, false },	{ "", 1000, false },	{ "pt", 1333, false },
	{ "%", 10000, true },	{ "em", 16000, true },	{ "rem", 16000, false },
	{ "ex", 8000, true },	{ "ch", 8000, true },	{ "vw", 10000, false },
	{ "vh", 10000, false }, { "pc", 16000, false }, { "in", 96000, false },
	{ "cm", 37795, false }, { "mm", 3780, false },
};

static int32_t clamp(int64_t x)
{
	return (int32_t)(x > INT32_MAX ? INT32_MAX : x < -INT32_MAX ? -INT32_MAX : x);
}

/* A length in hundredths of a pixel; font sizes relative to the parent's as km_css has them. */
static bool length(km_sv v, bool font, int32_t *out)
{
	int64_t x;
	size_t end;

	if (!number(v, &x, &end))
		return false;
	km_sv unit = km_sv_from(v, end);
	for (size_t i = 0; i < KM_COUNT(units); i++) {
		if (!km_sv_ieq(unit, km_sv_of(units[i].unit)))
			continue;
		if (font && x < 0)
			return false;
		if (font && units[i].relative)
			x = -(units[i].px1000 == 10000 ? x / 10 : x * (units[i].px1000 / 1600));
		else
			x = x * units[i].px1000 / 10000;
		*out = clamp(x);
		return true;
	}
	return false;
}

static bool hex_colour(km_sv v, int32_t *out)
{
	uint32_t c = 0;
	bool alpha = v.n == 4 || v.n == 8, small = v.n <= 4;

	if (v.n != 3 && v.n != 4 && v.n != 6 && v.n != 8)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		int d = km_hex_value((unsigned char)v.p[i]);
		if (d < 0)
			return false;
		c = c << 4 | (unsigned)d;
		if (small)
			c = c << 4 | (unsigned)d;
	}
	if (alpha && (c & 0xFF) < 0x80)
		*out = KM_CSS_TRANSPARENT;
	else
		*out = (int32_t)(alpha ? c >> 8 : c);
	return true;
}

/* The arguments of rgb() or rgba(). */
static bool rgb_colour(km_sv v, int32_t *out)
{
	int64_t x[4] = { 0, 0, 0, 1000 };
	size_t n = 0, end;

	for (size_t i = 0; i < v.n && n < 4; n++) {
		while (i < v.n && (is_space(v.p[i]) || v.p[i] == ',' || v.p[i] == '/'))
			i++;
		if (i == v.n || v.p[i] == ')')
			break;
		if (!number(km_sv_from(v, i), &x[n], &end))
			return false;
		i += end;
		if (i < v.n && v.p[i] == '%') {
			x[n] = n < 3 ? x[n] * 255 / 100 : x[n] / 100;
			i++;
		}
		x[n] = x[n] < 0 ? 0 : x[n] > 255000 ? 255000 : x[n];
	}
	if (n < 3)
		return false;
	if (x[3] < 500)
		*out = KM_CSS_TRANSPARENT;
	else
		*out = (int32_t)(x[0] / 1000 << 16 | x[1] / 1000 << 8 | x[2] / 1000);
	return true;
}

bool km_css_colour(km_sv v, int32_t *out)
{
	unsigned name;

	if (v.n == 0)
		return false;
	if (v.p[0] == '#')
		return hex_colour(km_sv_from(v, 1), out);
	if (km_sv_istarts(v, KM_S("rgb(")))
		return rgb_colour(km_sv_from(v, 4), out);
	if (km_sv_istarts(v, KM_S("rgba(")))
		return rgb_colour(km_sv_from(v, 5), out);
	if (km_sv_ieq(v, KM_S("transparent"))) {
		*out = KM_CSS_TRANSPARENT;
		return true;
	}
	name = km_word_find(&km_colour_words, v);
	*out = (int32_t)km_colour_rgb[name];
	return name != 0;
}

bool km_css_attr_colour(km_sv v, int32_t *out)
{
	v = km_sv_trim(v);
	return km_css_colour(v, out) || ((v.n == 3 || v.n == 6) && hex_colour(v, out));
}

/* ---- properties ---- */

static void set(km_css *css, km_css_field f, int32_t x)
{
	css->set |= 1u << f;
	css->v[f] = x;
}

void km_css_merge(km_css *css, const km_css *over)
{
	uint32_t wins = over->set & ~(css->important & ~over->important);

	css->set |= wins;
	css->important |= over->important & wins;
	for (; wins; wins &= wins - 1) {
		int f = __builtin_ctz(wins);
		css->v[f] = over->v[f];
	}
}

/* Takes the next word off @rest; parentheses keep theirs together. */
static bool word(km_sv *rest, km_sv *out)
{
	*rest = km_sv_trim(*rest);
	if (rest->n == 0)
		return false;
	size_t end = km_css_skip(*rest, 0, KM_CSS_SPACE | KM_CSS_COMMA, NULL);
	*out = km_sv_sub(*rest, 0, end);
	*rest = km_sv_from(*rest, end + 1);
	return true;
}

typedef struct {
	const char *value;
	int32_t x;
} keyword;

/* The number of the keyword @v in the table @k, which ends with the value for all others. */
static int32_t keyword_value(const keyword *k, km_sv v)
{
	while (k->value && !km_sv_ieq(v, km_sv_of(k->value)))
		k++;
	return k->x;
}

enum { UNSET = INT32_MIN };

static const keyword displays[] = {
	{ "none", KM_CSS_NONE },	   { "inline", KM_CSS_INLINE },
	{ "inline-block", KM_CSS_INLINE }, { "inline-table", KM_CSS_INLINE },
	{ "inline-flex", KM_CSS_INLINE },  { "contents", KM_CSS_INLINE },
	{ "table-cell", KM_CSS_CELL },	   { "inherit", UNSET },
	{ "initial", KM_CSS_INLINE },	   { NULL, KM_CSS_BLOCK },
};
static const keyword visibilities[] = {
	{ "hidden", 1 }, { "collapse", 1 }, { "visible", 0 }, { NULL, UNSET }
};
static const keyword overflows[] = { { "hidden", 1 }, { "clip", 1 }, { NULL, 0 } };
static const keyword positions[] = {
	{ "absolute", 1 }, { "fixed", 1 }, { "relative", 2 }, { NULL, 0 }
};
static const keyword mso_hides[] = { { "all", 1 }, { NULL, 0 } };
static const keyword white_spaces[] = {
	{ "pre", 1 }, { "pre-wrap", 1 }, { "break-spaces", 1 }, { "inherit", UNSET }, { NULL, 0 }
};
static const keyword font_sizes[] = {
	{ "xx-small", 9 * PX }, { "x-small", 10 * PX },	 { "small", 13 * PX },
	{ "medium", 16 * PX },	{ "initial", 16 * PX },	 { "large", 18 * PX },
	{ "x-large", 24 * PX }, { "xx-large", 32 * PX }, { "smaller", -8333 },
	{ "larger", -12000 },	{ NULL, UNSET },
};

static void read_keyword(km_css *css, km_css_field f, const keyword *k, km_sv v)
{
	int32_t x = keyword_value(k, v);

	if (x != UNSET)
		set(css, f, x);
}

static void read_font_size(km_css *css, km_sv v)
{
	int32_t x;

	if (length(v, true, &x))
		set(css, KM_CSS_FONT_SIZE, x);
	else
		read_keyword(css, KM_CSS_FONT_SIZE, font_sizes, v);
}

/* The size is the first number of the shorthand that is not a weight. */
static void read_font(km_css *css, km_sv v)
{
	km_sv w;
	int64_t x;
	size_t end;

	while (word(&v, &w)) {
		w = km_sv_sub(w, 0, km_sv_chr(w, '/', 0));
		bool numeric = number(w, &x, &end);
		if (numeric && end == w.n && x >= 100000)
			continue;
		if (!numeric && keyword_value(font_sizes, w) == UNSET)
			continue;
		read_font_size(css, w);
		return;
	}
}

static bool is_image(km_sv w)
{
	return km_sv_istarts(w, KM_S("url(")) ||
	       km_sv_ifind(km_sv_sub(w, 0, 40), KM_S("gradient("), 0) < (w.n < 40 ? w.n : 40);
}

static void read_background(km_css *css, km_sv v)
{
	km_sv w;
	int32_t c;

	while (word(&v, &w)) {
		if (is_image(w))
			set(css, KM_CSS_BACKGROUND_IMAGE, 1);
		else if (km_css_colour(w, &c))
			set(css, KM_CSS_BACKGROUND, c);
		else if (km_sv_ieq(w, KM_S("none")))
			set(css, KM_CSS_BACKGROUND_IMAGE, 0);
	}
}

static void read_opacity(km_css *css, km_sv v)
{
	int64_t x;
	size_t end;

	if (number(v, &x, &end))
		set(css, KM_CSS_OPACITY, clamp(end < v.n && v.p[end] == '%' ? x / 1000 : x / 10));
}

/* rect(top, right, bottom, left): nothing is left when its sides meet. */
static void read_clip(km_css *css, km_sv v)
{
	int32_t side[4];
	km_sv w;

	if (!km_sv_istarts(v, KM_S("rect("))) {
		set(css, KM_CSS_CLIP, 0);
		return;
	}
	v = km_sv_sub(v, 5, km_sv_chr(v, ')', 0) - 5);
	for (int i = 0; i < 4; i++)
		if (!word(&v, &w) || !length(w, false, &side[i]))
			return;
	set(css, KM_CSS_CLIP, side[2] - side[0] <= PX || side[1] - side[3] <= PX);
}

static void read_clip_path(km_css *css, km_sv v)
{
	int64_t x;
	size_t end;

	if (km_sv_istarts(v, KM_S("inset(")) && number(km_sv_from(v, 6), &x, &end))
		set(css, KM_CSS_CLIP_PATH, x >= 50000 && v.p[6 + end] == '%');
	else if (km_sv_istarts(v, KM_S("circle(")) && number(km_sv_from(v, 7), &x, &end))
		set(css, KM_CSS_CLIP_PATH, x == 0);
}

static void read_transform(km_css *css, km_sv v)
{
	size_t at = km_sv_ifind(km_sv_sub(v, 0, 200), KM_S("scale"), 0), end;
	int64_t x;

	at = km_sv_chr(v, '(', at);
	if (at < v.n && number(km_sv_from(v, at + 1), &x, &end))
		set(css, KM_CSS_SCALE, x <= 20);
}

/* What is done with the value of a property: one of these. */
typedef struct {
	km_css_field field;
	const keyword *keywords;
	bool length, colour;
	void (*read)(km_css *css, km_sv v);
} property;

static const property properties[KM_PROP_COUNT] = {
	[KM_PROP_BACKGROUND] = { .read = read_background },
	[KM_PROP_BACKGROUND_COLOR] = { KM_CSS_BACKGROUND, .colour = true },
	[KM_PROP_BACKGROUND_IMAGE] = { .read = read_background },
	[KM_PROP_BOTTOM] = { KM_CSS_BOTTOM, .length = true },
	[KM_PROP_CLIP] = { .read = read_clip },
	[KM_PROP_CLIP_PATH] = { .read = read_clip_path },
	[KM_PROP_COLOR] = { KM_CSS_COLOUR, .colour = true },
	[KM_PROP_DISPLAY] = { KM_CSS_DISPLAY, displays },
	[KM_PROP_FONT] = { .read = read_font },
	[KM_PROP_FONT_SIZE] = { .read = read_font_size },
	[KM_PROP_HEIGHT] = { KM_CSS_HEIGHT, .length = true },
	[KM_PROP_LEFT] = { KM_CSS_LEFT, .length = true },
	[KM_PROP_MARGIN_LEFT] = { KM_CSS_MARGIN_LEFT, .length = true },
	[KM_PROP_MARGIN_TOP] = { KM_CSS_MARGIN_TOP, .length = true },
	[KM_PROP_MAX_HEIGHT] = { KM_CSS_MAX_HEIGHT, .length = true },
	[KM_PROP_MAX_WIDTH] = { KM_CSS_MAX_WIDTH, .length = true },
	[KM_PROP_MSO_HIDE] = { KM_CSS_MSO_HIDE, mso_hides },
	[KM_PROP_OPACITY] = { .read = read_opacity },
	[KM_PROP_OVERFLOW] = { KM_CSS_OVERFLOW, overflows },
	[KM_PROP_OVERFLOW_X] = { KM_CSS_OVERFLOW, overflows },
	[KM_PROP_OVERFLOW_Y] = { KM_CSS_OVERFLOW, overflows },
	[KM_PROP_POSITION] = { KM_CSS_POSITION, positions },
	[KM_PROP_RIGHT] = { KM_CSS_RIGHT, .length = true },
	[KM_PROP_TEXT_INDENT] = { KM_CSS_INDENT, .length = true },
	[KM_PROP_TOP] = { KM_CSS_TOP, .length = true },
	[KM_PROP_TRANSFORM] = { .read = read_transform },
	[KM_PROP_VISIBILITY] = { KM_CSS_VISIBILITY, visibilities },
	[KM_PROP_WHITE_SPACE] = { KM_CSS_PRE, white_spaces },
	[KM_PROP_WIDTH] = { KM_CSS_WIDTH, .length = true },
};

/* Cuts "!important" off @v. */
static bool take_important(km_sv *v)
{
	size_t bang = km_sv_rchr(*v, '!');

	if (bang == v->n || !km_sv_ieq(km_sv_trim(km_sv_from(*v, bang + 1)), KM_S("important")))
		return false;
	*v = km_sv_trim(km_sv_sub(*v, 0, bang));
	return true;
}

static void declare(km_css *css, const property *p, km_sv v)
{
	km_css one;
	int32_t x;

	one.set = 0;
	bool important = take_important(&v);
	if (p->keywords)
		read_keyword(&one, p->field, p->keywords, v);
	else if (p->length && length(v, false, &x))
		set(&one, p->field, x);
	else if (p->colour && km_css_colour(v, &x))
		set(&one, p->field, x);
	else if (p->read)
		p->read(&one, v);
	one.important = important ? one.set : 0;
	km_css_merge(css, &one);
}

void km_css_declarations(km_arena *a, km_sv text, km_css *css, const km_css_urls *urls)
{
	km_sv v = km_css_clean(a, text);

	for (size_t i = 0; i < v.n; i++) {
		while (i < v.n && (is_space(v.p[i]) || v.p[i] == ';'))
			i++;
		size_t name = i;
		while (i < v.n && is_name(v.p[i]))
			i++;
		km_sv what = km_sv_sub(v, name, i - name);
		while (i < v.n && is_space(v.p[i]))
			i++;
		size_t from = i + 1;
		bool good = what.n && i < v.n && v.p[i] == ':';
		i = km_css_skip(v, i, KM_CSS_SEMICOLON, urls);
		unsigned prop = good ? km_word_find(&km_prop_words, what) : 0;
		if (prop)
			declare(css, &properties[prop], km_sv_trim(km_sv_sub(v, from, i - from)));
	}
}
