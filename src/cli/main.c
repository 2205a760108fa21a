#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "daemon/role.h"

int main(int argc, char **argv)
{
	/* `komainu serve` starts its roles this way; people have no use for it. */
	if (argc == 5 && strcmp(argv[1], "role") == 0)
		return km_role_main(argv[2], (unsigned)strtoul(argv[3], NULL, 10), argv[4]);
	return km_cli_main(argc, argv, stdout, stderr);
}
