/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What main.c runs. */
#ifndef TESTS_EXPLORE_SCENARIOS_H
#define TESTS_EXPLORE_SCENARIOS_H

#include "explore.h"

extern const struct explore_scenario explore_xring;

#endif
