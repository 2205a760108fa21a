#include "store/key.h"

typedef struct {
	uint64_t v[4];
} sip;

static uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(sip *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static void take(sip *s, uint64_t m)
{
	s->v[3] ^= m;
	sip_round(s);
	s->v[0] ^= m;
}

static sip begin(const km_seed *seed)
{
	return (sip){ { seed->k[0] ^ 0x736f6d6570736575u, seed->k[1] ^ 0x646f72616e646f6du,
			seed->k[0] ^ 0x6c7967656e657261u, seed->k[1] ^ 0x7465646279746573u } };
}

static uint64_t finish(sip *s, km_sv v)
{
	uint64_t m, last = (uint64_t)v.n << 56;

	for (; v.n >= 8; v = km_sv_from(v, 8)) {
		memcpy(&m, v.p, 8);
		take(s, m);
	}
	for (size_t i = 0; i < v.n; i++)
		last |= (uint64_t)(unsigned char)v.p[i] << 8 * i;
	take(s, last);
	s->v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(s);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

uint64_t km_key_hash(const km_seed *seed, km_sv v)
{
	sip s = begin(seed);

	return finish(&s, v);
}

uint64_t km_key_of(const km_seed *seed, char kind, uint64_t owner, km_sv item)
{
	sip s = begin(seed);

	take(&s, (uint64_t)(unsigned char)kind);
	take(&s, owner);
	return finish(&s, item);
}

uint64_t km_key_mix(uint64_t a, uint64_t b)
{
	uint64_t x = a ^ (b + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}
