"""A proposed engagement file: valid whatever headers hold, asking what data can't decide."""

from __future__ import annotations

import random
import sqlite3
import tomllib
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from segkit import flow
from segkit.engagement import read_engagement
from segkit.errors import EngagementError, SourceError
from segkit.sources.proposing import propose, writing

HEADER = "Order no;Date;Customer no;Item no;Quantity;Net amount"


def proposed(folder: Path, lines: str, name: str = "orders.csv", **how) -> str:
    """The text of the file proposed for one CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(lines, "utf-8")
    return propose(folder, **how).read_text("utf-8")


def orders(rows: int = 60, date: str = "{day:02}.01.2025", amount: str = "{n},50") -> str:
    lines = [
        f"{100 + n};{date.format(day=n % 28 + 1, low=n % 12 + 1)};C{n % 9};P{n % 7};{n % 5 + 1};"
        + amount.format(n=n + 1)
        for n in range(rows)
    ]
    return "\n".join([HEADER, *lines]) + "\n"


def asked(text: str) -> list[str]:
    """The questions of a file, each on one line."""
    found, within = [], False
    for line in text.splitlines():
        if line.startswith("# QUESTION:"):
            found.append(line.removeprefix("# QUESTION: "))
            within = True
        elif within and line.startswith("#   "):
            found[-1] += " " + line.removeprefix("#   ")
        else:
            within = False
    return found


# --- what is written --------------------------------------------------------------------------


def test_a_plain_extract_is_proposed_whole_and_can_be_checked_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    text = proposed(tmp_path / "nordvik", orders())
    made = tomllib.loads(text)
    assert made["client"] == "nordvik"
    assert made["as_of"].isoformat() == "2025-01-31"
    assert made["sources"]["order_lines"] == {
        "file": "orders.csv",
        "encoding": "utf-8",
        "delimiter": ";",
        "decimal": ",",
        "date_format": "%d.%m.%Y",
        "columns": {
            "order_id": "Order no",
            "order_date": "Date",
            "customer_id": "Customer no",
            "product_id": "Item no",
            "quantity": "Quantity",
            "net_amount": "Net amount",
        },
    }
    assert 'net_amount = "Net amount"                     # high: English for net amount' in text
    told = flow.check(tmp_path / "nordvik")
    assert told[0] == "order_lines: read 60, accepted 60, set aside 0 (orders.csv)"


def test_the_same_folder_gives_the_same_bytes_whatever_the_order_of_its_rows(tmp_path):
    head, *rows = orders(90).splitlines()
    first = proposed(tmp_path / "a" / "client", "\n".join([head, *rows]))
    assert proposed(tmp_path / "b" / "client", "\n".join([head, *rows])) == first
    random.Random(1).shuffle(rows)
    again = proposed(tmp_path / "c" / "client", "\n".join([head, *rows]))
    examples = ("decided by",)  # the one thing that is told by the first row

    def without(text):
        return [line.split("#")[0] if any(e in line for e in examples) else line
                for line in text.splitlines()]  # fmt: skip

    assert without(again) == without(first)


def test_files_that_differ_in_their_period_are_one_table(tmp_path):
    folder = tmp_path / "client"
    for year in (2024, 2025):
        proposed_text = orders().replace("01.2025", f"01.{year}")
        folder.mkdir(exist_ok=True)
        (folder / f"orders_{year}.csv").write_text(proposed_text)
    (folder / "orders_of_others.csv").write_text("a;b\n1;2\n")
    source = tomllib.loads(propose(folder).read_text("utf-8"))["sources"]["order_lines"]
    assert source["file"] == "orders_[0-9]*.csv"


def test_an_existing_file_is_never_overwritten(tmp_path):
    proposed(tmp_path / "client", orders())
    with pytest.raises(EngagementError) as error:
        propose(tmp_path / "client")
    assert str(error.value) == (
        f"{tmp_path / 'client' / 'engagement.toml'} is there already, and what was agreed is never "
        "overwritten.\nFix: write beside it with --out, or delete it first."
    )


def test_a_file_elsewhere_reads_the_folder_it_was_proposed_for(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    out = tmp_path / "engagements" / "x" / "engagement.toml"
    text = proposed(tmp_path / "sent", orders(), out=out, client='Skov & "Søn" A/S')
    assert tomllib.loads(text)["client"] == 'Skov & "Søn" A/S'
    assert tomllib.loads(text)["data"] == {"root": "../../sent"}
    assert flow.check(out)[0] == "order_lines: read 60, accepted 60, set aside 0 (orders.csv)"


def test_a_folder_that_holds_nothing_is_said(tmp_path):
    with pytest.raises(SourceError) as error:
        propose(tmp_path)
    assert str(error.value) == (
        f"Nothing in {tmp_path} holds rows that can be read.\n"
        "Fix: put the client's CSV, XLSX or Parquet files there, as the client sent them."
    )
    with pytest.raises(EngagementError) as error:
        propose(tmp_path / "none")
    assert str(error.value) == (
        f"There is no folder {tmp_path / 'none'}.\n"
        "Fix: give the folder that holds the client's extracts."
    )


@given(st.text(max_size=200))
def test_any_text_is_a_string_and_a_comment_of_valid_toml(text):
    line = writing.beside(f"key = {writing.quoted(text)}", text)
    read = tomllib.loads(f"{line}\n{writing.comment(text) and '# ' + writing.comment(text)}\n")
    if not any(0xD800 <= ord(letter) < 0xE000 for letter in text):
        assert read == {"key": text}


HOSTILE = (
    'Net "amount"', "a]b[c", "x\\ty", "# no comment", "'''", '"""', "ÆØÅ łódź 数量", "n" * 5000,
    "=cmd|' /C calc'!A0", "order_id = 1", "\u202ereversed", "{}", "100 %", "\x01bell",
)  # fmt: skip


