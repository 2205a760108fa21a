#include "net/av.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

enum { HOST = 256, ICAP_PORT = 1344 };

static km_status resolve(km_sv host, km_sv port, km_av_target *out, km_err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char name[HOST], number[8];
	uint64_t n;

	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = km_sv_sub(host, 1, host.n - 2);
	if (host.n == 0 || host.n >= sizeof(name) || memchr(host.p, '\0', host.n) ||
	    !km_sv_u64(port, &n) || n == 0 || n > UINT16_MAX)
		return KM_FAIL(err, KM_CONFIG, "\"%s\" has no host or no port", out->name);
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	(void)snprintf(number, sizeof(number), "%u", (unsigned)n);
	int rc = getaddrinfo(name, number, &hints, &found);
	if (rc != 0)
		return KM_FAIL(err, rc == EAI_AGAIN ? KM_TEMPFAIL : KM_CONFIG, "%s: %s", out->name,
			       gai_strerror(rc));
	out->length = found->ai_addrlen;
	memcpy(&out->address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return KM_OK;
}

static km_status keep_name(km_sv name, km_av_target *out, km_err *err)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] == 0x7f)
			return KM_FAIL(err, KM_CONFIG, "an address has no blanks");
	if (name.n >= sizeof(out->name))
		return KM_FAIL(err, KM_CONFIG, "an address of %zu bytes is too long", name.n);
	memcpy(out->name, name.p, name.n);
	out->name[name.n] = '\0';
	return KM_OK;
}

static km_status take_path(const char *path, km_av_target *out, km_err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (path[0] != '/' || strlen(path) >= sizeof(un.sun_path))
		return KM_FAIL(err, KM_CONFIG, "%s: a socket path is absolute and under %zu bytes",
			       out->name, sizeof(un.sun_path));
	memcpy(un.sun_path, path, strlen(path));
	out->length = sizeof(un);
	memcpy(&out->address, &un, sizeof(un));
	return KM_OK;
}

km_status km_av_target_clamd(const char *text, km_av_target *out, km_err *err)
{
	km_sv v = km_sv_of(text);

	*out = (km_av_target){ .protocol = &km_av_clamd };
	km_status st = keep_name(v, out, err);
	if (st != KM_OK)
		return st;
	if (km_sv_starts(v, KM_S("unix:")))
		return take_path(text + strlen("unix:"), out, err);
	size_t colon = km_sv_rchr(v, ':');
	return resolve(km_sv_sub(v, 0, colon), km_sv_from(v, colon + 1), out, err);
}

km_status km_av_target_icap(const char *text, km_av_target *out, km_err *err)
{
	km_sv v = km_sv_of(text), rest = km_sv_from(v, strlen("icap://"));
	size_t slash = km_sv_chr(rest, '/', 0);
	km_sv place = km_sv_sub(rest, 0, slash);

	*out = (km_av_target){ .protocol = &km_av_icap };
	if (!km_sv_istarts(v, KM_S("icap://")) || slash + 1 >= rest.n ||
	    v.n >= sizeof(out->service))
		return KM_FAIL(err, KM_CONFIG,
			       "\"%s\" is no address of ICAP; expected icap://HOST[:PORT]/SERVICE",
			       text);
	km_status st = keep_name(v, out, err);
	if (st != KM_OK)
		return st;
	(void)snprintf(out->service, sizeof(out->service), "%s", text);
	(void)keep_name(place, out, NULL);
	/* "[::1]" ends in no port. */
	size_t colon = km_sv_rchr(place, ':');
	bool has_port = colon < place.n && place.p[place.n - 1] != ']';
	char usual[8];
	(void)snprintf(usual, sizeof(usual), "%d", ICAP_PORT);
	return resolve(has_port ? km_sv_sub(place, 0, colon) : place,
		       has_port ? km_sv_from(place, colon + 1) : km_sv_of(usual), out, err);
}

uint16_t km_av_target_port(const km_av_target *t)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (t->address.ss_family == AF_INET) {
		memcpy(&in, &t->address, sizeof(in));
		return ntohs(in.sin_port);
	}
	if (t->address.ss_family == AF_INET6) {
		memcpy(&in6, &t->address, sizeof(in6));
		return ntohs(in6.sin6_port);
	}
	return 0;
}

void km_av_found(km_sv name, km_av_answer *out)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n && n + 1 < sizeof(out->name); i++)
		if (name.p[i] > ' ' && name.p[i] < 0x7f)
			out->name[n++] = name.p[i];
	if (n == 0)
		out->name[n++] = '?';
	out->name[n] = '\0';
	out->result = KM_AV_FOUND;
}
