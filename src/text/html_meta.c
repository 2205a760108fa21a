#include "text/html_meta.h"

km_sv km_html_refresh_target(km_sv v)
{
	size_t i = 0;

	while (i < v.n && (km_is_wsp((unsigned char)v.p[i]) || km_is_digit((unsigned char)v.p[i]) ||
			   v.p[i] == '.'))
		i++;
	while (i < v.n && (km_is_wsp((unsigned char)v.p[i]) || v.p[i] == ';' || v.p[i] == ','))
		i++;
	v = km_sv_from(v, i);
	if (km_sv_istarts(v, KM_S("url"))) {
		km_sv rest = km_sv_trim(km_sv_from(v, 3));
		if (rest.n && rest.p[0] == '=')
			v = km_sv_trim(km_sv_from(rest, 1));
	}
	if (v.n && (v.p[0] == '"' || v.p[0] == '\'')) {
		char quote = v.p[0];
		v = km_sv_from(v, 1);
		v = km_sv_sub(v, 0, km_sv_chr(v, quote, 0));
	}
	return v;
}

km_sv km_html_content_charset(km_sv content)
{
	km_sv v = km_sv_trim(content);

	for (size_t at = 0; (at = km_sv_ifind(v, KM_S("charset"), at)) < v.n; at += 7) {
		km_sv rest = km_sv_trim(km_sv_from(v, at + 7));
		if (rest.n == 0 || rest.p[0] != '=')
			continue;
		rest = km_sv_trim(km_sv_from(rest, 1));
		if (rest.n && (rest.p[0] == '"' || rest.p[0] == '\'')) {
			size_t end = km_sv_chr(rest, rest.p[0], 1);
			return end < rest.n ? km_sv_trim(km_sv_sub(rest, 1, end - 1))
					    : (km_sv){ NULL, 0 };
		}
		size_t end = 0;
		while (end < rest.n && !km_is_wsp((unsigned char)rest.p[end]) && rest.p[end] != ';')
			end++;
		return km_sv_sub(rest, 0, end);
	}
	return (km_sv){ NULL, 0 };
}
