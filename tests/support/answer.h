/*
 * tests/support/answer.h - drives a scan to its end with the answers of a snapshot, or with
 * time-outs when there is none.
 */
#ifndef KM_TESTS_ANSWER_H
#define KM_TESTS_ANSWER_H

#include "dns/snapshot.h"
#include "engine/scan.h"

static inline km_scan_state test_drive(km_scan *s, const km_dns_snapshot *dns)
{
	km_scan_state st;
	const km_dns_question *q;

	while ((st = km_scan_step(s, NULL)) == KM_SCAN_ASK) {
		/* Answering closes the first question, so the next one takes its place. */
		while (km_scan_questions(s, &q) > 0) {
			km_dns_answer a = { .name = q->name,
					    .type = q->type,
					    .rcode = KM_DNS_TIMEOUT };
			if (dns)
				km_dns_snapshot_answer(dns, q->name, q->type, &a);
			(void)!km_scan_answer(s, &a);
		}
	}
	return st;
}

#endif
