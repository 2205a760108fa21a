#include "base/limits.h"

static const km_limit_info table[KM_LIMIT_COUNT] = {
#define X(name, value, unit, fact, what) [KM_LIMIT_##name] = { #name, value, unit, what },
	KM_LIMITS(X)
#undef X
};

const km_limit_info *km_limit_describe(km_limit which)
{
	return &table[which];
}