def test_hostile_headers_give_valid_toml_that_reads_them_back(tmp_path):
    quoted = ['"' + header.replace('"', '""') + '"' for header in HOSTILE]
    head, *rows = orders().splitlines()
    lines = [";".join([head, *quoted])]
    lines += [";".join([row, *(f"v{n % 4}" for n in range(len(quoted)))]) for row in rows]
    text = proposed(tmp_path / "client", "\n".join(lines))
    assert tomllib.loads(text)["sources"]["order_lines"]["columns"]["net_amount"] == "Net amount"
    assert max(map(len, text.splitlines())) < 400


def test_hostile_headers_of_customers_are_kept_as_attributes_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    folder = tmp_path / "client"
    proposed(folder, orders(), name="orders.csv", out=tmp_path / "first.toml")
    heads = ['"Kind of ""trade"" ]["', '"back\\slash"', "'''", "Ærø"]
    rows = [f"C{n};Shop {n};" + ";".join(f"w{n % 3}" for _ in heads) for n in range(9)]
    (folder / "customers.csv").write_text("\n".join([f"Customer no;Name;{';'.join(heads)}", *rows]))
    text = propose(folder).read_text("utf-8")
    columns = tomllib.loads(text)["sources"]["customers"]["columns"]
    assert columns["back_slash"] == "back\\slash"
    assert columns["aero"] == "Ærø"
    assert "customers: read 9, accepted 9, set aside 0 (customers.csv)" in flow.check(folder)


# --- what is asked ----------------------------------------------------------------------------


