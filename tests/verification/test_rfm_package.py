"""The published segment table of the R package rfm, on its own orders."""

import pandas as pd
import pytest

from segkit.segments.rfm import quantile_edges, quantile_scores

# boxes of R, F and M scores, in order: the first that matches wins
BOXES = {
    "Champions": ((5, 5), (5, 5), (5, 5)),
    "Potential Loyalist": ((3, 5), (3, 5), (2, 5)),
    "Loyal Customers": ((2, 4), (2, 4), (2, 4)),
    "Promising": ((3, 4), (1, 3), (3, 5)),
    "New Customers": ((4, 5), (1, 3), (1, 5)),
    "Can't Lose Them": ((1, 2), (3, 4), (4, 5)),
    "At Risk": ((1, 2), (2, 5), (4, 5)),
    "Need Attention": ((1, 3), (3, 5), (3, 5)),
    "About To Sleep": ((2, 3), (1, 3), (1, 4)),
    "Lost": ((1, 1), (1, 5), (1, 5)),
}
PUBLISHED = {
    "Champions": (35, 316, 31_646),
    "Potential Loyalist": (342, 2_211, 204_856),
    "Loyal Customers": (170, 799, 76_562),
    "Promising": (9, 28, 4_249),
    "New Customers": (104, 329, 28_837),
    "Can't Lose Them": (47, 274, 32_446),
    "At Risk": (28, 216, 22_227),
    "Need Attention": (10, 57, 4_562),
    "About To Sleep": (102, 283, 23_449),
    "Lost": (148, 393, 35_324),
}


@pytest.fixture(scope="module")
def customers(shared_data):
    orders = pd.read_parquet(shared_data / "rfm_pkg" / "rfm_data_orders.parquet")
    columns = {name.lower(): name for name in orders}
    day = pd.to_datetime(orders[columns["order_date"]])
    made = (
        orders.assign(day=day)
        .groupby(columns["customer_id"], sort=True)
        .agg(last=("day", "max"), orders=("day", "size"), revenue=(columns["revenue"], "sum"))
    )
    made["recency"] = (pd.Timestamp("2006-12-31") - made["last"]).dt.days
    return made


def test_the_edges_are_those_published(customers):
    assert quantile_edges(customers["recency"], 5) == pytest.approx([115, 181, 297.4, 482])
    assert quantile_edges(customers["orders"], 5) == [4, 5, 6, 8]
    assert quantile_edges(customers["revenue"], 5) == pytest.approx([255.8, 382, 506.4, 666])


def test_the_scores_have_the_published_sizes(customers):
    sizes = [
        quantile_scores(customers[name], 5, low_is_good=name == "recency")
        .value_counts()
        .sort_index()
        .tolist()
        for name in ("recency", "orders", "revenue")
    ]
    assert sizes == [
        [197, 200, 199, 199, 200],
        [268, 187, 176, 244, 120],
        [200, 200, 198, 202, 195],
    ]


def test_the_published_segment_table_comes_out(customers):
    scores = pd.DataFrame(
        {
            "r": quantile_scores(customers["recency"], 5, low_is_good=True),
            "f": quantile_scores(customers["orders"], 5),
            "m": quantile_scores(customers["revenue"], 5),
        }
    )

    def box(code):
        for name, bounds in BOXES.items():
            if all(low <= score <= high for score, (low, high) in zip(code, bounds, strict=True)):
                return name
        return "Others"

    names = scores.apply(lambda row: box(tuple(row)), axis=1)
    found = customers.groupby(names).agg(
        customers=("orders", "size"), orders=("orders", "sum"), revenue=("revenue", "sum")
    )
    assert {name: tuple(found.loc[name]) for name in PUBLISHED} == PUBLISHED
