/*
 * content/qr_finder.h - whether a picture can hold a QR code at all: a cheap look for the three
 * squares in its corners, before a whole reader of codes is let loose on the picture.
 */
#ifndef KM_CONTENT_QR_FINDER_H
#define KM_CONTENT_QR_FINDER_H

#include "content/image.h"

/*
 * False when there are not three places where dark and light follow each other as in the corners of
 * a QR code (ISO/IEC 18004 section 6.3.3: 1, 1, 3, 1, 1 modules), in both directions, dark on light
 * or light on dark. Linear in the pixels.
 */
bool km_qr_likely(const km_image *image);

#endif
