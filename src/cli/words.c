#include "cli/words.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/term_cache.h"

enum { PATH_BYTES = 4096 };

static bool absolute(const char *name)
{
	return name != NULL && name[0] == '/';
}

/* XDG Base Directory Specification: what is not absolute is as good as unset. */
static bool path_of(char folder[PATH_BYTES], char file[PATH_BYTES])
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n = -1, m = -1;

	if (absolute(xdg))
		n = snprintf(folder, PATH_BYTES, "%s/komainu", xdg);
	else if (absolute(home))
		n = snprintf(folder, PATH_BYTES, "%s/.cache/komainu", home);
	if (n > 0 && n < PATH_BYTES)
		m = snprintf(file, PATH_BYTES, "%s/words.cache", folder);
	return m > 0 && m < PATH_BYTES;
}

km_file km_words_open(void)
{
	char folder[PATH_BYTES], path[PATH_BYTES];
	km_file file = { 0 };
	struct stat sb;

	if (!path_of(folder, path))
		return file;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return file;
	/* Code of libhs works on what is in it: of others nothing is believed. */
	if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode) || sb.st_uid != geteuid() ||
	    km_file_open_fd(&file, fd, path, KM_TERM_CACHE_BYTES, NULL) != KM_OK)
		file = (km_file){ 0 };
	(void)close(fd);
	return file;
}

void km_words_keep(const km_terms *t)
{
	char folder[PATH_BYTES], path[PATH_BYTES], *slash;
	char *bytes = NULL;
	size_t n = 0;

	if (!path_of(folder, path) || km_term_cache_make(t, &bytes, &n, NULL) != KM_OK)
		return;
	/* The cache folder itself may be missing; what is above it is not ours to make. */
	slash = strrchr(folder, '/');
	*slash = '\0';
	(void)mkdir(folder, 0700);
	*slash = '/';
	(void)mkdir(folder, 0700);
	(void)!km_file_replace_secret(path, (km_sv){ bytes, n }, NULL);
	free(bytes);
}
