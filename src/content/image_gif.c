/* GIF: giflib finds and unpacks the lines; what they show is put on white paper here. */
#include <gif_lib.h>

#include "content/image_kinds.h"

static int take(GifFileType *gif, GifByteType *to, int n)
{
	km_sv *rest = gif->UserData;
	size_t got = n < 0 ? 0 : (size_t)n < rest->n ? (size_t)n : rest->n;

	if (got)
		memcpy(to, rest->p, got);
	*rest = km_sv_from(*rest, got);
	return (int)got;
}

/* Shades of the colours of the picture that comes next; what is transparent shows the paper. */
static void read_palette(const GifFileType *gif, int transparent, uint8_t shade[256])
{
	const ColorMapObject *map = gif->Image.ColorMap ? gif->Image.ColorMap : gif->SColorMap;

	memset(shade, 255, 256);
	for (int i = 0; map && i < map->ColorCount && i < 256; i++)
		if (i != transparent)
			shade[i] = km_image_grey(map->Colors[i].Red, map->Colors[i].Green,
						 map->Colors[i].Blue);
}

/* The lines in the order in which they come: all, or every eighth, fourth, second. */
static km_status read_lines(GifFileType *gif, int transparent, km_image *out)
{
	static const unsigned first[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
	const unsigned width = out->width;
	uint8_t shade[256];

	read_palette(gif, transparent, shade);
	memset(out->grey, 255, (size_t)out->width * out->height);
	for (size_t pass = 0; pass < (gif->Image.Interlace ? KM_COUNT(first) : 1); pass++) {
		unsigned by = gif->Image.Interlace ? step[pass] : 1;
		for (unsigned y = first[pass]; y < out->height; y += by) {
			uint8_t *row = out->grey + (size_t)y * width;
			if (DGifGetLine(gif, row, (int)width) != GIF_OK) {
				memset(row, 255, width);
				return y || pass ? KM_OK : KM_SYNTAX;
			}
			for (unsigned x = 0; x < width; x++)
				row[x] = shade[row[x]];
		}
	}
	return KM_OK;
}

/* Goes to the first picture; *transparent is a colour that is none, or -1. */
static km_status find_picture(GifFileType *gif, int *transparent)
{
	GifRecordType type;
	GifByteType *block;
	GraphicsControlBlock control;
	int code;

	*transparent = NO_TRANSPARENT_COLOR;
	while (DGifGetRecordType(gif, &type) == GIF_OK && type != TERMINATE_RECORD_TYPE) {
		if (type == IMAGE_DESC_RECORD_TYPE)
			return DGifGetImageHeader(gif) == GIF_OK ? KM_OK : KM_SYNTAX;
		if (type != EXTENSION_RECORD_TYPE || DGifGetExtension(gif, &code, &block) != GIF_OK)
			return KM_SYNTAX;
		if (block && code == GRAPHICS_EXT_FUNC_CODE &&
		    DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
			*transparent = control.TransparentColor;
		while (block)
			if (DGifGetExtensionNext(gif, &block) != GIF_OK)
				return KM_SYNTAX;
	}
	return KM_SYNTAX;
}

km_status km_image_gif(km_arena *a, km_sv bytes, km_image *out)
{
	km_sv rest = bytes;
	int transparent, why;
	GifFileType *gif = DGifOpen(&rest, take, &why);

	if (gif == NULL)
		return KM_SYNTAX;
	km_status st = find_picture(gif, &transparent);
	if (st == KM_OK && (gif->Image.Width <= 0 || gif->Image.Height <= 0))
		st = KM_SYNTAX;
	if (st == KM_OK)
		st = km_image_room(a, (uint64_t)gif->Image.Width, (uint64_t)gif->Image.Height, out);
	if (st == KM_OK)
		st = read_lines(gif, transparent, out);
	(void)DGifCloseFile(gif, &why);
	return st;
}
