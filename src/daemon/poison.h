/*
 * daemon/poison.h - which messages killed scanners, on disk, so that a restart of the daemon does
 * not forget it (the counts themselves are in daemon/shared.h). A line "komainu VERSION", then a
 * line "DEATHS KEY" each, the oldest first. What another version wrote is forgotten: this one may
 * well be able to read those messages.
 */
#ifndef KM_DAEMON_POISON_H
#define KM_DAEMON_POISON_H

#include "base/buf.h"
#include "daemon/shared.h"

void km_poison_write(km_buf *out, const km_shared *s);
/* Takes in what @text says; lines that are not of this form say nothing. */
void km_poison_read(km_shared *s, km_sv text);

/* The file STATE_DIR/poison. It is a help only: what can not be read or written is logged. */
void km_poison_load(km_shared *s, const char *state_dir);
void km_poison_save(const km_shared *s, const char *state_dir);

#endif
