"""What a sentence is about and where it says it holds: features, plans and editions."""

from __future__ import annotations

import re
from typing import Literal

PLANS = ("Hobby", "Starter", "Team", "Pro", "Enterprise")
"""From the smallest to the largest."""

_FEATURES: tuple[tuple[str, str], ...] = (
    ("single sign-on", r"sso|single sign[- ]?on|saml|oidc|okta|entra"),
    ("user provisioning", r"scim|directory sync|provision(?:ing|s) (?:of )?users"),
    ("roles", r"roles?|rbac|role[- ]based|viewer"),
    ("custom roles", r"custom roles?"),
    ("access lists", r"acls?|access (?:control )?lists?"),
    ("audit logs", r"audit (?:logs?|trail)"),
    ("IP allowlisting", r"ip allow\w*|allow ?list\w*|whitelist\w*|(?:office|your) ips|ip address(?:es)?"),
    ("PrivateLink", r"private ?link"),
    ("service accounts", r"service accounts?|machine users?"),
    ("automations", r"automations?|reactive part|event[- ]driven|events (?:and|stuff)"),
    ("webhooks", r"webhooks?"),
    ("retention", r"retention|retain\w*|history|kept|keeps? (?:\w+ )?(?:for )?\w+ days"),
    ("API rate limits", r"(?:api )?requests?|rate limits?|api calls?"),
    ("log rate limits", r"logs? (?:lines |and |plus )*(?:events?)?|rate limits?"),
    ("run quotas", r"task runs?|flow runs?|per run|runs? a month"),
    ("workspaces", r"work ?spaces?"),
    ("seats", r"seats?|users?"),
    ("deployment limits", r"deployments?"),
    ("push pools", r"push (?:work )?pools?|push"),
    ("managed execution", r"prefect managed|managed (?:pools?|execution|runs?|compute)|serverless"),
    ("lineage", r"lineage|asset graph|assets?"),
    ("service level monitoring", r"slas?|service level"),
    ("heartbeats", r"heart ?beats?"),
    ("caching", r"cach(?:e[sd]?|ing)"),
    ("hooks", r"hooks?"),
    ("the MCP server", r"mcp"),
    ("Horizon", r"horizon"),
    ("Terraform and Pulumi", r"terraform|pulumi"),
    ("versions of Python", r"python 3|python three|three (?:nine|ten|eleven|twelve|thirteen)|3\.\d+"),
    ("backfills", r"backfills?"),
    ("agents", r"agents?"),
    ("transfer", r"transfer|copies|brings? .{0,40} over"),
    ("timeouts", r"time ?outs?"),
    ("concurrency limits", r"concurrency|limit of one"),
    ("integrations", r"integrations?|connectors?|providers?"),
    ("uptime", r"uptime|nines|99\.\d+"),
    ("telemetry", r"telemetry"),
    ("log summaries", r"summar\w+"),
)
COUNTED = frozenset(("seats", "run quotas", "workspaces", "deployment limits", "integrations"))
"""These are named in every other sentence: only a number makes them what a sentence is about."""
_FEATURE = tuple((name, re.compile(rf"\b(?:{words})\b")) for name, words in _FEATURES)

_EVERY_PLAN = re.compile(
    r"\b(?:every|all|any)(?: of)?(?: (?:the|our|prefect))*(?: cloud)? (?:plans?|tiers?)\b", re.IGNORECASE
)
_PAID_PLANS = re.compile(
    r"\b(?:every|all|any)(?: of)?(?: the| our)? paid (?:plans?|tiers?|ones?)\b", re.IGNORECASE
)
_FREE_PLAN = re.compile(r"\b(?:free (?:cloud )?(?:plan|tier|one|version)|hobby)\b", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(Starter|Pro|Enterprise)\b|\b(Team)(?=['’]s\b| (?:plan|tier|and up|is)\b)|\b(?<=on )(Team)\b"
    r"|\b(?<=in )(Team)\b"
    r"|\b(?i:(starter|team|pro|enterprise) (?:plan|tier))"
)
_AND_UP = re.compile(r"\b(?:and (?:up|above|higher)|upwards?|or (?:higher|above))\b", re.IGNORECASE)
_OPEN_SOURCE = re.compile(r"\b(?:open[- ]source|oss|self[- ]host\w*)\b", re.IGNORECASE)
_WRITTEN = re.compile(rf"\b({'|'.join(PLANS)})\b")
_CLOUD_ONLY = re.compile(
    r"cloud[- ]only|only (?:in|on|for|with) (?:prefect )?cloud|cloud feature only|(?:is|are"
    r"|that['’]?s) (?:prefect )?cloud(?=[.,;]|$)"
    r"|(?:in|on) (?:the )?open[- ]source,? (?:you )?(?:don['’]?t|can['’]?t|cannot)"
    r"|(?:don['’]?t|doesn['’]?t|not|isn['’]?t|aren['’]?t|cannot"
    r"|can['’]?t)\b[\w\s'’]{0,30}\b(?:open[- ]source|oss|self[- ]host\w*)",
    re.IGNORECASE,
)

Holds = Literal["cloud only", "open source", "anywhere"]


def features(text: str) -> frozenset[str]:
    """The features a sentence names."""
    lower = text.lower()
    return frozenset(name for name, words in _FEATURE if words.search(lower))


def leading_feature(text: str) -> str | None:
    """The feature a sentence names first: what it is about, where it names several ("workspace roles")."""
    lower = text.lower()
    found = [
        (match.start(), name)
        for name, words in _FEATURE
        if name not in COUNTED and (match := words.search(lower))
    ]
    return min(found)[1] if found else None


def written_plans(text: str) -> frozenset[str]:
    """The plans that the pack's own words name; there, a capital letter is a plan's."""
    return frozenset(_WRITTEN.findall(text)) | plans(text)


def plans(text: str) -> frozenset[str]:
    """The plans a spoken sentence names; "Pro and up" is Pro and what is above it."""
    if _PAID_PLANS.search(text):
        return frozenset(PLANS[1:])
    if _EVERY_PLAN.search(text):
        return frozenset(PLANS)
    named = {next(filter(None, found)).capitalize() for found in _NAMED.findall(text)}
    if _FREE_PLAN.search(text):
        named.add("Hobby")
    if named and _AND_UP.search(text):
        named.update(PLANS[min(map(PLANS.index, named)) :])
    return frozenset(named)


def edition(text: str) -> Holds:
    """Where a sentence says that it holds."""
    if _CLOUD_ONLY.search(text):
        return "cloud only"
    return "open source" if _OPEN_SOURCE.search(text) else "anywhere"
