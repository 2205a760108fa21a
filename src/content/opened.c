#include "content/opened.h"

#include "content/archives.h"
#include "content/filename.h"
#include "content/pdf_picture.h"
#include "content/qr.h"
#include "content/qr_drawn.h"
#include "mail/b64.h"
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
	km_sv extension;
	km_kind by_name;
	km_sv charset; /* as the message says; or empty */
	int part;
	unsigned depth; /* archives around it */
} file;

typedef struct {
	km_arena *kept;
	km_mail *mail;
	km_links *links;
	km_pictures *pictures;
	km_opened *out;
	km_opened_note *note;
	km_page *page;
	size_t page_bytes;	/* that may still be read of pages */
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
	km_sv seen = inner.n && f->name.n
			     ? km_sv_fmt(j->kept, "%.*s: %.*s", KM_FMT(f->name), KM_FMT(inner))
			     : km_sv_dup(j->kept, inner.n ? inner : f->name);
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
	km_found_link *l = mine.n ? km_links_add(j->links, origin, f->part, mine) : NULL;

	if (l)
		l->file = f->name;
}

static bool may_search(job *j)
{
	if (j->pixels == 0)
		km_limit_hit(&j->out->limits, KM_LIMIT_SEARCHED_PIXELS);
	return j->pixels > 0;
}

static uint64_t cost_of(const km_image *image)
{
	return (uint64_t)image->width * image->height + image->pixels / SOURCE_COST;
}

static void pay(job *j, uint64_t cost)
{
	j->pixels -= cost < j->pixels ? cost : j->pixels;
}

/* Codes that say where to go; KM_NOTFOUND when there is none at all. Bills, telephone numbers and
 * networks have codes, too. */
static km_status search_codes(job *j, const file *f, km_sv inner, const km_image *image,
			      km_fact_id fact)
{
	km_qr_codes codes;
	km_status st;

	pay(j, cost_of(image));
	st = km_qr_read(j->work, image, &codes);
	if (st != KM_OK || codes.n == 0)
		return st == KM_OK ? KM_NOTFOUND : st;
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
			tell(j, f, fact, inner, j->links->a[before].url->host, 1);
	}
	return KM_OK;
}

static void search_picture(job *j, const file *f, km_sv inner, km_sv bytes)
{
	km_image image;
	uint64_t key, cost;

	if (!may_search(j))
		return;
	if (km_pictures_has(j->pictures, bytes, &key, &cost)) {
		pay(j, cost);
		return;
	}
	km_status st = km_image_read(j->work, bytes, &image);
	if (st == KM_LIMIT)
		km_limit_hit(&j->out->limits, KM_LIMIT_IMAGE_PIXELS);
	if (st == KM_OK && search_codes(j, f, inner, &image, KM_FACT_LINK_IN_QR) == KM_NOTFOUND)
		km_pictures_add(j->pictures, key, cost_of(&image));
}

static void open_picture(job *j, file *f)
{
	search_picture(j, f, (km_sv){ 0 }, f->bytes);
}

static void search_drawn(job *j, const file *f, km_sv text)
{
	km_image image;

	if (!km_qr_may_be_drawn(text))
		return;
	for (size_t at = 0; km_qr_drawn_next(j->work, text, &at, &image) == KM_OK;) {
		if (!may_search(j))
			return;
		(void)search_codes(j, f, (km_sv){ 0 }, &image, KM_FACT_QR_DRAWN);
		km_arena_reset(j->work);
	}
}

/* Pictures that are written into the page itself: "data:image/png;base64,…". */
static bool is_written(const km_link *l)
{
	return km_sv_istarts(l->target, KM_S("data:image/"));
}

static bool has_written(const km_html *h)
{
	for (size_t i = 0; i < h->n_links; i++)
		if (is_written(&h->links[i]))
			return true;
	return false;
}

static void search_written(job *j, const file *f, const km_html *h)
{
	enum { MARK_AT = 48 };
	static const km_sv mark = KM_SV(";base64,");

	for (size_t i = 0; i < h->n_links; i++) {
		km_sv v = h->links[i].target, bytes;
		size_t at = km_sv_ifind(km_sv_sub(v, 0, MARK_AT), mark, 0);
		if (!is_written(&h->links[i]) || at >= MARK_AT - mark.n)
			continue;
		if (km_transfer_decode(j->work, KM_CTE_BASE64, km_sv_from(v, at + mark.n),
				       KM_MAX_FILE_BYTES, &bytes, NULL) != KM_OK)
			km_limit_hit(&j->out->limits, KM_LIMIT_FILES_BYTES);
		else
			search_picture(j, f, km_sv_sub(v, 5, at - 5), bytes);
		km_arena_reset(j->work);
	}
}

/* --- pages, and messages that are kept as files --- */

