"""What a check is, and how one recipe makes the results and the failing rows of all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from segkit.engagement import CheckLimits, Engagement
from segkit.engine import quoted
from segkit.errors import EngagementError, nearest
from segkit.language import Message, as_value, say, share
from segkit.store import Given, Sql

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["stops", "accepted", "changes", "note", "passes", "missing"]
#: The order in which results are told.
SEVERITIES: tuple[Severity, ...] = ("stops", "accepted", "changes", "note", "passes", "missing")
#: Rows and money that most checks are about: the lines and the net revenue of the window.
LINES = "SELECT COUNT(*) AS of_rows, SUM(net_amount) AS of_money FROM window_lines"

_NO_LINES = say("order lines in the window")


@dataclass(frozen=True)
class Scalar:
    """A number that a sentence names: its unit (``money`` is minor units) and one SELECT."""

    unit: str
    sql: str


@dataclass(frozen=True)
class Check:
    """One question to the records, the rows that fail it, and what that does to later results.

    Every SQL text may use the tables in `needs`, ``order_lines``, ``customers``, ``products``,
    ``window_lines`` (accepted lines of the window), ``failed_<id>`` (its own failing rows) and the
    words ``{start}`` (the last day before the window) and ``{as_of}``.

    Attributes
    ----------
    asks
        What it looks for, as a heading: ``Order lines without a customer``.
    failing
        One SELECT, or a function of a `Given`, that gives the failing rows with ``money``, what
        each touches in minor units. They are kept with most money first, then by every column.
    about
        One row: ``of_rows`` and ``of_money``, all that the check looks at. No rows: it cannot run.
    claim
        What is said when it matters; may name {n} {money} {share} {effect} and those of `more`.
    touches
        Which later result it touches and by how much; may name the same.
    effect
        That change, in the later result's own unit.
    lacks
        What would have to be given when `about` has no rows.
    changes, stops
        From which share of the money (or rows, see `by`) on it changes a number, or stops.
    """

    id: str
    asks: Message
    failing: str | Callable[[Given], pd.DataFrame]
    claim: Message
    touches: Message
    effect: Scalar
    action: Message
    owner: Message
    about: str = LINES
    needs: tuple[str, ...] = ()
    lacks: Message = _NO_LINES
    more: Mapping[str, Scalar] = field(default_factory=dict)
    by: Literal["money", "rows"] = "money"
    changes: Decimal = Decimal("0.001")
    stops: Decimal | None = None

    @property
    def failed(self) -> str:
        """The table of its failing rows."""
        return f"failed_{self.id}"

    def limits(self, agreed: Mapping[str, CheckLimits]) -> tuple[Decimal, Decimal | None]:
        """From which share on it changes a number and stops, as agreed with the client."""
        ours = agreed.get(self.id, CheckLimits())
        return (
            self.changes if ours.changes is None else ours.changes,
            self.stops if ours.stops is None else ours.stops,
        )


def known(agreed: Mapping[str, CheckLimits], checks: Sequence[Check]) -> None:
    """Refuse limits of a check that there is not."""
    ids = [check.id for check in checks]
    for id in agreed:
        if id not in ids:
            raise EngagementError(
                f"engagement.toml sets checks.{id}, which is no check.{nearest(id, ids)}\n"
                "Fix: correct the id; docs/engagement.md lists the checks."
            )


def run(given: Given, checks: Sequence[Check]) -> dict[str, Any]:
    """Run the checks.

    Returns
    -------
    dict
        ``check_results`` one row per check; ``check_figures`` one row per number its sentences
        name (money in minor units); ``failed_<id>`` the failing rows of each, most money first.
    """
    import pandas as pd

    known(given.engagement.checks, checks)
    given.engine.define("window_lines", "SELECT * FROM order_lines WHERE period = 'in_window'")
    totals: dict[str, tuple[int, int]] = {}
    results, figures, made = [], [], {}
    for check in checks:
        result, told = _run(given, check, totals)
        results.append(result)
        figures += told
        made[check.failed] = _failing_rows(given, check, result["severity"])
    kinds = {"money": "int64", "of_money": "int64", "rows": "int64", "of_rows": "int64"}
    return {
        "check_results": pd.DataFrame(results).astype({**kinds, "effect": "float64"}),
        "check_figures": pd.DataFrame(
            figures, columns=["check_id", "name", "unit", "value"]
        ).astype({"value": "float64"}),
        **made,
    }


def _run(
    given: Given, check: Check, totals: dict[str, tuple[int, int]]
) -> tuple[dict[str, Any], list[tuple[str, str, str, Any]]]:
    lacking = [name for name in check.needs if not given.has(name)]
    of_rows, of_money = (0, 0) if lacking else _about(given, check, totals)
    if not of_rows:
        return _result(check, "missing", missing=",".join(lacking)), []
    if callable(check.failing):
        given.engine.keep(check.failed, check.failing(given))
    else:
        given.engine.keep(check.failed, _filled(given, check.failing))
    rows, money = _one(given, f"SELECT COUNT(*), SUM(money) FROM {quoted(check.failed)}")
    part = Decimal(abs(money)) / abs(of_money) if check.by == "money" and of_money else None
    part = Decimal(rows) / of_rows if part is None else part
    severity = judged(rows, part, check, given.engagement.checks)
    scalars = {"effect": check.effect, **check.more} if rows else {}
    told = [
        (check.id, name, scalar.unit, _one(given, _filled(given, scalar.sql))[0])
        for name, scalar in scalars.items()
    ]
    more = {"rows": rows, "of_rows": of_rows, "money": money, "of_money": of_money}
    effect = told[0][3] if told else None
    return _result(check, severity, share=float(part), effect=effect, **more), told


def judged(rows: int, part: Decimal, check: Check, agreed: Mapping[str, CheckLimits]) -> Severity:
    """How much `rows` failing rows weigh that are `part` of what the check is about."""
    changes, stops = check.limits(agreed)
    if not rows:
        return "passes"
    if stops is not None and part >= stops:
        return "accepted" if agreed.get(check.id, CheckLimits()).accept else "stops"
    return "changes" if part >= changes else "note"


def _result(check: Check, severity: Severity, **more: Any) -> dict[str, Any]:
    return {
        "check_id": check.id, "severity": severity, "rows": 0, "of_rows": 0, "money": 0,
        "of_money": 0, "share": 0.0, "effect": None, "effect_unit": check.effect.unit,
        "missing": "", **more,
    }  # fmt: skip


def _about(given: Given, check: Check, totals: dict[str, tuple[int, int]]) -> tuple[int, int]:
    if check.about not in totals:
        rows, money = _one(given, _filled(given, check.about))
        totals[check.about] = rows, money
    return totals[check.about]


def _one(given: Given, sql: str) -> tuple[Any, ...]:
    """The numbers of the one row that `sql` gives; nothing is nothing."""
    row = given.arrow(sql).to_pylist()[0]
    return tuple(
        int(value) if isinstance(value, Decimal) else 0 if value is None else value
        for value in row.values()
    )


def _filled(given: Given, sql: str) -> str:
    agreed = given.engagement
    return sql.replace("{start}", f"DATE '{agreed.window_start}'").replace(
        "{as_of}", f"DATE '{agreed.as_of}'"
    )


def _failing_rows(given: Given, check: Check, severity: Severity) -> Sql:
    if severity == "missing":
        return Sql("SELECT CAST(NULL AS BIGINT) AS money WHERE false")
    failed = quoted(check.failed)
    names = given.arrow(f"SELECT * FROM {failed} LIMIT 0").column_names
    order = ", ".join(f"{quoted(name)} NULLS LAST" for name in names)
    return Sql(f"SELECT * FROM {failed} ORDER BY abs(money) DESC NULLS LAST, {order}")


# --- what is said -------------------------------------------------------------------------------


def worded(template: Message, values: Mapping[str, Any]) -> Message:
    """The sentence with those of the `values` that it names."""
    text = template.text + (template.plural or "")
    named = {name: as_value(value) for name, value in values.items() if f"{{{name}}}" in text}
    return replace(template, args=named)


def stopping(
    engagement: Engagement, results: pd.DataFrame, checks: Collection[Check]
) -> list[Message]:
    """A sentence for each check that stops the run."""
    stopped = results[results["severity"] == "stops"].set_index("check_id")["share"]
    return [
        say(
            "{check}: {share} of what is checked, where {agreed} stops the run.",
            check=check.asks,
            share=share(stopped[check.id]),
            agreed=share(float(check.limits(engagement.checks)[1] or 0)),
        )
        for check in checks
        if check.id in stopped
    ]
