"""What a sentence says, as far as words can tell: its meaning words and whether it denies."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z0-9][a-z0-9.]*[a-z0-9]|[a-z0-9]")
_DENIES = re.compile(
    r"\b(?:not|no|none|never|nothing|nobody|neither|nor|without|cannot|can['’]?t"
    r"|don['’]?t|doesn['’]?t"
    r"|isn['’]?t|aren['’]?t"
    r"|won['’]?t|didn['’]?t|wasn['’]?t|wouldn['’]?t|couldn['’]?t|hasn['’]?t|haven['’]?t|lacks?)\b"
)
_ENDINGS = re.compile(r"(?:ations?|ings?|ed|es|s|ly)$")
_NUMBERS = "two three four five six seven eight nine ten eleven twelve"
_COMMON = frozenset(
    _WORD.findall(
        "a an the and or but so if of to in on for with at by from as into up out off over than then "
        "that this these those it its is are was were be been am i you he she we they me us them my "
        "your our their his her what which who when where how why do does did done doing have has had "
        "having can could will would shall should may might must just like um uh yeah yes okay ok "
        "right well also too very really actually basically kind sort thing things get gets got give "
        "gives go goes there here one some any all each every only more most much many lot own same "
        "about prefect not no never nothing don t doesn isn s re ve ll d m dont cant im ive youre "
        "thats wouldn couldn hasn haven "
    )
)


_SAME = {
    **{word: str(number) for number, word in enumerate(_WORD.findall(_NUMBERS), 2)},
    **dict.fromkeys(_WORD.findall("store stores stored saved saves kept keeps keeping holds held"), "keep"),
    **dict.fromkeys(_WORD.findall("ran runs running"), "run"),
    **dict.fromkeys(_WORD.findall("k8s kubernetes"), "kubernet"),
    **dict.fromkeys(_WORD.findall("finishes finished completes completed done"), "finish"),
    **dict.fromkeys(_WORD.findall("starts started begins begin launches launched"), "start"),
    **dict.fromkeys(_WORD.findall("required requires requiring need needs needed mandatory"), "need"),
}
"""Words that stand for the same, by the one that stands for them all."""


def meaning(text: str) -> frozenset[str]:
    """The words that carry meaning, lower case, without their endings, each for those that mean the same."""
    return frozenset(
        _SAME.get(word) or _stem(word) for word in _WORD.findall(text.lower()) if word not in _COMMON
    )


def denies(text: str) -> bool:
    """Whether the sentence as a whole says that something is not so: an odd number of denials."""
    return denials(text) % 2 == 1


def denials(text: str) -> int:
    """How often a sentence denies something."""
    return len(_DENIES.findall(text.lower()))


def share(part: frozenset[str], whole: frozenset[str]) -> float:
    """How much of `part` is in `whole`, 0 to 1."""
    return len(part & whole) / len(part) if part else 0.0


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two sets of words are the same, 0 to 1."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _stem(word: str) -> str:
    short = _ENDINGS.sub("", word)
    return short if len(short) >= 3 else word


NEUTRAL = meaning(
    "set put use using run go going point connect attach bring pick take give make turn hand work fine sure"
    " whole start live sit include includes included offer support supported available part"
    " default built feature plan tier paid free prefect stuff today definitely absolutely certainly honestly"
    " simply pretty everybody everyone paid ours whatever way anyway"
)
"""Words that turn no statement around; any other may."""
