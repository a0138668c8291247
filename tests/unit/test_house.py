"""The rules of the house: style, types, who may import whom, and one list of what is installed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
SPARK_LOCK = (ROOT / "requirements-spark.lock").read_text("utf-8")
LOCKED, LOCKED_FOR_SPARK = (
    set(re.findall(r"^([a-z0-9._-]+)==", lock, re.M)) for lock in (LOCK, SPARK_LOCK)
)


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["lint-imports"],
    ],
    ids=["ruff", "format", "mypy", "imports"],
)
def test_the_house_is_clean(command: list[str]) -> None:
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run(
        [str(tool), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", one)[0].lower().replace("_", "-") for one in requirements}


def test_every_dependency_is_in_the_lock() -> None:
    project = PROJECT["project"]
    extras = {name: _names(extra) for name, extra in project["optional-dependencies"].items()}
    assert extras.pop("spark") - LOCKED_FOR_SPARK == set()
    assert set().union(_names(project["dependencies"]), *extras.values()) - LOCKED == set()


def test_the_build_backend_is_in_the_lock() -> None:
    assert _names(PROJECT["build-system"]["requires"]) <= LOCKED


def test_at_most_twenty_four_direct_dependencies() -> None:
    assert len(PROJECT["project"]["dependencies"]) <= 24  # docs/adr/0006


@pytest.mark.parametrize("lock", [LOCK, SPARK_LOCK], ids=["all", "spark"])
def test_every_locked_package_has_a_hash_and_none_an_address(lock: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", lock, flags=re.M)[1:]
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in lock
    assert "index-url" not in lock


def test_what_spark_adds_replaces_nothing() -> None:
    assert LOCKED_FOR_SPARK.isdisjoint(LOCKED)


def test_the_lock_serves_linux_macos_and_windows() -> None:
    assert re.search(r"^pywinpty==.*win32|^colorama==.*win32", LOCK, re.M)
    assert re.search(r"^appnope==.*darwin", LOCK, re.M)


def test_the_conda_environment_installs_the_same_lock_and_the_same_python() -> None:
    conda = (ROOT / "environment.yml").read_text("utf-8")
    assert f"python{PROJECT['project']['requires-python']}" in conda
    listed = re.findall(r"^\s+- (.+)$", conda, re.M)
    assert listed == ["conda-forge", "python>=3.11", "pip", "pip:", "-r requirements.lock"]


def test_the_readme_gives_the_commands_that_the_makefile_runs() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for command in ("make demo", "make test"):
        assert command in readme
        assert f"\n{command.removeprefix('make ')}:" in makefile
    assert "pip install --no-deps --no-build-isolation -e ." in readme
    assert "pip install --require-hashes -r requirements.lock" in readme


def test_continuous_integration_calls_the_readmes_test_command_last() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert script.strip().splitlines()[-2:] == ["make test-spark", "make test"]


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_machine_path_and_no_data_set_is_committed() -> None:
    forbidden = re.compile("/" + r"(work|root|home)/|\." + "library/|python" + "hosted")
    told = []
    for path in _tracked():
        if not path.exists():
            continue
        assert path.stat().st_size < 1_500_000, path
        if path.suffix in {".py", ".md", ".toml", ".yml", ".ipynb", ".lock", ".css", ".j2", ".typ"}:
            told += [path.name for _ in forbidden.finditer(path.read_text("utf-8"))]
    assert told == []
    assert [path.name for path in _tracked() if path.suffix in {".parquet", ".csv", ".xlsx"}] == []
