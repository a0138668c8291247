"""What notebook 1 says of cohorts of customers, and of the health of the base."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from segkit.audit.base_findings import Base, comparable, near, period_of, read, step_text
from segkit.audit.page import count, exhibit, note, part, size, texts
from segkit.engagement import months_before
from segkit.exhibits import Chart, Exhibit
from segkit.language import Message, Value, say, say_n

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

_SOURCES = ("order_lines", "products")
#: Cohorts and ages that are drawn.
_DRAWN = 13
#: At most this part of the records is too early to tell new customers from old ones.
OLD_PART = 4


def cohorts(book: Workbook) -> None:
    """Customers by the period of their first order: who came back, how soon, and their value."""
    facts = book.table("base_facts").iloc[0]
    unit, table = int(facts["cohort_months"]), book.table("cohorts")
    ages = book.table("cohort_ages")
    has_margin = read(book).has_margin
    table = table.assign(start=[_start(one, unit) for one in table["cohort"]])
    first, span = facts["first"].date(), (book.engagement.as_of - facts["first"].date()).days
    pause = min(int(facts["gap"]), span // OLD_PART)
    table["is_old"] = [start <= first + timedelta(days=pause) for start in table["start"]]
    earlier, clear = table["cohort"] == int(facts["earlier"]), table[~table["is_old"]]
    if not len(clear):
        text = say("The records are too short to tell new customers from old ones.")
        if earlier.all():
            text = say("By their own date all customers are older than the records: none is new.")
        note(book, text)
        return
    old = book.figure("audit.base.old_days", pause, "days", source=["order_lines"])
    table["second"] = table["second"].mask(earlier)
    book.show(_cohort_table(book, table, clear, old, has_margin=has_margin))
    triangle = _triangle(book, table[~earlier], ages, unit)
    if triangle is not None:
        book.show(triangle)


def _start(cohort: int, unit: int) -> date:
    year, month = divmod(int(cohort) * unit, 12)
    return date(year, month + 1, 1)


def _cohort_table(
    book: Workbook, table: pd.DataFrame, clear: pd.DataFrame, old: Figure, *, has_margin: bool
) -> Exhibit:
    unit = int(book.table("base_facts")["cohort_months"].iloc[0])
    year_ago = months_before(book.engagement.as_of, 12)
    grown = clear[[_ends(one, unit) <= year_ago for one in clear["cohort"]]]
    counted, second = (grown, "second_in_a_year") if len(grown) else (clear, "second")
    n = int(counted["customers"].sum())
    again = near(part(book, "base.second_share", int(counted[second].sum()), n, n=n))
    days = table["middle_days"] / table["middles"].where(table["middles"] > 0)
    data = table.assign(
        cohort=table["start"].astype(object).where(table["second"].notna(), None),
        second_share=table["second"] / table["customers"], days=days,
        spend_each=book.money(table["net_revenue"] / table["customers"]),
        profit_each=book.money(table["gross_margin"] / table["customers"]),
        is_old=texts(say("yes") if old else say("no") for old in table["is_old"]),
    )  # fmt: skip
    columns = "cohort customers second_share days spend_each profit_each is_old"
    return exhibit(
        book, "base.cohorts",
        _again(again, in_a_year=len(grown) > 0),
        say("Customers by the start of the period of their first order, value to date"),
        data, columns if has_margin else columns.replace("profit_each ", ""),
        reading=_older(old, is_told=bool(table["second"].isna().any())),
        n=n, rows_shown=24, sources=_SOURCES,
    )  # fmt: skip


def _older(days: Figure, *, is_told: bool) -> Message:
    """How older customers are kept apart from new ones."""
    pause = say(
        "Who first appears in the first {days} days of the records may be an older customer who "
        "paused: such periods are marked and do not count in the title. The latest have had little "
        "time.",
        days=days,
    )
    if not is_told:
        return pause
    return say(
        "{pause} The first row holds all customers who, by their own date, are older than the "
        "records.",
        pause=pause,
    )


def _again(share: Value, *, in_a_year: bool) -> tuple[Message, bool, Message]:
    if in_a_year:
        return (
            say("{share} of new customers order again within a year", share=share),
            share.value >= 0.5,
            say("Only {share} of new customers order again within a year", share=share),
        )
    return (
        say("{share} of the customers who came since have ordered again", share=share),
        share.value >= 0.5,
        say("Only {share} of the customers who came since have ordered again", share=share),
    )


def _triangle(book: Workbook, table: pd.DataFrame, ages: pd.DataFrame, unit: int) -> Exhibit | None:
    """Share of each cohort that is active by age; periods that are not over are left out."""
    import pandas as pd

    sizes = table.set_index("cohort")["customers"]
    last = max(ages["cohort"] + ages["age"])
    over = last if _ends(last, unit) <= book.engagement.as_of else last - 1
    every = pd.DataFrame(
        [(one, age) for one in sizes.index for age in range(over - one + 1)],
        columns=["cohort", "age"],
    )
    data = every.merge(ages, how="left").fillna({"active": 0}).astype({"active": "int64"})
    data = data.assign(active_share=data["active"] / data["cohort"].map(sizes))
    clear = data[data["cohort"].isin(table.loc[~table["is_old"], "cohort"])]
    later = clear[clear["age"].between(1, 12 // unit)]
    if not len(later):
        return None
    age = int(later["age"].max())
    seen = later[later["age"] == age]
    n = int(seen["cohort"].map(sizes).sum())
    still = part(book, "base.still_active_share", int(seen["active"].sum()), n, n=n)
    latest = sorted(data["cohort"].unique())[-_DRAWN:]
    drawn = data[data["cohort"].isin(latest) & (data["age"] < _DRAWN)]
    drawn = drawn.assign(
        cohort=[_start(one, unit) for one in drawn["cohort"]],
        months=[str(one * unit) for one in drawn["age"]],
    )
    months = age * unit
    titles = (
        say_n("{n} month after their first order, {share} of new customers order",
              "{n} months after their first order, {share} of new customers order",
              months, share=still),
        still.value > 0,
        say("No new customer ordered again that late"),
    )  # fmt: skip
    return exhibit(
        book, "base.triangle", titles,
        say("Share of customers with an order line in a later quarter, by months since the first")
        if unit > 1
        else say("Share of customers with an order line in a later month, by months since the "
                 "first"),
        drawn, "cohort months active_share active",
        chart=Chart("heat", "months", "cohort", value="active_share"),
        reading=say("Read along a row: how many of those who came then are still there. Read down "
                    "a column: whether later customers stay better or worse."),
        n=n, rows_shown=100,
    )  # fmt: skip


def _ends(place: int, unit: int) -> date:
    return _start(place + 1, unit) - timedelta(days=1)


# --- health ---------------------------------------------------------------------------------


def health(book: Workbook) -> None:
    """Whether the base grows or renews itself: active, kept, new and lost, and who brings what."""
    given, steps = read(book), book.table("base_steps")
    whole = int(book.table("base_facts")["steps"].iloc[0])
    if not comparable(book, given.at):
        return
    table = _years(steps, whole)
    book.identity(
        "audit: customers of the steps = customers of this period",
        int(table["customers"].iloc[0]), len(given.this),
    )  # fmt: skip
    book.show(_renewal(given, table), _vintages(given, steps, whole))


def _years(steps: pd.DataFrame, whole: int) -> pd.DataFrame:
    """One row per whole step, the latest first: active, kept, new, back, lost, ordered once."""
    import pandas as pd

    sums = steps.groupby("back")[["customers", "kept", "once", "net_revenue"]].sum()
    new = steps[steps["back"] == steps["since_back"]].set_index("back")["customers"]
    before = sums["customers"].shift(-1)
    table = sums.assign(
        new=new.reindex(sums.index, fill_value=0),
        lost=before - sums["kept"],
        growth=sums["customers"] - before,
        repeat_share=sums["kept"] / before,
        once_share=sums["once"] / sums["customers"],
    )
    table["back_again"] = table["customers"] - table["kept"] - table["new"]
    partial = table.index >= whole - 1  # the oldest whole step has none before to compare with
    compared = ["kept", "new", "lost", "growth", "repeat_share", "back_again"]
    table[compared] = (
        table[compared].astype("float64").mask(pd.Series(partial, table.index), axis=0)
    )
    return table[table.index < whole].reset_index()


def _renewal(given: Base, table: pd.DataFrame) -> Exhibit:
    book, latest = given.book, table.iloc[0]
    told: dict[str, Any] = {"n": int(latest["customers"]), "period": period_of(given.at)}
    growth = count(book, "base.customers.growth", latest["growth"], **told)
    data = table.assign(
        period=texts(step_text(given.at, int(back)) for back in table["back"]),
        back=table["back_again"],
    )
    return exhibit(
        book, "base.renewal",
        (
            say_n("The base grew by {n} customer against the period before",
                  "The base grew by {n} customers against the period before", growth),
            growth.value > 0,
            say_n("The base shrank by {n} customer against the period before",
                  "The base shrank by {n} customers against the period before", size(growth))
            if growth.value
            else say("As many customers came as went"),
        ),
        say("Active customers by period: kept from the one before, new, back, and lost"),
        data, "period customers kept new back lost growth repeat_share once_share",
        reading=say("New means first seen in that period; back means seen before, but not in the "
                    "period before. The earliest period has none to compare with."),
        n=told["n"],
    )  # fmt: skip


def _vintages(given: Base, steps: pd.DataFrame, whole: int) -> Exhibit:
    """Net revenue of each period by when its customers were first seen."""
    book, shown = given.book, steps[steps["back"] < whole]
    latest = shown[shown["back"] == 0]
    older = latest[latest["since_back"] >= 1]
    share = near(part(book, "base.older_share", int(older["net_revenue"].sum()),
                      int(latest["net_revenue"].sum()), n=int(older["customers"].sum()),
                      period=period_of(given.at)))  # fmt: skip
    data = shown.sort_values(["back", "since_back"], ascending=[True, False])
    data = data.assign(
        period=texts(step_text(given.at, int(back)) for back in data["back"]),
        since=texts(
            say("Earlier") if back >= whole else step_text(given.at, int(back))
            for back in data["since_back"]
        ),
        spend=book.money(data["net_revenue"]),
        profit=book.money(data["gross_margin"]),
    )
    return exhibit(
        book, "base.vintages",
        (
            say("{share} of this period's net revenue comes from customers of earlier ones",
                share=share),
            share.value >= 0.5,
            say("Only {share} of this period's net revenue comes from customers of earlier ones",
                share=share),
        ),
        say("Net revenue by period and by when the customer was first seen"),
        data, given.columns("period since customers spend profit"),
        chart=Chart("stacked", "spend", "period", series="since"),
        reading=say("A customer is first seen by its first order on record, or earlier by its own "
                    "date. What the oldest bring in falls from period to period; new ones must "
                    "make up for it."),
        n=int(latest["customers"].sum()), rows_shown=30, sources=_SOURCES,
    )  # fmt: skip
