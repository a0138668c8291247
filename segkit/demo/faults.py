"""What went wrong in the client's books: customers set up twice, orders keyed in twice, marks.

Planted after the simulation, so that the truth of the trade stays what it was; what was planted is
told beside the extracts.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segkit.demo.calendar import AS_OF, Ints, rng
from segkit.demo.market import Market

TWINS, REPEATED, CREDITS = 12, 8, 40
WRONG_TENFOLD, WRONG_HUNDREDTH = 15, 25
NAMED_RETURNS = 0.6  # returns on which somebody noted the order
_STREETS = ("Lipowa", "Dębowa", "Słoneczna", "Polna", "Szkolna", "Kwiatowa", "Ogrodowa", "Leśna",
            "Krótka", "Młyńska", "Parkowa", "Źródlana")  # fmt: skip
_FIRST, _LAST = np.datetime64("2024-06-01"), np.datetime64("2026-02-28")
_BATCH = (np.datetime64("2025-09-08"), np.datetime64("2025-09-13"))
_PROJECTS = (np.datetime64("2025-06-17"), np.datetime64("2025-11-19"))
_PROJECT_LINE = 1_800_000  # grosze
_NIP = np.array([6, 5, 7, 2, 3, 4, 5, 6, 7])


@dataclass(frozen=True)
class Faults:
    """The lines and the customers as they stand in the books, and what is wrong with them."""

    lines: pd.DataFrame
    places: pd.DataFrame
    twins: pd.DataFrame
    truth: dict[str, Any]


def planted(market: Market, orders: pd.DataFrame, lines: pd.DataFrame) -> Faults:
    """Plant the faults.

    Parameters
    ----------
    lines
        With ``number``, ``position`` and ``post``. The result has ``written`` too, under which
        customer the line was booked, and ``original``, the order that a return takes back.
    """
    places = _places(market)
    twins = _twins(market, places)
    lines = _written(market, twins, lines)
    lines = _returned(orders, lines)
    sold = lines[~lines["returned"] & lines["day"].between(_FIRST, _LAST)]
    draw = rng("faults")
    repeated = _repeated(draw, sold)
    marks = _wrong_marks(draw, sold)
    lines.loc[marks.index, ["list", "off", "net"]] = marks[["list", "off", "net"]]
    projects = _one_off(draw, market, sold)
    credits = _credits(draw, sold)
    lines = pd.concat([lines, repeated, projects, credits], ignore_index=True)
    truth = {
        "twins": dict(zip(twins["twin"], twins["customer_id"], strict=True)),
        "repeated_orders": dict(zip(repeated["number"], repeated["was"], strict=True)),
        "wrong_marks": [
            [number, int(position), factor]
            for number, position, factor in marks[["number", "position", "factor"]].to_numpy()
        ],
        "one_off_orders": sorted(set(projects["number"])),
        "returns_without_order": sorted(credits["number"]),
        "returns_named": int((lines["original"] != "").sum()),
    }
    columns = lines.drop(columns="was")
    return Faults(columns.sort_values(["day", "number", "position"], ignore_index=True),
                  places, twins, truth)  # fmt: skip


def _places(market: Market) -> pd.DataFrame:
    """Address and tax number of each customer; a chain's outlets are one company."""
    draw, people = rng("addresses"), market.customers
    street = np.array(_STREETS)[draw.integers(0, len(_STREETS), len(people))]
    house = draw.integers(1, 160, len(people))
    town = people["name"].str.rsplit(", ", n=1).str[-1]
    digits = draw.integers(0, 10, (len(people), 9))
    digits[:, 0] = draw.integers(1, 10, len(people))
    own = [_tax_number(row) for row in digits]
    head = people.groupby("chain")["customer_id"].transform("idxmin").to_numpy()
    chained = (people["chain"] != "").to_numpy()
    tax = np.where(chained, np.array(own)[head], own)
    return pd.DataFrame(
        {
            "address": [f"ul. {s} {h}, {t}" for s, h, t in zip(street, house, town, strict=True)],
            "tax": tax,
        }
    )


def _tax_number(digits: Ints) -> str:
    """Ten digits, the last of which checks the others; a tenth of ten is never given out."""
    digits = digits.copy()
    while (check := int((digits * _NIP).sum()) % 11) == 10:
        digits[8] = (digits[8] + 1) % 10
    return "".join(map(str, digits)) + str(check)


def _twins(market: Market, places: pd.DataFrame) -> pd.DataFrame:
    """Customers set up a second time, under another number and another spelling."""
    draw, people = rng("twins"), market.customers
    busy = people.index[(people["orders"] > 1) & ~people["declines"] & ~people["demanding"]]
    at = np.sort(draw.choice(busy, TWINS, replace=False))
    known = np.arange(TWINS) % 12 < 7  # the others were set up without a tax number
    return pd.DataFrame(
        {
            "at": at,
            "customer_id": people["customer_id"].to_numpy()[at],
            "twin": [f"{61_000 + 7 * n:06d}" for n in range(TWINS)],
            "name": [_misspelt(n, str(people["name"][one])) for n, one in enumerate(at)],
            "address": [places["address"][one].replace("ul. ", "") for one in at],
            "tax": np.where(known, places["tax"].to_numpy()[at], ""),
        }
    )


