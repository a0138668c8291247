"""From an engagement to its report: the notebooks run, their ledger joined, the pages made."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from segkit.engagement import read_engagement
from segkit.errors import EngagementError, RunError, nearest
from segkit.flow.controls import contents, gaps, in_words, make_sources
from segkit.flow.folder import MANIFEST, building
from segkit.flow.kernels import DONE, WARNING, Progress, check_parameters
from segkit.flow.keys import manifest
from segkit.flow.ledger import join
from segkit.flow.pages import NOT_RECONCILED, link_tables, render
from segkit.flow.plan import AUDIT, Plan, write
from segkit.flow.stages import run_notebooks
from segkit.language import Message, Value
from segkit.recipes import ROOT, find_engagement, open_store, reports_folder

__all__ = ["DONE", "WARNING", "Progress", "check", "freeze", "run"]


def run(
    engagement: str | Path,
    out: str | Path | None = None,
    *,
    notebook: str | None = None,
    overrides: Sequence[str] = (),
    jobs: int | None = None,
    fresh: bool = False,
    progress: Progress = lambda *_: None,
    notebooks: Path = ROOT / "notebooks",
) -> Path:
    """Run the notebooks on an engagement and make its report.

    Parameters
    ----------
    out
        The report's folder; left out, ``reports/<client>/<as-of>``.
    notebook
        Only this one, as a trial, in a folder of its own beside the report.
    overrides
        ``key=value`` pairs for a trial; the cover names them.
    jobs
        How many notebooks run at a time; left out, the cores, at most four.
    fresh
        Run everything anew, even where nothing changed.
    notebooks
        The folder of notebooks.

    Returns
    -------
    Path
        The report's ``index.html``.

    Raises
    ------
    SegkitError
        In a sentence, with its fix; the report that stood there is untouched.
    """
    file = find_engagement(engagement)
    agreed = read_engagement(file, tuple(overrides))
    place = Path(out) if out else reports_folder() / agreed.slug / agreed.as_of.isoformat()
    plan = Plan(
        file=(file / "engagement.toml" if file.is_dir() else file).resolve(),
        store=open_store(agreed),
        notebooks=_chosen(notebooks, notebook),
        out=place.absolute(),
        jobs=jobs or min(4, os.cpu_count() or 1),
        fresh=fresh,
        progress=progress,
    )
    if notebook:
        trial = plan.out.with_name(f"{plan.out.name}-{plan.notebooks[0].stem}")
        plan = replace(plan, out=trial, base=plan.out)
    if fresh or not _is_done(plan):
        _build(plan)
    return plan.out / "index.html"


def check(engagement: str | Path, progress: Progress = lambda *_: None) -> list[str]:
    """What the client's files hold, and the control totals they miss, line by line."""
    store = open_store(read_engagement(find_engagement(engagement)))
    return [*contents(make_sources(store, progress)), *map(str, map(in_words, gaps(store)))]


def freeze(engagement: str | Path, progress: Progress = lambda *_: None) -> Path:
    """Write the segments' definitions beside the engagement file, and say where."""
    from segkit.flow.frozen import write_definitions

    store = open_store(read_engagement(find_engagement(engagement)))
    make_sources(store, progress)
    return write_definitions(store)


def _chosen(folder: Path, name: str | None) -> tuple[Path, ...]:
    found = {one.stem: one for one in sorted(folder.glob("[0-9]*.ipynb"))}
    if not found:
        raise RunError(f"No notebooks in {folder}.\nFix: install segkit from its project.")
    if name is None:
        return tuple(found.values())
    if name.removesuffix(".ipynb") not in found:
        raise EngagementError(
            f"There is no notebook {name}.{nearest(name, found)}\n"
            f"Fix: --notebook takes one of {', '.join(found)}."
        )
    return (found[name.removesuffix(".ipynb")],)


def _is_done(plan: Plan) -> bool:
    """Whether the report stands there, made from exactly this."""
    if not all((plan.out / one).exists() for one in (MANIFEST, "index.html")):
        return False
    made = json.loads((plan.out / MANIFEST).read_text("utf-8"))
    return bool(made["key"] == plan.keys.of_run(plan.notebooks))


def _build(plan: Plan) -> None:
    check_parameters(plan.notebooks, ("engagement", "run_folder", "overrides"))
    asked = plan.notebooks
    with building(plan.out) as folder:
        checked = make_sources(plan.store, plan.progress)
        open_gaps = [in_words(gap) for gap in gaps(plan.store)]
        warnings = [
            *open_gaps,
            *(Message("{text}", {"text": Value(one)}) for one in checked.warnings),
        ]
        for warning in warnings:
            plan.progress(WARNING, str(warning))
        status = NOT_RECONCILED if open_gaps and not plan.engagement.accept_gap else ""
        if status:
            plan = _audit_only(plan, open_gaps[0])
        parts = run_notebooks(plan, folder / "run")
        ledger = join(parts, plan.engagement.language)
        write(folder / "run" / "ledger.json", ledger)
        tables = link_tables(plan.store, parts, folder / "run" / "tables")
        render(plan, folder, ledger, parts, tables, warnings, status)
        write(folder / MANIFEST, manifest(plan.keys, plan.store, asked, status))
    plan.progress("report", DONE)


def _audit_only(plan: Plan, gap: Message) -> Plan:
    audit = tuple(one for one in plan.notebooks if one.stem == AUDIT)
    if not audit:
        raise RunError(
            f"{gap}\nFix: settle it with the client, or let it stand with accept_gap in the "
            f"engagement file; until then only {AUDIT} can be run."
        )
    return replace(plan, notebooks=audit)
