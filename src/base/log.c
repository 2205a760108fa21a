#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

static struct {
	const char *role;
	km_log_level max;
	bool journal;
} conf = { "komainu", KM_LOG_INFO, false };

void km_log_init(const char *role, km_log_level level)
{
	conf.role = role;
	conf.max = level;
	conf.journal = getenv("JOURNAL_STREAM") != NULL;
}

/* Control characters would let a message's bytes forge log lines. */
static size_t escape(char *out, size_t max, const char *in)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *in && n + 5 < max; in++) {
		unsigned char c = (unsigned char)*in;
		if (c >= 0x20 && c != 0x7f) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	return n;
}

void km_log(km_log_level level, const char *fmt, ...)
{
	char text[1024], line[2200], when[32];
	va_list ap;
	int n;

	if (level > conf.max)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (conf.journal)
		n = snprintf(line, sizeof(line), "<%d>%s: ", (int)level, conf.role);
	else
		n = snprintf(line, sizeof(line), "%s %s: ", km_time_format(km_clock_now(), when),
			     conf.role);
	if (n < 0 || (size_t)n >= sizeof(line) / 2)
		return;
	size_t end = (size_t)n + escape(line + n, sizeof(line) - (size_t)n - 1, text);
	line[end++] = '\n';
	/* One write, so that lines of several processes do not mix. */
	if (write(STDERR_FILENO, line, end) < 0)
		return;
}
