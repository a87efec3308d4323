"""What the files of the knowledge pack may hold, and where in a file an error stands."""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from backend.errors import UnusableKnowledge
from backend.facts import Confidence, Edition
from backend.report import ObjectionCategory

try:
    from yaml import CSafeLoader as YamlLoader
except ImportError:  # PyYAML was built without libyaml: six times slower, the same result
    from yaml import SafeLoader as YamlLoader  # type: ignore[assignment]  # the two share their interface

DATE = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")
PageUrl = Annotated[str, Field(pattern=r"^https?://\S+$")]
SourceUrl = Annotated[str, Field(pattern=r"^(https?://\S+|index:\d+)$")]
Words = Annotated[str, Field(min_length=1, max_length=2000)]
Dated = Annotated[str, BeforeValidator(str)]  # YAML reads an unquoted 2026-08-21 as a date


def read_yaml(text: str) -> object:
    """The content of a YAML text: plain values, never objects. Raises yaml.YAMLError."""
    return yaml.load(text, YamlLoader)


def day(written: str) -> date | None:
    """A source's date; of a month its first day, as the oldest it can be; None for anything vaguer."""
    known = DATE.fullmatch(written)
    try:
        return date(int(known[1]), int(known[2]), int(known[3] or 1)) if known else None
    except ValueError:  # a thirteenth month
        return None


class Sheet(BaseModel):
    """What a file may hold. An unknown key is an error: it is more likely misspelt than meant."""

    model_config = ConfigDict(extra="forbid")


class ScopeLines(Sheet):
    edition: Edition = "both"
    plans: list[Words] | None = None
    since: str | None = None


class WrongLines(Sheet):
    claim: Words
    why: Words | None = None


class PageFact(Sheet):
    id: Words
    statement: Words
    scope: ScopeLines
    section: str
    terms: list[Words]
    asks: list[Words]
    wrong: list[WrongLines]
    conflicts_with: PageUrl | None = None
    conflict: Words | None = None


class PageSheet(Sheet):
    page: PageUrl
    title: Words
    as_of: date
    facts: list[PageFact]


class SourceLines(Sheet):
    source_url: SourceUrl
    source_title: Words
    publisher: Words
    as_of: Dated


class SourcedFact(SourceLines):
    id: Words
    statement: Words
    confidence: Confidence
    scope: ScopeLines = ScopeLines()
    category: str | None = None
    status: Words | None = None  # whatever it says, the fact is no longer sure
    checked: date | None = None  # when somebody last read the source and found it unchanged
    conflict: Words | None = None
    asks: list[Words] = []
    wrong_claims: list[Words] = []
    also_sources: list[SourceLines] = []
    note: str | None = None
    changed_over_time: str | None = None
    numbers: dict[str, JsonValue] = {}

    @property
    def public_url(self) -> str | None:
        """None where the text was seen but its home is unknown."""
        return self.source_url if self.source_url.startswith("http") else None

    @property
    def dated(self) -> date | None:
        return day(self.as_of)

    @property
    def known(self) -> date | None:
        """The last day on which the source is known to have said so; None where nobody wrote it down."""
        return self.checked or self.dated


class FactSheet(Sheet):
    meta: dict[str, JsonValue]
    facts: list[SourcedFact]
    plan_matrix: list[dict[str, JsonValue]] = []
    do_not_use: list[dict[str, JsonValue]] = []


class RivalFact(SourcedFact):
    kind: Literal["strength", "limit", "neutral", "news", "pricing"]


class SayInstead(Sheet):
    wrong: Words
    right: Words


class Rival(Sheet):
    id: Words
    name: Words
    licence: str
    aliases: list[Words]
    facts: list[RivalFact]
    fair_contrast: Words
    say_instead: list[SayInstead] = []


class MappingFact(SourcedFact):
    airflow: Words
    prefect: Words


class AirflowMigration(Sheet):
    source_title: Words
    source_url: PageUrl
    as_of: Dated
    mapping: list[MappingFact]


class Ambiguous(Sheet):
    heard: Words
    meaning: Words


class Speech(Sheet):
    note: str
    terms: dict[str, list[Words]]
    ambiguous: list[Ambiguous]


class CompetitorSheet(Sheet):
    meta: dict[str, JsonValue]
    competitors: list[Rival]
    airflow_migration: AirflowMigration
    speech_to_text: Speech


class ObjectionLines(Sheet):
    id: Words
    name: Words
    category: ObjectionCategory
    utterances: list[Words]
    answer_facts: list[Words]
    good_answer: list[Words]
    bad_answer: list[Words]
    clarifying_question: Words | None = None


class ObjectionSheet(Sheet):
    meta: dict[str, JsonValue]
    objections: list[ObjectionLines]


Content = TypeVar("Content", bound=BaseModel)
Place = tuple[int | str, ...]
"""The way into a file: keys and positions, such as ("facts", 3, "scope")."""


class Flaw(NamedTuple):
    """What is wrong in a file, and on which line, counted from 1."""

    line: int
    sentence: str


class PackFile:
    """One file of the pack and its words. `path` is what an error calls it."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path, self.content = path, content

    def read(self, sheet: type[Content]) -> Content:
        """The file as this kind of sheet, or UnusableKnowledge with its first flaw."""
        found = self.parse(sheet)
        if isinstance(found, list):
            raise self._refused(found[0])
        return found

    def parse(self, sheet: type[Content]) -> Content | list[Flaw]:
        """The file as this kind of sheet, or everything that keeps it from being one, the worst first."""
        try:
            return sheet.model_validate(read_yaml(self.content.decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            line = self.content.count(b"\n", 0, error.start) + 1
            return [Flaw(line, "this is not UTF-8; save the file as UTF-8.")]
        except yaml.YAMLError as error:
            return [_unreadable(error)]
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            # A misspelt key is both missing and unknown; the unknown one stands on the line to mend.
            found.sort(key=lambda each: each["type"] != "extra_forbidden")
            return [self._misfit(each["loc"], each["msg"]) for each in found]

    def error(self, place: Place, sentence: str) -> UnusableKnowledge:
        """The sentence, with the file and the line of this place before it."""
        return self._refused(Flaw(self.line_of(place), sentence))

    def line_of(self, place: Place) -> int:
        """The line of the deepest part of `place` that exists, counted from 1."""
        node, line = self._root, 0
        for step in place:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if found is None:
                    break
                key, node = found
                line = key.start_mark.line
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
        return line + 1

    @cached_property
    def _root(self) -> yaml.Node | None:
        """The file as YAML nodes, which know their lines. Only a flaw needs them."""
        root: yaml.Node | None = yaml.compose(self.content.decode("utf-8-sig"), YamlLoader)
        return root

    def _misfit(self, place: Place, why: str) -> Flaw:
        field = ".".join(map(str, place)) or "the file"
        return Flaw(self.line_of(place), f"{field} cannot be used: {why}.")

    def _refused(self, flaw: Flaw) -> UnusableKnowledge:
        return UnusableKnowledge(f"{self.path}:{flaw.line}: {flaw.sentence}")


def _unreadable(error: yaml.YAMLError) -> Flaw:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Flaw(1, "this is not YAML: it holds a forbidden character.")
    mark = error.problem_mark
    return Flaw(mark.line + 1 if mark else 1, f"this is not YAML: {error.problem}.")
