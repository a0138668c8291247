"""Small extracts as clients in Denmark, Romania, Germany and Britain send them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path


@dataclass(frozen=True)
class Dialect:
    """How a client writes: code page, marks, dates, and its own words."""

    encoding: str
    decimal: str
    date_format: str
    words: dict[str, dict[str, str]]
    delimiter: str = ";"
    thousands: str = ""


#: file = contract table; then the client's header = contract column, None where it is no column.
FILES: dict[str, dict[str, tuple[str, dict[str, str | None]]]] = {
    "da": {
        "Fakturalinjer 2024.csv": ("order_lines", {
            "Ordrenr.": "order_id", "Linjenr.": "line_no", "Bogføringsdato": "order_date",
            "Debitornr.": "customer_id", "Debitornavn": None, "Varenr.": "product_id",
            "Varebeskrivelse": None, "Antal": "quantity", "Enhed": "unit",
            "Beløb ekskl. moms": "net_amount", "Linjerabatbeløb": "discount_amount",
            "Kostbeløb": "cost_amount", "Ordrekanal": "channel", "Sælgerkode": "rep_id",
            "Fakturanr.": "invoice_id", "Valutakode": "currency", "Momsbeløb": None,
            "Lokationskode": None,
        }),
        "Debitorer.csv": ("customers", {
            "Nummer": "customer_id", "Navn": "name", "Adresse": "address", "Postnr.": None,
            "Bynavn": None, "CVR-nr.": "tax_number", "Branche": "category", "Område": "region",
            "ABC-klasse": "class", "Kæde": "parent_id", "Sælgerkode": "rep_id",
            "Kunde siden": "since", "Telefon": None, "E-mail": None, "Kreditmaksimum": None,
        }),
        "Varer.csv": ("products", {
            "Varenummer": "product_id", "Beskrivelse": "name", "Varegruppe": "category",
            "Kostpris": "unit_cost", "Salgspris": "list_price", "Nettovægt": None,
            "Specialvare": "is_custom",
        }),
        "Besøgsrapport.csv": ("visits", {
            "Besøgsnr.": "visit_id", "Besøgsdato": "visit_date", "Kundenr.": "customer_id",
            "Konsulent": "rep_id", "Kontaktform": "kind", "Varighed (min)": "minutes",
            "Planlagt": "is_planned", "Formål": "purpose", "Resultat": "outcome",
            "Bemærkning": None,
        }),
        "Sælgere.csv": ("reps", {
            "Sælgernr": "rep_id", "Fulde navn": "name", "Afdeling": "team", "Stilling": "role",
        }),
        "Åbne poster.csv": ("receivables", {
            "Bilagsnr.": "invoice_id", "Debitornr.": "customer_id", "Bilagsdato": "invoice_date",
            "Forfaldsdato": "due_date", "Betalingsdato": "paid_date",
            "Beløb inkl. moms": "amount",
        }),
    },
    "ro": {
        "vanzari.csv": ("order_lines", {
            "Nr. comandă": "order_id", "Nr. crt.": "line_no", "Data comenzii": "order_date",
            "Cod client": "customer_id", "Denumire client": None, "Cod articol": "product_id",
            "Denumire articol": None, "Cantitate": "quantity", "UM": "unit",
            "Preț unitar": None, "Valoare fără TVA": "net_amount", "Valoare TVA": None,
            "Cost achiziție": "cost_amount", "Canal vânzare": "channel", "Agent": "rep_id",
            "Serie și nr. factură": "invoice_id", "Gestiune": None,
        }),
        "parteneri.csv": ("customers", {
            "Cod partener": "customer_id", "Denumire": "name", "Cod fiscal": "tax_number",
            "Adresa": "address", "Județ": "region", "Clasă": "class", "Tip client": "kind",
            "Agent vânzări": "rep_id", "Telefon": None, "Sold curent": None, "Cont bancar": None,
        }),
        "articole.csv": ("products", {
            "Cod articol": "product_id", "Denumire articol": "name", "Grupa": "category",
            "Preț de achiziție": "unit_cost", "Preț de listă": "list_price", "Greutate": None,
        }),
        "vizite agenti.csv": ("visits", {
            "Nr vizită": "visit_id", "Data vizitei": "visit_date", "Client": "customer_id",
            "Agent": "rep_id", "Tip vizită": "kind", "Durata (minute)": "minutes",
            "Planificată": "is_planned", "Scopul vizitei": "purpose", "Rezultat": "outcome",
        }),
        "agenti.csv": ("reps", {
            "Cod agent": "rep_id", "Nume și prenume": "name", "Echipa": "team",
            "Funcția": "role", "Zona": "region",
        }),
        "facturi neincasate.csv": ("receivables", {
            "Nr. factură": "invoice_id", "Partener": "customer_id", "Data facturii": "invoice_date",
            "Scadența": "due_date", "Data încasării": "paid_date", "Total cu TVA": "amount",
        }),
    },
    "de": {
        "Auftragspositionen.csv": ("order_lines", {
            "Auftragsnummer": "order_id", "Position": "line_no", "Belegdatum": "order_date",
            "Kundennummer": "customer_id", "Kundenname": None, "Artikelnummer": "product_id",
            "Bezeichnung": None, "Menge": "quantity", "ME": "unit", "Einzelpreis": None,
            "Nettobetrag": "net_amount", "Listenwert": "list_amount",
            "Rabattbetrag": "discount_amount", "Rabatt %": None, "Einstandswert": "cost_amount",
            "Vertriebsweg": "channel", "Vertreter-Nr.": "rep_id", "Währung": "currency",
            "Liefertermin": None,
        }),
        "Kundenstamm.csv": ("customers", {
            "Kd-Nr": "customer_id", "Name 1": "name", "Straße": "address", "PLZ": None,
            "Ort": None, "USt-IdNr.": "tax_number", "Branche": "category",
            "Vertriebsgebiet": "region", "Kundenklasse": "class", "Einkaufsverband": "parent_id",
            "Vertreter": "rep_id", "Kunde seit": "since", "Ansprechpartner": None,
        }),
        "Artikelstamm.csv": ("products", {
            "Artikel-Nr.": "product_id", "Artikelbezeichnung": "name", "Warengruppe": "category",
            "Einkaufspreis": "unit_cost", "Listenpreis": "list_price", "Gewicht": None,
        }),
        "Besuchsberichte.csv": ("visits", {
            "Besuchs-ID": "visit_id", "Besuchsdatum": "visit_date", "Kunde": "customer_id",
            "Außendienstmitarbeiter": "rep_id", "Kontaktart": "kind", "Dauer (Min.)": "minutes",
            "Geplant": "is_planned", "Anlass": "purpose", "Ergebnis": "outcome",
        }),
        "Mitarbeiter.csv": ("reps", {
            "Personalnr": "rep_id", "Vor- und Nachname": "name", "Team": "team",
            "Funktion": "role", "Gebiet": "region",
        }),
        "Offene Posten.csv": ("receivables", {
            "Rechnungsnr.": "invoice_id", "Kunden-Nr.": "customer_id",
            "Rechnungsdatum": "invoice_date", "Fälligkeitsdatum": "due_date",
            "Zahlungseingang": "paid_date", "Bruttobetrag": "amount",
        }),
    },
    "en": {
        "sales_invoice_lines.csv": ("order_lines", {
            "Document No.": "order_id", "Line No.": "line_no", "Posting Date": "order_date",
            "Sell-to Customer No.": "customer_id", "Item No.": "product_id", "Description": None,
            "Qty": "quantity", "Unit of Measure Code": "unit", "Unit Price": None,
            "Line Amount Excl. VAT": "net_amount", "Line Discount Amount": "discount_amount",
            "Unit Cost (LCY)": None, "Salesperson Code": "rep_id", "Location Code": None,
        }),
        "customer_list.csv": ("customers", {
            "No.": "customer_id", "Name": "name", "Address": "address", "City": None,
            "Phone No.": None, "Territory Code": "region", "VAT Registration No.": "tax_number",
            "Salesperson Code": "rep_id", "Customer Posting Group": "category", "Blocked": None,
        }),
        "items.csv": ("products", {
            "No.": "product_id", "Description": "name", "Item Category Code": "category",
            "Unit Cost": "unit_cost", "Unit Price": "list_price",
        }),
        "crm_activities.csv": ("visits", {
            "Activity ID": "visit_id", "Date": "visit_date", "Account": "customer_id",
            "Owner": "rep_id", "Activity type": "kind", "Duration (mins)": "minutes",
            "Subject": "purpose", "Result": "outcome",
        }),
        "targets.csv": ("quotas", {
            "Salesperson": "rep_id", "From": "period_start", "To": "period_end",
            "Measure": "measure", "Sales target": "quota",
        }),
    },
}  # fmt: skip

DIALECTS = {
    "da": Dialect("cp1252", ",", "%d-%m-%Y", {
        "channel": {"field": "Sælger", "web": "Webshop", "inside": "Kontor"},
        "kind": {"visit": "Besøg", "call": "Telefon"}, "boolean": {"1": "Ja", "0": "Nej"},
        "role": {"field": "Konsulent", "inside": "Intern salg"},
    }, thousands="."),
    "ro": Dialect("utf-8-sig", ",", "%d.%m.%Y", {
        "channel": {"field": "Agent", "web": "Magazin online", "inside": "Birou"},
        "kind": {"visit": "Vizită", "call": "Telefon"}, "boolean": {"1": "DA", "0": "NU"},
        "role": {"field": "Agent", "inside": "Birou"},
    }),
    "de": Dialect("cp1252", ",", "%d.%m.%Y", {
        "channel": {"field": "Außendienst", "web": "Onlineshop", "inside": "Innendienst"},
        "kind": {"visit": "Besuch", "call": "Telefonat"}, "boolean": {"1": "Ja", "0": "Nein"},
        "role": {"field": "Außendienst", "inside": "Innendienst"},
    }, thousands="."),
    "en": Dialect("utf-8", ".", "%d/%m/%Y", {
        "channel": {"field": "Rep", "web": "Web", "inside": "Phone"},
        "kind": {"visit": "Visit", "call": "Call"}, "boolean": {"1": "Yes", "0": "No"},
        "role": {"field": "Field", "inside": "Inside sales"},
    }, delimiter=","),
}  # fmt: skip

_ROWS = {"order_lines": 600, "customers": 60, "products": 30, "visits": 200, "reps": 6,
         "receivables": 150, "quotas": 24}  # fmt: skip


def write(language: str, folder: Path) -> Path:
    """The extracts of one language; the same bytes each time."""
    chance = random.Random(7)
    for name, (table, headers) in FILES[language].items():
        how = DIALECTS[language]
        lines = [how.delimiter.join(headers)]
        for row in range(_ROWS[table]):
            facts = _facts(table, row, chance)
            cells = [_written(facts, column, header, how) for header, column in headers.items()]
            lines.append(how.delimiter.join(cells))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(("\r\n".join(lines) + "\r\n").encode(how.encoding))
    return folder


def _facts(table: str, row: int, chance: random.Random) -> dict[str, object]:
    """One row of a table, by contract column; what is no column is under its header."""
    first = date(2023, 1, 1)
    price = chance.randrange(500, 90_000) / 100
    quantity = chance.choice([1, 2, 3, 6, 12, -1])
    listed = round(price * quantity, 2)
    discount = round(listed * chance.choice([0, 0.05, 0.1]), 2)
    day = first + timedelta(days=int(row * 1095 / _ROWS[table]))
    customer, product = f"{10000 + chance.randrange(60) * 7}", f"V{chance.randrange(30):04d}"
    own = {"customers": f"{10000 + row * 7}", "products": f"V{row:04d}", "reps": f"S{row:02d}"}
    return {
        "order_id": f"SO{5000 + row // 3}", "line_no": row % 3 + 1, "order_date": day,
        "customer_id": own["customers"] if table == "customers" else customer,
        "product_id": own["products"] if table == "products" else product,
        "rep_id": own["reps"] if table == "reps" else f"S{chance.randrange(6):02d}",
        "quantity": quantity, "unit": chance.choice(["stk", "kg"]),
        "net_amount": round(listed - discount, 2), "list_amount": listed,
        "discount_amount": discount, "cost_amount": round(listed * 0.6, 2),
        "channel": chance.choice(["field", "web", "inside"]), "invoice_id": f"F{9000 + row // 3}"
        if table == "order_lines" else f"F{9000 + row}",
        "currency": "EUR", "name": f"Nordlys {chance.choice(['Apotek', 'Farma', 'Salon'])} {row}",
        "address": f"Skovvej {row + 1}", "tax_number": f"DK{20000000 + row}",
        "category": chance.choice(["Alfa", "Beta", "Gamma"]), "region": chance.choice("NSV"),
        "class": chance.choice("ABC"), "parent_id": chance.choice(["", "K1", "K2"]),
        "since": day, "unit_cost": round(price * 0.6, 4), "list_price": price,
        "is_custom": chance.choice("01"), "visit_id": f"B{row:05d}", "visit_date": day,
        "kind": chance.choice(["visit", "call"]), "minutes": chance.randrange(5, 90, 5),
        "is_planned": chance.choice("01"), "purpose": chance.choice(["pris", "nyt", "display"]),
        "outcome": chance.choice(["ok", "ingen"]), "team": chance.choice(["Nord", "Syd"]),
        "role": chance.choice(["field", "inside"]), "invoice_date": day,
        "due_date": day + timedelta(days=30), "paid_date": day + timedelta(days=33),
        "amount": round(price * 1.25, 2), "period_start": date(2024, row % 12 + 1, 1),
        "period_end": date(2024, row % 12 + 1, 28), "measure": "Sales",
        "quota": 10_000 + chance.randrange(90) * 500.0,
    }  # fmt: skip


def _written(facts: dict[str, object], column: str | None, header: str, how: Dialect) -> str:
    if column is None:
        return _filler(facts, header, how)
    value = facts[column]
    if isinstance(value, date):
        return value.strftime(how.date_format)
    if isinstance(value, float):
        plain = f"{value:,.2f}" if how.thousands else f"{value:.2f}"
        return plain.translate(str.maketrans({".": how.decimal, ",": how.thousands}))
    text = str(value)
    words = how.words.get("boolean" if column.startswith("is_") else column, {})
    if column == "kind" and "visit" not in words.values():
        return words.get(text, text)
    return words.get(text, text)


def _filler(facts: dict[str, object], header: str, how: Dialect) -> str:
    """Values of a column that the contract does not have."""
    if "%" in header:
        return "5"
    if any(word in header for word in ("VAT", "TVA", "moms", "Moms", "Price", "preis", "Preț",
                                       "Cost", "vægt", "Gewicht", "Greutate", "Sold")):  # fmt: skip
        return f"{facts['list_price']:.2f}".replace(".", how.decimal)
    if "termin" in header:
        return facts["order_date"].strftime(how.date_format)  # type: ignore[attr-defined]
    return f"{header[:3]} {facts['name']}"
