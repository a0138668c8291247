"""The customer-base audit against published numbers and the published procedure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import segkit
from segkit.audit import base, bridge
from segkit.workbook import Workbook

CDNOW = """
client = "CDNOW"
as_of = {as_of}
window_months = 18
currency = "USD"

[sources.order_lines]
file = "cdnow.csv"
"""


@pytest.fixture
def cdnow(shared_data: Path, tmp_path: Path) -> Path:
    """The 1/10 sample of Fader and Hardie, each transaction an order, as a CSV file."""
    table = pd.read_csv(
        shared_data / "cdnow_sample" / "CDNOW_sample.txt", sep=r"\s+", header=None, dtype=str,
        names=["master", "customer_id", "day", "quantity", "net_amount"],
    )  # fmt: skip
    assert len(table) == 6_919
    day = table["day"]
    table["order_date"] = day.str[:4] + "-" + day.str[4:6] + "-" + day.str[6:]
    table["order_id"] = [str(n) for n in range(len(table))]
    table["product_id"] = "CD"
    table.drop(columns=["master", "day"]).to_csv(tmp_path / "cdnow.csv", index=False)
    return tmp_path


def opened(folder: Path, as_of: str, monkeypatch: pytest.MonkeyPatch) -> Workbook:
    monkeypatch.setenv("SEGKIT_REPORTS", str(folder / "reports"))
    (folder / "engagement.toml").write_text(CDNOW.format(as_of=as_of), "utf-8")
    return segkit.open_book("01-data-audit", folder / "engagement.toml")


def test_cdnow_customers_who_bought_again(cdnow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fader, Hardie and Lee (2005), Marketing Science 24: weeks 1-39.

    2,357 customers, of whom 1,411 bought on one day only.
    """
    cohorts = opened(cdnow, "1997-09-30", monkeypatch).table("cohorts")
    assert cohorts["customers"].sum() == 2_357
    assert cohorts["second"].sum() == 2_357 - 1_411


