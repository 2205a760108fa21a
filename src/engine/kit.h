/*
 * engine/kit.h - what all scans of a process judge with: policy, tables, lists, models. Opened once
 * at start, before a role is confined; then only read, by all scans at once. One place for all that
 * configuration can switch on, so that command line and daemon judge alike.
 */
#ifndef KM_ENGINE_KIT_H
#define KM_ENGINE_KIT_H

#include "auth/dmarc.h"
#include "conf/conf.h"
#include "content/brands.h"
#include "content/imitation.h"
#include "content/pictures.h"
#include "content/wording.h"
#include "engine/dnsbl.h"
#include "engine/lists.h"
#include "engine/trust.h"
#include "learn/trainer.h"
#include "policy/policy.h"

/* What is looked at (checks), as bits. */
enum { KM_CHECK_AUTH = 1, KM_CHECK_STRUCTURE = 2, KM_CHECK_CONTENT = 4, KM_CHECK_ALL = 7 };

typedef struct {
	const km_pack *pack; /* not owned */
	km_dmarc_method dmarc;
	unsigned checks;	   /* KM_CHECK_… */
	km_trust networks;	   /* trusted.networks */
	km_trust forwarders;	   /* auth.trusted_forwarders */
	km_trust sealers;	   /* auth.trusted_sealers */
	km_terms *terms;	   /* all words that are looked for */
	km_brands *brands;	   /* with the operator's own */
	km_imitations *imitations; /* of the brands */
	km_phrases *phrases;	   /* data/phrases.csv */
	km_pictures *pictures;	   /* that were searched; the only thing that scans change */
	km_base *base;		   /* of the classifier; NULL without one */
	km_layers *layers;	   /* over it */
	km_trainer *learned;	   /* that they belong to; NULL: they are the kit's own */
	km_lists *lists;	   /* of the state folder, or NULL */
	km_dnsbls dnsbl;	   /* DNS lists that are switched on */
	struct km_replay
		*replay;       /* of signatures (engine/replay.h); NULL: not counted. Not owned */
	char authserv_id[256]; /* auth.authserv_id, or empty */
	char host[256];	       /* of this machine */
} km_kit;

/*
 * Opens all that @conf names (NULL: the built-in defaults); @pack must outlive the kit. KM_CONFIG
 * or KM_IO with file and reason; then nothing is left open.
 */
KM_NODISCARD km_status km_kit_open(km_kit *kit, const km_conf *conf, const km_pack *pack,
				   km_err *err);
/* Adds what is kept in the state folder @dir: the lists of known-bad things. */
KM_NODISCARD km_status km_kit_open_state(km_kit *kit, const char *dir, km_err *err);
/*
 * What is learned is in @area, of km_layers_area() bytes, which must outlive the kit and may change
 * under it. KM_NOMEM.
 */
KM_NODISCARD km_status km_kit_use_learned(km_kit *kit, void *area, km_err *err);
/*
 * What is learned is as a daemon left it in its state.dir, or has it now: without one that
 * can be read, nothing is. What is odd is logged.
 */
void km_kit_open_learned(km_kit *kit, const km_conf *conf);
void km_kit_close(km_kit *kit);

/* Our name in Authentication-Results, of mail that an MTA called @mta (or empty) hands in. */
km_sv km_kit_name(const km_kit *kit, km_sv mta);

#endif
