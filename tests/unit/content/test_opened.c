/* What the bounds leave out of attached files is told, and what they let in is read. */
#include "content/opened.h"

#include "base/buf.h"
#include "content/structure.h"
#include "test.h"

typedef struct {
	km_arena *a;
	km_buf message;
	km_mail *m;
	km_views views;
	km_links links;
	km_opened opened;
} work;

static void begin(work *w)
{
	*w = (work){ .a = km_arena_new(KM_MAX_ARENA_BYTES) };
	assert_non_null(w->a);
	km_buf_init(&w->message, NULL, 64 << 20);
	km_buf_add(&w->message, KM_S("From: a@a.example\nMIME-Version: 1.0\n"
				     "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
				     "Content-Type: text/plain\n\nsee the file\n--b\n"));
}

static void attach(work *w, const char *name)
{
	km_buf_fmt(&w->message,
		   "Content-Type: application/octet-stream\nContent-Transfer-Encoding: binary\n"
		   "Content-Disposition: attachment; filename=\"%s\"\n\n",
		   name);
}

static void finish(work *w)
{
	km_buf_add(&w->message, KM_S("\n--b--\n"));
	assert_false(w->message.cut);
	assert_int_equal(km_mail_read(w->a, km_buf_sv(&w->message), &w->m), KM_OK);
	km_views_read(w->a, w->m, &w->views);
	km_links_read(w->a, w->m, &w->views, &w->links);
	km_opened_read(w->a, w->m, &w->views, &w->links, NULL, &w->opened);
}

static void end(work *w)
{
	km_buf_finish(&w->message);
	km_arena_free(w->a);
}

static bool was_met(const work *w, km_limit limit)
{
	return w->opened.limits >> limit & 1;
}

static void pad(work *w, size_t n)
{
	for (size_t i = 0; i < n; i += 64)
		km_buf_add(
			&w->message,
			KM_S("<!-- ........................................................-->"));
}

static bool leads_to(const work *w, const char *host)
{
	return km_links_site(&w->links, km_sv_of(host)) != NULL;
}

/* Of a file the first 8 MB are looked at, of pages 2 MB; the explanation says that something was
 * not. */
static void test_large(void **state)
{
	static const struct {
		size_t before;
		bool pages, file;
	} sizes[] = { { 1 << 20, false, false },
		      { KM_MAX_PAGES_BYTES, true, false },
		      { KM_MAX_FILE_BYTES, true, true } };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(sizes); i++) {
		work w;
		km_facts fs;
		begin(&w);
		attach(&w, "a.html");
		km_buf_add(&w.message, KM_S("<html><a href=\"http://first.example/\">x</a>"));
		pad(&w, sizes[i].before);
		km_buf_add(&w.message, KM_S("<a href=\"http://last.example/\">x</a>"));
		finish(&w);
		assert_true(leads_to(&w, "first.example"));
		assert_int_equal(leads_to(&w, "last.example"), !sizes[i].pages);
		assert_int_equal(was_met(&w, KM_LIMIT_PAGES_BYTES), sizes[i].pages);
		assert_int_equal(was_met(&w, KM_LIMIT_FILE_BYTES), sizes[i].file);
		km_facts_init(&fs, w.a);
		km_structure_limits(w.opened.limits, &fs);
		assert_int_equal(km_facts_has(&fs, KM_FACT_LIMIT_FILES), sizes[i].pages);
		for (size_t k = 0; k < fs.n; k++) {
			km_sv said = km_fact_sentence(w.a, &fs.f[k], KM_FOR_RECIPIENT, KM_JA);
			assert_true(km_sv_find(said, KM_S("調べられませんでした"), 0) < said.n);
		}
		end(&w);
	}
}

