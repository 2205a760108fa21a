#include "cli/command.h"

int main(int argc, char **argv)
{
	return km_cli_main(argc, argv, stdout, stderr);
}
