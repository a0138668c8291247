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

#: One SELECT, or a function that gives one, or a data frame.
Asked = str | Callable[[Given], Any]
_NO_LINES = say("order lines in the window")


@dataclass(frozen=True)
class Scalar:
    """A number that a sentence names: its unit (``money`` is minor units) and one SELECT."""

    unit: str
    sql: str


@dataclass(frozen=True)
class Check:
    """One question to the records, the rows that fail it, and what that does to later results.

    Every SQL text may use the tables in `needs`, those in `may_use` that were given,
    ``order_lines``, ``customers``, ``products``, ``window_lines`` (accepted lines of the window),
    ``failed_<id>`` (its own failing rows) and the words ``{start}`` (the last day before the
    window), ``{as_of}`` and ``{minor_units}``.

    Attributes
    ----------
    asks
        What it looks for, as a heading: ``Order lines without a customer``.
    touched
        The later result it touches, in a few words: ``net revenue``.
    failing
        One SELECT, or a function of a `Given` that gives one or a data frame: the failing rows
        with ``money``, what each touches in minor units. They are kept with most money first, then
        by every column.
    about
        One row: ``of_rows`` and ``of_money``, all that the check looks at. No rows: it cannot run.
    claim
        What is said when it matters; may name {n} {money} {share} {effect} and those of `more`.
    touches
        The sentence: which later result it touches and by how much; may name the same.
    without_money
        The same where no money hangs on the rows.
    first
        Tables kept before the failing rows are sought; several checks may name the same.
    ties
        Sums in minor units that must be equal, left and right, by what they are.
    effect
        That change, in the later result's own unit.
    lacks
        What would have to be given when `about` has no rows.
    is_at_stake
        Whether the money ranks its finding among others; not where it is only spoken of.
    changes, stops
        From which share of the money (or rows, see `by`) on it changes a number, or stops.
    """

    id: str
    asks: Message
    touched: Message
    failing: Asked
    claim: Message
    touches: Message
    effect: Scalar
    action: Message
    owner: Message
    about: Asked = LINES
    needs: tuple[str, ...] = ()
    may_use: tuple[str, ...] = ()
    lacks: Message = _NO_LINES
    more: Mapping[str, Scalar] = field(default_factory=dict)
    first: Mapping[str, str] = field(default_factory=dict)
    ties: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    by: Literal["money", "rows"] = "money"
    is_at_stake: bool = True
    changes: Decimal = Decimal("0.001")
    stops: Decimal | None = None
    without_money: Message | None = None

    def touches_with(self, money: Any) -> Message:
        """The sentence of what it touches, with or without money on the rows."""
        return self.touches if money or self.without_money is None else self.without_money

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
                "Fix: correct the id; docs/checks.md lists the checks."
            )


def run(given: Given, checks: Sequence[Check]) -> dict[str, Any]:
    """Run the checks.

    Returns
    -------
    dict
        ``check_results`` one row per check; ``check_figures`` one row per number its sentences
        name (money in minor units); ``check_ties`` the sums that must be equal;
        ``failed_<id>`` the failing rows of each, most money first, their amounts in currency,
        since people read them.
    """
    import pandas as pd

    known(given.engagement.checks, checks)
    given.engine.define("window_lines", "SELECT * FROM order_lines WHERE period = 'in_window'")
    once = _Once(given)
    results = [_run(once, check) for check in checks]
    figures = [row for check, result in zip(checks, results, strict=True)
               for row in _scalars(once, check, result)]  # fmt: skip
    ties = [
        (check.id, name, *(once.numbers(side)[0] for side in sides))
        for check, result in zip(checks, results, strict=True)
        if result["severity"] != "missing"
        for name, sides in check.ties.items()
    ]
    counts = dict.fromkeys(("rows", "of_rows", "money", "of_money"), "int64")
    columns = ["check_id", "name", "unit", "value"]
    return {
        "check_results": pd.DataFrame(results).astype(counts),
        "check_figures": pd.DataFrame(figures, columns=columns).astype({"value": "float64"}),
        "check_ties": pd.DataFrame(ties, columns=["check_id", "name", "left", "right"]).astype(
            {"left": "int64", "right": "int64"}
        ),
        **{
            check.failed: _failing_rows(given, check, result["severity"])
            for check, result in zip(checks, results, strict=True)
        },
    }


@dataclass(frozen=True)
class _Once:
    """What is computed once for several checks."""

    given: Given
    told: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    def numbers(self, sql: str) -> tuple[Any, ...]:
        """The numbers of the one row that `sql` gives; nothing is nothing."""
        if sql not in self.told:
            row = self.given.arrow(_filled(self.given, sql)).to_pylist()[0]
            self.told[sql] = tuple(
                int(value) if isinstance(value, Decimal) else value or 0 for value in row.values()
            )
        return self.told[sql]

    def keep(self, name: str, sql: str) -> None:
        """Keep a table that a check needs first."""
        if name not in self.kept:
            self.given.engine.keep(name, _filled(self.given, sql))
            self.kept.add(name)


