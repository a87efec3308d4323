"""A start: the command's help, and the service until /health answers.

Cold is as after an install: no bytecode and no index, in a directory of its own. Warm is every later start.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from bench.figures import Row
from bench.scene import PYTHON, Scene
from bench.services import OURS, running

COACH = "call-coach"
HELP = ("-m", "backend", "--help")
BARE = ("-c", "pass")


async def start(scene: Scene) -> list[Row]:
    spent: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for nth in range(scene.rounds):
        env = _fresh(scene, scene.folder / f"help-{nth}")
        for when in ("cold", "warm"):
            spent[f"help_{when}_s", COACH].append(await _ran(HELP, env))
            spent[f"help_{when}_s", "bare Python"].append(await _ran(BARE, env))
        env = _fresh(scene, scene.folder / f"serve-{nth}")
        for when in ("cold", "warm"):
            spent[f"serve_{when}_s", COACH].append(await _healthy(env))
    return [Row(metric, system, median(seconds), "s") for (metric, system), seconds in spent.items()]


def _fresh(scene: Scene, at: Path) -> dict[str, str]:
    env = scene.child_env(at / "data", "http://127.0.0.1:9/mcp")  # nobody answers there
    return env | {"PYTHONPYCACHEPREFIX": str(at / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}


async def _ran(arguments: tuple[str, ...], env: dict[str, str]) -> float:
    def run() -> float:
        begun = time.perf_counter()
        command = [PYTHON, *arguments]
        subprocess.run(command, env=os.environ | env, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begun

    return await asyncio.to_thread(run)


async def _healthy(env: dict[str, str]) -> float:
    async with running(OURS, env) as service:
        return service.started_s
