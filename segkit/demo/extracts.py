"""The files as such a client would send them: Polish headers, cp1250, decimal commas, defects."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from segkit.demo import faults, service
from segkit.demo.calendar import AS_OF, FIRST_DAYS, Ints, rng
from segkit.demo.market import CATEGORIES, CHANNELS, INSIDE, LINES, MADE_TO_ORDER, Market
from segkit.demo.trade import INHERITED_ON, LEAVER, PRICE_LISTS, VACANT_FROM, Trade, posts
from segkit.demo.visit_log import as_logged

Sheets = dict[str, tuple[str, Iterable[tuple[object, ...]]]]  # name -> header, rows

KINDS = ("Wizyta", "Telefon", "Online")
PURPOSES = ("zamówienie", "nowości", "ekspozycja", "reklamacja", "warunki")
OUTCOMES = ("bez zamówienia", "do powtórzenia", "oferta wysłana")


def write_extracts(folder: Path, market: Market, trade: Trade) -> dict[str, object]:
    """Write the client's files into *folder*, and tell what is wrong with them."""
    customer_id = market.customers["customer_id"].to_numpy()
    orders, lines = _numbered(trade)
    lines = lines.assign(post=_line_posts(market, orders, lines))
    bills = service.invoices(market, trade)
    happened = service.events(market, trade, bills)

    def who(table: pd.DataFrame) -> np.ndarray:
        return np.asarray(customer_id[table["customer"].to_numpy()])

    wrong = faults.planted(market, orders, lines)
    _write_order_lines(folder, _order_lines(market, orders, wrong.lines))
    _write_csv(folder / "klienci.csv", _customers(market, wrong))
    _write_csv(folder / "wizyty.csv", _visits(market, orders, trade.contacts, customer_id))
    _write_csv(folder / "przypisania.csv", _assignments(market))
    _write_csv(folder / "zdarzenia.csv", _events(happened, who(happened)))
    _write_csv(folder / "naleznosci.csv", _receivables(bills, who(bills)))
    quotes = service.quotes(market, trade)
    _write_csv(folder / "oferty.csv", _quotes(market, quotes, who(quotes)))
    scores = service.needs(market)
    heads = {"item": "Potrzeba", "rater": "Ocenia", "score": "Ocena"}
    scores = scores.assign(customer=who(scores)).rename(columns={"customer": "Klient", **heads})
    _write_csv(folder / "potrzeby.csv", scores)
    quotas = service.quotas(market, lines)
    _write_workbook(folder / "kartoteki.xlsx", _sheets(market, quotas))
    return wrong.truth


