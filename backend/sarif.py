"""SARIF 2.1.0, as far as findings in documents need it: what GitHub and GitLab show beside a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

Level = Literal["error", "warning", "note"]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Message(_Part):
    text: str


class ArtifactLocation(_Part):
    uri: str


class Region(_Part):
    start_line: int


class PhysicalLocation(_Part):
    artifact_location: ArtifactLocation
    region: Region | None = None


class Location(_Part):
    physical_location: PhysicalLocation
    message: Message | None = None


class Result(_Part):
    rule_id: str
    level: Level
    message: Message
    locations: list[Location]


class Rule(_Part):
    id: str
    short_description: Message


class Driver(_Part):
    name: str
    rules: list[Rule]


class Tool(_Part):
    driver: Driver


class Run(_Part):
    tool: Tool
    results: list[Result]


class Sarif(_Part):
    version: Literal["2.1.0"] = "2.1.0"
    schema_address: str = Field(default=SCHEMA, alias="$schema")
    runs: list[Run]


def at(file: str, line: int | None, place: str) -> Location:
    """Where something stands. A file without lines, a PDF say, names the place in words."""
    return Location(
        physical_location=PhysicalLocation(
            artifact_location=ArtifactLocation(uri=_uri(file)),
            region=Region(start_line=line) if line else None,
        ),
        message=None if line else Message(text=place),
    )


def one_run(tool: str, rules: Mapping[str, str], results: Iterable[Result]) -> Sarif:
    """`rules` are ids with what they mean."""
    described = [Rule(id=name, short_description=Message(text=text)) for name, text in rules.items()]
    return Sarif(runs=[Run(tool=Tool(driver=Driver(name=tool, rules=described)), results=list(results))])


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else path.as_posix().replace(" ", "%20")
