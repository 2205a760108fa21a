#include "content/archives.h"

#include <archive.h>
#include <archive_entry.h>
#include <iconv.h>
#include <locale.h>
#include <pthread.h>

#include "content/cabinet.h"
#include "text/charset.h"

enum { BOMB_BYTES = 100 << 20, BOMB_RATIO = 200, FIRST_ENTRIES = 16 };

/* libarchive gives names in the charset of the thread's locale; those of LZH files it can only read
 * when it knows theirs. An open converter keeps the tables that it needs in memory. */
static locale_t utf8_names;
static iconv_t from_cp932;

static void make_locale(void)
{
	utf8_names = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	from_cp932 = iconv_open("UTF-8", "CP932");
}

void km_archive_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, make_locale);
}

/* --- formats: never archive_read_support_*_all(), which runs other programs --- */

typedef int support(struct archive *);

/* A zip's central directory lists it without unpacking anything. */
static support *const zip_by_directory[] = { archive_read_support_format_zip_seekable, NULL };
/* Without cabinets: skipping a damaged entry of one ends libarchive 3.6 (read through NULL); their
 * names are read by content/cabinet.h. */
static support *const all_others[] = {
	archive_read_support_format_zip_streamable,
	archive_read_support_format_7zip,
	archive_read_support_format_rar,
	archive_read_support_format_rar5,
	archive_read_support_format_lha,
	archive_read_support_format_tar,
	archive_read_support_format_iso9660,
	archive_read_support_format_raw,
	archive_read_support_filter_gzip,
	archive_read_support_filter_bzip2,
	archive_read_support_filter_xz,
	archive_read_support_filter_zstd,
	archive_read_support_filter_compress,
	archive_read_support_filter_lzip,
	NULL,
};

typedef struct {
	km_arena *arena;
	km_archive_budget *budget;
	km_archive *out;
	km_archive_entry *entry;
	size_t cap;
	bool seeks; /* entries are passed over without unpacking them */
	bool full;
} reader;

static struct archive *open_with(support *const *formats, km_sv bytes)
{
	struct archive *x = archive_read_new();
	int rc = ARCHIVE_OK;

	if (x == NULL)
		return NULL;
	for (; *formats && rc >= ARCHIVE_WARN; formats++)
		rc = (*formats)(x);
	/* Refused where there is no LZH among the formats, or no CP932. */
	if (from_cp932 != (iconv_t)-1)
		(void)archive_read_set_options(x, "lha:hdrcharset=CP932");
	if (rc >= ARCHIVE_WARN &&
	    archive_read_open_memory(x, (const void *)bytes.p, bytes.n) >= ARCHIVE_WARN)
		return x;
	(void)archive_read_free(x);
	return NULL;
}

static km_sv read_name(km_arena *a, struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);

	if (name == NULL)
		name = archive_entry_pathname_utf8(e);
	return km_archive_name(a, km_sv_of(name), KM_S("shift_jis"));
}

km_sv km_archive_name(km_arena *a, km_sv name, km_sv charset)
{
	km_sv kept = km_sv_dup(a, name);
	km_decoded d;

	if (kept.n == 0 || km_charset_decode(a, charset, kept, &d) != KM_OK)
		return kept;
	return d.utf8;
}

bool km_archive_name_escapes(km_sv name)
{
	km_sv rest = name, folder, piece;

	if (name.n && (name.p[0] == '/' || name.p[0] == '\\' ||
		       (name.n > 1 && name.p[1] == ':' && km_is_alpha((unsigned char)name.p[0]))))
		return true;
	while (km_sv_split(&rest, '/', &folder))
		while (km_sv_split(&folder, '\\', &piece))
			if (km_sv_eq(piece, KM_S("..")))
				return true;
	return false;
}

