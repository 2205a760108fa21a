/*
 * conf/conf.h - the one configuration file. Every key is a row of conf/keys.def (name, type,
 * default, range, help), from which parser, `config show|explain` and the manual page are made.
 * Built-in defaults are a working system.
 */
#ifndef KM_CONF_CONF_H
#define KM_CONF_CONF_H

#include "base/arena.h"
#include "base/err.h"

typedef enum {
	KM_CONF_BOOL,
	KM_CONF_INT,	  /* with range */
	KM_CONF_SIZE,	  /* bytes; suffixes K, M, G */
	KM_CONF_DURATION, /* milliseconds; suffixes ms, s, m, h, d */
	KM_CONF_STRING,
	KM_CONF_PATH,
	KM_CONF_ADDRESS, /* HOST:PORT, unix:PATH, or "off" */
	KM_CONF_LIST,	 /* of strings */
	KM_CONF_CHOICE	 /* one of the words in the row's range */
} km_conf_type;

typedef enum {
#define KM_KEY(id, name, type, def, min, max, choices, help_en, help_ja) KM_KEY_##id,
#include "conf/keys.def"
#undef KM_KEY
	KM_KEY_COUNT
} km_conf_key;

typedef struct {
	const char *name; /* "listen.milter" */
	km_conf_type type;
	const char *def; /* default as it would be written; lists separated by spaces */
	int64_t min, max;
	const char *choices; /* words separated by |, or NULL */
	const char *help[2]; /* ja, en as km_lang */
} km_conf_info;

typedef struct km_conf km_conf; /* immutable once loaded */

/*
 * Reads @path (NULL: only the defaults). KM_CONFIG with file, line, key and what was expected; the
 * unknown key's nearest known name is suggested.
 */
KM_NODISCARD km_status km_conf_load(const char *path, km_conf **out, km_err *err);
/* Same from memory; @name is used in messages. */
KM_NODISCARD km_status km_conf_parse(km_sv text, const char *name, km_conf **out, km_err *err);
void km_conf_free(km_conf *c);

int64_t km_conf_int(const km_conf *c, km_conf_key key); /* INT, SIZE, DURATION */
bool km_conf_bool(const km_conf *c, km_conf_key key);
const char *km_conf_str(const km_conf *c,
			km_conf_key key); /* all but LIST; as written or default */
size_t km_conf_list(const km_conf *c, km_conf_key key, const char *const **items);
/* Line of the file in which the key was set, 0 when it has its default. */
unsigned km_conf_line(const km_conf *c, km_conf_key key);

const km_conf_info *km_conf_describe(km_conf_key key);
km_conf_key km_conf_by_name(km_sv name); /* KM_KEY_COUNT when unknown */
const char *km_conf_type_name(km_conf_type t);

#endif