/* Makes a page of @text, UTF-8 in j->kept; it is read like the message's own. */
static void add_page(job *j, const file *f, km_sv text, bool html, bool message)
{
	km_page *p = &j->page[j->out->n_pages];
	km_html *h = html ? KM_NEW(j->kept, km_html) : NULL;

	*p = (km_page){ .file = f->name, .source = text, .html = h, .message = message };
	if (html && (h == NULL || km_html_read(j->kept, text, h) != KM_OK))
		km_limit_hit(&j->out->limits, KM_LIMIT_ARENA_BYTES);
	if (html && h == NULL)
		return;
	j->out->limits |= h ? h->limits : 0;
	km_view_make(j->kept, &p->view, f->part, h ? h->text : text);
	j->out->n_pages++;
	km_links_read_page(j->links, p);
	search_drawn(j, f, p->view.text);
	if (h)
		search_written(j, f, h);
}

/* As much of @bytes as may be read of pages, kept; empty: nothing. */
static km_sv keep_page(job *j, km_sv bytes)
{
	size_t n = bytes.n < j->page_bytes ? bytes.n : j->page_bytes;

	if (n < bytes.n)
		km_limit_hit(&j->out->limits, KM_LIMIT_PAGES_BYTES);
	if (j->out->n_pages == KM_MAX_PAGES) {
		km_limit_hit(&j->out->limits, KM_LIMIT_PAGES);
		return (km_sv){ NULL, 0 };
	}
	j->page_bytes -= n;
	return km_sv_dup(j->kept, km_sv_sub(bytes, 0, n));
}

static void open_page(job *j, const file *f, bool html)
{
	km_sv bytes = keep_page(j, f->bytes);
	km_sv label = f->charset.n || !html ? f->charset : km_html_sniff_charset(bytes);
	km_decoded d;

	if (bytes.n && km_charset_decode(j->kept, label, bytes, &d) == KM_OK)
		add_page(j, f, d.utf8, html, false);
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
	for (size_t i = 0; i < pdf.n_pictures && may_search(j); i++) {
		km_image image;
		km_status st =
			km_pdf_picture_read(j->work, &pdf.picture[i], &j->budget.left, &image);
		if (st == KM_LIMIT)
			km_limit_hit(&j->out->limits, KM_LIMIT_IMAGE_PIXELS);
		if (st == KM_OK)
			(void)search_codes(j, f, (km_sv){ 0 }, &image, KM_FACT_LINK_IN_QR);
	}
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
	open_page(j, f, true);
}

/* A picture that is a page: its links are read like those of pages. */
static void open_svg(job *j, file *f)
{
	static const km_sv scripts[] = { KM_SV("<script"), KM_SV("javascript:"), KM_SV("onload=") };

	for (size_t i = 0; i < KM_COUNT(scripts); i++)
		if (km_sv_ifind(f->bytes, scripts[i], 0) < f->bytes.n) {
			tell(j, f, KM_FACT_SVG_SCRIPT, (km_sv){ 0 }, scripts[i], 1);
			break;
		}
	open_page(j, f, true);
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
			       .extension = ext,
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

/* What @p of the message in file @f holds, as a file of its own. */
static void push_inner(job *j, const file *f, km_mail *m, km_part *p)
{
	km_sv stem;
	file inner = { .name = km_sv_fmt(j->kept, "%.*s: %.*s", KM_FMT(f->name),
					 KM_FMT(p->filename.n ? p->filename : p->type)),
		       .bytes = km_part_bytes(m, p),
		       .type = p->sniffed,
		       .extension = km_filename_extension(p->filename, &stem),
		       .charset = p->charset,
		       .part = f->part,
		       .depth = f->depth + 1 };

	inner.by_name = km_kind_of_extension(inner.extension);
	if (inner.bytes.n)
		push(j, &inner);
}

/* A message that was saved as a file: what it says are another's words. */
static void open_message(job *j, file *f)
{
	const file outer = *f; /* the list may grow */
	km_mail *m;

	if (outer.depth > KM_MAX_FILE_DEPTH) {
		km_limit_hit(&j->out->limits, KM_LIMIT_FILE_DEPTH);
		return;
	}
	if (km_mail_read(j->files, outer.bytes, &m) != KM_OK) {
		km_limit_hit(&j->out->limits, KM_LIMIT_FILES_BYTES);
		return;
	}
	for (size_t i = 0; i < m->n_parts; i++) {
		km_part *p = &m->parts[i];
		if (p->sniffed == NULL || p->body.n == 0)
			continue;
		if (!km_part_is_text(p)) {
			push_inner(j, &outer, m, p);
			continue;
		}
		(void)km_part_text(m, p);
		km_sv text = keep_page(j, p->decoded.utf8);
		if (text.n)
			add_page(j, &outer, km_utf8_cut(text, text.n), p->html != NULL, true);
	}
	j->out->limits |= m->limits;
}

/* Where the name says more than the bytes. */
static const struct {
	km_sv extension;
	void (*open)(job *j, file *f);
} by_extension[] = {
	{ KM_SV("svg"), open_svg },	{ KM_SV("eml"), open_message },
	{ KM_SV("mht"), open_message }, { KM_SV("mhtml"), open_message },
	{ KM_SV("htm"), open_html },	{ KM_SV("html"), open_html },
	{ KM_SV("shtml"), open_html },	{ KM_SV("shtm"), open_html },
	{ KM_SV("dhtml"), open_html },	{ KM_SV("xhtml"), open_html },
	{ KM_SV("xht"), open_html },	{ KM_SV("hta"), open_html },
};

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
	{ KM_SV("image/webp"), open_picture, true },
	{ KM_SV("image/svg+xml"), open_svg, true },
	{ KM_SV("application/pdf"), open_pdf, true },
	{ KM_SV("application/x-ole-storage"), open_ole, false },
	{ KM_SV("application/onenote"), open_note, false },
	{ KM_SV("text/html"), open_html, true },
	{ KM_SV("message/rfc822"), open_message, false },
	{ KM_SV("application/vnd.openxmlformats-"), open_archive, false },
	{ KM_SV("application/vnd.oasis."), open_archive, false },
	{ KM_SV("application/java-archive"), open_archive, false },
};

