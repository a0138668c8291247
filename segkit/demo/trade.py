"""Thirty months of trade: reps drive routes, customers run out of stock, baskets are filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from segkit.demo.calendar import (
    EXTRACTED,
    FIRST_DAYS,
    MONTH_SHARE,
    MONTHS,
    NEXT_DAYS,
    Days,
    Floats,
    Ints,
    next_working_day,
    rng,
    working_days,
)
from segkit.demo.market import (
    FIELD,
    INSIDE,
    MADE_TO_ORDER,
    MERGED_CHAIN,
    MERGED_INTO,
    MERGED_ON,
    PROMO,
    WEB,
    Market,
)

ELASTICITY, SATURATION = 0.10, 2
# orders grow with (1 + visits) ** 0.10, up to two visits a month
RESPONSE = np.round(np.power([1.0, 2.0, 3.0], ELASTICITY), 9)
# each of the last nine months keeps 74 % of the one before
DECLINE_FROM, DECLINE = MONTHS[30] - 9, 0.74
SEASON = np.array([0.96, 0.95, 1.02, 1.00, 1.04, 1.02, 0.93, 0.94, 1.01, 1.01, 1.06, 1.06])

LEAVER = 4  # the post whose rep leaves; the heirs are the colleague in the region and a neighbour
VACANT_FROM, INHERITED_ON, HEIRS = np.datetime64("2025-02-01"), np.datetime64("2025-04-01"), (5, 6)

PRICE_LISTS = ((np.datetime64("2025-01-01"), 104, 103), (np.datetime64("2026-01-01"), 107, 106))
PROMO_MONTHS, PROMO_DISCOUNT = (2, 5, 8, 11), 110  # tenths of a per cent
PROMO_CATEGORIES = ((4, 0), (5, 4), (4, 3), (4, 6))


@dataclass(frozen=True)
class Trade:
    """What happened: one row per order, order line and contact, by position of the customer."""

    orders: pd.DataFrame
    lines: pd.DataFrame
    contacts: pd.DataFrame
    marginal_visit: float


def simulate(market: Market) -> Trade:
    """Let the market run from the first month to the day of the extract."""
    arrivals, visits, marginal = _months(market)
    orders = _orders(market, arrivals)
    lines = _lines(market, orders)
    contacts = _contacts(market, visits, orders)
    value = lines.groupby("order")["net"].sum()
    lines = pd.concat([lines, _returns(market, lines)], ignore_index=True)
    # One more visit is worth what it adds to orders, at the customer's mean order value.
    mean = value.groupby(orders["customer"]).mean()
    worth = mean.reindex(range(len(market.customers)), fill_value=0).to_numpy()
    gain = (marginal[6:30].mean(axis=0) * worth)[~market.customers["prospect"]]
    return Trade(orders, lines, contacts, float(gain.mean() / 100))


def posts(market: Market, on: np.datetime64) -> Ints:
    """Each customer's post on a day; -1 while it is vacant."""
    post = market.customers["post"].to_numpy().copy()
    left = post == LEAVER
    if on >= INHERITED_ON:
        post[left] = np.array(HEIRS)[np.arange(left.sum()) % 2]
    elif on >= VACANT_FROM:
        post[left] = -1
    return np.asarray(post)


