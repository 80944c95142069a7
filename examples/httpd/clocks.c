/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#include "clocks.h"

#include <pv/bare.h>
#include <pv/config.h>

#define ROUNDS	   64
#define GOOD_NS	   1000 /* no more rounds after one that says so much */
#define NOT_YET_NS 10000000ull
#define TIMEOUT_NS 2000000000ull /* a loaded host may take a CPU away for long */

/* Asked: the CPU, and the round. */
static volatile uint32_t asked_cpu, asked_round, answered_round;
static volatile uint64_t answer;
static volatile bool done;

static struct {
	int64_t ns;
	uint64_t error;
	bool known;
} offset[PV_CONFIG_MAX_CPUS];

void clocks_answer(void)
{
	uint32_t me = pv_os_cpu(), round;

	while (!done) {
		if (asked_cpu != me) {
			pv_bare_idle(
				NOT_YET_NS); /* those that wait are not in the way of the others */
			continue;
		}
		round = asked_round;
		if (answered_round == round) {
			__builtin_ia32_pause();
			continue;
		}
		answer = pv_os_uptime_ns();
		answered_round = round;
	}
}

/* Of several rounds, that which took the least time says most. */
static void compare(unsigned int cpu)
{
	uint64_t begin = pv_os_uptime_ns(), sent, back = begin, error;
	static uint32_t round;
	unsigned int i;

	asked_cpu = cpu;
	pv_bare_wake(cpu);
	for (i = 0; i < ROUNDS && (!offset[cpu].known || offset[cpu].error > GOOD_NS); i++) {
		sent = pv_os_uptime_ns();
		asked_round = ++round;
		while (answered_round != round && back - begin < TIMEOUT_NS)
			back = pv_os_uptime_ns();
		if (answered_round != round)
			return;
		back = pv_os_uptime_ns();
		error = (back - sent + 1) / 2;
		if (offset[cpu].known && error >= offset[cpu].error)
			continue;
		offset[cpu].ns = (int64_t)(answer - sent) - (int64_t)error;
		offset[cpu].error = error;
		offset[cpu].known = true;
	}
}

void clocks_compare(unsigned int cpus)
{
	unsigned int cpu;

	offset[0].known = true;
	for (cpu = 1; cpu < cpus; cpu++)
		compare(cpu);
	done = true;
}

bool clocks_offset(unsigned int cpu, int64_t *ns, uint64_t *error)
{
	if (cpu >= PV_CONFIG_MAX_CPUS || !offset[cpu].known)
		return false;
	*ns = offset[cpu].ns;
	*error = offset[cpu].error;
	return true;
}