def test_dates_that_fit_both_orders_are_asked_and_not_read(tmp_path):
    text = proposed(tmp_path / "client", orders(date="{low:02}/03/2025"))
    assert tomllib.loads(text)["sources"]["order_lines"]["date_format"] == "?"
    assert asked(text)[-1] == (
        '"Date" holds dates such as 01/03/2025, whose days and months could change places: '
        "%d/%m/%Y reads them as 2025-03-01 to 2025-03-12, 33% on weekends; "
        "%m/%d/%Y reads them as 2025-01-03 to 2025-12-03, 17% on weekends"
    )
    with pytest.raises(EngagementError) as error:
        read_engagement(tmp_path / "client")
    assert str(error.value) == (
        "engagement.toml waits for an answer that decides how files are read: "
        "sources.order_lines.date_format.\n"
        "Fix: the question above each names the values it can have; put in the right one."
    )


@pytest.mark.parametrize(
    ("date", "order"),
    [("{day:02}/01/2025", "%d/%m/%Y"), ("01/{day:02}/2025", "%m/%d/%Y")],
)
def test_one_day_above_twelve_decides_the_whole_column(tmp_path, date, order):
    text = proposed(tmp_path / "client", orders(date=date))
    assert tomllib.loads(text)["sources"]["order_lines"]["date_format"] == order


def test_a_mark_before_three_digits_is_asked_with_what_each_reading_gives(tmp_path):
    text = proposed(tmp_path / "client", orders(amount="{n}.234"))
    assert tomllib.loads(text)["sources"]["order_lines"]["decimal"] == "?"
    assert asked(text)[-1] == (
        '"Net amount" holds numbers such as 1.234, 2.234, which can be read in two ways: '
        'decimal = "," reads a sum of 1,844,040.00 and decimal = "." reads a sum of 1,844.04'
    )


def test_one_number_with_two_decimals_decides_the_whole_column(tmp_path):
    lines = orders(amount="{n}.234") + "999;01.01.2025;C1;P1;1;17,50\n"
    text = proposed(tmp_path / "client", lines)
    assert tomllib.loads(text)["sources"]["order_lines"]["decimal"] == ","


def test_a_key_is_declared_only_when_no_row_repeats_it(tmp_path):
    rows = [f"{100 + n // 2};{n % 2};{n % 28 + 1:02}.01.2025;C1;P1;1;{n},50" for n in range(60)]
    head = "Order no;Line no;Date;Customer no;Item no;Quantity;Net amount"
    text = proposed(tmp_path / "a", "\n".join([head, *rows]))
    assert tomllib.loads(text)["sources"]["order_lines"]["key"] == ["order_id", "line_no"]
    text = proposed(tmp_path / "b", "\n".join([head, *rows, rows[0]]))
    assert "key" not in tomllib.loads(text)["sources"]["order_lines"]
    assert asked(text)[-1] == (
        "1 row repeats Order no, Line no of another. If each is one record twice: "
        'key = ["order_id", "line_no"]; if not, they all count'
    )


def test_two_columns_that_fit_alike_are_asked(tmp_path):
    head, *rows = orders().splitlines()
    lines = [f"{head};Net value", *(f"{row};1,20" for row in rows)]
    text = proposed(tmp_path / "client", "\n".join(lines))
    assert 'is net_amount "Net amount" or "Net value"? Both fit.' in asked(text)


def test_amounts_whose_header_does_not_say_net_are_asked(tmp_path):
    text = proposed(tmp_path / "client", orders().replace("Net amount", "Amount"))
    assert 'is "Amount" without VAT and after discounts? Its header does not say' in asked(text)
    for place, net in enumerate(("Net amount", "Beløb ekskl. moms", "Wartość bez VAT")):
        text = proposed(tmp_path / f"net{place}", orders().replace("Net amount", net))
        assert not any("VAT" in one for one in asked(text))


def test_a_header_that_stands_twice_is_told_apart_by_its_number(tmp_path, monkeypatch):
    head, *rows = orders().splitlines()
    lines = [f"{head};Net amount", *(f"{row};1,20" for row in rows)]
    text = proposed(tmp_path / "client", "\n".join(lines))
    columns = tomllib.loads(text)["sources"]["order_lines"]["columns"]
    assert columns["net_amount"] == "Net amount (1)"
    assert 'is net_amount "Net amount" or "Net amount (2)"? Both fit.' in asked(text)
    monkeypatch.chdir(tmp_path)
    told = flow.check(tmp_path / "client")
    assert told[0] == "order_lines: read 60, accepted 60, set aside 0 (orders.csv)"


