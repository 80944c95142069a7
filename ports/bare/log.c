/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The library's log lines, on the console: "pv: ...", down to the level that the command line says,
 * pv.log=error|warn|info|debug.
 */
#include "ports/bare/bare.h"

static const char *const names[] = {"error", "warn", "info", "debug"};
static const char *const prefix[] = {"pv: error: ", "pv: warning: ", "pv: ", "pv: debug: "};
static enum pv_log_level most = PV_LOG_INFO;

void pv_bare_log_level(const char *cmdline)
{
	char word[8];
	unsigned int i;

	if (pv_cmdline_get(cmdline, "pv.log", word, sizeof(word)) < 0)
		return;
	for (i = 0; i < PV_ARRAY_SIZE(names); i++)
		if (!pv_strcmp(word, names[i]))
			most = (enum pv_log_level)i;
}

void pv_os_log(enum pv_log_level level, const char *line)
{
	/* In one piece, which no other CPU's gets in between of. */
	if (level <= most)
		pv_bare_printf("%s%s\n", prefix[level], line);
}
