"""A run small enough for a unit test: tiny notebooks, no client files, a page that is one line."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from segkit import flow, report
from segkit.flow import keys
from segkit.store import Store

PARAMETERS = 'engagement = ""  # file\nrun_folder = ""  # folder\noverrides = ""  # pairs'
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_KEEP = """
import json, os
from pathlib import Path
part = {{"notebook": {name!r}, "figures": {figures}, "identities": {identities}, "items": [],
        "tables": {{}}}}
Path(run_folder, "parts").mkdir(exist_ok=True)
Path(run_folder, "parts", {name!r} + ".json").write_text(json.dumps(part))
"""


def figure(value, unit="PLN"):
    return {"value": value, "unit": unit, "period": "p", "n": None, "low": None, "high": None,
            "grade": "R", "source": []}  # fmt: skip


def notebook(folder, name, *cells, parameters=PARAMETERS, figures=None, identities=(), keeps=True):
    """Write a notebook whose cells are code, but for those that start with ``#``."""
    new = nbformat.v4
    made = new.new_notebook(metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    made.cells = [
        new.new_markdown_cell("# Question?", id="cell-00"),
        new.new_code_cell(parameters, id="cell-01", metadata={"tags": ["parameters"]}),
    ]
    keep = _KEEP.format(name=name, figures=figures or {}, identities=list(identities))
    for place, cell in enumerate([*cells, keep] if keeps else cells, start=2):
        kind = new.new_markdown_cell if cell.startswith("#") else new.new_code_cell
        made.cells.append(kind(cell, id=f"cell-{place:02d}"))
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, folder / f"{name}.ipynb")


class Client:
    """An engagement without files, a folder of notebooks, and a count of what was run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.notebooks, self.ran = folder, folder / "notebooks", []
        self.file = folder / "engagement.toml"
        self.agree()

    @property
    def report(self) -> Path:
        return self.folder / "reports" / "skovbaek-lodz" / "2026-03-31"

    def agree(self, *lines: str) -> None:
        told = ['client = "Skovbæk Łódź"', "as_of = 2026-03-31", *lines, "[sources]"]
        self.file.write_text("\n".join(told), "utf-8")

    def run(self, **given) -> Path:
        def progress(name, step):
            if step == flow.DONE:
                self.ran.append(name)

        self.ran.clear()
        return flow.run(self.file, notebooks=self.notebooks, progress=progress, **given)

    def ledger(self) -> dict:
        return json.loads((self.report / "run" / "ledger.json").read_text("utf-8"))


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setattr(
        flow, "open_store", lambda agreed: Store(tmp_path / ".store", agreed, (), lambda *_: "")
    )

    monkeypatch.setattr(flow, "make_sources", lambda *_: SimpleNamespace(warnings=()))
    monkeypatch.setattr(flow, "stopping", lambda *_: [])
    # others may edit the code while this runs
    monkeypatch.setattr(keys, "_code", lambda **_: "")

    def render(contents, out, jobs, also):
        (out / "index.html").write_text(f"{contents.cover.client} {contents.cover.status}")

    monkeypatch.setattr(report, "render", render)
    return Client(tmp_path)
