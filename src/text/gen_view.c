/*
 * text/gen_view.c - runs while building: gen_view confusables.csv zh_only.txt
 * Writes the tables of text/view_table.h as C to standard output.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/view_table.h"

enum { BMP = 0x10000, MAX_FOLDS = 1024, MAX_KEEPS = 64, LINE = 512 };

/* Later rows win. What is not slow must be the same after NFKC and case folding, and must not join
 * what stands before it; tests/unit/text/test_view.c compares all of them with ICU. */
static const struct range {
	unsigned low, high;
	unsigned char is;
} ranges[] = {
	{ 0x0000, 0xFFFF, KM_VC_OTHER | KM_VF_SLOW },
	{ 0x0000, 0x007F, KM_VC_OTHER },
	{ 0x0000, 0x001F, KM_VC_CONTROL },
	{ 0x007F, 0x009F, KM_VC_CONTROL },
	{ '\t', '\n', KM_VC_SPACE },
	{ '\r', '\r', KM_VC_SPACE },
	{ ' ', ' ', KM_VC_SPACE },
	{ 0x00A0, 0x00A0, KM_VC_SPACE },
	{ '0', '9', KM_VC_DIGIT },
	{ 'A', 'Z', KM_VC_LATIN },
	{ 'a', 'z', KM_VC_LATIN },
	{ 0x00A1, 0x00A7, KM_VC_OTHER },
	{ 0x00A9, 0x00A9, KM_VC_OTHER },
	{ 0x00AB, 0x00AE, KM_VC_OTHER },
	{ 0x00B0, 0x00B1, KM_VC_OTHER },
	{ 0x00B6, 0x00B7, KM_VC_OTHER },
	{ 0x00BB, 0x00BB, KM_VC_OTHER },
	{ 0x00BF, 0x00BF, KM_VC_OTHER },
	{ 0x00C0, 0x024F, KM_VC_LATIN | KM_VF_SLOW },
	{ 0x0250, 0x02AF, KM_VC_LATIN | KM_VF_SLOW },
	{ 0x00D7, 0x00D7, KM_VC_OTHER },
	{ 0x00F7, 0x00F7, KM_VC_OTHER },
	{ 0x00DF, 0x00F6, KM_VC_LATIN },
	{ 0x00DF, 0x00DF, KM_VC_LATIN | KM_VF_SLOW },
	{ 0x00F8, 0x00FF, KM_VC_LATIN },
	{ 0x0300, 0x036F, KM_VC_MARK | KM_VF_SLOW },
	{ 0x0370, 0x03FF, KM_VC_GREEK | KM_VF_SLOW },
	{ 0x0400, 0x052F, KM_VC_CYRILLIC | KM_VF_SLOW },
	{ 0x0430, 0x045F, KM_VC_CYRILLIC },
	{ 0x0483, 0x0489, KM_VC_MARK | KM_VF_SLOW },
	{ 0x0531, 0x0587, KM_VC_LOOK | KM_VF_SLOW },
	{ 0x1100, 0x11FF, KM_VC_HANGUL | KM_VF_SLOW },
	{ 0x1680, 0x1680, KM_VC_SPACE },
	{ 0x1AB0, 0x1AFF, KM_VC_MARK | KM_VF_SLOW },
	{ 0x1C80, 0x1C88, KM_VC_CYRILLIC | KM_VF_SLOW },
	{ 0x1D00, 0x1D25, KM_VC_LATIN | KM_VF_SLOW },
	{ 0x1DC0, 0x1DFF, KM_VC_MARK | KM_VF_SLOW },
	{ 0x1E00, 0x1EFF, KM_VC_LATIN | KM_VF_SLOW },
	{ 0x1F00, 0x1FFF, KM_VC_GREEK | KM_VF_SLOW },
	{ 0x2000, 0x200A, KM_VC_SPACE },
	{ 0x2028, 0x2029, KM_VC_SPACE },
	{ 0x202F, 0x202F, KM_VC_SPACE },
	{ 0x205F, 0x205F, KM_VC_SPACE },
	{ 0x2010, 0x2013, KM_VC_HYPHEN },
	{ 0x2014, 0x2016, KM_VC_OTHER },
	{ 0x2018, 0x2023, KM_VC_OTHER },
	{ 0x20D0, 0x20FF, KM_VC_MARK | KM_VF_SLOW },
	{ 0x2190, 0x21FF, KM_VC_OTHER },
	{ 0x2203, 0x2203, KM_VC_OTHER },
	{ 0x2212, 0x2212, KM_VC_HYPHEN },
	{ 0x2215, 0x2215, KM_VC_OTHER },
	{ 0x223C, 0x223C, KM_VC_WAVE },
	{ 0x2500, 0x27BF, KM_VC_OTHER },
	{ 0x2DE0, 0x2DFF, KM_VC_MARK | KM_VF_SLOW },
	{ 0x2E80, 0x2FDF, KM_VC_HAN | KM_VF_SLOW },
	{ 0x3000, 0x3000, KM_VC_SPACE },
	{ 0x3001, 0x3004, KM_VC_CJK_PUNCT },
	{ 0x3005, 0x3007, KM_VC_HAN },
	{ 0x3008, 0x3029, KM_VC_CJK_PUNCT },
	{ 0x302A, 0x302F, KM_VC_MARK | KM_VF_SLOW },
	{ 0x3030, 0x3030, KM_VC_WAVE },
	{ 0x3031, 0x3035, KM_VC_CJK_PUNCT },
	{ 0x3036, 0x303F, KM_VC_CJK_PUNCT | KM_VF_SLOW },
	{ 0x3041, 0x3096, KM_VC_HIRAGANA },
	{ 0x3099, 0x309A, KM_VC_MARK | KM_VF_SLOW },
	{ 0x309B, 0x309C, KM_VC_VOICED | KM_VF_SLOW },
	{ 0x309D, 0x309E, KM_VC_HIRAGANA },
	{ 0x309F, 0x309F, KM_VC_HIRAGANA | KM_VF_SLOW },
	{ 0x30A0, 0x30A0, KM_VC_CJK_PUNCT },
	{ 0x30A1, 0x30FE, KM_VC_KATAKANA },
	{ 0x30F5, 0x30F6, KM_VC_SMALL_KE },
	{ 0x30FB, 0x30FB, KM_VC_CJK_PUNCT },
	{ 0x30FF, 0x30FF, KM_VC_KATAKANA | KM_VF_SLOW },
	{ 0x31F0, 0x31FF, KM_VC_KATAKANA },
	{ 0x3400, 0x4DBF, KM_VC_HAN },
	{ 0x4E00, 0x9FFF, KM_VC_HAN },
	{ 0xA640, 0xA69F, KM_VC_CYRILLIC | KM_VF_SLOW },
	{ 0xA66F, 0xA672, KM_VC_MARK | KM_VF_SLOW },
	{ 0xA674, 0xA67D, KM_VC_MARK | KM_VF_SLOW },
	{ 0xA69E, 0xA69F, KM_VC_MARK | KM_VF_SLOW },
	{ 0xA720, 0xA7FF, KM_VC_LATIN | KM_VF_SLOW },
	{ 0xAC00, 0xD7A3, KM_VC_HANGUL },
	{ 0xE000, 0xF8FF, KM_VC_OTHER },
	{ 0xF900, 0xFAFF, KM_VC_HAN | KM_VF_SLOW },
	{ 0xFE20, 0xFE2F, KM_VC_MARK | KM_VF_SLOW },
	{ 0xFF01, 0xFF5D, KM_VC_FULLWIDTH },
	{ 0xFF5E, 0xFF5E, KM_VC_WAVE },
	{ 0xFF66, 0xFF9D, KM_VC_KATAKANA | KM_VF_SLOW },
	{ 0xFFFD, 0xFFFD, KM_VC_OTHER },
	/* Default ignorable code points (Unicode 15), and the blank that is not one, U+2800. */
	{ 0x00AD, 0x00AD, KM_VC_DROP },
	{ 0x034F, 0x034F, KM_VC_DROP },
	{ 0x061C, 0x061C, KM_VC_DROP },
	{ 0x115F, 0x1160, KM_VC_DROP },
	{ 0x17B4, 0x17B5, KM_VC_DROP },
	{ 0x180B, 0x180F, KM_VC_DROP },
	{ 0x200B, 0x200F, KM_VC_DROP },
	{ 0x2060, 0x206F, KM_VC_DROP },
	{ 0x202A, 0x202E, KM_VC_BIDI },
	{ 0x2066, 0x2069, KM_VC_BIDI },
	{ 0x2800, 0x2800, KM_VC_DROP },
	{ 0x3164, 0x3164, KM_VC_DROP },
	{ 0xFE00, 0xFE0F, KM_VC_DROP },
	{ 0xFEFF, 0xFEFF, KM_VC_DROP },
	{ 0xFFA0, 0xFFA0, KM_VC_DROP },
	{ 0xFFF0, 0xFFF8, KM_VC_DROP },
};

