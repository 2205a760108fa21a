/*
 * front/milter/proto.h - the milter wire format, version 6, without I/O.
 * A packet is a 32-bit length in network order, a command byte and data (the length counts both).
 * Source: the protocol as Sendmail 8.14's libmilter and Postfix 3.x speak it.
 */
#ifndef KM_FRONT_MILTER_PROTO_H
#define KM_FRONT_MILTER_PROTO_H

#include "base/buf.h"
#include "base/err.h"

enum { KM_MILTER_VERSION = 6, KM_MILTER_MAX_PACKET = 1024 * 1024 };

/* MTA to filter. */
typedef enum {
	KM_SMFIC_ABORT = 'A',
	KM_SMFIC_BODY = 'B',
	KM_SMFIC_CONNECT = 'C',
	KM_SMFIC_MACRO = 'D',
	KM_SMFIC_BODYEOB = 'E',
	KM_SMFIC_HELO = 'H',
	KM_SMFIC_QUIT_NC = 'K',
	KM_SMFIC_HEADER = 'L',
	KM_SMFIC_MAIL = 'M',
	KM_SMFIC_EOH = 'N',
	KM_SMFIC_OPTNEG = 'O',
	KM_SMFIC_QUIT = 'Q',
	KM_SMFIC_RCPT = 'R',
	KM_SMFIC_DATA = 'T',
	KM_SMFIC_UNKNOWN = 'U'
} km_smfic;

/* Filter to MTA. */
typedef enum {
	KM_SMFIR_ACCEPT = 'a',
	KM_SMFIR_CONTINUE = 'c',
	KM_SMFIR_DISCARD = 'd',
	KM_SMFIR_ADDHEADER = 'h',
	KM_SMFIR_INSHEADER = 'i',
	KM_SMFIR_CHGHEADER = 'm',
	KM_SMFIR_PROGRESS = 'p',
	KM_SMFIR_QUARANTINE = 'q',
	KM_SMFIR_REJECT = 'r',
	KM_SMFIR_SKIP = 's',
	KM_SMFIR_TEMPFAIL = 't',
	KM_SMFIR_REPLYCODE = 'y'
} km_smfir;

/* What the filter may do (SMFIF_*). */
enum {
	KM_SMFIF_ADDHDRS = 0x01,
	KM_SMFIF_CHGBODY = 0x02,
	KM_SMFIF_ADDRCPT = 0x04,
	KM_SMFIF_DELRCPT = 0x08,
	KM_SMFIF_CHGHDRS = 0x10,
	KM_SMFIF_QUARANTINE = 0x20
};

/* Steps left out, and steps without reply (SMFIP_*). */
enum {
	KM_SMFIP_NOCONNECT = 0x01,
	KM_SMFIP_NOHELO = 0x02,
	KM_SMFIP_NOMAIL = 0x04,
	KM_SMFIP_NORCPT = 0x08,
	KM_SMFIP_NOBODY = 0x10,
	KM_SMFIP_NOHDRS = 0x20,
	KM_SMFIP_NOEOH = 0x40,
	KM_SMFIP_NR_HDR = 0x80,
	KM_SMFIP_NOUNKNOWN = 0x100,
	KM_SMFIP_NODATA = 0x200,
	KM_SMFIP_SKIP = 0x400,
	KM_SMFIP_RCPT_REJ = 0x800,
	KM_SMFIP_NR_CONN = 0x1000,
	KM_SMFIP_NR_HELO = 0x2000,
	KM_SMFIP_NR_MAIL = 0x4000,
	KM_SMFIP_NR_RCPT = 0x8000,
	KM_SMFIP_NR_DATA = 0x10000,
	KM_SMFIP_NR_UNKN = 0x20000,
	KM_SMFIP_NR_EOH = 0x40000,
	KM_SMFIP_NR_BODY = 0x80000,
	KM_SMFIP_HDR_LEADSPC = 0x100000
};

typedef struct {
	char cmd;   /* km_smfic or km_smfir */
	km_sv data; /* points into the input */
} km_milter_packet;

/*
 * Takes the first packet off @in. KM_NOTFOUND while it is not whole, KM_SYNTAX for length 0,
 * KM_LIMIT for one over KM_MILTER_MAX_PACKET.
 */
KM_NODISCARD km_status km_milter_packet_next(km_sv *in, km_milter_packet *out);

/* Takes a NUL-terminated string off @data; false when there is no NUL. */
bool km_milter_string(km_sv *data, km_sv *out);

typedef struct {
	uint32_t version, actions, steps;
} km_milter_options;

KM_NODISCARD km_status km_milter_options_parse(km_sv data, km_milter_options *out);

typedef struct {
	km_sv host;  /* name, or "[1.2.3.4]" where there is none */
	char family; /* '4', '6', 'L' (local socket) or 'U' (unknown) */
	uint16_t port;
	km_sv address; /* text; path for 'L'; empty for 'U' */
} km_milter_connect;

KM_NODISCARD km_status km_milter_connect_parse(km_sv data, km_milter_connect *out);

/* Packets to the MTA are appended to @out. Strings with NUL are cut there. */
void km_milter_put(km_buf *out, char cmd, km_sv data);
void km_milter_put_options(km_buf *out, const km_milter_options *o);
void km_milter_put_header(km_buf *out, km_sv name, km_sv value);
/* @space: the MTA puts no space before the value itself (KM_SMFIP_HDR_LEADSPC was agreed). */
void km_milter_put_insert(km_buf *out, uint32_t index, km_sv name, bool space, km_sv value);
/* Changes the @index'th (from 1) header called @name; an empty value deletes it. */
void km_milter_put_change(km_buf *out, uint32_t index, km_sv name, km_sv value);
void km_milter_put_quarantine(km_buf *out, km_sv reason);
/*
 * @code 400-599, @status like "5.7.1", @text any bytes: made printable ASCII in one line, since the
 * line ends of a reply become "??" in Postfix's log; over two lines when it is too long, and cut
 * after that. '%' is left out since MTAs treat it as a format.
 */
void km_milter_put_reply(km_buf *out, unsigned code, km_sv status, km_sv text);

#endif