def test_cdnow_sums_of_the_sample(cdnow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All 18 months: 6,919 transactions, 16,479 disks, 244,091.94 dollars."""
    book = opened(cdnow, "1998-06-30", monkeypatch)
    assert book.table("cohorts")["net_revenue"].sum() == 24_409_194
    assert book.table("cohort_ages")["orders"].sum() == 6_919
    changes = book.table("sales_changes")
    assert changes[["lines_last", "lines_this"]].sum().sum() == 6_919
    assert changes[["quantity_last", "quantity_this"]].sum().sum() == 16_479 * 1_000_000
    steps = bridge.bridge(changes)  # nine months against the nine before
    assert steps["last"] + steps["this"] == 24_409_194
    assert steps["new"] == 0  # everyone bought first in the first three months
    assert steps["last"] + sum(steps[one] for one in bridge.STEPS) == steps["this"]


def test_online_retail_cohorts(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The triangle by month that tutorials of this data set show, cancellations counted."""
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    book = segkit.open_book("01-data-audit", "tests/engagements/online_retail")
    ages = book.table("cohort_ages").pivot_table(index="cohort", columns="age", values="active")
    assert ages[0].tolist() == [948, 421, 380, 440, 299, 279, 235, 191, 167, 298, 352, 321, 41]
    assert ages.iloc[0].tolist() == [
        948, 362, 317, 367, 341, 376, 360, 336, 336, 374, 354, 474, 260,
    ]  # fmt: skip
    assert ages.iloc[1].dropna().tolist() == [
        421, 101, 119, 102, 138, 126, 110, 108, 131, 146, 155, 63,
    ]  # fmt: skip


def companion(profit: np.ndarray) -> tuple[list[int], list[int]]:
    """The procedure of the Excel companion of Fader, Hardie and Ross, step by step.

    Sort by profit falling and cumulate; boundary k is k tenths of the total; its cut-off is the
    profit of the customer where the sum first passes it; decile 1 is above the first cut-off,
    decile 2 above the second, decile 10 at most the ninth.
    """
    falling = sorted(profit.tolist(), reverse=True)
    cuts = []
    for tenth in range(1, 10):
        summed = 0
        for one in falling:
            summed += one
            if summed * 10 > tenth * sum(falling):
                cuts.append(one)
                break
    decile = []
    for one in profit.tolist():
        place = 1
        while place < 10 and one <= cuts[place - 1]:
            place += 1
        decile.append(place)
    return cuts, decile


@pytest.mark.parametrize("seed", range(5))
def test_tenths_of_profit_follow_the_companion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    profit = pd.Series(np.round(rng.lognormal(8, 1.2, 400)).astype("int64") - 800)
    assert (profit < 0).any()
    cuts, decile = companion(profit.to_numpy())
    assert base.cutoffs(profit) == cuts
    assert base.profit_deciles(profit, cuts).tolist() == decile


def test_the_identity_of_the_published_year() -> None:
    """The companion's own year 2019: 31,855 customers, 60,730 orders, 5,836,712 and 2,798,904.

    It tells 1.9 orders a customer, 96 dollars an order, 183 and 88 dollars a customer.
    """
    year = pd.DataFrame(
        {"customers": [31_855], "orders": [60_730], "spend": [5_836_712], "profit": [2_798_904]}
    )
    told = base.factors(year).iloc[0]
    assert round(told["frequency"], 1) == 1.9
    assert [round(told[name]) for name in ("value", "spend_each", "profit_each")] == [96, 183, 88]


CUBE = """
client = "Cube"
as_of = 2019-12-31
window_months = 48
currency = "USD"

[sources.order_lines]
file = "lines.csv"

[sources.customers]
file = "customers.csv"
"""


@pytest.fixture
def cube(tmp_path: Path) -> tuple[Path, pd.DataFrame]:
    """Transactions of four years, one a day and customer; a third came before the records do."""
    rng = np.random.default_rng(16)
    days = pd.date_range("2016-01-01", "2019-12-31")
    made = []
    for one in range(240):
        start = 0 if one % 3 == 0 else int(rng.integers(0, len(days)))
        seen = np.unique(start + rng.geometric(0.006, rng.integers(1, 9)).cumsum())
        made += [(f"c{one:03d}", days[day]) for day in seen if day < len(days)]
    table = pd.DataFrame([("c000", days[0]), *made], columns=["customer_id", "order_date"])
    table = table.drop_duplicates(ignore_index=True)
    table["net_amount"] = np.round(rng.lognormal(4, 0.8, len(table)), 2)
    table["cost_amount"] = np.round(table["net_amount"] * rng.uniform(0.2, 1.1, len(table)), 2)
    table = table.assign(order_id=table.index.astype(str), product_id="p", quantity=1)
    table.to_csv(tmp_path / "lines.csv", index=False)
    ids = pd.Series(sorted(set(table["customer_id"])))
    is_older = ids.str[1:].astype(int) % 3 == 0
    listed = pd.DataFrame({"customer_id": ids, "name": ids})
    listed["since"] = np.where(is_older, "2014-05-06", None)
    listed.to_csv(tmp_path / "customers.csv", index=False)
    (tmp_path / "engagement.toml").write_text(CUBE, "utf-8")
    older = set(ids[is_older])
    first = table.groupby("customer_id")["order_date"].transform("min")
    return tmp_path, table.assign(
        first=first, is_older=table["customer_id"].isin(older),
        profit=(100 * (table["net_amount"] - table["cost_amount"])).round().astype("int64"),
    )  # fmt: skip


def test_cohorts_by_year_follow_the_companion(
    cube: tuple[Path, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cohort × year: active, transactions and profit; those of before have a row of their own.

    And the repeat-buying rate: of those active in a year, who is active in the next.
    """
    folder, table = cube
    monkeypatch.setenv("SEGKIT_REPORTS", str(folder / "reports"))
    book = segkit.open_book("01-data-audit", folder / "engagement.toml")
    year = table["order_date"].dt.year
    cohort = table["first"].dt.year.where(~table["is_older"], 2015)
    by = table.groupby([cohort.rename("cohort"), year.rename("year")])
    told = book.table("base_steps")
    told = told.assign(cohort=2019 - told["since_back"], year=2019 - told["back"])
    told = told.sort_values(["cohort", "year"]).set_index(["cohort", "year"])
    assert told["customers"].to_dict() == by["customer_id"].nunique().to_dict()
    assert told["orders"].to_dict() == by.size().to_dict()
    assert told["gross_margin"].to_dict() == by["profit"].sum().to_dict()
    active = {one: set(ids) for one, ids in table.groupby(year)["customer_id"]}
    kept = told.groupby("year")["kept"].sum()
    for one in (2017, 2018, 2019):
        assert kept[one] == len(active[one] & active[one - 1])


def test_cohorts_by_quarter_follow_the_companion(
    cube: tuple[Path, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size, second purchase, and by quarter active members, transactions and value to date."""
    folder, table = cube
    monkeypatch.setenv("SEGKIT_REPORTS", str(folder / "reports"))
    book = segkit.open_book("01-data-audit", folder / "engagement.toml")
    quarter, first = (
        table[day].dt.year * 4 + table[day].dt.quarter - 1 for day in ("order_date", "first")
    )
    before = 2016 * 4 - 1
    cohort = first.where(~table["is_older"], before).rename("cohort")
    sizes = book.table("cohorts").set_index("cohort")
    assert sizes["customers"].to_dict() == table.groupby(cohort)["customer_id"].nunique().to_dict()
    assert sizes["gross_margin"].to_dict() == table.groupby(cohort)["profit"].sum().to_dict()
    twice = table[(table["order_date"] > table["first"]) & ~table["is_older"]]
    second = twice.groupby(cohort)["customer_id"].nunique().reindex(sizes.index, fill_value=0)
    assert sizes["second"].to_dict() == second.to_dict()
    assert sizes.index[0] == before
    by = table.groupby([cohort, (quarter - cohort).rename("age")])
    ages = book.table("cohort_ages").set_index(["cohort", "age"])
    assert ages["active"].to_dict() == by["customer_id"].nunique().to_dict()
    assert ages["orders"].to_dict() == by.size().to_dict()
    assert ages["gross_margin"].to_dict() == by["profit"].sum().to_dict()
