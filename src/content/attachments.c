/* Files: what they are called, what they are declared as, what they are. */
#include "content/structure_parts.h"

static km_sv extension(km_sv name, km_sv *stem)
{
	size_t dot = km_sv_rchr(name, '.');

	*stem = km_sv_trim(km_sv_sub(name, 0, dot));
	return km_sv_trim(km_sv_from(name, dot + 1));
}

/* U+202A..202E, U+2066..2069 */
static bool has_bidi(km_sv name)
{
	for (size_t i = 0; i + 2 < name.n; i++) {
		unsigned char b = (unsigned char)name.p[i + 1], c = (unsigned char)name.p[i + 2];
		if ((unsigned char)name.p[i] == 0xe2 && ((b == 0x80 && c >= 0xaa && c <= 0xae) ||
							 (b == 0x81 && c >= 0xa6 && c <= 0xa9)))
			return true;
	}
	return false;
}

static bool looks_like_document(km_kind k)
{
	return k == KM_KIND_DOCUMENT || k == KM_KIND_IMAGE || k == KM_KIND_TEXT ||
	       k == KM_KIND_HTML || k == KM_KIND_MEDIA;
}

/* Two names matter when they promise different things; honest programs spell one in two ways. */
static void check_differing(const km_structure_job *j, int part, km_kind by_name)
{
	const km_part *p = &j->m->parts[part];

	for (size_t i = 0; i < p->n_filenames; i++) {
		km_sv stem, ext = extension(p->filenames[i], &stem);
		km_kind kind = ext.n ? km_kind_of_extension(ext) : KM_KIND_OTHER;
		bool harmless = (kind == KM_KIND_OTHER && by_name == KM_KIND_TEXT) ||
				(by_name == KM_KIND_OTHER && kind == KM_KIND_TEXT);
		/* an encoded-word where there must be none: the same name once more */
		bool encoded = km_sv_starts(p->filenames[i], KM_S("=?"));
		if (kind == by_name || harmless || encoded)
			continue;
		km_fact *f = km_structure_at_text(j, KM_FACT_FILENAME_DIFFERS, p->filename, part,
						  p->body);
		km_fact_arg(j->fs, f, 1, p->filename);
		km_fact_arg(j->fs, f, 2, p->filenames[i]);
		return;
	}
}

static void check_names(const km_structure_job *j, int part, km_kind by_name, km_sv stem)
{
	const km_part *p = &j->m->parts[part];
	km_sv inner, first = extension(stem, &inner);

	if (by_name == KM_KIND_PROGRAM && inner.n && first.n &&
	    looks_like_document(km_kind_of_extension(first)))
		(void)km_structure_at_text(j, KM_FACT_DOUBLE_EXTENSION, p->filename, part, p->body);
	for (size_t i = 0; i < p->n_filenames; i++)
		if (has_bidi(p->filenames[i])) {
			(void)km_structure_at_text(j, KM_FACT_FILENAME_BIDI, p->filenames[i], part,
						   p->body);
			break;
		}
	check_differing(j, part, by_name);
}

/* Scripts that people mail to each other: text that a click on Windows does not run. */
static bool is_script(const km_part *p, km_sv ext)
{
	static const km_sv harmless[] = { KM_SV("sh"), KM_SV("pl"), KM_SV("py"), KM_SV("rb") };
	km_sv sniffed = km_sv_of(p->sniffed);

	if (!km_sv_starts(sniffed, KM_S("text/")))
		return false;
	for (size_t i = 0; i < KM_COUNT(harmless); i++)
		if (km_sv_ieq(ext, harmless[i]))
			return true;
	return km_kind_of_type(sniffed) == KM_KIND_PROGRAM &&
	       km_kind_of_extension(ext) != KM_KIND_PROGRAM;
}

