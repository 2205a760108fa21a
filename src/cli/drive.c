#include "cli/drive.h"

#include "base/file.h"

static void answer(const km_drive *d, const km_dns_question *q, km_dns_answer *out)
{
	if (d->snapshot)
		km_dns_snapshot_answer(d->snapshot, q->name, q->type, out);
	else
		*out = (km_dns_answer){ .name = q->name, .type = q->type, .rcode = KM_DNS_TIMEOUT };
}

/* Answers take questions off the list, so it is always the first that is looked at. */
static km_status answer_all(const km_drive *d, km_scan *s, km_buf *record, km_err *err)
{
	const km_dns_question *q;
	km_dns_answer a;

	while (km_scan_questions(s, &q)) {
		answer(d, &q[0], &a);
		if (record)
			km_dns_snapshot_write(record, &a);
		km_status st = km_scan_answer(s, &a);
		if (st != KM_OK)
			return KM_FAIL(err, st, "a DNS answer could not be kept");
	}
	return KM_OK;
}

km_status km_drive_scan(const km_drive *d, km_arena *arena, km_sv message, km_buf *record,
			km_scan **out, km_err *err)
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
	km_scan_message(s, message);
	while ((state = km_scan_step(s, err)) == KM_SCAN_ASK) {
		st = answer_all(d, s, record, err);
		if (st != KM_OK)
			return st;
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
