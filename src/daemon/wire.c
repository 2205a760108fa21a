#include "daemon/wire.h"

#include "net/frame.h"

/* The record's members in the order in which they are sent: one table for both directions. */
#define TEXT(member)                                                                               \
	{                                                                                          \
		offsetof(km_record, member), false                                                 \
	}
#define NUMBER(member)                                                                             \
	{                                                                                          \
		offsetof(km_record, member), true                                                  \
	}

static const struct {
	size_t at;
	bool number; /* 8 bytes; else a km_sv */
} members[] = {
	TEXT(id),     NUMBER(t_ms),	   TEXT(via),	     TEXT(queue_id), TEXT(client),
	TEXT(helo),   TEXT(user),	   TEXT(mail_from),  TEXT(rcpts),    NUMBER(n_rcpts),
	TEXT(from),   TEXT(subject),	   TEXT(message_id), TEXT(digest),   NUMBER(size),
	TEXT(action), TEXT(class),	   TEXT(category),   NUMBER(score),  NUMBER(probability),
	TEXT(facts),  NUMBER(duration_us),
};

void km_wire_put_record(km_buf *out, uint64_t seq, const km_record *r, bool waited)
{
	size_t begun = km_frame_begin(out, waited ? KM_WIRE_WAITED : KM_WIRE_RECORD);

	km_frame_put_u64(out, seq);
	for (size_t i = 0; i < KM_COUNT(members); i++) {
		const char *p = (const char *)r + members[i].at;
		if (members[i].number)
			km_frame_put(out, (km_sv){ p, sizeof(uint64_t) });
		else
			km_frame_put(out, *(const km_sv *)(const void *)p);
	}
	km_frame_end(out, begun);
}

bool km_wire_get_record(km_sv body, uint64_t *seq, km_record *r)
{
	km_sv field;

	*r = (km_record){ 0 };
	if (!km_frame_get_u64(&body, seq))
		return false;
	for (size_t i = 0; i < KM_COUNT(members); i++) {
		char *p = (char *)r + members[i].at;
		if (!km_frame_get(&body, &field))
			return false;
		if (!members[i].number)
			memcpy(p, &field, sizeof(field));
		else if (field.n == sizeof(uint64_t))
			memcpy(p, field.p, field.n);
		else
			return false;
	}
	return body.n == 0;
}

void km_wire_put_ack(km_buf *out, uint64_t seq)
{
	size_t begun = km_frame_begin(out, KM_WIRE_ACK);

	km_frame_put_u64(out, seq);
	km_frame_end(out, begun);
}

bool km_wire_get_ack(km_sv body, uint64_t *seq)
{
	return km_frame_get_u64(&body, seq) && body.n == 0;
}
