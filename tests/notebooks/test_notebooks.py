"""Every notebook is thin and committed clean, and runs alone on the demo by its own parameters."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock

from segkit import demo
from segkit.errors import SourceError

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PARAMETERS = (
    'engagement = "engagements/demo/engagement.toml"  # the engagement file\n'
    'run_folder = ""  # the run\'s folder; empty in JupyterLab\n'
    'overrides = ""  # key=value pairs, one a line, for a trial'
)
AGAINST = '\nagainst = ""  # the run folder of the earlier report'
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


@pytest.fixture(scope="session")
def demo_client(tmp_path_factory: pytest.TempPathFactory) -> None:
    with FileLock(tmp_path_factory.getbasetemp().parent / "demo.lock"):
        if not (ROOT / "engagements" / "demo" / "extracts").is_dir():
            demo.write(ROOT / "engagements" / "demo")


def test_every_question_is_there():
    assert [path.stem for path in NOTEBOOKS] == [
        "00-summary",
        "01-data-audit",
        "02-behavioural-segmentation",
        "03-route-to-market",
        "04-kpi-design",
        "09-assumptions",
        "90-what-changed",
    ]


@each_notebook
def test_it_is_committed_without_outputs_and_with_its_kernel(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info.name == "python"
    assert [cell.id for cell in code(path) if cell.outputs or cell.execution_count] == []
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


@each_notebook
def test_it_asks_a_question_and_ends_with_its_book(path):
    cells = read(path).cells
    assert re.fullmatch(r"# [^\d\n]+\?", cells[0].source.splitlines()[0])
    more = AGAINST if path.stem == "90-what-changed" else ""
    assert code(path)[0].source == PARAMETERS + more
    assert code(path)[0].metadata.tags == ["parameters"]
    assert code(path)[-1].source == "book.finish()"
    assert (
        f'segkit.open_book("{path.stem}", engagement, run_folder, overrides)'
        in code(path)[1].source
    )


@each_notebook
def test_it_is_thin(path):
    for cell in code(path):
        assert len(cell.source.splitlines()) <= 5, cell.id
        defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, defined)]


@each_notebook
def test_no_number_is_typed_into_its_prose(path):
    prose = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    assert [text for text in prose if re.search(r"\d", text)] == []


@each_notebook
def test_it_runs_alone_by_its_own_parameters(path, demo_client, tmp_path_factory):
    reports = tmp_path_factory.getbasetemp().parent / "alone"
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env",
         "-p", "no:xdist", "-W", "default", str(path)],
        cwd=ROOT, env={**os.environ, "SEGKIT_REPORTS": str(reports), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-3000:]
    assert f"{len(code(path))} passed" in told.stdout


# the summary reads a finished run, and what changed an earlier one
@pytest.mark.parametrize("path", NOTEBOOKS[1:-1], ids=lambda path: path.stem)
def test_without_the_extracts_it_says_how_to_get_them(path, tmp_path, monkeypatch):
    (tmp_path / "demo").mkdir()
    shutil.copy(ROOT / "engagements" / "demo" / "engagement.toml", tmp_path / "demo")
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    names = {}
    with pytest.raises(SourceError) as said:
        for cell in code(path):
            exec(cell.source.replace("engagements/demo", str(tmp_path / "demo")), names)
    assert re.fullmatch(
        r"sources\.\w+ reads extracts/\S+, but there is no such file in the engagement's folder or "
        r"\[data\] root\.\nFix: write the demo's files with: segkit demo",
        str(said.value),
    )
