/*
 * Any text is either refused, with file and line or the name that is missing, or is a table of DNS
 * lists: names and zones that can be asked, answers in 127.0.0.0/8 that say something and count
 * what can be counted. The same text gives the same table again.
 */
#include <math.h>
#include <stdlib.h>

#include "auth/tag.h"
#include "engine/dnsbl.h"

static const char *const names[] = { "a" };

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_list(const km_dnsbl *l)
{
	require(km_sv_eq(l->name, KM_S("a")) && km_tag_is_name(l->zone, 1));
	require(l->what != 0 && l->what < 1u << KM_DNSBL_KINDS && l->n_answers > 0);
	for (size_t i = 0; i < l->n_refused; i++)
		require(l->refused[i].ip.len == 4 && l->refused[i].ip.b[0] == 127);
	for (size_t i = 0; i < l->n_answers; i++) {
		const km_dnsbl_answer *a = &l->answer[i];
		require(a->is.ip.len == 4 && a->is.ip.b[0] == 127 && a->is.bits >= 8);
		require(a->is.bits > 8 || a->last >= 0 || a->bits > 0);
		require(a->last <= 255 && a->bits <= 255 && fabs(a->points) <= 100);
		require(a->says.n > 0 && a->says.n <= 64);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv text = { (const char *)data, size };
	km_err err = { 0 };
	km_dnsbls one, other;
	km_status st = km_dnsbls_parse(&one, text, "x", names, KM_COUNT(names), &err);

	if (st != KM_OK) {
		km_sv said = km_sv_of(err.msg);
		require(st == KM_NOMEM || km_sv_starts(said, KM_S("x:")) ||
			km_sv_starts(said, KM_S("dnsbl.enabled:")));
		return 0;
	}
	require(one.n == 1);
	check_list(&one.list[0]);
	require(km_dnsbls_parse(&other, text, "x", names, KM_COUNT(names), &err) == KM_OK);
	require(other.list[0].n_answers == one.list[0].n_answers &&
		km_sv_eq(other.list[0].zone, one.list[0].zone));
	km_dnsbls_close(&one);
	km_dnsbls_close(&other);
	return 0;
}
