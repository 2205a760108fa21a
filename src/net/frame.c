#include "net/frame.h"

/* length (of type and body), type */
enum { HEAD = 6 };

km_status km_frame_next(km_sv *in, km_frame *out)
{
	uint32_t len;

	if (in->n < HEAD)
		return KM_NOTFOUND;
	memcpy(&len, in->p, sizeof(len));
	if (len < 2)
		return KM_SYNTAX;
	if (len > KM_FRAME_MAX)
		return KM_LIMIT;
	if (in->n - 4 < len)
		return KM_NOTFOUND;
	memcpy(&out->type, in->p + 4, sizeof(out->type));
	out->body = km_sv_sub(*in, HEAD, len - 2);
	*in = km_sv_from(*in, 4 + (size_t)len);
	return KM_OK;
}

size_t km_frame_begin(km_buf *out, uint16_t type)
{
	static const char zero[4];
	size_t at = out->n;

	km_buf_add(out, (km_sv){ zero, 4 });
	km_buf_add(out, (km_sv){ (const char *)&type, sizeof(type) });
	return at;
}

void km_frame_end(km_buf *out, size_t begun)
{
	if (out->cut || out->n < begun + HEAD) {
		out->n = begun; /* half a frame must never be sent */
		return;
	}
	uint32_t len = (uint32_t)(out->n - begun - 4);
	memcpy(out->p + begun, &len, sizeof(len));
}

void km_frame_put(km_buf *out, km_sv field)
{
	uint32_t n = field.n > KM_FRAME_MAX ? KM_FRAME_MAX : (uint32_t)field.n;

	km_buf_add(out, (km_sv){ (const char *)&n, sizeof(n) });
	km_buf_add(out, (km_sv){ field.p, n });
}

void km_frame_put_u64(km_buf *out, uint64_t x)
{
	km_frame_put(out, (km_sv){ (const char *)&x, sizeof(x) });
}

void km_frame_put_double(km_buf *out, double x)
{
	km_frame_put(out, (km_sv){ (const char *)&x, sizeof(x) });
}

bool km_frame_get(km_sv *body, km_sv *field)
{
	uint32_t n;

	if (body->n < sizeof(n))
		return false;
	memcpy(&n, body->p, sizeof(n));
	if (body->n - sizeof(n) < n)
		return false;
	*field = km_sv_sub(*body, sizeof(n), n);
	*body = km_sv_from(*body, sizeof(n) + (size_t)n);
	return true;
}

bool km_frame_get_u64(km_sv *body, uint64_t *x)
{
	km_sv v;

	if (!km_frame_get(body, &v) || v.n != sizeof(*x))
		return false;
	memcpy(x, v.p, sizeof(*x));
	return true;
}

bool km_frame_get_double(km_sv *body, double *x)
{
	km_sv v;

	if (!km_frame_get(body, &v) || v.n != sizeof(*x))
		return false;
	memcpy(x, v.p, sizeof(*x));
	return true;
}