/* Reads on until @max bytes are there or the data ends. What the bounds do not allow is left. */
static km_sv read_data(reader *r, struct archive *x, size_t max)
{
	size_t n = 0;
	char *p;

	if (max > r->budget->left)
		max = r->budget->left;
	p = max ? km_alloc(r->arena, max) : NULL;
	while (p && n < max) {
		la_ssize_t got = archive_read_data(x, p + n, max - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	r->budget->left -= n;
	return (km_sv){ p, n };
}

/* What passing over the entry costs; false when that is more than is left. */
static bool pay_for(reader *r, struct archive *x, uint64_t size, bool known)
{
	const void *block;
	size_t n;
	la_int64_t at;

	if (r->seeks)
		return true;
	if (known) {
		if (size > r->budget->left)
			return false;
		r->budget->left -= (size_t)size;
		return true;
	}
	while (archive_read_data_block(x, &block, &n, &at) == ARCHIVE_OK) {
		if (n > r->budget->left)
			return false;
		r->budget->left -= n;
	}
	return true;
}

static km_archive_entry *new_entry(reader *r)
{
	if (r->out->n == KM_MAX_ARCHIVE_ENTRIES) {
		km_limit_hit(&r->out->limits, KM_LIMIT_ARCHIVE_ENTRIES);
		return NULL;
	}
	if (r->out->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : FIRST_ENTRIES;
		km_archive_entry *grown = km_arena_grow(r->arena, r->entry, r->cap * sizeof(*grown),
							cap * sizeof(*grown));
		r->full = grown == NULL;
		if (grown == NULL)
			return NULL;
		r->entry = grown;
		r->cap = cap;
	}
	return &r->entry[r->out->n++];
}

/* False when the listing ends here. */
static bool take_entry(reader *r, struct archive *x, struct archive_entry *e)
{
	km_archive_entry *mine = new_entry(r);
	bool known = archive_entry_size_is_set(e);
	la_int64_t size = known ? archive_entry_size(e) : 0;

	if (mine == NULL)
		return false;
	*mine = (km_archive_entry){ .name = read_name(r->arena, e),
				    .size = size > 0 ? (uint64_t)size : 0,
				    .encrypted = archive_entry_is_encrypted(e) > 0,
				    .folder = archive_entry_filetype(e) == AE_IFDIR };
	mine->escapes = km_archive_name_escapes(mine->name);
	r->out->encrypted |= mine->encrypted;
	if (__builtin_add_overflow(r->out->size, mine->size, &r->out->size))
		r->out->size = UINT64_MAX;
	if (mine->folder || mine->encrypted)
		return true;
	if (r->budget->wants(mine->name)) {
		size_t max = known && mine->size < KM_MAX_FILE_BYTES ? (size_t)mine->size
								     : KM_MAX_FILE_BYTES;
		mine->bytes = read_data(r, x, max);
		if (mine->bytes.n == max && mine->size > max)
			km_limit_hit(&r->out->limits, KM_LIMIT_FILE_BYTES);
		known = true;
		size = (la_int64_t)mine->size - (la_int64_t)mine->bytes.n;
	}
	if (pay_for(r, x, size > 0 ? (uint64_t)size : 0, known))
		return true;
	km_limit_hit(&r->out->limits, KM_LIMIT_UNPACKED_BYTES);
	return false;
}

static void list(reader *r, struct archive *x)
{
	struct archive_entry *e;
	int rc = ARCHIVE_OK;
	bool more = true;

	while (more && !r->full) {
		rc = archive_read_next_header(x, &e);
		if (rc == ARCHIVE_RETRY)
			continue;
		more = rc >= ARCHIVE_WARN && rc != ARCHIVE_EOF && take_entry(r, x, e);
	}
	r->out->damaged = rc < ARCHIVE_WARN;
	/* Headers that are encrypted end the list like damaged ones do. */
	if (archive_read_has_encrypted_entries(x) > 0)
		r->out->encrypted = true;
	r->out->entry = r->entry;
}

static bool is_known(struct archive *x, const km_archive *out)
{
	if (out->n == 0)
		return out->encrypted || (archive_format(x) != 0 && !out->damaged);
	return archive_format(x) != ARCHIVE_FORMAT_RAW || archive_filter_count(x) > 1;
}

km_status km_archive_read(km_arena *a, km_sv bytes, km_archive_budget *budget, km_archive *out)
{
	static support *const *const attempts[] = { zip_by_directory, all_others };
	locale_t before = (locale_t)0;
	km_status st = KM_NOTFOUND;

	if (km_cabinet_is_one(bytes))
		return km_cabinet_read(a, bytes, out);
	km_archive_prepare();
	if (utf8_names)
		before = uselocale(utf8_names);
	for (size_t i = 0; i < KM_COUNT(attempts) && st == KM_NOTFOUND; i++) {
		*out = (km_archive){ 0 };
		struct archive *x = open_with(attempts[i], bytes);
		reader r = { .arena = a, .budget = budget, .out = out, .seeks = i == 0 };
		if (x == NULL)
			continue;
		list(&r, x);
		out->compression = archive_format(x) == ARCHIVE_FORMAT_RAW;
		st = r.full ? KM_LIMIT : is_known(x, out) ? KM_OK : KM_NOTFOUND;
		(void)archive_read_free(x);
	}
	if (before)
		(void)uselocale(before);
	return st;
}

bool km_archive_is_bomb(const km_archive *x, size_t packed)
{
	return x->size >= BOMB_BYTES && x->size / BOMB_RATIO >= packed;
}
