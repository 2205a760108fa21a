#include "content/cabinet.h"

enum { HEADER = 36, ENTRY = 16, NAME_LONGEST = 256, NAME_IS_UTF8 = 0x80 };

static uint32_t le(km_sv v, size_t at, size_t n)
{
	uint32_t x = 0;

	for (size_t i = n; i-- > 0;)
		x = x << 8 | (uint8_t)v.p[at + i];
	return x;
}

bool km_cabinet_is_one(km_sv bytes)
{
	return bytes.n >= HEADER && km_sv_starts(bytes, KM_S("MSCF\0\0\0\0"));
}

/* The entry at *at, which moves past it; false when it does not end within the file. */
static bool read_entry(km_arena *a, km_sv v, size_t *at, km_archive_entry *out)
{
	if (v.n - *at < ENTRY)
		return false;
	km_sv name = km_sv_sub(v, *at + ENTRY, NAME_LONGEST);
	bool utf8 = le(v, *at + 14, 2) & NAME_IS_UTF8;
	size_t end = km_sv_chr(name, '\0', 0);

	if (end == name.n)
		return false;
	name = km_sv_sub(name, 0, end);
	*out = (km_archive_entry){ .size = le(v, *at, 4) };
	out->name = km_archive_name(a, name, utf8 ? KM_S("utf-8") : KM_S("shift_jis"));
	out->escapes = km_archive_name_escapes(out->name);
	*at += ENTRY + end + 1;
	return true;
}

km_status km_cabinet_read(km_arena *a, km_sv bytes, km_archive *out)
{
	size_t at = le(bytes, 16, 4), n = le(bytes, 28, 2);

	*out = (km_archive){ 0 };
	if (n > KM_MAX_ARCHIVE_ENTRIES) {
		km_limit_hit(&out->limits, KM_LIMIT_ARCHIVE_ENTRIES);
		n = KM_MAX_ARCHIVE_ENTRIES;
	}
	km_archive_entry *entry = KM_NEW_ARRAY(a, km_archive_entry, n);
	if (entry == NULL)
		return KM_LIMIT;
	out->entry = entry;
	while (out->n < n && at < bytes.n && read_entry(a, bytes, &at, &entry[out->n]))
		out->size += entry[out->n++].size;
	out->damaged = out->n < n;
	return km_arena_full(a) ? KM_LIMIT : KM_OK;
}
