"""All charts of a run, each drawn once, in as many processes as are given."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

_WORTH_A_POOL = 6  # fewer charts are drawn sooner than processes start


def draw_all(payloads: Iterable[Mapping[str, Any]], language: str, jobs: int = 1) -> dict[str, str]:
    """The charts' drawings by exhibit id, the same whatever the number of processes."""
    charts = {p["id"]: p for p in payloads if p["type"] == "exhibit" and p["chart"]}
    if jobs <= 1 or len(charts) < _WORTH_A_POOL:
        return {id: _draw(payload, language) for id, payload in charts.items()}
    with ProcessPoolExecutor(min(jobs, len(charts)), mp_context=_processes()) as pool:
        # as text: a notebook's own kind of dict would make each process load nbformat
        texts = [json.dumps(payload) for payload in charts.values()]
        return dict(
            zip(charts, pool.map(partial(_draw_text, language=language), texts), strict=True)
        )


def prepare() -> None:
    """Start the process that the drawing ones are forked from, ahead of the first chart."""
    if sys.platform != "win32":
        from multiprocessing import forkserver

        _processes()
        forkserver.ensure_running()


def _draw(payload: Mapping[str, Any], language: str) -> str:
    from segkit.exhibits import charts

    return charts.svg(payload, language)


def _draw_text(payload: str, language: str) -> str:
    return _draw(json.loads(payload), language)


def _processes() -> Any:
    """Processes that import the drawing code once where the system can fork."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["segkit.exhibits.charts"])
    return context