/* More pages than are read: those that are not are told of. */
static void test_many(void **state)
{
	(void)state;
	work w;

	begin(&w);
	for (int i = 0; i < KM_MAX_PAGES + 2; i++) {
		if (i)
			km_buf_add(&w.message, KM_S("\n--b\n"));
		attach(&w, "a.html");
		km_buf_fmt(&w.message, "<html><a href=\"http://h%d.example/\">x</a>", i);
	}
	finish(&w);
	assert_int_equal(w.opened.n_pages, KM_MAX_PAGES);
	assert_true(was_met(&w, KM_LIMIT_PAGES));
	assert_true(leads_to(&w, "h0.example"));
	assert_false(leads_to(&w, "h17.example"));
	end(&w);
}

/* A message in a message in a message, each as a file: as deep as archives are opened. */
static void test_deep(void **state)
{
	(void)state;
	work w;

	begin(&w);
	attach(&w, "0.eml");
	for (int i = 0; i < KM_MAX_FILE_DEPTH + 2; i++)
		km_buf_fmt(&w.message,
			   "Received: x\nContent-Type: multipart/mixed; boundary=c%d\n\n--c%d\n"
			   "Content-Type: text/plain\n\nhttp://h%d.example/\n--c%d\n"
			   "Content-Type: application/octet-stream; name=%d.eml\n"
			   "Content-Disposition: attachment\n\n",
			   i, i, i, i, i + 1);
	km_buf_add(&w.message, KM_S("Received: x\n\nend\n"));
	finish(&w);
	assert_true(leads_to(&w, "h0.example"));
	assert_true(leads_to(&w, "h1.example"));
	assert_true(leads_to(&w, "h2.example"));
	assert_false(leads_to(&w, "h3.example"));
	assert_true(was_met(&w, KM_LIMIT_FILE_DEPTH));
	end(&w);
}

static const struct {
	const char *name, *file, *bytes, *host;
} kinds[] = {
	{ "by its bytes", "x", "<html><a href=\"http://h.example/\">x</a>", "h.example" },
	{ "by its name", "x.shtml", "hello <a href=\"http://h.example/\">x</a>", "h.example" },
	{ "XHTML", "x.xht", "<?xml version=\"1.0\"?><html><a href='http://h.example/'>x</a></html>",
	  "h.example" },
	{ "picture", "x.svg", "<svg><a href=\"http://h.example/\"><text>x</text></a></svg>",
	  "h.example" },
	{ "picture by its name", "x.svg", "\n\nx <svg><a href=\"http://h.example/\">y</a></svg>",
	  "h.example" },
	{ "message", "x.eml", "Subject: a\n\nhttp://h.example/\n", "h.example" },
	{ "message by its bytes", "x", "Received: a\n\nhttp://h.example/\n", "h.example" },
	{ "saved page", "x.mht",
	  "From: <Saved>\nMIME-Version: 1.0\nContent-Type: text/html\n\n"
	  "<a href=\"http://h.example/\">x</a>",
	  "h.example" },
	{ "UTF-16", "x.html", NULL, "h.example" },
	{ "text", "x.txt", "hello <a href=\"http://h.example/\">x</a>", NULL },
};

static void test_kinds(void **state)
{
	static const char page[] = "<html><a href=\"http://h.example/\">x</a>";

	(void)state;
	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		work w;
		begin(&w);
		attach(&w, kinds[i].file);
		if (kinds[i].bytes) {
			km_buf_add(&w.message, km_sv_of(kinds[i].bytes));
		} else {
			km_buf_add(&w.message, KM_S("\xff\xfe"));
			for (size_t k = 0; page[k]; k++) {
				km_buf_byte(&w.message, page[k]);
				km_buf_byte(&w.message, '\0');
			}
		}
		finish(&w);
		if (leads_to(&w, "h.example") != (kinds[i].host != NULL))
			fail_msg("%s: link %s", kinds[i].name,
				 kinds[i].host ? "is missing" : "is there");
		for (size_t k = 0; k < w.links.n; k++)
			test_sv_is(w.links.a[k].file, kinds[i].file, kinds[i].name);
		end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests_name("content/opened", tests, NULL, NULL);
}