/* How @f is opened; NULL: not at all. *shown: as above. */
static void (*opener_of(const file *f, bool *shown))(job *j, file *f)
{
	km_sv type = km_sv_of(f->type);
	km_kind kind = km_kind_of_type(type);

	*shown = false;
	for (size_t i = 0; i < KM_COUNT(openers); i++)
		if (km_sv_starts(type, openers[i].type)) {
			*shown = openers[i].shown;
			return openers[i].open;
		}
	if (kind == KM_KIND_ARCHIVE || kind == KM_KIND_DISK || f->by_name == KM_KIND_DISK)
		return open_archive;
	for (size_t i = 0; i < KM_COUNT(by_extension) && km_sv_starts(type, KM_S("text/")); i++)
		if (km_sv_ieq(f->extension, by_extension[i].extension))
			return by_extension[i].open;
	return NULL;
}

/* --- the files of the message --- */

static bool begin(job *j)
{
	if (j->note == NULL) {
		j->files = km_arena_new(KM_MAX_FILES_BYTES);
		j->work = km_arena_new(WORK_BYTES);
		j->note = KM_NEW_ARRAY(j->kept, km_opened_note, MOST_NOTES);
		j->page = KM_NEW_ARRAY(j->kept, km_page, KM_MAX_PAGES);
		j->out->note = j->note;
		j->out->page = j->page;
	}
	j->list = j->files && j->work && j->note && j->page
			  ? KM_NEW_ARRAY(j->files, file, KM_MAX_FILES)
			  : NULL;
	j->n = 0;
	return j->list != NULL;
}

/* @f, and what is found in it, and in that. */
static void open_all(job *j, const file *f)
{
	push(j, f);
	for (size_t i = 0; i < j->n; i++) {
		bool shown;
		void (*open)(job *, file *) = opener_of(&j->list[i], &shown);
		if (open)
			open(j, &j->list[i]);
		km_arena_reset(j->work);
	}
}

static void open_part(job *j, int part)
{
	const km_part *p = &j->mail->parts[part];
	km_sv stem, name = p->filename.n ? p->filename : p->type;
	file f = { .name = name, .type = p->sniffed, .charset = p->charset, .part = part };
	km_transfer_info how = { 0 };
	bool shown;

	if (p->sniffed == NULL || p->body.n == 0)
		return;
	f.extension = km_filename_extension(p->filename, &stem);
	f.by_name = km_kind_of_extension(f.extension);
	if (opener_of(&f, &shown) == NULL || !(p->attachment || (shown && !km_part_is_text(p))))
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

/* Codes in what is no file: drawn with characters, or written into the page. */
static void open_text(job *j, const km_text_view *v)
{
	const km_html *h = j->mail->parts[v->part].html;
	file here = { .part = v->part };
	bool drawn = km_qr_may_be_drawn(v->text), written = h && has_written(h);

	if (!(drawn || written) || !begin(j))
		return;
	if (drawn)
		search_drawn(j, &here, v->text);
	if (written)
		search_written(j, &here, h);
	km_arena_reset(j->files);
}

void km_opened_read(km_arena *a, km_mail *m, const km_views *v, km_links *links,
		    km_pictures *pictures, km_opened *out)
{
	job j = { .kept = a,
		  .mail = m,
		  .links = links,
		  .pictures = pictures,
		  .out = out,
		  .budget = { KM_MAX_UNPACKED_BYTES, wants },
		  .page_bytes = KM_MAX_PAGES_BYTES,
		  .pixels = KM_MAX_SEARCHED_PIXELS };

	*out = (km_opened){ 0 };
	for (size_t i = 0; i < v->n_text; i++)
		open_text(&j, &v->text[i]);
	for (size_t i = 0; i < m->n_parts; i++)
		open_part(&j, (int)i);
	km_arena_free(j.work);
	km_arena_free(j.files);
}
