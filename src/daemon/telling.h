/*
 * daemon/telling.h - what the courier delivers of an entry in an account's file: to whom, and the
 * bytes: a mail, a JSON object. Without I/O.
 */
#ifndef KM_DAEMON_TELLING_H
#define KM_DAEMON_TELLING_H

#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "outbound/told.h"
#include "store/outbox.h"

enum { KM_TELLING_TARGETS = 128, KM_ADDRESS_MAX = 254 };

/* One "local@domain" of ASCII that stands in an SMTP command and a header field as it is. */
bool km_telling_address(km_sv v);

/* KM_CONFIG, with the key, for what can not be used: URLs, addresses, templates. */
KM_NODISCARD km_status km_telling_check(const km_conf *conf, km_err *err);
/* Whether there is anything to deliver to. */
bool km_telling_wanted(const km_conf *conf);

/* The programs that may be run: the name of a delivery's target, and the key with its words. */
typedef struct {
	const char *name;
	km_conf_key key;
} km_telling_hook;

/* NULL when there is none of that name. */
const km_telling_hook *km_telling_hook_by_name(km_sv name);
/* Whether any of them is set. */
bool km_telling_hooked(const km_conf *conf);

/*
 * Whom and what is told of @e: up to KM_TELLING_TARGETS deliveries into @out. Mail has targets
 * "subscriber ADDRESS", "alternative ADDRESS", "staff ADDRESS"; webhooks their URL; hooks "ticket",
 * "password_reset", "release". @alternative may be empty.
 */
size_t km_telling_plan(km_arena *a, const km_conf *conf, int64_t row, const km_entry *e,
		       km_sv alternative, km_delivery out[KM_TELLING_TARGETS]);

/* The address of a mail's target. */
km_sv km_telling_to(km_sv target);

/* What a mail and a JSON object are made of. */
typedef struct {
	const km_conf *conf;
	const km_notices *notices;
	const char *host; /* of this machine */
	int64_t row;
	const km_entry *entry;
	km_sv decision; /* see km_told.reason */
} km_telling;

/*
 * Appends the mail for @target, with CRLF line ends: of the same entry and target always the same
 * Message-ID; marked as automatic, so that nothing answers (RFC 3834). KM_NOTFOUND when nobody
 * there is told of it.
 */
KM_NODISCARD km_status km_telling_mail(km_arena *a, const km_telling *t, km_sv target, km_time now,
				       km_buf *out, km_err *err);
/*
 * Appends {"id": "K77", "event": "brake", "account", "t", "until", "by", "reason", "ip", "port",
 * "queue_id", "facts": [{"id", "points", "seen", "text"}], "operator"}.
 */
KM_NODISCARD km_status km_telling_json(km_arena *a, const km_telling *t, km_buf *out, km_err *err);

/* The address in the From field: notify.from, else postmaster of @host. */
km_sv km_telling_from(km_arena *a, const km_conf *conf, const char *host);

#endif
