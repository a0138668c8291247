"""The whole analysis, written once, in order: how each table is made from those above it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from segkit.audit.checks import MADE as CHECKED
from segkit.audit.checks import USED as CHECK_USES
from segkit.engagement import Engagement, read_engagement
from segkit.store import PACKAGE, Recipe, Store
from segkit.tables import CONTRACTS

if TYPE_CHECKING:
    from segkit.workbook import Workbook

ROOT = PACKAGE.parent
_READ = (
    "data",
    "raw",
    "sources",
    "as_of",
    "window_months",
    "currency",
    "country",
    "language",
    "merges",
)


RECIPES: tuple[Recipe, ...] = (
    # --- sources: client files -> contract tables -------------------------------------------
    *(
        Recipe(
            makes=(
                f"listed_{name}" if name in ("customers", "products") else name,
                f"{name}_quarantine",
                f"{name}_counts",
                f"{name}_repairs",
                *(("currency_totals",) if name == "order_lines" else ()),
            ),
            make="segkit.sources:read",
            may_use=() if name == "rates" else ("rates",),
            keys=_READ,
            files=(name,),
        )
        for name in sorted(CONTRACTS, key=lambda one: one != "rates")
    ),
    # every customer and product of the lines has one row, listed by the client or not
    Recipe(
        makes=("customers",),
        make="segkit.sources:all_customers",
        needs=("order_lines",),
        may_use=("listed_customers",),
    ),
    Recipe(
        makes=("products",),
        make="segkit.sources:all_products",
        needs=("order_lines",),
        may_use=("listed_products",),
    ),
    # --- audit ------------------------------------------------------------------------------
    Recipe(
        makes=("period_totals", "month_totals", "customer_totals", "line_checks", "line_counts"),
        make="segkit.audit.totals:totals",
        needs=("order_lines", "order_lines_quarantine", "customers", "products"),
        keys=("as_of",),
    ),
    Recipe(
        makes=("customer_orders",),
        make="segkit.audit.base_tables:orders",
        needs=("order_lines", "products"),
        keys=("as_of", "currency"),
    ),
    Recipe(
        makes=("customer_periods", "base_steps", "cohorts", "cohort_ages", "base_facts"),
        make="segkit.audit.base_tables:base",
        needs=("customer_orders", "customers"),
        keys=("as_of",),
    ),
    Recipe(
        makes=("sales_changes",),
        make="segkit.audit.bridge:by_region",
        needs=("order_lines", "customers"),
        keys=("as_of",),
    ),
    Recipe(
        makes=("source_days", "source_calendar", "source_holes", "partial_months", "file_overlaps"),
        make="segkit.audit.checks.calendar:holes",
        needs=("order_lines",),
        may_use=tuple(
            name
            for table in ("order_lines", "visits", "receivables", "events", "quotes")
            for name in (table, f"{table}_counts")
        ),
        keys=("as_of", "window_months", "country"),
    ),
    Recipe(
        makes=("field_series", "field_shifts", "product_shifts"),
        make="segkit.audit.checks.drift:shifts",
        needs=("order_lines",),
        may_use=("visits", "receivables", "events", "quotes"),
        keys=("as_of",),
    ),
    Recipe(
        makes=("visit_log_quality", "visit_log_teams", "visit_log_rows"),
        make="segkit.audit.checks.visitlog:quality",
        needs=("visits", "order_lines", "customers"),
        may_use=("reps", "call_targets"),
        keys=("as_of", "window_months", "country"),
    ),
    Recipe(
        makes=CHECKED,
        make="segkit.audit.checks:results",
        needs=("order_lines", "customers", "products"),
        may_use=CHECK_USES,
        keys=("as_of", "window_months", "currency", "country", "checks"),
    ),
    # --- behaviour --------------------------------------------------------------------------
    Recipe(
        makes=("behaviour",),
        make="segkit.behaviour:behaviour",
        needs=("order_lines", "customers", "products"),
        may_use=("promotions", "visits", "events", "receivables"),
        keys=("as_of", "window_months", "currency", "engine"),
        is_portable=True,
    ),
    Recipe(
        makes=("customer_months",),
        make="segkit.behaviour.months:customer_months",
        needs=("order_lines", "products"),
        keys=("as_of", "window_months", "currency", "engine"),
        is_portable=True,
    ),
    Recipe(
        makes=("behaviour_before", "since"),
        make="segkit.behaviour.before:before",
        needs=("order_lines", "customers", "products"),
        may_use=("visits", "promotions", "events", "receivables"),
        keys=("as_of", "window_months", "currency"),
    ),
    Recipe(
        makes=("behaviour_back",),
        make="segkit.behaviour.back:back",
        needs=("order_lines", "customers", "products"),
        may_use=("visits", "promotions", "events", "receivables"),
        keys=("as_of", "window_months", "currency", "frozen", "segmentation"),
    ),
    # --- segments ---------------------------------------------------------------------------
    Recipe(
        makes=("abc_xyz",),
        make="segkit.segments.abc_xyz:abc_xyz",
        needs=("behaviour", "customer_months"),
        keys=("as_of", "window_months"),
    ),
    Recipe(
        makes=("product_segments",),
        make="segkit.segments.products:product_segments",
        needs=("order_lines", "products"),
        keys=("product_segment_rules", "currency", "words", "data", "sources"),
    ),
    Recipe(
        makes=("intuition",),
        make="segkit.segments.intuition:intuition",
        needs=("behaviour_before", "since", "customers"),
    ),
    Recipe(
        makes=("memberships", "group_definitions", "group_moves"),
        make="segkit.segments.groups:memberships",
        needs=("behaviour", "order_lines", "customers", "products"),
        may_use=("visits", "events"),
        keys=("segment_rules", "as_of", "window_months", "currency", "words", "data", "sources"),
    ),
    Recipe(
        makes=(
            "segments",
            "segment_definitions",
            "segment_profiles",
            "segment_thresholds",
            "rfm",
            "stability",
            "segment_alignment",
        ),
        make="segkit.segments:segments",
        needs=(
            "behaviour",
            "order_lines",
            "customers",
            "products",
            "memberships",
            "group_definitions",
            "behaviour_back",
        ),
        keys=(
            "segmentation",
            "frozen",
            "segment_rules",
            "as_of",
            "currency",
            "words",
            "data",
            "sources",
        ),
    ),
    Recipe(
        makes=("segment_moves", "segment_migration", "segment_drift"),
        make="segkit.segments.identity.moves:moves",
        needs=("behaviour", "behaviour_before", "segments", "segment_definitions", "customers"),
        keys=("as_of", "window_months", "segmentation", "frozen"),
    ),
    Recipe(
        makes=("buying_logic", "buying_agreement", "buying_classes"),
        make="segkit.segments.buying:buying_logic",
        needs=("behaviour", "order_lines", "customers", "products"),
        may_use=("needs", "quotes", "visits", "events", "reps"),
        keys=("as_of", "window_months", "buying_logic"),
    ),
    Recipe(
        makes=("micro_segments",),
        make="segkit.segments.groups.micro:micro_segments",
        needs=(
            "segments",
            "segment_definitions",
            "behaviour",
            "memberships",
            "group_definitions",
            "order_lines",
            "products",
        ),
        keys=("words", "data", "sources"),
    ),
    Recipe(
        makes=("deviations",),
        make="segkit.segments.deviating:deviations",
        needs=("behaviour", "segments", "customer_months", "order_lines", "products"),
        keys=("as_of", "window_months"),
    ),
    Recipe(
        makes=("segment_changes",),
        make="segkit.audit.bridge:by_segment",
        needs=("order_lines", "segments"),
        keys=("as_of",),
    ),
    # --- routes -----------------------------------------------------------------------------
    Recipe(
        makes=("cost_to_serve", "pool_capacity"),
        make="segkit.routes:cost_to_serve",
        needs=("order_lines", "resources", "activities"),
        may_use=("visits", "events"),
        keys=("as_of", "window_months", "assumptions"),
    ),
    Recipe(
        makes=("contribution",),
        make="segkit.routes:contribution",
        needs=("order_lines", "products", "cost_to_serve", "pool_capacity"),
        keys=("currency", "assumptions"),
    ),
    Recipe(
        makes=("loss_swings",),
        make="segkit.routes.swings:swings",
        needs=("contribution", "cost_to_serve", "pool_capacity", "activities"),
        keys=("assumptions",),
    ),
    # --- kpis -------------------------------------------------------------------------------
    Recipe(
        makes=("kpi_values", "kpi_reliability"),
        make="segkit.kpis.measures:values",
        needs=("order_lines", "customers", "products", "segments"),
        may_use=(
            "reps",
            "assignments",
            "visits",
            "quotes",
            "quotas",
            "receivables",
            "contribution",
            "resources",
        ),
        keys=("as_of", "window_months", "currency"),
    ),
    Recipe(
        makes=("targets",),
        make="segkit.kpis.forecast:targets",
        needs=("order_lines", "segments"),
        keys=("as_of", "window_months", "currency", "targets", "assumptions"),
    ),
    Recipe(
        makes=("target_swings",),
        make="segkit.kpis.swings:swings",
        needs=("order_lines", "segments"),
        keys=("as_of", "window_months", "currency", "targets", "assumptions"),
    ),
)


def reports_folder() -> Path:
    """Where reports go: ``SEGKIT_REPORTS``, or ``reports/`` in the project."""
    return Path(os.environ.get("SEGKIT_REPORTS") or ROOT / "reports")


def open_store(engagement: Engagement) -> Store:
    """The engagement's tables, in the store beside its runs.

    What the client filled in as assumptions is read here and now: tables depend on it.
    """
    from segkit.evidence import joined
    from segkit.sources import files_hash

    store = Store(reports_folder() / engagement.slug / ".store", engagement, RECIPES, files_hash)
    if "assumptions" not in engagement.sources:
        return store
    sheet = store.frame("assumptions").to_dict("records")
    agreed = {"assumptions": joined(engagement.assumptions, sheet)}
    return replace(store, engagement=engagement.model_copy(update=agreed))


def open_book(
    notebook: str, engagement: str | Path, run_folder: str = "", overrides: str = ""
) -> Workbook:
    """The workbook of one notebook.

    Parameters
    ----------
    notebook
        The notebook's name, such as ``01-data-audit``.
    engagement
        Path of the engagement file; a relative one is sought from here upwards, then in the
        project.
    run_folder
        The run's folder; empty in JupyterLab.
    overrides
        ``key=value`` pairs, one a line, for a trial.
    """
    from segkit.workbook import Workbook

    given = tuple(line for line in overrides.splitlines() if line.strip())
    store = open_store(read_engagement(find_engagement(engagement), given))
    folder = Path(run_folder) if run_folder else None
    return Workbook(notebook, store.engagement, store, folder)


def find_engagement(path: str | Path) -> Path:
    """A relative path is sought from this folder upwards, then in the project."""
    here = Path.cwd()
    tried = [folder / path for folder in (here, *here.parents, ROOT)]
    return next((one for one in tried if one.exists()), Path(path))
