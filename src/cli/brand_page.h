/*
 * cli/brand_page.h - the table of brands for commands, and a brand as people and programs read it.
 */
#ifndef KM_CLI_BRAND_PAGE_H
#define KM_CLI_BRAND_PAGE_H

#include "cli/jsonout.h"
#include "content/brands.h"
#include "fact/fact.h"

typedef struct {
	km_terms *terms;
	km_brands *brands;
} km_brand_table;

/* The built-in table with the rows of @own (may be NULL). */
KM_NODISCARD km_status km_brand_table_open(const char *own, km_brand_table *out, km_err *err);
/* The same with content.brands of the configuration @config, or of the usual one when NULL. */
KM_NODISCARD km_status km_brand_table_settings(const char *config, km_brand_table *out,
					       km_err *err);
void km_brand_table_close(km_brand_table *t);

/* "read on the owner's own page" */
const char *km_brand_certainty_text(const km_brand *brand, int lang);
/* Lists of names and domains, divided by ", ". */
void km_brand_add_domains(km_buf *b, const km_sv *domain, size_t n);
json_t *km_brand_json_domains(const km_sv *domain, size_t n);

#endif
