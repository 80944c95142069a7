# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""Two kinds of failure: the user's or the machine's, told in one line, and a guest's."""


class UserError(Exception):
    """What the user asked for cannot be done; str() is the one line that says why."""


class GuestFailure(AssertionError):
    """A guest did not do what was awaited; str() says what was, and what was there instead."""
