/*
 * The bytes of data/base.model inside the program. KM_BASE_FILE is its path; the build compiles
 * this file anew when that one changes.
 */
#include "learn/builtin.h"

__asm__(".pushsection .rodata\n"
	".balign 64\n"
	".hidden km_builtin_base\n"
	".hidden km_builtin_base_end\n"
	".global km_builtin_base\n"
	".global km_builtin_base_end\n"
	"km_builtin_base:\n"
	".incbin \"" KM_BASE_FILE "\"\n"
	"km_builtin_base_end:\n"
	".popsection\n");

extern const char km_builtin_base[] __attribute__((visibility("hidden")));
extern const char km_builtin_base_end[] __attribute__((visibility("hidden")));

km_sv km_base_builtin(void)
{
	return (km_sv){ km_builtin_base, (size_t)(km_builtin_base_end - km_builtin_base) };
}
