#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/spool.h"

static km_status map_fd(km_file *f, int fd, size_t size, const char *name, km_err *err)
{
	f->bytes = (km_sv){ "", 0 };
	if (size == 0)
		return KM_OK;
	void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return KM_FAIL(err, KM_IO, "%s: can not be mapped: %s", name, strerror(errno));
	*f = (km_file){ .bytes = { p, size }, .map = p, .map_size = size };
	return KM_OK;
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

/* Copies all of @in into @out; *total counts the bytes. */
static km_status copy_stream(int in, int out, const char *name, size_t max, size_t *total,
			     km_err *err)
{
	char block[65536];

	for (;;) {
		ssize_t r = read(in, block, sizeof(block));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return KM_FAIL(err, KM_IO, "%s: can not be read: %s", name,
				       strerror(errno));
		if (r == 0)
			return KM_OK;
		*total += (size_t)r;
		if (*total > max)
			return KM_FAIL(err, KM_LIMIT, "%s: over the limit of %zu bytes", name, max);
		if (!write_all(out, block, (size_t)r))
			return KM_FAIL(err, KM_IO, "%s: spool can not be written: %s", name,
				       strerror(errno));
	}
}

static km_status spool(km_file *f, int in, const char *name, size_t max, km_err *err)
{
	int out = km_spool_file(NULL);
	size_t total = 0;

	if (out < 0)
		return KM_FAIL(err, KM_IO, "%s: no spool file: %s", name, strerror(errno));
	km_status st = copy_stream(in, out, name, max, &total, err);
	if (st == KM_OK)
		st = map_fd(f, out, total, name, err);
	(void)close(out);
	return st;
}

km_status km_file_open_fd(km_file *f, int fd, const char *name, size_t max, km_err *err)
{
	struct stat sb;

	*f = (km_file){ .bytes = { "", 0 } };
	if (fstat(fd, &sb) != 0)
		return KM_FAIL(err, KM_IO, "%s: %s", name, strerror(errno));
	if (S_ISDIR(sb.st_mode))
		return KM_FAIL(err, KM_IO, "%s: is a folder", name);
	if (!S_ISREG(sb.st_mode))
		return spool(f, fd, name, max, err);
	if ((uint64_t)sb.st_size > max)
		return KM_FAIL(err, KM_LIMIT, "%s: %lld bytes are over the limit of %zu", name,
			       (long long)sb.st_size, max);
	/* A redirected file may have been read from already. */
	if (lseek(fd, 0, SEEK_CUR) > 0)
		return spool(f, fd, name, max, err);
	return map_fd(f, fd, (size_t)sb.st_size, name, err);
}

km_status km_file_open(km_file *f, const char *path, size_t max, km_err *err)
{
	*f = (km_file){ .bytes = { "", 0 } };
	if (strcmp(path, "-") == 0)
		return km_file_open_fd(f, STDIN_FILENO, "standard input", max, err);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return KM_FAIL(err, errno == ENOENT ? KM_NOTFOUND : KM_IO, "%s: %s", path,
			       strerror(errno));
	km_status st = km_file_open_fd(f, fd, path, max, err);
	(void)close(fd);
	return st;
}

void km_file_close(km_file *f)
{
	if (f->map)
		(void)munmap(f->map, f->map_size);
	*f = (km_file){ .bytes = { "", 0 } };
}

static void sync_folder_of(const char *path)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) + 1 : 1;

	if (n >= sizeof(dir))
		return;
	memcpy(dir, slash ? path : ".", n);
	dir[n] = '\0';
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

static km_status replace(const char *path, km_sv bytes, mode_t mode, km_err *err)
{
	char tmp[4096];
	int n = snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path);

	if (n < 0 || (size_t)n >= sizeof(tmp))
		return KM_FAIL(err, KM_IO, "%s: name too long", path);
	int fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return KM_FAIL(err, KM_IO, "%s: can not be written: %s", path, strerror(errno));
	bool ok = write_all(fd, bytes.p, bytes.n) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	int saved = errno;
	ok = close(fd) == 0 && ok;
	if (ok && rename(tmp, path) == 0) {
		sync_folder_of(path);
		return KM_OK;
	}
	if (ok)
		saved = errno;
	(void)unlink(tmp);
	return KM_FAIL(err, KM_IO, "%s: can not be written: %s", path, strerror(saved));
}

km_status km_file_replace(const char *path, km_sv bytes, km_err *err)
{
	return replace(path, bytes, 0644, err);
}

km_status km_file_replace_secret(const char *path, km_sv bytes, km_err *err)
{
	return replace(path, bytes, 0600, err);
}
