"""The whole chain on UCI Online Retail, against what was published about it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from whole_report import Report, WholeReport


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
