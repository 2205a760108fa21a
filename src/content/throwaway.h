/*
 * content/throwaway.h - hosts that are made by the thousand to be thrown away: names drawn by lot,
 * most of them below top-level domains that cost next to nothing or on dynamic DNS.
 */
#ifndef KM_CONTENT_THROWAWAY_H
#define KM_CONTENT_THROWAWAY_H

#include "content/urls.h"

/* By letter, 26 for the beginning and end of a word: sixteenths of bits. Made by letters.py. */
extern const uint8_t km_letter_bits[27][27];

/*
 * How surprising the letters of @label are to who knows the names of well-known sites: bits a
 * letter, about 4 for words and names, over 5 for what nobody would want to be called. 0 for a
 * label without letters.
 */
double km_label_surprise(km_sv label);

/* What its owner could choose of the name of @site: without its public suffix, or a hoster's name.
 */
km_sv km_site_chosen(const km_site *site);

bool km_site_is_throwaway(const km_site *site);

/* True for a top-level domain whose names cost next to nothing and are used for what they cost. */
bool km_host_is_cheap(km_sv host);

/* The same of the domain of an address: its registered name seems drawn by lot. */
bool km_domain_is_throwaway(km_sv domain);

/* True for letters that nobody would choose for a name: "qwxkjzt", "togZfqXBd". */
bool km_word_is_drawn(km_sv word);

#endif