def _misspelt(way: int, name: str) -> str:
    kind, *rest = name.split(" ")
    bare = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L"))
    match way % 4:
        case 0:
            return f"{name.upper()} SP. Z O.O."
        case 1:
            return bare.encode("ascii", "ignore").decode()
        case 2:
            return f"{' '.join(rest[:-1])} {kind} {rest[-1]} s.c.".replace(",", "")
        case _:
            middle = len(name) // 2
            return name[: middle - 1] + name[middle:]


def _written(market: Market, twins: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Every second order of a customer with two numbers is booked under the second."""
    ids = market.customers["customer_id"].to_numpy()[lines["customer"]]
    second = dict(zip(twins["at"], twins["twin"], strict=True))
    odd = lines["order"].to_numpy() % 2 == 1
    twin = lines["customer"].map(second)
    return lines.assign(written=np.where(odd & twin.notna(), twin, ids), was="")


def _returned(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    noted = rng("credit notes").random(len(lines)) < NAMED_RETURNS
    number = orders["number"].to_numpy()[lines["order"]]
    return lines.assign(original=np.where(lines["returned"] & noted, number, ""))


def _orders_of(sold: pd.DataFrame, fewest: int) -> pd.Series:
    lines = sold.groupby("number")["position"].size()
    return lines.index[lines >= fewest].to_series()


def _repeated(draw: np.random.Generator, sold: pd.DataFrame) -> pd.DataFrame:
    """Orders keyed in a second time under a new number."""
    chosen = draw.choice(_orders_of(sold, 3), REPEATED, replace=False)
    again = {one: f"Z{one[1:3]}9{n:05d}" for n, one in enumerate(np.sort(chosen))}
    copies = sold[sold["number"].isin(again)]
    return copies.assign(was=copies["number"], number=copies["number"].map(again))


def _wrong_marks(draw: np.random.Generator, sold: pd.DataFrame) -> pd.DataFrame:
    """A week of one clerk's price list: some prices ten times too high, some per hundred."""
    week = sold[sold["day"].between(*_BATCH) & (sold["net"] > 5_000)]
    rows = week.loc[
        np.sort(draw.choice(week.index, WRONG_TENFOLD + WRONG_HUNDREDTH, replace=False))
    ]
    factor = np.where(np.arange(len(rows)) < WRONG_TENFOLD, 10.0, 0.01)
    scaled = {
        name: np.floor(rows[name] * factor + 0.5).astype(np.int64) for name in ("list", "off")
    }
    return rows.assign(**scaled, net=scaled["list"] - scaled["off"], factor=factor)


def _one_off(draw: np.random.Generator, market: Market, sold: pd.DataFrame) -> pd.DataFrame:
    """A shop fitted out once: one order a customer never comes near again."""
    steady = market.customers.index[
        (market.customers["orders"] > 1) & ~market.customers["declines"]
        & (market.customers["chain"] == "")
    ]  # fmt: skip
    made = []
    for n, (customer, day) in enumerate(
        zip(draw.choice(steady, len(_PROJECTS), replace=False), _PROJECTS, strict=True)
    ):
        own = sold[sold["customer"] == customer].drop_duplicates("product").head(5)
        times = np.maximum(_PROJECT_LINE // own["net"], 1)
        amounts = ["quantity", "list", "off", "net", "cost"]
        order = own.assign(
            day=day, number=f"Z{str(day)[2:4]}80000{n}", position=np.arange(1, len(own) + 1),
            order=own["order"].iloc[0], written=own["written"].iloc[0], promoted=False,
        )  # fmt: skip
        order[amounts] = own[amounts].mul(times, axis=0)
        made.append(order)
    return pd.concat(made)


def _credits(draw: np.random.Generator, sold: pd.DataFrame) -> pd.DataFrame:
    """A rebate paid out afterwards: an amount of its own that takes back no order."""
    rows = sold.loc[np.sort(draw.choice(sold.index, CREDITS, replace=False))]
    amount = -(draw.integers(4_000, 40_000, CREDITS) * 7 + 3)
    last = pd.Timestamp(AS_OF)
    later = rows["day"] + pd.to_timedelta(draw.integers(15, 31, CREDITS), unit="D")
    return rows.assign(
        day=later.where(later <= last, last),
        number=[f"K{d.year % 100}9{n:05d}" for n, d in enumerate(rows["day"])],
        position=1, quantity=-1, list=amount, off=0, net=amount, cost=0, returned=True,
        promoted=False, original="",
    )  # fmt: skip
