"""All charts of a run, each drawn once, in as many processes as are given."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

_WORTH_A_POOL = 6  # fewer charts are drawn sooner than processes start


def draw_all(
    payloads: Iterable[Mapping[str, Any]], languages: Sequence[str], jobs: int = 1
) -> dict[str, dict[str, str]]:
    """By language the charts' drawings by exhibit id, the same whatever the number of processes."""
    charts = {p["id"]: p for p in payloads if p["type"] == "exhibit" and p["chart"]}
    wanted = [(language, id) for language in languages for id in charts]
    made: dict[str, dict[str, str]] = {language: {} for language in languages}
    if jobs <= 1 or len(wanted) < _WORTH_A_POOL:
        for language, id in wanted:
            made[language][id] = _draw(charts[id], language)
        return made
    with ProcessPoolExecutor(min(jobs, len(wanted)), mp_context=_processes()) as pool:
        # as text: a notebook's own kind of dict would make each process load nbformat
        texts = {id: json.dumps(payload) for id, payload in charts.items()}
        drawn = pool.map(_draw_text, [texts[id] for _, id in wanted], [one for one, _ in wanted])
        for (language, id), drawing in zip(wanted, drawn, strict=True):
            made[language][id] = drawing
    return made


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
