"""What a sentence is about and where it says it holds: features, plans and editions."""

from __future__ import annotations

import re
from typing import Literal

PLANS = ("Hobby", "Starter", "Team", "Pro", "Enterprise")
"""From the smallest to the largest."""

_FEATURES: tuple[tuple[str, str], ...] = (
    ("single sign-on", r"sso|single sign[- ]?on|saml|oidc|okta|entra"),
    ("user provisioning", r"scim|directory sync|provision(?:ing|s) (?:of )?users"),
    ("roles", r"roles|rbac|role[- ]based|viewer"),
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
_NAMES_ANY = re.compile(rf"\b(?:{'|'.join(words for _, words in _FEATURES)})\b")
_FEATURE = tuple((name, re.compile(rf"\b(?:{words})\b")) for name, words in _FEATURES)

_EVERY_PLAN = re.compile(
    r"\b(?:every|all|any)(?: of)?(?: (?:the|our|prefect))*(?: cloud)? (?:plans?|tiers?)\b", re.IGNORECASE
)
_PAID_PLANS = re.compile(
    r"\b(?:every|all|any)(?: of)?(?: the| our)? paid (?:plans?|tiers?|ones?)\b", re.IGNORECASE
)
_FREE_PLAN = re.compile(
    r"\b(?:free (?:cloud )?(?:plan|tier|one|version)(?! of\b)"
    r"|(?<!\ba )(?<!\bmy )(?<!\bhis )(?<!\bher )(?<!\byour )(?<!\btheir )hobby"
    r"(?! (?:projects?|clusters?|groups?|apps?|users?|code|scripts?|stuff|things?)\b))\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(Starter|Pro|Enterprise)\b|\b(Team)(?=['’]s\b| (?:plan|tier|and up|is|has|gets|keeps|gives|includes"
    r"|comes with)\b)|\b(?<=[Oo]n )(Team)\b"
    r"|\b(?<=[Ii]n )(Team)\b|\b(?<=[Ww]ith )(Team)\b(?=[.,;!]|$| (?:and|or|too|already)\b)"
    r"|\b(?i:(starter|team|pro|enterprise) (?:plan|tier))"
)
_AND_UP = re.compile(r"\b(?:and (?:up|above|higher)|upwards?|or (?:higher|above))\b", re.IGNORECASE)
_OPEN_SOURCE = re.compile(r"\b(?:open[- ]source|oss|self[- ]host\w*)\b", re.IGNORECASE)
_WRITTEN = re.compile(rf"\b({'|'.join(PLANS)})\b")
_ONLY_CLOUD = re.compile(
    r"cloud[- ]only|only (?:available )?(?:in|on|for|with) (?:prefect )?cloud|cloud feature only|(?:is|are"
    r"|that['’]?s) (?:prefect )?cloud(?=[.,;]|$)",
    re.IGNORECASE,
)
_DENY = r"(?:don['’]?t|doesn['’]?t|not|isn['’]?t|aren['’]?t|cannot|can['’]?t)\b(?! (?:only|just|merely)\b)"
_IS_THERE = r"\b(?:get|have|available|there|come|included|exist|offered|supported)\b"
_NOT_IN_OPEN_SOURCE = re.compile(
    rf"{_OPEN_SOURCE.pattern},? (?:[\w'’]+ ){{0,4}}{_DENY}[\w\s'’]{{0,20}}{_IS_THERE}"
    rf"|{_DENY}[\w\s'’]{{0,20}}{_IS_THERE}[\w\s'’]{{0,30}}{_OPEN_SOURCE.pattern}"
    rf"|\b(?:is|are)(?:n['’]?t| not) (?:in|part of) (?:the )?{_OPEN_SOURCE.pattern}",
    re.IGNORECASE,
)

_WHERE = (
    rf"(?:(?:the |our |a |prefect )*(?:hobby|starter|team|pro|enterprise|free)\b|{_EVERY_PLAN.pattern}"
    rf"|{_PAID_PLANS.pattern}|(?:the |our )?{_OPEN_SOURCE.pattern})"
)
_GIVEN = re.compile(
    rf"\b(?:in|on|with|at|of|starts? (?:at|from|with)) {_WHERE}"
    rf"|{_WHERE}(?:['’]s)? ?(?:plan|tier|server|edition|version|prefect)?s?,? (?:also |already |does |just )?"
    r"(?:has|have|includes?"
    r"|gives?|gets?|comes? with|offers?|supports?|ships?|keeps?|feature)\b",
    re.IGNORECASE,
)

Holds = Literal["cloud only", "open source", "anywhere"]


def features(text: str) -> frozenset[str]:
    """The features a sentence names."""
    lower = text.lower()
    first = _NAMES_ANY.search(lower)
    if first is None:
        return frozenset()
    return frozenset(name for name, words in _FEATURE if words.search(lower, first.start()))


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


def without_subjects(text: str, named: frozenset[str]) -> str:
    """A text without the words that name these features, and without its plans."""
    lower = _AND_UP.sub(" ", _NAMED.sub(" ", text)).lower()
    lower = _FREE_PLAN.sub(" ", _EVERY_PLAN.sub(" ", _PAID_PLANS.sub(" ", lower)))
    for name, words in _FEATURE:
        lower = words.sub(" ", lower) if name in named else lower
    return lower


def gives(text: str) -> bool:
    """Whether a sentence gives something to the plan or edition it names, and does not merely name both."""
    return _GIVEN.search(text) is not None


def several_plans(text: str) -> bool:
    """Whether a sentence names plans in a way that leaves open which it is about: "every plan from Pro"."""
    named = {next(filter(None, found)).capitalize() for found in _NAMED.findall(text)}
    every = _EVERY_PLAN.search(text) or _PAID_PLANS.search(text)
    return bool(named) if every else len(named) > 1


def without_editions(text: str) -> str:
    return _ONLY_CLOUD.sub(" ", _OPEN_SOURCE.sub(" ", text))


def edition(text: str) -> Holds:
    """Where a sentence says that it holds."""
    if _ONLY_CLOUD.search(text) or not_in_open_source(text):
        return "cloud only"
    return "open source" if _OPEN_SOURCE.search(text) else "anywhere"


def not_in_open_source(text: str) -> bool:
    """Whether a sentence keeps something out of open source, and so puts it in Cloud only, by a denial."""
    return _NOT_IN_OPEN_SOURCE.search(text) is not None and not _ONLY_CLOUD.search(text)
