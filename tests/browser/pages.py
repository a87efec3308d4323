"""Every page there is, by what it shows."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from tests.browser.samples import HOSTILE_REP, Sampled

PAGES: dict[str, Callable[[Sampled], str]] = {
    "calls": lambda at: "/",
    "calls-found": lambda at: "/calls?q=worker&verdict=contradicted",
    "calls-not-found": lambda at: "/calls?q=nobodysaidthis",
    "call": lambda at: f"/calls/{at.calls['first-call']}",
    "call-hostile": lambda at: f"/calls/{at.calls['hostile']}",
    "call-empty": lambda at: f"/calls/{at.calls['empty']}",
    "claim": lambda at: f"/calls/{at.calls['first-call']}/claims/{at.claim}",
    "claim-hostile": lambda at: f"/calls/{at.calls['hostile']}/claims/c1",
    "objection": lambda at: f"/calls/{at.calls['first-call']}/objections/{at.objection}",
    "rep": lambda at: f"/reps/{quote(at.rep)}",
    "rep-hostile": lambda at: f"/reps/{quote(HOSTILE_REP)}",
    "team": lambda at: "/team",
    "disputes": lambda at: "/disputes",
    "knowledge": lambda at: "/knowledge?q=workers+poll+the+work+pool",
    "add": lambda at: "/add",
    "login": lambda at: "/login",
    "no-such-call": lambda at: "/calls/none",
}
STATUS = {"no-such-call": 404}
"""What they answer, where that is not 200."""
EMPTY = {"calls": "/", "team": "/team", "disputes": "/disputes", "knowledge": "/knowledge", "add": "/add"}
"""Pages that say what to do where there is no call yet."""
