/*
 * conf/yaml.h - YAML 1.1 files (libyaml) as a tree that remembers file and line of every node, so
 * that each error can say where, what and what was expected. Bounds: 1 MiB, depth 32, 100,000
 * nodes, no anchors or tags (an alias is an error: they let a small file grow without bound).
 */
#ifndef KM_CONF_YAML_H
#define KM_CONF_YAML_H

#include "base/arena.h"
#include "base/err.h"

typedef enum { KM_YAML_SCALAR, KM_YAML_LIST, KM_YAML_MAP } km_yaml_kind;

typedef struct km_yaml km_yaml;
struct km_yaml {
	km_yaml_kind kind;
	km_sv key; /* inside a map: its key; else empty */
	km_sv scalar;
	bool quoted; /* scalar was quoted: "1" is text */
	const char *file;
	unsigned line; /* from 1; inside a map: that of the key */
	const km_yaml *parent;
	km_yaml *child, *next; /* entries of a list or map, in order */
	size_t n;	       /* number of children */
};

/*
 * @name is used in messages. A file without content gives an empty map. KM_CONFIG with "file:line:
 * what" on bad syntax or duplicate keys; KM_NOMEM when the arena is too small.
 */
KM_NODISCARD km_status km_yaml_parse(km_arena *a, km_sv text, const char *name, km_yaml **out,
				     km_err *err);

/* Entry of a map, or NULL. */
const km_yaml *km_yaml_get(const km_yaml *map, km_sv key);
/* "action.reject.points" of a node, "rules[2].all" below a list: for messages. */
km_sv km_yaml_path(km_arena *a, const km_yaml *n);
/* Records "FILE:LINE: KEY: …" and returns KM_CONFIG. */
km_status km_yaml_wrong(const km_yaml *n, km_err *err, const char *fmt, ...) KM_PRINTF(3, 4);
/* Records "FILE:LINE: KEY: found …, expected …" and returns KM_CONFIG. */
km_status km_yaml_expected(const km_yaml *n, km_err *err, const char *fmt, ...) KM_PRINTF(3, 4);

/* Plain decimals without exponent; true|yes|on|false|no|off in any case. Quoted ones are text. */
KM_NODISCARD km_status km_yaml_double(const km_yaml *n, double min, double max, double *out,
				      km_err *err);
KM_NODISCARD km_status km_yaml_int(const km_yaml *n, int64_t min, int64_t max, int64_t *out,
				   km_err *err);
KM_NODISCARD km_status km_yaml_bool(const km_yaml *n, bool *out, km_err *err);

#endif
