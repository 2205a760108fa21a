/*
 * tests/support/test.h - what every unit test needs: cmocka, and inputs in exact-size heap blocks
 * without NUL, so that the address sanitizer sees over-reads.
 */
#ifndef KM_TESTS_TEST_H
#define KM_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"

/* A copy of @n bytes in a block of just that size; free it with test_drop(). */
static inline km_sv test_exact(const void *bytes, size_t n)
{
	char *p = malloc(n ? n : 1);

	assert_non_null(p);
	if (n)
		memcpy(p, bytes, n);
	return (km_sv){ p, n };
}

static inline void test_drop(km_sv v)
{
	free((void *)(uintptr_t)v.p);
}

/* Fails with both texts shown. */
static inline void test_sv_is(km_sv got, const char *want, const char *what)
{
	if (got.n != strlen(want) || (got.n && memcmp(got.p, want, got.n) != 0))
		fail_msg("%s: got \"%.*s\", want \"%s\"", what, KM_FMT(got), want);
}

#define TEST_SV(got, want) test_sv_is((got), (want), #got)

#endif
