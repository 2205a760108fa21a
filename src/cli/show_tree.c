#include "cli/show.h"

km_part *km_show_part(const km_mail *m, km_sv path)
{
	for (size_t i = 0; i < m->n_parts; i++)
		if (km_sv_ieq(m->parts[i].path, path))
			return &m->parts[i];
	return NULL;
}

const char *km_show_link_kind(km_link_kind k)
{
	static const char *const names[] = {
		[KM_LINK_ANCHOR] = "anchor", [KM_LINK_FORM] = "form",
		[KM_LINK_IMAGE] = "image",   [KM_LINK_FRAME] = "frame",
		[KM_LINK_SCRIPT] = "script", [KM_LINK_REFRESH] = "refresh",
		[KM_LINK_BASE] = "base",     [KM_LINK_OTHER] = "other",
	};

	return (unsigned)k < KM_COUNT(names) ? names[k] : "other";
}

/* Puts @i behind *last in the row that begins at *first. */
static void append(km_show_link *links, int *first, int *last, int i)
{
	if (*last == KM_NO_PART)
		*first = i;
	else
		links[*last].next = i;
	*last = i;
}

const km_show_link *km_show_tree(km_arena *a, const km_mail *m, int *root)
{
	const int n = (int)m->n_parts;
	km_show_link *links = KM_NEW_ARRAY(a, km_show_link, m->n_parts);
	int *last = KM_NEW_ARRAY(a, int, m->n_parts + 1); /* of each row; [n] is the top one */

	*root = KM_NO_PART;
	if (links == NULL || last == NULL)
		return NULL;
	for (int i = 0; i < n; i++)
		links[i] = (km_show_link){ KM_NO_PART, KM_NO_PART, m->parts[i].parent };
	for (int i = 0; i <= n; i++)
		last[i] = KM_NO_PART;
	/* Readings stand behind their first reading in the array, so a second pass puts them in. */
	for (int i = 0; i < n; i++) {
		int parent = m->parts[i].parent;
		if (m->parts[i].reading_of == KM_NO_PART)
			append(links, parent < 0 ? root : &links[parent].first,
			       &last[parent < 0 ? n : parent], i);
	}
	for (int i = n - 1; i >= 0; i--) {
		int of = m->parts[i].reading_of;
		if (of == KM_NO_PART)
			continue;
		links[i].next = links[of].next;
		links[of].next = i;
	}
	return links;
}

int km_show_next(const km_show_link *links, int i)
{
	if (links[i].first != KM_NO_PART)
		return links[i].first;
	while (i != KM_NO_PART && links[i].next == KM_NO_PART)
		i = links[i].parent;
	return i == KM_NO_PART ? i : links[i].next;
}