static void check_kind(const km_structure_job *j, int part, km_sv name, km_kind by_name, km_sv ext)
{
	static const km_fact_id by_kind[] = {
		[KM_KIND_PROGRAM] = KM_FACT_PROGRAM_ATTACHED,
		[KM_KIND_DISK] = KM_FACT_DISK_IMAGE_ATTACHED,
		[KM_KIND_ARCHIVE] = KM_FACT_ARCHIVE_ATTACHED,
		[KM_KIND_HTML] = KM_FACT_HTML_ATTACHED,
	};
	const km_part *p = &j->m->parts[part];
	km_kind kind = km_kind_of_type(km_sv_of(p->sniffed));

	/* Bytes do not lie about programs; of all else the name decides what a click does. */
	if (kind != KM_KIND_PROGRAM && kind != KM_KIND_DISK && by_name != KM_KIND_OTHER)
		kind = by_name;
	if ((size_t)kind >= KM_COUNT(by_kind) || by_kind[kind] == 0 || is_script(p, ext))
		return;
	km_fact *f = km_structure_at_text(j, by_kind[kind], name, part, p->body);
	km_fact_arg(j->fs, f, 1, km_sv_of(p->sniffed));
}

/* Bytes that tell what a file does when it is opened; the first of a fact is enough. */
static void check_inside(const km_structure_job *j, int part, km_sv name)
{
	static const struct {
		km_fact_id fact;
		km_sv start, has, also;
	} marks[] = {
		{ KM_FACT_MACROS_ATTACHED, KM_SV("PK\3\4"), KM_SV("vbaProject.bin"), KM_SV("") },
		{ KM_FACT_MACROS_ATTACHED, KM_SV("\xd0\xcf\x11\xe0"),
		  KM_SV("_\0V\0B\0A\0_\0P\0R\0O\0J"), KM_SV("") },
		{ KM_FACT_PDF_ACTIVE, KM_SV("%PDF-"), KM_SV("/Launch"), KM_SV("") },
		{ KM_FACT_PDF_ACTIVE, KM_SV("%PDF-"), KM_SV("/JavaScript"), KM_SV("") },
		{ KM_FACT_HTML_BUILDS_FILE, KM_SV(""), KM_SV("new Blob("),
		  KM_SV("createObjectURL") },
		{ KM_FACT_HTML_BUILDS_FILE, KM_SV(""), KM_SV("new Blob("), KM_SV("msSave") },
	};
	km_part *p = &j->m->parts[part];
	km_sv bytes = km_part_bytes(j->m, p);
	bool html = km_kind_of_type(km_sv_of(p->sniffed)) == KM_KIND_HTML;

	/* general purpose bit 0 of the first member (APPNOTE.TXT 4.4.4) */
	if (bytes.n > 7 && km_sv_starts(bytes, KM_S("PK\3\4")) && bytes.p[6] & 1)
		(void)km_structure_at_text(j, KM_FACT_ARCHIVE_ENCRYPTED, name, part, p->body);
	for (size_t i = 0; i < KM_COUNT(marks); i++)
		if ((marks[i].start.n || html) && km_sv_starts(bytes, marks[i].start) &&
		    km_sv_find(bytes, marks[i].has, 0) < bytes.n &&
		    (marks[i].also.n == 0 || km_sv_find(bytes, marks[i].also, 0) < bytes.n)) {
			(void)km_structure_at_text(j, marks[i].fact, name, part, p->body);
			return;
		}
}

static void check_part(const km_structure_job *j, int part)
{
	const km_part *p = &j->m->parts[part];
	km_sv stem, ext = extension(p->filename, &stem);
	km_kind by_name = ext.n ? km_kind_of_extension(ext) : KM_KIND_OTHER;
	km_sv name = p->filename.n ? p->filename : p->type;
	bool text = km_kind_of_type(p->type) == KM_KIND_TEXT || is_script(p, ext);

	check_names(j, part, by_name, stem);
	if (p->attachment)
		check_kind(j, part, name, by_name, ext);
	if (p->attachment)
		check_inside(j, part, name);
	if (p->type_declared && !km_sniff_agrees(p->type, p->sniffed) &&
	    !(text && km_sv_starts(km_sv_of(p->sniffed), KM_S("text/")))) {
		km_fact *f = km_structure_at_text(j, KM_FACT_TYPE_MISMATCH, name, part, p->body);
		km_fact_arg(j->fs, f, 1, p->type);
		km_fact_arg(j->fs, f, 2, km_sv_of(p->sniffed));
	}
}

void km_structure_attachments(const km_structure_job *j)
{
	for (size_t i = 0; i < j->m->n_parts; i++) {
		const km_part *p = &j->m->parts[i];
		if (p->sniffed && (p->attachment || !km_part_is_text(p)) &&
		    km_kind_of_type(p->type) != KM_KIND_MESSAGE)
			check_part(j, (int)i);
	}
}