def test_numbers_that_the_mark_of_the_others_cannot_read_are_asked(tmp_path):
    head, *rows = orders().splitlines()
    cost = [f"{row};{n},5" if n % 2 else f"{row};{n}.25" for n, row in enumerate(rows)]
    text = proposed(tmp_path / "client", "\n".join([f"{head};Cost amount", *cost]))
    assert tomllib.loads(text)["sources"]["order_lines"]["decimal"] == ","
    assert (
        'what are the 30 numbers of "Cost amount" such as 0.25? decimal = "," can\'t read them'
    ) in asked(text)


def test_columns_that_each_have_a_mark_of_their_own_are_left_to_the_reader(tmp_path, monkeypatch):
    head, *rows = orders().splitlines()
    cost = [f"{row};{n}.25" for n, row in enumerate(rows)]
    text = proposed(tmp_path / "client", "\n".join([f"{head};Cost amount", *cost]))
    assert "decimal" not in tomllib.loads(text)["sources"]["order_lines"]
    assert not any("numbers" in one for one in asked(text))
    monkeypatch.chdir(tmp_path)
    assert not any("not to be read" in line for line in flow.check(tmp_path / "client"))


def test_lines_in_other_currencies_ask_for_rates(tmp_path):
    head, *rows = orders().splitlines()
    lines = [
        f"{head};Currency",
        *(f"{row};{'EUR' if n < 9 else 'DKK'}" for n, row in enumerate(rows)),
    ]
    text = proposed(tmp_path / "client", "\n".join(lines))
    assert asked(text)[-1] == (
        'which rates turn EUR into DKK? "Currency" says so of 9 lines: give [sources.rates] with '
        "currency, from_date and rate, or they are set aside"
    )
    rates = tmp_path / "client" / "rates.csv"
    rates.write_text("currency;from_date;rate\nEUR;2025-01-01;7.46\n", "utf-8")
    (tmp_path / "client" / "engagement.toml").unlink()
    assert not any("rates" in one for one in asked(propose(tmp_path / "client").read_text("utf-8")))


def test_days_as_a_spreadsheet_counts_them_are_dates(tmp_path):
    text = proposed(tmp_path / "client", orders(date="457{day:02}"))
    columns = tomllib.loads(text)["sources"]["order_lines"]["columns"]
    assert columns["order_date"] == "Date"
    assert "the orders begin on 2025-02-13" in text


def test_the_value_that_decided_is_shown(tmp_path):
    text = proposed(tmp_path / "client", orders(date="{day:02}/01/2025"))
    assert 'decided by "Date": 13/01/2025' in text
    assert 'decided by "Net amount": 1,50' in text


def test_without_order_lines_the_file_asks_for_them_and_check_says_so(tmp_path):
    text = proposed(tmp_path / "client", "Colour;Mood\nred;good\nblue;bad\n", "x.csv")
    assert asked(text)[-1].startswith("which file holds the order lines? None looks like it")
    assert "# x.csv: columns: Colour, Mood" in text
    with pytest.raises(EngagementError, match="names no order lines"):
        flow.check(tmp_path / "client")


def test_open_questions_are_counted_and_an_answered_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    folder = tmp_path / "client"
    text = proposed(folder, orders())
    open_ones = [number for number, line in enumerate(text.splitlines(), 1)
                 if line.startswith("# QUESTION:")]  # fmt: skip
    assert read_engagement(folder).questions == tuple(open_ones)
    assert f"Open at first: {len(open_ones)}." in text.replace("\n#  ", "")
    lines = ", ".join(map(str, open_ones))
    assert flow.check(folder)[-1] == (
        f"  Questions of the engagement file that are open: {len(open_ones)}, in lines {lines}."
    )
    answered = "\n".join(line for line in text.splitlines() if "QUESTION:" not in line)
    (folder / "engagement.toml").write_text(answered)
    assert read_engagement(folder).questions == ()
    assert "To be settled" not in flow.check(folder)


