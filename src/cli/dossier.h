/*
 * cli/dossier.h - what the commands `komainu account …` share: the account's file, and how its
 * entries are shown.
 */
#ifndef KM_CLI_DOSSIER_H
#define KM_CLI_DOSSIER_H

#include <jansson.h>

#include "cli/command.h"
#include "conf/conf.h"
#include "outbound/told.h"
#include "store/accounts.h"

/* Options of all of them; each takes those that its table has. */
typedef struct {
	km_common_options common;
	const char *config, *state_dir;
	const char *reader; /* --for */
	const char *by, *reason, *outcome, *kind, *text;
	km_opt_list logs;
	km_opt_number limit;
	bool all;
} km_account_options;

/* Options that all account commands have, for tables of km_option. */
/* clang-format off */
#define KM_ACCOUNT_AT(field) offsetof(km_account_options, field)
#define KM_ACCOUNT_PLACE                                                                                      \
	{ .letter = 'c', .name = "config", .type = KM_OPT_FILE, .at = KM_ACCOUNT_AT(config), .arg = "FILE",   \
	  .help = { "設定ファイル (state.dir を知るため)",                                         \
		    "configuration file, for its state.dir" } },                                   \
	{ .name = "state-dir", .type = KM_OPT_FILE, .at = KM_ACCOUNT_AT(state_dir), .arg = "DIR",             \
	  .help = { "state.dir の代わりのフォルダー", "folder in place of state.dir" } }
/* clang-format on */

typedef struct {
	int64_t row;
	km_entry e;
} km_dossier_entry;

typedef struct {
	km_cli *cli;
	const km_account_options *o;
	km_conf *conf;
	const char *dir; /* state.dir */
	km_accounts *accounts;
	km_sv account;	  /* the operand; empty without */
	km_reader reader; /* KM_FOR_RECIPIENT or KM_FOR_ADMIN */
	km_lang lang;
	int64_t now_ms;
	km_dossier_entry *entries; /* oldest first */
	size_t n;
	km_err err;
} km_dossier;

/* Reads the configuration and opens accounts.db; KM_NOTFOUND when nothing was ever written. */
KM_NODISCARD km_status km_dossier_begin(km_dossier *j);
/* Frees all; returns @rc, or what flushing gives. */
int km_dossier_end(km_dossier *j, int rc);
int km_dossier_failed(km_dossier *j);

/* The newest @limit entries of the account (0: all). KM_NOTFOUND when there is none and the account
 * is not known otherwise. */
KM_NODISCARD km_status km_dossier_load(km_dossier *j, size_t limit);
/* The measure in force; NULL when there is none. */
const km_dossier_entry *km_dossier_in_force(const km_dossier *j);

/* Whether the reader is shown it: who else was told is not for the subscriber. */
bool km_dossier_shows(const km_dossier *j, const km_dossier_entry *x);
/* One entry with its facts. @indent spaces before each line but the first. */
void km_dossier_write(km_dossier *j, km_buf *b, const km_dossier_entry *x);
json_t *km_dossier_json(km_dossier *j, const km_dossier_entry *x);
/* Names are bytes: shown so that they harm no terminal. */
void km_dossier_name(km_buf *b, km_sv name);
void km_dossier_print(const km_dossier *j, const km_buf *b);

#endif
