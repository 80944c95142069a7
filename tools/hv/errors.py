# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Kinds of failure: the user's or the machine's, told in one line, and a guest's."""


class UserError(Exception):
    """What the user asked for cannot be done; str() is the one line that says why."""


class PackageError(UserError):
    """A package is missing and cannot be had. tools/need has told the user why."""


class GuestFailure(AssertionError):
    """A guest did not do what was awaited; str() says what was, and what was there instead."""
