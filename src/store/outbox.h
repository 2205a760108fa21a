/*
 * store/outbox.h - what is still to be delivered of the entries in accounts' files, and what was:
 * the courier's own memory ("outbox.db"), so that each entry goes once to each target, also when
 * the courier or the machine dies. SQLite, like store/records.h; one process opens it.
 */
#ifndef KM_STORE_OUTBOX_H
#define KM_STORE_OUTBOX_H

#include "base/arena.h"
#include "base/err.h"

/* Each has one delivery under way at a time, and none waits for another. */
#define KM_CHANNELS(X)                                                                             \
	X(mail)                                                                                    \
	X(webhook)                                                                                 \
	X(hook)

typedef enum {
#define X(name) KM_CHANNEL_##name,
	KM_CHANNELS(X)
#undef X
		KM_CHANNEL_COUNT
} km_channel;

const char *km_channel_name(km_channel c);

typedef struct {
	int64_t entry; /* its row in accounts.db */
	km_channel channel;
	km_sv target; /* "staff", a URL, …: the courier's business */
	unsigned attempts;
} km_delivery;

typedef struct km_outbox km_outbox;

KM_NODISCARD km_status km_outbox_open(const char *dir, km_outbox **out, km_err *err);
void km_outbox_close(km_outbox *o);
/* As km_records_set_aside(). */
KM_NODISCARD km_status km_outbox_set_aside(const char *dir, char *name, size_t max, km_err *err);

/* The last entry that was planned for; 0 in the beginning. */
KM_NODISCARD km_status km_outbox_mark(km_outbox *o, int64_t *entry, km_err *err);
/* Remembers @n deliveries (their entry is @entry), and that the entry was planned for; all of it or
 * none. What is there already stays. */
KM_NODISCARD km_status km_outbox_plan(km_outbox *o, int64_t entry, const km_delivery *d, size_t n,
				      int64_t now_ms, km_err *err);

/* The delivery on @channel that has waited longest; its target lives in @a. KM_NOTFOUND when none
 * is due. */
KM_NODISCARD km_status km_outbox_due(km_outbox *o, km_channel channel, int64_t now_ms, km_arena *a,
				     km_delivery *out, km_err *err);
/* It is done; on disk when it returns KM_OK. */
KM_NODISCARD km_status km_outbox_done(km_outbox *o, const km_delivery *d, int64_t now_ms,
				      km_err *err);
/* It is to be tried again at @next_ms, or (0) never. @all: and nothing else goes to its target
 * before, on its channel. */
KM_NODISCARD km_status km_outbox_put_off(km_outbox *o, const km_delivery *d, int64_t next_ms,
					 bool all, km_sv why, km_err *err);

/* A delivery that was done, of which the file of the account does not tell yet. KM_NOTFOUND when
 * there is none. */
KM_NODISCARD km_status km_outbox_untold(km_outbox *o, km_arena *a, km_delivery *out, km_err *err);
KM_NODISCARD km_status km_outbox_told(km_outbox *o, const km_delivery *d, km_err *err);

/* Forgets what was done or given up before @before_ms. */
KM_NODISCARD km_status km_outbox_expire(km_outbox *o, int64_t before_ms, km_err *err);

#endif
