#include "content/qr.h"

#include <zbar.h>

#include "base/limits.h"
#include "content/qr_finder.h"

/*
 * In large pictures every second line is enough to find the corners, which saves most of the time
 * that a picture full of false corners would cost.
 */
static zbar_image_scanner_t *scanner_new(const km_image *image)
{
	enum { LARGE = 512 * 512 };
	int step = (uint64_t)image->width * image->height > LARGE ? 2 : 1;

	zbar_image_scanner_t *s = zbar_image_scanner_create();

	if (s == NULL)
		return NULL;
	/* No bar codes; the bytes as they are; white on black too. */
	(void)zbar_image_scanner_set_config(s, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	(void)zbar_image_scanner_set_config(s, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	(void)zbar_image_scanner_set_config(s, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1);
	(void)zbar_image_scanner_set_config(s, ZBAR_NONE, ZBAR_CFG_TEST_INVERTED, 1);
	(void)zbar_image_scanner_set_config(s, ZBAR_NONE, ZBAR_CFG_X_DENSITY, step);
	(void)zbar_image_scanner_set_config(s, ZBAR_NONE, ZBAR_CFG_Y_DENSITY, step);
	return s;
}

static km_status collect(km_arena *a, const zbar_image_t *z, km_qr_codes *out)
{
	km_sv *text = KM_NEW_ARRAY(a, km_sv, KM_MAX_QR_CODES);

	if (text == NULL)
		return KM_LIMIT;
	out->text = text;
	for (const zbar_symbol_t *s = zbar_image_first_symbol(z); s && out->n < KM_MAX_QR_CODES;
	     s = zbar_symbol_next(s)) {
		km_sv said = { zbar_symbol_get_data(s), zbar_symbol_get_data_length(s) };
		if (zbar_symbol_get_type(s) != ZBAR_QRCODE || said.n == 0)
			continue;
		text[out->n] = km_sv_dup(a, said);
		if (text[out->n].p == NULL)
			return KM_LIMIT;
		out->n++;
	}
	return KM_OK;
}

km_status km_qr_read(km_arena *a, const km_image *image, km_qr_codes *out)
{
	enum { MODULES_LEAST = 21 };
	zbar_image_scanner_t *s;
	zbar_image_t *z;
	km_status st = KM_OK;

	*out = (km_qr_codes){ 0 };
	if (image->width < MODULES_LEAST || image->height < MODULES_LEAST || !km_qr_likely(image))
		return KM_OK;
	s = scanner_new(image);
	z = s ? zbar_image_create() : NULL;
	if (z) {
		zbar_image_set_format(z, zbar_fourcc('Y', '8', '0', '0'));
		zbar_image_set_size(z, image->width, image->height);
		zbar_image_set_data(z, image->grey, (size_t)image->width * image->height, NULL);
		if (zbar_scan_image(s, z) > 0)
			st = collect(a, z, out);
		zbar_image_destroy(z);
	} else {
		st = KM_LIMIT;
	}
	if (s)
		zbar_image_scanner_destroy(s);
	return st;
}
