/*
 * text/gen_jis.c - runs while building: asks the C library's iconv for the double-byte tables of
 * text/jis.c and writes them as C to standard output. What a code point is worth arguing about
 * (wave dash, NEC row 13) is checked, so that a different iconv stops the build and not the mail.
 */
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 94, CP932_ROWS = 120, COMBINING_SHIFT = 21 };

/* Second code points of the JIS X 0213 characters that Unicode writes with two; number is index
 * + 1. */
static const uint32_t combining[] = { 0x309A, 0x0300, 0x0301, 0x02E5, 0x02E9 };

typedef size_t encode_fn(unsigned row, unsigned cell, unsigned char *out);

static size_t as_cp932(unsigned row, unsigned cell, unsigned char *out)
{
	unsigned lead = row / 2, trail = row % 2 ? 0x9F + cell : 0x40 + cell;

	out[0] = (unsigned char)(lead < 31 ? 0x81 + lead : 0xC1 + lead);
	out[1] = (unsigned char)(row % 2 == 0 && trail >= 0x7F ? trail + 1 : trail);
	return 2;
}

static size_t as_euc(unsigned row, unsigned cell, unsigned char *out)
{
	out[0] = (unsigned char)(0xA1 + row);
	out[1] = (unsigned char)(0xA1 + cell);
	return 2;
}

static size_t as_euc_third(unsigned row, unsigned cell, unsigned char *out)
{
	out[0] = 0x8F;
	return 1 + as_euc(row, cell, out + 1);
}

static const struct table {
	const char *name, *type;
	const char *charset[2]; /* the second is asked where the first knows nothing */
	encode_fn *encode;
	unsigned rows;
} tables[] = {
	{ "km_jis_x0208", "uint16_t", { "CP932" }, as_cp932, CP932_ROWS },
	{ "km_jis_x0212", "uint16_t", { "EUC-JP", "EUC-JP-MS" }, as_euc_third, CELLS },
	{ "km_jis_x0213_1", "uint32_t", { "EUC-JISX0213" }, as_euc, CELLS },
	{ "km_jis_x0213_2", "uint32_t", { "EUC-JISX0213" }, as_euc_third, CELLS },
	{ "km_jis_gb2312", "uint16_t", { "EUC-CN" }, as_euc, CELLS },
	{ "km_jis_ks_x1001", "uint16_t", { "EUC-KR" }, as_euc, CELLS },
};

static const struct {
	unsigned table, row, cell;
	uint32_t want;
} known[] = {
	{ 0, 0, 32, 0xFF5E },	/* wave dash, as CP932 has it */
	{ 0, 3, 1, 0x3042 },	/* あ */
	{ 0, 12, 0, 0x2460 },	/* NEC row 13: ① */
	{ 0, 94, 0, 0xE000 },	/* user-defined */
	{ 0, 118, 11, 0x9ED1 }, /* 黑, last of the IBM extensions */
	{ 1, 15, 0, 0x4E02 },	/* 丂 */
	{ 2, 3, 86, 0x20304B }, /* か゚: か and combining[0] */
	{ 3, 0, 0, 0x20089 },	/* a character beyond U+FFFF */
	{ 4, 15, 0, 0x554A },	/* 啊 */
	{ 5, 15, 0, 0xAC00 },	/* 가 */
};

static void stop(const char *what, const char *which)
{
	fprintf(stderr, "gen_jis: %s: %s\n", what, which);
	exit(1);
}

/* What iconv makes of @n bytes, in the form of the tables; 0 when it knows no character. */
static uint32_t ask(iconv_t cd, unsigned char *in, size_t n)
{
	uint32_t cp[4];
	char *from = (char *)in, *to = (char *)cp;
	size_t left = sizeof(cp);

	iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &from, &n, &to, &left) != 0 || n != 0 ||
	    iconv(cd, NULL, NULL, &to, &left) != 0)
		return 0;
	switch ((sizeof(cp) - left) / sizeof(cp[0])) {
	case 1:
		return cp[0];
	case 2:
		for (uint32_t i = 0; i < sizeof(combining) / sizeof(combining[0]); i++)
			if (cp[1] == combining[i])
				return cp[0] | (i + 1) << COMBINING_SHIFT;
		return 0;
	default:
		return 0;
	}
}

static void fill(const struct table *t, uint32_t *out)
{
	for (unsigned c = 0; c < 2 && t->charset[c]; c++) {
		iconv_t cd =
			iconv_open(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? "UTF-32BE" : "UTF-32LE",
				   t->charset[c]);
		if (cd == (iconv_t)-1)
			stop("iconv does not know", t->charset[c]);
		for (unsigned i = 0; i < t->rows * CELLS; i++) {
			unsigned char in[3];
			size_t n = t->encode(i / CELLS, i % CELLS, in);
			if (out[i] == 0)
				out[i] = ask(cd, in, n);
		}
		iconv_close(cd);
	}
}

int main(void)
{
	static uint32_t got[CP932_ROWS * CELLS];

	printf("/* Written by gen_jis while building. */\n#include \"text/jis.h\"\n");
	for (unsigned t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		memset(got, 0, sizeof(got));
		fill(&tables[t], got);
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (known[i].table == t &&
			    got[known[i].row * CELLS + known[i].cell] != known[i].want)
				stop("this iconv has other characters in", tables[t].charset[0]);
		printf("\nconst %s %s[%u] = {", tables[t].type, tables[t].name,
		       tables[t].rows * CELLS);
		for (unsigned i = 0; i < tables[t].rows * CELLS; i++)
			printf("%s0x%x,", i % 12 ? " " : "\n\t", (unsigned)got[i]);
		printf("\n};\n");
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
