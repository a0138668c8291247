"""What is said of the changes between two runs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from segkit.changes import matching as compared
from segkit.changes import noise
from segkit.evidence.drift import drift
from segkit.exhibits import Answer, Chart, Column, Exhibit, Finding, Note
from segkit.language import Message, Value, say, say_n
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    import pandas as pd

    from segkit.changes.earlier import Earlier
    from segkit.workbook import Figure

_SHOWN = 15


def answer(both: Earlier | None) -> None:
    """What changed, in three sentences."""
    if both is None:
        return
    book = both.book
    restated = _count(both, "months.restated", len(compared.months(both)), "months")
    moved = _count(both, "figures.moved", len(_moved(both)[0]), "figures")
    told = _count(both, "findings.changed", len(_told_anew(both)), "findings")
    book.show(
        Answer(
            (
                say(
                    "This run, as of {now}, is compared with the one as of {then}.",
                    now=book.engagement.as_of, then=both.as_of,
                ),
                say_n(
                    "The client restated {n} month that the earlier report had counted.",
                    "The client restated {n} months that the earlier report had counted.",
                    restated,
                )
                if restated.value
                else say("No month that the earlier report had counted was restated."),
                say_n(
                    "{n} figure moved beyond noise.", "{n} figures moved beyond noise.", moved
                ),
                say_n(
                    "{n} finding is new, gone or reversed.",
                    "{n} findings are new, gone or reversed.",
                    told,
                ),
            )
        )
    )  # fmt: skip


# --- rows -----------------------------------------------------------------------------------


def rows(both: Earlier | None) -> None:
    """Rows of each table then and now, and those new, changed and gone."""
    import pandas as pd

    if both is None:
        return
    names = [
        name
        for name in CONTRACTS
        if name in both.book.engagement.sources and both.has(_stored(name))
    ]
    data = pd.DataFrame(
        [
            {"table": name.replace("_", " "), **compared.of_table(both, _stored(name))}
            for name in names
        ]
    )
    gone = _count(both, "rows.gone", int(data["gone"].sum()), "rows", source=names)
    titles = (
        say_n("{n} row of the earlier files is gone", "{n} rows of the earlier files are gone",
              gone),
        gone.value > 0,
        say("Every row of the earlier files is still there"),
    )  # fmt: skip
    heads = (
        ("table", say("Table"), "text"), ("then", say("Then"), "rows"),
        ("now", say("Now"), "rows"), ("new", say("New"), "rows"),
        ("changed", say("Changed"), "rows"), ("gone", say("Gone"), "rows"),
        ("beyond", say("Before the new extract begins"), "rows"),
    )  # fmt: skip
    both.book.show(
        _exhibit(
            both, "rows", titles, say("Accepted rows of each table, this run against the earlier"),
            data, heads, sources=names,
            reading=say(
                "Rows are matched by their key. Where a table has none, a row that was changed "
                "counts as one gone and one new."
            ),
        )
    )  # fmt: skip


def _stored(name: str) -> str:
    return f"listed_{name}" if name in ("customers", "products") else name


def people(both: Earlier | None) -> None:
    """Customers gone from the files, and those who came and left."""
    if both is None or not both.has("customers"):
        return
    told = compared.people(both).iloc[0]
    source = ("customers", "order_lines")
    made = {
        name: _count(both, f"customers.{name}", told[name], "customers", source=source)
        for name in ("gone", "came", "left", "moved")
    }
    net = {
        name: both.book.figure(
            f"changes.net_revenue.{name}", both.book.money(told[f"{name}_net"]),
            both.book.currency, n=int(told[name]), source=source,
        )
        for name in ("gone", "came", "left")
    }  # fmt: skip
    both.book.show(
        Finding(
            "changes.customers_gone",
            say_n(
                "{n} customer of the earlier files is in none of the new ones",
                "{n} customers of the earlier files are in none of the new ones",
                made["gone"],
            ),
            made["gone"].value > 0,
            say("In the earlier window they brought in {money}.", money=net["gone"]),
            say("Every customer of the earlier files is still in the new ones"),
            say("No customer was lost between two extracts."),
            money=net["gone"].id,
            action=say("Ask why these customers are missing: merged, renumbered or deleted."),
            owner=say("finance director"),
        ),
    )
    told_too = (
        (
            made["came"],
            say_n(
                "{n} customer orders in this window who did not in the earlier one: {money}.",
                "{n} customers order in this window who did not in the earlier one: {money}.",
                made["came"],
                money=net["came"],
            ),
        ),
        (
            made["left"],
            say_n(
                "{n} customer ordered in the earlier window and not in this one: {money} then.",
                "{n} customers ordered in the earlier window and not in this one: {money} then.",
                made["left"],
                money=net["left"],
            ),
        ),
        (
            made["moved"],
            say_n(
                "{n} customer has another class, trade class, region or seller now.",
                "{n} customers have another class, trade class, region or seller now.",
                made["moved"],
            ),
        ),
    )
    both.book.show(*(Note(text) for figure, text in told_too if figure.value))
    _by_name(both)


_MOVES = {
    "gone": say("in no file any more"), "new": say("new in the files"),
    "came": say("orders again"), "left": say("ordered before"),
    "moved": say("another class, region or seller"),
}  # fmt: skip


def _by_name(both: Earlier) -> None:
    """The customers who are gone, new, came, left or moved, those that weigh most first."""
    data = compared.movers(both)
    if not len(data):
        return
    n = _count(both, "customers.changed", len(data), "customers",
               source=("customers", "order_lines"))  # fmt: skip
    book = both.book
    data = data.assign(
        what=data["what"].map(_MOVES),
        then=book.money(data["net_then"]), now=book.money(data["net_now"]),
    )  # fmt: skip
    heads = (
        ("name", say("Customer"), "text"), ("what", say("What"), "text"),
        ("then", say("Net revenue then"), "money"), ("now", say("Net revenue now"), "money"),
    )  # fmt: skip
    title = say_n("{n} customer is new, gone or changed", "{n} customers are new, gone or changed",
                  n)  # fmt: skip
    book.show(
        _exhibit(
            both, "customers", (title, True, title),
            say("Customers by the difference of net revenue between the windows of both runs"),
            data, heads, sources=("customers", "order_lines"), rows_shown=_SHOWN, n=n.value,
            reading=say("The workbook names all of them. Who orders again, or ordered before, is "
                        "listed in both runs."),
        )
    )  # fmt: skip


# --- months ---------------------------------------------------------------------------------


def months(both: Earlier | None) -> None:
    """Months the earlier report had counted and that are another sum now."""
    if both is None:
        return
    book, data = both.book, compared.months(both)
    if not len(data):
        book.show(Note(say("Every month that both runs cover has the same order lines and sum.")))
        return
    data = data.assign(
        then=book.money(data["net_then"]),
        now=book.money(data["net_now"]),
        difference=book.money(data["net_now"] - data["net_then"]),
    )
    first = data.iloc[int(data["difference"].abs().argmax())]
    shift = book.figure(
        "changes.months.largest", book.money(first["net_now"] - first["net_then"]), book.currency,
        n=int(first["lines_now"]), source=("order_lines",),
    )  # fmt: skip
    month = Value(first["month"].date(), "month")
    titles = (
        say("{month} was restated by {money}", month=month, money=shift),
        bool(shift.value),
        say("Order lines of old months changed, their sums did not"),
    )
    heads = (
        ("month", say("Month from"), "date"), ("then", say("Net revenue then"), "money"),
        ("now", say("Net revenue now"), "money"), ("difference", say("Difference"), "money"),
        ("lines_then", say("Order lines then"), "order lines"),
        ("lines_now", say("Order lines now"), "order lines"),
    )  # fmt: skip
    book.show(
        _exhibit(
            both, "months", titles,
            say("Whole months that both runs cover and that are not the same now"),
            data, heads, sources=("order_lines",), n=len(data),
            reading=say(
                "Late invoices and credit notes restate a month now and then. A month that moves "
                "long after it was closed should be explained by the client's bookkeeping."
            ),
        )
    )  # fmt: skip


# --- fields ---------------------------------------------------------------------------------


def fields(both: Earlier | None) -> None:
    """The fields of the customers whose distribution moved, against the noise line."""
    if both is None or not both.has("behaviour"):
        return
    data = _drifts(both)
    beyond = _count(both, "fields.beyond", int(data["is_beyond"].sum()), "fields",
                    n=len(data), source=("behaviour", "customers"))  # fmt: skip
    titles = (
        say_n("{n} field of the customers drifted beyond noise",
              "{n} fields of the customers drifted beyond noise", beyond),
        beyond.value > 0,
        say("No field of the customers drifted beyond noise"),
    )  # fmt: skip
    heads = (
        ("field", say("Field"), "text"), ("psi", say("Stability index"), "number"),
        ("line", say("Noise line"), "number"), ("ratio", say("Times the noise line"), "number"),
    )  # fmt: skip
    both.book.show(
        _exhibit(
            both, "fields", titles,
            say("Stability index of each field, as a multiple of its noise line; customers who "
                "ordered in the window"),
            data.head(_SHOWN), heads, sources=("behaviour", "customers"), grade="C",
            n=len(both.book.table("behaviour")),
            chart=Chart("bars", "ratio", "field", accent="is_beyond", reference=1.0,
                        reference_label=say("noise line")),
            reading=say(
                "Right of the line a field moved more than chance allows: its definition, the "
                "extract or the customers changed. Of {all} fields without any drift, one in "
                "twenty would cross the line by chance.",
                all=len(data),
            ),
        )
    )  # fmt: skip


def _drifts(both: Earlier) -> pd.DataFrame:
    import pandas as pd

    made = []
    for name, column, now, then in _pairs(both):
        found = drift(then, now)
        if found is not None:
            made.append(
                {
                    "field": f"{name}.{column}",
                    "psi": found.psi,
                    "line": found.line,
                    "ratio": round(found.psi / found.line, 4),
                    "is_beyond": found.is_beyond,
                }
            )
    data = pd.DataFrame(made, columns=["field", "psi", "line", "ratio", "is_beyond"])
    return data.sort_values(["ratio", "field"], ascending=[False, True], ignore_index=True)


def _pairs(both: Earlier) -> list[tuple[str, str, pd.Series[Any], pd.Series[Any]]]:
    """Each field of the customers' tables that both runs have: now and then."""
    pairs = []
    for name in ("behaviour", "customers"):
        if not both.has(name):
            continue
        now = both.query(f"SELECT * FROM {name} ORDER BY customer_id", name)
        then = both.query(f"SELECT * FROM then_{name} ORDER BY customer_id", name)
        skipped = {"customer_id", "name", "address", "tax_number", "parent_id", "since"}
        pairs += [
            (name, column, now[column], then[column])
            for column in now.columns
            if column in then.columns and column not in skipped
            and now[column].dtype == then[column].dtype
        ]  # fmt: skip
    return pairs


