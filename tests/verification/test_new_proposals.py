"""How much of a proposed mapping is right, against mappings made by hand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import new_extracts
import pytest

from segkit import demo, flow
from segkit.sources.proposing import propose

ROOT = Path(__file__).parents[2]
#: At least this share of the columns made by hand is proposed, and at most this share of what is
#: proposed as all but certain is wrong.
RIGHT, WRONG = 0.9, 0.02
Truth = Mapping[tuple[str, str], tuple[str, ...]]

_LINE = re.compile(r'^(\w+) = ("(?:[^"\\]|\\.)*") +# (high|medium|low)')
_SQL = re.compile(r'^ +(?:SELECT )?"((?:[^"]|"")*)" AS (\w+),? +-- (high|medium|low)')


def mapped(text: str) -> dict[tuple[str, str], tuple[str, str]]:
    """(table, contract column) = (header, confidence), of columns and of SQL."""
    found, table = {}, ""
    for line in text.splitlines():
        if section := re.match(r"\[sources\.(\w+)", line):
            table = section[1]
        if told := _LINE.match(line):
            found[table, told[1]] = (tomllib.loads(f"x = {told[2]}")["x"], told[3])
        elif told := _SQL.match(line):
            found[table, told[2]] = (told[1], told[3])
    return found


def judged(text: str, truth: Truth) -> tuple[int, int, list[str]]:
    """How many of the true columns are proposed, how many are sure, and the sure ones wrong."""
    found = mapped(text)
    right = sum(found.get(place, ("",))[0] in headers for place, headers in truth.items())
    tables = {table for table, _ in truth}
    sure = {at: header for at, (header, how) in found.items() if how == "high" and at[0] in tables}
    wrong = [f"{at}: {header}" for at, header in sure.items() if header not in truth.get(at, ())]
    return right, len(sure), wrong


def assert_right(text: str, truth: Truth) -> None:
    right, sure, wrong = judged(text, truth)
    missed = {at: mapped(text).get(at) for at, headers in truth.items()
              if mapped(text).get(at, ("",))[0] not in headers}  # fmt: skip
    told = f"{right} of {len(truth)} right, {len(wrong)} of {sure} sure ones wrong"
    assert right >= RIGHT * len(truth), f"{told}; missed: {missed}"
    assert len(wrong) <= WRONG * max(sure, 1), f"{told}: {wrong}"


# --- the fictional client, in Polish ----------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as written by hand, with two of its quarters."""
    folder = demo.write(tmp_path_factory.mktemp("demo")).parent
    for file in (folder / "extracts").glob("zamowienia_*.csv"):
        if file.stem not in ("zamowienia_2025_q4", "zamowienia_2026_q1"):
            file.unlink()
    return folder


@pytest.fixture(scope="module")
def text(client: Path) -> str:
    return propose(client / "extracts").read_text("utf-8")


def by_hand(folder: Path) -> dict[str, dict]:
    return tomllib.loads((folder / "engagement.toml").read_text("utf-8"))["sources"]


def test_the_columns_of_the_demo_are_found(client: Path, text: str) -> None:
    sources = by_hand(client)
    assert_right(text, {(table, column): (header,) for table, source in sources.items()
                        for column, header in source["columns"].items()})  # fmt: skip


def test_the_words_of_the_demo_are_translated_where_the_contract_has_its_own(
    client: Path, text: str
) -> None:
    made = tomllib.loads(text)["sources"]
    theirs = by_hand(client)
    for table, column in (("order_lines", "channel"), ("visits", "kind"), ("visits", "is_planned"),
                          ("customers", "status"), ("products", "kind"), ("reps", "role"),
                          ("quotes", "status"), ("needs", "rater"), ("activities", "driver"),
                          ("events", "activity"), ("quotas", "measure")):  # fmt: skip
        assert made[table]["values"][column] == theirs[table]["values"][column], (table, column)


