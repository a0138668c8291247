"""What a run hands to the renderer, and the tables it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segkit.flow.folder import link
from segkit.flow.ledger import Part
from segkit.flow.plan import Plan
from segkit.store import Store

NOT_RECONCILED = "NOT RECONCILED"


def link_tables(store: Store, parts: Sequence[Part], folder: Path) -> dict[str, Path]:
    """Put the tables that the notebooks used into the run's folder, by name."""
    used = {name: made for part in parts for name, made in part["tables"].items()}
    for name, made in used.items():
        link(store.folder / made, folder / f"{name}.parquet")
    return {name: folder / f"{name}.parquet" for name in sorted(used)}


def render(
    plan: Plan,
    folder: Path,
    ledger: Mapping[str, Any],
    parts: Sequence[Part],
    tables: Mapping[str, Path],
    found: Sequence[str],
    status: str,
) -> None:
    """Make the pages of a run in `folder`."""
    from segkit import report

    plan.progress("report", "HTML, PDF and Excel")
    agreed = plan.engagement
    cover = report.Cover(
        client=agreed.client,
        title="",
        as_of=agreed.as_of,
        period=(agreed.window_start, agreed.as_of),
        consultant=agreed.consultant,
        language=agreed.language,
        status=status,
        notes=(),
    )
    notebooks = tuple(folder / "run" / "notebooks" / one.name for one in plan.notebooks)
    report.render(report.RunContents(cover, notebooks, ledger, parts, tables), folder, plan.jobs)
