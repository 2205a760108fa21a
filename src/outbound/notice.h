/*
 * outbound/notice.h - what subscribers and staff are told of an entry in an account's file: the
 * texts of data/notices, built into the program, or an operator's own in their place.
 *
 * A template is UTF-8 text: lines that begin with # are comments and stand before all others, then
 * "Subject: …", an empty line, and the text. {name} stands for a value (KM_NOTICE_VALUES); any
 * other brace is an error. A line all of whose values are empty is left out.
 */
#ifndef KM_OUTBOUND_NOTICE_H
#define KM_OUTBOUND_NOTICE_H

#include "fact/fact.h"

/* The templates, each in ja and en. */
#define KM_NOTICES(X)                                                                              \
	X(notice)                                                                                  \
	X(warning)                                                                                 \
	X(throttle)                                                                                \
	X(brake)                                                                                   \
	X(suspension)                                                                              \
	X(termination)                                                                             \
	X(restore)                                                                                 \
	X(appeal)                                                                                  \
	X(review)                                                                                  \
	X(staff)

typedef enum {
#define X(name) KM_NOTICE_##name,
	KM_NOTICES(X)
#undef X
		KM_NOTICE_COUNT
} km_notice_kind;

/* facts, reason and steps are blocks: they begin with a line end and are indented. */
#define KM_NOTICE_VALUES(X)                                                                        \
	X(operator)                                                                                \
	X(account)                                                                                 \
	X(number)  /* of the entry */                                                              \
	X(measure) /* its name, in the language */                                                 \
	X(time)	   /* JST and UTC */                                                               \
	X(until)                                                                                   \
	X(address) /* IP address and port */                                                       \
	X(message) /* queue id */                                                                  \
	X(by)                                                                                      \
	X(reason)                                                                                  \
	X(facts)                                                                                   \
	X(steps) /* how to clean up */                                                             \
	X(contact)

typedef enum {
#define X(name) KM_NOTICE_VALUE_##name,
	KM_NOTICE_VALUES(X)
#undef X
		KM_NOTICE_VALUE_COUNT
} km_notice_value;

enum { KM_NOTICE_MAX = 64 * 1024 }; /* bytes of a template */

const char *km_notice_name(km_notice_kind k);
/* KM_NOTICE_COUNT when there is no such template. */
km_notice_kind km_notice_by_name(km_sv name);
const char *km_lang_name(km_lang lang); /* "ja" */

/* All templates in both languages. */
typedef struct {
	km_sv text[KM_NOTICE_COUNT][KM_LANGS];
} km_notices;

/*
 * The built-in ones, with those of the folder @dir (NAME.ja, NAME.en; NULL or empty: none) in their
 * place, all checked. Texts live in @a. KM_CONFIG with FILE:LINE and what is wrong.
 */
KM_NODISCARD km_status km_notices_open(km_arena *a, const char *dir, km_notices *out, km_err *err);

typedef struct {
	km_sv subject, body; /* UTF-8; the body's lines end in LF */
} km_notice;

/* Checks @text; KM_CONFIG with "@name:LINE: …". */
KM_NODISCARD km_status km_notice_check(km_sv text, const char *name, km_err *err);
/* Fills in @values of a template that was checked. KM_LIMIT when @a is full. */
KM_NODISCARD km_status km_notice_write(km_arena *a, km_sv text,
				       const km_sv values[KM_NOTICE_VALUE_COUNT], km_notice *out,
				       km_err *err);

#endif