def _numbered(trade: Trade) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Number orders by day; a return is a document of its own, with the rows of one day."""
    orders, lines = trade.orders, trade.lines
    number = [f"Z{d.year % 100}{n:06d}" for n, d in enumerate(orders["day"], start=1)]
    orders = orders.assign(number=number)
    back = lines["returned"].to_numpy()
    lines = lines.assign(number=orders["number"].to_numpy()[lines["order"]])
    turn = lines[back].groupby(["day", "order"]).ngroup() + 1
    days = lines.loc[back, "day"]
    lines.loc[back, "number"] = [f"K{d.year % 100}{n:06d}" for d, n in zip(days, turn, strict=True)]
    lines["position"] = lines.groupby("number").cumcount() + 1
    return orders, lines.sort_values(["day", "number", "position"], ignore_index=True)


def _posts_on(market: Market, customer: Ints, day: np.ndarray) -> Ints:
    """Post of each row's customer on the row's day; -1 while vacant."""
    before, vacant, after = (posts(market, d) for d in (FIRST_DAYS[0], VACANT_FROM, INHERITED_ON))
    now = np.where(day >= VACANT_FROM, vacant[customer], before[customer])
    return np.asarray(np.where(day >= INHERITED_ON, after[customer], now))


def _line_posts(market: Market, orders: pd.DataFrame, lines: pd.DataFrame) -> Ints:
    """The office takes its own orders; any other belongs to whoever has the customer that day."""
    customer = lines["customer"].to_numpy()
    office = orders["channel"].to_numpy()[lines["order"]] == INSIDE
    own = _posts_on(market, customer, lines["day"].to_numpy())
    return np.asarray(np.where(office, market.customers["inside_post"].to_numpy()[customer], own))


def _rep_ids(market: Market, post: Ints) -> np.ndarray:
    return np.append(market.reps["rep_id"].to_numpy(), "")[post]  # -1 is the vacant post


def _dates(days: pd.Series) -> list[str]:
    return list(days.dt.strftime("%d.%m.%Y").fillna(""))


def _money(grosze: pd.Series | np.ndarray) -> list[str]:
    """Write whole grosze as PLN with a decimal comma."""
    text = "\n".join(f"{v / 100:.2f}" for v in np.asarray(grosze).tolist())
    return list(text.replace(".", ",").split("\n"))


def _order_lines(market: Market, orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    draw = rng("defects")
    counter_sale = draw.random(len(orders)) < 0.005  # sold at the counter: nobody noted to whom
    promotion = "P" + lines["day"].dt.strftime("%y-%m")
    table = pd.DataFrame(
        {
            "Nr zamówienia": lines["number"],
            "Poz.": lines["position"],
            "Data": _dates(lines["day"]),
            "Klient": np.where(counter_sale[lines["order"]], "", lines["written"]),
            "Indeks": market.products["product_id"].to_numpy()[lines["product"]],
            "Ilość": lines["quantity"],
            "Wartość netto": _money(lines["net"]),
            "Wartość cennikowa": _money(lines["list"]),
            "Rabat": _money(lines["off"]),
            "Koszt": _money(lines["cost"]),
            "Kanał": np.array(CHANNELS)[orders["channel"].to_numpy()[lines["order"]]],
            "Handlowiec": _rep_ids(market, lines["post"].to_numpy()),
            "Promocja": np.where(lines["promoted"], promotion, ""),
            "Korekta do": lines["original"],
            "quarter": lines["day"].dt.to_period("Q").astype(str).str.lower(),
        }
    ).astype(object)
    return _spoiled(draw, table)


def _spoiled(draw: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Spoil some rows the way exports do: unreadable cells, unknown products, rows sent twice."""
    rows = draw.choice(len(table), 800, replace=False)
    defects: tuple[tuple[str, int, tuple[str, ...]], ...] = (
        ("Data", 60, ("31.02.2025", "00.00.0000", "b.d.")),
        ("Ilość", 45, ("szt.", "?", "-")),
        ("Wartość netto", 75, ("#ARG!", "b.d.", "#ADR!")),
        ("Indeks", 320, ("900417", "900893", "901266", "90X")),
    )
    at = 0
    for column, count, texts in defects:
        table.loc[rows[at : at + count], column] = draw.choice(texts, count)
        at += count
    return pd.concat([table, table.loc[np.sort(rows[at:])]], ignore_index=True)


def _write_order_lines(folder: Path, table: pd.DataFrame) -> None:
    for quarter, part in table.groupby("quarter", sort=True):
        name = f"zamowienia_{str(quarter).replace('q', '_q')}.csv"
        _write_csv(folder / name, part.drop(columns="quarter"))