def _months(market: Market) -> tuple[pd.DataFrame, Ints, Floats]:
    """Run visits and orders month by month, since each depends on the other's last month."""
    draw, people = rng("months"), market.customers
    rate, shape = people["orders"].to_numpy(), people["regularity"].to_numpy()
    clock = np.round(draw.gamma(shape, 1 / shape) * draw.random(len(people)), 9)
    last, arrivals = rate.copy(), []
    visits = np.zeros((len(MONTHS), len(people)), dtype=np.int64)
    marginal = np.zeros((len(MONTHS), len(people)))
    for m in range(len(MONTHS)):
        busy = np.minimum(0.7 + 0.3 * last / np.maximum(rate, 1e-9), 2.0)
        wanted = people["visits"].to_numpy() * np.where(people["over_visited"], 1.0, busy)
        wanted = np.where(people["prospect"], 0.08, wanted) * MONTH_SHARE[m]
        visits[m] = draw.poisson(_within_hours(market, m, wanted))
        demand = rate * _mood(market, m)
        answer = np.where(people["over_visited"], 1.0, RESPONSE[np.minimum(visits[m], SATURATION)])
        more = np.where(
            people["over_visited"], 1.0, RESPONSE[np.minimum(visits[m] + 1, SATURATION)]
        )
        marginal[m] = demand * (more - answer)
        customer, at = _arrivals(draw, clock, np.round(demand * answer, 9), shape)
        last = np.bincount(customer, minlength=len(people)).astype(np.float64)
        arrivals.append(pd.DataFrame({"customer": customer, "month": m, "at": at}))
    return pd.concat(arrivals, ignore_index=True), visits, marginal


def _within_hours(market: Market, m: int, wanted: Floats) -> Floats:
    """Cut a rep's wishes to the calls a month has room for: four a working day."""
    post = posts(market, FIRST_DAYS[m])
    room = 4.0 * int(working_days(FIRST_DAYS[m], NEXT_DAYS[m]))
    asked = np.bincount(post + 1, weights=wanted, minlength=len(market.reps) + 1)
    kept = np.minimum(1.0, room / np.maximum(asked, 1e-9))
    kept[0] = 0.0  # nobody drives a vacant route
    return np.asarray(np.round(wanted * kept[post + 1], 6))


def _mood(market: Market, m: int) -> Floats:
    """Multiply each customer's demand in month *m*: season, promotions, decline, not there yet."""
    people, month = market.customers, MONTHS[m]
    year_month = month.astype(int) % 12
    promotes = year_month + 1 in PROMO_MONTHS
    mood = np.where(people["habit"] == PROMO, 2.1 if promotes else 0.45, 1.0) * SEASON[year_month]
    age = max(int((month - DECLINE_FROM).astype(int)) + 1, 0)
    mood = np.where(people["declines"], mood * round(DECLINE**age, 9), mood)
    here = people["since"].to_numpy().astype("datetime64[M]") <= month
    return np.asarray(mood * here * MONTH_SHARE[m])


def _arrivals(
    draw: np.random.Generator, clock: Floats, demand: Floats, shape: Floats
) -> tuple[Ints, Floats]:
    """Orders of one month: *clock* is the stock each customer has left, in orders.

    Returns the customers that order and when, as a share of the month.
    """
    left, who, at = demand.copy(), [], []
    while (short := np.flatnonzero(clock < left)).size:
        left[short] -= clock[short]
        who.append(short)
        at.append(1 - left[short] / demand[short])
        clock[short] = np.round(draw.gamma(shape[short], 1 / shape[short]), 9)
    clock -= left
    return np.concatenate([np.empty(0, np.int64), *who]), np.concatenate([np.empty(0), *at])


def _orders(market: Market, arrivals: pd.DataFrame) -> pd.DataFrame:
    draw = rng("orders")
    month, customer = arrivals["month"].to_numpy(), arrivals["customer"].to_numpy()
    span = (NEXT_DAYS - FIRST_DAYS).astype(np.int64)[month]
    day = FIRST_DAYS[month] + np.round(arrivals["at"].to_numpy() * span, 6).astype(np.int64)
    limits = market.channels.cumsum(axis=1)[customer]
    channel = np.minimum((draw.random(len(arrivals))[:, None] > limits).sum(axis=1), 3)
    # a vacant route sends its orders to the office; only the web shop is open on free days
    vacant = (market.customers["post"].to_numpy()[customer] == LEAVER) & (
        (day >= VACANT_FROM) & (day < INHERITED_ON)
    )
    channel = np.where(vacant & (channel == FIELD), INSIDE, channel)
    day = np.where(channel == WEB, day, next_working_day(day))
    orders = pd.DataFrame({"customer": customer, "day": day, "channel": channel})
    orders = orders[orders["day"] <= EXTRACTED].sort_values(["day", "customer"], kind="stable")
    return orders.reset_index(drop=True)