static const char *const rule_names[] = {
#define X(id, name) name,
	KM_VIEW_RULES(X)
#undef X
};

static unsigned char is[BMP];
static km_view_fold folds[MAX_FOLDS];
static km_view_keep keeps[MAX_KEEPS];
static unsigned n_folds, n_keeps;

static void stop(const char *what, const char *which)
{
	fprintf(stderr, "gen_view: %s: %s\n", what, which);
	exit(1);
}

/* The character at *s (UTF-8 of the BMP, in our own files), *s moved past it. */
static unsigned next(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	unsigned n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : 3;

	if (p[0] >= 0xF0 || (n > 1 && (p[1] & 0xC0) != 0x80) || (n > 2 && (p[2] & 0xC0) != 0x80))
		stop("not UTF-8 of the basic plane", *s);
	*s += n;
	if (n == 1)
		return p[0];
	return n == 2 ? (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu)
		      : (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
}

static void add_keep(const char *word)
{
	km_view_keep *k = &keeps[n_keeps++];

	if (n_keeps == MAX_KEEPS)
		stop("too many words to keep", word);
	while (*word) {
		if (k->n == KM_VIEW_KEEP_MAX)
			stop("word to keep is too long", word);
		k->cp[k->n++] = (uint16_t)next(&word);
	}
}

static const char columns[] = "canonical,lookalike,code_point,rule,note";

static void add_fold(char *line)
{
	char *field[4], *p = line;
	unsigned rule = 0;

	if (strcmp(line, columns) == 0)
		return;
	for (int i = 0; i < 4; i++) {
		field[i] = p;
		p = strchr(p, ',');
		if (p == NULL)
			stop("five fields are wanted", line);
		*p++ = '\0';
	}
	while (rule < KM_VR_COUNT &&
	       (rule == KM_VR_AFTER ? strncmp(field[3], rule_names[rule], strlen(rule_names[rule]))
				    : strcmp(field[3], rule_names[rule])) != 0)
		rule++;
	if (rule == KM_VR_COUNT)
		stop("no such rule", field[3]);
	if (rule == KM_VR_KEEP) {
		add_keep(field[1]);
		return;
	}
	if (n_folds == MAX_FOLDS)
		stop("too many look-alikes", line);
	const char *from = field[1], *to = field[0],
		   *after = field[3] + strlen(rule_names[KM_VR_AFTER]);
	km_view_fold *f = &folds[n_folds++];
	f->from = (uint16_t)next(&from);
	f->to = (uint16_t)next(&to);
	f->after = rule == KM_VR_AFTER ? (uint16_t)next(&after) : 0;
	f->rule = (uint8_t)rule;
	if (*from || *to)
		stop("single characters are wanted", field[1]);
	is[f->from] |= KM_VF_FOLD;
}

static void add_zh(char *line)
{
	for (const char *p = line; *p;)
		is[next(&p)] |= KM_VF_ZH;
}

static void read_lines(const char *path, void (*add)(char *line))
{
	char line[LINE];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		stop("can not open", path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] && line[0] != '#')
			add(line);
	}
	fclose(f);
}

