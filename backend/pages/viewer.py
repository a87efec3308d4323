"""Who looks at a page."""

from __future__ import annotations

from typing import NamedTuple


class Viewer(NamedTuple):
    """What whoever came in may do, and the name they signed with last, "" where they have not.

    Where no tokens are set nobody logs in, and all may rule on verdicts; so may all who log in where no token
    is a manager's.
    """

    logged_in: bool = False
    may_rule: bool = True
    name: str = ""


NOBODY = Viewer()
"""Somebody in a house without tokens, who has signed nothing so far."""