def _lines(market: Market, orders: pd.DataFrame) -> pd.DataFrame:
    """Fill the baskets from each customer's own assortment, at the list of the day."""
    draw, people, products = rng("lines"), market.customers, market.products
    wanted = 1 + draw.poisson(people["lines"].to_numpy()[orders["customer"]] - 1)
    order = np.repeat(np.arange(len(orders)), wanted)
    customer = orders["customer"].to_numpy()[order]
    limits = market.categories.cumsum(axis=1)[customer]
    category = np.minimum((draw.random(len(order))[:, None] > limits).sum(axis=1), MADE_TO_ORDER)
    line = people["line"].to_numpy()[customer]
    product = _favourite(draw, market, customer, line, category)
    lines = pd.DataFrame({"order": order, "customer": customer, "product": product})
    lines["category"] = category
    lines["noise"] = np.round(draw.lognormal(0, 0.45, len(order)), 6)
    lines = lines.drop_duplicates(["order", "product"], ignore_index=True)
    day = orders["day"].to_numpy()[lines["order"]]
    return _priced(market, lines.assign(day=day), products)


def _favourite(
    draw: np.random.Generator, market: Market, customer: Ints, line: Ints, category: Ints
) -> Ints:
    """Pick products: in a category each customer keeps to its own first choices."""
    cell = market.products["line"].to_numpy() * 9 + market.products["category"].to_numpy()
    size = np.bincount(cell, minlength=18)
    start = size.cumsum() - size
    chosen = line * 9 + category
    u = draw.random(len(customer))
    own = draw.integers(0, 1_000, len(market.customers))[customer]
    rank = np.floor(u * u * size[chosen]).astype(np.int64)
    return np.asarray(start[chosen] + (rank + own) % size[chosen])