# --- figures --------------------------------------------------------------------------------


def figures(both: Earlier | None) -> None:
    """The figures that moved beyond noise, those furthest beyond first."""
    if both is None:
        return
    moved, judged = _moved(both)
    count = _count(both, "figures.moved", len(moved), "figures")
    asked = _count(both, "figures.judged", judged, "figures")
    titles = (
        say_n("{n} figure moved beyond noise", "{n} figures moved beyond noise", count),
        count.value > 0,
        say("No figure moved beyond noise"),
    )
    heads = (
        ("figure", say("Figure"), "text"), ("then", say("Then"), "text"),
        ("now", say("Now"), "text"), ("noise", say("Noise, either way"), "text"),
    )  # fmt: skip
    both.book.show(
        _exhibit(
            both, "figures", titles,
            say("Figures of both ledgers that moved further than chance has it (95%)"),
            moved, heads, sources=("ledger",), rows_shown=_SHOWN, n=judged,
            reading=say(
                "Figures are named as on the workbook's sheet of all figures; {all} were compared. "
                "Counts are read as Poisson, shares as binomial, sums as if customers came by "
                "chance, estimates by their interval; only the part of the window that the runs do "
                "not share can differ.",
                all=asked,
            ),
        )
    )  # fmt: skip


def _moved(both: Earlier) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    base, made, judged = _base(both), [], 0
    then, now = both.then["figures"], both.ledger["figures"]
    for id in sorted(then.keys() & now.keys()):
        known = noise.of_figure(then[id], now[id], base)
        if known is None or then[id]["unit"] != now[id]["unit"]:
            continue
        judged += 1
        moved = abs(float(now[id]["value"]) - float(then[id]["value"]))
        if moved > known + 1e-9:
            made.append((moved / known if known else float("inf"), id, known))
    made.sort(key=lambda one: (-one[0], one[1]))
    data = [
        {
            "figure": id,
            "then": _value(then[id]),
            "now": _value(now[id]),
            "noise": _value({**now[id], "value": known}),
        }
        for _, id, known in made
    ]
    return pd.DataFrame(data, columns=["figure", "then", "now", "noise"]), judged


