/*
 * cli/tables.h - what each cmd_*.c gives to the table of sub-commands: its options, with the size
 * of the struct that they fill, and its function, which returns the exit status.
 */
#ifndef KM_CLI_TABLES_H
#define KM_CLI_TABLES_H

#include "cli/command.h"

extern const km_option_table km_scan_options;
int km_scan_run(km_cli *cli, const void *options);

extern const km_option_table km_show_options;
int km_show_run(km_cli *cli, const void *options);

extern const km_option_table km_config_check_options;
int km_config_check_run(km_cli *cli, const void *options);

extern const km_option_table km_config_show_options;
int km_config_show_run(km_cli *cli, const void *options);

extern const km_option_table km_config_explain_options;
int km_config_explain_run(km_cli *cli, const void *options);

extern const km_option_table km_version_options;
int km_version_run(km_cli *cli, const void *options);

extern const km_option_table km_docs_man_options;
int km_docs_man_run(km_cli *cli, const void *options);

extern const km_option_table km_docs_completion_options;
int km_docs_completion_run(km_cli *cli, const void *options);

extern const km_option_table km_serve_options_table;
int km_serve_run(km_cli *cli, const void *options);

extern const km_option_table km_try_options;
int km_try_run(km_cli *cli, const void *options);

extern const km_option_table km_eval_options;
int km_eval_run(km_cli *cli, const void *options);

extern const km_option_table km_learn_base_options;
int km_learn_base_run(km_cli *cli, const void *options);

extern const km_option_table km_guard_simulate_options;
int km_guard_simulate_run(km_cli *cli, const void *options);

extern const km_option_table km_guard_ingest_options;
int km_guard_ingest_run(km_cli *cli, const void *options);

extern const km_option_table km_guard_top_options;
int km_guard_top_run(km_cli *cli, const void *options);

extern const km_option_table km_log_options;
int km_log_run(km_cli *cli, const void *options);

extern const km_option_table km_key_new_options;
int km_key_new_run(km_cli *cli, const void *options);

extern const km_option_table km_key_list_options;
int km_key_list_run(km_cli *cli, const void *options);

extern const km_option_table km_key_use_options;
int km_key_use_run(km_cli *cli, const void *options);

extern const km_option_table km_key_rotate_options;
int km_key_rotate_run(km_cli *cli, const void *options);

extern const km_option_table km_key_retire_options;
int km_key_retire_run(km_cli *cli, const void *options);

extern const km_option_table km_advise_options;
int km_advise_run(km_cli *cli, const void *options);

extern const km_option_table km_brands_check_options;
int km_brands_check_run(km_cli *cli, const void *options);

extern const km_option_table km_brands_show_options;
int km_brands_show_run(km_cli *cli, const void *options);

extern const km_option_table km_list_import_options;
int km_list_import_run(km_cli *cli, const void *options);

extern const km_option_table km_list_show_options;
int km_list_show_run(km_cli *cli, const void *options);

extern const km_option_table km_list_check_options;
int km_list_check_run(km_cli *cli, const void *options);

extern const km_option_table km_account_list_options;
int km_account_list_run(km_cli *cli, const void *options);

extern const km_option_table km_account_show_options;
int km_account_show_run(km_cli *cli, const void *options);

extern const km_option_table km_account_history_options;
int km_account_history_run(km_cli *cli, const void *options);

extern const km_option_table km_account_explain_options;
int km_account_explain_run(km_cli *cli, const void *options);

extern const km_option_table km_account_notice_options;
int km_account_notice_run(km_cli *cli, const void *options);

extern const km_option_table km_account_appeal_options;
int km_account_appeal_run(km_cli *cli, const void *options);

extern const km_option_table km_account_review_options;
int km_account_review_run(km_cli *cli, const void *options);

extern const km_option_table km_account_restore_options;
int km_account_restore_run(km_cli *cli, const void *options);

extern const km_option_table km_learn_options;
int km_learn_run(km_cli *cli, const void *options);

extern const km_option_table km_learn_state_options;
int km_learn_state_run(km_cli *cli, const void *options);
int km_learn_export_run(km_cli *cli, const void *options);
int km_learn_import_run(km_cli *cli, const void *options);

#endif