static int by_from(const void *a, const void *b)
{
	return (int)((const km_view_fold *)a)->from - (int)((const km_view_fold *)b)->from;
}

static void print_classes(void)
{
	unsigned char page[256];
	unsigned pages = 0, first[256];

	printf("const uint8_t km_view_class[][256] = {\n");
	for (unsigned i = 0; i < 256; i++) {
		unsigned same = 0;
		while (same < pages && memcmp(is + first[same] * 256, is + i * 256, 256) != 0)
			same++;
		page[i] = (unsigned char)same;
		if (same < pages)
			continue;
		first[pages++] = i;
		printf("\t{");
		for (unsigned k = 0; k < 256; k++)
			printf("%s%u,", k % 24 ? " " : "\n\t\t", is[i * 256 + k]);
		printf("\n\t},\n");
	}
	printf("};\n\nconst uint8_t km_view_page[256] = {");
	for (unsigned i = 0; i < 256; i++)
		printf("%s%u,", i % 24 ? " " : "\n\t", page[i]);
	printf("\n};\n");
}

int main(int argc, char **argv)
{
	if (argc != 3)
		stop("usage", "gen_view confusables.csv zh_only.txt");
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		memset(is + ranges[i].low, ranges[i].is, ranges[i].high - ranges[i].low + 1);
	read_lines(argv[1], add_fold);
	read_lines(argv[2], add_zh);
	qsort(folds, n_folds, sizeof(folds[0]), by_from);
	printf("/* Written by gen_view while building. */\n#include \"text/view_table.h\"\n\n");
	print_classes();
	printf("\nconst km_view_fold km_view_folds[] = {\n");
	for (unsigned i = 0; i < n_folds; i++) {
		if (i && folds[i].from == folds[i - 1].from)
			stop("two rules for one look-alike", rule_names[folds[i].rule]);
		printf("\t{ 0x%x, 0x%x, 0x%x, %u },\n", folds[i].from, folds[i].to, folds[i].after,
		       folds[i].rule);
	}
	printf("};\nconst uint32_t km_view_n_folds = %u;\n\nconst km_view_keep km_view_keeps[] = "
	       "{\n",
	       n_folds);
	for (unsigned i = 0; i < n_keeps; i++) {
		printf("\t{ {");
		for (unsigned k = 0; k < keeps[i].n; k++)
			printf(" 0x%x,", keeps[i].cp[k]);
		printf(" }, %u },\n", keeps[i].n);
	}
	printf("};\nconst uint32_t km_view_n_keeps = %u;\n", n_keeps);
	return fflush(stdout) == 0 ? 0 : 1;
}
