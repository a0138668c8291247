"""One notebook's part of a run: its tables, and the ledger of figures, findings and exhibits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segkit.engagement import Engagement
from segkit.errors import ReconciliationError
from segkit.exhibits import MIME, Exhibit, Finding, Item, Note, plain_text
from segkit.language import Message, in_client_words, listed, say, term
from segkit.store import Store
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    import pandas as pd

    from segkit.evidence import Grade


@dataclass(frozen=True)
class Figure:
    """A named number of the ledger.

    Attributes
    ----------
    value
        Money is a decimal in the engagement's currency.
    unit
        A currency code, ``share`` (0-1), ``days``, or a plural noun such as ``customers``.
    period
        ``2024-04-01/2026-03-31``: the first and the last day.
    n
        How many customers, lines or visits it rests on.
    source
        The tables it comes from.
    """

    id: str
    value: Any
    unit: str
    period: str
    n: int | None = None
    low: Any = None
    high: Any = None
    grade: Grade = "R"
    source: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The figure as the ledger holds it, without its id."""
        told = asdict(self)
        del told["id"]
        return {key: _number(value) for key, value in told.items()}


@dataclass(frozen=True)
class Identity:
    """Two sums that must be equal."""

    name: str
    left: Any
    right: Any

    @property
    def holds(self) -> bool:
        """Whether both sides are the same, to the minor unit."""
        return bool(self.left == self.right)

    def as_json(self) -> dict[str, Any]:
        """The identity as the ledger holds it."""
        return {
            "name": self.name,
            "left": _number(self.left),
            "right": _number(self.right),
            "holds": self.holds,
        }


