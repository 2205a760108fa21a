#include "content/structure.h"

#include <stdarg.h>
#include <stdio.h>

#include "content/structure_parts.h"

km_fact *km_structure_at_field(const km_structure_job *j, km_fact_id id, km_sv seen,
			       const km_header *h)
{
	size_t length = 0;

	if (h)
		length = (size_t)(h->raw.p + h->raw.n - (j->m->raw.p + h->offset));
	return km_fact_add(j->fs, id, seen, 0, h ? h->offset : 0, length);
}

km_fact *km_structure_at_text(const km_structure_job *j, km_fact_id id, km_sv seen, int part,
			      km_sv where)
{
	const km_part *p = &j->m->parts[part < 0 ? 0 : part];
	uintptr_t begin = (uintptr_t)j->m->raw.p, at = (uintptr_t)where.p;

	if (where.n && at >= begin && at - begin < j->m->raw.n)
		return km_fact_add(j->fs, id, seen, part, at - begin, where.n);
	if (p->body_offset == SIZE_MAX)
		return km_fact_add(j->fs, id, seen, part, 0, 0);
	return km_fact_add(j->fs, id, seen, part, p->body_offset, p->body.n);
}

void km_structure_arg(const km_structure_job *j, km_fact *f, int which, const char *fmt, ...)
{
	char text[KM_MAX_SEEN_BYTES];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		km_fact_arg(j->fs, f, which, km_sv_of(text));
}

km_sv km_structure_duration(const km_structure_job *j, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	while (i + 1 < KM_COUNT(units) && seconds < 2 * units[i].seconds)
		i++;
	return km_sv_fmt(j->a, "%lld %s",
			 (long long)((seconds + units[i].seconds / 2) / units[i].seconds),
			 units[i].unit);
}

void km_structure_limits(km_limit_set set, km_facts *fs)
{
	enum { KM_FACT_LIMIT_NONE = KM_FACT_COUNT };
	static const struct {
		km_fact_id fact;
		const char *name;
	} limits[] = {
#define X(name, value, unit, fact, what) { (km_fact_id)KM_FACT_##fact, #name },
		KM_LIMITS(X)
#undef X
	};
	char seen[KM_MAX_SEEN_BYTES];

	for (unsigned i = 0; i < KM_LIMIT_COUNT; i++) {
		if (!(set & UINT64_C(1) << i) || limits[i].fact == KM_FACT_COUNT)
			continue;
		size_t n = 0;
		for (unsigned k = i; k < KM_LIMIT_COUNT; k++) {
			if (!(set & UINT64_C(1) << k) || limits[k].fact != limits[i].fact)
				continue;
			set &= ~(UINT64_C(1) << k);
			const km_limit_info *info = km_limit_describe((km_limit)k);
			n += (size_t)snprintf(seen + n, sizeof(seen) - n, "%s%s: %llu %s",
					      n ? ", " : "", limits[k].name,
					      (unsigned long long)info->value, info->unit);
			if (n >= sizeof(seen))
				n = sizeof(seen) - 1;
		}
		(void)km_fact_add(fs, limits[i].fact, (km_sv){ seen, n }, KM_NO_PART, 0, 0);
	}
}

void km_structure_facts(km_arena *a, const km_structure *s, km_facts *fs)
{
	km_structure_job j = { s, s->mail, s->views, a, fs };

	km_structure_sender(&j);
	km_structure_recipient(&j);
	km_structure_habits(&j);
	km_structure_header(&j);
	km_structure_time(&j);
	km_structure_mime(&j);
	km_structure_links(&j);
	km_structure_strangers(&j);
	km_structure_disguise(&j);
	km_structure_attachments(&j);
	km_structure_smuggled(&j);
}
