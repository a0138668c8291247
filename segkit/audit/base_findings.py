"""What notebook 1 says of the customer base in one period, and in two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from segkit.audit import base
from segkit.audit.page import count, exhibit, money, note, part, texts
from segkit.engagement import months_before
from segkit.exhibits import Chart, Exhibit, Finding
from segkit.language import Message, Value, say, say_n

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

_SOURCES = ("order_lines", "products")
#: Below this share of net revenue with a cost, gross margin says too little of a customer.
MUCH_COSTED = 0.5
#: From this share of last period's net revenue on, customers who stopped are worth a finding.
MUCH_LOST = 0.02
#: Fewer customers than this make no tenths.
FEWEST = 10
_PERCENTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True)
class Base:
    """The customers of both periods as plain tables; without costs their profit is their spend."""

    book: Workbook
    at: base.Periods
    last: pd.DataFrame
    this: pd.DataFrame
    has_margin: bool
    costed_share: float

    def either(self, margin: Message, spend: Message) -> Message:
        """The sentence about gross margin, or the one about net revenue where costs are missing."""
        return margin if self.has_margin else spend

    def columns(self, names: str) -> str:
        """The columns that can be told: without costs, none of margin."""
        told = ("profit", "margin")
        return names if self.has_margin else _without(names, told)

    @property
    def reading(self) -> Message:
        """What profit means here."""
        if not self.has_margin:
            return say("Costs are not given for most lines, so customers stand by net revenue.")
        if self.costed_share > 0.9995:
            return say("Gross margin is net revenue less product cost, before the cost to serve.")
        return say(
            "Gross margin is net revenue less product cost. The cost is known for {share} of net "
            "revenue; other lines add none.",
            share=Value(self.costed_share, "share"),
        )


def near(share: Figure) -> Value:
    """A share that is not quite all is not written as all."""
    almost = 0.995 <= abs(share.value) < 1
    return Value(share.value, "share", share.id, digits=1 if almost else None)


def _without(names: str, prefixes: tuple[str, ...]) -> str:
    return " ".join(name for name in names.split() if not name.startswith(prefixes))


def read(book: Workbook) -> Base:
    """The customers of both periods; what belongs to no customer is left out."""
    facts, table = book.table("base_facts").iloc[0], book.table("customer_periods")
    table = table[table["customer_id"].notna()]
    at = base.periods(facts["first"].date(), book.engagement.as_of)
    sums = table.groupby("period")[["net_revenue", "costed"]].sum()
    has_margin = bool(
        len(sums) and (sums["costed"] >= MUCH_COSTED * sums["net_revenue"]).all()
        and (sums["costed"] > 0).all()
    )  # fmt: skip
    table = table.assign(
        spend=table["net_revenue"],
        profit=table["gross_margin"] if has_margin else table["net_revenue"],
    )
    last, this = (
        table[table["period"] == when].sort_values("customer_id", ignore_index=True)
        for when in ("last", "this")
    )
    known = sums["costed"].sum() / sums["net_revenue"].sum() if has_margin else 0.0
    return Base(book, at, last, this, has_margin, float(known))


def period_of(at: base.Periods, when: str = "this") -> str:
    """A period as ``first day/last day``."""
    first, last = (at.start, at.as_of) if when == "this" else (at.before, at.start)
    return f"{first + timedelta(days=1)}/{last}"


def period_text(at: base.Periods, when: str = "this") -> Message:
    """A period in words, for subtitles and headings."""
    first, last = (date.fromisoformat(day) for day in period_of(at, when).split("/"))
    return say("{first} to {last}", first=first, last=last)


def step_text(at: base.Periods, back: int) -> Message:
    """The period that many steps back, in few words."""
    last = months_before(at.as_of, at.months * back)
    return say_n("{n} month to {last}", "{n} months to {last}", at.months, last=last)


# --- one period -----------------------------------------------------------------------------


def spread(book: Workbook) -> None:
    """How spend and profit are spread over the customers of the latest period."""
    given = read(book)
    if int(given.this["profit"].sum()) <= 0:
        text = given.either(
            say("Customers together earn no gross margin in the latest period."),
            say("Customers together bring in no net revenue in the latest period."),
        )
        note(book, text, "warning")
        return
    decile = base.deciles(given.this)
    table = base.decile_table(given.this, decile)
    book.identity(
        "audit: gross margin of the tenths = of all customers",
        int(table["profit"].sum()), int(given.this["profit"].sum()),
    )  # fmt: skip
    book.show(_whale(given))
    if len(given.this) >= FEWEST:
        book.show(*(_distribution(given, one) for one in given.columns("spend profit").split()))
        book.show(_deciles(given, table), _tenths(given), _percentiles(given))


def _whale(given: Base) -> Exhibit:
    book, n = given.book, len(given.this)
    profit = given.this.sort_values(["profit", "customer_id"], ascending=[False, True])["profit"]
    told: dict[str, Any] = {"n": n, "period": period_of(given.at), "source": _SOURCES}
    fifth = book.figure("audit.base.top_fifth_share", base.part_of_largest(profit, 0.2), "share",
                        **told)  # fmt: skip
    losers = count(book, "base.customers.losing", (profit < 0).sum(), **told)
    lost = book.figure("audit.base.losses", book.money(-profit[profit < 0].sum()), book.currency,
                       **{**told, "n": losers.value})  # fmt: skip
    best = given.either(
        say("The best fifth of customers earns {share} of gross margin", share=fifth),
        say("The largest fifth of customers brings in {share} of net revenue", share=fifth),
    )
    losing = given.either(
        say_n(
            "{n} customer costs more than it brings in: {money} of gross margin",
            "{n} customers cost more than they bring in: {money} of gross margin",
            losers, money=lost,
        ),
        say_n(
            "{n} customer returned more than it bought: {money}",
            "{n} customers returned more than they bought: {money}",
            losers, money=lost,
        ),
    )  # fmt: skip
    return exhibit(
        book, "base.whale", (losing, losers.value > 0, best),
        given.either(
            say("Cumulative gross margin of customers, {period}", period=period_text(given.at)),
            say("Cumulative net revenue of customers, {period}", period=period_text(given.at)),
        ),
        base.whale(profit), "customers customers_share cumulative_share",
        chart=Chart(
            "curve", "customers_share", "cumulative_share", reference=1.0,
            reference_label=say("All customers together"),
            x_label=say("Share of customers, the best first."), y_label=say("Share of the total"),
        ),
        reading=say("{best}. {measure} Where the curve is above the line, some customers take "
                    "back what others brought.", best=best, measure=given.reading)
        if losers.value
        else given.reading,
        n=n, rows_shown=51, sources=_SOURCES,
    )  # fmt: skip


def _distribution(given: Base, name: str) -> Exhibit:
    """How many customers bring in how much, in steps of equal width."""
    book, n = given.book, len(given.this)
    values = given.this[name].sort_values(ignore_index=True) / book.engagement.minor_units
    below = 0 if values.iloc[0] < 0 else None
    told: dict[str, Any] = {"n": n, "period": period_of(given.at), "source": _SOURCES}
    said = {
        id: book.figure(f"audit.base.{name}.{id}", float(values.iloc[at]), book.currency, **told)
        for id, at in (("middle", (n - 1) // 2), ("high", ceil(0.95 * (n - 1))))
    }
    data = base.distribution(values, *base.steps(values), below)
    data = data.assign(between=texts(map(_between, data["low"], data["high"])))
    title = (
        say("Half of the customers bring in at most {middle} each", middle=said["middle"])
        if name == "spend"
        else say("Half of the customers leave at most {middle} of gross margin each",
                 middle=said["middle"])
    )  # fmt: skip
    span: dict[str, Any] = {"currency": book.currency, "period": period_text(given.at)}
    many = say("One customer in twenty brings in more than {high}.", high=said["high"])
    return exhibit(
        book, f"base.distribution.{name}", (title, n > 0, title),
        say("Customers by net revenue of each in {currency}, {period}", **span)
        if name == "spend"
        else say("Customers by gross margin of each in {currency}, {period}", **span),
        data, "between customers customers_share",
        chart=Chart("bars", "customers_share", "between"),
        reading=say("A step holds its upper end and not its lower one. {many}",
                    many=many if n >= 2 * FEWEST else ""),
        n=n, rows_shown=20, sources=_SOURCES,
    )  # fmt: skip


def _between(low: float, high: float) -> Message:
    digits = 0 if all(one != one or one == int(one) for one in (low, high)) else 2
    ends = {name: Value(one, "number", digits=digits) for name, one in
            (("low", low), ("high", high)) if one == one}  # fmt: skip
    if low != low:
        return say("Below {high}", **ends)
    return say("{low} to {high}", **ends) if high == high else say("Over {low}", **ends)


_SUMS_SHOWN = "customers orders spend profit profit_share frequency value margin"


def _deciles(given: Base, table: pd.DataFrame) -> Exhibit:
    book = given.book
    ends = [
        book.figure(f"audit.base.decile_share.{decile}", float(share), "share",
                    n=len(given.this), period=period_of(given.at), source=_SOURCES)
        for decile, share in zip(table["decile"], table["profit_share"], strict=True)
        if decile in (1, 10)
    ]  # fmt: skip
    said = {"first": ends[0], "last": ends[-1]}
    title = given.either(
        say("The best tenth of customers earns {first} of gross margin, the last {last}", **said),
        say(
            "The largest tenth of customers brings {first} of net revenue, the last {last}", **said
        ),
    )
    return _decile_exhibit(
        given, "deciles", (title, len(table) > 1, title), table, _SUMS_SHOWN,
        say("Customers in tenths of equal number, {period}", period=period_text(given.at)),
        say("Customers stand from the best to the last; equal ones by their number. {measure} "
            "Compare orders a customer with the value of an order: the larger gap is where the "
            "best differ.", measure=given.reading),
    )  # fmt: skip


def _tenths(given: Base) -> Exhibit:
    """How many customers earn each tenth of the profit."""
    cuts, span = base.cutoffs(given.this["profit"]), {"period": period_text(given.at)}
    table = base.decile_table(given.this, base.profit_deciles(given.this["profit"], cuts))
    limits = [given.book.money(cut) for cut in cuts] + [float("nan")]
    table["cutoff"] = [limits[decile - 1] for decile in table["decile"]]
    first = int(table.loc[table["decile"] == 1, "customers"].sum())
    few = count(given.book, "base.customers.first_tenth", first, n=len(given.this),
                period=period_of(given.at), source=_SOURCES)  # fmt: skip
    titles = (
        given.either(
            say_n("{n} customer earns the first tenth of gross margin",
                  "{n} customers earn the first tenth of gross margin", few),
            say_n("{n} customer brings in the first tenth of net revenue",
                  "{n} customers bring in the first tenth of net revenue", few),
        ),
        first > 0,
        given.either(
            say("The best customer alone earns more than a tenth of gross margin"),
            say("The largest customer alone brings in more than a tenth of net revenue"),
        ),
    )  # fmt: skip
    return _decile_exhibit(
        given, "profit_deciles", titles, table,
        "customers customers_share cutoff profit profit_share frequency value margin"
        if given.has_margin
        else "customers customers_share cutoff spend spend_share frequency value",
        given.either(
            say("Customers in tenths of equal gross margin, {period}", **span),
            say("Customers in tenths of equal net revenue, {period}", **span),
        ),
        say("Each row holds the customers above its limit and at most that of the row before. A "
            "customer who crosses a tenth stands in the next; all who lose money are in the last."),
    )  # fmt: skip


def _decile_exhibit(
    given: Base, id: str, titles: Any, table: pd.DataFrame, columns: str, subtitle: Message,
    reading: Message,
) -> Exhibit:  # fmt: skip
    amounts = [name for name in ("spend", "profit", "value", "spend_each") if name in table]
    data = table.assign(**{name: given.book.money(table[name]) for name in amounts})
    shown = given.columns(columns)
    if not given.has_margin and "spend_share" not in shown:
        shown = shown.replace("spend", "spend spend_share", 1)
    return exhibit(
        given.book, f"base.{id}", titles, subtitle,
        data.assign(decile=data["decile"].astype(str)), f"decile {shown}",
        reading=reading, n=len(given.this), sources=_SOURCES,
    )  # fmt: skip


def _percentiles(given: Base) -> Exhibit:
    """Percentiles of what customers spend, how often they order, and what they leave."""
    import pandas as pd

    book, this = given.book, base.factors(given.this.assign(customers=1))
    mean = this["spend"].mean()
    below = book.figure("audit.base.below_average_share", float((this["spend"] < mean).mean()),
                        "share", n=len(this), period=period_of(given.at))  # fmt: skip
    marks = [say("{share}", share=Value(one, "share", digits=0)) for one in _PERCENTILES]
    data = pd.DataFrame({"part": texts([*marks, say("Average")])})
    for name in ("spend", "orders", "value", "profit", "margin"):
        values = this[name].astype("float64").dropna()
        told = [*base.percentiles(values, _PERCENTILES), float(values.mean())]
        data[name] = told if name in ("orders", "margin") else book.money(pd.Series(told))
    said = {"share": below, "mean": Value(book.money(int(mean)), book.currency)}
    return exhibit(
        book, "base.percentiles",
        (
            say("The average customer is rare: {share} bring in less than {mean}", **said),
            below.value >= 0.6,
            say("{share} of customers bring in less than the average of {mean}", **said),
        ),
        say("Each measure by customer, {period}", period=period_text(given.at)),
        data, given.columns("part spend orders value profit margin"),
        reading=say("Read each column by itself: the customer in the middle stands at 50%. The "
                    "average of an order here counts each customer once."),
        n=len(this), sources=_SOURCES,
    )  # fmt: skip


# --- two periods ----------------------------------------------------------------------------


def compare(book: Workbook) -> None:
    """The latest period against the one before: customers kept, lost, new, and how they moved."""
    given = read(book)
    if not comparable(book, given.at):
        return
    _seasons(given)
    both = base.compared(given.last, given.this)
    table = base.groups(both)
    by = table.set_index(["status", "when"])
    for when, other in (("last", "lost"), ("this", "new")):
        book.identity(
            f"audit: net revenue of customers kept + {other} = all of {when} period",
            int(by["spend"]["kept", when] + by["spend"][other, when]),
            int(getattr(given, when)["spend"].sum()),
        )
    book.show(_stopped(given, by), _groups(given, table), _factors(given, by))
    if (both["status"] == "kept").any():
        book.show(_up_down(given, both))
    if min(len(given.last), len(given.this)) >= FEWEST:
        book.show(_migration(given))


def comparable(book: Workbook, at: base.Periods) -> bool:
    """Whether there are two periods to compare; says so where there are none."""
    if not at.months:
        text = say(
            "Not given: two months of order lines. With them this section would compare the "
            "latest period with the one before."
        )
        note(book, text, "missing")
    return at.months > 0


def _seasons(given: Base) -> None:
    if not given.at.is_year:
        text = say_n(
            "The records are too short for two years: the latest month is compared with the one "
            "before. Part of every difference is season.",
            "The records are too short for two years: the latest {n} months are compared with the "
            "{n} before. Part of every difference is season.",
            given.at.months,
        )
        note(given.book, text, "warning")


def _stopped(given: Base, by: pd.DataFrame) -> Finding:
    book, at = given.book, given.at
    told: dict[str, Any] = {
        "period": period_of(at, "last"),
        "n": int(by["customers"]["lost", "last"]),
    }
    lost = money(book, "stopped", by["spend"]["lost", "last"], **told)
    said: dict[str, Any] = {
        "n": count(book, "customers.stopped", told["n"], period=told["period"]), "money": lost,
        "share": part(book, "net_revenue.stopped_share", lost.value,
                      book.money(by["spend"]["all", "last"]), **told),
    }  # fmt: skip
    return Finding(
        "audit.stopped",
        say_n(
            "{n} customer of the year before, worth {money}, did not order again",
            "{n} customers of the year before, worth {money}, did not order again",
            **said,
        )
        if at.is_year
        else say_n(
            "{n} customer of the period before, worth {money}, did not order again",
            "{n} customers of the period before, worth {money}, did not order again",
            **said,
        ),
        said["share"].value >= MUCH_LOST,
        say(
            "They had brought in {share} of customers' net revenue then. Some are lost and some "
            "buy seldom; the records do not tell which.",
            **said,
        ),
        say_n(
            "Hardly a customer stayed away: {n}, worth {money}",
            "Hardly a customer stayed away: {n}, worth {money}",
            **said,
        )
        if told["n"]
        else say("Every customer of the period before ordered again"),
        say("The result is not decided by customers who stop."),
        money=lost.id,
        action=say("Call the largest customers who stopped, and record why."),
        owner=say("sales director"),
    )


_GROUPS = {
    ("kept", "last"): say("Kept, last period"),
    ("lost", "last"): say("Lost, last period"),
    ("all", "last"): say("All, last period"),
    ("kept", "this"): say("Kept, this period"),
    ("new", "this"): say("New or back, this period"),
    ("all", "this"): say("All, this period"),
}


def _groups(given: Base, table: pd.DataFrame) -> Exhibit:
    book = given.book
    by = table.set_index(["status", "when"])
    kept = count(book, "base.customers.kept", by["customers"]["kept", "this"],
                 n=int(by["customers"]["all", "this"]), period=period_of(given.at))  # fmt: skip
    told: dict[str, Any] = {"n": kept.value, "source": _SOURCES}
    shares = [
        part(book, f"base.kept_share.{when}", int(by["spend"]["kept", when]),
             int(by["spend"]["all", when]), period=period_of(given.at, when), **told)
        for when in ("last", "this")
    ]  # fmt: skip
    data = table.assign(
        group=texts(_GROUPS[key] for key in by.index),
        **{name: book.money(table[name]) for name in ("spend", "profit", "value")},
    )
    title = say_n(
        "{n} customer kept brings in {share} of this period's net revenue",
        "{n} customers kept bring in {share} of this period's net revenue",
        kept, share=near(shares[1]),
    )  # fmt: skip
    return exhibit(
        book, "base.groups", (title, kept.value > 0, say("No customer ordered in both periods")),
        _spans(given), data,
        given.columns("group customers orders spend profit frequency value margin"),
        reading=say("Kept customers had brought in {share} of net revenue in the last period. New "
                    "or back means without an order line in the last period; some of them bought "
                    "earlier.", share=near(shares[0])),
        n=int(by["customers"]["all", "this"]), sources=_SOURCES,
    )  # fmt: skip


def _spans(given: Base) -> Message:
    return say(
        "This period {this}, last period {last}",
        this=period_text(given.at), last=period_text(given.at, "last"),
    )  # fmt: skip


_FACTORS = {
    "customers": (
        say("Customers"),
        say("Of the factors of sales, the number of customers changed most: {change}"),
    ),
    "frequency": (
        say("Orders a customer"),
        say("Of the factors of sales, orders a customer changed most: {change}"),
    ),
    "value": (
        say("Net revenue an order"),
        say("Of the factors of sales, net revenue an order changed most: {change}"),
    ),
    "margin": (say("Margin"), say("Of the factors of profit, the margin changed most: {change}")),
}


def _factors(given: Base, by: pd.DataFrame) -> Exhibit:
    """Profit = customers × orders a customer × value an order × margin: how each moved."""
    import pandas as pd

    book, names = given.book, [*_FACTORS][: 4 if given.has_margin else 3]
    change = {name: float(by[name]["all", "this"] / by[name]["all", "last"] - 1) for name in names}
    known = {name: one for name, one in change.items() if one == one}
    most = max(known, key=lambda name: abs(known[name]), default="customers")
    figures = {
        name: book.figure(f"audit.base.change.{name}", one, "share",
                          n=int(by["customers"]["all", "this"]), period=period_of(given.at),
                          source=_SOURCES)
        for name, one in known.items()
    }  # fmt: skip
    data = pd.DataFrame(
        {
            "factor": [_FACTORS[name][0] for name in names],
            "change_share": [change[name] for name in names],
            "is_most": [name == most for name in names],
        }
    )
    said = _FACTORS[most][1]
    title = replace(said, args={"change": say("{change}", change=figures[most]).args["change"]})
    return exhibit(
        book, "base.factors",
        (title, bool(known and abs(known[most]) >= 0.01), say("No factor of sales changed by more "
                                                              "than a hundredth")),
        _spans(given), data, "factor change_share",
        chart=Chart("bars", "change_share", "factor", accent="is_most"),
        reading=given.either(
            say("Gross margin is the product of the four: customers, orders a customer, net "
                "revenue an order, and margin."),
            say("Net revenue is the product of the three: customers, orders a customer, and net "
                "revenue an order."),
        ),
        n=int(by["customers"]["all", "this"]), sources=_SOURCES,
    )  # fmt: skip


_MOVES = {True: say("up"), False: say("down")}


def _up_down(given: Base, both: pd.DataFrame) -> Exhibit:
    book, table = given.book, base.up_down(both)
    kept = both[both["status"] == "kept"]
    told: dict[str, Any] = {"n": len(kept), "period": period_of(given.at)}
    held = count(book, "base.customers.held", (kept["profit_this"] >= kept["profit_last"]).sum(),
                 **told)  # fmt: skip
    same = count(book, "base.customers.same_orders",
                 (kept["orders_this"] == kept["orders_last"]).sum(), **told)  # fmt: skip
    data = table.assign(
        **{
            f"{name}_move": texts(_MOVES.get(up, say("unknown")) for up in table[f"{name}_up"])
            for name in ("profit", "orders", "value", "margin")
        },
        **{name: book.money(table[name]) for name in ("profit_last", "profit_this", "change")},
    )
    if not given.has_margin:
        data = data.rename(
            columns={f"profit_{one}": f"spend_{one}" for one in ("move", "last", "this")}
        )
    title = given.either(
        say_n("{n} of {all} customers kept left at least as much gross margin as before",
              "{n} of {all} customers kept left at least as much gross margin as before",
              held, all=len(kept)),
        say_n("{n} of {all} customers kept brought in at least as much as before",
              "{n} of {all} customers kept brought in at least as much as before",
              held, all=len(kept)),
    )  # fmt: skip
    return exhibit(
        book, "base.up_down", (title, len(kept) > 0, title), _spans(given), data,
        "profit_move orders_move value_move margin_move customers profit_last profit_this change"
        if given.has_margin
        else "spend_move orders_move value_move customers spend_last spend_this change",
        reading=say_n(
            "Unchanged counts as up: {n} customer ordered exactly as often as before. Customers "
            "without an order or net revenue above zero in one period stand as unknown.",
            "Unchanged counts as up: {n} customers ordered exactly as often as before. Customers "
            "without an order or net revenue above zero in one period stand as unknown.",
            same,
        ),
        n=len(kept), rows_shown=17, alike=True, sources=_SOURCES,
    )  # fmt: skip


def _migration(given: Base) -> Exhibit:
    book = given.book
    moved = base.migration(
        *(
            one.set_index("customer_id").index.to_series().map(
                dict(zip(one["customer_id"], base.deciles(one), strict=True)))
            for one in (given.last, given.this)
        )
    )  # fmt: skip
    best = moved[moved["was"] == 1]
    n = int(best["customers"].sum())
    told: dict[str, Any] = {"n": n, "period": period_of(given.at), "source": _SOURCES}
    stayed, stopped = (
        part(book, f"base.best_tenth.{id}", int(best.loc[best["now"] == now, "customers"].sum()),
             n, **told)
        for id, now in (("stayed", 1), ("stopped", 0))
    )  # fmt: skip
    said = {"stayed": stayed, "stopped": stopped}
    data = moved.assign(
        was=texts(say("new") if was == 0 else str(was) for was in moved["was"]),
        now=texts(say("lost") if now == 0 else str(now) for now in moved["now"]),
        customers=moved["customers"].where(moved["customers"] > 0),
    )
    titles = (
        say("Only {stayed} of the best tenth stayed there; {stopped} stopped ordering", **said),
        stayed.value < 0.5,
        say("Of the best tenth, {stayed} stayed there and {stopped} stopped ordering", **said),
    )
    return exhibit(
        book, "base.migration", titles, _spans(given), data, "was now customers",
        chart=Chart("heat", "now", "was", value="customers"),
        reading=say("Rows are the tenth a customer was in, columns where it is now, each period "
                    "ranked by itself. Some who fall had an unusual year: a return to the usual is "
                    "no failure."),
        n=int(moved["customers"].sum()), rows_shown=120, sources=_SOURCES,
    )  # fmt: skip
