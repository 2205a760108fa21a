/*
 * engine/wallet.h - addresses for bitcoin.
 */
#ifndef KM_ENGINE_WALLET_H
#define KM_ENGINE_WALLET_H

#include "base/sv.h"

/*
 * Whether @v is an address whose checksum is right: Base58Check of version 0 or 5, Bech32 (BIP 173)
 * or Bech32m (BIP 350) with the prefix "bc". Bounded: at most 90 bytes are looked at.
 */
bool km_wallet_is_bitcoin(km_sv v);

#endif
