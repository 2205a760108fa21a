/*
 * Any bytes as the file of poison messages. Property: what was read from it, written, is read as
 * the same again.
 */
#include <stdlib.h>
#include <unistd.h>

#include "daemon/poison.h"

static void take(km_shared **s, km_sv text)
{
	int fd;

	if (km_shared_create(s, &fd, NULL) != KM_OK)
		abort();
	(void)close(fd);
	km_poison_read(*s, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_shared *first, *second;
	km_buf a, b;

	km_buf_init(&a, NULL, 1 << 20);
	km_buf_init(&b, NULL, 1 << 20);
	km_buf_add(&b, KM_S("komainu " KM_VERSION "\n"));
	km_buf_add(&b, (km_sv){ (const char *)data, size });
	take(&first, km_buf_sv(&b));
	km_poison_write(&a, first);
	take(&second, km_buf_sv(&a));
	b.n = 0;
	km_poison_write(&b, second);
	if (a.cut || !km_sv_eq(km_buf_sv(&a), km_buf_sv(&b)))
		abort();
	km_shared_unmap(first);
	km_shared_unmap(second);
	km_buf_finish(&a);
	km_buf_finish(&b);
	return 0;
}
