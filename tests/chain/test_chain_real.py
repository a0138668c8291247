"""The whole chain on real data, against what was published about it."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from whole_report import Report, WholeReport


@pytest.mark.xdist_group("adventureworks")
class TestAdventureWorks(WholeReport):
    @pytest.fixture
    def report(self, adventureworks_report: Report) -> Report:
        return adventureworks_report

    def test_every_line_is_read_to_the_cent(self, report: Report) -> None:
        assert report.value("audit.order_lines.rows_read") == 121_253
        assert round(Decimal(report.value("audit.net_revenue.read")), 2) == Decimal("109809274.20")
        assert report.value("audit.order_lines.rows_quarantined") == 0

    def test_resellers_and_consumers_are_never_in_one_segment(self, report: Report) -> None:
        kind = report.table("customers").set_index("customer_id")["kind"]
        segments = report.table("segments")
        kinds = segments["customer_id"].map(kind).groupby(segments["segment_id"]).nunique()
        assert kinds.max() == 1
        assert len(kinds) >= 2


@pytest.mark.xdist_group("online_retail")
class TestOnlineRetail(WholeReport):
    @pytest.fixture
    def report(self, online_retail_report: Report) -> Report:
        return online_retail_report

    def test_every_line_is_read_to_the_penny(self, report: Report) -> None:
        assert report.value("audit.order_lines.rows_read") == 541_909
        assert round(Decimal(report.value("audit.net_revenue.read")), 2) == Decimal("9747747.93")

    def test_lines_without_a_customer_count_as_unassigned(self, report: Report) -> None:
        assert report.value("audit.order_lines.unassigned") == 135_080
        assert report.value("audit.customers.seen") == 4_372
        assert report.table("order_lines")["customer_id"].isna().sum() == 135_080


@pytest.mark.xdist_group("minimal")
class TestOrderLinesOnly(WholeReport):
    @pytest.fixture
    def report(self, minimal_report: Report) -> Report:
        return minimal_report

    def test_every_customer_is_in_a_segment(self, report: Report) -> None:
        assert report.value("audit.customers.seen") == 300
        lines = pd.read_csv(report.engagement.parent / "sales.csv")
        assert report.value("audit.net_revenue.read") == Decimal(
            str(round(lines["Value"].sum(), 2))
        )

    def test_cost_to_serve_is_said_to_be_missing_and_no_figure_of_it_is_told(
        self, report: Report
    ) -> None:
        assert "routes.cost_to_serve" not in report.ledger["figures"]
        page = (report.folder / "03-route-to-market.html").read_text("utf-8")
        assert "Not given: " in page
