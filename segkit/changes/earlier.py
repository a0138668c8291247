"""The run that this one is compared with: its tables and its ledger, as they were kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segkit.exhibits import Note
from segkit.language import say

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook


@dataclass(frozen=True)
class Earlier:
    """An earlier run beside this one.

    Attributes
    ----------
    folder
        The earlier run's ``run`` folder.
    ledger
        This run's ledger, of all notebooks but this one and the summary.
    """

    book: Workbook
    folder: Path
    ledger: Mapping[str, Any]

    @cached_property
    def then(self) -> dict[str, Any]:
        """The earlier run's ledger."""
        return _read(self.folder / "ledger.json")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the earlier run was made from."""
        return _read(self.folder / "manifest.json")

    @property
    def as_of(self) -> date:
        """The day the earlier run looked back from."""
        return date.fromisoformat(self.manifest["as_of"])

    def has(self, name: str) -> bool:
        """Whether both runs have the table `name`."""
        return self.book.has(name) and self._path(name).is_file()

    def query(self, sql: str, *names: str) -> pd.DataFrame:
        """One SELECT over tables of both runs: ``name`` is now, ``then_name`` was then."""
        then = {f"then_{name}": self._path(name) for name in names}
        return self.book.query(sql, *names, **then)

    def _path(self, name: str) -> Path:
        return self.folder / "tables" / f"{name}.parquet"


def earlier(book: Workbook, against: str) -> Earlier | None:
    """The run named with ``--against``, or a sentence on the page and nothing."""
    if not against or book.run_folder is None:
        book.show(
            Note(
                say(
                    "No earlier run is named here. Compare with one by: {command}",
                    command="segkit run … --against RUN",
                )
            )
        )
        return None
    return Earlier(book, Path(against), _read(book.run_folder / "ledger.json"))


def _read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return told
