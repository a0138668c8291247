"""What the KPIs say of this client: figures, findings and exhibits by segment and seller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segkit.evidence import judged
from segkit.exhibits import Chart, Column, Exhibit, Finding, Note
from segkit.kpis.definitions import ATTAINMENT, BY_ID, KPIS, ROWS, Kpi
from segkit.kpis.measures import OTHER_TEAMS
from segkit.language import Message, Value, say, say_n

if TYPE_CHECKING:
    from segkit.evidence import Grade
    from segkit.workbook import Figure, Workbook

#: Which KPIs become charts where segments stand apart in them; how RFM drew segments comes last.
TELLING = (
    "gross_margin_rate", "revenue_retention", "discount_rate", "strike_rate", "ecommerce_share",
    "hit_rate", "late_days", "contribution_margin", "return_share", "active_share",
    "lines_per_order", "order_value", "orders_per_customer",
)  # fmt: skip
_FOR_SELLERS = (
    "gross_margin_rate", "discount_rate", "strike_rate", "hit_rate", "order_value",
    "lines_per_order", "orders_per_customer",
)  # fmt: skip
RELIABLE = judged(
    "kpis.reliable", 0.5, 0.4, 0.7, "share",
    say("A KPI of lower reliability judges no seller."),
)  # fmt: skip
_MOST = 30
_BETTER = {"up": say("higher"), "down": say("lower"), "level": say("neither by itself")}
DIRECTOR, _FINANCE = say("sales director"), say("finance director")


# --- numbers of this client ------------------------------------------------------------------


def of_kpi(values: pd.DataFrame, kpi: str, by: str) -> pd.DataFrame:
    """The rows of one KPI that may be shown, by segment, rep, rep_mix, team or all."""
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
    width = (rows["high"] - rows["low"]).to_numpy()
    off = (rows["value"] - reference).abs().to_numpy()
    scored = np.divide(off, width, out=np.zeros_like(off), where=width > 0)
    return int((scored if scored.any() else off).argmax())


def sets_apart(values: pd.DataFrame, kpi: str) -> bool:
    """Whether at least one segment of several stands clearly off the whole."""
    rows, whole = of_kpi(values, kpi, "segment"), overall(values, kpi)
    return whole is not None and len(rows) > 1 and bool(is_apart(rows, whole).any())


def telling(values: pd.DataFrame) -> list[str]:
    """The KPIs in which segments stand apart, but not by how they were drawn alone.

    Where every segment has all or nothing of something, such as one channel, there is no range.
    """
    apart = [kpi for kpi in TELLING if sets_apart(values, kpi)]
    rows = {kpi: of_kpi(values, kpi, "segment") for kpi in apart}
    return [kpi for kpi in apart if (rows[kpi]["high"] > rows[kpi]["low"]).any()]


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


def segment_names(book: Workbook) -> dict[str, Message]:
    """Each segment's name by its id."""
    known = book.table("segment_definitions")
    return dict(zip(known["segment_id"], known["name"], strict=True))


def money_figure(book: Workbook, id: str, minor: float, **more: Any) -> Figure:
    """A figure of `minor` units as money."""
    return book.figure(id, book.money(round(minor)), book.currency, **more)


def days_text(period: str) -> Message:
    """A period in words, for a subtitle."""
    first, last = map(date.fromisoformat, period.split("/"))
    return say("{first} to {last}", first=first, last=last)


def texts(messages: Iterable[Message]) -> npt.NDArray[np.object_]:
    """Messages as a column of an exhibit."""
    return np.array(list(messages), dtype=object)


def figure_of(book: Workbook, kpi: Kpi, group: str) -> Figure | None:
    """The ledger's figure of one KPI and one segment, or ``all``; None where none is shown."""
    rows = of_kpi(book.table("kpi_values"), kpi.id, "all" if group == "all" else "segment")
    rows = _for_page(book, kpi, rows[rows["group_id"] == group])
    if rows.empty:
        return None
    row = rows.iloc[0]
    return book.figure(
        f"kpis.{kpi.id}.{group}", _exact(book, kpi, row["value"]), _unit(book, kpi), n=row["n"],
        period=row["period"],
        low=_exact(book, kpi, row["low"]), high=_exact(book, kpi, row["high"]),
        grade="C" if kpi.rows == "contribution" else "R",
        source=ROWS[kpi.rows][0] if kpi.rows in ROWS else ("quotas", "order_lines"),
    )  # fmt: skip


