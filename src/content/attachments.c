/* Files: what they are called, what they are declared as, what they are. */
#include "content/cues.h"
#include "content/filename.h"
#include "content/structure_parts.h"

/* Two names matter when they promise different things; honest programs spell one in two ways. */
static void check_differing(const km_structure_job *j, int part, km_kind by_name)
{
	const km_part *p = &j->m->parts[part];

	for (size_t i = 0; i < p->n_filenames; i++) {
		km_sv stem, ext = km_filename_extension(p->filenames[i], &stem);
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

static void check_names(const km_structure_job *j, int part, km_kind by_name)
{
	const km_part *p = &j->m->parts[part];

	if (km_filename_is_double(p->filename))
		(void)km_structure_at_text(j, KM_FACT_DOUBLE_EXTENSION, p->filename, part, p->body);
	for (size_t i = 0; i < p->n_filenames; i++)
		if (km_filename_has_bidi(p->filenames[i])) {
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

/* A name that promises something to look at, for what is run, unpacked or opened in a browser. */
static void check_promise(const km_structure_job *j, int part, km_kind by_name, km_sv ext)
{
	const km_part *p = &j->m->parts[part];
	km_kind kind = km_kind_of_type(km_sv_of(p->sniffed));
	bool picture =
		by_name == KM_KIND_IMAGE || by_name == KM_KIND_MEDIA || km_sv_ieq(ext, KM_S("pdf"));

	if (!picture || km_sv_ieq(ext, KM_S("svg")) || km_sv_ieq(ext, KM_S("svgz")) ||
	    (kind != KM_KIND_PROGRAM && kind != KM_KIND_ARCHIVE && kind != KM_KIND_DISK &&
	     kind != KM_KIND_HTML))
		return;
	km_fact *f = km_structure_at_text(j, KM_FACT_EXTENSION_FALSE, p->filename, part, p->body);
	km_fact_arg(j->fs, f, 1, km_sv_of(p->sniffed));
}

static void check_part(const km_structure_job *j, int part)
{
	const km_part *p = &j->m->parts[part];
	km_sv stem, ext = km_filename_extension(p->filename, &stem);
	km_kind by_name = ext.n ? km_kind_of_extension(ext) : KM_KIND_OTHER;
	km_sv name = p->filename.n ? p->filename : p->type;
	bool text = km_kind_of_type(p->type) == KM_KIND_TEXT || is_script(p, ext);

	check_names(j, part, by_name);
	check_promise(j, part, by_name, ext);
	if (p->attachment)
		check_kind(j, part, name, by_name, ext);
	if (p->type_declared && !km_sniff_agrees(p->type, p->sniffed) &&
	    !(text && km_sv_starts(km_sv_of(p->sniffed), KM_S("text/")))) {
		km_fact *f = km_structure_at_text(j, KM_FACT_TYPE_MISMATCH, name, part, p->body);
		km_fact_arg(j->fs, f, 1, p->type);
		km_fact_arg(j->fs, f, 2, km_sv_of(p->sniffed));
	}
}

/* A password in the message that brings the locked archive keeps nobody out but scanners. */
static bool tells_password(const km_structure_job *j)
{
	for (size_t i = 0; i < j->v->n_text; i++)
		if (km_cues_in(KM_CUES_password, j->v->text[i].key, NULL))
			return true;
	return false;
}

/* What was found inside. */
static void tell_opened(const km_structure_job *j)
{
	const km_opened *o = j->in->opened;
	const km_opened_note *locked = NULL;

	for (size_t i = 0; o && i < o->n; i++) {
		const km_opened_note *n = &o->note[i];
		const km_part *p = &j->m->parts[n->part];
		km_fact *f = km_structure_at_text(j, n->fact, n->seen, n->part, p->body);
		km_fact_arg(j->fs, f, 1, n->arg);
		if (f)
			f->weight = n->weight;
		if (n->fact == KM_FACT_ARCHIVE_ENCRYPTED)
			locked = n;
	}
	if (locked && tells_password(j))
		(void)km_structure_at_text(j, KM_FACT_ARCHIVE_PASSWORD_TOLD, locked->seen,
					   locked->part, j->m->parts[locked->part].body);
}

void km_structure_attachments(const km_structure_job *j)
{
	for (size_t i = 0; i < j->m->n_parts; i++) {
		const km_part *p = &j->m->parts[i];
		if (p->sniffed && (p->attachment || !km_part_is_text(p)) &&
		    km_kind_of_type(p->type) != KM_KIND_MESSAGE)
			check_part(j, (int)i);
	}
	tell_opened(j);
}
