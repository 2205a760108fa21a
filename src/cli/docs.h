/*
 * cli/docs.h - manual pages and completion, made from the tables.
 */
#ifndef KM_CLI_DOCS_H
#define KM_CLI_DOCS_H

#include "cli/command.h"

/*
 * The manual page @page ("komainu", "komainu.8", "komainu-scan", …) in mdoc(7). KM_NOTFOUND when
 * there is none of this name.
 */
KM_NODISCARD km_status km_docs_man(km_buf *b, km_sv page, int lang);
/* komainu(8), the daemon. */
void km_docs_daemon(km_buf *b, int lang);
/* The script that completes komainu's words in bash. */
void km_docs_bash(km_buf *b);

#endif
