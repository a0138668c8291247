"""What a run was made from, as hashes: the same key means the same report."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from segkit import __version__
from segkit.engagement import Engagement
from segkit.evidence import SEED
from segkit.frozen import FILE
from segkit.store import PACKAGE, Store, file_digest

_LIBRARIES = (
    "duckdb", "matplotlib", "nbconvert", "numpy", "pandas", "papermill", "pyarrow",
    "scikit-learn", "scipy", "seaborn", "typst", "xlsxwriter",
)  # fmt: skip
#: Of the engagement: files and what is read from them, the client's words, and the register.
_TOLD_ELSEWHERE = {
    "data", "sources", "raw", "words", "assumptions", "overrides", "segment_rules", "frozen",
}  # fmt: skip
#: What a notebook's numbers do not depend on.
_PAGES_ONLY = ("report", "demo", "flow", "locale", "cli.py", "__main__.py")


@dataclass(frozen=True)
class Keys:
    """The hashes of one run's inputs.

    Attributes
    ----------
    inputs
        Per source, the hash of the client files behind it.
    """

    engagement: Engagement
    inputs: dict[str, str]

    @cached_property
    def _given(self) -> str:
        return _hash(
            self.engagement.model_dump(mode="json"), self.inputs, versions(), _code(pages=False)
        )

    def of_notebook(self, notebook: Path, *reads: str) -> str:
        """Changes when the notebook, or anything its numbers depend on, changes."""
        return _hash(self._given, notebook.name, _digest([notebook]), reads)

    def of_run(self, notebooks: Iterable[Path], then: str = "") -> str:
        """Changes when anything on the pages may change; `then` is what it is compared with."""
        said = [one.as_json() for one in self.engagement.not_yet]  # it stands on the cover
        return _hash([self.of_notebook(one) for one in notebooks], then, said, _code(pages=True))


def versions() -> dict[str, str]:
    """The versions of Python, segkit and the libraries that make numbers and pages."""
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), "segkit": __version__, **libraries}


def manifest(
    keys: Keys, store: Store, notebooks: Iterable[Path], status: str, then: str = ""
) -> dict[str, Any]:
    """The run's manifest: nothing of this machine and no time of day."""
    agreed = keys.engagement
    notebooks = list(notebooks)
    return {
        "key": keys.of_run(notebooks, then),
        "client": agreed.client,
        "as_of": agreed.as_of.isoformat(),
        "status": status,
        "notebooks": {one.stem: _digest([one]) for one in notebooks},
        "parameters": {"overrides": list(agreed.overrides)},
        "agreed": dict(_settings(agreed.model_dump(mode="json", exclude=_TOLD_ELSEWHERE))),
        "engagement": _hash(agreed.model_dump(mode="json")),
        "code": _code(pages=True),
        "versions": versions(),
        "seeds": {"numpy": SEED},
        "frozen": file_digest(agreed.folder / FILE) if agreed.frozen else None,
        "inputs": {name: _inputs(name, store) for name in keys.inputs},
    }


def _settings(told: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted key; a list of sections by the place of each."""
    for key, value in told.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{above}{key}.")
        elif value not in (None, [], ()):
            yield f"{above}{key}", value


def _inputs(name: str, store: Store) -> list[dict[str, Any]]:
    """The client files behind one table; the rows of a SELECT over several belong to none."""
    from segkit.sources.files import behind, files_of

    counts = store.frame(f"{name}_counts")
    rows = counts.set_index("file")
    of = {"rows": "rows_read", "accepted": "rows_accepted", "quarantined": "rows_quarantined"}
    return [
        {
            "file": one.label,
            "sha256": file_digest(one.path),
            **{key: _whole(rows[column].get(one.label)) for key, column in of.items()},
        }
        for where, source in behind(store.engagement, name).items()
        for one in files_of(store.engagement, where, source)
    ]


def _whole(count: Any) -> int | None:
    return None if count is None else int(count)


def _code(*, pages: bool) -> str:
    """The hash of the code: all of it and the templates, or only what makes numbers."""
    files = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".mo", ".po")]
    if pages:
        files += [path for path in (PACKAGE.parent / "templates").rglob("*") if path.is_file()]
    else:
        files = [path for path in files if path.relative_to(PACKAGE).parts[0] not in _PAGES_ONLY]
    return _digest(sorted(files))


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _hash(*told: Any) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
