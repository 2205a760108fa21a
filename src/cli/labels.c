#include "cli/labels.h"

enum { INDEX_MAX = 256 * 1024 * 1024 };

km_status km_labels_open(km_labels *l, const char *path, km_err *err)
{
	*l = (km_labels){ .path = path };
	km_status st = km_file_open(&l->file, path, INDEX_MAX, err);
	if (st == KM_OK)
		l->rest = l->file.bytes;
	return st;
}

void km_labels_close(km_labels *l)
{
	km_file_close(&l->file);
}

size_t km_labels_count(const km_labels *l)
{
	km_sv text = l->file.bytes, line;
	size_t n = 0;

	while (km_sv_line(&text, &line))
		n += km_sv_trim(line).n > 0;
	return n;
}

static km_status read_line(km_labels *l, km_sv line, km_arena *a, km_label *out, km_err *err)
{
	size_t space = km_sv_chr(line, ' ', 0);
	km_sv label = km_sv_sub(line, 0, space), folder = km_sv_of(l->path);

	out->name = km_sv_trim(km_sv_from(line, space));
	out->spam = km_sv_ieq(label, KM_S("spam"));
	if ((!out->spam && !km_sv_ieq(label, KM_S("ham"))) || out->name.n == 0)
		return KM_FAIL(err, KM_SYNTAX, "%s:%zu: expected \"spam PATH\" or \"ham PATH\"",
			       l->path, l->line);
	size_t slash = km_sv_rchr(folder, '/');
	bool below = out->name.p[0] != '/' && slash < folder.n;
	folder = below ? km_sv_sub(folder, 0, slash + 1) : KM_S("");
	out->path = km_sv_cstr(a, km_sv_fmt(a, "%.*s%.*s", KM_FMT(folder), KM_FMT(out->name)));
	return out->path ? KM_OK : KM_FAIL(err, KM_NOMEM, "no memory");
}

km_status km_labels_next(km_labels *l, km_arena *a, km_label *out, km_err *err)
{
	km_sv line;

	while (km_sv_line(&l->rest, &line)) {
		l->line++;
		line = km_sv_trim(line);
		if (line.n)
			return read_line(l, line, a, out, err);
	}
	return KM_NOTFOUND;
}