# --- what is made from others -----------------------------------------------------------------


def test_quantity_times_price_stands_in_for_an_amount_and_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    text = proposed(tmp_path / "client", orders().replace("Net amount", "Unit price"))
    assert "is net revenue Quantity x Unit price? No column holds the amount" in asked(text)
    assert flow.check(tmp_path / "client")[0].startswith("order_lines: read 60, accepted 60")


def test_a_flat_file_gives_its_customers_and_products(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    head, *rows = orders().splitlines()
    lines = [f"{head};Customer name;Product name"]
    lines += [f"{row};Shop {row.split(';')[2]};Soap {row.split(';')[3]}" for row in rows]
    text = proposed(tmp_path / "client", "\n".join(lines))
    assert set(tomllib.loads(text)["sources"]) == {"order_lines", "customers", "products"}
    told = flow.check(tmp_path / "client")
    assert "customers: read 9, accepted 9, set aside 0 (orders.csv)" in told
    assert "products: read 7, accepted 7, set aside 0 (orders.csv)" in told


# --- where the files are ----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    (tmp_path / "client").mkdir()
    return tmp_path / "client"


def test_the_tables_of_a_database_file_are_proposed_and_can_be_checked(folder):
    head, *rows = orders().splitlines()
    with sqlite3.connect(folder / "erp.sqlite") as connection:
        names = ", ".join(f'"{name}" TEXT' for name in head.split(";"))
        connection.execute(f'CREATE TABLE "sales orders" ({names})')
        connection.execute('CREATE TABLE "customers" ("Customer no" TEXT, "Name" TEXT)')
        values = [row.split(";") for row in rows]
        connection.executemany('INSERT INTO "sales orders" VALUES (?, ?, ?, ?, ?, ?)', values)
        shops = [(f"C{n}", f"Shop {n}") for n in range(9)]
        connection.executemany('INSERT INTO "customers" VALUES (?, ?)', shops)
    connection.close()
    sources = tomllib.loads(propose(folder).read_text("utf-8"))["sources"]
    assert sources["order_lines"]["database"] == "sqlite:erp.sqlite"
    assert sources["order_lines"]["query"] == 'SELECT * FROM "sales orders"'
    told = flow.check(folder)
    assert [line.split(" (")[0] for line in told[:2]] == [
        "order_lines: read 60, accepted 60, set aside 0",
        "customers: read 9, accepted 9, set aside 0",
    ]


def test_sheets_of_one_workbook_are_tables_or_together_one(folder):
    head, *rows = orders().splitlines()
    with xlsxwriter.Workbook(folder / "all.xlsx") as book:
        for name in ("Sales 2024", "Sales 2025"):
            sheet = book.add_worksheet(name)
            for place, line in enumerate([f"Sales of Nordvik, {name}", "", head, *rows]):
                sheet.write_row(place, 0, line.split(";"))
        sheet = book.add_worksheet("Customers")
        for place in range(10):
            shop = (f"C{place - 1}", f"Shop {place}")
            sheet.write_row(place, 0, shop if place else ("Customer no", "Name"))
    sources = tomllib.loads(propose(folder).read_text("utf-8"))["sources"]
    assert sources["order_lines"]["sheet"] == ["Sales 2024", "Sales 2025"]
    assert sources["order_lines"]["header_row"] == 3
    assert sources["customers"]["sheet"] == "Customers"
    assert flow.check(folder)[0].startswith("order_lines: read 120, accepted 120, set aside 0")
