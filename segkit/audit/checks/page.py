"""What notebook 1 says of the checks: one table of them all, then the findings by money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segkit.audit.checks.framework import SEVERITIES, Check, worded
from segkit.audit.page import count, exhibit, money, note, spoken
from segkit.engine import literal
from segkit.exhibits import Exhibit, Finding
from segkit.language import Message, say, say_n
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    from segkit.workbook import Figure, Workbook

#: Findings on the page: the others are rows of the table.
SHOWN = 8
_EFFECT, _NOTHING = say("{effect}", effect=None), say("–")
_WEIGHT = {
    "stops": say("stops the analysis"),
    "accepted": say("would stop, accepted"),
    "changes": say("changes a number"),
    "note": say("a note"),
    "passes": say("found nothing"),
    "missing": say("could not run; it needs:"),
}


@dataclass(frozen=True)
class Met:
    """A check that found rows, with its figures by the name that a sentence calls them by."""

    check: Check
    severity: str
    figures: dict[str, Figure]

    @property
    def is_weighty(self) -> bool:
        """Whether it changes a number."""
        return self.severity in ("stops", "accepted", "changes")

    @property
    def place(self) -> tuple[int, Any, str]:
        """By weight, then money, then id."""
        order = SEVERITIES.index(self.severity)
        return order, -abs(self.figures["money"].value), self.check.id

    def say(self, template: Message) -> Message:
        """The sentence with this check's figures."""
        return worded(template, self.figures)

    @property
    def touches(self) -> Message:
        """Which later result it touches, and by how much."""
        return self.say(self.check.touches_with(self.figures["money"].value))


def tell(book: Workbook, checks: Sequence[Check]) -> None:
    """The table of checks, then a finding for each that changes a number, most money first."""
    told = book.table("check_results").to_dict("records")
    results: dict[str, Any] = {one["check_id"]: one for one in told}
    rows = [(check, results[check.id]) for check in checks]
    met = sorted(
        (
            Met(one, told["severity"], _figures(book, one, told))
            for one, told in rows
            if told["rows"]
        ),
        key=lambda one: one.place,
    )
    _tie(book)
    passed = [(one, "passes", _NOTHING) for one, told in rows if told["severity"] == "passes"]
    not_run = [(one, "missing", _needs(one, told["missing"])) for one, told in rows
               if told["severity"] == "missing"]  # fmt: skip
    book.show(_table(book, met, [*passed, *not_run]))
    _merged(book)
    _notes(book, len(passed), [needs for _, _, needs in not_run])
    for one in [one for one in met if one.is_weighty][:SHOWN]:
        book.show(_finding(book, one))


def _figures(book: Workbook, check: Check, result: dict[str, Any]) -> dict[str, Figure]:
    named = book.table("check_figures")
    scalars = named[named["check_id"] == check.id]
    values = {
        "money": ("money", result["money"]),
        "share": ("share", result["share"]),
        **{name: (unit, value) for _, name, unit, value in scalars.itertuples(index=False)},
    }
    told: dict[str, Any] = {"n": result["rows"], "source": ["order_lines", *check.needs]}
    made = {"n": count(book, f"check.{check.id}.rows", result["rows"], "rows", **told)}
    for name, (unit, value) in values.items():
        made[name] = book.figure(
            f"audit.check.{check.id}.{name}",
            book.money(value) if unit == "money" else value,
            book.currency if unit == "money" else unit,
            **told,
        )
    return made


def _tie(book: Workbook) -> None:
    """The sums of the checks that must be equal, and what belongs to no customer in the walk."""
    for _, name, left, right in book.table("check_ties").itertuples(index=False):
        book.identity(f"audit: {name}", book.money(left), book.money(right))
    walk = book.figures.get("audit.net_revenue.unassigned")
    found = book.figures.get("audit.check.unassigned.money")
    if walk is not None:
        book.identity(
            "audit: lines without a customer = net revenue unassigned",
            found.value if found else 0, walk.value,
        )  # fmt: skip


