/*
 * The tables of data/ inside the program. KM_BRANDS_FILE and KM_PHRASES_FILE are their paths; the
 * build compiles this file anew when they change.
 */
#include "content/brands.h"
#include "content/wording.h"

#define HOLD(name, file)                                                                           \
	__asm__(".pushsection .rodata\n"                                                           \
		".hidden km_builtin_" #name "\n"                                                   \
		".hidden km_builtin_" #name "_end\n"                                               \
		".global km_builtin_" #name "\n"                                                   \
		".global km_builtin_" #name "_end\n"                                               \
		"km_builtin_" #name ":\n"                                                          \
		".incbin \"" file "\"\n"                                                           \
		"km_builtin_" #name "_end:\n"                                                      \
		".popsection\n");                                                                  \
	extern const char km_builtin_##name[] __attribute__((visibility("hidden")));               \
	extern const char km_builtin_##name##_end[] __attribute__((visibility("hidden")))

HOLD(brands, KM_BRANDS_FILE);
HOLD(phrases, KM_PHRASES_FILE);

km_sv km_brands_builtin(void)
{
	return (km_sv){ km_builtin_brands, (size_t)(km_builtin_brands_end - km_builtin_brands) };
}

km_sv km_phrases_builtin(void)
{
	return (km_sv){ km_builtin_phrases, (size_t)(km_builtin_phrases_end - km_builtin_phrases) };
}
