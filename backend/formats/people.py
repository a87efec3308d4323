"""Who is on the call and on which side: from the file, hints and e-mail domains, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.formats.cues import UNKNOWN_SPEAKER
from backend.formats.fields import Line
from backend.transcript import Call, Participant, Side

MAILBOXES = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com"}
)
"""Domains that say nothing of an employer."""

NOBODY_NAMED = (
    f"This file does not say who speaks: everything stands under “{UNKNOWN_SPEAKER}”, and nothing can be "
    "put down to the rep."
)
NONE_OF_OURS = (
    "Nobody who speaks is known to be one of ours: name the rep in call.rep, or set COACH_INTERNAL_DOMAINS to "
    "your e-mail domains."
)


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
            raise ValueError("a participant needs a name or an email")
        return self


class CallHints(BaseModel):
    """What the caller knows of the call. It wins over the file. `rep` names our person, or their e-mail."""

    model_config = ConfigDict(extra="forbid")

    id: Line | None = Field(None, max_length=200)
    title: Line | None = Field(None, max_length=500)
    started_at: datetime | None = None
    rep: Line | None = Field(None, max_length=320)
    participants: list[HintedParticipant] = Field(default_factory=list, max_length=500)


def identify(
    call: Call, speakers: Iterable[str], hints: CallHints, internal_domains: Sequence[str]
) -> tuple[Call, list[str]]:
    """The call with everybody on it and their sides, and sentences on what stayed unknown.

    A hint decides over the file, the file's affiliation over the e-mail domain. A foreign domain is
    external only when our own domains are known; nobody is external merely for not being the rep.
    """
    people = [person.model_copy() for person in call.participants]
    listed = {person.name for person in people}
    talking = list(dict.fromkeys(speakers))
    people += [Participant(id=name, name=name) for name in talking if name not in listed]

    warnings: list[str] = []
    for hint in hints.participants:
        _apply(hint, people)
    if hints.rep and not _mark_rep(hints.rep, people):
        warnings.append(f"The rep “{hints.rep}” is not among the people on this call.")
    _side_by_domain(people, internal_domains)
    warnings += _unknown_sides([person for person in people if person.name in set(talking)])
    known = {name: value for name in ("id", "title", "started_at") if (value := getattr(hints, name))}
    return call.model_copy(update={**known, "participants": people}), warnings


def pair_emails(people: list[Participant], emails: Iterable[str]) -> list[Participant]:
    """People with the addresses that can only be theirs, then one more participant per address left over."""
    people = [person.model_copy() for person in people]
    left = []
    for email in dict.fromkeys(emails):
        owner = _owner(people, email)
        if owner:
            owner.email = email
        else:
            left.append(Participant(id=email, name=email, email=email))
    return people + left


def _apply(hint: HintedParticipant, people: list[Participant]) -> None:
    person = _find(people, hint.name, hint.email)
    if person is None:
        name = hint.name or hint.email
        person = Participant(id=hint.email or hint.name, name=name)
        people.append(person)
    person.email = hint.email or person.email
    person.role = hint.role or person.role
    if hint.side != "unknown":
        person.side = hint.side


def _mark_rep(rep: str, people: list[Participant]) -> bool:
    is_email = "@" in rep
    person = _find(people, "" if is_email else rep, rep if is_email else "")
    if person is None:
        return False
    person.side = "internal"
    if is_email:
        person.email = person.email or rep
    return True


def _find(people: Sequence[Participant], name: str, email: str) -> Participant | None:
    """The one person meant: by address, whole name or id, first name, or an address that spells the name."""
    tests: list[Callable[[Participant], bool]] = []
    if email:
        tests.append(lambda person: (person.email or "").casefold() == email.casefold())
    if name:
        wanted = _bare(name)
        tests.append(lambda person: name.casefold() in (person.name.casefold(), person.id.casefold()))
        tests.append(lambda person: _bare(person.name) == wanted)
        tests.append(lambda person: _same_first_name(_bare(person.name), wanted))
    for test in tests:
        if person := _only(people, test):
            return person
    return _owner(people, email) if email and not name else None


def _owner(people: Iterable[Participant], email: str) -> Participant | None:
    """The one person without an address whose name this address spells."""
    return _only(people, lambda person: not person.email and _spells(email, person.name))


def _only(people: Iterable[Participant], test: Callable[[Participant], bool]) -> Participant | None:
    found = [person for person in people if test(person)]
    return found[0] if len(found) == 1 else None


def _bare(name: str) -> list[str]:
    """The words of a name in small letters, without what stands in brackets or after a bar."""
    return re.split(r"[|(\[]", name, maxsplit=1)[0].casefold().replace(",", " ").split()


def _same_first_name(one: list[str], other: list[str]) -> bool:
    return bool(one and other) and one[0] == other[0] and min(len(one), len(other)) == 1


def _spells(email: str, name: str) -> bool:
    """Whether an address is one of the usual ways to write this name."""
    mailbox = re.sub(r"[\W\d_]", "", _plain(email.partition("@")[0]))
    words = [word for part in _bare(name) if (word := re.sub(r"[\W\d_]", "", _plain(part)))]
    if not words or not mailbox:
        return False
    first, last = words[0], words[-1]
    ways = {first, last, first + last, last + first, first[0] + last, first + last[0], last + first[0]}
    return mailbox in ways | {"".join(words)}


def _plain(text: str) -> str:
    """Small letters without accents; ł and ø have no accent to drop."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(str.maketrans("łøđ", "lod")))
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def _side_by_domain(people: Iterable[Participant], internal_domains: Sequence[str]) -> None:
    """Our domains are the configured ones and those of the people already known to be ours."""
    people = list(people)
    ours = {domain.casefold() for domain in internal_domains}
    ours |= {_domain(person.email) for person in people if person.side == "internal"} - MAILBOXES - {""}
    if not ours:
        return
    for person in people:
        domain = _domain(person.email)
        if person.side == "unknown" and domain:
            inside = any(domain == own or domain.endswith(f".{own}") for own in ours)
            person.side = "internal" if inside else "external"


def _domain(email: str | None) -> str:
    return (email or "").rpartition("@")[2].casefold() if "@" in (email or "") else ""


def _unknown_sides(talking: Sequence[Participant]) -> list[str]:
    if all(person.name == UNKNOWN_SPEAKER for person in talking):
        return [NOBODY_NAMED]
    if not any(person.side == "internal" for person in talking):
        return [NONE_OF_OURS]
    unknown = [person.name for person in talking if person.side == "unknown"]
    if not unknown:
        return []
    names = ", ".join(unknown[:5]) + (" and others" if len(unknown) > 5 else "")
    return [f"It is not known on which side these speak: {names}. Say so in call.participants."]
