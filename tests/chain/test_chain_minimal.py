"""The whole chain on order lines alone, under headers of the client's own."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from whole_report import Report, WholeReport


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