def _customers(market: Market, wrong: faults.Faults) -> pd.DataFrame:
    people = market.customers
    now = posts(market, np.datetime64(AS_OF))
    chain = people["chain"].replace({"S03": "S01"})  # the file shows the state after the merger
    table = pd.DataFrame(
        {
            "Nr klienta": people["customer_id"],
            "Nazwa": people["name"],
            "Linia": np.array(LINES)[people["line"]],
            "Typ punktu": people["trade"],
            "Region": people["region"],
            "Klasa": people["grade"],
            "Sieć": chain,
            "Handlowiec": _rep_ids(market, now),
            "Status": np.where(people["prospect"], "Potencjalny", "Klient"),
            "Klient od": np.where(people["prospect"], "", _dates(people["since"])),
            "Adres": wrong.places["address"],
            "NIP": wrong.places["tax"],
        }
    )
    doubled = table.iloc[[101, 640]].copy()  # one row sent twice, one keyed in again
    doubled.iloc[1, 1] = str(doubled.iloc[1, 1]).upper()
    missing = table.index.isin([52, 318, 777, 1_204, 1_511, 1_880])  # sold to, never set up
    twins = table.iloc[wrong.twins["at"]].assign(
        **{
            "Nr klienta": wrong.twins["twin"].to_numpy(),
            "Nazwa": wrong.twins["name"].to_numpy(),
            "Adres": wrong.twins["address"].to_numpy(),
            "NIP": wrong.twins["tax"].to_numpy(),
        }
    )
    return pd.concat([table[~missing], doubled, twins])


def _visits(
    market: Market, orders: pd.DataFrame, contacts: pd.DataFrame, customer_id: np.ndarray
) -> pd.DataFrame:
    draw, customer = rng("visit log"), contacts["customer"].to_numpy()
    kind = contacts["kind"].to_numpy()
    post = _posts_on(market, customer, contacts["day"].to_numpy())
    post = np.where(post < 0, LEAVER, post)  # the last visits of the one who leaves
    post = np.where(kind > 0, market.customers["inside_post"].to_numpy()[customer], post)
    taken = contacts["order"].notna().to_numpy()
    order = np.append(orders["number"].to_numpy(), "")[contacts["order"].fillna(-1).astype(int)]
    log = pd.DataFrame(
        {
            "day": contacts["day"],
            "Nr wizyty": [f"W{n:06d}" for n in range(1, len(contacts) + 1)],
            "Data": _dates(contacts["day"]),
            "Klient": customer_id[customer],
            "Handlowiec": _rep_ids(market, post),
            "Rodzaj": np.array(KINDS)[kind],
            "minutes": contacts["minutes"],
            "Planowana": np.where(contacts["planned"], "TAK", "NIE"),
            "purpose": np.where(taken, PURPOSES[0], draw.choice(PURPOSES, len(contacts))),
            "Wynik": np.where(taken, "zamówienie", draw.choice(OUTCOMES, len(contacts))),
            "Nr zamówienia": order,
        }
    )
    heads = {"minutes": "Minuty", "purpose": "Cel", "moment": "Wprowadzono"}
    return as_logged(market, post, log).drop(columns="day").rename(columns=heads)


def _assignments(market: Market) -> pd.DataFrame:
    people, day = market.customers, "%d.%m.%Y"
    since = people["since"]
    begin = since.where(since > FIRST_DAYS[0], FIRST_DAYS[0]).dt.strftime(day)
    gone, heir = (pd.Timestamp(d).strftime(day) for d in (VACANT_FROM - 1, INHERITED_ON))
    left = (people["post"] == LEAVER).to_numpy()
    first = pd.DataFrame(
        {"Klient": people["customer_id"], "Handlowiec": _rep_ids(market, people["post"].to_numpy())}
    ).assign(Od=begin, Do=np.where(left, gone, ""))
    now = _rep_ids(market, posts(market, INHERITED_ON))
    second = first[left].assign(Handlowiec=now[left], Od=heir, Do="")
    return pd.concat([first, second])


def _events(happened: pd.DataFrame, customer: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"Klient": customer, "Data": _dates(happened["day"])})
    return table.assign(Zdarzenie=happened["activity"], Liczba=happened["quantity"])


def _receivables(bills: pd.DataFrame, customer: np.ndarray) -> pd.DataFrame:
    open_still = bills["paid"] > pd.Timestamp(AS_OF)
    grouped = [f"{v / 100:,.2f}" for v in bills["gross"].tolist()]
    return pd.DataFrame(
        {
            "Nr faktury": [f"FV{n:06d}" for n in range(1, len(bills) + 1)],
            "Klient": customer,
            "Data wystawienia": _dates(bills["day"]),
            "Termin": _dates(bills["due"]),
            "Zapłacono": _dates(bills["paid"].mask(open_still)),
            "Kwota brutto": [g.replace(",", "\xa0").replace(".", ",") for g in grouped],
        }
    )


