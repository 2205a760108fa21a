#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_MAX = 30, LINE_MAX_BYTES = 512, COLUMNS_DEFAULT = 80 };
#define SECOND	   1000000000u
#define FIRST_SHOW (SECOND / 2)
#define NEXT_SHOW  (SECOND / 10)

void km_progress_init(km_progress *p, int fd)
{
	*p = (km_progress){ .on = isatty(fd) == 1, .fd = fd, .start_ns = km_clock_mono_ns() };
}

static void add_number(km_buf *b, uint64_t v)
{
	if (v >= 1000) {
		char groups[8][4];
		int n = 0;
		for (; v >= 1000; v /= 1000, n++)
			for (uint64_t d = v % 1000, i = 0; i < 3; i++, d /= 10)
				groups[n][2 - i] = (char)('0' + d % 10);
		km_buf_fmt(b, "%llu", (unsigned long long)v);
		while (n--)
			km_buf_fmt(b, ",%.3s", groups[n]);
		return;
	}
	km_buf_fmt(b, "%llu", (unsigned long long)v);
}

static void add_time(km_buf *b, uint64_t s)
{
	if (s >= 3600)
		km_buf_fmt(b, "%llu:%02u:%02u", (unsigned long long)(s / 3600),
			   (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		km_buf_fmt(b, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

static void add_bar(km_buf *b, double share, unsigned width)
{
	unsigned full = (unsigned)(share * width);

	km_buf_fmt(b, "%3u%% [", (unsigned)(share * 100));
	for (unsigned i = 0; i < width; i++)
		km_buf_byte(b, i < full ? '#' : '.');
	km_buf_add(b, KM_S("] "));
}

void km_progress_line(km_buf *b, const km_progress *p, uint64_t elapsed_ns, unsigned columns)
{
	double seconds = (double)elapsed_ns / SECOND;
	double share = p->bytes_total ? (double)p->bytes / (double)p->bytes_total : 0;
	unsigned bar = columns > 80 ? BAR_MAX : columns > 60 ? columns - 50 : 0;

	if (share > 1) /* files grew while we read */
		share = 1;
	if (p->bytes_total && bar)
		add_bar(b, share, bar);
	add_number(b, p->messages);
	km_buf_fmt(b, " %.0f/s", seconds > 0 ? (double)p->messages / seconds : 0.0);
	if (share > 0) {
		km_buf_add(b, KM_S(" ETA "));
		add_time(b, (uint64_t)(seconds * (1 - share) / share + 0.5));
	}
}

static void put(const km_progress *p, km_sv text)
{
	/* Nothing can be done when the terminal is gone. */
	if (write(p->fd, text.p, text.n) < 0)
		return;
}

static unsigned terminal_columns(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : COLUMNS_DEFAULT;
}

void km_progress_hide(km_progress *p)
{
	if (p->visible)
		put(p, KM_S("\r\033[K"));
	p->visible = false;
}

bool km_progress_due(const km_progress *p)
{
	return km_clock_mono_ns() - p->shown_ns >= NEXT_SHOW;
}

void km_progress_add(km_progress *p, uint64_t bytes)
{
	km_buf b;

	p->bytes += bytes;
	p->messages++;
	if (!p->on)
		return;
	uint64_t now = km_clock_mono_ns();
	if (now - p->start_ns < FIRST_SHOW || !km_progress_due(p))
		return;
	km_buf_init(&b, NULL, LINE_MAX_BYTES);
	km_buf_add(&b, KM_S("\r"));
	km_progress_line(&b, p, now - p->start_ns, terminal_columns(p->fd));
	km_buf_add(&b, KM_S("\033[K"));
	put(p, km_buf_sv(&b));
	km_buf_finish(&b);
	p->shown_ns = now;
	p->visible = true;
}
