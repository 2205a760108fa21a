#include "content/opened.h"

#include "content/archives.h"
#include "content/filename.h"
#include "content/pdf.h"
#include "content/qr.h"
#include "text/utf8.h"

enum {
	MOST_NOTES = 40,
	MOST_OF_A_KIND = 3, /* notes of one kind about one file of the message */
	FEW = 20,	    /* entries; where there are more, programs among them are no lure */
	LONE = 3,
	WORK_BYTES = 12 << 20,
	SOURCE_COST = 8 /* pixels unpacked that cost as much as one that is searched */
};

/* A file of the message, or of an archive in it. */
typedef struct {
	km_sv name; /* as it is shown */
	km_sv bytes;
	const char *type; /* by its bytes */
	km_kind by_name;
	int part;
	unsigned depth; /* archives around it */
} file;

typedef struct {
	km_arena *kept;
	km_mail *mail;
	km_links *links;
	km_opened *out;
	km_opened_note *note;
	km_arena *files, *work; /* bytes of the files; what is needed for the one at work */
	file *list;		/* of the attached file at work: KM_MAX_FILES */
	size_t n;
	km_archive_budget budget;
	uint64_t pixels; /* that may still be read */
} job;

static void tell(job *j, const file *f, km_fact_id fact, km_sv inner, km_sv arg, double weight)
{
	size_t same = 0;

	for (size_t i = 0; i < j->out->n; i++)
		same += j->note[i].fact == fact && j->note[i].part == f->part;
	if (same >= MOST_OF_A_KIND || j->out->n == MOST_NOTES)
		return;
	km_sv seen = inner.n ? km_sv_fmt(j->kept, "%.*s: %.*s", KM_FMT(f->name), KM_FMT(inner))
			     : km_sv_dup(j->kept, f->name);
	j->note[j->out->n++] = (km_opened_note){ .fact = fact,
						 .part = f->part,
						 .seen = seen,
						 .arg = km_sv_dup(j->kept, arg),
						 .weight = weight };
}

static bool has(km_sv v, km_sv part)
{
	return km_sv_find(v, part, 0) < v.n;
}

/* --- what a kind of file is opened for --- */

static void add_link(job *j, km_link_origin origin, const file *f, km_sv text)
{
	km_sv mine = km_utf8_sanitise(j->kept, km_sv_dup(j->kept, text), NULL);

	if (mine.n)
		(void)km_links_add(j->links, origin, f->part, mine);
}

/* Codes that say where to go; bills, telephone numbers and networks have codes, too. */
static void open_picture(job *j, file *f)
{
	km_image image;
	km_qr_codes codes;

	if (j->pixels == 0) {
		km_limit_hit(&j->out->limits, KM_LIMIT_SEARCHED_PIXELS);
		return;
	}
	km_status st = km_image_read(j->work, f->bytes, &image);
	if (st == KM_LIMIT)
		km_limit_hit(&j->out->limits, KM_LIMIT_IMAGE_PIXELS);
	if (st != KM_OK)
		return;
	uint64_t cost = (uint64_t)image.width * image.height + image.pixels / SOURCE_COST;
	j->pixels -= cost < j->pixels ? cost : j->pixels;
	if (km_qr_read(j->work, &image, &codes) != KM_OK)
		return;
	for (size_t i = 0; i < codes.n; i++) {
		km_sv text = km_sv_trim(codes.text[i]);
		size_t n;
		if (!km_sv_istarts(text, KM_S("http:")) && !km_sv_istarts(text, KM_S("https:")) &&
		    !km_host_in_text(text, &n))
			continue;
		size_t before = j->links->n;
		km_sv url = km_sv_istarts(text, KM_S("http"))
				    ? text
				    : km_sv_fmt(j->work, "http://%.*s", KM_FMT(text));
		add_link(j, KM_FROM_QR, f, url);
		if (j->links->n > before)
			tell(j, f, KM_FACT_LINK_IN_QR, (km_sv){ 0 }, j->links->a[before].url->host,
			     1);
	}
}

