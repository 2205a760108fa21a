#include "content/throwaway.h"

#include "content/cues.h"
#include "content/host_table.h"

enum { BITS = 16, EDGE = 26 };

double km_label_surprise(km_sv label)
{
	unsigned sum = 0, n = 0, before = EDGE;

	for (size_t i = 0; i <= label.n; i++) {
		unsigned char c = i < label.n ? km_lower((unsigned char)label.p[i]) : 0;
		unsigned now = km_is_alpha(c) ? c - 'a' : EDGE;
		if (now == EDGE && before == EDGE)
			continue;
		sum += km_letter_bits[before][now];
		n++;
		before = now;
	}
	return n ? (double)sum / BITS / n : 0;
}

km_sv km_site_chosen(const km_site *site)
{
	size_t dot = km_sv_chr(site->domain, '.', 0);
	size_t kept = site->host.n - site->domain.n + dot;

	if (site->row && site->row->host.n < site->host.n &&
	    km_sv_ends(site->host, site->row->host))
		kept = site->host.n - site->row->host.n - 1;
	return km_sv_sub(site->host, 0, kept);
}

bool km_host_is_cheap(km_sv host)
{
	return km_cues_is(KM_CUES_cheap_top, km_sv_from(host, km_sv_rchr(host, '.') + 1));
}

typedef struct {
	size_t letters, changes; /* between letters and digits */
	double surprise;
} look;

static look look_at(km_sv label)
{
	look l = { .surprise = km_label_surprise(label) };

	for (size_t i = 0; i < label.n; i++) {
		bool digit = km_is_digit((unsigned char)label.p[i]);
		l.letters += km_is_alpha((unsigned char)label.p[i]);
		l.changes += i && digit != km_is_digit((unsigned char)label.p[i - 1]) &&
			     label.p[i] != '-' && label.p[i - 1] != '-';
	}
	return l;
}

/* The longer it is, the less it takes. */
static bool is_drawn(const look *l)
{
	return (l->letters >= 5 && l->surprise > 5.9) || (l->letters >= 7 && l->surprise > 5.6);
}

static bool is_cheaply_drawn(const look *l)
{
	return (l->letters >= 4 && l->surprise > 5.0) || l->changes >= 2 ||
	       (l->changes == 1 && l->letters >= 2);
}

bool km_domain_is_throwaway(km_sv domain)
{
	km_sv registered = km_host_registrable(domain);
	look l = look_at(km_sv_sub(registered, 0, km_sv_chr(registered, '.', 0)));

	return km_sv_find(domain, KM_S("xn--"), 0) == domain.n &&
	       (is_drawn(&l) || (km_host_is_cheap(domain) && is_cheaply_drawn(&l)));
}

/* "JohnDoe", "newsUpdate": a capital begins a part of three letters or more. */
static bool is_camel(km_sv word)
{
	size_t part = 3;

	for (size_t i = 0; i < word.n; i++) {
		bool capital = word.p[i] >= 'A' && word.p[i] <= 'Z';
		if (capital && part < 3)
			return false;
		part = capital ? 1 : part + 1;
	}
	return part >= 3;
}

/* "togZfqX": capitals come inside a word where another begins, and seldom. */
static bool is_mixed(km_sv word)
{
	enum { CHANGES = 3, LONGEST_PER_CHANGE = 3 };
	size_t changes = 0;

	for (size_t i = 1; i < word.n; i++) {
		unsigned char a = (unsigned char)word.p[i - 1], b = (unsigned char)word.p[i];
		changes += km_is_alpha(a) && km_is_alpha(b) &&
			   (a == km_lower(a)) != (b == km_lower(b));
	}
	return changes >= CHANGES && word.n <= LONGEST_PER_CHANGE * changes && !is_camel(word);
}

bool km_word_is_drawn(km_sv word)
{
	look l = look_at(word);

	return is_drawn(&l) || (is_mixed(word) && l.surprise > 4.5);
}

bool km_site_is_throwaway(const km_site *site)
{
	enum {
		OTHERS = KM_SITE_SHARED | KM_SITE_TRACKER | KM_SITE_REDIRECT | KM_SITE_SHORTENER |
			 KM_SITE_HOSTING
	};
	bool dynamic = site->kind & KM_SITE_DDNS;
	km_sv rest = km_site_chosen(site), label;

	if (site->ip || km_site_has_gap(site) || (site->kind & OTHERS && !dynamic) ||
	    km_sv_find(site->host, KM_S("xn--"), 0) < site->host.n)
		return false;
	bool cheap = dynamic || km_host_is_cheap(site->host);
	while (km_sv_split(&rest, '.', &label)) {
		look l = look_at(label);
		bool name = rest.p == NULL; /* the last one: what was registered */
		if (name ? is_drawn(&l) || (cheap && is_cheaply_drawn(&l))
			 : l.letters >= 7 && l.surprise > 5.6)
			return true;
	}
	return false;
}
