#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { KEEP = 64 * 1024 }; /* a buffer up to this size is kept for the next message */

static const char *spool_dir;

void km_spool_set_dir(const char *dir)
{
	spool_dir = dir;
}

int km_spool_file(const char *dir)
{
	int fd = -1;

	if (dir == NULL)
		dir = spool_dir ? spool_dir : getenv("TMPDIR");
	fd = open(dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fd : memfd_create("komainu-spool", MFD_CLOEXEC);
}

void km_spool_init(km_spool *s, size_t max)
{
	*s = (km_spool){ .fd = -1, .max = max };
	km_buf_init(&s->head, NULL, KM_SPOOL_MEMORY + 1);
}

static void drop_file(km_spool *s)
{
	if (s->map)
		(void)munmap(s->map, s->total);
	if (s->fd >= 0)
		(void)close(s->fd);
	s->map = NULL;
	s->fd = -1;
}

void km_spool_reset(km_spool *s)
{
	drop_file(s);
	if (s->head.cap > KEEP)
		km_buf_finish(&s->head);
	s->head.n = 0;
	s->head.cut = false;
	s->total = s->dropped = 0;
	s->st = KM_OK;
}

void km_spool_finish(km_spool *s)
{
	drop_file(s);
	km_buf_finish(&s->head);
}

static void write_out(km_spool *s, km_sv v)
{
	while (v.n && s->st == KM_OK) {
		ssize_t w = write(s->fd, v.p, v.n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			s->st = KM_IO;
			return;
		}
		v = km_sv_from(v, (size_t)w);
	}
}

static void to_file(km_spool *s)
{
	s->fd = km_spool_file(NULL);
	if (s->fd < 0) {
		s->st = KM_IO;
		return;
	}
	write_out(s, km_buf_sv(&s->head));
	km_buf_finish(&s->head);
}

void km_spool_add(km_spool *s, km_sv v)
{
	if (v.n > s->max - s->total) {
		s->dropped += v.n - (s->max - s->total);
		v.n = s->max - s->total;
	}
	if (v.n == 0 || s->st != KM_OK)
		return;
	if (s->fd < 0 && s->total + v.n > KM_SPOOL_MEMORY)
		to_file(s);
	if (s->st != KM_OK)
		return;
	s->total += v.n;
	if (s->fd >= 0) {
		write_out(s, v);
		return;
	}
	km_buf_add(&s->head, v);
	if (s->head.cut)
		s->st = KM_NOMEM;
}

km_status km_spool_bytes(km_spool *s, km_sv *out, km_err *err)
{
	*out = km_buf_sv(&s->head);
	if (s->st != KM_OK)
		return KM_FAIL(err, s->st, "the message could not be spooled");
	if (s->fd < 0)
		return KM_OK;
	if (s->map == NULL) {
		void *p = mmap(NULL, s->total, PROT_READ, MAP_PRIVATE, s->fd, 0);
		if (p == MAP_FAILED)
			return KM_FAIL(err, KM_IO, "the spool file can not be mapped");
		s->map = p;
	}
	*out = (km_sv){ s->map, s->total };
	return KM_OK;
}
