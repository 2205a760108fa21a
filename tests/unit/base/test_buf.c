#include "base/buf.h"

#include <math.h>
#include <stdio.h>

#include "test.h"

static void check(double x)
{
	for (unsigned digits = 1; digits <= 9; digits++)
		for (int form = 0; form < 3; form++) {
			static const char *const forms[] = { "%.*g", "%+.*g", "%.*f" };
			char want[400];
			km_buf b;
			(void)snprintf(want, sizeof(want), forms[form], (int)digits, x);
			km_buf_init(&b, NULL, 1000);
			if (form == 2)
				km_buf_fixed(&b, x, digits);
			else
				km_buf_general(&b, x, digits, form);
			TEST_SV(km_buf_sv(&b), want);
			km_buf_finish(&b);
		}
}

/* Numbers are written as printf() writes them: also those that lie where it has to round. */
static void test_numbers(void **state)
{
	(void)state;
	static const double some[] = {
		0,	-0.0,	  1,	   10,	      0.1,	 0.01,	    0.001,	1e-4,
		1e-5,	9.5,	  99.5,	   999.5,     9999.5,	 0.25,	    0.125,	2.5,
		1e7,	9999999,  1e8,	   1e9,	      1e10,	 999999.95, 0.99999995, 0.00099995,
		1e300,	INFINITY, NAN,	   1e-300,    0.3,	 2.675,	    1.005,	123456789,
		12.345, 1e6,	  99999.5, 0.0999995, 9.9999995,
	};
	uint64_t seed = 1;

	for (size_t i = 0; i < KM_COUNT(some); i++) {
		check(some[i]);
		check(-some[i]);
		check(nextafter(some[i], INFINITY));
		check(nextafter(some[i], -INFINITY));
	}
	for (int i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		double x = (double)(seed >> 40) / 64;
		check(i % 2 ? x / 1000 : x - 1000);
		check((double)(seed >> 45) / 100 - 20);
	}
}

static void test_cut(void **state)
{
	(void)state;
	km_buf b;

	km_buf_init(&b, NULL, 3);
	km_buf_general(&b, 12.5, 7, false);
	assert_true(b.cut);
	assert_true(b.n <= 3);
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
