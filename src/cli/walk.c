#include "cli/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef enum {
	FOLDER,	 /* files and folders */
	MAILDIR, /* cur, new and the Maildirs below */
	MAILBOX	 /* cur or new: messages only */
} kind;

typedef struct {
	char *path;
	char **names; /* sorted */
	size_t n, at;
	kind kind;
} frame;

struct km_walk {
	frame *frames;
	size_t n, cap;
};

static char *join(const char *folder, const char *name)
{
	size_t n = strlen(folder);
	char *path;

	if (asprintf(&path, "%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name) < 0)
		return NULL;
	return path;
}

static bool has_folder(const char *folder, const char *name)
{
	struct stat sb;
	char *path = join(folder, name);
	bool yes = path != NULL && stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);

	free(path);
	return yes;
}

static bool is_maildir(const char *path)
{
	return has_folder(path, "cur") && has_folder(path, "new");
}

static bool is_mailbox(const char *name)
{
	return strcmp(name, "cur") == 0 || strcmp(name, "new") == 0;
}

static bool is_wanted(const char *folder, kind k, const char *name)
{
	if (k != MAILDIR)
		return name[0] != '.';
	if (is_mailbox(name))
		return true;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	char *path = join(folder, name);
	bool yes = path != NULL && is_maildir(path);
	free(path);
	return yes;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void frame_finish(frame *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->names[i]);
	free(f->names);
	free(f->path);
}

static bool frame_add(frame *f, size_t *cap, const char *name)
{
	if (f->n == *cap) {
		size_t more = *cap ? *cap * 2 : 64;
		char **names = reallocarray(f->names, more, sizeof(*names));
		if (names == NULL)
			return false;
		f->names = names;
		*cap = more;
	}
	f->names[f->n] = strdup(name);
	return f->names[f->n] != NULL && ++f->n;
}

static km_status frame_read(frame *f, km_err *err)
{
	struct dirent *d;
	size_t cap = 0;
	bool ok = true;
	DIR *dir = opendir(f->path);

	if (dir == NULL)
		return KM_FAIL(err, KM_IO, "%s: %s", f->path, strerror(errno));
	while (ok && (d = readdir(dir)) != NULL)
		if (is_wanted(f->path, f->kind, d->d_name))
			ok = frame_add(f, &cap, d->d_name);
	(void)closedir(dir);
	if (!ok)
		return KM_FAIL(err, KM_NOMEM, "%s: out of memory", f->path);
	if (f->n)
		qsort(f->names, f->n, sizeof(*f->names), by_bytes);
	return KM_OK;
}

static bool has_room(km_walk *w)
{
	if (w->n < w->cap)
		return true;
	frame *frames = reallocarray(w->frames, w->cap * 2, sizeof(*frames));
	if (frames == NULL)
		return false;
	w->frames = frames;
	w->cap *= 2;
	return true;
}

/* Puts the folder at @path on the stack. */
static km_status enter(km_walk *w, const char *path, kind k, km_err *err)
{
	frame f = { .path = strdup(path), .kind = k };
	km_status st = KM_OK;

	if (f.path == NULL || !has_room(w))
		st = KM_FAIL(err, KM_NOMEM, "%s: out of memory", path);
	if (st == KM_OK && k == FOLDER && is_maildir(path))
		f.kind = MAILDIR;
	if (st == KM_OK)
		st = frame_read(&f, err);
	if (st != KM_OK) {
		frame_finish(&f);
		return st;
	}
	w->frames[w->n++] = f;
	return KM_OK;
}

km_walk *km_walk_new(const char *root)
{
	km_walk *w = calloc(1, sizeof(*w));
	frame top = { .path = strdup(""), .kind = FOLDER };
	size_t cap = 0;

	/* The root is the only name in a frame of its own, so that it is entered like any other. */
	if (w != NULL)
		w->frames = calloc(1, sizeof(*w->frames));
	if (w == NULL || w->frames == NULL || top.path == NULL || !frame_add(&top, &cap, root)) {
		frame_finish(&top);
		km_walk_free(w);
		return NULL;
	}
	w->frames[0] = top;
	w->n = w->cap = 1;
	return w;
}

void km_walk_free(km_walk *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->n; i++)
		frame_finish(&w->frames[i]);
	free(w->frames);
	free(w);
}

/* A link to a folder may lead round in a circle. */
static bool is_link(const char *path)
{
	struct stat sb;

	return lstat(path, &sb) == 0 && S_ISLNK(sb.st_mode);
}

/* Looks at @path, found in the frame on top: KM_OK with *out set, KM_NOTFOUND to go on, or an
 * error. */
static km_status visit(km_walk *w, const char *path, bool is_root, km_walk_file *out, km_err *err)
{
	kind in = w->frames[w->n - 1].kind;
	struct stat sb;

	if (stat(path, &sb) != 0) {
		if (errno == ENOENT || errno == ELOOP) /* it went away, or leads nowhere */
			return KM_NOTFOUND;
		return KM_FAIL(err, KM_IO, "%s: %s", path, strerror(errno));
	}
	if (S_ISREG(sb.st_mode) && in != MAILDIR) {
		out->alone = in == MAILBOX;
		out->size = (uint64_t)sb.st_size;
		return KM_OK;
	}
	if (in == MAILBOX || !S_ISDIR(sb.st_mode) || (!is_root && is_link(path)))
		return KM_NOTFOUND;
	const char *slash = strrchr(path, '/');
	bool of_maildir = in == MAILDIR && slash != NULL && is_mailbox(slash + 1);
	km_status st = enter(w, path, of_maildir ? MAILBOX : FOLDER, err);
	return st == KM_OK ? KM_NOTFOUND : st;
}

km_status km_walk_next(km_walk *w, km_walk_file *out, km_err *err)
{
	*out = (km_walk_file){ 0 };
	while (w->n) {
		frame *f = &w->frames[w->n - 1];
		bool is_root = w->n == 1;
		if (f->at == f->n) {
			frame_finish(f);
			w->n--;
			continue;
		}
		const char *name = f->names[f->at++];
		char *path = is_root ? strdup(name) : join(f->path, name);
		if (path == NULL)
			return KM_FAIL(err, KM_NOMEM, "out of memory");
		km_status st = visit(w, path, is_root, out, err);
		out->path = path;
		if (st != KM_NOTFOUND)
			return st;
		free(path);
		out->path = NULL;
	}
	return KM_NOTFOUND;
}
