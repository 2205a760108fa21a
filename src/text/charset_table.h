/*
 * text/charset_table.h - the charsets and their labels. Inside text/ only.
 * Labels: those of the WHATWG Encoding Standard, of IANA, and those that mail was seen to carry.
 */
#ifndef KM_TEXT_CHARSET_TABLE_H
#define KM_TEXT_CHARSET_TABLE_H

#include "text/charset.h"

typedef enum {
	KM_CS_UTF8,
	KM_CS_ASCII,
	KM_CS_LATIN1,
	KM_CS_WIN1252,
	KM_CS_ISO2022JP,
	KM_CS_SHIFTJIS,
	KM_CS_EUCJP,
	KM_CS_USER,
	KM_CS_GB18030,
	KM_CS_GBK,
	KM_CS_GB2312,
	KM_CS_BIG5,
	KM_CS_EUCTW,
	KM_CS_EUCKR,
	KM_CS_UTF16,
	KM_CS_UTF16LE,
	KM_CS_UTF16BE,
	KM_CS_UTF32,
	KM_CS_UTF32LE,
	KM_CS_UTF32BE,
	KM_CS_UTF7,
	KM_CS_IMAPUTF7,
	KM_CS_HZ,
	KM_CS_ISO2022KR,
	KM_CS_ISO2022CN,
	KM_CS_ISO8859_2,
	KM_CS_ISO8859_3,
	KM_CS_ISO8859_4,
	KM_CS_ISO8859_5,
	KM_CS_ISO8859_6,
	KM_CS_ISO8859_7,
	KM_CS_ISO8859_8,
	KM_CS_ISO8859_10,
	KM_CS_ISO8859_13,
	KM_CS_ISO8859_14,
	KM_CS_ISO8859_15,
	KM_CS_ISO8859_16,
	KM_CS_KOI8R,
	KM_CS_KOI8U,
	KM_CS_WIN874,
	KM_CS_WIN1250,
	KM_CS_WIN1251,
	KM_CS_WIN1253,
	KM_CS_WIN1254,
	KM_CS_WIN1255,
	KM_CS_WIN1256,
	KM_CS_WIN1257,
	KM_CS_WIN1258,
	KM_CS_MACROMAN,
	KM_CS_MACCYR,
	KM_CS_MACGREEK,
	KM_CS_MACCE,
	KM_CS_MACTURK,
	KM_CS_IBM437,
	KM_CS_IBM737,
	KM_CS_IBM775,
	KM_CS_IBM850,
	KM_CS_IBM852,
	KM_CS_IBM855,
	KM_CS_IBM857,
	KM_CS_IBM860,
	KM_CS_IBM861,
	KM_CS_IBM862,
	KM_CS_IBM863,
	KM_CS_IBM864,
	KM_CS_IBM865,
	KM_CS_IBM866,
	KM_CS_IBM869,
	KM_CS_IBM858,
	KM_CS_HPROMAN8,
	KM_CS_IBM037,
	KM_CS_IBM273,
	KM_CS_IBM277,
	KM_CS_IBM280,
	KM_CS_IBM284,
	KM_CS_IBM285,
	KM_CS_IBM297,
	KM_CS_IBM500,
	KM_CS_IBM1047,
	KM_CS_COUNT
} km_charset_id;

/* How the bytes are decoded, and so how far a declaration can be believed. */
typedef enum {
	KM_DECODE_UTF8,
	KM_DECODE_ASCII,   /* bytes above 0x7f belie the label */
	KM_DECODE_WESTERN, /* windows-1252, under its own and under Latin-1's name */
	KM_DECODE_JIS,
	KM_DECODE_SJIS,
	KM_DECODE_EUCJP,
	KM_DECODE_USER,	  /* x-user-defined: U+F780-F7FF */
	KM_DECODE_DOUBLE, /* ICU, one or more bytes a character, ASCII inside */
	KM_DECODE_SINGLE, /* ICU, one byte a character, ASCII inside */
	KM_DECODE_SEVEN,  /* ICU, seven bits, where ASCII bytes may mean other characters */
	KM_DECODE_WIDE,	  /* ICU, UTF-16 and UTF-32 */
	KM_DECODE_OTHER	  /* ICU, nothing like ASCII (EBCDIC) */
} km_charset_kind;

struct km_charset {
	const char *name;
	const char *icu; /* name of ICU's converter, or NULL */
	km_charset_kind kind;
};

struct km_charset_alias {
	const char *label;
	km_charset_id id;
};

extern const km_charset km_charset_rows[KM_CS_COUNT];
extern const struct km_charset_alias km_charset_aliases[];
extern const size_t km_charset_n_aliases;

#endif
