"""The fictional client is the same each time, as large as promised, and hard to read naively."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from segkit import demo
from segkit.demo import folder as demo_folder

ROOT = Path(__file__).parents[2]
CP1250 = {"sep": ";", "encoding": "cp1250", "dtype": str, "keep_default_na": False}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert demo.write(folder) == folder / "engagement.toml"
    return folder


@pytest.fixture(scope="module")
def agreed(written: Path) -> dict[str, dict]:
    return tomllib.loads((written / "engagement.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def raw(written: Path, agreed: dict[str, dict]) -> dict[str, pd.DataFrame]:
    """Every source as text, under the contract's column names."""
    return {name: _read(written, source) for name, source in agreed["sources"].items()}


@pytest.fixture(scope="module")
def lines(raw: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Order lines that can be counted."""
    table = raw["order_lines"].drop_duplicates(["order_id", "line_no"])
    day = pd.to_datetime(table["order_date"], format="%d.%m.%Y", errors="coerce")
    net = pd.to_numeric(table["net_amount"].str.replace(",", "."), errors="coerce")
    cost = pd.to_numeric(table["cost_amount"].str.replace(",", "."))
    return table.assign(day=day, net=net, cost=cost).dropna(subset=["day", "net"])


@pytest.fixture(scope="module")
def truth(written: Path) -> pd.DataFrame:
    return pd.read_csv(written / "truth" / "customers.csv", dtype={"customer_id": str})


def _read(folder: Path, source: dict) -> pd.DataFrame:
    back = {header: column for column, header in source["columns"].items()}
    paths = sorted(folder.glob(source["file"]))
    assert paths, source["file"]
    if "sheet" in source:
        header, *rows = (
            CalamineWorkbook.from_path(paths[0]).get_sheet_by_name(source["sheet"]).to_python()
        )
        table = pd.DataFrame(rows, columns=header)
    else:
        table = pd.concat([pd.read_csv(path, **CP1250) for path in paths], ignore_index=True)
    assert set(table.columns) == set(back)
    return table.rename(columns=back)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_bytes_are_written_each_time(written: Path, tmp_path: Path) -> None:
    code = "import pathlib, sys; from segkit.demo import write; write(pathlib.Path(sys.argv[1]))"
    other = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"}
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, cwd=ROOT, env=os.environ | other
    )
    assert len(_hashes(written)) == 25
    assert _hashes(tmp_path) == _hashes(written)


def test_it_is_as_large_as_promised(raw: dict[str, pd.DataFrame], lines: pd.DataFrame) -> None:
    assert len(raw["order_lines"]) == pytest.approx(300_000, rel=0.03)
    assert raw["customers"]["customer_id"].nunique() == pytest.approx(2_000, abs=20)
    assert len(raw["products"]) == raw["products"]["product_id"].nunique() == 300
    assert len(raw["reps"]) == raw["reps"]["rep_id"].nunique() == 27
    assert lines.loc[lines["day"] <= "2026-03-31", "day"].dt.to_period("M").nunique() == 30
    assert 0 < (lines["day"] > "2026-03-31").sum() < 2_000


def test_every_word_of_the_client_is_translated(
    raw: dict[str, pd.DataFrame], agreed: dict[str, dict]
) -> None:
    for name, source in agreed["sources"].items():
        for column, words in source.get("values", {}).items():
            assert set(raw[name][column]) - {""} == set(words), (name, column)


def test_files_are_as_a_polish_client_sends_them(written: Path) -> None:
    head = (written / "extracts" / "zamowienia_2024_q1.csv").read_bytes()[:400].decode("cp1250")
    assert head.startswith("Nr zamówienia;Poz.;Data;Klient;Indeks;Ilość;Wartość netto;")
    assert "\r\n" in head
    with pytest.raises(UnicodeDecodeError):
        (written / "extracts" / "klienci.csv").read_text("utf-8")
    names = pd.read_csv(written / "extracts" / "klienci.csv", **CP1250)["Nazwa"]
    assert names.str.contains("&").any()
    assert names.str.contains('"').any()


def test_defects_come_at_a_realistic_rate(
    raw: dict[str, pd.DataFrame], lines: pd.DataFrame
) -> None:
    rows, known = raw["order_lines"], raw["customers"]["customer_id"]
    share_unread = 1 - len(lines) / len(rows.drop_duplicates(["order_id", "line_no"]))
    assert 0.0003 < share_unread < 0.002
    assert 0.0005 < rows.duplicated(["order_id", "line_no"]).mean() < 0.002
    assert 0.003 < (rows["customer_id"] == "").mean() < 0.008
    assert 0 < (~rows["product_id"].isin(raw["products"]["product_id"])).sum() < 1_000
    assert len(set(rows["customer_id"]) - set(known) - {""}) == 6
    assert known.duplicated().sum() == 2
    assert known.str.startswith("0").all()
    assert 0.002 < (lines["net"] < 0).mean() < 0.02


def test_the_clients_own_figure_is_close_but_not_equal(
    lines: pd.DataFrame, agreed: dict[str, dict]
) -> None:
    window = lines[(lines["day"] > "2024-03-31") & (lines["day"] <= "2026-03-31")]
    control = agreed["controls"]["net_revenue"]["value"]
    assert control != pytest.approx(window["net"].sum(), abs=1_000)
    assert control == pytest.approx(window["net"].sum(), rel=0.003)


def test_visits_look_three_times_better_than_they_are(
    raw: dict[str, pd.DataFrame], lines: pd.DataFrame, truth: pd.DataFrame, written: Path
) -> None:
    visits = raw["visits"][raw["visits"]["kind"] == "Wizyta"]
    visits = visits.assign(day=pd.to_datetime(visits["visit_date"], format="%d.%m.%Y"), net=1.0)
    months = pd.period_range("2024-04", "2026-03", freq="M")

    def monthly(table: pd.DataFrame) -> np.ndarray:
        cells = table.groupby(["customer_id", table["day"].dt.to_period("M")])["net"].sum()
        return (
            cells.unstack(fill_value=0)
            .reindex(truth["customer_id"], fill_value=0)[months]
            .to_numpy()
        )

    sales, count = monthly(lines), np.nan_to_num(monthly(visits))
    slope = np.cov(np.nan_to_num(sales).ravel(), count.ravel())[0, 1] / count.var()
    planted = json.loads((written / "truth" / "visit_response.json").read_text("utf-8"))
    assert 0 < 3 * planted["marginal_pln_per_visit"] < slope
    assert 3 < count[truth["over_visited"]].mean() < 4.5
    assert count.mean() < 1


def test_true_types_cross_trade_classes(raw: dict[str, pd.DataFrame], truth: pd.DataFrame) -> None:
    trade = raw["customers"].drop_duplicates("customer_id").set_index("customer_id")["category"]
    crossed = pd.crosstab(truth["true_type"], truth["customer_id"].map(trade))
    assert crossed.shape == (7, 7)
    assert ((crossed >= 10).sum(axis=1) >= 4).all()
    assert ((crossed >= 10).sum(axis=0) >= 3).all()
    assert (crossed.div(crossed.sum(axis=1), axis=0).max(axis=1) < 0.5).all()


def test_serving_customers_costs_what_such_a_client_would_know(
    truth: pd.DataFrame, written: Path
) -> None:
    revenue = truth["revenue"].sum()
    assert 0.28 < truth["gross_margin"].sum() / revenue < 0.35
    assert 0.14 < truth["cost_to_serve"].sum() / revenue < 0.20
    assert 0.10 < truth["is_loss_maker"].mean() < 0.20
    pools = json.loads((written / "truth" / "history.json").read_text("utf-8"))["pools"]
    assert len(pools) == 7
    assert all(0.78 < pool["used"] < 0.92 for pool in pools.values())


def test_what_is_planted_can_be_seen(
    lines: pd.DataFrame, raw: dict[str, pd.DataFrame], truth: pd.DataFrame, agreed: dict[str, dict]
) -> None:
    half = lines["day"].between("2025-10-01", "2026-03-31")
    before = lines["day"].between("2024-10-01", "2025-03-31")
    kept = {
        falls: lines[half & lines["customer_id"].isin(ids)]["net"].sum()
        / lines[before & lines["customer_id"].isin(ids)]["net"].sum()
        for falls, ids in truth.groupby("is_decliner")["customer_id"]
    }
    assert kept[True] < 0.5 < 0.8 < kept[False]
    english = agreed["sources"]["products"]["values"]["category"]
    category = raw["products"].set_index("product_id")["category"].map(english)
    bought = lines.assign(category=lines["product_id"].map(category))
    gaps = truth.dropna(subset="assortment_gap_category")
    assert len(gaps) > 80
    planted = set(zip(gaps["customer_id"], gaps["assortment_gap_category"], strict=True))
    assert not planted & set(zip(bought["customer_id"], bought["category"], strict=True))


def test_a_rep_leaves_and_nobody_drives_the_route(
    raw: dict[str, pd.DataFrame], written: Path
) -> None:
    left = json.loads((written / "truth" / "history.json").read_text("utf-8"))["rep_left"]
    given = raw["assignments"]
    orphans = given.loc[given["to_date"] == "31.01.2025", "customer_id"]
    assert set(given.loc[given["to_date"] == "31.01.2025", "rep_id"]) == {left["rep_id"]}
    heirs = given[given["customer_id"].isin(orphans) & (given["to_date"] == "")]
    assert set(heirs["rep_id"]) == set(left["heirs"])
    visits = raw["visits"]
    visited = visits[visits["customer_id"].isin(orphans) & (visits["kind"] == "Wizyta")]
    months = visited["visit_date"].str[3:].value_counts()
    assert months.get("03.2025", 0) == 0
    assert months["12.2024"] > 20
    assert months["05.2025"] > 20


def test_a_failed_write_leaves_the_old_client_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "extracts").mkdir()
    (tmp_path / "extracts" / "klienci.csv").write_text("old")

    def breaks(folder: Path, *_: object) -> None:
        (folder / "klienci.csv").write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(demo_folder, "write_extracts", breaks)
    with pytest.raises(OSError, match="disk full"):
        demo.write(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["extracts"]
    assert (tmp_path / "extracts" / "klienci.csv").read_text() == "old"


def test_the_generator_imports_no_other_part_of_segkit() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "pandas", "xlsxwriter"}
    modules = list((ROOT / "segkit" / "demo").glob("*.py"))
    assert len(modules) == 10
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            else:
                continue
            for name in names:
                assert name.startswith("segkit.demo") or name.split(".")[0] in allowed, (path, name)


def test_a_quota_is_what_the_same_seller_sold_and_a_little_more(
    raw: dict[str, pd.DataFrame], lines: pd.DataFrame
) -> None:
    quotas = raw["quotas"]
    start = pd.to_datetime(quotas["period_start"]).dt.to_period("Q")
    asked = quotas["quota"].astype(float).groupby([quotas["rep_id"], start]).sum()
    sold = lines.groupby(["rep_id", lines["day"].dt.to_period("Q")])["net"].sum()
    both = pd.DataFrame({"asked": asked, "sold": sold}).dropna().groupby(level=0).sum()
    attained = both["sold"] / both["asked"]
    assert len(attained) == 27
    assert attained.between(0.7, 1.4).all(), attained.round(2).to_dict()
