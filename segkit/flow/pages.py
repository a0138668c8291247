"""What a run hands to the renderer, and the tables it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segkit.flow.folder import link
from segkit.flow.ledger import Part
from segkit.flow.plan import Plan
from segkit.language import Message, say
from segkit.store import Store
from segkit.workbook import Workbook

NOT_RECONCILED = "NOT RECONCILED"
CHECKS_NOT_PASSED = "CHECKS NOT PASSED"
#: What the cover says of each.
_STATUS = {
    NOT_RECONCILED: say("NOT RECONCILED"),
    CHECKS_NOT_PASSED: say("CHECKS NOT PASSED"),
}


def warm_up() -> None:
    """Load what makes pages; there is time while the notebooks run."""
    from segkit.report import drawing, pages, paper, sheets  # noqa: F401

    drawing.prepare()


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
    warnings: Sequence[Message],
    made: Mapping[str, Any],
) -> None:
    """Make the pages of a run in `folder`; `warnings` and what was set stand on the cover."""
    from segkit import report

    plan.progress("report", "HTML, PDF and Excel")
    agreed = plan.engagement
    notes = [*warnings, *_said(plan)]
    title = say("Customer segments and sales effectiveness")
    status = _STATUS.get(made["status"])
    window = Workbook("", agreed, plan.store).window_text
    covers = [
        report.Cover(
            client=agreed.client,
            title=title.in_language(language),
            as_of=agreed.as_of,
            period=window.in_language(language),
            consultant=agreed.consultant,
            language=language,
            status=status.in_language(language) if status else None,
            notes=tuple(note.in_language(language) for note in notes),
            elsewhere=_elsewhere(language, agreed.languages),
            words=agreed.own_words,
        )
        for language in agreed.languages
    ]
    notebooks = tuple(folder / "run" / "notebooks" / one.name for one in plan.notebooks)
    contents = report.RunContents(covers[0], notebooks, ledger, tuple(parts), tables, made)
    report.render(contents, folder, plan.jobs, covers[1:])


def _elsewhere(here: str, languages: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Where the portals in the other languages lie, seen from the one in `here`."""
    first = languages[0]
    up = "" if here == first else "../"
    return tuple(
        (one, f"{up}index.html" if one == first else f"{up}{one}/index.html")
        for one in languages
        if one != here
    )


def _said(plan: Plan) -> list[Message]:
    """What a reader must know of how this run was set."""
    agreed = plan.engagement
    told = [say("A trial, with {setting}.", setting=one) for one in agreed.overrides]
    if agreed.accept_gap:
        told.append(
            say(
                "The gap to the client's own figure stands: {reason} ({owner}).",
                reason=agreed.accept_gap.reason,
                owner=agreed.accept_gap.owner,
            )
        )
    told += [
        say(
            "The check {check} would stop the analysis; it stands: {reason} ({owner}).",
            check=check,
            reason=limits.accept.reason,
            owner=limits.accept.owner,
        )
        for check, limits in agreed.checks.items()
        if limits.accept
    ]
    return told
