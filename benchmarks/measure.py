"""Time and peak memory of a command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    seconds: float
    peak_mb: float
    said: str


def cost(command: Sequence[str], more: Mapping[str, str] | None = None) -> Cost:
    """Run `python command…` and measure it; its own peak, not that of its children."""
    environment = {**os.environ, **(more or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        running = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        assert running.stdout
        said = running.stdout.read()
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{errors.read()[-2000:]}")
    return Cost(time.perf_counter() - start, used.ru_maxrss / 1024, said)


def best(command: Sequence[str], times: int = 5) -> float:
    """The least seconds of several runs, after one that warms the disk."""
    cost(command)
    return min(cost(command).seconds for _ in range(times))


def line(what: str, ours: str, plain: str, result: str, aim: str) -> None:
    """Print one comparison."""
    print(f"{what:<46}{ours:>12}{plain:>12}{result:>12}  {aim}", flush=True)
