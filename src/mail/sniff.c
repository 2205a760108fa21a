#include "mail/sniff.h"

#include "base/limits.h"

/* Signatures at fixed places; the first that fits wins. */
static const struct magic {
	unsigned at;
	km_sv bytes;
	const char *type;
} magics[] = {
	{ 0, KM_SV("%PDF-"), "application/pdf" },
	{ 0, KM_SV("\x89PNG\r\n\x1a\n"), "image/png" },
	{ 0, KM_SV("\xff\xd8\xff"), "image/jpeg" },
	{ 0, KM_SV("GIF87a"), "image/gif" },
	{ 0, KM_SV("GIF89a"), "image/gif" },
	{ 8, KM_SV("WEBPVP8"), "image/webp" },
	{ 0, KM_SV("II*\0"), "image/tiff" },
	{ 0, KM_SV("MM\0*"), "image/tiff" },
	{ 4, KM_SV("ftypheic"), "image/heic" },
	{ 4, KM_SV("ftypmif1"), "image/heic" },
	{ 4, KM_SV("ftypavif"), "image/avif" },
	{ 0, KM_SV("8BPS"), "image/vnd.adobe.photoshop" },
	{ 0, KM_SV("\xd7\xcd\xc6\x9a"), "image/wmf" },
	{ 40, KM_SV(" EMF"), "image/emf" },
	{ 0, KM_SV("Rar!\x1a\x07\0"), "application/vnd.rar" },
	{ 0, KM_SV("Rar!\x1a\x07\x01\0"), "application/vnd.rar" },
	{ 0, KM_SV("7z\xbc\xaf\x27\x1c"), "application/x-7z-compressed" },
	{ 0, KM_SV("\x1f\x8b\x08"), "application/gzip" },
	{ 0, KM_SV("BZh"), "application/x-bzip2" },
	{ 0,
	  KM_SV("\xfd"
		"7zXZ\0"),
	  "application/x-xz" },
	{ 0, KM_SV("\x28\xb5\x2f\xfd"), "application/zstd" },
	{ 0, KM_SV("\x1f\x9d"), "application/x-compress" },
	{ 0, KM_SV("LZIP"), "application/x-lzip" },
	{ 257, KM_SV("ustar"), "application/x-tar" },
	{ 0, KM_SV("MSCF\0\0\0\0"), "application/vnd.ms-cab-compressed" },
	{ 7, KM_SV("**ACE**"), "application/x-ace-compressed" },
	{ 2, KM_SV("-lh"), "application/x-lzh-compressed" },
	{ 2, KM_SV("-lz"), "application/x-lzh-compressed" },
	{ 0, KM_SV("xar!"), "application/x-xar" },
	{ 0, KM_SV("conectix"), "application/x-virtualbox-vhd" },
	{ 0, KM_SV("vhdxfile"), "application/x-virtualbox-vhdx" },
	{ 0, KM_SV("MSWIM\0\0\0"), "application/x-ms-wim" },
	{ 0, KM_SV("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/x-ole-storage" },
	{ 0, KM_SV("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"), "application/onenote" },
	{ 0, KM_SV("{\\rtf"), "application/rtf" },
	{ 0, KM_SV("{\\rt"), "application/rtf" }, /* what Word accepts */
	{ 0,
	  KM_SV("\x7f"
		"ELF"),
	  "application/x-elf" },
	{ 0, KM_SV("\xfe\xed\xfa\xce"), "application/x-mach-binary" },
	{ 0, KM_SV("\xfe\xed\xfa\xcf"), "application/x-mach-binary" },
	{ 0, KM_SV("\xce\xfa\xed\xfe"), "application/x-mach-binary" },
	{ 0, KM_SV("\xcf\xfa\xed\xfe"), "application/x-mach-binary" },
	{ 0, KM_SV("L\0\0\0\x01\x14\x02\0"), "application/x-ms-shortcut" },
	{ 0, KM_SV("ITSF"), "application/vnd.ms-htmlhelp" },
	{ 0, KM_SV("FWS"), "application/x-shockwave-flash" },
	{ 0, KM_SV("CWS"), "application/x-shockwave-flash" },
	{ 0, KM_SV("ZWS"), "application/x-shockwave-flash" },
	{ 0, KM_SV("dex\n"), "application/x-dex" },
	{ 0, KM_SV("\0asm"), "application/wasm" },
	{ 0, KM_SV("!<arch>\ndebian"), "application/vnd.debian.binary-package" },
	{ 0, KM_SV("\xed\xab\xee\xdb"), "application/x-rpm" },
	{ 0, KM_SV("ID3"), "audio/mpeg" },
	{ 0, KM_SV("OggS"), "audio/ogg" },
	{ 0, KM_SV("fLaC"), "audio/flac" },
	{ 0, KM_SV("MThd"), "audio/midi" },
	{ 0, KM_SV("#!AMR"), "audio/amr" },
	{ 8, KM_SV("WAVE"), "audio/wav" },
	{ 8, KM_SV("AVI "), "video/x-msvideo" },
	{ 4, KM_SV("ftypM4A"), "audio/mp4" },
	{ 4, KM_SV("ftypqt"), "video/quicktime" },
	{ 4, KM_SV("ftyp"), "video/mp4" },
	{ 0, KM_SV("\x1a\x45\xdf\xa3"), "video/x-matroska" },
	{ 0, KM_SV("\0\0\x01\xba"), "video/mpeg" },
	{ 0, KM_SV("\x30\x26\xb2\x75\x8e\x66\xcf\x11"), "video/x-ms-asf" },
	{ 0, KM_SV("\x78\x9f\x3e\x22"), "application/ms-tnef" },
	{ 0, KM_SV("-----BEGIN PGP SIGNATURE"), "application/pgp-signature" },
	{ 0, KM_SV("-----BEGIN PGP MESSAGE"), "application/pgp-encrypted" },
	{ 0, KM_SV("-----BEGIN PGP PUBLIC"), "application/pgp-keys" },
};

/* Starts of texts, after a BOM and white space; case does not matter. */
static const struct {
	km_sv start;
	const char *type;
} texts[] = {
	{ KM_SV("<!doctype html"), "text/html" },
	{ KM_SV("<html"), "text/html" },
	{ KM_SV("<head"), "text/html" },
	{ KM_SV("<body"), "text/html" },
	{ KM_SV("<script"), "text/html" },
	{ KM_SV("<iframe"), "text/html" },
	{ KM_SV("<style"), "text/html" },
	{ KM_SV("<table"), "text/html" },
	{ KM_SV("<title"), "text/html" },
	{ KM_SV("<meta"), "text/html" },
	{ KM_SV("<center"), "text/html" },
	{ KM_SV("<font"), "text/html" },
	{ KM_SV("<span"), "text/html" },
	{ KM_SV("<form"), "text/html" },
	{ KM_SV("<div"), "text/html" },
	{ KM_SV("<img"), "text/html" },
	{ KM_SV("<h1"), "text/html" },
	{ KM_SV("<br"), "text/html" },
	{ KM_SV("<a "), "text/html" },
	{ KM_SV("<p>"), "text/html" },
	{ KM_SV("<p "), "text/html" },
	{ KM_SV("<svg"), "image/svg+xml" },
	{ KM_SV("begin:vcalendar"), "text/calendar" },
	{ KM_SV("begin:vcard"), "text/vcard" },
	{ KM_SV("#!"), "text/x-shellscript" },
	{ KM_SV("<?php"), "application/x-httpd-php" },
	{ KM_SV("@echo off"), "application/x-bat" },
	{ KM_SV("<job"), "application/x-wsf" },
	{ KM_SV("<hta:"), "application/hta" },
	{ KM_SV("[internetshortcut]"), "application/x-mswinurl" },
	{ KM_SV("windows registry editor"), "text/x-ms-regedit" },
	{ KM_SV("received:"), "message/rfc822" },
	{ KM_SV("return-path:"), "message/rfc822" },
	{ KM_SV("delivered-to:"), "message/rfc822" },
	{ KM_SV("mime-version: 1.0"), "message/rfc822" },
};

/* Members by which a ZIP shows what it is; looked for in the names near the start. */
static const struct {
	km_sv name;
	const char *type;
} members[] = {
	{ KM_SV("mimetypeapplication/vnd.oasis.opendocument.text"),
	  "application/vnd.oasis.opendocument.text" },
	{ KM_SV("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
	  "application/vnd.oasis.opendocument.spreadsheet" },
	{ KM_SV("mimetypeapplication/vnd.oasis.opendocument.presentation"),
	  "application/vnd.oasis.opendocument.presentation" },
	{ KM_SV("mimetypeapplication/epub+zip"), "application/epub+zip" },
	{ KM_SV("AndroidManifest.xml"), "application/vnd.android.package-archive" },
	{ KM_SV("META-INF/"), "application/java-archive" },
	{ KM_SV("word/"),
	  "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ KM_SV("xl/"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ KM_SV("ppt/"),
	  "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ KM_SV("[Content_Types].xml"), "application/vnd.openxmlformats-officedocument" },
};

static unsigned le16(km_sv v, size_t at)
{
	return (uint8_t)v.p[at] | (unsigned)(uint8_t)v.p[at + 1] << 8;
}

static uint32_t le32(km_sv v, size_t at)
{
	return le16(v, at) | (uint32_t)le16(v, at + 2) << 16;
}

static const char *member_type(km_sv name_and_data)
{
	for (size_t i = 0; i < KM_COUNT(members); i++)
		if (km_sv_starts(name_and_data, members[i].name))
			return members[i].type;
	return NULL;
}

/* Walks the local headers inside the prefix; a generic OOXML name waits for a telling one. */
static const char *zip_type(km_sv v)
{
	const char *found = NULL;

	for (size_t at = 0, step; at + 30 < v.n; at += step) {
		if (!km_sv_starts(km_sv_from(v, at), KM_S("PK\3\4")))
			break;
		const char *type = member_type(km_sv_from(v, at + 30));
		if (type)
			found = type;
		if (type && type != members[KM_COUNT(members) - 1].type)
			break;
		step = 30u + le16(v, at + 26) + le16(v, at + 28) + le32(v, at + 18);
	}
	if (found == NULL) /* sizes may follow the data, so the walk can not go on */
		found = km_sv_find(v, KM_S("[Content_Types].xml"), 0) < v.n
				? members[KM_COUNT(members) - 1].type
				: "application/zip";
	return found;
}

static const char *bmp_type(km_sv v)
{
	/* "BM" begins words too: the size of the second header must be one of those in use. */
	uint32_t size = v.n >= 18 ? le32(v, 14) : 0;

	return size == 12 || size == 40 || size == 52 || size == 56 || size == 108 || size == 124
		       ? "image/bmp"
		       : NULL;
}

static const char *ico_type(km_sv v)
{
	return v.n >= 22 && le16(v, 4) > 0 && le16(v, 4) < 64 && v.p[9] == 0 ? "image/x-icon"
									     : NULL;
}

static const char *exe_type(km_sv v)
{
	/* 64 bytes of header without text in them; "MZ" alone also begins words. */
	if (v.n < 64)
		return memchr(v.p, '\0', v.n) ? "application/x-dosexec" : NULL;
	return memchr(v.p, '\0', 64) ? "application/x-dosexec" : NULL;
}

static const char *fat_type(km_sv v)
{
	/* Java classes and universal Mach-O share a signature: the version is over 40 in Java. */
	return v.n >= 8 && v.p[4] == 0 && v.p[5] == 0 && v.p[6] == 0 && (uint8_t)v.p[7] < 40
		       ? "application/x-mach-binary"
		       : "application/java-vm";
}

static const char *arj_type(km_sv v)
{
	return v.n >= 11 && le16(v, 2) <= 2600 && (uint8_t)v.p[10] <= 3 ? "application/x-arj"
									: NULL;
}

static const char *mp3_type(km_sv v)
{
	return v.n >= 4 && ((uint8_t)v.p[2] & 0xF0) != 0xF0 && ((uint8_t)v.p[2] & 0x0C) != 0x0C
		       ? "audio/mpeg"
		       : NULL;
}

/* Signatures too short to be believed alone. */
static const struct {
	km_sv start;
	const char *(*type)(km_sv v);
} checked[] = {
	{ KM_SV("PK\3\4"), zip_type },	 { KM_SV("BM"), bmp_type },
	{ KM_SV("\0\0\1\0"), ico_type }, { KM_SV("\0\0\2\0"), ico_type },
	{ KM_SV("MZ"), exe_type },	 { KM_SV("\xca\xfe\xba\xbe"), fat_type },
	{ KM_SV("\x60\xea"), arj_type }, { KM_SV("\xff\xfb"), mp3_type },
	{ KM_SV("\xff\xf3"), mp3_type },
};

static const char *binary_type(km_sv v)
{
	for (size_t i = 0; i < KM_COUNT(checked); i++) {
		const char *type = km_sv_starts(v, checked[i].start) ? checked[i].type(v) : NULL;
		if (type)
			return type;
	}
	if (km_sv_starts(v, KM_S("PK\5\6")) || km_sv_starts(v, KM_S("PK\7\10")))
		return "application/zip";
	for (size_t i = 0; i < KM_COUNT(magics); i++) {
		const struct magic *m = &magics[i];
		if (v.n >= m->at + m->bytes.n && v.p[m->at] == m->bytes.p[0] &&
		    memcmp(v.p + m->at, m->bytes.p, m->bytes.n) == 0)
			return m->type;
	}
	return NULL;
}

static const char *xml_type(km_sv v)
{
	if (km_sv_ifind(v, KM_S("<svg"), 0) < v.n)
		return "image/svg+xml";
	return km_sv_ifind(v, KM_S("<html"), 0) < v.n ? "text/html" : "text/xml";
}

static const char *text_start_type(km_sv v)
{
	/* Comments may stand before the first tag. */
	while (km_sv_starts(v, KM_S("<!--"))) {
		size_t end = km_sv_find(v, KM_S("-->"), 4);
		if (end == v.n)
			return "text/html";
		v = km_sv_trim(km_sv_from(v, end + 3));
	}
	if (km_sv_istarts(v, KM_S("<?xml")))
		return xml_type(km_sv_sub(v, 0, 1024));
	for (size_t i = 0; i < KM_COUNT(texts); i++)
		if (km_sv_istarts(v, texts[i].start))
			return texts[i].type;
	return NULL;
}

/* Texts have no control characters but these: BEL BS TAB LF VT FF CR ESC (ISO-2022), SO SI, ^Z. */
static bool has_binary_byte(km_sv v)
{
	uint8_t bad = 0;

	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = (uint8_t)v.p[i];
		uint8_t above = (uint8_t)(c - 16);
		bad |= (uint8_t)((c < 7) | ((above < 16) & (c != 26) & (c != 27)));
	}
	return bad != 0;
}

static bool is_utf16(km_sv v)
{
	return km_sv_starts(v, KM_S("\xff\xfe")) || km_sv_starts(v, KM_S("\xfe\xff"));
}

const char *km_sniff_type(km_sv start)
{
	km_sv v = km_sv_sub(start, 0, KM_MAX_SNIFF_BYTES);
	const char *type = binary_type(v);

	if (v.n == 0)
		return "inode/x-empty";
	if (type)
		return type;
	km_sv text = km_sv_starts(v, KM_S("\xef\xbb\xbf")) ? km_sv_from(v, 3) : v;
	type = text_start_type(km_sv_trim(text));
	if (type)
		return type;
	if (!has_binary_byte(text) || is_utf16(v))
		return "text/plain";
	/* Some readers find a PDF anywhere in the first kilobyte. */
	km_sv head = km_sv_sub(v, 0, 1024);
	return km_sv_find(head, KM_S("%PDF-1."), 0) < head.n ? "application/pdf"
							     : "application/octet-stream";
}
