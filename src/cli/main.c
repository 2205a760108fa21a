#include "cli/command.h"
#include "daemon/role.h"

int main(int argc, char **argv)
{
	km_sv name;
	unsigned slot;

	/* `komainu serve` starts its roles this way; people have no use for it. */
	if (argc == 1 && km_role_title_parse(argv[0], &name, &slot))
		return km_role_main(name, slot);
	return km_cli_main(argc, argv, stdout, stderr);
}
