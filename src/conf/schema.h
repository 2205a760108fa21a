/*
 * conf/schema.h - what a YAML map may hold, as a table; and the nearest known word to a mistyped
 * one.
 */
#ifndef KM_CONF_SCHEMA_H
#define KM_CONF_SCHEMA_H

#include "conf/yaml.h"

/* One entry of a map. */
typedef struct {
	const char *key;
	bool required;
	/* Reads the entry; @ctx is that of km_yaml_fields(). Returns KM_CONFIG when it is wrong. */
	km_status (*read)(const km_yaml *n, void *ctx, km_err *err);
} km_yaml_field;

/*
 * Reads all entries of @map with the table's functions, in the order of the table. KM_CONFIG when
 * @map is no map, lacks a required entry or has one that is not in the table.
 */
KM_NODISCARD km_status km_yaml_fields(const km_yaml *map, const km_yaml_field *fields, size_t n,
				      void *ctx, km_err *err);

/* Name number @i of a list of names. */
typedef const char *km_name_at(size_t i, const void *ctx);

/*
 * The one of @n names nearest to @word, or NULL when none is near: at most a third of the longer
 * one's letters wrong, missing or swapped. Words over 64 bytes have none.
 */
const char *km_nearest(km_sv word, km_name_at *name, size_t n, const void *ctx);

/*
 * Records "FILE:LINE: KEY: unknown WHAT; did you mean …?" about the @word at @n, or
 * "…; expected" with the names there are when none is near and they are few, and returns
 * KM_CONFIG.
 */
km_status km_yaml_unknown(const km_yaml *n, const char *what, km_sv word, km_name_at *name,
			  size_t n_names, const void *ctx, km_err *err);

#endif