static void open_pdf(job *j, file *f)
{
	km_pdf pdf;

	if (km_pdf_read(j->work, f->bytes, &j->budget.left, &pdf) != KM_OK)
		km_limit_hit(&j->out->limits, KM_LIMIT_FILES_BYTES);
	j->out->limits |= pdf.limits;
	if (pdf.active)
		tell(j, f, KM_FACT_PDF_ACTIVE, (km_sv){ 0 }, (km_sv){ 0 }, 1);
	for (size_t i = 0; i < pdf.n; i++)
		add_link(j, KM_FROM_PDF, f, pdf.link[i]);
}

static void open_ole(job *j, file *f)
{
	if (has(f->bytes, KM_S("_\0V\0B\0A\0_\0P\0R\0O\0J")))
		tell(j, f, KM_FACT_MACROS_ATTACHED, (km_sv){ 0 }, (km_sv){ 0 }, 1);
}

static void open_html(job *j, file *f)
{
	if (has(f->bytes, KM_S("new Blob(")) &&
	    (has(f->bytes, KM_S("createObjectURL")) || has(f->bytes, KM_S("msSave"))))
		tell(j, f, KM_FACT_HTML_BUILDS_FILE, (km_sv){ 0 }, (km_sv){ 0 }, 1);
}

/* A picture that is a page: its links are read like those of pages. */
static void open_svg(job *j, file *f)
{
	static const km_sv scripts[] = { KM_SV("<script"), KM_SV("javascript:"), KM_SV("onload=") };
	km_html html;

	for (size_t i = 0; i < KM_COUNT(scripts); i++)
		if (km_sv_ifind(f->bytes, scripts[i], 0) < f->bytes.n) {
			tell(j, f, KM_FACT_SVG_SCRIPT, (km_sv){ 0 }, scripts[i], 1);
			break;
		}
	km_sv text = km_utf8_sanitise(j->work, f->bytes, NULL);
	if (km_html_read(j->work, text, &html) != KM_OK)
		return;
	for (size_t i = 0; i < html.n_links; i++)
		if (html.links[i].kind == KM_LINK_ANCHOR)
			add_link(j, KM_FROM_ANCHOR, f, html.links[i].target);
}

static void open_note(job *j, file *f)
{
	tell(j, f, KM_FACT_ONENOTE_ATTACHED, (km_sv){ 0 }, (km_sv){ 0 }, 1);
}

/* --- archives --- */

static bool is_media(km_sv name)
{
	return has(name, KM_S("word/media/")) || has(name, KM_S("xl/media/")) ||
	       has(name, KM_S("ppt/media/"));
}

/* Data worth unpacking: files that are looked into themselves. */
static bool wants(km_sv name)
{
	km_sv stem;
	km_kind kind = km_kind_of_extension(km_filename_extension(name, &stem));

	return kind == KM_KIND_ARCHIVE || kind == KM_KIND_DOCUMENT || kind == KM_KIND_HTML ||
	       kind == KM_KIND_DISK || km_sv_iends(name, KM_S(".svg")) ||
	       (kind == KM_KIND_IMAGE && is_media(name));
}

static void push(job *j, const file *f)
{
	if (j->n == KM_MAX_FILES) {
		km_limit_hit(&j->out->limits, KM_LIMIT_FILES);
		return;
	}
	j->list[j->n++] = *f;
}

/* A program is a lure when it is about all that the archive holds. */
static double program_weight(km_sv extension, size_t entries)
{
	static const km_sv written[] = { KM_SV("js"),  KM_SV("bat"), KM_SV("cmd"), KM_SV("ps1"),
					 KM_SV("jar"), KM_SV("sh"),  KM_SV("pl"),  KM_SV("py"),
					 KM_SV("rb"),  KM_SV("reg") };

	for (size_t i = 0; i < KM_COUNT(written); i++)
		if (km_sv_ieq(extension, written[i]))
			return entries <= LONE ? 1 : 0;
	return entries <= FEW ? 1 : 0.2;
}

