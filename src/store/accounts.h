/*
 * store/accounts.h - the file of each account: what the guard and people did, said and decided, in
 * order; nothing in it is ever changed. Written by one process before a measure takes effect, read
 * by `komainu account` and the console. SQLite ("accounts.db"), like store/records.h.
 */
#ifndef KM_STORE_ACCOUNTS_H
#define KM_STORE_ACCOUNTS_H

#include "base/clock.h"
#include "base/err.h"

/* What may be written; the first five are measures in the order of sternness. */
#define KM_ENTRY_KINDS(X)                                                                          \
	X(notice)                                                                                  \
	X(warning)                                                                                 \
	X(throttle)                                                                                \
	X(brake)                                                                                   \
	X(suspension)                                                                              \
	X(termination) /* by a person only */                                                      \
	X(restore)                                                                                 \
	X(appeal) /* the subscriber's statement */                                                 \
	/* a person's decision; `reason` is "OUTCOME: words": restore, restore+password, keep,     \
	 * terminate */                                                                            \
	X(review)                                                                                  \
	X(password_changed) /* reported */                                                         \
	X(complaint)                                                                               \
	X(told) /* who was told of a measure, and how */

typedef enum {
#define X(name) KM_ENTRY_##name,
	KM_ENTRY_KINDS(X)
#undef X
		KM_ENTRY_KIND_COUNT
} km_entry_kind;

const char *km_entry_kind_name(km_entry_kind k);
/* KM_ENTRY_KIND_COUNT when there is no such kind. */
km_entry_kind km_entry_kind_by_name(km_sv name);

/* Views; valid UTF-8 is the writer's care, account names are any bytes. */
typedef struct {
	km_sv account;
	km_entry_kind kind;
	int64_t t_ms;	  /* milliseconds since 1970 */
	int64_t until_ms; /* a measure that ends by itself; else 0 */
	km_sv by;	  /* "komainu", or the login of the person */
	km_sv reason;	  /* the person's or subscriber's words */
	km_sv ip;	  /* of the message that led to it */
	int64_t port;
	km_sv queue_id;
	km_sv facts; /* JSON array: [{"id", "points", "seen", "args"}, …] */
} km_entry;

/* What is known of a subscriber, from account events. */
typedef struct {
	km_sv account;
	km_sv kind;	   /* "person", "bulk", … */
	km_sv alternative; /* where to write when the mailbox may be in other hands */
	int64_t created;   /* seconds since 1970; 0 unknown */
} km_subscriber;

typedef struct km_accounts km_accounts;

KM_NODISCARD km_status km_accounts_open(const char *dir, km_accounts **out, km_err *err);
KM_NODISCARD km_status km_accounts_open_reader(const char *dir, km_accounts **out, km_err *err);
void km_accounts_close(km_accounts *a);
/* As km_records_set_aside(). */
KM_NODISCARD km_status km_accounts_set_aside(const char *dir, char *name, size_t max, km_err *err);

/* A message that was not let through. */
typedef struct {
	km_sv account;
	int64_t t_ms;
	km_sv ip;
	int64_t port;
	km_sv queue_id;
	int64_t n_rcpts;
	km_sv action; /* "hold", "defer", "reject" */
} km_stopped;

/* Of an account within a month; what comes on top of them is not kept. */
enum { KM_STOPPED_MAX = 1000 };

/* What belongs together: entries, and (NULL: nothing) what became known of a subscriber, a message
 * that was stopped. */
typedef struct {
	const km_entry *entries;
	size_t n;
	const km_subscriber *subscriber;
	const km_stopped *stopped;
} km_account_page;

/* As km_accounts_add() and km_accounts_put() of each page, all of them or none, and at the cost of
 * one. */
KM_NODISCARD km_status km_accounts_write(km_accounts *a, const km_account_page *pages, size_t n,
					 km_err *err);

/* On disk when it returns KM_OK, all of them or none. The same measure of the same account at the
 * same time is written once, and so is `told` with the same reason. */
KM_NODISCARD km_status km_accounts_add(km_accounts *a, const km_entry *entries, size_t n,
				       km_err *err);
/* Replaces what was known; empty members leave what is there. */
KM_NODISCARD km_status km_accounts_put(km_accounts *a, const km_subscriber *s, km_err *err);

typedef struct {
	km_sv account;	   /* exactly; empty: all */
	int64_t after_row; /* only entries after this one */
	int64_t since_ms;
	size_t limit; /* newest first when 0 < limit; 0: all, oldest first */
} km_entry_filter;

/* Called for each; return false to stop. Views live during the call. */
typedef bool km_entry_each(void *ctx, int64_t row, const km_entry *e);
typedef bool km_subscriber_each(void *ctx, const km_subscriber *s);
typedef bool km_stopped_each(void *ctx, const km_stopped *m);

KM_NODISCARD km_status km_accounts_find(km_accounts *a, const km_entry_filter *f,
					km_entry_each *each, void *ctx, km_err *err);
/* The measure in force of each account that has one at @now_ms: throttle, brake, suspension,
 * termination. */
KM_NODISCARD km_status km_accounts_in_force(km_accounts *a, int64_t now_ms, km_entry_each *each,
					    void *ctx, km_err *err);
/* One account, or with an empty name all of them in order of names. KM_NOTFOUND for one that is not
 * there. */
KM_NODISCARD km_status km_accounts_subscribers(km_accounts *a, km_sv account,
					       km_subscriber_each *each, void *ctx, km_err *err);
/* Messages of @account that were stopped, newest first. */
KM_NODISCARD km_status km_accounts_stopped(km_accounts *a, km_sv account, int64_t since_ms,
					   km_stopped_each *each, void *ctx, km_err *err);

#endif
