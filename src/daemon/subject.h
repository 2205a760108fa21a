/*
 * daemon/subject.h - who answers for a message that goes out: the login, else (where that is set)
 * the client's certificate, else the script that made it here, else the address of a network that
 * is guarded. All front ends ask here, so all see one account.
 */
#ifndef KM_DAEMON_SUBJECT_H
#define KM_DAEMON_SUBJECT_H

#include "base/ip.h"
#include "conf/conf.h"

typedef struct km_subjects km_subjects;

/* What a front end knows of the sender; empty where it does not. */
typedef struct {
	km_sv user;	   /* SASL login */
	km_sv certificate; /* its subject, as far as it was verified, else its fingerprint */
	km_sv script;	   /* the field named in guard.script_header */
	km_ip ip;
} km_sender;

/* KM_CONFIG, with line, key and item, for what can not be read. */
KM_NODISCARD km_status km_subjects_open(const km_conf *conf, km_subjects **out, km_err *err);
void km_subjects_free(km_subjects *s);

/*
 * False: nobody's whom we guard. *account is then untouched; else it is the account ("cert:…",
 * "web:…", or the login itself), empty for an address of guard.networks. It is in @a, or a view of
 * @s.
 */
KM_NODISCARD bool km_subjects_find(const km_subjects *s, km_arena *a, const km_sender *sender,
				   km_sv *account);
/* Whether the script field of mail from @ip is believed. */
bool km_subjects_believes(const km_subjects *s, const km_ip *ip);

#endif
