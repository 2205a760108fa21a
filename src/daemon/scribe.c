#include "daemon/scribe.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"

enum { PAGES_AT_ONCE = 256 };

typedef struct {
	km_sheet *first, **end;
} list;

struct km_scribe {
	const char *dir;
	km_accounts *accounts; /* NULL: could not be opened again */
	bool failing;
	km_sandbox box;
	void (*wake)(void *ctx);
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	list todo, done;
	bool running, ending;
};

static void add(list *l, km_sheet *page)
{
	page->next = NULL;
	*l->end = page;
	l->end = &page->next;
}

static km_sheet *take(list *l)
{
	km_sheet *first = l->first;

	*l = (list){ NULL, &l->first };
	return first;
}

/* --- the file --- */

/* A damaged file must not stop mail for ever: it is kept aside and a new one begun. */
static km_status renew(km_scribe *s, const char *why, km_err *err)
{
	char name[64];

	km_accounts_close(s->accounts);
	s->accounts = NULL;
	km_status st = km_accounts_set_aside(s->dir, name, sizeof(name), err);
	if (st != KM_OK)
		return st;
	km_error("%s; it is now %s, and a new one is begun", why, name);
	return km_accounts_open(s->dir, &s->accounts, err);
}

static km_status open_file(km_scribe *s, km_err *err)
{
	km_err why = { 0 };
	km_status st = s->accounts ? KM_OK : km_accounts_open(s->dir, &s->accounts, &why);

	if (st == KM_SYNTAX)
		return renew(s, why.msg, err);
	return st == KM_OK ? st : KM_FAIL(err, st, "%s", why.msg);
}

static km_status write_pages(km_scribe *s, const km_account_page *pages, size_t n, km_err *err)
{
	km_err why = { 0 };
	km_status st = open_file(s, &why);

	if (st == KM_OK)
		st = km_accounts_write(s->accounts, pages, n, &why);
	if (st == KM_SYNTAX) {
		km_err damaged = why;
		why = (km_err){ 0 };
		st = renew(s, damaged.msg, &why);
		if (st == KM_OK)
			st = km_accounts_write(s->accounts, pages, n, &why);
	}
	return st == KM_OK ? st : KM_FAIL(err, KM_TEMPFAIL, "%s", why.msg);
}

static void complain(km_scribe *s, const km_sheet *page)
{
	bool failing = page->st != KM_OK;

	if (failing && !s->failing)
		km_error(
			"the file of an account can not be written, so no measure takes effect and "
			"the mail is asked to come later: %s",
			page->err.msg);
	if (!failing && s->failing)
		km_info("the files of accounts can be written again");
	s->failing = failing;
}

/* All at the cost of one; where that fails, one by one, so that none is another's misfortune. */
static km_sheet *write_some(km_scribe *s, km_sheet *first)
{
	km_account_page pages[PAGES_AT_ONCE];
	km_sheet *p = first;
	size_t n = 0;

	for (; p && n < PAGES_AT_ONCE; p = p->next)
		pages[n++] = p->what;
	km_status st = n > 1 ? write_pages(s, pages, n, NULL) : KM_TEMPFAIL;
	for (p = first; n; n--, p = p->next) {
		p->err = (km_err){ 0 };
		p->st = st == KM_OK ? st : write_pages(s, &p->what, 1, &p->err);
		complain(s, p);
	}
	return p;
}

/* --- the thread --- */

static void *run(void *arg)
{
	km_scribe *s = arg;
	km_err err = { 0 };

	if (km_sandbox_enter(&s->box, &err) != KM_OK) {
		km_error("%s; the role that writes the files of accounts ends", err.msg);
		abort();
	}
	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		while (s->todo.first == NULL && !s->ending)
			(void)pthread_cond_wait(&s->work, &s->lock);
		km_sheet *first = take(&s->todo);
		if (first == NULL)
			break;
		(void)pthread_mutex_unlock(&s->lock);
		for (km_sheet *p = first; p;)
			p = write_some(s, p);
		(void)pthread_mutex_lock(&s->lock);
		for (km_sheet *p = first, *next; p; p = next) {
			next = p->next;
			add(&s->done, p);
		}
		if (!s->ending)
			s->wake(s->ctx);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

km_status km_scribe_open(const char *dir, km_scribe **out, km_err *err)
{
	km_scribe *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	s->dir = dir;
	s->todo.end = &s->todo.first;
	s->done.end = &s->done.first;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->work, NULL);
	km_status st = open_file(s, err);
	if (st == KM_OK)
		*out = s;
	else
		km_scribe_close(s);
	return st;
}

km_status km_scribe_start(km_scribe *s, const km_sandbox *box, void (*wake)(void *ctx), void *ctx,
			  km_err *err)
{
	s->box = *box;
	s->wake = wake;
	s->ctx = ctx;
	s->running = pthread_create(&s->thread, NULL, run, s) == 0;
	return s->running ? KM_OK : KM_FAIL(err, KM_NOMEM, "no thread for the files of accounts");
}

void km_scribe_stop(km_scribe *s)
{
	if (s == NULL || !s->running)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->ending = true;
	(void)pthread_cond_signal(&s->work);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->thread, NULL);
	s->running = false;
}

void km_scribe_close(km_scribe *s)
{
	if (s == NULL)
		return;
	km_scribe_stop(s);
	km_accounts_close(s->accounts);
	(void)pthread_cond_destroy(&s->work);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

km_accounts *km_scribe_accounts(km_scribe *s)
{
	return s->accounts;
}

bool km_scribe_write(km_scribe *s, km_sheet *page)
{
	page->next = NULL;
	if (!s->running) {
		(void)write_some(s, page);
		return true;
	}
	(void)pthread_mutex_lock(&s->lock);
	add(&s->todo, page);
	(void)pthread_cond_signal(&s->work);
	(void)pthread_mutex_unlock(&s->lock);
	return false;
}

km_sheet *km_scribe_done(km_scribe *s)
{
	(void)pthread_mutex_lock(&s->lock);
	km_sheet *first = take(&s->done);
	(void)pthread_mutex_unlock(&s->lock);
	return first;
}
