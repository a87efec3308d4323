"""Who is on the call and on which side: from the file, hints and e-mail domains, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from backend.formats.fields import Line, dated
from backend.transcript import UNKNOWN_SPEAKER, Call, Participant, Side, Transcript

MAILBOXES = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com"}
)
"""Domains that say nothing of an employer."""

NOBODY_NAMED = (
    f"This file does not say who speaks: everything stands under “{UNKNOWN_SPEAKER}”, and nothing can be "
    "put down to the rep."
)
NONE_OF_OURS = (
    "Nobody who speaks is known to be one of ours: name the rep in call.rep, or set COACH_INTERNAL_DOMAINS "
    "to your e-mail domains."
)

_TURNING = frozenset({"R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"})

Reason = Literal["file", "hint", "ours", "foreign", "unknown"]
"""Why somebody's side is what it is: the file or the caller said so, their e-mail domain is one of ours or is
not, or nothing tells."""


class Identified(NamedTuple):
    """The call with everybody on it and their sides, why (in the participants' order), and sentences on what
    stayed unknown."""

    call: Call
    reasons: list[Reason]
    warnings: list[str]


class HintedParticipant(BaseModel):
    """Somebody on the call, as the caller knows them. A name or an e-mail address is needed."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field("", max_length=200)
    email: Line = Field("", max_length=320)
    side: Side = "unknown"
    role: Line | None = Field(None, max_length=100)

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.name and not self.email:
            raise ValueError("needs a name or an email")
        return self


class CallHints(BaseModel):
    """What the caller knows of the call. It wins over the file. `rep` names our person, or their e-mail."""

    model_config = ConfigDict(extra="forbid")

    id: Line | None = Field(None, max_length=200)
    title: Line | None = Field(None, max_length=500)
    started_at: Annotated[datetime, AfterValidator(dated)] | None = None
    rep: Line | None = Field(None, max_length=320)
    participants: list[HintedParticipant] = Field(default_factory=list, max_length=500)


def identify(
    call: Call, speakers: Iterable[str], hints: CallHints, internal_domains: Sequence[str]
) -> Identified:
    """Who is on the call, and on which side.

    A hint decides over the file, the file's affiliation over the e-mail domain. A foreign domain is
    external only when our own domains are known; nobody is external merely for not being the rep.
    """
    people = [person.model_copy() for person in call.participants]
    listed = {person.name for person in people}
    talking = list(dict.fromkeys(speakers))
    people += [Participant(id=name, name=name) for name in talking if name not in listed]

    in_file = [person.side for person in people]
    warnings: list[str] = []
    directory = _Directory(people) if hints.participants or hints.rep else _Directory(())
    for hint in hints.participants:
        _apply(hint, people, directory)
    if hints.rep and not _mark_rep(hints.rep, directory):
        warnings.append(f"The rep “{_isolated(hints.rep)}” is not among the people on this call.")
    told = [person.side for person in people]
    _side_by_domain(people, internal_domains)
    in_file += ["unknown"] * (len(people) - len(in_file))
    sides = zip(in_file, told, (person.side for person in people), strict=True)
    voices = set(talking)
    warnings += _unknown_sides([person for person in people if person.name in voices])
    known = {name: value for name in ("id", "title", "started_at") if (value := getattr(hints, name))}
    full = call.model_copy(update={**known, "participants": people})
    return Identified(full, [_reason(*each) for each in sides], warnings)


def seated(transcript: Transcript, people: Sequence[Participant]) -> Transcript:
    """The transcript with these in place of its participants, one for one: sides and roles may differ."""
    before = sides_unknown(transcript)
    others = [warning for warning in transcript.warnings if warning not in before]
    sides = {person.name: person.side for person in reversed(people)}
    call = transcript.call.model_copy(update={"participants": list(people)})
    turns = [turn.model_copy(update={"side": sides[turn.speaker]}) for turn in transcript.turns]
    changed = transcript.model_copy(update={"call": call, "turns": turns})
    return changed.model_copy(update={"warnings": others + sides_unknown(changed)})


def sides_unknown(transcript: Transcript) -> list[str]:
    """A sentence on whose side is not known, if any of those who speak."""
    voices = {turn.speaker for turn in transcript.turns}
    return _unknown_sides([person for person in transcript.call.participants if person.name in voices])


def pair_emails(people: list[Participant], emails: Iterable[str]) -> list[Participant]:
    """People with the addresses that can only be theirs, then one more participant per address left over."""
    addresses = dict.fromkeys(emails)
    directory = _Directory(people if addresses else ())
    left = []
    for email in addresses:
        if owner := directory.owner(email):
            owner.email = email
        else:
            left.append(Participant(id=email, name=email, email=email))
    return people + left


class _Directory:
    """People by each way to mean them; a way that means two people means nobody."""

    def __init__(self, people: Iterable[Participant]) -> None:
        self._by: dict[tuple[str, str], list[Participant]] = {}
        for person in people:
            self.add(person)

    def add(self, person: Participant) -> None:
        words = _bare(person.name)
        keys = {("whole", person.name.casefold()), ("whole", person.id.casefold()), ("bare", " ".join(words))}
        keys |= {("spelt", way) for way in _spellings(words)}
        keys |= {("first", words[0])} if words else set()
        keys |= {("alone", words[0])} if len(words) == 1 else set()
        keys |= {("bare", _turned(person.name))}
        keys |= {("email", person.email.casefold())} if person.email else set()
        for key in keys:
            self._by.setdefault(key, []).append(person)

    def find(self, name: str, email: str) -> Participant | None:
        """The one meant: by address, whole name or id, first name, or by an address that spells the name."""
        words = _bare(name)
        keys = [("email", email.casefold()), ("whole", name.casefold()), ("bare", " ".join(words))]
        keys += [("first" if len(words) == 1 else "alone", words[0])] if words else []
        keys += [("bare", _turned(name))]
        found = (self._only(kind, value) for kind, value in keys if value)
        return next((person for person in found if person), None) or self.owner(email)

    def owner(self, email: str) -> Participant | None:
        """The one person without an address whose name this address spells."""
        person = self._only("spelt", _letters(email.partition("@")[0]))
        return person if person and not person.email else None

    def _only(self, kind: str, value: str) -> Participant | None:
        people = self._by.get((kind, value), [])
        return people[0] if len(people) == 1 else None


def _apply(hint: HintedParticipant, people: list[Participant], directory: _Directory) -> None:
    person = directory.find(hint.name, hint.email)
    if person is None:
        person = Participant(id=hint.email or hint.name, name=hint.name or hint.email)
        people.append(person)
        directory.add(person)
    person.email = hint.email or person.email
    person.role = hint.role or person.role
    if hint.side != "unknown":
        person.side = hint.side


def _reason(in_file: Side, told: Side, now: Side) -> Reason:
    if now == "unknown":
        return "unknown"
    if now != told:
        return "ours" if now == "internal" else "foreign"
    return "file" if told == in_file else "hint"


def _mark_rep(rep: str, directory: _Directory) -> bool:
    email = rep if "@" in rep else ""
    person = directory.find("" if email else rep, email)
    if person is None:
        return False
    person.side = "internal"
    person.email = person.email or email or None
    return True


def _bare(name: str) -> list[str]:
    """The words of a name in small letters, without what stands in brackets or after a bar."""
    return re.split(r"[|(\[]", name, maxsplit=1)[0].casefold().replace(",", " ").split()


def _turned(name: str) -> str:
    """“Quint, Mara” as “mara quint”; empty for a name without one comma."""
    family, comma, given = re.split(r"[|(\[]", name, maxsplit=1)[0].casefold().partition(",")
    return "" if not comma or "," in given else " ".join(f"{given} {family}".split())


def _spellings(words: Sequence[str]) -> set[str]:
    """The usual ways to make a mailbox of a name."""
    parts = [part for word in words if (part := _letters(word))]
    if not parts:
        return set()
    first, last = parts[0], parts[-1]
    ways = {first, last, first + last, last + first, first[0] + last, first + last[0], last + first[0]}
    return ways | {"".join(parts)}


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]", "", _plain(text))


