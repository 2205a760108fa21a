/*
 * auth/dkim_shared.h - what ARC shares with the DKIM check of the same message: its fields by name
 * and the hashes of its body.
 */
#ifndef KM_AUTH_DKIM_SHARED_H
#define KM_AUTH_DKIM_SHARED_H

#include "auth/dkim.h"
#include "auth/signed.h"

km_signed *km_dkim_signed(km_dkim *k);
km_time km_dkim_now(const km_dkim *k);

#endif
