"""A run's notebooks as pages, PDFs, a workbook and exports, told from the same payloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cover:
    """What stands on every cover and in every margin.

    Attributes
    ----------
    period
        The window in words.
    status
        A word that must not be overlooked, such as ``NOT RECONCILED``.
    notes
        Trial overrides, an accepted gap: what a reader must know before the numbers.
    """

    client: str
    title: str
    as_of: date
    period: str
    consultant: str | None = None
    language: str = "en"
    status: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunContents:
    """What a finished run holds.

    Attributes
    ----------
    notebooks
        Executed notebooks in reading order, ``00-summary`` first.
    ledger
        The run's ledger: figures, findings (ranked), exhibits, identities.
    parts
        Each notebook's part, with its ``items`` as payloads.
    tables
        Parquet files by table name.
    """

    cover: Cover
    notebooks: tuple[Path, ...]
    ledger: Mapping[str, Any]
    parts: tuple[Mapping[str, Any], ...] | list[Mapping[str, Any]]
    tables: Mapping[str, Path]


def render(run: RunContents, out: Path, jobs: int) -> None:
    """Write ``index.html``, a page and a PDF a notebook, ``report.pdf``, the workbook and exports.

    Parameters
    ----------
    out
        The folder written into; made where it does not exist.
    jobs
        How many processes draw charts and threads set pages at once.
    """
    from concurrent.futures import ThreadPoolExecutor

    from segkit.report import drawing, pages, paper, sheets
    from segkit.report.notebook import read

    out.mkdir(parents=True, exist_ok=True)
    chapters = [read(path, run.cover.language) for path in run.notebooks]
    payloads = [payload for chapter in chapters for payload in chapter.payloads]
    drawings = drawing.draw_all(payloads, run.cover.language, jobs)
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        made = [pool.submit(job) for job in paper.jobs(run, chapters, drawings, out)]
        pages.write(run, chapters, drawings, out)
        sheets.write(run, out)
        for one in made:
            one.result()