def _value(figure: dict[str, Any]) -> Message:
    return say("{value}", value=Value(figure["value"], figure["unit"]))


def _base(both: Earlier) -> noise.Base:
    squares = both.query(
        "SELECT (SELECT sum(CAST(net_revenue AS DOUBLE) ** 2) FROM then_customer_totals) AS was, "
        "(SELECT sum(CAST(net_revenue AS DOUBLE) ** 2) FROM customer_totals) AS is_now, "
        "(SELECT sum(net_revenue) FROM then_customer_totals) AS total_was, "
        "(SELECT sum(net_revenue) FROM customer_totals) AS total_now",
        "customer_totals",
    ).iloc[0].astype("float64").fillna(0.0)  # fmt: skip
    minor = float(both.book.engagement.minor_units)
    return noise.Base(
        (squares["total_was"] / minor, squares["total_now"] / minor),
        (squares["was"] / minor**2, squares["is_now"] / minor**2),
        _apart(both),
    )


def _apart(both: Earlier) -> float:
    """The share of the longer window that the two runs do not share."""
    ours = [date.fromisoformat(day) for day in both.book.window.split("/")]
    figure = both.then["figures"].get("audit.net_revenue.in_window")
    theirs = [date.fromisoformat(day) for day in figure["period"].split("/")] if figure else ours
    shared = (min(ours[1], theirs[1]) - max(ours[0], theirs[0])).days + 1
    longest = max((ours[1] - ours[0]).days, (theirs[1] - theirs[0]).days) + 1
    return 1 - max(shared, 0) / longest


