"""Claude's prompts: one Markdown file each, strict about its front matter and its variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.errors import UnusableKnowledge

_FILE = re.compile(r"\A---\n(?P<front>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")


class Prompt(BaseModel):
    """A prompt as its file says it. `body` holds each of `variables` as `{{variable}}`, and no other;
    `closing` is said after the data, so that the last word is ours."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    name: str
    description: str = Field(min_length=1)
    variables: tuple[str, ...]
    closing: str | None = None
    body: str = Field(min_length=1)

    def render(self, **values: str) -> str:
        """The body with every variable's value in place. A value is never searched for placeholders."""
        if values.keys() != set(self.variables):
            raise UnusableKnowledge(
                f"Prompt {self.name} wants the variables {_list(self.variables)}, not {_list(values)}."
            )
        return _PLACEHOLDER.sub(lambda place: values[place[1]], self.body)


class Prompts(BaseModel):
    """The prompts of one folder, by name."""

    model_config = ConfigDict(frozen=True)

    by_name: Mapping[str, Prompt]

    @classmethod
    def load(cls, directory: Path) -> Prompts:
        """Every `*.md` of the folder, or UnusableKnowledge on the first that cannot be used."""
        files = sorted(directory.glob("*.md"))
        if not files:
            raise UnusableKnowledge(f"There are no prompts in {directory}; check COACH_PROMPTS_DIR.")
        return cls(by_name={file.stem: _read(file) for file in files})

    def get(self, name: str, variables: Set[str] = frozenset()) -> Prompt:
        """The prompt of this name, refused unless it declares just these variables."""
        prompt = self.by_name.get(name)
        if prompt is None:
            raise UnusableKnowledge(f"The prompt {name}.md is missing; check COACH_PROMPTS_DIR.")
        if set(prompt.variables) != variables:
            raise UnusableKnowledge(
                f"Prompt {name}.md declares the variables {_list(prompt.variables)}; "
                f"Call Coach fills in {_list(variables)}."
            )
        return prompt


def _read(file: Path) -> Prompt:
    try:
        parts = _FILE.match(file.read_text(encoding="utf-8"))
        front = yaml.safe_load(parts["front"]) if parts else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise UnusableKnowledge(f"The prompt {file.name} cannot be read as UTF-8 with YAML on top.") from None
    if parts is None or not isinstance(front, dict):
        raise UnusableKnowledge(f"The prompt {file.name} must begin with YAML between two lines of ---.")
    try:
        prompt = Prompt.model_validate({**front, "body": parts["body"]})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UnusableKnowledge(f"The prompt {file.name} is wrong at {where}: {first['msg']}.") from None
    _check(prompt, file)
    return prompt


def _check(prompt: Prompt, file: Path) -> None:
    if prompt.name != file.stem:
        raise UnusableKnowledge(f"The prompt {file.name} calls itself {prompt.name}; the two must agree.")
    used, declared = set(_PLACEHOLDER.findall(prompt.body)), set(prompt.variables)
    if used - declared:
        raise UnusableKnowledge(f"The prompt {file.name} uses {_list(used - declared)} without declaring it.")
    if declared - used:
        raise UnusableKnowledge(
            f"The prompt {file.name} declares {_list(declared - used)} but never uses it."
        )
    left = _PLACEHOLDER.sub("", prompt.body)
    if "{{" in left or "}}" in left:
        raise UnusableKnowledge(f"The prompt {file.name} holds braces that are no {{{{variable}}}}.")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
