#include "daemon/poison.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"

enum { KEY_HEX = 32, FILE_MAX = 64 * KM_POISON_ENTRIES, PATH_BYTES = 1100 };

static const char first_line[] = "komainu " KM_VERSION "\n";

void km_poison_write(km_buf *out, const km_shared *s)
{
	km_digest_key key;

	km_buf_add(out, km_sv_of(first_line));
	for (size_t i = 0; i < KM_POISON_ENTRIES; i++) {
		unsigned deaths = km_shared_poison(s, i, &key);
		if (deaths)
			km_buf_fmt(out, "%u %016" PRIx64 "%016" PRIx64 "\n", deaths, key.a, key.b);
	}
}

static bool read_hex(km_sv v, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < v.n; i++) {
		int x = km_hex_value((unsigned char)v.p[i]);
		if (x < 0)
			return false;
		*out = *out << 4 | (uint64_t)x;
	}
	return true;
}

void km_poison_read(km_shared *s, km_sv text)
{
	km_sv line, word;
	uint64_t deaths;
	km_digest_key key;

	if (!km_sv_starts(text, km_sv_of(first_line)))
		return;
	text = km_sv_from(text, sizeof(first_line) - 1);
	while (km_sv_line(&text, &line)) {
		if (!km_sv_split(&line, ' ', &word) || !km_sv_u64(word, &deaths) || deaths == 0 ||
		    deaths > UINT32_MAX || line.n != KEY_HEX)
			continue;
		if (read_hex(km_sv_sub(line, 0, KEY_HEX / 2), &key.a) &&
		    read_hex(km_sv_from(line, KEY_HEX / 2), &key.b))
			km_shared_remember(s, key, (unsigned)deaths);
	}
}

static const char *path_of(const char *state_dir, char *out)
{
	(void)snprintf(out, PATH_BYTES, "%s/poison", state_dir);
	return out;
}

void km_poison_load(km_shared *s, const char *state_dir)
{
	char path[PATH_BYTES];
	km_err err = { 0 };
	km_file file;
	km_status st = km_file_open(&file, path_of(state_dir, path), FILE_MAX, &err);

	if (st == KM_OK) {
		km_poison_read(s, file.bytes);
		km_file_close(&file);
	} else if (st != KM_NOTFOUND) {
		km_warn("which messages killed scanners is not known any more: %s", err.msg);
	}
}

void km_poison_save(const km_shared *s, const char *state_dir)
{
	char path[PATH_BYTES];
	km_err err = { 0 };
	km_buf text;

	km_buf_init(&text, NULL, FILE_MAX);
	km_poison_write(&text, s);
	if (km_file_replace(path_of(state_dir, path), km_buf_sv(&text), &err) != KM_OK)
		km_warn("which messages killed scanners will be forgotten at the next restart: %s",
			err.msg);
	km_buf_finish(&text);
}
