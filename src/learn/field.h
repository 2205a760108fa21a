/*
 * learn/field.h - the fields that features are told apart by: a word means another thing in the
 * subject, in the body and in a link.
 */
#ifndef KM_LEARN_FIELD_H
#define KM_LEARN_FIELD_H

#include "base/sv.h"

/* X(id, name). The last ones are header fields whose words say something of the program that made
 * the message. */
#define KM_FIELDS(X)                                                                               \
	X(SUBJECT, "subject")                                                                      \
	X(FROM_NAME, "from-name")                                                                  \
	X(FROM, "from")                                                                            \
	X(REPLY_TO, "reply-to")                                                                    \
	X(TO, "to")                                                                                \
	X(HOP_RDNS, "hop-rdns")                                                                    \
	X(HOP_HELO, "hop-helo")                                                                    \
	X(HOP_WITH, "hop-with")                                                                    \
	X(HOP_IP, "hop-ip")                                                                        \
	X(HOP_NET, "hop-net")                                                                      \
	X(PART_TYPE, "part-type")                                                                  \
	X(PART_CHARSET, "part-charset")                                                            \
	X(PART_CTE, "part-cte")                                                                    \
	X(PART_SHAPE, "part-shape")                                                                \
	X(PART_COUNT, "part-count")                                                                \
	X(PART_EXT, "part-ext")                                                                    \
	X(HAS, "has")                                                                              \
	X(ZONE, "zone")                                                                            \
	X(CONTENT_TYPE, "Content-Type")                                                            \
	X(BODY, "body")                                                                            \
	X(LINK_ODD, "link-odd")                                                                    \
	X(LINK_SCHEME, "link-scheme")                                                              \
	X(LINK_HOST, "link-host")                                                                  \
	X(LINK_PATH, "link-path")                                                                  \
	X(X_MAILER, "X-Mailer")                                                                    \
	X(USER_AGENT, "User-Agent")                                                                \
	X(MIME_VERSION, "MIME-Version")                                                            \
	X(LIST_ID, "List-Id")                                                                      \
	X(PRECEDENCE, "Precedence")                                                                \
	X(X_PRIORITY, "X-Priority")                                                                \
	X(IMPORTANCE, "Importance")                                                                \
	X(MESSAGE_ID, "Message-ID")                                                                \
	X(ORGANIZATION, "Organization")

typedef enum {
#define X(id, name) KM_FIELD_##id,
	KM_FIELDS(X)
#undef X
		KM_FIELD_COUNT,
	KM_FIELD_TELLING = KM_FIELD_X_MAILER
} km_field;

/* Static. */
km_sv km_field_name(km_field f);
/* km_sv_hash() of each name; of the thread. */
const uint64_t *km_field_hashes(void);

#endif
