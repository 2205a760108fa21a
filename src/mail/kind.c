/* What media types and file name extensions stand for, and which declarations are honest. */
#include "mail/sniff.h"

typedef struct {
	km_sv type;
	km_kind kind;
} type_kind;

static const type_kind whole_types[] = {
	{ KM_SV("text/html"), KM_KIND_HTML },
	{ KM_SV("application/xhtml+xml"), KM_KIND_HTML },
	{ KM_SV("text/rtf"), KM_KIND_DOCUMENT },
	{ KM_SV("text/richtext"), KM_KIND_TEXT },
	{ KM_SV("text/x-shellscript"), KM_KIND_PROGRAM },
	{ KM_SV("text/x-ms-regedit"), KM_KIND_PROGRAM },
	{ KM_SV("text/javascript"), KM_KIND_PROGRAM },
	{ KM_SV("text/vbscript"), KM_KIND_PROGRAM },
	{ KM_SV("text/rfc822-headers"), KM_KIND_MESSAGE },
	{ KM_SV("application/pdf"), KM_KIND_DOCUMENT },
	{ KM_SV("application/x-pdf"), KM_KIND_DOCUMENT },
	{ KM_SV("application/rtf"), KM_KIND_DOCUMENT },
	{ KM_SV("application/msword"), KM_KIND_DOCUMENT },
	{ KM_SV("application/msexcel"), KM_KIND_DOCUMENT },
	{ KM_SV("application/mspowerpoint"), KM_KIND_DOCUMENT },
	{ KM_SV("application/onenote"), KM_KIND_DOCUMENT },
	{ KM_SV("application/epub+zip"), KM_KIND_DOCUMENT },
	{ KM_SV("application/x-ole-storage"), KM_KIND_DOCUMENT },
	{ KM_SV("application/vnd.ms-cab-compressed"), KM_KIND_ARCHIVE },
	{ KM_SV("application/vnd.ms-htmlhelp"), KM_KIND_PROGRAM },
	{ KM_SV("application/zip"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-zip"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-zip-compressed"), KM_KIND_ARCHIVE },
	{ KM_SV("application/vnd.rar"), KM_KIND_ARCHIVE },
	{ KM_SV("application/rar"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-rar"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-rar-compressed"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-7z-compressed"), KM_KIND_ARCHIVE },
	{ KM_SV("application/gzip"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-gzip"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-bzip2"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-xz"), KM_KIND_ARCHIVE },
	{ KM_SV("application/zstd"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-compress"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-compressed"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-lzip"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-tar"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-tgz"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-cab"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-arj"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-ace-compressed"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-lzh-compressed"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-lzh"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-xar"), KM_KIND_ARCHIVE },
	{ KM_SV("application/x-iso9660-image"), KM_KIND_DISK },
	{ KM_SV("application/x-cd-image"), KM_KIND_DISK },
	{ KM_SV("application/x-ms-wim"), KM_KIND_DISK },
	{ KM_SV("application/x-apple-diskimage"), KM_KIND_DISK },
	{ KM_SV("application/x-dosexec"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-msdownload"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-msdos-program"), KM_KIND_PROGRAM },
	{ KM_SV("application/vnd.microsoft.portable-executable"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-exe"), KM_KIND_PROGRAM },
	{ KM_SV("application/exe"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-msi"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-executable"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-elf"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-mach-binary"), KM_KIND_PROGRAM },
	{ KM_SV("application/java-archive"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-java-archive"), KM_KIND_PROGRAM },
	{ KM_SV("application/java-vm"), KM_KIND_PROGRAM },
	{ KM_SV("application/vnd.android.package-archive"), KM_KIND_PROGRAM },
	{ KM_SV("application/vnd.debian.binary-package"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-rpm"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-dex"), KM_KIND_PROGRAM },
	{ KM_SV("application/wasm"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-shockwave-flash"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-ms-shortcut"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-mswinurl"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-bat"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-wsf"), KM_KIND_PROGRAM },
	{ KM_SV("application/hta"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-sh"), KM_KIND_PROGRAM },
	{ KM_SV("application/javascript"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-javascript"), KM_KIND_PROGRAM },
	{ KM_SV("application/x-httpd-php"), KM_KIND_PROGRAM },
	{ KM_SV("application/json"), KM_KIND_TEXT },
	{ KM_SV("application/xml"), KM_KIND_TEXT },
	{ KM_SV("application/ics"), KM_KIND_TEXT },
	{ KM_SV("application/pgp-signature"), KM_KIND_TEXT },
	{ KM_SV("application/pgp-encrypted"), KM_KIND_TEXT },
	{ KM_SV("application/pgp-keys"), KM_KIND_TEXT },
	{ KM_SV("application/ogg"), KM_KIND_MEDIA },
};

/* Starts of all others. */
static const type_kind families[] = {
	{ KM_SV("application/vnd.ms-"), KM_KIND_DOCUMENT },
	{ KM_SV("application/vnd.openxmlformats-"), KM_KIND_DOCUMENT },
	{ KM_SV("application/vnd.oasis.opendocument."), KM_KIND_DOCUMENT },
	{ KM_SV("application/vnd.sun.xml."), KM_KIND_DOCUMENT },
	{ KM_SV("application/x-virtualbox-"), KM_KIND_DISK },
	{ KM_SV("image/"), KM_KIND_IMAGE },
	{ KM_SV("audio/"), KM_KIND_MEDIA },
	{ KM_SV("video/"), KM_KIND_MEDIA },
	{ KM_SV("message/"), KM_KIND_MESSAGE },
	{ KM_SV("text/"), KM_KIND_TEXT },
};

km_kind km_kind_of_type(km_sv type)
{
	for (size_t i = 0; i < KM_COUNT(whole_types); i++)
		if (km_sv_ieq(type, whole_types[i].type))
			return whole_types[i].kind;
	for (size_t i = 0; i < KM_COUNT(families); i++)
		if (km_sv_istarts(type, families[i].type))
			return families[i].kind;
	return KM_KIND_OTHER;
}

/* Extensions by kind, each between spaces. */
static const struct {
	km_kind kind;
	km_sv list;
} extensions[] = {
	{ KM_KIND_PROGRAM,
	  KM_SV(" exe com scr pif cpl msi msp mst dll ocx sys drv bat cmd ps1 psm1 ps2 psd1 vbs "
		"vbe "
		"vb js jse ws wsf wsc wsh sct hta lnk url scf inf reg chm jar jnlp class apk xapk "
		"ipa "
		"deb rpm run bin elf sh bash csh ksh py pyc pyw pl rb php app command workflow pkg "
		"gadget application appref-ms appx appxbundle msix msixbundle settingcontent-ms "
		"searchconnector-ms search-ms library-ms theme themepack mht mhtml xll wll ppam "
		"xlam "
		"swf air iqy slk rdp msc appinstaller diagcab ade adp mde accde crx xpi nsi a3x "
		"au3 ") },
	{ KM_KIND_ARCHIVE,
	  KM_SV(" zip zipx rar r00 r01 7z gz tgz bz bz2 tbz tbz2 xz txz zst lz lzma z "
		"tar cab arj lzh lha ace uue uu xxe alz egg cpio ar wim sit sitx ") },
	{ KM_KIND_DISK, KM_SV(" iso img vhd vhdx vmdk dmg udf nrg mdf daa ") },
	{ KM_KIND_DOCUMENT,
	  KM_SV(" pdf doc docx docm dot dotx dotm xls xlsx xlsm xlsb xlt xltx xltm ppt pptx pptm "
		"pps "
		"ppsx ppsm pot potx potm rtf odt ods odp odg one onepkg pub vsd vsdx mpp jtd jtt "
		"pages numbers key epub xps oxps wps hwp ") },
	{ KM_KIND_IMAGE,
	  KM_SV(" png jpg jpeg jpe jfif gif webp bmp tif tiff ico svg svgz heic heif "
		"avif psd wmf emf ") },
	{ KM_KIND_MEDIA, KM_SV(" mp3 mp4 m4a m4v wav ogg oga ogv flac aac wma wmv avi mov mpg mpeg "
			       "mkv webm mid midi amr 3gp ") },
	{ KM_KIND_HTML, KM_SV(" html htm xhtml xht shtml shtm dhtml ") },
	{ KM_KIND_MESSAGE, KM_SV(" eml msg mbox mbx ") },
	{ KM_KIND_TEXT, KM_SV(" txt text csv tsv log md ics vcf xml json yaml yml asc sig p7s diff "
			      "patch c h ") },
};

km_kind km_kind_of_extension(km_sv ext)
{
	char key[32];

	if (ext.n == 0 || ext.n > sizeof(key) - 2 || memchr(ext.p, ' ', ext.n))
		return KM_KIND_OTHER;
	key[0] = ' ';
	for (size_t i = 0; i < ext.n; i++)
		key[i + 1] = (char)km_lower((unsigned char)ext.p[i]);
	key[ext.n + 1] = ' ';
	km_sv word = { key, ext.n + 2 };
	for (size_t i = 0; i < KM_COUNT(extensions); i++)
		if (km_sv_find(extensions[i].list, word, 0) < extensions[i].list.n)
			return extensions[i].kind;
	return KM_KIND_OTHER;
}

/* Containers and formats under whose signature other declared types are honest (prefixes). */
static const struct {
	km_sv sniffed, declared;
} honest[] = {
	{ KM_SV("application/zip"), KM_SV("application/vnd.openxmlformats-") },
	{ KM_SV("application/zip"), KM_SV("application/vnd.oasis.opendocument.") },
	{ KM_SV("application/zip"), KM_SV("application/vnd.ms-") },
	{ KM_SV("application/zip"), KM_SV("application/x-zip") },
	{ KM_SV("application/zip"), KM_SV("application/epub+zip") },
	{ KM_SV("application/zip"), KM_SV("application/java-archive") },
	{ KM_SV("application/zip"), KM_SV("application/vnd.android.package-archive") },
	{ KM_SV("application/zip"), KM_SV("application/x-compressed") },
	{ KM_SV("application/vnd.openxmlformats-"), KM_SV("application/vnd.openxmlformats-") },
	{ KM_SV("application/vnd.openxmlformats-"), KM_SV("application/vnd.ms-") },
	{ KM_SV("application/vnd.openxmlformats-"), KM_SV("application/zip") },
	{ KM_SV("application/vnd.openxmlformats-"), KM_SV("application/x-zip") },
	{ KM_SV("application/vnd.oasis.opendocument."), KM_SV("application/zip") },
	{ KM_SV("application/x-ole-storage"), KM_SV("application/ms") },
	{ KM_SV("application/x-ole-storage"), KM_SV("application/vnd.ms-") },
	{ KM_SV("application/x-ole-storage"), KM_SV("application/x-msi") },
	{ KM_SV("application/x-ole-storage"), KM_SV("application/vnd.visio") },
	{ KM_SV("application/rtf"), KM_SV("text/rtf") },
	{ KM_SV("application/rtf"), KM_SV("application/msword") },
	{ KM_SV("application/pdf"), KM_SV("application/x-pdf") },
	{ KM_SV("application/gzip"), KM_SV("application/x-gzip") },
	{ KM_SV("application/gzip"), KM_SV("application/x-tgz") },
	{ KM_SV("application/gzip"), KM_SV("application/x-compressed") },
	{ KM_SV("application/gzip"), KM_SV("application/x-tar") },
	{ KM_SV("application/vnd.rar"), KM_SV("application/rar") },
	{ KM_SV("application/vnd.rar"), KM_SV("application/x-rar") },
	{ KM_SV("application/x-lzh-compressed"), KM_SV("application/x-lzh") },
	{ KM_SV("application/vnd.ms-cab-compressed"), KM_SV("application/x-cab") },
	{ KM_SV("text/plain"), KM_SV("application/vnd.ms-excel") }, /* CSV */
	{ KM_SV("text/plain"), KM_SV("image/svg+xml") },
	{ KM_SV("text/xml"), KM_SV("image/svg+xml") },
	{ KM_SV("text/xml"), KM_SV("application/xhtml+xml") },
	{ KM_SV("image/svg+xml"), KM_SV("text/xml") },
	{ KM_SV("image/svg+xml"), KM_SV("application/xml") },
	{ KM_SV("text/html"), KM_SV("text/xml") },
	{ KM_SV("text/html"), KM_SV("application/xml") },
	{ KM_SV("message/rfc822"), KM_SV("text/") },
};

static bool in_honest(km_sv declared, km_sv sniffed)
{
	for (size_t i = 0; i < KM_COUNT(honest); i++)
		if (km_sv_starts(sniffed, honest[i].sniffed) &&
		    km_sv_istarts(declared, honest[i].declared))
			return true;
	return false;
}

/* Declarations that say nothing. */
static bool says_nothing(km_sv declared)
{
	return declared.n == 0 || km_sv_ieq(declared, KM_S("application/octet-stream")) ||
	       km_sv_ieq(declared, KM_S("application/unknown")) ||
	       km_sv_ieq(declared, KM_S("application/binary")) ||
	       km_sv_ieq(declared, KM_S("application/download")) ||
	       km_sv_ieq(declared, KM_S("application/force-download"));
}

bool km_sniff_agrees(km_sv declared, const char *sniffed)
{
	km_sv s = km_sv_of(sniffed);
	km_kind is = km_kind_of_type(s), said = km_kind_of_type(declared);

	if (says_nothing(declared) || km_sv_eq(s, KM_S("inode/x-empty")) ||
	    km_sv_ieq(declared, s) || in_honest(declared, s))
		return true;
	switch (is) {
	case KM_KIND_TEXT:
		return said == KM_KIND_TEXT || said == KM_KIND_HTML || said == KM_KIND_MESSAGE ||
		       said == KM_KIND_PROGRAM || said == KM_KIND_OTHER;
	case KM_KIND_OTHER:
		return said == KM_KIND_OTHER || said == KM_KIND_MEDIA || said == KM_KIND_DISK;
	case KM_KIND_ARCHIVE:
	case KM_KIND_DOCUMENT:
		return said == KM_KIND_OTHER;
	default:
		return is == said;
	}
}
