"""A run's notebooks as pages, PDFs, a workbook and exports, told from the same payloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    elsewhere
        The same report in other languages: each language and where its portal lies.
    words
        By language, the client's own word for each word of the contract.
    """

    client: str
    title: str
    as_of: date
    period: str
    consultant: str | None = None
    language: str = "en"
    status: str | None = None
    notes: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


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
    manifest
        What the run was made from: files by hash, settings, versions, seeds.
    """

    cover: Cover
    notebooks: tuple[Path, ...]
    ledger: Mapping[str, Any]
    parts: tuple[Mapping[str, Any], ...] | list[Mapping[str, Any]]
    tables: Mapping[str, Path]
    manifest: Mapping[str, Any] = field(default_factory=dict)


def render(run: RunContents, out: Path, jobs: int, also: Sequence[Cover] = ()) -> None:
    """Write ``index.html``, a page and a PDF a notebook, ``report.pdf``, the workbook and exports.

    Parameters
    ----------
    out
        The folder written into; made where it does not exist.
    also
        Covers in further languages: the whole report once more, in a folder of each language.
    jobs
        How many processes draw charts and threads set pages at once.
    """
    from concurrent.futures import ThreadPoolExecutor

    from segkit.report import drawing, pages, paper, sheets
    from segkit.report.notebook import read

    places = {run.cover.language: (run, out)}
    places |= {one.language: (replace(run, cover=one), out / one.language) for one in also}
    told = {language: [read(path, language) for path in run.notebooks] for language in places}
    payloads = [payload for chapter in told[run.cover.language] for payload in chapter.payloads]
    drawings = drawing.draw_all(payloads, list(places), jobs)
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        made = []
        for language, (one, folder) in places.items():
            folder.mkdir(parents=True, exist_ok=True)
            given = (one, told[language], drawings[language], folder)
            made += [pool.submit(job) for job in paper.jobs(*given)]
            pages.write(*given)
            sheets.write(one, folder)
        for job in made:
            job.result()
