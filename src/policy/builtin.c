/*
 * The text of data/policy.yaml inside the program. KM_PACK_FILE is its path; the build compiles
 * this file anew when that one changes.
 */
#include "policy/policy.h"

__asm__(".pushsection .rodata\n"
	".hidden km_builtin_pack\n"
	".hidden km_builtin_pack_end\n"
	".global km_builtin_pack\n"
	".global km_builtin_pack_end\n"
	"km_builtin_pack:\n"
	".incbin \"" KM_PACK_FILE "\"\n"
	"km_builtin_pack_end:\n"
	".popsection\n");

extern const char km_builtin_pack[] __attribute__((visibility("hidden")));
extern const char km_builtin_pack_end[] __attribute__((visibility("hidden")));

km_sv km_pack_builtin(void)
{
	return (km_sv){ km_builtin_pack, (size_t)(km_builtin_pack_end - km_builtin_pack) };
}
