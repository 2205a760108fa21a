#include "cli/sources.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/mbox.h"
#include "cli/walk.h"

/* An mbox is many messages: mapped, so it costs no memory. A pipe is spooled to disk first. */
#define FILE_BYTES   ((size_t)1 << 40)
#define STREAM_BYTES ((size_t)1 << 30)

struct km_source_file {
	km_file file;
	atomic_uint users;
};

struct km_sources {
	char *const *operands;
	size_t n, at;
	km_walk *walk; /* of the folder that is being read, or NULL */
	/* the mbox that is being read, or NULL */
	km_source_file *mbox;
	char *mbox_name;
	km_sv mbox_rest;
	unsigned long mbox_number;
};

km_sources *km_sources_new(char *const *operands, size_t n)
{
	km_sources *s = calloc(1, sizeof(*s));

	if (s != NULL)
		*s = (km_sources){ .operands = operands, .n = n };
	return s;
}

static void release(km_source_file *f)
{
	if (f == NULL || atomic_fetch_sub(&f->users, 1) != 1)
		return;
	km_file_close(&f->file);
	free(f);
}

static void leave_mbox(km_sources *s)
{
	release(s->mbox);
	free(s->mbox_name);
	s->mbox = NULL;
	s->mbox_name = NULL;
}

void km_sources_free(km_sources *s)
{
	if (s == NULL)
		return;
	leave_mbox(s);
	km_walk_free(s->walk);
	free(s);
}

void km_source_close(km_source *m)
{
	release(m->file);
	m->file = NULL;
	m->bytes = (km_sv){ 0 };
}

void km_source_done(km_source *m)
{
	km_source_close(m);
	free(m->name);
	*m = (km_source){ 0 };
}

static bool next_of_mbox(km_sources *s, km_source *out)
{
	if (!km_mbox_next(&s->mbox_rest, &out->bytes)) {
		leave_mbox(s);
		return false;
	}
	if (asprintf(&out->name, "%s:%lu", s->mbox_name, ++s->mbox_number) < 0) {
		out->name = NULL;
		(void)KM_FAIL(&out->err, KM_NOMEM, "out of memory");
		return true;
	}
	out->file = s->mbox;
	atomic_fetch_add(&s->mbox->users, 1);
	return true;
}

/* Opens @path, which becomes the message's name. @alone: never an mbox. @max: bytes. */
static bool open_file(km_sources *s, char *path, bool alone, size_t max, km_source *out)
{
	km_source_file *f = calloc(1, sizeof(*f));

	out->name = path;
	if (f == NULL) {
		(void)KM_FAIL(&out->err, KM_NOMEM, "%s: out of memory", path);
		return true;
	}
	atomic_init(&f->users, 1);
	if (km_file_open(&f->file, path, max, &out->err) != KM_OK) {
		release(f);
		return true;
	}
	if (!alone && km_mbox_is(f->file.bytes)) {
		s->mbox = f;
		s->mbox_name = path;
		s->mbox_rest = f->file.bytes;
		s->mbox_number = 0;
		out->name = NULL;
		return next_of_mbox(s, out);
	}
	out->bytes = f->file.bytes;
	out->file = f;
	return true;
}

static bool next_of_folder(km_sources *s, km_source *out)
{
	km_walk_file file;
	km_status st = km_walk_next(s->walk, &file, &out->err);

	if (st == KM_OK)
		return open_file(s, file.path, file.alone, FILE_BYTES, out);
	if (st == KM_NOTFOUND) {
		km_walk_free(s->walk);
		s->walk = NULL;
		return false;
	}
	out->name = file.path;
	return true;
}

/* True when it was a file and a message or an error came of it. */
static bool begin_operand(km_sources *s, const char *operand, km_source *out)
{
	struct stat sb = { .st_mode = 0 };
	char *name = strdup(operand);

	if (name != NULL && strcmp(name, "-") != 0 && stat(name, &sb) != 0)
		sb.st_mode = 0; /* opening it will say why */
	if (name != NULL && !S_ISDIR(sb.st_mode))
		return open_file(s, name, false, S_ISREG(sb.st_mode) ? FILE_BYTES : STREAM_BYTES,
				 out);
	if (name != NULL)
		s->walk = km_walk_new(operand);
	out->name = name;
	if (s->walk == NULL) {
		(void)KM_FAIL(&out->err, KM_NOMEM, "%s: out of memory", operand);
		return true;
	}
	free(name);
	out->name = NULL;
	return false;
}

bool km_sources_next(km_sources *s, km_source *out)
{
	*out = (km_source){ 0 };
	for (;;) {
		if (s->mbox != NULL) {
			if (next_of_mbox(s, out))
				return true;
		} else if (s->walk != NULL) {
			if (next_of_folder(s, out))
				return true;
		} else if (s->at == s->n) {
			return false;
		} else if (begin_operand(s, s->operands[s->at++], out)) {
			return true;
		}
	}
}

static uint64_t bytes_below(const char *path)
{
	km_walk *w = km_walk_new(path);
	km_walk_file file;
	uint64_t total = 0;
	km_status st;

	if (w == NULL)
		return 0;
	while ((st = km_walk_next(w, &file, NULL)) != KM_NOTFOUND && st != KM_NOMEM) {
		total += file.size;
		free(file.path);
	}
	km_walk_free(w);
	return total;
}

uint64_t km_sources_bytes(char *const *operands, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(operands[i], "-") == 0)
			return 0;
		total += bytes_below(operands[i]);
	}
	return total;
}
