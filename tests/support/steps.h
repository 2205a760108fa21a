/*
 * tests/support/steps.h - work counted instead of timed. The sources under test are compiled with
 * -fsanitize-coverage=trace-pc, so that every basic block calls __sanitizer_cov_trace_pc(), and the
 * searches of the C library are wrapped by the linker (see steps_link_args in meson.build).
 */
#ifndef KM_TESTS_STEPS_H
#define KM_TESTS_STEPS_H

#include <stddef.h>

static size_t steps;

void __sanitizer_cov_trace_pc(void);
void *__wrap_memchr(const void *s, int c, size_t n);
void *__wrap_memrchr(const void *s, int c, size_t n);
void *__wrap_memmem(const void *s, size_t n, const void *what, size_t m);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__real_memchr(const void *s, int c, size_t n);
void *__real_memrchr(const void *s, int c, size_t n);
void *__real_memmem(const void *s, size_t n, const void *what, size_t m);
void *__real_memcpy(void *to, const void *from, size_t n);

void __sanitizer_cov_trace_pc(void)
{
	steps++;
}

/* A search of bytes counts for a sixteenth of a step a byte. */
static void *searched(const void *s, size_t n, void *hit)
{
	steps += (hit ? (size_t)((const char *)hit - (const char *)s) : n) / 16;
	return hit;
}

void *__wrap_memchr(const void *s, int c, size_t n)
{
	return searched(s, n, __real_memchr(s, c, n));
}

void *__wrap_memrchr(const void *s, int c, size_t n)
{
	char *hit = __real_memrchr(s, c, n);

	steps += (hit ? (size_t)((const char *)s + n - hit) : n) / 16;
	return hit;
}

void *__wrap_memmem(const void *s, size_t n, const void *what, size_t m)
{
	return searched(s, n, __real_memmem(s, n, what, m));
}

void *__wrap_memcpy(void *to, const void *from, size_t n)
{
	steps += n / 16;
	return __real_memcpy(to, from, n);
}

#endif
