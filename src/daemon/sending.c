#include "daemon/sending.h"

#include <curl/curl.h>
#include <stdio.h>

enum { CONNECT_MS = 5000, URL_MAX = 1024 };

km_status km_sending_init(km_err *err)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == 0
		       ? KM_OK
		       : KM_FAIL(err, KM_NOMEM, "libcurl can not be used");
}

/* What is common to both. NULL: no memory. */
static CURL *begin(const char *url, const char *protocols, char why[CURL_ERROR_SIZE])
{
	CURL *c = curl_easy_init();

	if (c == NULL)
		return NULL;
	why[0] = '\0';
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)KM_SEND_MS);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	/* The operator names the servers; what the environment says of proxies is not meant. */
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	return c;
}

static const char *reason(CURLcode rc, const char *why)
{
	return *why ? why : curl_easy_strerror(rc);
}

/* --- SMTP --- */

static size_t read_message(char *to, size_t size, size_t n, void *ctx)
{
	km_sv *rest = ctx;
	km_sv piece = km_sv_sub(*rest, 0, size * n);

	if (piece.n)
		memcpy(to, piece.p, piece.n);
	*rest = km_sv_from(*rest, piece.n);
	return piece.n;
}

/* A server that offers TLS is taken at its word, as between mail servers; a password goes only to
 * one that proves its name. */
static void use_tls(CURL *c, const km_smtp *via)
{
	bool whole = km_sv_starts(km_sv_of(via->url), KM_S("smtps://"));

	(void)curl_easy_setopt(c, CURLOPT_USE_SSL,
			       via->user ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
	if (!whole && via->user == NULL) {
		(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (via->user) {
		(void)curl_easy_setopt(c, CURLOPT_USERNAME, via->user);
		(void)curl_easy_setopt(c, CURLOPT_PASSWORD, via->password);
	}
}

static km_sent judge_mail(CURLcode rc, long code)
{
	if (rc == CURLE_OK)
		return KM_SENT;
	/* A login that is refused is the operator's to mend, not the notice's fault. */
	if (rc == CURLE_LOGIN_DENIED || code < 400)
		return KM_SENT_DOWN;
	if (code == 421)
		return KM_SENT_DOWN;
	return code < 500 ? KM_SENT_LATER : KM_SENT_NEVER;
}

km_sent km_send_mail(const km_smtp *via, const char *to, km_sv message, km_err *err)
{
	char url[URL_MAX], why[CURL_ERROR_SIZE];
	struct curl_slist *rcpt = curl_slist_append(NULL, to);
	long code = 0;

	/* What stands after the last slash is the name in EHLO. */
	(void)snprintf(url, sizeof(url), "%s/%s", via->url, via->helo);
	CURL *c = rcpt ? begin(url, "smtp,smtps", why) : NULL;
	if (c == NULL) {
		curl_slist_free_all(rcpt);
		(void)KM_FAIL(err, KM_NOMEM, "no memory");
		return KM_SENT_LATER;
	}
	use_tls(c, via);
	(void)curl_easy_setopt(c, CURLOPT_MAIL_RCPT, rcpt); /* without CURLOPT_MAIL_FROM: <> */
	(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, read_message);
	(void)curl_easy_setopt(c, CURLOPT_READDATA, &message);
	CURLcode rc = curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	km_sent sent = judge_mail(rc, code);
	if (sent != KM_SENT)
		(void)KM_FAIL(err, KM_TEMPFAIL, "%s: %s", via->url, reason(rc, why));
	curl_easy_cleanup(c);
	curl_slist_free_all(rcpt);
	return sent;
}

/* --- HTTP --- */

static size_t drop_answer(char *from, size_t size, size_t n, void *ctx)
{
	(void)from;
	(void)ctx;
	return size * n;
}

static struct curl_slist *header_list(const char *const *headers, size_t n)
{
	struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");

	for (size_t i = 0; list && i < n; i++) {
		struct curl_slist *longer = curl_slist_append(list, headers[i]);
		if (longer == NULL)
			curl_slist_free_all(list);
		list = longer;
	}
	return list;
}

km_sent km_send_post(const char *url, km_sv body, const char *const *headers, size_t n, km_err *err)
{
	char why[CURL_ERROR_SIZE];
	struct curl_slist *list = header_list(headers, n);
	CURL *c = list ? begin(url, "http,https", why) : NULL;
	long code = 0;

	if (c == NULL) {
		curl_slist_free_all(list);
		(void)KM_FAIL(err, KM_NOMEM, "no memory");
		return KM_SENT_LATER;
	}
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "komainu/" KM_VERSION);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop_answer);
	CURLcode rc = curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	bool taken = rc == CURLE_OK && code >= 200 && code < 300;
	if (rc != CURLE_OK)
		(void)KM_FAIL(err, KM_TEMPFAIL, "%s", reason(rc, why));
	else if (!taken)
		(void)KM_FAIL(err, KM_TEMPFAIL, "the server answers %ld", code);
	curl_easy_cleanup(c);
	curl_slist_free_all(list);
	return taken ? KM_SENT : code == 410 ? KM_SENT_NEVER : KM_SENT_DOWN;
}