def _run(once: _Once, check: Check) -> dict[str, Any]:
    given = once.given
    lacking = [name for name in check.needs if not given.has(name)]
    if not lacking:
        for name, sql in check.first.items():
            once.keep(name, sql)
    of_rows, of_money = (0, 0) if lacking else once.numbers(_asked(given, check.about))
    if not of_rows:
        return _result(check, "missing", missing=",".join(lacking))
    given.engine.keep(check.failed, _asked(given, check.failing))
    rows, money = once.numbers(f"SELECT COUNT(*), SUM(money) FROM {quoted(check.failed)}")
    part = Decimal(abs(money)) / abs(of_money) if check.by == "money" and of_money else None
    part = Decimal(rows) / of_rows if part is None else part
    severity = judged(rows, part, check, given.engagement.checks)
    return _result(
        check, severity, rows=rows, of_rows=of_rows, money=money, of_money=of_money,
        share=float(part),
    )  # fmt: skip


def _scalars(
    once: _Once, check: Check, result: Mapping[str, Any]
) -> list[tuple[str, str, str, Any]]:
    scalars = {"effect": check.effect, **check.more} if result["rows"] else {}
    return [
        (check.id, name, scalar.unit, once.numbers(scalar.sql)[0])
        for name, scalar in scalars.items()
    ]


def judged(rows: int, part: Decimal, check: Check, agreed: Mapping[str, CheckLimits]) -> Severity:
    """How much `rows` failing rows weigh that are `part` of what the check is about."""
    changes, stops = check.limits(agreed)
    if not rows:
        return "passes"
    if stops is not None and part >= stops:
        return "accepted" if agreed.get(check.id, CheckLimits()).accept else "stops"
    return "changes" if part >= changes else "note"


def _result(check: Check, severity: Severity, **more: Any) -> dict[str, Any]:
    nothing = {"rows": 0, "of_rows": 0, "money": 0, "of_money": 0, "share": 0.0, "missing": ""}
    return {"check_id": check.id, "severity": severity, **nothing, **more}


def _asked(given: Given, asked: Asked) -> Any:
    rows = asked(given) if callable(asked) else asked
    return _filled(given, rows) if isinstance(rows, str) else rows


def _filled(given: Given, sql: str) -> str:
    agreed = given.engagement
    words = {
        "{start}": f"DATE '{agreed.window_start}'",
        "{as_of}": f"DATE '{agreed.as_of}'",
        "{minor_units}": str(agreed.minor_units),
    }
    for word, value in words.items():
        sql = sql.replace(word, value)
    return sql


def _failing_rows(given: Given, check: Check, severity: Severity) -> Sql:
    if severity == "missing":
        return Sql("SELECT CAST(NULL AS BIGINT) AS money WHERE false")
    failed = quoted(check.failed)
    names = given.arrow(f"SELECT * FROM {failed} LIMIT 0").column_names
    order = ", ".join(f"failed.{quoted(name)} NULLS LAST" for name in names)
    shown = ", ".join(_in_currency(given, name) for name in names)
    return Sql(
        f"SELECT {shown} FROM {failed} AS failed "
        f"ORDER BY abs(failed.money) DESC NULLS LAST, {order}"
    )


def _in_currency(given: Given, name: str) -> str:
    """A column as people read it: these rows are looked at, not computed with."""
    if name != "money" and not name.endswith("amount"):
        return quoted(name)
    agreed = given.engagement
    return (
        f"CAST({quoted(name)} / {agreed.minor_units}.0 AS DECIMAL(18,{agreed.decimals})) "
        f"AS {quoted(name)}"
    )


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


def as_markdown(checks: Sequence[Check]) -> str:
    """The checks with their limits, as a page."""
    rows = [
        f"| `{check.id}` | {check.asks} | {check.by} | {check.changes:f} "
        f"| {'' if check.stops is None else f'{check.stops:f}'} |"
        for check in checks
    ]
    return "\n".join([*_PAGE, *rows, ""])


_PAGE = """# Checks of the data audit

Generated from `segkit/audit/checks/`. Each check is weighed by the share of the money, or of the
rows, that it is about: from *changes* on it is a finding, below it a note; from *stops* on only the
data audit is made, until the engagement file says why it may stand:

```toml
[checks.unassigned]
changes = 0.01
stops = 0.2
accept = { reason = "counter sales", owner = "sales director" }
```

| id | what it looks for | share of | changes | stops |
|---|---|---|---|---|""".splitlines()