def test_the_demo_is_read_from_the_proposal_as_from_the_file_made_by_hand(
    client: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGKIT_REPORTS", str(client / "reports"))
    made = tomllib.loads(text)
    assert (made["as_of"].isoformat(), made["currency"], made["country"], made["language"]) == (
        "2026-03-31", "PLN", "PL", "pl",
    )  # fmt: skip
    answer = 'key = ["order_id", "line_no"]\n\n[sources.order_lines.columns]'
    answered = text.replace("\n[sources.order_lines.columns]", answer)
    assert 'If each is one record twice: key = ["order_id", "line_no"]' in re.sub("\n#  ", "", text)
    (client / "extracts" / "answered.toml").write_text(answered, "utf-8")

    def rows(told: list[str]) -> list[str]:
        return sorted(line.split(" (")[0] for line in told if ": read " in line)

    assert rows(flow.check(client / "extracts" / "answered.toml")) == rows(flow.check(client))


# --- other languages, and names that business software gives ----------------------------------


@pytest.mark.parametrize("language", new_extracts.FILES)
def test_the_columns_of_other_languages_are_found(tmp_path: Path, language: str) -> None:
    text = propose(new_extracts.write(language, tmp_path / "client")).read_text("utf-8")
    truth = {(table, column): (header,) for table, headers in new_extracts.FILES[language].values()
             for header, column in headers.items() if column}  # fmt: skip
    assert_right(text, truth)
    made = tomllib.loads(text)
    files = {name: table for name, (table, _) in new_extracts.FILES[language].items()}
    assert {source["file"]: table for table, source in made["sources"].items()} == files
    assert made["as_of"].isoformat() == "2025-12-31"
    settled = {"da": ("DK", "da"), "ro": ("RO", "ro"), "de": ("DE", "en"), "en": (None, "en")}
    assert (made.get("country"), made["language"]) == settled[language]


@pytest.mark.parametrize("language", ["da", "ro", "de"])
def test_a_proposal_in_another_language_can_be_checked(
    tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    told = flow.check(propose(new_extracts.write(language, tmp_path / "client")))
    assert next(line for line in told if line.startswith("order_lines")).startswith(
        "order_lines: read 600, accepted 600, set aside 0"
    )


# --- real data --------------------------------------------------------------------------------

_KEYS = ("ResellerKey", "CustomerKey")  # resellers or consumers: both are sold to
ADVENTURE_WORKS: Truth = {
    **{("order_lines", column): headers for column, headers in {
        "order_id": ("SalesOrderNumber",), "line_no": ("SalesOrderLineNumber",),
        "order_date": ("OrderDate",), "customer_id": _KEYS, "product_id": ("ProductKey",),
        "quantity": ("OrderQuantity",), "net_amount": ("SalesAmount",),
        "list_amount": ("ExtendedAmount",), "discount_amount": ("DiscountAmount",),
        "cost_amount": ("TotalProductCost",), "promotion_id": ("PromotionKey",),
    }.items()},
    ("customers", "customer_id"): _KEYS, ("customers", "name"): ("ResellerName", "LastName"),
    ("customers", "category"): ("BusinessType", "EnglishOccupation"),
    ("customers", "size"): ("NumberEmployees",),
    ("products", "product_id"): ("ProductKey", "ProductAlternateKey"),
    ("products", "name"): ("EnglishProductName",), ("products", "unit_cost"): ("StandardCost",),
    ("products", "list_price"): ("ListPrice",),
    # by hand the family is the subcategory of another file; the line is one of this file
    ("products", "family"): ("ProductLine",),
    ("reps", "rep_id"): ("EmployeeKey",), ("reps", "name"): ("LastName", "FirstName"),
    ("reps", "role"): ("Title",), ("reps", "region"): ("SalesTerritoryKey",),
}  # fmt: skip


def proposed(folder: Path, tmp_path: Path) -> str:
    return propose(folder, tmp_path / "engagement.toml").read_text("utf-8")


def test_the_columns_of_adventure_works_are_found(shared_data: Path, tmp_path: Path) -> None:
    text = proposed(shared_data / "adventureworks_dw", tmp_path)
    assert_right(text, ADVENTURE_WORKS)
    # quotas give their first day only, so they are not taken but told
    assert "FactSalesQuota.parquet: much like quotas" in text


ONLINE_RETAIL: Truth = {
    ("order_lines", "order_id"): ("InvoiceNo",), ("order_lines", "order_date"): ("InvoiceDate",),
    ("order_lines", "customer_id"): ("CustomerID",),
    ("order_lines", "product_id"): ("StockCode",), ("order_lines", "quantity"): ("Quantity",),
    ("customers", "customer_id"): ("CustomerID",), ("customers", "region"): ("Country",),
    ("products", "product_id"): ("StockCode",), ("products", "name"): ("Description",),
}  # fmt: skip


def test_the_columns_of_online_retail_are_found_and_it_can_be_checked(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path / "reports"))
    text = proposed(shared_data / "online_retail", tmp_path)
    assert_right(text, ONLINE_RETAIL)
    assert '"Quantity" * CAST("UnitPrice" AS DECIMAL(18,6)) AS net_amount' in text
    told = flow.check(tmp_path)
    assert told[0].startswith("order_lines: read 541,909, accepted 541,909, set aside 0")


def test_a_file_without_headers_is_told_by_its_values(shared_data: Path, tmp_path: Path) -> None:
    lines = (shared_data / "cdnow_sample" / "CDNOW_sample.txt").read_text().splitlines()
    folder = tmp_path / "cdnow"
    folder.mkdir()
    (folder / "orders.csv").write_text("\n".join(";".join(line.split()) for line in lines))
    text = propose(folder).read_text("utf-8")
    truth = {("order_lines", "customer_id"): ("column_1", "column_2"),
             ("order_lines", "order_date"): ("column_3",),
             ("order_lines", "quantity"): ("column_4",),
             ("order_lines", "net_amount"): ("column_5",)}  # fmt: skip
    assert_right(text, truth)
    assert "high" not in {how for _, how in mapped(text).values()}  # nothing but values says so


@pytest.mark.parametrize("name", ["messy_csv", "wholesale_customers"])
def test_files_that_are_no_records_of_sales_are_not_taken_for_some(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    text = proposed(shared_data / name, tmp_path)
    assert mapped(text) == {}
    assert "# QUESTION: which file holds the order lines? None looks like it" in text
    for file in (shared_data / name).glob("*.csv"):
        assert f"# {file.name}: " in text


def test_the_smallest_client_is_proposed_as_by_hand(tmp_path: Path) -> None:
    by_hand = ROOT / "tests" / "engagements" / "minimal" / "engagement.toml"
    columns = tomllib.loads(by_hand.read_text("utf-8"))["sources"]["order_lines"]["columns"]
    rows = [f"A{n % 9},D{n // 2},2025-{n % 6 + 1:02}-{n % 28 + 1:02},S{n % 7},{n % 4 + 1},{n}.50"
            for n in range(200)]  # fmt: skip
    head = "Account,Document,Invoiced,Article,Pieces,Value"
    folder = tmp_path / "minimal"
    folder.mkdir()
    (folder / "sales.csv").write_text("\n".join([head, *rows]))
    text = propose(folder).read_text("utf-8")
    assert_right(text, {("order_lines", name): (header,) for name, header in columns.items()})


def test_a_mapping_that_is_wrong_is_seen() -> None:
    text = '[sources.order_lines.columns]\norder_id = "Klient"          # high: x\n'
    truth = {("order_lines", "order_id"): ("Nr",)}
    assert judged(text, truth) == (0, 1, ["('order_lines', 'order_id'): Klient"])
    with pytest.raises(AssertionError, match="0 of 1 right, 1 of 1 sure ones wrong"):
        assert_right(text, truth)
