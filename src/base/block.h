/*
 * base/block.h - sixteen bytes at a time, for loops that look at every byte of a text: compare the
 * block with a byte and each of its bytes becomes 0xff where they are the same, else 0.
 */
#ifndef KM_BASE_BLOCK_H
#define KM_BASE_BLOCK_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t km_block __attribute__((vector_size(16)));

enum { KM_BLOCK = sizeof(km_block) };

static inline km_block km_block_load(const void *p)
{
	km_block b;

	memcpy(&b, p, sizeof(b));
	return b;
}

static inline void km_block_store(void *p, km_block b)
{
	memcpy(p, &b, sizeof(b));
}

/* The place of the first byte that is set in a mask as comparing makes them; KM_BLOCK: none is. */
static inline size_t km_block_first(km_block mask)
{
	uint64_t half[2];

	memcpy(half, &mask, sizeof(half));
	if (half[0])
		return (size_t)__builtin_ctzll(le64toh(half[0])) / 8;
	return half[1] ? 8 + (size_t)__builtin_ctzll(le64toh(half[1])) / 8 : (size_t)KM_BLOCK;
}

/* A bit for each byte of a mask as comparing makes them, that of the first byte lowest. */
static inline uint32_t km_block_bits(km_block mask)
{
#ifdef __SSE2__
	typedef char bytes __attribute__((vector_size(16)));

	return (uint32_t)__builtin_ia32_pmovmskb128((bytes)mask);
#else
	uint64_t half[2];
	uint32_t bits = 0;

	memcpy(half, &mask, sizeof(half));
	for (unsigned i = 0; i < 2; i++)
		bits |= (uint32_t)((le64toh(half[i]) & 0x8040201008040201u) * 0x0101010101010101u >>
				   56)
			<< 8 * i;
	return bits;
#endif
}

#endif
