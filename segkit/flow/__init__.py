"""From an engagement to its report: the notebooks run, their ledger joined, the pages made."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from segkit.audit.checks import stopping
from segkit.engagement import read_engagement, slug_of
from segkit.errors import EngagementError, RunError, nearest
from segkit.flow.checked import report
from segkit.flow.controls import gaps, in_words, make_sources
from segkit.flow.folder import MANIFEST, building
from segkit.flow.kernels import DONE, WARNING, Progress, check_parameters
from segkit.flow.keys import manifest
from segkit.flow.ledger import join
from segkit.flow.pages import CHECKS_NOT_PASSED, NOT_RECONCILED, link_tables, render
from segkit.flow.plan import AUDIT, CHANGES, Plan, write
from segkit.flow.stages import run_notebooks
from segkit.frozen import FILE
from segkit.language import Message
from segkit.recipes import ROOT, find_engagement, open_store, reports_folder

__all__ = ["DONE", "WARNING", "Progress", "check", "freeze", "run"]


def run(
    engagement: str | Path,
    out: str | Path | None = None,
    *,
    notebook: str | None = None,
    against: str | None = None,
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
    against
        An earlier report to compare with: its folder, or its name beside this one.
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
        notebooks=_chosen(notebooks, notebook, compares=against is not None),
        out=place.absolute(),
        jobs=jobs or min(4, os.cpu_count() or 1),
        fresh=fresh,
        progress=progress,
        against=_earlier(against, agreed.slug, place) if against else None,
    )
    if notebook:
        trial = plan.out.with_name(f"{plan.out.name}-{plan.notebooks[0].stem}")
        plan = replace(plan, out=trial, base=plan.out)
    if fresh or not _is_done(plan):
        _build(plan)
    return plan.out / "index.html"


def check(engagement: str | Path, progress: Progress = lambda *_: None) -> list[str]:
    """What the client's files hold, what they can answer and must match, line by line."""
    store = open_store(read_engagement(find_engagement(engagement)))
    return [*report(store, make_sources(store, progress))]


def freeze(
    engagement: str | Path, progress: Progress = lambda *_: None, *, refit: bool = False
) -> Path:
    """Write the segments' definitions beside the engagement file, and say where."""
    from segkit.flow.frozen import write_definitions

    overrides = ("segmentation.refit=true",) if refit else ()
    agreed = read_engagement(find_engagement(engagement), overrides)
    if agreed.frozen and not agreed.segmentation.refit:
        raise EngagementError(
            f"{FILE} is there already, frozen as of {agreed.frozen.as_of}.\n"
            "Fix: find segments anew, with ids kept where they match, by: "
            "segkit freeze --refit ENGAGEMENT"
        )
    store = open_store(agreed)
    make_sources(store, progress)
    return write_definitions(store)


def _earlier(name: str, slug: str, place: Path) -> Path:
    """The ``run`` folder of the report called `name`, which must be whole and of this client."""
    named = [one for one in (place.parent / name, Path(name)) if (one / MANIFEST).is_file()]
    if not named:
        beside = sorted(one.parent.parent.name for one in place.parent.glob(f"*/{MANIFEST}"))
        raise EngagementError(
            f"There is no finished report {name} to compare with.{nearest(name, beside)}\n"
            f"Fix: --against takes a report's folder, or one of {', '.join(beside) or 'none yet'}."
        )
    told = json.loads((named[0] / MANIFEST).read_text("utf-8"))
    if slug_of(told["client"]) != slug:
        raise EngagementError(
            f"The report {name} is of another client, {told['client']}.\n"
            "Fix: compare with an earlier report of the same client."
        )
    if named[0].resolve() == place.resolve():
        raise EngagementError(
            f"The report {name} is the one that is being made.\n"
            "Fix: compare with an earlier one, or send this run elsewhere with --out."
        )
    return (named[0] / MANIFEST).parent.absolute()


def _chosen(folder: Path, name: str | None, *, compares: bool) -> tuple[Path, ...]:
    found = {one.stem: one for one in sorted(folder.glob("[0-9]*.ipynb"))}
    if not compares:
        found.pop(CHANGES, None)
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
    return bool(made["key"] == plan.keys.of_run(plan.notebooks, plan.then))


def _build(plan: Plan) -> None:
    for one in plan.notebooks:
        against = ("against",) if one.stem == CHANGES else ()
        check_parameters([one], ("engagement", "run_folder", "overrides", *against))
    asked = plan.notebooks
    with building(plan.out) as folder:
        checked = make_sources(plan.store, plan.progress)
        open_gaps = [in_words(gap) for gap in gaps(plan.store)]
        stopped = stopping(plan.store)
        warnings = [*open_gaps, *stopped, *checked.warnings]
        for warning in warnings:
            plan.progress(WARNING, str(warning))
        status = CHECKS_NOT_PASSED if stopped else ""
        status = NOT_RECONCILED if open_gaps and not plan.engagement.accept_gap else status
        if status:
            plan = _audit_only(plan, status, warnings[0])
        parts = run_notebooks(plan, folder / "run")
        ledger = join(parts, plan.engagement.language)
        write(folder / "run" / "ledger.json", ledger)
        tables = link_tables(plan.store, parts, folder / "run" / "tables")
        made = manifest(plan.keys, plan.store, asked, status, plan.then)
        render(plan, folder, ledger, parts, tables, warnings, made)
        write(folder / MANIFEST, made)
    plan.progress("report", DONE)


def _audit_only(plan: Plan, status: str, why: Message) -> Plan:
    audit = tuple(one for one in plan.notebooks if one.stem == AUDIT)
    if not audit:
        accepts = "accept_gap" if status == NOT_RECONCILED else "accept in the check's section"
        raise RunError(
            f"{why}\nFix: settle it with the client, or let it stand with {accepts} in the "
            f"engagement file; until then only {AUDIT} can be run."
        )
    return replace(plan, notebooks=audit)
