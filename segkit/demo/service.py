"""What trade costs and leaves behind: events, invoices, quotes, quotas, needs, true cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segkit.demo.calendar import (
    AS_OF,
    COST_FROM,
    EXTRACTED,
    FIRST_DAYS,
    MONTHS,
    Floats,
    Ints,
    next_working_day,
    rng,
    working_days,
)
from segkit.demo.market import INSIDE, MADE_TO_ORDER, PROJECT, PROMO, TOP_UP, WEB, WEBBER, Market
from segkit.demo.trade import LEAVER, VACANT_FROM, Trade

POOLS = {  # pool -> full-time equivalents, PLN a month for each (pay, car, rent, vans, software)
    "Sprzedaż terenowa": (20.0, 18_000),  # of 21 posts one has stood empty since early 2025
    "Sprzedaż wewnętrzna": (6.0, 11_800),
    "Biuro zamówień": (2.9, 9_600),
    "Magazyn": (8.3, 17_500),
    "Dostawy": (10.5, 20_500),
    "Należności": (2.2, 10_500),
    "Sklep WWW": (0.57, 14_000),
}
PRACTICAL_SHARE = 0.82  # of paid time
ACTIVITIES = (  # activity, pool, minutes, driver; a visit is contact, travel, preparation, report
    ("Wizyta handlowa", "Sprzedaż terenowa", 95.0, "Wizyta"),
    ("Kontakt telefoniczny", "Sprzedaż wewnętrzna", 21.0, "Telefon"),
    ("Specyfikacja na zamówienie", "Sprzedaż wewnętrzna", 110.0, "Zamówienie specjalne"),
    ("Obsługa zamówienia", "Biuro zamówień", 3.0, "Zamówienie"),
    ("Przyjęcie telefoniczne", "Biuro zamówień", 11.0, "Zamówienie telefoniczne"),
    ("Reklamacja", "Biuro zamówień", 45.0, "Reklamacja"),
    ("Kompletacja", "Magazyn", 3.5, "Pozycja"),
    ("Pakowanie", "Magazyn", 8.0, "Zamówienie"),
    ("Dowóz", "Dostawy", 22.0, "Dostawa"),
    ("Fakturowanie", "Należności", 5.0, "Faktura"),
    ("Windykacja", "Należności", 16.0, "Monit"),
    ("Obsługa sklepu WWW", "Sklep WWW", 5.0, "Zamówienie WWW"),
)
ITEMS = ("Cena", "Dostawa", "Jakość produktu", "Dopasowanie oferty", "Współpraca")
REASONS = ("cena", "termin", "specyfikacja", "konkurencja")


def _days(count: Ints | int) -> np.ndarray | np.timedelta64:
    return np.asarray(count).astype("timedelta64[D]")


def events(market: Market, trade: Trade, invoices: pd.DataFrame) -> pd.DataFrame:
    """List what office, warehouse and shop recorded beside orders and visits."""
    draw, orders = rng("events"), trade.orders
    count, customer = len(orders), orders["customer"].to_numpy()
    demanding = market.customers["demanding"].to_numpy()[customer]
    day, channel = orders["day"].to_numpy(), orders["channel"].to_numpy()
    custom = np.zeros(count, dtype=bool)
    custom[trade.lines.loc[trade.lines["category"] == MADE_TO_ORDER, "order"]] = True
    sent = next_working_day(day, draw.integers(1, 4, count))
    drops = np.where(demanding, 1 + draw.poisson(1.2, count), 1)
    claim = draw.random(count) < np.where(demanding, 0.15, 0.013)
    claimed = next_working_day(sent + draw.integers(1, 10, count))
    patience = invoices["due"] + _days(14)
    reminded = invoices.assign(day=patience)[invoices["paid"] > patience]

    def some(activity: str, which: np.ndarray, when: np.ndarray) -> pd.DataFrame:
        part = pd.DataFrame({"customer": customer[which], "day": when[which]})
        return part.assign(activity=activity, quantity=1)

    parts = [
        some("Dostawa", np.full(count, fill_value=True), sent).assign(quantity=drops),
        some("Zamówienie telefoniczne", channel == INSIDE, day),
        some("Zamówienie WWW", channel == WEB, day),
        some("Zamówienie specjalne", custom, day),
        some("Reklamacja", claim, claimed),
        invoices[["customer", "day"]].assign(activity="Faktura", quantity=1),
        reminded[["customer", "day"]].assign(activity="Monit", quantity=1),
    ]
    happened = pd.concat(parts, ignore_index=True)
    happened = happened[happened["day"] <= EXTRACTED]
    return happened.sort_values(["day", "customer", "activity"], kind="stable", ignore_index=True)


def invoices(market: Market, trade: Trade) -> pd.DataFrame:
    """Invoice each customer's lines every ten days, with 23 % VAT; the slow pay late."""
    draw, people, lines = rng("invoices"), market.customers, trade.lines
    decade = lines["day"].to_numpy().astype("datetime64[D]")
    month = decade.astype("datetime64[M]")
    part = np.minimum((decade - month.astype("datetime64[D]")).astype(int) // 10, 2)
    period = pd.DataFrame({"customer": lines["customer"], "month": month, "part": part})
    billed = period.assign(net=lines["net"]).groupby(["month", "part", "customer"])["net"].sum()
    bills = billed.reset_index()
    bills["day"] = bills["month"] + _days(np.array([9, 19, 27])[bills["part"]])
    bills = bills[(bills["day"] <= EXTRACTED) & (bills["net"] != 0)].reset_index(drop=True)
    bills["gross"] = (bills["net"] * 123 + 50) // 100
    bills["due"] = bills["day"] + _days(people["terms"].to_numpy()[bills["customer"]])
    slow = people["slow_payer"].to_numpy()[bills["customer"]]
    delay = np.floor(draw.lognormal(np.where(slow, 2.6, 1.2), 0.8)).astype(int) - 3
    bills["paid"] = bills["due"] + _days(delay)
    return bills


def quotes(market: Market, trade: Trade) -> pd.DataFrame:
    """Made-to-order goods start as a quote; others are lost, and some are still open."""
    draw = rng("quotes")
    custom = trade.lines[(trade.lines["category"] == MADE_TO_ORDER) & ~trade.lines["returned"]]
    won = custom.groupby("order").agg(
        customer=("customer", "first"), decided=("day", "first"), amount=("net", "sum")
    )
    won["status"] = "Wygrana"
    lost = won[draw.random(len(won)) < 0.55].copy()
    lost["decided"] += _days(draw.integers(-60, 20, len(lost)))
    asked = lost["amount"] * draw.lognormal(0.15, 0.3, len(lost))
    lost["amount"] = asked.round().astype(np.int64)
    lost["status"] = "Przegrana"
    found = pd.concat([won, lost], ignore_index=True)
    found["created"] = found["decided"] - _days(draw.integers(5, 46, len(found)))
    found["reason"] = draw.choice(REASONS, len(found), p=[0.45, 0.25, 0.12, 0.18])
    late = found[found["decided"] > pd.Timestamp(EXTRACTED) - pd.Timedelta(60, "D")]
    fresh = late[draw.random(len(late)) < 0.4].copy()
    fresh["created"] = pd.Timestamp(AS_OF) - _days(draw.integers(1, 40, len(fresh)))
    fresh["status"] = "Otwarta"
    found = found[(found["decided"] <= EXTRACTED) & (found["created"] <= EXTRACTED)]
    found = pd.concat([found, fresh]).sort_values(["created", "customer"], kind="stable")
    return found.reset_index(drop=True)


def needs(market: Market) -> pd.DataFrame:
    """Ask 300 customers what matters; sellers believe in price more than customers do."""
    draw, people = rng("needs"), market.customers
    base = np.full((7, len(ITEMS)), 4.2)
    for habit, item in ((TOP_UP, 1), (PROMO, 0), (WEBBER, 1), (PROJECT, 3), (PROJECT, 4), (0, 2)):
        base[habit, item] += 1.7
    asked = np.sort(draw.choice(np.flatnonzero(~people["prospect"]), 300, replace=False))
    raters = {"Klient": (300, 0.0), "Handlowiec": (300, 0.9), "Kierownik": (80, 0.5)}
    parts = []
    for rater, (count, price_bias) in raters.items():
        habit = people["habit"].to_numpy()[asked[:count]]
        mean = base[habit] + draw.normal(0, 0.9, (count, len(ITEMS)))
        mean[:, 0] += price_bias
        score = np.clip(np.floor(mean + 0.5), 1, 7).astype(int)
        part = pd.DataFrame({"customer": np.repeat(asked[:count], len(ITEMS))})
        parts.append(part.assign(item=np.tile(ITEMS, count), rater=rater, score=score.ravel()))
    return pd.concat(parts, ignore_index=True)


def quotas(market: Market, lines: pd.DataFrame) -> pd.DataFrame:
    """Set quarterly quotas as management does: last year's quarter plus six per cent."""
    draw = rng("quotas")
    quarter = lines["day"].to_numpy().astype("datetime64[M]").astype(int) // 3
    line_post = lines["post"].to_numpy()
    first = int(MONTHS[0].astype(int)) // 3
    held = line_post >= 0
    sold = np.zeros((len(market.reps), 11))
    net = lines["net"].to_numpy() / 100
    np.add.at(sold, (line_post[held], quarter[held] - first), net[held])
    rows = []
    for post, (rep, own) in enumerate(zip(market.reps["rep_id"], sold, strict=True)):
        for q in range(10):
            base = own[q - 4] * 1.06 if q >= 4 else own[q] * draw.lognormal(0.03, 0.08)
            start = np.datetime64(first * 3 + 3 * q, "M")
            if base > 0 and not (post == LEAVER and start >= VACANT_FROM.astype("datetime64[M]")):
                rows.append((rep, start, start + 2, 1_000 * round(base / 1_000)))
    return pd.DataFrame(rows, columns=["rep_id", "from", "to", "quota"])


def resources() -> pd.DataFrame:
    """Give each pool's cost and practical minutes for the twelve months up to as_of."""
    months = MONTHS[18:30]
    rows = []
    for pool, (heads, pay) in POOLS.items():
        for month, first in zip(months, FIRST_DAYS[18:30], strict=True):
            rise = 104 if month >= np.datetime64("2026-01") else 100
            days = int(working_days(first, (month + 1).astype("datetime64[D]")))
            minutes = round(heads * days * 480 * PRACTICAL_SHARE)
            rows.append((pool, month, round(heads * pay * rise) // 100, minutes))
    return pd.DataFrame(rows, columns=["pool", "month", "cost", "minutes"])


def true_contribution(
    market: Market, trade: Trade, happened: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cost each customer's last twelve months with the process's own minutes and rates.

    Returns
    -------
    Revenue, gross margin, cost to serve and contribution in PLN, one row per customer; and for each
    pool its rate in PLN per minute and the share of its practical minutes used.
    """
    size = len(market.customers)
    start, end = np.datetime64(COST_FROM), np.datetime64(AS_OF)

    def counted(table: pd.DataFrame, quantity: str | None = None) -> Floats:
        rows = table[(table["day"] >= start) & (table["day"] <= end)]
        weights = rows[quantity].to_numpy() if quantity else None
        return np.asarray(np.bincount(rows["customer"], weights, minlength=size), dtype=np.float64)

    counts = {name: counted(part, "quantity") for name, part in happened.groupby("activity")}
    back = trade.lines[trade.lines["returned"]].drop_duplicates(["order", "day"])
    counts["Zamówienie"] = counted(trade.orders) + counted(back)
    counts["Pozycja"] = counted(trade.lines)
    counts["Wizyta"] = counted(trade.contacts[trade.contacts["kind"] == 0])
    counts["Telefon"] = counted(trade.contacts[trade.contacts["kind"] > 0])
    pools = resources().groupby("pool")[["cost", "minutes"]].sum()
    rate, used = pools["cost"] / pools["minutes"], dict.fromkeys(POOLS, 0.0)
    cost = np.zeros(size)
    for _, pool, minutes, driver in ACTIVITIES:
        cost += minutes * counts[driver] * rate[pool]
        used[pool] += minutes * counts[driver].sum()
    revenue, goods = counted(trade.lines, "net") / 100, counted(trade.lines, "cost") / 100
    truth = {"revenue": revenue, "margin": revenue - goods, "cost_to_serve": cost}
    served = pd.DataFrame(truth).round(2)
    served["contribution"] = (served["margin"] - served["cost_to_serve"]).round(2)
    pools = pd.DataFrame({"rate": rate, "used": pd.Series(used) / pools["minutes"]}).round(4)
    return served, pools