static void check_entry(job *j, const file *f, const km_archive *x, const km_archive_entry *e)
{
	km_sv stem, ext = km_filename_extension(e->name, &stem);
	km_kind kind = km_kind_of_extension(ext);
	double weight = kind == KM_KIND_PROGRAM ? program_weight(ext, x->n) : 0;

	if (weight > 0)
		tell(j, f, KM_FACT_ARCHIVE_PROGRAM, e->name, ext, weight);
	if (kind == KM_KIND_DISK)
		tell(j, f, KM_FACT_DISK_IMAGE_ATTACHED, e->name, ext, 1);
	if (km_filename_is_double(e->name))
		tell(j, f, KM_FACT_DOUBLE_EXTENSION, e->name, ext, 1);
	if (km_filename_has_bidi(e->name))
		tell(j, f, KM_FACT_FILENAME_BIDI, e->name, ext, 1);
	if (e->escapes)
		tell(j, f, KM_FACT_ARCHIVE_PATH, e->name, (km_sv){ 0 }, 1);
}

/* The files in it that are to be opened in turn. */
static void push_entries(job *j, const file *f, const km_archive *x)
{
	/* Made before the list grows: f is in it. */
	const file outer = *f;

	for (size_t i = 0; i < x->n; i++) {
		const km_archive_entry *e = &x->entry[i];
		if (e->bytes.n == 0)
			continue;
		km_sv stem, ext = km_filename_extension(e->name, &stem);
		file inner = { .name = km_sv_fmt(j->kept, "%.*s: %.*s", KM_FMT(outer.name),
						 KM_FMT(e->name)),
			       .bytes = e->bytes,
			       .type = km_sniff_type(e->bytes),
			       .by_name = km_kind_of_extension(ext),
			       .part = outer.part,
			       .depth = outer.depth + 1 };
		push(j, &inner);
	}
}

/* "a.tar.gz" holds "a.tar", whatever gzip says. */
static bool is_container(const file *f)
{
	return km_kind_of_type(km_sv_of(f->type)) == KM_KIND_ARCHIVE ||
	       km_kind_of_type(km_sv_of(f->type)) == KM_KIND_DISK || f->by_name == KM_KIND_DISK;
}

static void open_archive(job *j, file *f)
{
	km_archive x;

	if (f->depth > KM_MAX_FILE_DEPTH) {
		km_limit_hit(&j->out->limits, KM_LIMIT_FILE_DEPTH);
		return;
	}
	km_status st = km_archive_read(j->files, f->bytes, &j->budget, &x);
	if (st == KM_LIMIT)
		km_limit_hit(&j->out->limits, KM_LIMIT_FILES_BYTES);
	if (st != KM_OK) {
		if (st == KM_NOTFOUND && is_container(f) && f->by_name != KM_KIND_DISK)
			tell(j, f, KM_FACT_ARCHIVE_DAMAGED, (km_sv){ 0 }, (km_sv){ 0 }, 1);
		return;
	}
	j->out->limits |= x.limits;
	if (x.encrypted)
		tell(j, f, KM_FACT_ARCHIVE_ENCRYPTED, (km_sv){ 0 }, (km_sv){ 0 }, 1);
	else if (x.damaged)
		tell(j, f, KM_FACT_ARCHIVE_DAMAGED, (km_sv){ 0 }, (km_sv){ 0 }, 1);
	if (km_archive_is_bomb(&x, f->bytes.n))
		tell(j, f, KM_FACT_ARCHIVE_BOMB, (km_sv){ 0 }, (km_sv){ 0 }, 1);
	for (size_t i = 0; i < x.n; i++) {
		if (is_container(f))
			check_entry(j, f, &x, &x.entry[i]);
		if (km_sv_ends(x.entry[i].name, KM_S("vbaProject.bin")))
			tell(j, f, KM_FACT_MACROS_ATTACHED, (km_sv){ 0 }, (km_sv){ 0 }, 1);
	}
	push_entries(j, f, &x);
}

