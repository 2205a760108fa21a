/*
 * A file of identities, as CSV and as a Postfix map: an error that names a line, or a table in
 * which every pair that the file plainly gives is the account's own, whatever the case; and no
 * address is an imitation of itself.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "outbound/identity.h"

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_own(const km_identities *t, km_sv account, km_sv address)
{
	char upper[320];
	km_sv like = { 0 };

	if (account.n == 0 || address.n == 0 || address.n > sizeof(upper))
		return;
	for (size_t i = 0; i < address.n; i++) {
		char c = address.p[i];
		upper[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
	}
	bool whole = address.p[0] == '@';
	require(whole || km_identities_check(t, account, address, &like) == KM_IDENTITY_OWN);
	require(whole || km_identities_check(t, account, (km_sv){ upper, address.n }, NULL) ==
				 KM_IDENTITY_OWN);
	require(km_identities_is_ours(t, km_sv_from(address, km_sv_rchr(address, '@') + 1)));
}

static void check_csv(km_sv text)
{
	km_identities *t = km_identities_new();
	km_err err = { 0 };
	km_sv line, account, identity;

	require(t != NULL);
	if (km_identities_read_csv(t, text, "f", &err) != KM_OK)
		require(err.msg[0] == 'f' && err.msg[1] == ':');
	else
		for (size_t n = 1; km_sv_line(&text, &line); n++) {
			km_sv rest = km_sv_trim(line);
			if (rest.n == 0 || rest.p[0] == '#')
				continue;
			(void)km_sv_split(&rest, ',', &account);
			account = km_sv_trim(account);
			if (n == 1 && km_sv_ieq(account, KM_S("account")))
				continue;
			while (km_sv_split(&rest, ',', &identity))
				check_own(t, account, km_sv_trim(identity));
		}
	km_identities_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv text = { (const char *)data, size };
	km_identities *t = km_identities_new();
	km_err err = { 0 };
	km_sv like = { 0 };

	check_csv(text);
	require(t != NULL);
	if (km_identities_read_map(t, text, "m", &err) != KM_OK)
		require(err.msg[0] == 'm' && err.msg[1] == ':');
	/* the whole input as an address and as an account */
	(void)km_identities_check(t, text, text, &like);
	if (size && size < 200 && km_identities_add(t, text, text) == KM_OK && text.p[0] != '@')
		require(km_identities_check(t, text, text, &like) == KM_IDENTITY_OWN);
	km_identities_free(t);
	return 0;
}
