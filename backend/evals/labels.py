"""Labelled calls: one folder per call, `transcript.*` beside `labels.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from backend.errors import CoachError, UnreadableLabels
from backend.formats import CallHints, HintedParticipant, Limits, parse
from backend.report import ACCUSING, CompetitorContext, Handling, ObjectionCategory
from backend.transcript import Transcript

GoldVerdict = Literal[
    "supported", "contradicted", "overstated", "outdated", "not_in_docs", "out_of_scope", "docs_conflict"
]
LIMITS = Limits(max_turns=20_000, max_words=300_000)

Shape = TypeVar("Shape", bound=BaseModel)


def _page(url: str) -> str:
    return page_of(url) or ""


def page_of(url: str | None) -> str | None:
    """The page a link leads to, without the place in it."""
    return url.partition("#")[0].rstrip("/") if url else None


Page = Annotated[str, AfterValidator(_page)]


class Label(BaseModel):
    """Words of one turn. `start_s` tells apart what was said twice."""

    model_config = ConfigDict(extra="ignore")

    quote: str = Field(min_length=1)
    speaker: str | None = None
    start_s: float | None = None


class ClaimLabel(Label):
    verdict: GoldVerdict
    gold_urls: list[Page] = Field(default_factory=list)
    gold_quote: str | None = None

    @property
    def wrong(self) -> bool:
        return self.verdict in ACCUSING

    @property
    def checkable(self) -> bool:
        """Whether a page of the documentation settles it."""
        return bool(self.gold_urls) and self.verdict not in ("not_in_docs", "out_of_scope")


class ObjectionLabel(Label):
    category: ObjectionCategory
    handled: Handling


class CompetitorLabel(Label):
    canonical: str
    context: CompetitorContext


class Labels(BaseModel):
    """What people found in a call. Whatever is not listed is no claim and no objection; but where the labels
    are not `complete`, only what is in `not_objections` is none, and of the rest nothing is known."""

    model_config = ConfigDict(extra="ignore")

    id: str
    complete: bool = True
    rep_names: list[str]
    prospect_names: list[str]
    rep_role: str | None = None
    claims: list[ClaimLabel]
    objections: list[ObjectionLabel]
    not_objections: list[Label] = Field(default_factory=list)
    competitors: list[CompetitorLabel]
    unanswered_questions: list[Label] = Field(default_factory=list)

    def hints(self) -> CallHints:
        """Who is on which side, as a user of the product would say it."""
        ours = [HintedParticipant(name=name, side="internal", role=self.rep_role) for name in self.rep_names]
        theirs = [HintedParticipant(name=name, side="external") for name in self.prospect_names]
        return CallHints(participants=[*ours, *theirs])


class LabelledCall(NamedTuple):
    labels: Labels
    transcript: Transcript


def read_calls(folder: Path, only: str | None = None) -> list[LabelledCall]:
    """The calls in a folder of calls, or the one in a call's own folder; with `only`, the one of that id.

    Raises UnreadableLabels, which names the file and what is wrong with it.
    """
    read = (_read_call(one) for one in _folders(folder) if only in (None, one.name))
    calls = [call for call in read if only in (None, call.labels.id)]
    if not calls:
        raise UnreadableLabels(
            f"{folder}: there is no call {only} here."
            if only
            else f"{folder}: there is no labelled call here."
        )
    return calls


def _folders(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        raise UnreadableLabels(f"{folder}: there is no such folder.")
    if (folder / "labels.json").is_file():
        return [folder]
    return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))


def _read_call(folder: Path) -> LabelledCall:
    labels = read_shape(folder / "labels.json", Labels)
    files = sorted(folder.glob("transcript.*"))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise UnreadableLabels(f"{folder}: one file transcript.* is wanted here, found {found}.")
    file, hints = files[0], _hints(folder, labels)
    data = _bytes(file)
    try:
        transcript = parse(data, limits=LIMITS, hints=hints, filename=file.name)
    except CoachError as error:
        raise UnreadableLabels(f"{file}: {error}") from None
    return LabelledCall(labels, transcript)


def _hints(folder: Path, labels: Labels) -> CallHints:
    try:
        return labels.hints()
    except ValidationError as error:
        raise UnreadableLabels(f"{folder / 'labels.json'}: a name of a speaker {_first(error)[1]}.") from None


def read_shape(file: Path, shape: type[Shape]) -> Shape:
    """A JSON file in this shape, or UnreadableLabels with its first flaw."""
    return in_shape(_bytes(file), shape, str(file))


def in_shape(data: bytes | str, shape: type[Shape], where: str) -> Shape:
    """JSON in this shape, or UnreadableLabels with its first flaw. `where` it stands is for the user."""
    try:
        return shape.model_validate_json(data)
    except ValidationError as error:
        field, flaw = _first(error)
        raise UnreadableLabels(f"{where}: {field or 'the file'} {flaw}.") from None


def read_lines(file: Path, shape: type[Shape]) -> list[Shape]:
    """One object a line, in this shape; empty lines are passed over."""
    lines = _text(file).splitlines()
    read = [in_shape(line, shape, f"{file}, line {nth}") for nth, line in enumerate(lines, 1) if line.strip()]
    if not read:
        raise UnreadableLabels(f"{file}: there is nothing in it.")
    return read


def _first(error: ValidationError) -> tuple[str, str]:
    """The field and what is wrong with it, without the words that stand there."""
    flaw = error.errors(include_url=False, include_input=False)[0]
    return ".".join(map(str, flaw["loc"])), f"cannot be used ({flaw['msg']})"


def _text(file: Path) -> str:
    try:
        return _bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableLabels(f"{file}: it is not UTF-8 text.") from None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnreadableLabels(f"{file}: it cannot be read ({error.strerror}).") from None