def _quotes(market: Market, quotes: pd.DataFrame, customer: np.ndarray) -> pd.DataFrame:
    is_open, is_lost = quotes["status"] == "Otwarta", quotes["status"] == "Przegrana"
    post = _posts_on(market, quotes["customer"].to_numpy(), quotes["created"].to_numpy())
    return pd.DataFrame(
        {
            "Nr oferty": [f"OF{n:05d}" for n in range(1, len(quotes) + 1)],
            "Klient": customer,
            "Handlowiec": _rep_ids(market, post),
            "Złożona": _dates(quotes["created"]),
            "Rozstrzygnięta": _dates(quotes["decided"].mask(is_open)),
            "Kwota": _money(quotes["amount"]),
            "Status": quotes["status"],
            "Powód": quotes["reason"].where(is_lost, ""),
        }
    )


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with path.open("w", encoding="cp1250", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(table.columns)
        writer.writerows(zip(*(table[c].tolist() for c in table), strict=True))


def _sheets(market: Market, quotas: pd.DataFrame) -> Sheets:
    products, reps, resources = market.products, market.reps, service.resources()
    price, cost = PRICE_LISTS[-1][1:]
    goods = zip(
        products["product_id"],
        products["name"],
        np.where(products["service"], "Usługa", "Towar").tolist(),
        [CATEGORIES[c] for c in products["category"]],
        [LINES[k] for k in products["line"]],
        [((c * cost + 50) // 100) / 10_000 for c in products["cost"].tolist()],
        [((p * price + 50) // 100) / 100 for p in products["price"].tolist()],
        np.where(products["category"] == MADE_TO_ORDER, "TAK", "NIE").tolist(),
        strict=True,
    )
    people = [(*row, 220, 8) for row in reps.itertuples(index=False, name=None)]
    plans = [
        (r["rep_id"], _first(r["from"]), _last(r["to"]), "Sprzedaż netto", r["quota"])
        for r in quotas.to_dict("records")
    ]
    pools = [
        (pool, _first(month), _last(month), cost, minutes)
        for pool, month, cost, minutes in resources.itertuples(index=False, name=None)
    ]
    return {
        "Asortyment": (
            "Indeks;Nazwa;Rodzaj;Grupa;Linia;Koszt jedn.;Cena cennikowa;Na zamówienie",
            sorted(goods),
        ),
        "Handlowcy": ("Nr;Imię i nazwisko;Zespół;Rola;Region;Dni w roku;Godziny", people),
        "Plany": ("Handlowiec;Od;Do;Miara;Plan", plans),
        "Zasoby": ("Zasób;Od;Do;Koszt;Minuty", pools),
        "Czynności": ("Czynność;Zasób;Minuty;Nośnik", service.ACTIVITIES),
    }


def _first(month: pd.Timestamp) -> date:
    return month.date()


def _last(month: pd.Timestamp) -> date:
    return (month + pd.offsets.MonthEnd(1)).date()


def _write_workbook(path: Path, sheets: Sheets) -> None:
    packed = path.with_suffix(".packed")
    with xlsxwriter.Workbook(packed, {"default_date_format": "dd.mm.yyyy"}) as book:
        book.set_properties({"created": datetime(2026, 4, 3)})  # noqa: DTZ001 - Excel has no zone
        for name, (header, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate([header.split(";"), *rows]):
                sheet.write_row(r, 0, row)
    # Stored, not deflated: compressed bytes depend on the machine's zlib.
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(path, "w") as target:
        for part in source.namelist():
            target.writestr(zipfile.ZipInfo(part), source.read(part))
    packed.unlink()
