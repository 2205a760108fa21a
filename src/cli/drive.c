#include "cli/drive.h"

#include "base/file.h"

/* A message's questions, and where its answers are written down. */
typedef struct {
	km_dns_asking asking; /* first: all that the callback is given */
	km_buf *record;
} recorded;

static void on_answer(km_dns_asking *asking, const km_dns_answer *answer)
{
	km_dns_snapshot_write(((recorded *)asking)->record, answer);
}

km_status km_drive_scan(const km_drive *d, km_asker *asker, km_arena *arena, km_sv message,
			km_buf *record, km_scan **out, km_err *err)
{
	km_envelope *env = KM_NEW(arena, km_envelope);
	km_scan_state state;

	if (env == NULL)
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	*env = d->given;
	km_status st =
		km_envelope_from_stored(arena, message, d->trusted_hops, d->received_time, env);
	if (st != KM_OK && st != KM_LIMIT) /* a header without end is judged like any other */
		return KM_FAIL(err, st, "the envelope can not be read");
	km_scan *s = *out = km_scan_new(arena, d->kit, env);
	if (s == NULL)
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	recorded dns = { .asking = { .set = km_scan_dns(s), .seen = record ? on_answer : NULL },
			 .record = record };
	km_scan_message(s, message);
	while ((state = km_scan_step(s, err)) == KM_SCAN_ASK) {
		st = km_asker_answer(asker, d->snapshot, &dns.asking);
		if (st != KM_OK)
			return KM_FAIL(err, st, "DNS answers could not be kept");
	}
	return state == KM_SCAN_DONE ? KM_OK
				     : KM_FAIL(err, KM_BUG, "the message could not be judged");
}

km_status km_drive_snapshot(const char *path, km_dns_snapshot **out, km_err *err)
{
	km_file f;
	km_status st = km_file_open(&f, path, SIZE_MAX, err);

	if (st != KM_OK)
		return st;
	st = km_dns_snapshot_parse(f.bytes, path, out, err);
	km_file_close(&f);
	return st;
}