def _plain(text: str) -> str:
    """Small letters without accents; ł and ø have no accent to drop."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(str.maketrans("łøđ", "lod")))
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def _side_by_domain(people: Iterable[Participant], internal_domains: Sequence[str]) -> None:
    """Our domains are the configured ones and those of the people already known to be ours.

    Where nobody is ours, the domains are not all known, and a foreign one tells nothing.
    """
    people = list(people)
    ours = {domain.casefold() for domain in internal_domains}
    ours |= {_domain(person.email) for person in people if person.side == "internal"} - MAILBOXES - {""}
    by_domain = [person for person in people if person.side == "unknown" and _domain(person.email)]
    inside = [person for person in by_domain if _is_within(_domain(person.email), ours)]
    if not ours or not (inside or any(person.side == "internal" for person in people)):
        return
    for person in by_domain:
        person.side = "internal" if person in inside else "external"


def _is_within(domain: str, ours: set[str]) -> bool:
    return any(domain == own or domain.endswith(f".{own}") for own in ours)


def _domain(email: str | None) -> str:
    return (email or "").rpartition("@")[2].casefold() if "@" in (email or "") else ""


def _isolated(name: str) -> str:
    """A name as it may stand in a sentence: one that turns the way text runs turns none but its own."""
    turning = any(unicodedata.bidirectional(sign) in _TURNING for sign in name)
    return f"\u2068{name}\u2069" if turning else name


def _unknown_sides(talking: Sequence[Participant]) -> list[str]:
    if all(person.name == UNKNOWN_SPEAKER for person in talking):
        return [NOBODY_NAMED]
    if not any(person.side == "internal" for person in talking):
        return [NONE_OF_OURS]
    unknown = [person.name for person in talking if person.side == "unknown"]
    if not unknown:
        return []
    names = ", ".join(map(_isolated, unknown[:5])) + (" and others" if len(unknown) > 5 else "")
    return [f"It is not known on which side these speak: {names}. Say so in call.participants."]
