"""What the KPIs and targets say of this client: figures, findings and exhibits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segkit.engagement import months_before
from segkit.exhibits import Answer, Chart, Column, Exhibit, Finding, Note, Tiles
from segkit.kpis.definitions import ATTAINMENT, BY_ID, KPIS, ROWS, Kpi
from segkit.kpis.measures import OTHER_TEAMS
from segkit.language import Message, Value, say, say_n

if TYPE_CHECKING:
    from segkit.evidence import Grade
    from segkit.workbook import Figure, Workbook

#: Which KPIs are shown as charts, where segments differ in them.
_TELLING = (
    "gross_margin_rate", "revenue_retention", "discount_rate", "strike_rate", "ecommerce_share",
    "hit_rate", "order_value", "late_days", "contribution_margin", "return_share",
    "orders_per_customer", "active_share", "lines_per_order",
)  # fmt: skip
_FOR_SELLERS = (
    "gross_margin_rate", "discount_rate", "strike_rate", "hit_rate", "order_value",
    "lines_per_order", "orders_per_customer",
)  # fmt: skip
RELIABLE = 0.5
_BETTER = {"up": say("higher"), "down": say("lower"), "level": say("neither by itself")}
_METHOD = {
    "seasonal_naive": say("Same months last year"),
    "run_rate": say("Last three months kept up"),
    "damped_trend": say("Damped trend"),
    "year_rate": say("Last twelve months kept up, untested"),
}
_DIRECTOR, _FINANCE = say("sales director"), say("finance director")


# --- numbers of this client ------------------------------------------------------------------


def names(book: Workbook) -> dict[str, str]:
    """Each segment's name by its id."""
    known = book.table("segment_definitions")
    return dict(zip(known["segment_id"], known["name"], strict=True))


def of_kpi(values: pd.DataFrame, kpi: str, by: str) -> pd.DataFrame:
    """The rows of one KPI that may be shown, by segment, rep, team or all."""
    rows = values[(values["kpi"] == kpi) & (values["by"] == by)]
    return rows[rows["value"].notna()].reset_index(drop=True)


def overall(values: pd.DataFrame, kpi: str) -> float | None:
    """The KPI of all customers together, where there is one."""
    rows = of_kpi(values, kpi, "all")
    return None if rows.empty else float(rows["value"].iloc[0])


def is_apart(rows: pd.DataFrame, reference: float) -> pd.Series[bool]:
    """Whether each group's interval leaves `reference` out."""
    return (rows["low"] > reference) | (rows["high"] < reference)


def furthest(rows: pd.DataFrame, reference: float) -> int:
    """Position of the group that stands furthest off `reference`, in widths of its interval."""
    width = (rows["high"] - rows["low"]).clip(lower=1e-9)
    return int(((rows["value"] - reference).abs() / width).to_numpy().argmax())


def sets_apart(values: pd.DataFrame, kpi: str) -> bool:
    """Whether at least one segment of several stands clearly off the whole."""
    rows, whole = of_kpi(values, kpi, "segment"), overall(values, kpi)
    return whole is not None and len(rows) > 1 and bool(is_apart(rows, whole).any())


def excess(values: pd.DataFrame, kpi: str) -> tuple[str, int, bool]:
    """The segment whose numerator most exceeds what the overall rate would give.

    Returns
    -------
    tuple
        Its segment_id, the excess (minor units), and whether its interval lies above the overall.
    """
    rows, whole = of_kpi(values, kpi, "segment"), overall(values, kpi)
    if whole is None or rows.empty:
        return "", 0, False
    over = rows["numerator"] - whole * rows["denominator"]
    at = int(over.to_numpy().argmax())
    holds = bool(over[at] > 0 and rows["low"][at] > whole)
    return str(rows["group_id"][at]), round(float(over[at])), holds


def figure_of(book: Workbook, kpi: Kpi, group: str) -> Figure | None:
    """The ledger's figure of one KPI and one segment, or ``all``; None where none is shown."""
    by = "all" if group == "all" else "segment"
    rows = of_kpi(book.table("kpi_values"), kpi.id, by)
    rows = rows[rows["group_id"] == group]
    if rows.empty:
        return None
    row = rows.iloc[0]
    shown = {name: _in_unit(book, kpi, row[name]) for name in ("value", "low", "high")}
    return book.figure(
        f"kpis.{kpi.id}.{group}",
        unit=_unit(book, kpi),
        n=row["n"],
        grade="C" if kpi.rows == "contribution" else "R",
        source=ROWS[kpi.rows][0] if kpi.rows in ROWS else ("quotas", "order_lines"),
        **shown,
    )


def _in_unit(book: Workbook, kpi: Kpi, value: float) -> Any:
    if kpi.unit != "money" or value != value:
        return value
    return book.money(round(value))


