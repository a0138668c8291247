"""The notebooks of one run: those whose inputs changed are run, the others kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from segkit.errors import RunError
from segkit.flow.kernels import execute
from segkit.flow.ledger import Part, as_text, join, read_part
from segkit.flow.pages import warm_up
from segkit.flow.plan import CHANGES, SUMMARY, Plan, write


def run_notebooks(plan: Plan, run_folder: Path) -> list[Part]:
    """Every notebook's part in order; the summary and what changed read the others' ledger."""
    readers = [one for one in plan.notebooks if one.stem in (SUMMARY, CHANGES)]
    stages = [one for one in plan.notebooks if one not in readers]
    parts = _run(plan, stages, run_folder)
    if not readers:
        return parts
    if plan.base and not stages:
        parts = _finished_parts(plan.base)
    ledger = join(parts, plan.engagement.language)
    write(run_folder / "ledger.json", ledger)
    told = as_text(ledger)
    summary = _run(plan, [one for one in readers if one.stem == SUMMARY], run_folder, told)
    if plan.against is None:
        return [*summary, *parts]
    compares = [one for one in readers if one.stem == CHANGES]
    changes = _run(plan, compares, run_folder, told, plan.then, against=str(plan.against))
    return [*summary, *parts, *changes]


def _run(
    plan: Plan, notebooks: Sequence[Path], run_folder: Path, *reads: str, **more: str
) -> list[Part]:
    keys = {one: plan.keys.of_notebook(one, *reads) for one in notebooks}
    changed = [one for one in notebooks if not _is_kept(plan, one.stem, keys[one], run_folder)]
    for one in changed:
        _part_path(run_folder, one.stem).unlink(missing_ok=True)
    parameters = {
        "engagement": str(plan.file),
        "run_folder": str(run_folder),
        "overrides": "\n".join(plan.engagement.overrides),
        **more,
    }

    def finished(notebook: Path) -> None:
        _sign(_part_path(run_folder, notebook.stem), keys[notebook])

    execute(
        changed, run_folder / "notebooks", parameters, plan.jobs, plan.progress, finished, warm_up
    )
    return [read_part(_part_path(run_folder, one.stem)) for one in notebooks]


def _is_kept(plan: Plan, name: str, key: str, run_folder: Path) -> bool:
    """Whether this run, stopped before, or the last good one holds the notebook's result."""
    if plan.fresh:
        return False
    for held in (run_folder, plan.out / "run"):
        notebook, path = Path("notebooks", f"{name}.ipynb"), Path("parts", f"{name}.json")
        if (held / notebook).exists() and _is_signed(held / path, key, plan.store.folder):
            for one in (notebook, path) if held != run_folder else ():
                (run_folder / one).parent.mkdir(exist_ok=True)
                shutil.copyfile(held / one, run_folder / one)
            return True
    return False


def _is_signed(path: Path, key: str, store: Path) -> bool:
    if not path.exists():
        return False
    part = json.loads(path.read_text("utf-8"))
    return part.get("key") == key and all((store / one).exists() for one in part["tables"].values())


def _sign(path: Path, key: str) -> None:
    """Give a finished part its key, and name its tables without this machine's paths."""
    if not path.exists():
        raise RunError(
            f"{path.stem} ran to its end but left nothing for the ledger.\n"
            "Fix: end the notebook with book.finish()."
        )
    part = read_part(path)
    tables = {name: Path(made).name for name, made in part["tables"].items()}
    write(path, {**part, "tables": tables, "key": key})


def _finished_parts(report: Path) -> list[Part]:
    paths = sorted((report / "run" / "parts").glob("*.json"))
    if not paths:
        raise RunError(
            f"{SUMMARY} reads the ledger of a finished run, and there is none in {report}.\n"
            "Fix: run all notebooks first: the same command without --notebook."
        )
    return [read_part(path) for path in paths if path.stem not in (SUMMARY, CHANGES)]


def _part_path(run_folder: Path, name: str) -> Path:
    return run_folder / "parts" / f"{name}.json"
