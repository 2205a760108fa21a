#include "cli/progress.h"

#include <unistd.h>

#include "test.h"

#define SECOND 1000000000u

static void formats(void **state)
{
	static const struct {
		uint64_t bytes, total, messages, ns;
		unsigned columns;
		const char *line;
	} cases[] = {
		{ 50, 100, 1234, 2ull * SECOND, 90,
		  " 50% [###############...............] 1,234 617/s ETA 0:02" },
		{ 50, 100, 1234567, 7200ull * SECOND, 40, "1,234,567 171/s ETA 2:00:00" },
		{ 0, 0, 7, SECOND, 90, "7 7/s" },
		{ 0, 100, 0, 0, 70, "  0% [....................] 0 0/s" },
		{ 300, 100, 3, SECOND, 70, "100% [####################] 3 3/s ETA 0:00" },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_progress p = { .bytes = cases[i].bytes,
				  .bytes_total = cases[i].total,
				  .messages = cases[i].messages };
		km_buf b;
		km_buf_init(&b, NULL, 512);
		km_progress_line(&b, &p, cases[i].ns, cases[i].columns);
		TEST_SV(km_buf_sv(&b), cases[i].line);
		assert_true(b.n < cases[i].columns);
		km_buf_finish(&b);
	}
}

/* A pipe is no terminal: nothing may be written into it, however long the work takes. */
static void is_silent_without_terminal(void **state)
{
	km_progress p;
	int fd[2];
	char c;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	km_progress_init(&p, fd[1]);
	p.start_ns -= (uint64_t)10 * SECOND;
	km_progress_add(&p, 5);
	km_progress_hide(&p);
	close(fd[1]);
	assert_int_equal(read(fd[0], &c, 1), 0);
	assert_int_equal(p.messages, 1);
	close(fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(is_silent_without_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
