"""Who there is before anything happens: products, reps, and customers with their latent habits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.demo import names
from segkit.demo.calendar import FIRST_DAYS, Days, Floats, Ints, rng

CATEGORIES = tuple(names.ITEMS)
MADE_TO_ORDER = CATEGORIES.index("Na zamówienie")
CHANNELS = ("Teren", "Biuro", "Sklep WWW", "EDI")
FIELD, INSIDE, WEB, EDI = range(4)
LINES = ("Detal", "Profesjonalna")
ON_ROUTE_MAX = 3.0  # visits a month that a rep will plan for a customer at most
CUSTOMERS, PROSPECTS = 1_960, 40
MERGED_CHAIN, MERGED_INTO, MERGED_ON = "S03", "S01", np.datetime64("2025-07-01")


@dataclass(frozen=True)
class Habit:
    """A true type: how such customers order, whatever their trade class."""

    name: str
    orders: float  # a month
    regularity: float  # shape of the gap between orders: 1 is chance, more is clockwork
    lines: float  # an order
    line_value: float  # PLN at list price
    discount: int  # tenths of a per cent
    visits: float  # appetite of the rep, before size and last month's orders
    calls: float  # a month
    terms: int  # days to pay
    channels: tuple[float, ...]
    categories: tuple[float, ...]


HABITS = (
    Habit("steady_full_range", 1.75, 5.0, 3.95, 345, 115, 1.15, 0.45, 30,
          (0.72, 0.12, 0.16, 0.0), (0.20, 0.14, 0.12, 0.15, 0.14, 0.07, 0.10, 0.08, 0.0)),
    Habit("small_top_up", 0.75, 1.3, 1.9, 255, 40, 0.22, 0.60, 14,
          (0.08, 0.82, 0.10, 0.0), (0.50, 0.01, 0.02, 0.03, 0.08, 0.01, 0.33, 0.02, 0.0)),
    Habit("promotion_buyer", 0.62, 1.5, 6.2, 800, 130, 0.60, 0.50, 45,
          (0.20, 0.55, 0.25, 0.0), (0.08, 0.02, 0.05, 0.05, 0.48, 0.20, 0.10, 0.02, 0.0)),
    Habit("web_specialist", 1.9, 2.2, 2.2, 215, 70, 0.14, 0.25, 14,
          (0.03, 0.06, 0.91, 0.0), (0.03, 0.05, 0.09, 0.66, 0.03, 0.09, 0.01, 0.04, 0.0)),
    Habit("project_buyer", 0.55, 1.4, 2.6, 1_500, 90, 0.55, 0.80, 30,
          (0.38, 0.60, 0.02, 0.0), (0.04, 0.16, 0.03, 0.08, 0.02, 0.0, 0.02, 0.13, 0.52)),
    Habit("fading", 1.9, 1.8, 3.4, 290, 100, 0.75, 0.50, 21,
          (0.48, 0.40, 0.12, 0.0), (0.16, 0.12, 0.22, 0.14, 0.12, 0.04, 0.10, 0.10, 0.0)),
    Habit("weekly_chain", 3.45, 9.0, 3.7, 560, 190, 0.65, 0.30, 60,
          (0.05, 0.04, 0.03, 0.88), (0.24, 0.03, 0.11, 0.12, 0.21, 0.09, 0.18, 0.02, 0.0)),
)  # fmt: skip
STEADY, TOP_UP, PROMO, WEBBER, PROJECT, FADING, WEEKLY = range(len(HABITS))

# Trade class -> (line, customers, share of each type): every type lives in several classes.
TRADE = {
    "Drogeria": (0, 480, (0.30, 0.14, 0.16, 0.10, 0.02, 0.10, 0.18)),
    "Apteka": (0, 330, (0.26, 0.20, 0.10, 0.24, 0.02, 0.10, 0.08)),
    "Hipermarket": (0, 80, (0.12, 0.00, 0.28, 0.00, 0.10, 0.06, 0.44)),
    "Sklep osiedlowy": (0, 380, (0.12, 0.36, 0.16, 0.08, 0.02, 0.12, 0.14)),
    "Salon fryzjerski": (1, 410, (0.24, 0.16, 0.11, 0.20, 0.16, 0.11, 0.02)),
    "Salon kosmetyczny": (1, 180, (0.14, 0.18, 0.10, 0.28, 0.18, 0.11, 0.01)),
    "Instytucje i laboratoria": (1, 140, (0.12, 0.10, 0.06, 0.12, 0.46, 0.10, 0.04)),
}


@dataclass(frozen=True)
class Market:
    """The market on its first day.

    Attributes
    ----------
    customers : one row per customer, latent habits included; prospects never order.
    channels, categories : each customer's shares, one row per customer.
    products : sorted by line and category, so that an assortment is a slice.
    reps : one row per rep.
    """

    customers: pd.DataFrame
    channels: Floats
    categories: Floats
    products: pd.DataFrame
    reps: pd.DataFrame


def build() -> Market:
    """Found the market."""
    reps = _reps()
    customers, channels, categories = _customers(rng("customers"))
    customers = _placed(rng("routes"), _in_chains(rng("chains"), customers), reps)
    return Market(customers, channels, categories, _products(rng("products")), reps)


def _products(draw: np.random.Generator) -> pd.DataFrame:
    per_category = (*(28, 18, 20, 32, 30, 18, 22, 8, 4), *(18, 24, 14, 22, 10, 6, 10, 8, 8))
    typical = (16, 24, 18, 38, 22, 34, 12, 42, 180)
    cell = np.repeat(np.arange(18), per_category)
    line, category, count = cell // 9, cell % 9, len(cell)
    usual = np.array(typical)[category] * (1 + 0.6 * line)
    price = np.round(usual * draw.lognormal(0, 0.35, count), 1)
    share = np.where(category == MADE_TO_ORDER, 0.52, draw.uniform(0.55, 0.62, count))
    code = draw.permutation(np.arange(count)) + 101
    ranges = draw.integers(0, len(names.RANGES), count)
    size = draw.choice([50, 75, 100, 150, 200, 250, 400, 500], count)
    return pd.DataFrame(
        {
            "product_id": [f"{c:06d}" for c in code],
            "name": [
                f"{names.ITEMS[CATEGORIES[c]]} {names.RANGES[r]} {'PRO ' if k else ''}{s} nr {n}"
                for c, r, k, s, n in zip(category, ranges, line, size, code, strict=True)
            ],
            "line": line,
            "category": category,
            "price": np.round(price * 100).astype(np.int64),  # grosze, 2023 list
            "cost": np.round(price * share * 10_000).astype(np.int64),  # 1/100 grosz
            # two of the made-to-order items are pure services
            "service": (category == MADE_TO_ORDER) & (np.arange(count) % 6 == 0),
        }
    )


def _reps() -> pd.DataFrame:
    regions = list(names.CLIENT_REGIONS)
    posts = [("Detal", "Przedstawiciel", r) for r in regions for _ in range(2)]
    posts += [("Profesjonalna", "Przedstawiciel", r) for r in regions]
    posts += [("Biuro obsługi", "Sprzedaż wewnętrzna", r) for r in regions]
    posts += [("Kluczowi klienci", "Opiekun sieci", "Centrum")] * 3
    return pd.DataFrame(
        {
            "rep_id": [f"H{n:02d}" for n in range(1, len(posts) + 1)],
            "name": [f"{a} {b}" for a, b in zip(names.FIRST_NAMES, names.LAST_NAMES, strict=True)],
            "team": [p[0] for p in posts],
            "role": [p[1] for p in posts],
            "region": [p[2] for p in posts],
        }
    )


def _customers(draw: np.random.Generator) -> tuple[pd.DataFrame, Floats, Floats]:
    trade = np.repeat(np.arange(len(TRADE)), [n for _, n, _ in TRADE.values()])
    mixes = np.cumsum([mix for *_, mix in TRADE.values()], axis=1)
    trade = trade[draw.permutation(len(trade))]
    count = len(trade)
    habit = (draw.random(count)[:, None] > mixes[trade]).sum(axis=1)
    # Some customers have something of a second type: segments overlap in the field.
    other = draw.integers(0, len(HABITS), count)
    lean = np.where(draw.random(count) < 0.14, draw.uniform(0.2, 0.48, count), 0.0)

    def trait(name: str, spread: float) -> Floats:
        values = np.array([getattr(h, name) for h in HABITS], dtype=np.float64)
        mixed = (1 - lean) * values[habit] + lean * values[other]
        return np.asarray(np.round(mixed * draw.lognormal(0, spread, count), 6))

    def shares(name: str, firm: float) -> Floats:
        values = np.array([getattr(h, name) for h in HABITS])
        mixed = (1 - lean)[:, None] * values[habit] + lean[:, None] * values[other]
        weights = draw.gamma(np.maximum(mixed * firm, 1e-9))
        return np.asarray(np.round(weights / weights.sum(axis=1, keepdims=True), 9))

    prospect = np.arange(count) >= CUSTOMERS
    hyper = trade == list(TRADE).index("Hipermarket")
    size = np.where(hyper, 2.4, 1.0) * draw.lognormal(0, 0.22, count)
    numbers = np.sort(draw.choice(60_000, count, replace=False))
    customers = pd.DataFrame(
        {
            "customer_id": [f"{n + 1:06d}" for n in numbers],
            "trade": np.array(list(TRADE))[trade],
            "line": np.array([line for line, *_ in TRADE.values()])[trade],
            "habit": habit,
            "prospect": prospect,
            "orders": np.where(prospect, 0.0, trait("orders", 0.18)),
            "regularity": trait("regularity", 0.15),
            "lines": np.maximum(trait("lines", 0.13), 1.2),
            "line_value": np.round(trait("line_value", 0.16) * size, 4),
            "discount": np.round(trait("discount", 0.12) / 5).astype(np.int64) * 5,
            "visits": trait("visits", 0.25),
            "calls": trait("calls", 0.25),
            "terms": np.array([h.terms for h in HABITS])[habit],
            "slow_payer": draw.random(count) < 0.15,
            "over_visited": hyper & (draw.random(count) < 0.75) & ~prospect,
            # demanding: split deliveries, claims, many visits for what they buy
            "demanding": (draw.random(count) < np.where(habit == TOP_UP, 0.20, 0.07)),
            "declines": (habit == FADING) | (draw.random(count) < 0.015),
            "since": _since(draw, count),
        }
    )
    categories = shares("categories", 45.0)
    customers["gap"] = _gaps(draw, habit, categories, prospect)
    return customers, shares("channels", 18.0), categories


def _since(draw: np.random.Generator, count: int) -> Days:
    """Most are old customers; about one in twenty-five joins during the first year and a half."""
    old = FIRST_DAYS[0] - draw.integers(30, 4_000, count)
    new = FIRST_DAYS[0] + draw.integers(0, 540, count)
    return np.asarray(np.where(draw.random(count) < 0.04, new, old))


def _gaps(draw: np.random.Generator, habit: Ints, categories: Floats, prospect: np.ndarray) -> Ints:
    """Take one staple category away from some full-range customers; -1 where none is missing."""
    staples = np.array([CATEGORIES.index(c) for c in ("Szampony", "Pielęgnacja twarzy", "Higiena")])
    full_range = (habit == STEADY) | (habit == WEEKLY)
    planted = np.flatnonzero(full_range & ~prospect & (draw.random(len(habit)) < 0.16))
    gap = np.full(len(habit), -1)
    gap[planted] = draw.choice(staples, len(planted))
    categories[planted, gap[planted]] = 0.0
    categories[planted] /= categories[planted].sum(axis=1, keepdims=True)
    return gap


def _in_chains(draw: np.random.Generator, customers: pd.DataFrame) -> pd.DataFrame:
    """Give outlets their chain; a chain agrees one discount for all of them."""
    count = len(customers)
    member = draw.random(count) < np.where(customers["habit"] == WEEKLY, 0.85, 0.07)
    chain = np.full(count, "", dtype=object)
    for trade in TRADE:
        own = [c for c, (_, of) in names.CHAINS.items() if of == trade]
        rows = np.flatnonzero(member & (customers["trade"] == trade).to_numpy())
        if own:
            chain[rows] = draw.choice(own, len(rows))
    agreed = {c: 170 + 5 * int(draw.integers(0, 9)) for c in names.CHAINS}
    agreed[MERGED_INTO], agreed[MERGED_CHAIN] = 205, 180
    discount = [agreed.get(c, d) for c, d in zip(chain, customers["discount"], strict=True)]
    return customers.assign(chain=chain, discount=discount)


def _placed(draw: np.random.Generator, customers: pd.DataFrame, reps: pd.DataFrame) -> pd.DataFrame:
    """Give customers a town, a name, a class and the rep whose route they are on."""
    count = len(customers)
    regions = list(names.CLIENT_REGIONS)
    region = draw.choice(len(regions), count, p=[s for s, _ in names.CLIENT_REGIONS.values()])
    towns = [names.CLIENT_REGIONS[regions[r]][1] for r in region]
    town = [t[i] for t, i in zip(towns, draw.integers(0, 5, count), strict=True)]
    words = draw.integers(0, len(names.SHOP_WORDS), count)
    label = [
        f"{names.SHOP_PREFIX[t]} {names.CHAINS[c][0] if c else names.SHOP_WORDS[w]} {n}, {town}"
        for t, c, w, n, town in zip(
            customers["trade"], customers["chain"], words, draw.integers(1, 190, count), town,
            strict=True,
        )
    ]  # fmt: skip
    label[11], label[27] = 'Salon "Wilga & Córki" s.c., Łódź', 'Kosmetyka "U Żanety", Kraków'
    size = (customers["orders"] * customers["lines"] * customers["line_value"]).to_numpy()
    rank = np.argsort(np.argsort(-size * draw.lognormal(0, 0.35, count)))
    small = customers["habit"].isin([TOP_UP, WEBBER]).to_numpy() & (draw.random(count) < 0.45)
    half = draw.integers(0, 2, count)
    post = np.where(customers["line"] == 0, 2 * region + half, 12 + region)
    post = np.where(small, 18 + region, post)
    post = np.where(customers["trade"] == "Hipermarket", 24 + draw.integers(0, 3, count), post)
    # A rep sees the large more often, whether or not they respond to it.
    wish = customers["visits"].to_numpy() * np.minimum(np.sqrt(size / 1_650), 2.4)
    wish = np.where(customers["demanding"], wish * 1.6 + 0.35, wish)
    wish = np.where(post // 6 == 3, 0.0, np.minimum(wish, ON_ROUTE_MAX))
    return customers.assign(
        name=label,
        region=np.array(regions)[region],
        grade=np.where(rank < 0.12 * count, "A", np.where(rank < 0.45 * count, "B", "C")),
        post=post,
        inside_post=18 + region,
        rep_id=reps["rep_id"].to_numpy()[post],
        route_day=draw.integers(0, 5, count),
        visits=np.round(np.where(customers["over_visited"], 4.8, wish), 6),
        calls=np.round(np.where(post // 6 == 3, 1.3, 1.25 * customers["calls"]), 6),
    )
