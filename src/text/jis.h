/*
 * text/jis.h - the Japanese decoders behind text/charset.h, and their tables. Inside text/ only.
 * Each appends @in as UTF-8 to @out and counts up *bad for every sequence that became U+FFFD; it
 * stops when @out is full. Recovery is that of the WHATWG Encoding Standard: an ASCII byte is never
 * swallowed by a broken character before it.
 */
#ifndef KM_TEXT_JIS_H
#define KM_TEXT_JIS_H

#include "base/buf.h"

enum { KM_JIS_CELLS = 94, KM_JIS_ROWS_CP932 = 120, KM_JIS_ROWS = 94 };

/*
 * Written by gen_jis, indexed row * 94 + cell from 0; 0 where there is no character. x0208 is CP932
 * in rows of JIS: rows 1-94 of JIS X 0208 with NEC's and the NEC-selected IBM characters, 95-114
 * user characters (private use), 115-120 IBM extensions. x0213: bits 21-23 name a second code
 * point.
 */
extern const uint16_t km_jis_x0208[KM_JIS_ROWS_CP932 * KM_JIS_CELLS];
extern const uint16_t km_jis_x0212[KM_JIS_ROWS * KM_JIS_CELLS];
extern const uint32_t km_jis_x0213_1[KM_JIS_ROWS * KM_JIS_CELLS];
extern const uint32_t km_jis_x0213_2[KM_JIS_ROWS * KM_JIS_CELLS];
extern const uint16_t km_jis_gb2312[KM_JIS_ROWS * KM_JIS_CELLS];
extern const uint16_t km_jis_ks_x1001[KM_JIS_ROWS * KM_JIS_CELLS];

/* What may lead and trail a two-byte character of Shift_JIS. */
static inline bool km_sjis_lead(unsigned char c)
{
	return (c >= 0x81 && c <= 0x9F) || (c >= 0xE0 && c <= 0xFC);
}

static inline bool km_sjis_trail(unsigned char c)
{
	return c >= 0x40 && c <= 0xFC && c != 0x7F;
}

/* Index into km_jis_x0208 of a lead and a trail byte of Shift_JIS. */
static inline size_t km_sjis_index(unsigned char lead, unsigned char trail)
{
	size_t row = (lead < 0xA0 ? lead - 0x81u : lead - 0xC1u) * 2;

	if (trail >= 0x9F)
		return (row + 1) * KM_JIS_CELLS + (trail - 0x9Fu);
	return row * KM_JIS_CELLS + (trail - 0x40u) - (trail > 0x7F);
}

/*
 * ISO-2022-JP (RFC 1468), -1, -2, -3, -2004, -MS and CP50220/1/2, all at once: ESC ( I and SO/SI
 * kana, NEC row 13, IBM extensions, user characters of ESC $ ( ?. Every line begins in ASCII. Bytes
 * above 0x7f are read as Shift_JIS.
 */
void km_jis_decode(km_buf *out, km_sv in, size_t *bad);
/* Shift_JIS as CP932. */
void km_sjis_decode(km_buf *out, km_sv in, size_t *bad);
/* EUC-JP as CP51932 with JIS X 0212. */
void km_eucjp_decode(km_buf *out, km_sv in, size_t *bad);

/* True when @v holds an escape sequence that leaves ASCII for a character set of ISO-2022-JP. (The
 * one that goes back, ESC ( B, is also what terminals are sent.) */
bool km_jis_escaped(km_sv v);

#endif
