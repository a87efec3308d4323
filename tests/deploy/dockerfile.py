"""Runs a Dockerfile by hand in a folder, for machines without a container engine.

What it cannot show is the base image: a Python of this machine stands for it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import REPO
from tests.deploy.processes import NOBODY

_OURS = re.compile(r"(?<![\w./])/(?=(?:src|venv|app|data)\b)")
"""Where an absolute path into the image begins; all other paths are the machine's."""


@dataclass
class Image:
    """What a Dockerfile made: a folder that stands for `/`, and how the image is run."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    cmd: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    user: str = ""

    def path(self, inside: str) -> Path:
        return Path(self.placed(inside))

    def placed(self, text: str) -> str:
        """The text with the image's paths as they are on this machine."""
        return _OURS.sub(f"{self.root}/", text)


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """The instructions and what they are given, without comments."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (name, rest.strip())
        for line in joined.splitlines()
        if line
        for name, _, rest in [line.partition(" ")]
    ]


def build(dockerfile: Path, folder: Path, python: Path) -> Image:
    """The last stage, built in the folder from the repository, with this Python in the base image's place."""
    subprocess.run([python, "-m", "venv", folder / "base"], check=True)
    base = {"PATH": f"{folder / 'base' / 'bin'}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    base |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
    image, workdir = Image(folder / "root"), Path()
    for name, rest in instructions(dockerfile):
        match name:
            case "FROM":
                if image.root.exists():
                    image.root.rename(folder / "build")
                image, workdir = Image(folder / "root", env=dict(base)), Path()
                image.root.mkdir(mode=0o755)
            case "RUN":
                command = [_as_we_can(word) for word in json.loads(image.placed(rest))]
                ran = subprocess.run(command, env=image.env, cwd=workdir, capture_output=True, check=False)
                assert ran.returncode == 0, f"{command}\n{ran.stderr.decode()}"
            case "COPY":
                _copy(shlex.split(rest), image, workdir, folder, dockerfile)
            case "ENV":
                pairs = (pair.split("=", 1) for pair in shlex.split(rest))
                image.env |= {key: image.placed(value) for key, value in pairs}
            case "WORKDIR":
                workdir = image.path(rest)
                workdir.mkdir(exist_ok=True)
            case "USER":
                image.user = rest
            case "CMD":
                image.cmd = json.loads(image.placed(rest))
            case "HEALTHCHECK":
                image.healthcheck = json.loads(image.placed(rest.partition("CMD ")[2]))
            case "ARG" | "VOLUME" | "EXPOSE":
                pass
            case unknown:
                raise AssertionError(f"{unknown} cannot be run by hand")
    return image


def _copy(words: list[str], image: Image, workdir: Path, folder: Path, dockerfile: Path) -> None:
    flags = [word for word in words if word.startswith("--")]
    *sources, target = [word for word in words if not word.startswith("--")]
    into = image.path(target) if target.startswith("/") else workdir / target
    sent = dockerfile.with_name("Dockerfile.dockerignore").read_text().splitlines()
    for source in sources:
        if "--from=build" in flags:
            origin, goal = folder / "build" / source.lstrip("/"), into
        else:
            assert f"!{source}" in sent, f"{source} is not sent to the builder"
            origin = REPO / source
            goal = (
                into / origin.name if origin.is_file() and (target.endswith("/") or into.is_dir()) else into
            )
        goal.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            ignored = shutil.ignore_patterns("__pycache__") if "--from=build" not in flags else None
            shutil.copytree(origin, goal, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        else:
            shutil.copyfile(origin, goal)
        if any(flag.startswith("--chown=") for flag in flags) and os.geteuid() == 0:
            os.chown(goal, NOBODY, NOBODY)


def _as_we_can(word: str) -> str:
    """Who is not root cannot give a folder away: it stays one's own."""
    return word if os.geteuid() == 0 or word != str(NOBODY) else str(os.geteuid())
