/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fuzz targets' kept inputs, without libFuzzer: replay TARGET tests/fuzz/corpus/TARGET.hex
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int main(int argc, char **argv)
{
	static char line[1 << 17];
	char *name[] = {argc == 3 ? argv[1] : NULL, NULL}, **names = name;
	FILE *f = argc == 3 ? fopen(argv[2], "r") : NULL;
	unsigned char *data;
	unsigned int byte;
	int one = 1;
	size_t n;

	if (!f) {
		fprintf(stderr, "usage: replay TARGET FILE\n");
		return 2;
	}
	LLVMFuzzerInitialize(&one, &names);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		data = malloc(strlen(line) / 2 + 1);
		for (n = 0; data && sscanf(line + 2 * n, "%2x", &byte) == 1; n++)
			data[n] = (unsigned char)byte;
		if (data)
			LLVMFuzzerTestOneInput(data, n);
		free(data);
	}
	fclose(f);
	return 0;
}
