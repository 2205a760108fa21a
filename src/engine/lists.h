/*
 * engine/lists.h - lists of known-bad pages, hosts, senders and files (store/badlist.h): opening
 * those of a folder, looking a message up in them, and making them from rows of any source.
 *
 * A listed page speaks for itself, and less for its host (a site may have been broken into) and its
 * domain (when three hosts of it are listed). Places that many share are never listed whole.
 */
#ifndef KM_ENGINE_LISTS_H
#define KM_ENGINE_LISTS_H

#include "base/clock.h"
#include "content/urls.h"
#include "fact/fact.h"
#include "store/badlist.h"

typedef struct km_lists km_lists;

/*
 * All lists of @dir (NAME.bad); none when there is no such folder. One that is damaged is left out,
 * and the log tells so. KM_NOMEM.
 */
KM_NODISCARD km_status km_lists_open(const char *dir, km_lists **out, km_err *err);
void km_lists_close(km_lists *l);

size_t km_lists_count(const km_lists *l);
const char *km_lists_name(const km_lists *l, size_t i);
const km_badlist *km_lists_at(const km_lists *l, size_t i);

typedef struct {
	km_mail *mail;
	const km_links *links;
	km_sv from; /* reverse-path, or empty */
	km_time now;
} km_lists_message;

/* Adds the facts LISTED_… of the message. */
void km_lists_facts(const km_lists *l, km_arena *a, const km_lists_message *m, km_facts *fs);

/*
 * Calls @hit for all entries that @value (a URL, host, address or SHA-256, as a person types it)
 * meets, as a message with it would.
 */
typedef void km_lists_hit(void *ctx, const char *list, km_bad_kind kind, const km_bad_entry *e);
void km_lists_look_up(const km_lists *l, km_arena *a, km_sv value, km_lists_hit *hit, void *ctx);

/* --- making one --- */

typedef struct km_list_maker km_list_maker;

km_list_maker *km_list_maker_new(void);
void km_list_maker_free(km_list_maker *m);
/*
 * One row: @kind is KM_BAD_URL, KM_BAD_HOST, KM_BAD_ADDRESS or KM_BAD_HASH. KM_SYNTAX with the
 * reason when @value is none.
 */
KM_NODISCARD km_status km_list_maker_add(km_list_maker *m, km_bad_kind kind, km_sv value,
					 uint32_t day, km_sv note, km_err *err);
/* Writes @path; *info tells what is in it. */
KM_NODISCARD km_status km_list_maker_write(km_list_maker *m, const char *path, km_time now,
					   km_badlist_info *info, km_err *err);

#endif
