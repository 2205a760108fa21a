/*
 * cli/drive.h - one message through the engine, with its DNS questions answered.
 */
#ifndef KM_CLI_DRIVE_H
#define KM_CLI_DRIVE_H

#include "base/buf.h"
#include "cli/asker.h"
#include "engine/scan.h"

/* The same for all messages of a run. */
typedef struct {
	const km_kit *kit;
	const km_dns_snapshot *snapshot; /* answers everything; or NULL */
	km_envelope given;		 /* goes before what the message says */
	size_t trusted_hops;
	bool received_time; /* the clock is the message's topmost Received */
} km_drive;

/*
 * Judges @message. All of *out is in @arena. Without a snapshot @asker asks the DNS; NULL: then
 * every question ends in a timeout. The answers that were used are appended to @record, unless that
 * is NULL, in the form of dns/snapshot.h.
 */
KM_NODISCARD km_status km_drive_scan(const km_drive *d, km_asker *asker, km_arena *arena,
				     km_sv message, km_buf *record, km_scan **out, km_err *err);

/* Reads a DNS snapshot from a file. */
KM_NODISCARD km_status km_drive_snapshot(const char *path, km_dns_snapshot **out, km_err *err);

#endif
