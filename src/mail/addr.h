/*
 * mail/addr.h - address lists (RFC 5322 section 3.4, RFC 6532) with groups, routes, comments,
 * quoted pairs, encoded display names and the errors of real mail. Where two readers could disagree
 * about who is meant, `ambiguous` is set and every address that could be meant is in the list.
 */
#ifndef KM_MAIL_ADDR_H
#define KM_MAIL_ADDR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

typedef struct {
	km_sv name;    /* display name, decoded UTF-8; else the last comment; else empty */
	km_sv addr;    /* local@domain, quoted pairs undone, no comments; domain in lower case */
	km_sv local;   /* as in addr */
	km_sv domain;  /* lower case UTF-8 or A-labels as sent; empty when there is none */
	km_sv group;   /* name of the group it stands in, or empty */
	size_t offset; /* of its first byte in the text given */
	bool valid;    /* follows the grammar (obsolete forms included) */
	bool route;    /* had a source route (@a,@b:) */
	bool other;    /* another reading of the mailbox before it in the list */
} km_addr;

typedef struct {
	const km_addr *a;
	size_t n;
	bool ambiguous; /* can be read in more than one way: several or routed addresses in one
			   mailbox, quoted specials in a local part, things not closed, NUL … */
	bool malformed; /* something had to be forgiven */
	bool groups;	/* had group syntax */
	size_t bad_chars;
	km_limit_set limits;
} km_addr_list;

/*
 * Reads the raw value of From, To, …: folds, comments, encoded-words and all. A mailbox without
 * address is in the list with what there is (local alone, or nothing but a name). A group is no
 * ambiguity in itself; in From the caller must take it for one (RFC 6854 section 3).
 * KM_LIMIT when the arena is full; *out is then what fitted.
 */
KM_NODISCARD km_status km_addr_parse(km_arena *a, km_sv raw, km_addr_list *out);

/*
 * An SMTP path "<a@b>" or "a@b" or "<>" (RFC 5321 section 4.1.2). KM_NOTFOUND for the null path,
 * KM_SYNTAX with *out as far as it was understood.
 */
KM_NODISCARD km_status km_addr_path(km_arena *a, km_sv path, km_addr *out);

/* First thing inside @text that looks like an address, or an empty view. */
km_sv km_addr_find(km_sv text);

#endif
