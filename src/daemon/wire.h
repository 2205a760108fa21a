/*
 * daemon/wire.h - what scanner and keeper say to each other (frames of net/frame.h).
 *   RECORD seq, record   scanner: write this
 *   WAITED seq, record   scanner: write this at once, an MTA waits for it
 *   ACK seq              keeper: everything up to seq is on disk
 */
#ifndef KM_DAEMON_WIRE_H
#define KM_DAEMON_WIRE_H

#include "base/buf.h"
#include "store/records.h"

enum { KM_WIRE_RECORD = 1, KM_WIRE_ACK = 2, KM_WIRE_WAITED = 3 };

/* Bytes of frames without ACK from which on a scanner sends no more records (and answers 451). */
enum { KM_WIRE_MAX_WAITING = 8 * 1024 * 1024 };

/* Appends a RECORD frame, or WAITED. */
void km_wire_put_record(km_buf *out, uint64_t seq, const km_record *r, bool waited);
/* Views of *r point into @body. False when the frame is not of this form. */
KM_NODISCARD bool km_wire_get_record(km_sv body, uint64_t *seq, km_record *r);

void km_wire_put_ack(km_buf *out, uint64_t seq);
KM_NODISCARD bool km_wire_get_ack(km_sv body, uint64_t *seq);

#endif
