"""The whole chain on AdventureWorks, against what was published about it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from whole_report import Report, WholeReport


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
