/*
 * The text of data/dnsbl.yaml inside the program. KM_DNSBL_FILE is its path; the build compiles
 * this file anew when that one changes.
 */
#include "engine/dnsbl.h"

__asm__(".pushsection .rodata\n"
	".hidden km_builtin_dnsbl\n"
	".hidden km_builtin_dnsbl_end\n"
	".global km_builtin_dnsbl\n"
	".global km_builtin_dnsbl_end\n"
	"km_builtin_dnsbl:\n"
	".incbin \"" KM_DNSBL_FILE "\"\n"
	"km_builtin_dnsbl_end:\n"
	".popsection\n");

extern const char km_builtin_dnsbl[] __attribute__((visibility("hidden")));
extern const char km_builtin_dnsbl_end[] __attribute__((visibility("hidden")));

km_sv km_dnsbls_builtin(void)
{
	return (km_sv){ km_builtin_dnsbl, (size_t)(km_builtin_dnsbl_end - km_builtin_dnsbl) };
}
