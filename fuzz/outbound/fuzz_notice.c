/*
 * Any text is either refused as a template, with its line, or is written with every kind of value:
 * the subject is one line, no brace of the template is left over, and what is written without
 * values is no longer than what is written with them.
 */
#include <stdlib.h>
#include <string.h>

#include "outbound/notice.h"

static void require(bool ok)
{
	if (!ok)
		abort();
}

static km_notice write_with(km_arena *a, km_sv text, km_sv value)
{
	km_sv values[KM_NOTICE_VALUE_COUNT];
	km_notice n;

	for (size_t i = 0; i < KM_NOTICE_VALUE_COUNT; i++)
		values[i] = value;
	require(km_notice_write(a, text, values, &n, NULL) == KM_OK);
	require(km_sv_chr(n.subject, '\n', 0) == n.subject.n);
	require(km_sv_chr(n.body, '{', 0) == n.body.n && km_sv_chr(n.body, '}', 0) == n.body.n);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv text = { (const char *)data, size };
	km_arena *a = km_arena_new(16 << 20);
	km_err err = { 0 };

	if (km_notice_check(text, "t", &err) == KM_OK) {
		size_t empty = write_with(a, text, KM_S("")).body.n;
		require(empty <= write_with(a, text, KM_S("x")).body.n);
	} else {
		require(err.st == KM_CONFIG && strncmp(err.msg, "t:", 2) == 0);
	}
	km_arena_free(a);
	return 0;
}
