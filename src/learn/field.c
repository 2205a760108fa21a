#include "learn/field.h"

static const km_sv names[KM_FIELD_COUNT] = {
#define X(id, name) KM_SV(name),
	KM_FIELDS(X)
#undef X
};

km_sv km_field_name(km_field f)
{
	return names[f];
}

const uint64_t *km_field_hashes(void)
{
	static _Thread_local uint64_t hash[KM_FIELD_COUNT];

	for (size_t i = 0; hash[KM_FIELD_COUNT - 1] == 0 && i < KM_FIELD_COUNT; i++)
		hash[i] = km_sv_hash(names[i]);
	return hash;
}
