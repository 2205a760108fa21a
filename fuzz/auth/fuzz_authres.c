/*
 * Lines of the input: our name, an author, and a field of results. Properties: a field that we
 * write with any values is recognised as ours, is printable ASCII in lines of bounded length, and
 * never vouches for more than the DMARC result that it was made of; what vouches for an author does
 * not vouch for another one, nor when a second result of DMARC is put behind it.
 */
#include <stdlib.h>

#include "auth/authres.h"
#include "auth/vouch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_written(km_arena *a, km_sv name, km_sv author, km_sv value)
{
	const km_spf_result spf = { .code = KM_SPF_FAIL, .domain = value, .reason = value };
	const km_dmarc_result fail = { .code = KM_DMARC_FAIL, .domain = author };
	const km_authres r = { .authserv_id = name,
			       .spf = &spf,
			       .helo = value,
			       .mail_from = value,
			       .dmarc = &fail,
			       .eol = "\n" };
	km_sv field = km_authres_write(a, &r);

	check(field.p != NULL);
	for (size_t i = 0; i < field.n; i++)
		check(field.p[i] == '\n' || field.p[i] == '\t' ||
		      (field.p[i] >= ' ' && field.p[i] <= '~'));
	check(!km_results_vouch(field, author));
	for (size_t i = 0; i < name.n; i++)
		if (!km_is_alnum((unsigned char)name.p[i]) && name.p[i] != '.')
			return;
	if (name.n && name.n <= KM_AUTHRES_VALUE && name.p[name.n - 1] != '.')
		check(km_authres_is_ours(field, name));
}

static void check_vouch(km_arena *a, km_sv field, km_sv author)
{
	if (!km_results_vouch(field, author))
		return;
	check(author.n > 0);
	check(!km_results_vouch(field, km_sv_fmt(a, "%.*sx", KM_FMT(author))));
	check(!km_results_vouch(km_sv_fmt(a, "%.*s; dmarc=fail", KM_FMT(field)), author));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv rest = { (const char *)data, size }, name = { NULL, 0 }, author = { NULL, 0 };

	if (size > 1 << 16)
		return 0;
	km_arena *a = km_arena_new(1 << 20);
	if (!km_sv_split(&rest, '\n', &name) || !km_sv_split(&rest, '\n', &author))
		rest = (km_sv){ NULL, 0 };
	check_written(a, name, author, rest);
	check_vouch(a, rest, author);
	km_arena_free(a);
	return 0;
}