def _table(
    book: Workbook, met: Sequence[Met], others: Sequence[tuple[Check, str, Message]]
) -> Exhibit:
    import pandas as pd

    for one in met:
        book.store.path(one.check.failed)  # so that the run keeps it, and the workbook shows it
    found = [
        (one.check.asks, _WEIGHT[one.severity], one.figures["n"].value,
         float(one.figures["money"].value), one.check.touched, one.say(_EFFECT),
         one.touches, one.check.failed)
        for one in met
    ]  # fmt: skip
    quiet = [
        (check.asks, _WEIGHT[weight], 0, 0.0, check.touched, _NOTHING, needs, "")
        for check, weight, needs in others
    ]
    columns = "check weight rows amount touched effect"
    data = pd.DataFrame([*found, *quiet], columns=[*columns.split(), "changes", "sheet"])
    weighty = count(book, "checks.changing", sum(one.is_weighty for one in met), "checks")
    titles = (
        say_n("{n} check found what changes a number", "{n} checks found what changes a number",
              weighty),
        weighty.value > 0,
        say("Nothing that the checks found changes a number"),
    )  # fmt: skip
    return exhibit(
        book, "checks", titles,
        say("What the checks found, {window}, by weight and net revenue", window=book.window_text),
        data, columns,
        reading=say("Every row here was counted all the same. One row can fail several checks, so "
                    "the amounts do not add up. The failing rows are on the workbook's sheets, "
                    "with a sentence for each check."),
        rows_shown=max(len(met), 1), in_workbook="changes sheet",
    )  # fmt: skip


def _merged(book: Workbook) -> None:
    """How many entries were merged as confirmed, and that they tie before and after."""
    into = book.engagement.merged_into
    if not into:
        return
    kept = ", ".join(literal(id) for id in sorted(set(into.values())))
    sums = book.query(
        f"""SELECT CAST(COALESCE(SUM(net_amount), 0) AS BIGINT) AS after,
                   CAST(COALESCE(SUM(CASE WHEN merged_from IS NULL THEN net_amount END), 0)
                        AS BIGINT) AS own,
                   CAST(COALESCE(SUM(CASE WHEN merged_from IS NOT NULL THEN net_amount END), 0)
                        AS BIGINT) AS moved
            FROM order_lines WHERE customer_id IN ({kept}) AND period = 'in_window'""",
        "order_lines",
    ).iloc[0]
    moved = money(book, "merged", sums["moved"])
    book.identity(
        "audit: net revenue of kept customers = their own + that of the entries merged",
        book.money(sums["after"]), book.money(sums["own"]) + moved.value,
    )  # fmt: skip
    text = say_n(
        "{n} entry was merged into another customer, as confirmed: {money} of net revenue moved "
        "with it, and every total stayed.",
        "{n} entries were merged into other customers, as confirmed: {money} of net revenue moved "
        "with them, and every total stayed.",
        count(book, "customers.merged", len(into)), money=moved,
    )  # fmt: skip
    note(book, text)


def _notes(book: Workbook, passed: int, needs: Sequence[Message]) -> None:
    if passed:
        text = say_n(
            "{n} check found nothing; the workbook names it.",
            "{n} checks found nothing; the workbook names them.",
            count(book, "checks.passed", passed, "checks"),
        )
        note(book, text)
    if needs:
        texts = list({str(one): one for one in needs}.values())
        text = say_n(
            "{n} check could not run. It needs: {names}.",
            "{n} checks could not run. They need: {names}.",
            count(book, "checks.not_run", len(needs), "checks"), names=_joined(texts),
        )  # fmt: skip
        note(book, text, "missing")


def _needs(check: Check, tables: str) -> Message:
    """What would have to be given: tables, or what the check itself names."""
    given = [name.removeprefix("listed_") for name in tables.split(",")]
    names = [spoken(name) for name in given if name in CONTRACTS]
    return _joined(names) if names else check.lacks


def _joined(texts: Sequence[Message]) -> Message:
    if len(texts) < 2:
        return texts[0]
    return say("{first}; {rest}", first=texts[0], rest=_joined(texts[1:]))


def _finding(book: Workbook, met: Met) -> Finding:
    check, agreed = met.check, book.engagement.checks.get(met.check.id)
    follows = met.touches
    if met.severity == "accepted" and agreed and agreed.accept:
        follows = say(
            "{sentence} {owner} accepts it: {reason}.", sentence=follows,
            owner=agreed.accept.owner, reason=agreed.accept.reason.rstrip("."),
        )  # fmt: skip
    return Finding(
        f"audit.{check.id}", met.say(check.claim), met.is_weighty, follows,
        money=met.figures["money"].id if check.is_at_stake else None,
        action=check.action, owner=check.owner,
    )  # fmt: skip
