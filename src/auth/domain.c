#include "auth/domain.h"

#include <unicode/uidna.h>

#include "auth/tag.h"
#include "dns/dns.h"

enum { LONGEST = 255 };

static bool is_ascii(km_sv v)
{
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] >= 0x80)
			return false;
	return true;
}

/* A-labels of @in in @out; 0 when it has none. */
static size_t to_ascii(km_sv in, char out[LONGEST])
{
	UErrorCode status = U_ZERO_ERROR;
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UIDNA *idna = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII, &status);
	int32_t n = U_SUCCESS(status) ? uidna_nameToASCII_UTF8(idna, in.p, (int32_t)in.n, out,
							       LONGEST, &info, &status)
				      : 0;

	uidna_close(idna);
	return U_SUCCESS(status) && info.errors == 0 && n > 0 && n <= LONGEST ? (size_t)n : 0;
}

km_sv km_auth_domain(km_arena *a, km_sv in, unsigned labels)
{
	static const km_sv none = { NULL, 0 };
	char ascii[LONGEST], normal[KM_DNS_NAME_TEXT];
	size_t n = 0;

	if (in.n == 0 || in.n > (size_t)4 * LONGEST)
		return none;
	if (!is_ascii(in)) {
		in.n = to_ascii(in, ascii);
		in.p = ascii;
	}
	if (in.n && in.p[in.n - 1] == '.')
		in.n--;
	if (!km_tag_is_name(in, labels ? labels - 1 : 0) || !km_dns_name_normal(in, normal, &n))
		return none;
	return km_sv_dup(a, (km_sv){ normal, n });
}

km_sv km_auth_domain_part(km_sv addr)
{
	size_t at = km_sv_rchr(addr, '@');

	return at < addr.n ? km_sv_from(addr, at + 1) : (km_sv){ NULL, 0 };
}

bool km_auth_is_below(km_sv name, km_sv domain)
{
	return km_sv_iends(name, domain) &&
	       (name.n == domain.n || name.p[name.n - domain.n - 1] == '.');
}
