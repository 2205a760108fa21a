#include "auth/client.h"

#include "auth/domain.h"
#include "auth/spf_parts.h"

const char *km_rdns_name(km_rdns_code c)
{
	static const char *const names[] = { "pass", "fail", "temperror", "permerror" };

	return names[c];
}

/* --- reverse DNS --- */

static bool has_address(const km_dns_answer *a, const km_ip *ip)
{
	for (size_t i = 0; a->rcode == KM_DNS_OK && i < a->n; i++)
		if (a->rr[i].data.n == ip->len && memcmp(a->rr[i].data.p, ip->b, ip->len) == 0)
			return true;
	return false;
}

static km_status step_rdns(const km_client_request *q, km_dns_set *dns, km_client_result *out)
{
	km_dns_type type = q->ip.len == 4 ? KM_DNS_A : KM_DNS_AAAA;
	km_spf_text reverse;
	bool open = false, unanswered = false;

	km_spf_reverse_name(&q->ip, &reverse);
	const km_dns_answer *ptr = km_dns_need(dns, km_spf_text_sv(&reverse), KM_DNS_PTR);
	if (ptr == NULL)
		return KM_NOTFOUND;
	out->dnssec = km_dns_proof(ptr);
	out->rdns = ptr->rcode > KM_DNS_NXDOMAIN	? KM_RDNS_TEMPERROR
		    : ptr->rcode == KM_DNS_OK && ptr->n ? KM_RDNS_FAIL
							: KM_RDNS_PERMERROR;
	for (size_t i = 0; out->rdns == KM_RDNS_FAIL && i < ptr->n && i < KM_CLIENT_MAX_NAMES;
	     i++) {
		const km_dns_answer *a = km_dns_need(dns, ptr->rr[i].data, type);
		open |= a == NULL;
		unanswered |= a && a->rcode > KM_DNS_NXDOMAIN;
		if (i == 0)
			out->name = ptr->rr[i].data;
		if (a && has_address(a, &q->ip)) {
			out->rdns = KM_RDNS_PASS;
			if (km_dns_proof(a) > out->dnssec)
				out->dnssec = km_dns_proof(a);
			out->name = ptr->rr[i].data;
		}
	}
	if (out->rdns == KM_RDNS_FAIL && unanswered)
		out->rdns = KM_RDNS_TEMPERROR;
	return open && out->rdns != KM_RDNS_PASS ? KM_NOTFOUND : KM_OK;
}

/* Whether three or more of the address's four numbers stand in the name, each by itself. */
static bool spells_address(km_sv name, const km_ip *ip)
{
	unsigned seen = 0, count = 0;

	for (size_t i = 0; i < name.n && ip->len == 4;) {
		size_t from = i;
		uint64_t number;
		while (i < name.n && km_is_digit((unsigned char)name.p[i]))
			i++;
		if (i == from) {
			i++;
			continue;
		}
		if (!km_sv_u64(km_sv_sub(name, from, i - from), &number))
			continue;
		for (unsigned k = 0; k < 4; k++)
			if (ip->b[k] == number && !(seen >> k & 1)) {
				seen |= 1u << k;
				count++;
				break;
			}
	}
	return count >= 3;
}

/* --- HELO --- */

static km_status exists(km_dns_set *dns, km_sv name, bool *unknown)
{
	static const km_dns_type types[] = { KM_DNS_A, KM_DNS_AAAA };
	bool open = false;

	*unknown = true;
	for (size_t i = 0; i < KM_COUNT(types); i++) {
		const km_dns_answer *a = km_dns_need(dns, name, types[i]);
		open |= a == NULL;
		*unknown &= a && a->rcode == KM_DNS_NXDOMAIN;
	}
	return open ? KM_NOTFOUND : KM_OK;
}

static bool is_our_name(const km_client_request *q, km_sv helo)
{
	if (km_sv_ieq(helo, q->our_name))
		return true;
	for (size_t i = 0; i < q->n_rcpts; i++)
		if (km_sv_ieq(helo, km_auth_domain_part(q->rcpts[i])))
			return true;
	return false;
}

static km_status step_helo(km_arena *a, const km_client_request *q, km_dns_set *dns,
			   km_client_result *out)
{
	bool literal = q->helo.n && q->helo.p[0] == '[', unknown;
	km_ip ip;

	if (q->helo.n == 0)
		return KM_OK;
	if (literal) {
		if (!km_ip_parse(q->helo, &ip))
			out->helo = KM_HELO_NO_NAME;
		else if (!km_ip_in(&ip, &q->ip, q->ip.len * 8u))
			out->helo = KM_HELO_OTHER_ADDRESS;
		return KM_OK;
	}
	km_sv name = km_auth_domain(a, q->helo, 2);
	if (name.n == 0 || km_ip_parse(name, &ip)) {
		out->helo = KM_HELO_NO_NAME;
		return KM_OK;
	}
	if (is_our_name(q, name) && !km_sv_ieq(name, q->hostname)) {
		out->helo = KM_HELO_OURS;
		return KM_OK;
	}
	if (km_sv_ieq(name, q->hostname))
		return KM_OK;
	if (exists(dns, name, &unknown) == KM_NOTFOUND)
		return KM_NOTFOUND;
	out->helo = unknown ? KM_HELO_UNKNOWN : 0;
	return KM_OK;
}

km_status km_client_step(km_arena *a, const km_client_request *q, km_dns_set *dns,
			 km_client_result *out)
{
	km_status rdns = KM_OK;

	*out = (km_client_result){ .rdns = KM_RDNS_PASS, .name = q->hostname };
	if (q->hostname.n == 0)
		rdns = step_rdns(q, dns, out);
	km_status helo = step_helo(a, q, dns, out);
	if (rdns == KM_NOTFOUND || helo == KM_NOTFOUND)
		return KM_NOTFOUND;
	out->generic = spells_address(out->name, &q->ip);
	return KM_OK;
}

/* --- facts --- */

static void add(km_facts *fs, km_fact_id id, km_sv first, const km_ip *ip)
{
	char text[64];
	km_fact *f = km_fact_add(fs, id, first, -1, 0, 0);

	km_fact_arg(fs, f, 1, first);
	km_fact_arg(fs, f, 2, km_sv_of(km_ip_format(ip, text)));
}

void km_client_facts(const km_client_request *q, const km_client_result *r, km_facts *fs)
{
	static const km_fact_id of_rdns[] = { [KM_RDNS_PASS] = KM_FACT_RDNS_CONFIRMED,
					      [KM_RDNS_FAIL] = KM_FACT_RDNS_UNCONFIRMED,
					      [KM_RDNS_TEMPERROR] = KM_FACT_RDNS_TEMPERROR,
					      [KM_RDNS_PERMERROR] = KM_FACT_RDNS_NONE };
	static const km_fact_id of_helo[] = { KM_FACT_HELO_NO_NAME, KM_FACT_HELO_OTHER_ADDRESS,
					      KM_FACT_HELO_OURS, KM_FACT_HELO_UNKNOWN };

	add(fs, of_rdns[r->rdns], r->name, &q->ip);
	if (r->generic)
		add(fs, KM_FACT_RDNS_GENERIC, r->name, &q->ip);
	for (unsigned i = 0; i < KM_COUNT(of_helo); i++)
		if (r->helo >> i & 1)
			add(fs, of_helo[i], q->helo, &q->ip);
}