class Workbook:
    """One notebook of one run.

    Parameters
    ----------
    notebook
        Its name without the ending, such as ``01-data-audit``.
    run_folder
        Where the run keeps this notebook's part of the ledger; None outside a run.
    """

    def __init__(
        self, notebook: str, engagement: Engagement, store: Store, run_folder: Path | None = None
    ) -> None:
        self.notebook = notebook
        self.engagement = engagement
        self.store = store
        self.run_folder = run_folder
        self.figures: dict[str, Figure] = {}
        self.identities: list[Identity] = []
        self.items: list[dict[str, Any]] = []
        self._exhibits = 0

    # --- tables ------------------------------------------------------------------------------

    def has(self, *names: str) -> bool:
        """Whether all of these tables can be made from what the client gave."""
        return all(self.store.has(name) for name in names)

    def table(self, name: str) -> pd.DataFrame:
        """The table of this run, made now if need be; amounts are minor units, dates datetime64."""
        return self.store.frame(name)

    def query(self, sql: str, *names: str, **others: Path) -> pd.DataFrame:
        """The rows of one SELECT over the tables `names`, and over `others` by their files."""
        from segkit.engine import Engine
        from segkit.store import as_frame

        with Engine() as engine:
            for name in names:
                engine.register(name, self.store.path(name))
            for name, path in others.items():
                engine.register(name, path)
            return as_frame(engine.query(sql))

    def money(self, minor: Any) -> Any:
        """Minor units (a number, or a column of them) in the engagement's currency.

        A number becomes an exact decimal, a column becomes floats for a chart or a sheet.
        """
        if hasattr(minor, "astype") and hasattr(minor, "__len__"):
            return minor.astype("float64") / self.engagement.minor_units
        return Decimal(int(minor)) / self.engagement.minor_units

    # --- periods -----------------------------------------------------------------------------

    @cached_property
    def window(self) -> str:
        """The window as ``first day/last day``."""
        first = self.engagement.window_start + timedelta(days=1)
        return f"{first.isoformat()}/{self.engagement.as_of.isoformat()}"

    @property
    def window_text(self) -> Message:
        """The window in words, for subtitles."""
        first = date.fromisoformat(self.window.split("/")[0])
        return say("{first} to {last}", first=first, last=self.engagement.as_of)

    @property
    def currency(self) -> str:
        """The engagement's currency code."""
        return self.engagement.currency

    # --- people ------------------------------------------------------------------------------

    def rep_names(self) -> dict[str, str]:
        """How each seller may be called on a page: a code, unless the engagement names them."""
        ids = self.query(
            "SELECT DISTINCT rep_id FROM order_lines WHERE rep_id IS NOT NULL ORDER BY 1",
            "order_lines",
        )["rep_id"].tolist()
        names: dict[str, str] = {}
        if self.has("reps"):
            reps = self.table("reps")
            names = dict(zip(reps["rep_id"], reps["name"], strict=True))
        ids = sorted({*ids, *names})
        if self.engagement.privacy.reps == "named" and self.engagement.privacy.basis:
            return {id: names.get(id, id) for id in ids}
        return {id: f"R{place:02d}" for place, id in enumerate(ids, start=1)}

    # --- the ledger --------------------------------------------------------------------------

    def figure(
        self,
        id: str,
        value: Any,
        unit: str,
        *,
        period: str | None = None,
        n: int | None = None,
        low: Any = None,
        high: Any = None,
        grade: Grade = "R",
        source: Sequence[str] = (),
    ) -> Figure:
        """Record a named number; the same id twice must be the same number."""
        made = Figure(
            id, _exact(value), unit, period or self.window, None if n is None else int(n),
            _exact(low), _exact(high), grade, tuple(source),
        )  # fmt: skip
        before = self.figures.setdefault(id, made)
        if before.as_json() != made.as_json():
            raise ReconciliationError(
                f"Figure {id} is {before.value} at first and {made.value} later in "
                f"{self.notebook}.\nFix: this is a mistake in segkit; please report it."
            )
        return made

    def identity(self, name: str, left: Any, right: Any) -> Identity:
        """Record that two sums are equal; a run stops where they aren't."""
        made = Identity(name, _exact(left), _exact(right))
        self.identities.append(made)
        return made

    def show(self, *items: Item) -> None:
        """Put items on the page and into the ledger, in this order."""
        for item in items:
            self._show(item)

    def _show(self, item: Item) -> None:
        if isinstance(item, Exhibit):
            self._exhibits += 1
            item = replace(item, number=f"{int(self.notebook[:2])}.{self._exhibits}")
        payload = in_client_words(item.as_json(), self.engagement.own_words)
        if isinstance(item, Finding):
            self._check(item, payload)
        self.items.append(payload)
        _display(payload, draws=self.run_folder is None, language=self.engagement.language)

    def _check(self, item: Finding, payload: Mapping[str, Any]) -> None:
        unknown = [id for id in payload["figures"] if id not in self.figures]
        if unknown:
            raise ReconciliationError(
                f"Finding {item.id} speaks of figures that are not in the ledger: "
                f"{', '.join(unknown)}.\nFix: this is a mistake in segkit; please report it."
            )

    def without(self, *names: str) -> None:
        """Say in one sentence which tables are missing and what they would add."""
        missing = [name for name in names if not self.store.has(name)]
        adds = dict.fromkeys(CONTRACTS[name].adds for name in missing)
        self.show(
            Note(
                say(
                    "Not given: {tables}. This section would then show: {adds}.",
                    tables=listed(map(term, missing)),
                    adds=listed(adds),
                ),
                "missing",
            )
        )

    def finish(self) -> None:
        """Write this notebook's part of the ledger; the last cell of every notebook."""
        if self.run_folder is None:
            return
        part = {
            "notebook": self.notebook,
            "figures": {id: figure.as_json() for id, figure in self.figures.items()},
            "identities": [identity.as_json() for identity in self.identities],
            "items": self.items,
            "tables": {name: str(path) for name, path in sorted(self.store.used.items())},
        }
        folder = self.run_folder / "parts"
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f".{self.notebook}.{os.getpid()}"
        beside.write_text(json.dumps(part, ensure_ascii=False, allow_nan=False), "utf-8")
        beside.replace(folder / f"{self.notebook}.json")


def _display(payload: dict[str, Any], *, draws: bool, language: str) -> None:
    """Emit a payload from a kernel: as data in a run, drawn as well in JupyterLab."""
    import sys

    if "ipykernel" not in sys.modules:
        return
    from IPython.display import publish_display_data

    bundle: dict[str, Any] = {MIME: payload, "text/plain": plain_text(payload, language)}
    if draws:
        from segkit.exhibits.html import alone

        bundle["text/html"] = alone(payload, language)
    publish_display_data(bundle)  # type: ignore[no-untyped-call]


def _exact(value: Any) -> Any:
    """NumPy scalars as Python's own; not-a-number as None."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def _number(value: Any) -> Any:
    """A value as JSON holds it: decimals as numbers, exact to six digits."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(round(value, 6))
    if isinstance(value, tuple):
        return list(value)
    return value