/* By the start of the type; the first that fits. */
static const struct opener {
	km_sv type;
	void (*open)(job *j, file *f);
	bool shown; /* even when it is no attachment but part of the page */
} openers[] = {
	{ KM_SV("image/png"), open_picture, true },
	{ KM_SV("image/jpeg"), open_picture, true },
	{ KM_SV("image/gif"), open_picture, true },
	{ KM_SV("image/bmp"), open_picture, true },
	{ KM_SV("image/svg+xml"), open_svg, true },
	{ KM_SV("application/pdf"), open_pdf, true },
	{ KM_SV("application/x-ole-storage"), open_ole, false },
	{ KM_SV("application/onenote"), open_note, false },
	{ KM_SV("text/html"), open_html, false },
	{ KM_SV("application/vnd.openxmlformats-"), open_archive, false },
	{ KM_SV("application/vnd.oasis."), open_archive, false },
	{ KM_SV("application/java-archive"), open_archive, false },
};
static const struct opener archive_opener = { KM_SV(""), open_archive, false };

static const struct opener *opener_of(const char *type, km_kind by_name)
{
	for (size_t i = 0; i < KM_COUNT(openers); i++)
		if (km_sv_starts(km_sv_of(type), openers[i].type))
			return &openers[i];
	km_kind kind = km_kind_of_type(km_sv_of(type));
	if (kind == KM_KIND_ARCHIVE || kind == KM_KIND_DISK || by_name == KM_KIND_DISK)
		return &archive_opener;
	return NULL;
}

/* --- the files of the message --- */

static bool begin(job *j)
{
	if (j->files == NULL) {
		j->files = km_arena_new(KM_MAX_FILES_BYTES);
		j->work = km_arena_new(WORK_BYTES);
		j->note = KM_NEW_ARRAY(j->kept, km_opened_note, MOST_NOTES);
		j->out->note = j->note;
	}
	j->list =
		j->files && j->work && j->note ? KM_NEW_ARRAY(j->files, file, KM_MAX_FILES) : NULL;
	j->n = 0;
	return j->list != NULL;
}

/* @f, and what is found in it, and in that. */
static void open_all(job *j, const file *f)
{
	push(j, f);
	for (size_t i = 0; i < j->n; i++) {
		const struct opener *o = opener_of(j->list[i].type, j->list[i].by_name);
		if (o)
			o->open(j, &j->list[i]);
		km_arena_reset(j->work);
	}
}

static void open_part(job *j, int part)
{
	const km_part *p = &j->mail->parts[part];
	km_sv stem, name = p->filename.n ? p->filename : p->type;
	file f = { .name = name, .type = p->sniffed, .part = part };
	km_transfer_info how = { 0 };

	if (p->sniffed == NULL || p->body.n == 0)
		return;
	f.by_name = km_kind_of_extension(km_filename_extension(p->filename, &stem));
	const struct opener *o = opener_of(p->sniffed, f.by_name);
	if (o == NULL || !(p->attachment || (o->shown && !km_part_is_text(p))))
		return;
	if (begin(j) && km_transfer_decode(j->files, p->cte, p->body, KM_MAX_FILE_BYTES, &f.bytes,
					   &how) == KM_OK)
		open_all(j, &f);
	else
		km_limit_hit(&j->out->limits, KM_LIMIT_FILES_BYTES);
	if (how.truncated)
		km_limit_hit(&j->out->limits, KM_LIMIT_FILE_BYTES);
	km_arena_reset(j->files);
}

void km_opened_read(km_arena *a, km_mail *m, km_links *links, km_opened *out)
{
	job j = { .kept = a,
		  .mail = m,
		  .links = links,
		  .out = out,
		  .budget = { KM_MAX_UNPACKED_BYTES, wants },
		  .pixels = KM_MAX_SEARCHED_PIXELS };

	*out = (km_opened){ 0 };
	for (size_t i = 0; i < m->n_parts; i++)
		open_part(&j, (int)i);
	km_arena_free(j.work);
	km_arena_free(j.files);
}