def _priced(market: Market, lines: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Price the lines in whole grosze: list of the day, agreed discount, promotion."""
    people, day = market.customers, lines["day"].to_numpy()
    who, what = lines["customer"].to_numpy(), lines["product"].to_numpy()
    price_index, cost_index = np.full(len(lines), 100), np.full(len(lines), 100)
    for since, new_price, new_cost in PRICE_LISTS:
        price_index, cost_index = (
            np.where(day >= since, new_price, price_index),
            np.where(day >= since, new_cost, cost_index),
        )
    price = (products["price"].to_numpy()[what] * price_index + 50) // 100
    cost = (products["cost"].to_numpy()[what] * cost_index + 50) // 100
    promoted = _promoted(day, lines["category"].to_numpy())
    discount = people["discount"].to_numpy()[who]
    before = (people["chain"].to_numpy()[who] == MERGED_CHAIN) & (day >= MERGED_ON)
    agreed = int(people.loc[people["chain"] == MERGED_INTO, "discount"].iloc[0])
    discount = np.where(before, agreed, discount) + np.where(promoted, PROMO_DISCOUNT, 0)
    value = people["line_value"].to_numpy()[who] * lines["noise"].to_numpy()
    value = value * np.where(promoted & (people["habit"].to_numpy()[who] == PROMO), 1.35, 1.0)
    quantity = np.maximum(np.floor(np.round(100 * value / price, 6) + 0.5).astype(np.int64), 1)
    list_amount = quantity * price
    off = (list_amount * discount + 500) // 1000
    return lines.drop(columns="noise").assign(
        promoted=promoted, quantity=quantity, list=list_amount, off=off, net=list_amount - off,
        cost=(quantity * cost + 50) // 100, returned=False,
    )  # fmt: skip


def _promoted(day: Days, category: Ints) -> npt.NDArray[np.bool_]:
    """Promotions run in the middle month of each quarter, on two categories each."""
    month = day.astype("datetime64[M]").astype(int) % 12 + 1
    promoted = np.zeros(len(day), dtype=bool)
    for when, what in zip(PROMO_MONTHS, PROMO_CATEGORIES, strict=True):
        promoted |= (month == when) & np.isin(category, what)
    return promoted


def _returns(market: Market, lines: pd.DataFrame) -> pd.DataFrame:
    """Send some lines back whole, one to three weeks later."""
    draw = rng("returns")
    demanding = market.customers["demanding"].to_numpy()[lines["customer"]]
    back = lines[draw.random(len(lines)) < np.where(demanding, 0.02, 0.005)]
    day = back["day"].to_numpy().astype("datetime64[D]")
    day = day + draw.integers(4, 20, len(back)).astype("timedelta64[D]")
    back = back.assign(day=next_working_day(day), returned=True)
    amounts = ["quantity", "list", "off", "net", "cost"]
    back[amounts] = -back[amounts]
    return back[back["day"] <= EXTRACTED]


def _contacts(market: Market, visits: Ints, orders: pd.DataFrame) -> pd.DataFrame:
    """Log visits on the customer's route day, or the day they took an order, and calls."""
    draw, people = rng("contacts"), market.customers
    month, customer = np.nonzero(visits)
    times = visits[month, customer]
    month, customer = np.repeat(month, times), np.repeat(customer, times)
    day = FIRST_DAYS[month] + draw.integers(0, 28, len(month))
    day += (people["route_day"].to_numpy()[customer] - (day.astype(int) + 3) % 7) % 7
    field = pd.DataFrame({"customer": customer, "month": month, "day": day, "kind": 0})
    field["turn"] = field.groupby(["customer", "month"]).cumcount()
    field = field.merge(_taken(orders), how="left", on=["customer", "month", "turn"])
    field["day"] = field["order_day"].fillna(field["day"])
    calls = np.where(people["prospect"], 0.3, 1.0) * people["calls"].to_numpy()
    calls = draw.poisson(np.round(np.outer(calls, MONTH_SHARE), 6))
    customer, month = np.nonzero(calls)
    customer, month = (np.repeat(a, calls[customer, month]) for a in (customer, month))
    phone = pd.DataFrame(
        {
            "customer": customer,
            "day": FIRST_DAYS[month] + draw.integers(0, 28, len(month)),
            "kind": np.where(draw.random(len(month)) < 0.85, 1, 2),
        }
    )
    contacts = pd.concat([field, phone], ignore_index=True)
    contacts["day"] = next_working_day(contacts["day"].to_numpy().astype("datetime64[D]"))
    contacts = contacts[contacts["day"] <= EXTRACTED]
    contacts = contacts.sort_values(["day", "customer", "kind"], kind="stable")
    minutes = np.where(contacts["kind"] == 0, 45, 11) * draw.lognormal(0, 0.35, len(contacts))
    contacts["minutes"] = np.maximum(np.round(minutes / 5) * 5, 5).astype(np.int64)
    contacts["planned"] = draw.random(len(contacts)) < np.where(contacts["kind"] == 0, 0.85, 0.6)
    return contacts.reset_index(drop=True)


def _taken(orders: pd.DataFrame) -> pd.DataFrame:
    """Field orders in the turn in which a visit of the same month can have taken them."""
    taken = orders[orders["channel"] == FIELD]
    month = taken["day"].to_numpy().astype("datetime64[M]") - MONTHS[0]
    taken = taken.assign(order=taken.index, order_day=taken["day"], month=month.astype(np.int64))
    taken["turn"] = taken.groupby(["customer", "month"]).cumcount()
    return taken[["customer", "month", "turn", "order", "order_day"]]
