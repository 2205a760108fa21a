#include "cli/style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool km_style_wanted(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color != NULL && *no_color != '\0')
		return false;
	return isatty(fd) && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

const char *km_style_code(bool on, km_style style)
{
	static const char *const codes[KM_STYLES] = {
		[KM_STYLE_PLAIN] = "\033[0m", [KM_STYLE_BOLD] = "\033[1m",
		[KM_STYLE_DIM] = "\033[2m",   [KM_STYLE_GOOD] = "\033[32m",
		[KM_STYLE_WARN] = "\033[33m", [KM_STYLE_BAD] = "\033[1;31m",
	};

	return on && (unsigned)style < KM_STYLES ? codes[style] : "";
}