def _unit(book: Workbook, kpi: Kpi) -> str:
    return book.currency if kpi.unit == "money" else kpi.unit


def _for_page(book: Workbook, kpi: Kpi, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with value, low and high in currency where the KPI is money."""
    if kpi.unit != "money":
        return rows
    return rows.assign(**{name: book.money(rows[name]) for name in ("value", "low", "high")})


def _money(book: Workbook, id: str, minor: float, **more: Any) -> Figure:
    return book.figure(id, book.money(round(minor)), book.currency, **more)


def _texts(messages: Iterable[Message]) -> npt.NDArray[np.object_]:
    return np.array(list(messages), dtype=object)


# --- KPIs ------------------------------------------------------------------------------------


def record(book: Workbook) -> None:
    """Put every KPI of all customers and of each segment into the ledger, and check the sums."""
    values = book.table("kpi_values")
    for kpi in BY_ID.values():
        for group in ("all", *sorted(names(book))):
            figure_of(book, kpi, group)
    by_segment = values[(values["kpi"] == "order_value") & (values["by"] == "segment")]
    book.identity(
        "Net revenue of the window: KPIs by segment = behaviour",
        book.money(by_segment["numerator"].sum()),
        book.money(book.table("behaviour")["net_revenue"].sum()),
    )


def definitions(book: Workbook) -> None:
    """Show each KPI's numerator, denominator, direction and counter-KPI."""
    values = book.table("kpi_values")
    known = [kpi for kpi in BY_ID.values() if overall(values, kpi.id) is not None]
    data = pd.DataFrame(
        {
            "kpi": [kpi.name for kpi in known],
            "over": [kpi.over for kpi in known],
            "under": [kpi.under for kpi in known],
            "better": [_BETTER[kpi.direction] for kpi in known],
            "counter": [BY_ID[kpi.counter].name for kpi in known],
        }
    )
    n = book.figure("kpis.count", len(known), "KPIs")
    book.show(
        Exhibit(
            "kpis.definitions",
            say("Every KPI is one sum divided by another, never a mean of ratios"),
            len(known) > 0,
            say("No KPI can be computed from the records given"),
            say("{n} KPIs of the records given, {window}", n=n, window=book.window_text),
            data,
            (
                Column("kpi", say("KPI")),
                Column("over", say("Sum of")),
                Column("under", say("Divided by the sum of")),
                Column("better", say("Better when")),
                Column("counter", say("Read beside")),
            ),
            ("kpi_values",),
            book.engagement.as_of,
            reading=say(
                "What is paid for is gamed: reward a KPI only together with the one beside it. "
                "We would give a seller four KPIs at most."
            ),
            rows_shown=20,
        )
    )
    _not_computed(book, {kpi.id for kpi in known})


def _not_computed(book: Workbook, known: set[str]) -> None:
    """Name the KPIs that the records do not allow, and the missing tables behind them."""
    tables = ("visits", "quotes", "receivables", "quotas")
    if missing := [name for name in tables if not book.has(name)]:
        book.without(*missing)
    because = {name for name in ("resources", "activities") if not book.has(name)}
    if because and not book.has("contribution"):
        book.without(*sorted(because))
    left = [k for k in KPIS if k.id not in known and all(map(book.has, ROWS[k.rows][0]))]
    for kpi in left:
        book.show(
            Note(
                say(
                    "{kpi} is left out: the records hold no {under} to divide by.",
                    kpi=kpi.name, under=kpi.under,
                )
                if not kpi.months
                else say(
                    "{kpi} is left out: it needs two years of records in the window.", kpi=kpi.name
                ),
                "missing",
            )
        )  # fmt: skip


def across_segments(book: Workbook) -> None:
    """Show the most telling KPIs as segments' intervals around the overall value."""
    values = book.table("kpi_values")
    apart = [kpi for kpi in _TELLING if sets_apart(values, kpi)]
    spread_of(book, apart)
    for kpi in apart[:4]:
        book.show(_across(book, BY_ID[kpi]))


def spread_of(book: Workbook, apart: Sequence[str]) -> None:
    """State in how many KPIs segments stand apart, and what follows for whom KPIs are set."""
    n = book.figure("kpis.apart", len(apart), "KPIs")
    of = book.figure("kpis.compared", _compared(book), "KPIs")
    book.show(
        Finding(
            "kpis.apart",
            say_n(
                "Segments stand clearly apart in {n} of {of} KPI",
                "Segments stand clearly apart in {n} of {of} KPIs",
                n, of=of,
            ),
            len(apart) > 0,
            say("One norm for all would ask too much of some segments and too little of others."),
            say("Segments do not stand clearly apart in any KPI"),
            say("One norm for all segments is enough until there is more data."),
            action=say("Agree each KPI's norm per segment, from the exhibits below."),
            owner=_DIRECTOR,
        )
    )  # fmt: skip


def _compared(book: Workbook) -> int:
    values = book.table("kpi_values")
    return sum(len(of_kpi(values, kpi, "segment")) > 1 for kpi in _TELLING)


def _across(book: Workbook, kpi: Kpi) -> Exhibit:
    values, called = book.table("kpi_values"), names(book)
    rows, whole = of_kpi(values, kpi.id, "segment"), overall(values, kpi.id) or 0.0
    rows = rows.assign(called=rows["group_id"].map(called), is_accent=is_apart(rows, whole))
    at = str(rows["group_id"][furthest(rows, whole)])
    all_figure = figure_of(book, kpi, "all")
    return _intervals(
        book, f"kpis.{kpi.id}", kpi,
        rows.sort_values(["value", "group_id"], ascending=[False, True]),
        say(
            "{kpi} of {segment}: {value}, against {all} overall",
            kpi=kpi.name, segment=called[at], value=figure_of(book, kpi, at), all=all_figure,
        ),
        say("No segment's {kpi} stands clearly off {all}", kpi=kpi.name, all=all_figure),
        heads=(say("Segment"), say("Customers")),
        reading=say(
            "A dot is a segment's ratio of sums, the bar its 95% interval; coloured segments leave "
            "the overall value out. Better is {better}; read it beside {counter}.",
            better=_BETTER[kpi.direction], counter=BY_ID[kpi.counter].name,
        ),
    )  # fmt: skip


def _intervals(
    book: Workbook,
    id: str,
    kpi: Kpi,
    rows: pd.DataFrame,
    title: Message,
    otherwise: Message,
    *,
    heads: tuple[Message, Message],
    reading: Message,
    reference: Message | None = None,
) -> Exhibit:
    """One dot with its range for each of `rows`, in their order; ``is_accent`` makes the claim."""
    unit, whole = _unit(book, kpi), overall(book.table("kpi_values"), kpi.id) or 0.0
    at = 1.0 if kpi is ATTAINMENT else float(_in_unit(book, kpi, whole))
    return Exhibit(
        id,
        title,
        bool(rows["is_accent"].any()),
        otherwise,
        say(
            "{over} ÷ {under}, 95% interval, {window}",
            over=kpi.over, under=kpi.under, window=book.window_text,
        ),
        _for_page(book, kpi, rows),
        (
            Column("called", heads[0]),
            Column("n", heads[1], "count"),
            Column("value", kpi.name, unit),
            Column("low", say("Low"), unit),
            Column("high", say("High"), unit),
        ),
        ("kpi_values",),
        book.engagement.as_of,
        Chart(
            "intervals", "value", "called", low="low", high="high", accent="is_accent",
            reference=at, reference_label=reference or say("overall"), x_label=kpi.name,
        ),
        reading=reading,
        n=int(rows["n"].sum()),
    )  # fmt: skip


def tables_by_segment(book: Workbook) -> None:
    """Show every KPI of every segment, in one table per family."""
    for family, title in (
        ("selling", say("selling")),
        ("earning", say("earning")),
        ("serving", say("serving")),
    ):
        _family(book, family, title)


def _family(book: Workbook, family: str, title: Message) -> None:
    values, called = book.table("kpi_values"), names(book)
    kpis = [k for k in KPIS if k.family == family and len(of_kpi(values, k.id, "segment"))]
    if not kpis:
        return
    data = pd.DataFrame({"segment_id": sorted(called)})
    for kpi in kpis:
        rows = _for_page(book, kpi, of_kpi(values, kpi.id, "segment"))
        data[kpi.id] = data["segment_id"].map(rows.set_index("group_id")["value"])
    data.insert(0, "segment", data["segment_id"].map(called))
    apart = [kpi for kpi in kpis if sets_apart(values, kpi.id)]
    n = book.figure(f"kpis.{family}.apart", len(apart), "KPIs")
    book.show(
        Exhibit(
            f"kpis.table.{family}",
            say_n(
                "Segments differ clearly in {n} of {of} {family} KPI",
                "Segments differ clearly in {n} of {of} {family} KPIs",
                n, of=book.figure(f"kpis.{family}.count", len(kpis), "KPIs"), family=title,
            ),
            len(apart) > 0,
            say("Segments do not differ clearly in any {family} KPI", family=title),
            say("Ratios of sums by segment, {window}", window=book.window_text),
            data,
            (
                Column("segment", say("Segment")),
                *(Column(kpi.id, kpi.name, _unit(book, kpi)) for kpi in kpis),
            ),
            ("kpi_values", "segments"),
            book.engagement.as_of,
            reading=say(
                "A dash stands where fewer than five customers have the records. "
                "Intervals of each value are in the table of KPI values."
            ),
        )
    )  # fmt: skip


# --- money behind the KPIs -------------------------------------------------------------------


def lost_revenue(book: Workbook) -> None:
    """State what last year's customers no longer bring in, where two years are known."""
    rows = of_kpi(book.table("kpi_values"), "revenue_retention", "all")
    if rows.empty:
        return
    row = rows.iloc[0]
    lost = _money(book, "kpis.lost_revenue", max(0, row["denominator"] - row["numerator"]))
    kept = figure_of(book, BY_ID["revenue_retention"], "all")
    book.show(
        Finding(
            "kpis.lost_revenue",
            say("Customers of the year before brought in {lost} less last year", lost=lost),
            bool(row["high"] < 1),
            say("They kept {kept} of it; new customers must first fill the rest.", kept=kept),
            say("Customers of the year before kept {kept} of their net revenue", kept=kept),
            say("The interval does not rule out that they kept all of it."),
            money=lost.id,
            action=say("Review the largest declines with the sellers who look after them."),
            owner=_DIRECTOR,
        )
    )  # fmt: skip


def deep_discounts(book: Workbook) -> None:
    """State which segment's discounts exceed the overall rate most, and by how much money."""
    values = book.table("kpi_values")
    segment, over, holds = excess(values, "discount_rate")
    if not segment:
        return
    money = _money(book, "kpis.excess_discount", max(0, over))
    rate = figure_of(book, BY_ID["discount_rate"], segment)
    whole = figure_of(book, BY_ID["discount_rate"], "all")
    book.show(
        Finding(
            "kpis.excess_discount",
            say(
                "{segment} gets {rate} off list, {money} more than at the overall rate",
                segment=names(book)[segment], rate=rate, money=money,
            ),
            holds,
            say("Overall, discounts take {whole} of list value.", whole=whole),
            say("No segment's discounts stand clearly above the overall {whole}", whole=whole),
            say("Discounts are no reason to treat one segment unlike the others."),
            money=money.id,
            action=say("Ask a reason for each discount above the segment's usual one."),
            owner=_DIRECTOR,
        )
    )  # fmt: skip


def overdue(book: Workbook) -> None:
    """State how much of the open receivables is past its due date."""
    rows = of_kpi(book.table("kpi_values"), "overdue_share", "all")
    if rows.empty:
        return
    as_of = book.engagement.as_of.isoformat()
    late = _money(book, "kpis.overdue", rows["numerator"].iloc[0], period=f"{as_of}/{as_of}")
    part, days = (figure_of(book, BY_ID[id], "all") for id in ("overdue_share", "late_days"))
    book.show(
        Finding(
            "kpis.overdue",
            say("{late} with VAT is overdue: {part} of what customers owe", late=late, part=part),
            bool(rows["numerator"].iloc[0] > 0),
            say("Weighted by amount, invoices are paid {days} days late.", days=days),
            say("Nothing that customers owe is overdue"),
            say("Weighted by amount, invoices were paid {days} days late.", days=days),
            money=late.id,
            action=say("Collect the overdue invoices before terms are offered to anyone."),
            owner=_FINANCE,
        )
    )


# --- sellers ---------------------------------------------------------------------------------


def sellers(book: Workbook) -> None:
    """Show sellers by code around the overall value, in a KPI that can tell them apart."""
    values, tested = book.table("kpi_values"), book.table("kpi_reliability")
    if values[values["by"] == "rep"].empty:
        if book.has("reps"):
            text = say("Sales and visits carry no seller, so nothing is shown by seller.")
            book.show(Note(text, "missing"))
        else:
            book.without("reps")
        return
    score = tested.set_index("kpi")["reliability"]
    fit = [kpi for kpi in _FOR_SELLERS if score.get(kpi, 0.0) >= RELIABLE]
    book.show(_reliability(book, tested, len(fit)))
    shown = [kpi for kpi in fit or _FOR_SELLERS if overall(values, kpi) is not None]
    for kpi in shown[:1]:
        book.show(_funnel(book, BY_ID[kpi]))


def _reliability(book: Workbook, tested: pd.DataFrame, fit: int) -> Exhibit:
    known = tested[tested["kpi"].isin(_FOR_SELLERS) & tested["reliability"].notna()]
    known = known.sort_values(["reliability", "kpi"], ascending=[False, True])
    n = book.figure("kpis.reliable", fit, "KPIs")
    of = book.figure("kpis.reliability_tested", len(known), "KPIs")
    uses = _texts(say("yes") if r >= RELIABLE else say("no") for r in known["reliability"])
    return Exhibit(
        "kpis.reliability",
        say_n(
            "{n} of {of} KPI tells sellers apart reliably",
            "{n} of {of} KPIs tell sellers apart reliably",
            n, of=of,
        ),
        fit > 0,
        say("No KPI has been shown to tell sellers apart reliably"),
        say("Odd against even months of the same sellers, {window}", window=book.window_text),
        known.assign(name=_texts(BY_ID[kpi].name for kpi in known["kpi"]), use=uses),
        (
            Column("name", say("KPI")),
            Column("sellers", say("Sellers"), "sellers"),
            Column("reliability", say("Reliability"), "number", 2),
            Column("use", say("Fit to judge a seller")),
        ),
        ("kpi_values", "kpi_reliability"),
        book.engagement.as_of,
        reading=say(
            "1 means that odd months say exactly what even months say; below one half we drop the "
            "KPI. A lasting difference may still be the territory's rather than the seller's."
        ),
    )  # fmt: skip


def _funnel(book: Workbook, kpi: Kpi) -> Exhibit:
    values = book.table("kpi_values")
    rows = of_kpi(values, kpi.id, "rep")
    rows = rows.assign(
        called=rows["group_id"].map(book.rep_names()),
        is_accent=is_apart(rows, overall(values, kpi.id) or 0.0),
    )
    shown = rows.sort_values(["n", "called"], ascending=[False, True]).head(30)
    return _intervals(
        book, "kpis.sellers", kpi, shown,
        say_n(
            "{n} of {of} sellers stands clearly off the overall {kpi}",
            "{n} of {of} sellers stand clearly off the overall {kpi}",
            book.figure("kpis.sellers.apart", int(shown["is_accent"].sum()), "sellers"),
            of=book.figure("kpis.sellers.shown", len(shown), "sellers"), kpi=kpi.name,
        ),
        say("No seller stands clearly off the overall {kpi}", kpi=kpi.name),
        heads=(say("Seller"), say("Customers")),
        reading=say(
            "Sellers with most customers first, so this is no league table. One seller in twenty "
            "is coloured by chance alone, and customers differ: ask before judging."
        ),
    )  # fmt: skip


def attainment(book: Workbook) -> None:
    """Show net revenue against quota, of all and of each seller and team."""
    if not book.has("quotas"):
        book.without("quotas")
        return
    values = book.table("kpi_values")
    rows = of_kpi(values, "attainment", "all")
    if rows.empty:
        text = say("No quota for net revenue of five sellers lies wholly in the window.")
        book.show(Note(text, "missing"))
        return
    row = rows.iloc[0]
    short = int(row["denominator"] - row["numerator"])
    _short_of_quota(book, short)
    book.show(_sellers_attainment(book, of_kpi(values, "attainment", "rep")))
    teams = of_kpi(values, "attainment", "team")
    if len(teams):
        book.show(_teams_attainment(book, teams))


def _short_of_quota(book: Workbook, short: int) -> None:
    money = _money(book, "kpis.quota_gap", max(0, short), source=("quotas", "order_lines"))
    reached = figure_of(book, ATTAINMENT, "all")
    book.show(
        Finding(
            "kpis.attainment",
            say(
                "Sellers brought in {reached} of quota, {money} short", reached=reached, money=money
            ),
            short > 0,
            say("A quota that is missed by all says more of the quota than of the sellers."),
            say("Sellers brought in {reached} of quota", reached=reached),
            say("Quotas were reached in sum; look at how evenly before raising them."),
            money=money.id,
            action=say("Build the next quotas from each segment's base and named gap."),
            owner=_DIRECTOR,
        )
    )


def _sellers_attainment(book: Workbook, rows: pd.DataFrame) -> Exhibit:
    rows = rows.assign(called=rows["group_id"].map(book.rep_names()), is_accent=rows["value"] >= 1)
    shown = rows.sort_values(["numerator", "called"], ascending=[False, True]).head(30)
    n = book.figure("kpis.attainment.reached", int(shown["is_accent"].sum()), "sellers")
    of = book.figure("kpis.attainment.sellers", len(shown), "sellers")
    return _intervals(
        book, "kpis.attainment.sellers", ATTAINMENT, shown,
        say("{n} of {of} sellers reached quota over the window", n=n, of=of),
        say("No seller reached quota over the window"),
        heads=(say("Seller"), say("Quota periods")),
        reading=say(
            "Largest net revenue first; the bar is what other quota periods like these would give. "
            "A missed quota may be too high a quota: compare with the base forecast first."
        ),
        reference=say("quota"),
    )  # fmt: skip


def _teams_attainment(book: Workbook, rows: pd.DataFrame) -> Exhibit:
    rows = rows.sort_values(["value", "group_id"], ascending=[False, True]).reset_index(drop=True)
    called = _texts(
        say("Other teams") if team == OTHER_TEAMS else say("{team}", team=team)
        for team in rows["group_id"]
    )
    ends = [
        book.figure(f"kpis.attainment.{end}_team", rows["value"].iloc[at], "share", n=rows["n"][at])
        for end, at in (("last", len(rows) - 1), ("first", 0))
    ]
    money = {name: book.money(rows[name]) for name in ("numerator", "denominator")}
    return Exhibit(
        "kpis.attainment.teams",
        say("Attainment of teams runs from {low} to {high}", low=ends[0], high=ends[1]),
        len(rows) > 1,
        say("Only one group of teams is large enough to be shown"),
        say(
            "Net revenue ÷ quota by team, quota periods wholly in {window}", window=book.window_text
        ),
        rows.assign(team=called, **money),
        (
            Column("team", say("Team")),
            Column("n", say("Sellers"), "sellers"),
            Column("numerator", say("Net revenue"), book.currency),
            Column("denominator", say("Quota"), book.currency),
            Column("value", say("Attainment"), "share"),
            Column("low", say("Low"), "share"),
            Column("high", say("High"), "share"),
        ),
        ("quotas", "order_lines", "reps"),
        book.engagement.as_of,
        reading=say(
            "Teams with fewer than five sellers are pooled, so that nobody is singled out."
        ),
        n=int(rows["n"].sum()),
    )


# --- targets ---------------------------------------------------------------------------------


def record_targets(book: Workbook) -> dict[str, Figure]:
    """Put the totals of the targets into the ledger: base, gap, total, last year and back-test."""
    table = book.table("targets")
    agreed = book.engagement
    ahead = f"{agreed.as_of + timedelta(1)}/{months_before(agreed.as_of, -agreed.targets.months)}"
    since = months_before(agreed.as_of, agreed.targets.months) + timedelta(1)
    back = f"{since}/{agreed.as_of}"
    summed = {name: table[name].sum(min_count=len(table)) for name in _SUMMED}
    is_tested = bool(table["backtest_forecast"].notna().all() and summed["last_actual"] > 0)
    grade: Grade = "C" if (table["grade"] == "C").all() else "D"
    source = ("order_lines", "segments")
    made = {
        "months": book.figure("kpis.targets.months", agreed.targets.months, "months", period=ahead),
        "last": _money(book, "kpis.targets.last_actual", summed["last_actual"], period=back),
        "base": book.figure(
            "kpis.targets.base", book.money(summed["base"]), book.currency, period=ahead,
            n=int(table["customers"].sum()), grade=grade, source=source,
            low=_or_none(book, summed["base_low"]), high=_or_none(book, summed["base_high"]),
        ),
        "gap": _money(
            book, "kpis.targets.gap", summed["gap"], period=ahead, source=source,
            grade="D" if (table["gap_name"] == "agreed").any() else "C",
            n=int(table["gap_customers"].sum()),
        ),
        "total": _money(
            book, "kpis.targets.total", summed["target"], period=ahead, source=source, grade=grade,
        ),
    }  # fmt: skip
    if is_tested:
        missed = error_of(summed["backtest_forecast"], summed["last_actual"])
        made["error"] = book.figure(
            "kpis.targets.backtest_error", missed, "share", period=back, grade="C", source=source
        )
        made["forecast"] = _money(
            book, "kpis.targets.backtest", summed["backtest_forecast"], period=back, grade="C"
        )
    book.identity(
        "Targets: base + gap = total",
        made["base"].value + made["gap"].value,
        made["total"].value,
    )
    return made


_SUMMED = ("last_actual", "base", "base_low", "base_high", "gap", "target", "backtest_forecast")


def _or_none(book: Workbook, minor: float) -> Any:
    return None if minor != minor else book.money(round(minor))


def error_of(forecast: float, actual: float) -> float:
    """By what share of the actual a forecast missed it."""
    return abs(forecast - actual) / actual


def base(book: Workbook) -> None:
    """Show the base forecast and how the same method would have done a year ago."""
    total = record_targets(book)
    is_tested = "error" in total
    book.show(
        Finding(
            "kpis.targets.base",
            say(
                "The base forecast for the next {months} months is {base}, after {last}",
                months=total["months"], base=total["base"], last=total["last"],
            ),
            is_tested,
            say(
                "Stopped that long ago, its methods would have missed the actual by {error}.",
                error=total["error"],
            )
            if is_tested
            else say(""),
            say(
                "The base of {base} for the next {months} months is untested",
                months=total["months"], base=total["base"],
            ),
            say("Too little history lies before it; it only keeps up what is known."),
            grade=total["base"].grade,
        ),
        _backtest(book, total),
    )  # fmt: skip


def _backtest(book: Workbook, total: dict[str, Figure]) -> Exhibit:
    table, called = book.table("targets"), names(book)
    money = {
        name: book.money(table[name])
        for name in ("last_actual", "backtest_forecast", "base", "base_low", "base_high")
    }
    is_tested = "error" in total
    data = table.assign(
        segment=table["segment_id"].map(called),
        method=_texts(_METHOD[name] for name in table["method"]),
        **money,
    ).sort_values(["base", "segment_id"], ascending=[False, True])
    unit = book.currency
    return Exhibit(
        "kpis.targets.backtest",
        say(
            "A year ago these methods would have missed the actual by {error}",
            error=total.get("error"),
        )
        if is_tested and book.engagement.targets.months == 12
        else say(
            "Stopped before the last {months} months, these methods missed them by {error}",
            months=total["months"], error=total.get("error", Value(None)),
        ),
        is_tested,
        say("Too little history to test a forecast: the base only keeps up what is known"),
        say("Net revenue by segment: forecast, actual and base, last and next {n} months",
            n=total["months"]),
        data,
        (
            Column("segment", say("Segment")),
            Column("method", say("Method")),
            Column("backtest_forecast", say("Forecast of last year"), unit),
            Column("last_actual", say("Actual"), unit),
            Column("backtest_error", say("Missed by"), "share"),
            Column("base", say("Base"), unit),
            Column("base_low", say("Low"), unit),
            Column("base_high", say("High"), unit),
        ),
        ("targets", "order_lines"),
        book.engagement.as_of,
        reading=say(
            "Each segment takes the method that came nearest to its last year, which flatters the "
            "error a little. The range is the larger of that miss and of what another draw of "
            "customers would give."
        ),
        n=int(table["customers"].sum()),
        grade=total["base"].grade,
    )  # fmt: skip


def gap_text(gap_names: Iterable[str]) -> Message:
    """What the gap is called on the page."""
    kinds = set(gap_names) - {"none"}
    if kinds == {"agreed"}:
        return say("Gap agreed with the client")
    if "agreed" in kinds:
        return say("Agreed gap and silent customers won back")
    return say("Silent customers won back")


def targets(book: Workbook) -> None:
    """Show each segment's target as base and named gap, and the gap as something to test."""
    total, table = record_targets(book), book.table("targets")
    book.show(
        Finding(
            "kpis.targets.gap",
            say(
                "{gap}: {amount} on top of the base, to be tested",
                gap=gap_text(table["gap_name"]), amount=total["gap"],
            ),
            bool(table["gap"].sum() > 0),
            _behind_gap(book, table),
            say("No gap could be measured: the target is the base"),
            say("Agree a named gap with the client before a target is set above the base."),
            money="kpis.targets.gap",
            action=say("Call half of the silent customers, drawn by lot; compare after 60 days."),
            owner=_DIRECTOR,
            grade=total["gap"].grade,
        ),
        _per_segment(book, total),
    )  # fmt: skip


def _behind_gap(book: Workbook, table: pd.DataFrame) -> Message:
    """How the gap was measured, in one sentence."""
    rate, watched = table["gap_rate"].iloc[0], min(12, int(table["history_months"].iloc[0]) // 2)
    if (table["gap_name"] == "agreed").all() or rate != rate:
        return say("It was agreed, not measured: agree as well what will be done to close it.")
    n = book.figure("kpis.targets.silent", int(table["gap_customers"].sum()), "customers")
    return say_n(
        "{n} customer is silent for over twice its own rhythm. Of the usual revenue of customers "
        "silent {months} months earlier, {came} came back since; we ask for as much again.",
        "{n} customers are silent for over twice their own rhythm. Of the usual revenue of "
        "customers silent {months} months earlier, {came} came back since; we ask for as much "
        "again.",
        n,
        months=book.figure("kpis.targets.watched", watched, "months"),
        came=book.figure("kpis.targets.came_back", rate, "share", grade="C"),
    )


def _per_segment(book: Workbook, total: dict[str, Figure]) -> Exhibit:
    table, called = book.table("targets"), names(book)
    data = table.assign(
        segment=table["segment_id"].map(called),
        gap_name=_texts(say("None") if n == "none" else gap_text([n]) for n in table["gap_name"]),
        **{name: book.money(table[name]) for name in ("last_actual", "base", "gap", "target")},
    ).sort_values(["target", "segment_id"], ascending=[False, True])
    most = data.iloc[int(data["gap"].to_numpy().argmax())]
    share = book.figure(
        "kpis.targets.largest_gap_share",
        float(most["gap"] / data["gap"].sum()) if data["gap"].sum() else 0.0, "share", grade="C",
    )  # fmt: skip
    unit = book.currency
    return Exhibit(
        "kpis.targets.segments",
        say("{share} of the named gap lies in {segment}", share=share, segment=most["segment"]),
        total["gap"].value > 0,
        say("Each segment's target is its base"),
        say(
            "Net revenue by segment, the last and the next {months} months", months=total["months"]
        ),
        data,
        (
            Column("segment", say("Segment")),
            Column("customers", say("Customers"), "customers"),
            Column("last_actual", say("Last actual"), unit),
            Column("base", say("Base"), unit),
            Column("gap", say("Named gap"), unit),
            Column("gap_name", say("What the gap is")),
            Column("target", say("Target"), unit),
            Column("grade", say("Grade of the base")),
        ),
        ("targets",),
        book.engagement.as_of,
        reading=say(
            "No target is last year plus a percentage: where there is no measured gap, the target "
            "is the base, and work goes where the gap is."
        ),
        n=int(table["customers"].sum()),
        grade=total["total"].grade,
    )


def rests_on(book: Workbook) -> None:
    """Say what the targets rest on and leave out."""
    total, agreed = record_targets(book), book.engagement
    since = months_before(agreed.as_of, agreed.targets.months)
    left = book.query(
        "SELECT CAST(coalesce(sum(net_amount), 0) AS BIGINT) AS minor FROM order_lines "
        f"WHERE customer_id IS NULL AND order_date > DATE '{since}' "
        f"AND order_date <= DATE '{agreed.as_of}'",
        "order_lines",
    )["minor"][0]
    if left:
        money = _money(
            book, "kpis.targets.unassigned", left, period=f"{since + timedelta(1)}/{agreed.as_of}"
        )
        text = say(
            "{money} of the last {months} months carries no customer: it has no target.",
            money=money, months=total["months"],
        )  # fmt: skip
        book.show(Note(text, "warning"))
    for text in (
        say(
            "Segments are drawn from the same window as last year's actual: customers won since "
            "then count in the actual, not in the forecast, so a growing segment is missed by more."
        ),
        say(
            "A silent customer has at least four order days and no order for more than twice its "
            "own mean gap, and at least 30 days. Its usual revenue is what it bought per day while "
            "it bought; what its base already holds is taken off."
        ),
        say(
            "A base whose methods missed the last actual by more than a quarter, or that no year "
            "could test, is graded D: a judgement."
        ),
    ):
        book.show(Note(text))


def caveats(book: Workbook) -> None:
    """Say how KPIs are gamed, and what they cannot show."""
    notes = [
        say(
            "Segments were found in the same records that the KPIs measure: that they differ in "
            "order value or orders per customer is how they were drawn, not news."
        ),
        say(
            "Each volume KPI can be bought with discounts, credit or orders pulled forward: watch "
            "its counter-KPI, and the month after each review."
        ),
    ]
    if book.has("visits"):
        notes.append(
            say(
                "A visit with an order on the day or the next is an association: sellers visit "
                "when an order is due, so the strike rate is no effect of visits."
            )
        )
    book.show(*(Note(text) for text in notes))


# --- the answer ------------------------------------------------------------------------------


def answer(book: Workbook) -> None:
    """Answer the notebook's question: the KPIs that tell segments apart, the target, how sure."""
    record(book)
    values, total = book.table("kpi_values"), record_targets(book)
    apart = [kpi for kpi in _TELLING if sets_apart(values, kpi)]
    book.show(
        Answer((_what(book, apart), _how_much(total), _how_sure(total))),
        Tiles(
            (
                (say("Base forecast"), total["base"]),
                (say("Named gap, to be tested"), total["gap"]),
                (say("Target"), total["total"]),
                *([(say("Missed by last time"), total["error"])] if "error" in total else []),
            )
        ),
    )


def _what(book: Workbook, apart: Sequence[str]) -> Message:
    if len(apart) < 2:
        return say("Measure all segments by the same norms: they do not stand clearly apart.")
    kpis = {name: BY_ID[kpi].name for name, kpi in zip(("first", "second"), apart, strict=False)}
    return say(
        "Set norms per segment, first of all for {first} and {second}, where segments stand "
        "clearly apart.",
        **kpis,
    )


def _how_much(total: dict[str, Figure]) -> Message:
    if total["gap"].value > 0:
        return say(
            "Target {total} for the next {months} months: a base of {base} and a named gap of "
            "{gap}.",
            **{name: total[name] for name in ("total", "months", "base", "gap")},
        )
    return say(
        "Target {total} for the next {months} months, the base: no gap could be measured.",
        total=total["total"], months=total["months"],
    )  # fmt: skip


def _how_sure(total: dict[str, Figure]) -> Message:
    if "error" not in total:
        return say("How sure: no year of records could test the base, and the gap is untested.")
    return say(
        "How sure: the same methods would have forecast {forecast} for the last {months} months, "
        "which brought {last}; the gap is untested.",
        forecast=total["forecast"], months=total["months"], last=total["last"],
    )  # fmt: skip
