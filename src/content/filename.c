#include "content/filename.h"

#include "mail/sniff.h"

km_sv km_filename_extension(km_sv name, km_sv *stem)
{
	size_t slash = km_sv_rchr(name, '/'), back = km_sv_rchr(name, '\\');
	size_t from = slash < name.n ? slash + 1 : 0;

	if (back < name.n && back + 1 > from)
		from = back + 1;
	while (name.n > from && (name.p[name.n - 1] == '.' || name.p[name.n - 1] == ' '))
		name.n--;
	size_t dot = km_sv_rchr(name, '.');
	if (dot < from)
		dot = name.n;
	*stem = km_sv_trim(km_sv_sub(name, 0, dot));
	return km_sv_trim(km_sv_from(name, dot + 1));
}

static bool looks_like_document(km_kind k)
{
	return k == KM_KIND_DOCUMENT || k == KM_KIND_IMAGE || k == KM_KIND_TEXT ||
	       k == KM_KIND_HTML || k == KM_KIND_MEDIA;
}

bool km_filename_is_double(km_sv name)
{
	km_sv stem, rest, outer = km_filename_extension(name, &stem);
	km_sv inner = km_filename_extension(stem, &rest);

	return outer.n && inner.n && rest.n && km_kind_of_extension(outer) == KM_KIND_PROGRAM &&
	       looks_like_document(km_kind_of_extension(inner));
}

/* U+202A..202E, U+2066..2069 */
bool km_filename_has_bidi(km_sv name)
{
	for (size_t i = 0; i + 2 < name.n; i++) {
		unsigned char b = (unsigned char)name.p[i + 1], c = (unsigned char)name.p[i + 2];
		if ((unsigned char)name.p[i] == 0xe2 && ((b == 0x80 && c >= 0xaa && c <= 0xae) ||
							 (b == 0x81 && c >= 0xa6 && c <= 0xa9)))
			return true;
	}
	return false;
}