def _unit(book: Workbook, kpi: Kpi) -> str:
    return book.currency if kpi.unit == "money" else kpi.unit


def _exact(book: Workbook, kpi: Kpi, value: float) -> Any:
    is_money = kpi.unit == "money" and value == value
    return book.money(round(value * book.engagement.minor_units)) if is_money else value


def _for_page(book: Workbook, kpi: Kpi, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with value, low and high in currency where the KPI is money."""
    if kpi.unit != "money":
        return rows
    return rows.assign(**{name: book.money(rows[name]) for name in ("value", "low", "high")})


def table_of(
    book: Workbook, id: str, title: Message, holds: bool, otherwise: Message,  # noqa: FBT001
    subtitle: Message,
    data: pd.DataFrame, columns: Iterable[Column], reading: Message,
    *, n: int | None = None, grade: Grade = "R", chart: Chart | None = None,
    sources: tuple[str, ...] = ("kpi_values", "segments"),
) -> Exhibit:  # fmt: skip
    """An exhibit of this notebook, as of the engagement's day."""
    return Exhibit(
        id, title, holds, otherwise, subtitle, data, tuple(columns), sources,
        book.engagement.as_of, chart, reading, n=n, grade=grade, rows_shown=_MOST,
    )  # fmt: skip


def _intervals(
    book: Workbook, id: str, kpi: Kpi, rows: pd.DataFrame, title: Message, otherwise: Message,
    subtitle: Message, reading: Message,
    *, heads: tuple[Message, Message], reference: float, at: Message, unit: str,
) -> Exhibit:  # fmt: skip
    """One dot with its range for each of `rows`, in their order; ``is_accent`` makes the claim."""
    columns = (
        Column("called", heads[0]), Column("n", heads[1], "count"), Column("value", kpi.name, unit),
        Column("low", say("Low"), unit), Column("high", say("High"), unit),
    )  # fmt: skip
    chart = Chart(
        "intervals", "value", "called", low="low", high="high", accent="is_accent",
        reference=reference, reference_label=at, x_label=kpi.name,
    )  # fmt: skip
    holds, n = bool(rows["is_accent"].any()), int(rows["n"].sum())
    return table_of(
        book, id, title, holds, otherwise, subtitle, rows, columns, reading, n=n, chart=chart
    )


# --- KPIs by segment -------------------------------------------------------------------------


def record(book: Workbook) -> None:
    """Put every KPI of all customers and of each segment into the ledger, and check the sums."""
    values = book.table("kpi_values")
    for kpi in BY_ID.values():
        for group in ("all", *sorted(segment_names(book))):
            figure_of(book, kpi, group)
    revenue = values[(values["kpi"] == "order_value") & (values["by"] == "segment")]["numerator"]
    book.identity(
        "Net revenue of the window: KPIs by segment = behaviour",
        book.money(revenue.sum()),
        book.money(book.table("behaviour")["net_revenue"].sum()),
    )


def definitions(book: Workbook) -> None:
    """Show each KPI's numerator, denominator, direction and counter-KPI."""
    values = book.table("kpi_values")
    known = [kpi for kpi in BY_ID.values() if overall(values, kpi.id) is not None]
    data = pd.DataFrame(
        {
            "kpi": texts(kpi.name for kpi in known),
            "over": texts(kpi.over for kpi in known),
            "under": texts(kpi.under for kpi in known),
            "better": texts(_BETTER[kpi.direction] for kpi in known),
            "counter": texts(BY_ID[kpi.counter].name for kpi in known),
        }
    )
    heads = (
        Column("kpi", say("KPI")), Column("over", say("Sum of")),
        Column("under", say("Divided by the sum of")), Column("better", say("Better when")),
        Column("counter", say("Read beside")),
    )  # fmt: skip
    n = book.figure("kpis.count", len(known), "KPIs")
    book.show(
        table_of(
            book, "kpis.definitions",
            say("Every KPI is one sum divided by another, never a mean of ratios"), len(known) > 0,
            say("No KPI can be computed from the records given"),
            say("{n} KPIs of the records given, {window}", n=n, window=book.window_text),
            data, heads,
            say(
                "What is paid for is gamed: reward a KPI only together with the one beside it. "
                "We would give a seller four KPIs at most."
            ),
        )
    )  # fmt: skip
    _not_computed(book, {kpi.id for kpi in known})


def _not_computed(book: Workbook, known: set[str]) -> None:
    """Name the KPIs that the records do not allow, and the missing tables behind them."""
    wanted = ["visits", "quotes"]
    wanted += [] if book.has("contribution") else ["resources", "activities"]
    if missing := [name for name in wanted if not book.has(name)]:
        book.without(*missing)
    for kpi in KPIS:
        if kpi.id in known or not all(map(book.has, ROWS[kpi.rows][0])):
            continue
        why = (
            say("{kpi} is left out: it needs two years in the window.", kpi=kpi.name)
            if kpi.months
            else say("{kpi} is left out: no {under} on record.", kpi=kpi.name, under=kpi.under)
        )
        book.show(Note(why, "missing"))


def across_segments(book: Workbook) -> None:
    """Show the most telling KPIs as segments' intervals around the overall value."""
    values = book.table("kpi_values")
    apart = telling(values)
    compared = sum(len(of_kpi(values, kpi, "segment")) > 1 for kpi in TELLING)
    book.show(_spread(book, apart, compared))
    book.show(*(_across(book, BY_ID[kpi]) for kpi in apart[:4]))


def _spread(book: Workbook, apart: Sequence[str], compared: int) -> Finding:
    return Finding(
        "kpis.apart",
        say_n(
            "Segments stand clearly apart in {n} of {of} KPIs",
            "Segments stand clearly apart in {n} of {of} KPIs",
            book.figure("kpis.apart", len(apart), "KPIs"),
            of=book.figure("kpis.compared", compared, "KPIs"),
        ),
        len(apart) > 0,
        say("One norm for all would ask too much of some segments and too little of others."),
        say("Segments do not stand clearly apart in any KPI"),
        say("One norm for all segments is enough until there is more data."),
        action=say("Agree each KPI's norm per segment, from the exhibits of this chapter."),
        owner=DIRECTOR,
    )  # fmt: skip


def _across(book: Workbook, kpi: Kpi) -> Exhibit:
    values, called = book.table("kpi_values"), segment_names(book)
    rows, whole = of_kpi(values, kpi.id, "segment"), overall(values, kpi.id) or 0.0
    rows = rows.assign(called=rows["group_id"].map(called), is_accent=is_apart(rows, whole))
    most, all_of = str(rows["group_id"][furthest(rows, whole)]), figure_of(book, kpi, "all")
    return _intervals(
        book, f"kpis.{kpi.id}", kpi,
        _for_page(book, kpi, rows).sort_values(["value", "group_id"], ascending=[False, True]),
        say(
            "{kpi} of {segment}: {value}, against {all} overall",
            kpi=kpi.name, segment=called[most], value=figure_of(book, kpi, most), all=all_of,
        ),
        say("No segment's {kpi} stands clearly off the overall {all}", kpi=kpi.name, all=all_of),
        say(
            "Ratio of sums: {over} ÷ {under}, 95% interval, {window}",
            over=kpi.over, under=kpi.under, window=days_text(rows["period"].iloc[0]),
        ),
        say(
            "A dot is a segment's ratio of sums, the bar its 95% interval; coloured segments leave "
            "the overall value out. Better is {better}; read it beside {counter}.",
            better=_BETTER[kpi.direction], counter=BY_ID[kpi.counter].name,
        ),
        heads=(say("Segment"), say("Customers")), at=say("overall"), unit=_unit(book, kpi),
        reference=float(all_of.value) if all_of else 0.0,
    )  # fmt: skip


def tables_by_segment(book: Workbook) -> None:
    """Show every KPI of every segment, in one table per family."""
    families = (
        ("selling", say("selling")),
        ("earning", say("earning")),
        ("serving", say("serving")),
    )
    for family, title in families:
        kpis = [kpi for kpi in KPIS if kpi.family == family]
        if exhibit := _family(book, kpis, family, title):
            book.show(exhibit)


def _family(book: Workbook, kpis: list[Kpi], family: str, title: Message) -> Exhibit | None:
    values, called = book.table("kpi_values"), segment_names(book)
    kpis = [kpi for kpi in kpis if len(of_kpi(values, kpi.id, "segment"))]
    if not kpis:
        return None
    data = pd.DataFrame({"segment_id": sorted(called)})
    for kpi in kpis:
        rows = _for_page(book, kpi, of_kpi(values, kpi.id, "segment"))
        data[kpi.id] = data["segment_id"].map(rows.set_index("group_id")["value"])
    n = sum(sets_apart(values, kpi.id) for kpi in kpis)
    of = book.figure(f"kpis.{family}.count", len(kpis), "KPIs")
    return table_of(
        book, f"kpis.table.{family}",
        say(
            "Segments differ clearly in {n} of {of} {family} KPIs", family=title, of=of,
            n=book.figure(f"kpis.{family}.apart", n, "KPIs"),
        )
        if len(kpis) > 1
        else say("Segments differ clearly in {kpi}", kpi=kpis[0].name),
        n > 0,
        say("Segments do not differ clearly in {kpi}", kpi=kpis[0].name)
        if len(kpis) == 1
        else say("Segments do not differ clearly in any of the {family} KPIs", family=title),
        say("Ratios of sums by segment, {window} or as defined", window=book.window_text),
        data.assign(segment=data["segment_id"].map(called)),
        (Column("segment", say("Segment")), *(Column(k.id, k.name, _unit(book, k)) for k in kpis)),
        say("A dash stands where fewer than five customers have the records."),
        n=len(book.table("behaviour")),
    )  # fmt: skip


# --- money behind the KPIs -------------------------------------------------------------------


def lost_revenue(book: Workbook) -> None:
    """State what customers of the year before no longer bring in, where two years are known."""
    rows = of_kpi(book.table("kpi_values"), "revenue_retention", "all")
    if rows.empty:
        return
    row, kept = rows.iloc[0], figure_of(book, BY_ID["revenue_retention"], "all")
    lost = money_figure(book, "kpis.lost_revenue", max(0, row["denominator"] - row["numerator"]))
    book.show(
        Finding(
            "kpis.lost_revenue",
            say("Customers of the year before brought in {lost} less since", lost=lost),
            bool(row["high"] < 1),
            say("They kept {kept} of it; new customers must fill the rest.", kept=kept),
            say("Customers of the year before kept {kept} of their net revenue", kept=kept),
            say("That they kept all of it can't be ruled out."),
            money=lost.id,
            action=say(
                "Review last year's customers who now buy less, the largest declines first, with "
                "their sellers."
            ),
            owner=DIRECTOR,
        )
    )  # fmt: skip


def deep_discounts(book: Workbook) -> None:
    """State which segment's discounts exceed the overall rate most, and by how much money."""
    segment, over, holds = excess(book.table("kpi_values"), "discount_rate")
    if not segment:
        return
    money = money_figure(book, "kpis.excess_discount", max(0, over))
    rate, whole = (figure_of(book, BY_ID["discount_rate"], group) for group in (segment, "all"))
    called = segment_names(book)[segment]
    book.show(
        Finding(
            "kpis.excess_discount",
            say(
                "{segment}: discounts of {rate}, {money} more than at the overall rate",
                segment=called, rate=rate, money=money,
            ),
            holds,
            say("Overall, discounts take {whole} of list value.", whole=whole),
            say("No segment's discounts stand clearly above the overall {whole}", whole=whole),
            say("Discounts are no reason to treat one segment unlike the others."),
            money=money.id,
            action=say(
                "Ask what each discount above the usual {rate} of {segment} is given for.",
                rate=rate, segment=called,
            ),
            owner=DIRECTOR,
        )
    )  # fmt: skip


def overdue(book: Workbook) -> None:
    """State how much of the open receivables is past its due date."""
    if not book.has("receivables"):
        book.without("receivables")
        return
    rows = of_kpi(book.table("kpi_values"), "overdue_share", "all")
    if rows.empty:
        return
    day, late = book.engagement.as_of.isoformat(), int(rows["numerator"].iloc[0])
    money = money_figure(book, "kpis.overdue", late, period=f"{day}/{day}", source=("receivables",))
    part, days = (figure_of(book, BY_ID[id], "all") for id in ("overdue_share", "late_days"))
    on_average = Value(days.value, "days", days.id, digits=1) if days else Value(None)
    book.show(
        Finding(
            "kpis.overdue",
            say("{money} with VAT is overdue, {part} of what is owed", money=money, part=part),
            late > 0,
            say("Weighted by amount, invoices are paid {days} days late.", days=on_average),
            say("Nothing that customers owe is overdue"),
            say("Weighted by amount, invoices were paid {days} days late.", days=on_average),
            money=money.id,
            action=say("Collect the overdue invoices before longer terms are offered to anyone."),
            owner=_FINANCE,
        )
    )  # fmt: skip


# --- sellers ---------------------------------------------------------------------------------


def sellers(book: Workbook) -> None:
    """Show sellers by code against what their segments bring, in a KPI that tells them apart."""
    values, tested = book.table("kpi_values"), book.table("kpi_reliability")
    if values[values["by"] == "rep_mix"].empty:
        text = say("Nothing is shown by seller: orders and visits carry no seller.")
        book.show(Note(text, "missing"))
        return
    tested = tested[tested["kpi"].isin(_FOR_SELLERS) & tested["reliability"].notna()]
    fit = [
        k for k in _FOR_SELLERS if k in set(tested.loc[tested["reliability"] >= RELIABLE, "kpi"])
    ]
    book.show(_reliability(book, tested, len(fit)))
    if fit:
        book.show(_funnel(book, BY_ID[fit[0]]))


def _reliability(book: Workbook, tested: pd.DataFrame, fit: int) -> Exhibit:
    data = tested.sort_values(["reliability", "kpi"], ascending=[False, True])
    return table_of(
        book, "kpis.reliability",
        say_n(
            "{n} of {of} KPIs tells sellers apart reliably",
            "{n} of {of} KPIs tell sellers apart reliably",
            book.figure("kpis.reliable", fit, "KPIs"),
            of=book.figure("kpis.reliability_tested", len(tested), "KPIs"),
        ),
        fit > 0,
        say("No KPI has been shown to tell sellers apart reliably"),
        say("Odd against even months of the same sellers, {window}", window=book.window_text),
        data.assign(
            name=texts(BY_ID[kpi].name for kpi in data["kpi"]),
            use=texts(say("yes") if r >= RELIABLE else say("no") for r in data["reliability"]),
        ),
        (
            Column("name", say("KPI")), Column("sellers", say("Sellers"), "count"),
            Column("reliability", say("Reliability"), "number", 2),
            Column("use", say("Fit to judge a seller")),
        ),
        say(
            "1 means that odd months say exactly what even months say, the segments served being "
            "alike; below one half we drop the KPI. What lasts may still be the territory's."
        ),
        sources=("kpi_values", "kpi_reliability"),
    )  # fmt: skip


def _funnel(book: Workbook, kpi: Kpi) -> Exhibit:
    rows = _for_page(book, kpi, of_kpi(book.table("kpi_values"), kpi.id, "rep_mix"))
    rows = rows.assign(called=rows["group_id"].map(book.rep_names()), is_accent=is_apart(rows, 0.0))
    shown = rows.sort_values(["n", "called"], ascending=[False, True]).head(_MOST)
    return _intervals(
        book, "kpis.sellers", kpi, shown,
        say_n(
            "{n} of {of} sellers stands clearly off what their segments bring: {kpi}",
            "{n} of {of} sellers stand clearly off what their segments bring: {kpi}",
            book.figure("kpis.sellers.apart", int(shown["is_accent"].sum()), "sellers"),
            of=book.figure("kpis.sellers.shown", len(shown), "sellers"), kpi=kpi.name,
        ),
        say("No seller stands clearly off what their segments bring: {kpi}", kpi=kpi.name),
        say(
            "{kpi} less what the seller's segments bring overall, 95% interval, {window}",
            kpi=kpi.name, window=book.window_text,
        ),
        say(
            "0 is what the same segments bring overall. Sellers with most customers come first: "
            "this is no league table. One in twenty is coloured by chance alone: ask, don't judge."
        ),
        heads=(say("Seller"), say("Customers")), reference=0.0, at=say("same segments"),
        unit=_unit(book, kpi),
    )  # fmt: skip


def attainment(book: Workbook) -> None:
    """Show net revenue against quota, of all, of each seller and of each team."""
    if not book.has("quotas"):
        book.without("quotas")
        return
    values = book.table("kpi_values")
    rows = of_kpi(values, "attainment", "all")
    if rows.empty:
        text = say("No net revenue quota of at least five sellers lies wholly in the window.")
        book.show(Note(text, "missing"))
        return
    book.show(_short_of_quota(book, int(rows["denominator"][0] - rows["numerator"][0])))
    by_seller = of_kpi(values, "attainment", "rep")
    if len(by_seller):
        book.show(_of_sellers(book, by_seller))
    by_team = of_kpi(values, "attainment", "team")
    if len(by_team):
        book.show(_of_teams(book, by_team))


def _short_of_quota(book: Workbook, short: int) -> Finding:
    source = ("quotas", "order_lines")
    money = money_figure(book, "kpis.quota_gap", max(0, short), source=source)
    reached = figure_of(book, ATTAINMENT, "all")
    return Finding(
        "kpis.attainment",
        say("Sellers brought in {reached} of quota, {money} short", reached=reached, money=money),
        short > 0,
        say("Before sellers are asked why, ask what the quotas were built on."),
        say("Sellers brought in {reached} of quota", reached=reached),
        say("Quotas were reached in sum; look at how evenly before they are raised."),
        money=money.id,
        action=say("Build the next quotas from each segment's base and named gap."),
        owner=DIRECTOR,
    )


def _of_quota(book: Workbook) -> Message:
    return say(
        "Net revenue ÷ quota, 95% interval, quota periods wholly in {window}",
        window=book.window_text,
    )  # fmt: skip


def _of_sellers(book: Workbook, rows: pd.DataFrame) -> Exhibit:
    rows = rows.assign(called=rows["group_id"].map(book.rep_names()), is_accent=rows["value"] >= 1)
    shown = rows.sort_values(["numerator", "called"], ascending=[False, True]).head(_MOST)
    return _intervals(
        book, "kpis.attainment.sellers", ATTAINMENT, shown,
        say(
            "{n} of {of} sellers reached quota over the window",
            n=book.figure("kpis.attainment.reached", int(shown["is_accent"].sum()), "sellers"),
            of=book.figure("kpis.attainment.sellers", len(shown), "sellers"),
        ),
        say("No seller reached quota over the window"),
        _of_quota(book),
        say(
            "Largest net revenue first; the bar is what other quota periods like these would give. "
            "A missed quota may be too high a quota: compare with the base forecast first."
        ),
        heads=(say("Seller"), say("Quota periods")), reference=1.0, at=say("quota"), unit="share",
    )  # fmt: skip


def _of_teams(book: Workbook, rows: pd.DataFrame) -> Exhibit:
    rows = rows.sort_values(["value", "group_id"], ascending=[False, True]).reset_index(drop=True)
    rows["called"] = texts(
        say("Other teams") if team == OTHER_TEAMS else say("{team}", team=team)
        for team in rows["group_id"]
    )
    ends = {
        end: book.figure(f"kpis.attainment.{end}_team", rows["value"][at], "share", n=rows["n"][at])
        for end, at in (("high", 0), ("low", len(rows) - 1))
    }
    shown = rows.assign(is_accent=len(rows) > 1)
    return _intervals(
        book, "kpis.attainment.teams", ATTAINMENT, shown,
        say("Attainment of teams runs from {low} to {high}", **ends),
        say("Only one group of teams is large enough to be shown"),
        _of_quota(book),
        say(
            "Teams with fewer than five sellers are pooled, and left out where the pool has fewer "
            "than five, so that nobody is singled out."
        ),
        heads=(say("Team"), say("Sellers")), reference=1.0, at=say("quota"), unit="share",
    )  # fmt: skip