# --- findings -------------------------------------------------------------------------------


def claims(both: Earlier | None) -> None:
    """Findings that are new, gone or reversed: as they are told now, and as they were."""
    if both is None:
        return
    data = _told_anew(both)
    count = _count(both, "findings.changed", len(data), "findings")
    titles = (
        say_n("{n} finding is new, gone or reversed", "{n} findings are new, gone or reversed",
              count),
        count.value > 0,
        say("The findings are the same as in the earlier report"),
    )  # fmt: skip
    heads = (
        ("what", say("What"), "text"), ("now", say("Now"), "text"), ("then", say("Then"), "text"),
    )  # fmt: skip
    both.book.show(
        _exhibit(
            both, "findings", titles, say("Findings of all notebooks, this run and the earlier"),
            data, heads, sources=("ledger",), rows_shown=30,
        )
    )  # fmt: skip


def _told_anew(both: Earlier) -> pd.DataFrame:
    import pandas as pd

    then, now = ({one["id"]: one for one in ledger["findings"] if not one["is_withheld"]}
                 for ledger in (both.then, both.ledger))  # fmt: skip
    made = [
        {
            "what": _what(then.get(id), now.get(id)),
            "now": now[id]["claim"] if id in now else say("–"),
            "then": then[id]["claim"] if id in then else say("–"),
        }
        for id in sorted(then.keys() | now.keys())
        if _what(then.get(id), now.get(id)) is not None
    ]
    return pd.DataFrame(made, columns=["what", "now", "then"])


def _what(then: dict[str, Any] | None, now: dict[str, Any] | None) -> Message | None:
    if then is None:
        return say("new")
    if now is None:
        return say("gone")
    return say("reversed") if then["holds"] != now["holds"] else None


# --- short forms ----------------------------------------------------------------------------


def _count(both: Earlier, id: str, value: Any, unit: str, **more: Any) -> Figure:
    more = {"source": ("ledger",), **more}
    return both.book.figure(f"changes.{id}", int(value), unit, **more)


def _exhibit(
    both: Earlier,
    id: str,
    titles: tuple[Message, bool, Message],
    subtitle: Message,
    data: pd.DataFrame,
    heads: tuple[tuple[str, Message, str], ...],
    **more: Any,
) -> Exhibit:
    claim, holds, otherwise = titles
    currency = both.book.currency
    columns = tuple(
        Column(name, label, currency if unit == "money" else unit) for name, label, unit in heads
    )
    return Exhibit(
        f"changes.{id}", claim, bool(holds), otherwise, subtitle, data, columns,
        tuple(more.pop("sources")), both.book.engagement.as_of, **more,
    )  # fmt: skip
