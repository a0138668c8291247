"""A run of tiny notebooks: what is run, what is kept, what is said when something stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from filelock import FileLock
from flow_run import PARAMETERS, figure, notebook

from segkit import flow
from segkit.errors import EngagementError, ReconciliationError, RunError

TWO = ("01-data-audit", "02-behavioural-segmentation")


@pytest.fixture
def two(client):
    for name in TWO:
        notebook(client.notebooks, name, "1 + 1")
    return client


def test_a_run_returns_the_index_of_a_whole_report(two):
    index = two.run()
    assert index == two.report / "index.html"
    made = sorted(str(one.relative_to(two.report)) for one in two.report.rglob("*.*"))
    assert made == [
        "index.html",
        "run/ledger.json",
        "run/manifest.json",
        *(f"run/notebooks/{name}.ipynb" for name in TWO),
        *(f"run/parts/{name}.json" for name in TWO),
    ]


def test_a_second_run_with_nothing_changed_runs_nothing(two):
    first = two.run()
    assert two.run() == first
    assert two.ran == []
    two.run(fresh=True)
    assert {*TWO} <= {*two.ran}


def test_only_the_notebook_that_changed_is_run_again_and_the_old_report_is_kept(two):
    two.run()
    notebook(two.notebooks, TWO[1], "2 + 2")
    two.run()
    assert [name for name in two.ran if name in TWO] == [TWO[1]]
    assert (two.report.with_name("2026-03-31.1") / "index.html").exists()


def test_the_same_run_gives_the_same_bytes_and_names_no_folder_of_this_machine(two):
    def content():
        return {one.name: one.read_bytes() for one in two.report.rglob("*.*")}

    two.run()
    first = content()
    two.run(fresh=True)
    assert content() == first
    assert not [name for name, held in first.items() if str(two.folder).encode() in held]


def test_a_trial_of_one_notebook_has_a_folder_of_its_own(two):
    index = two.run(notebook=TWO[1])
    assert index.parent == two.report.with_name(f"2026-03-31-{TWO[1]}")
    assert not two.report.exists()


def test_an_unknown_notebook_is_told_with_the_nearest(two):
    with pytest.raises(EngagementError) as said:
        two.run(notebook="02-behavioral-segmentation")
    assert str(said.value) == (
        "There is no notebook 02-behavioral-segmentation. Nearest: 02-behavioural-segmentation.\n"
        "Fix: --notebook takes one of 01-data-audit, 02-behavioural-segmentation."
    )


def test_an_unknown_parameter_stops_the_run_before_a_kernel_starts(client):
    notebook(client.notebooks, TWO[0], parameters='engagement = ""\nrun_foldr = ""\noverrides = ""')
    with pytest.raises(EngagementError) as said:
        client.run()
    assert str(said.value) == (
        "01-data-audit has no parameter run_folder: its parameters cell sets engagement, "
        "run_foldr, overrides. Nearest: run_foldr.\n"
        "Fix: add run_folder to the cell tagged parameters."
    )


def test_a_failing_cell_is_a_sentence_and_the_last_report_is_untouched(two):
    index = two.run()
    before = index.read_bytes()
    notebook(two.notebooks, TWO[1], "## Profiles", "{}['minutes']")
    with pytest.raises(RunError) as said:
        two.run()
    half = two.report.with_name(".2026-03-31.building") / "run" / "notebooks" / f"{TWO[1]}.ipynb"
    assert str(said.value) == (
        f"02-behavioural-segmentation stopped under “Profiles”: KeyError: 'minutes'\n"
        f"The half-run notebook lies at {half}\n"
        "Fix: open it at its last cell, mend the cause, and run the same command again: what was "
        "finished is kept."
    )
    assert "KeyError" in half.read_text("utf-8")
    assert index.read_bytes() == before


def test_a_sentence_raised_in_a_cell_keeps_its_own_fix(client):
    notebook(
        client.notebooks,
        TWO[0],
        "from segkit.errors import SourceError\nraise SourceError('No dates.\\nFix: add them.')",
    )
    with pytest.raises(RunError) as said:
        client.run()
    assert str(said.value).startswith("01-data-audit stopped under “Question?”: No dates.\n")
    assert str(said.value).endswith("\nFix: add them.")


def test_what_was_finished_before_a_stop_is_not_run_again(client):
    notebook(client.notebooks, TWO[0], "1")
    notebook(client.notebooks, TWO[1], "1 / 0")
    with pytest.raises(RunError):
        client.run()
    notebook(client.notebooks, TWO[1], "1 / 1")
    client.run()
    assert [name for name in client.ran if name in TWO] == [TWO[1]]


def test_a_notebook_that_does_not_finish_its_book_stops_the_run(client):
    notebook(client.notebooks, TWO[0], "1", keeps=False)
    with pytest.raises(RunError) as said:
        client.run()
    assert str(said.value) == (
        "01-data-audit ran to its end but left nothing for the ledger.\n"
        "Fix: end the notebook with book.finish()."
    )


def test_a_kernel_that_dies_is_a_sentence(client):
    notebook(client.notebooks, TWO[0], "## Memory", "import os\nos._exit(9)")
    with pytest.raises(RunError) as said:
        client.run()
    assert str(said.value) == (
        "01-data-audit lost its kernel under “Memory”: Kernel died.\n"
        "Fix: most often memory ran out; close other programs, or run with --jobs 1."
    )


def test_two_runs_of_one_report_cannot_interleave(two):
    two.report.parent.mkdir(parents=True)
    with FileLock(two.report.with_name(".2026-03-31.lock")), pytest.raises(RunError) as said:
        two.run()
    assert str(said.value) == (
        f"Another run is writing {two.report}.\n"
        "Fix: wait until it has ended, or send this run elsewhere with --out."
    )


def test_what_is_unforeseen_is_a_sentence_that_names_its_log(two, monkeypatch):
    def breaks(*_):
        raise KeyError("x")

    monkeypatch.setattr(flow, "join", breaks)
    with pytest.raises(RunError) as said:
        two.run()
    log = two.report.with_name(".2026-03-31.building") / "error.log"
    assert str(said.value) == (
        f"The run stopped: KeyError: 'x'\nThe detail lies in {log}\n"
        "Fix: this is a mistake in segkit; please report it with that file."
    )
    assert "Traceback" in log.read_text("utf-8")


def test_a_run_killed_between_two_renames_is_put_in_its_place(two):
    two.run()
    two.report.rename(two.report.with_name(".2026-03-31.building"))
    notebook(two.notebooks, TWO[1], "1 / 0")
    with pytest.raises(RunError):
        two.run()
    assert (two.report / "index.html").exists()


def test_the_summary_runs_last_on_the_ledger_of_the_others(client):
    notebook(client.notebooks, TWO[0], figures={"audit.a": figure(3)})
    read = "import json\nhas = list(json.load(open(run_folder + '/ledger.json'))['figures'])\n"
    notebook(client.notebooks, "00-summary", read + "assert has == ['audit.a']")
    client.run()
    assert client.ran.index(TWO[0]) < client.ran.index("00-summary")
    assert set(client.ledger()) == {"figures", "findings", "exhibits", "identities"}


def test_the_summary_alone_needs_a_finished_run(client):
    notebook(client.notebooks, "00-summary")
    with pytest.raises(RunError) as said:
        client.run(notebook="00-summary")
    assert str(said.value) == (
        f"00-summary reads the ledger of a finished run, and there is none in {client.report}.\n"
        "Fix: run all notebooks first: the same command without --notebook."
    )


def test_a_figure_told_differently_by_two_notebooks_stops_the_run(client):
    notebook(client.notebooks, TWO[0], figures={"audit.a": figure(1.1)})
    notebook(client.notebooks, TWO[1], figures={"audit.a": figure(1.2)})
    with pytest.raises(ReconciliationError) as said:
        client.run()
    assert str(said.value) == (
        "Figure audit.a is 1.1 in 01-data-audit and 1.2 in 02-behavioural-segmentation.\n"
        "Fix: this is a mistake in segkit; please report it."
    )


def test_customers_that_do_not_tie_across_notebooks_stop_the_run(client):
    notebook(
        client.notebooks,
        TWO[0],
        figures={
            "audit.customers.active": figure(10, "customers"),
            "audit.net_revenue.in_window": figure(100.3),
        },
    )
    notebook(
        client.notebooks,
        TWO[1],
        figures={
            "segments.a.customers": figure(4, "customers"),
            "segments.b.customers": figure(5, "customers"),
            "segments.a.net_revenue": figure(0.1),
            "segments.b.net_revenue": figure(100.2),
        },
    )
    with pytest.raises(ReconciliationError) as said:
        client.run()
    assert str(said.value) == (
        "1 of 2 identities do not hold: active customers = customers of all segments: "
        "10 on the left, 9 on the right.\nFix: this is a mistake in segkit; please report it."
    )
    assert said.value.exit_code == 1


def test_kernels_find_one_core_each_and_no_startup_files_of_the_user(client, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    notebook(
        client.notebooks,
        TWO[0],
        "import sys, os",
        "assert os.environ['OMP_NUM_THREADS'] == '1' and not sys.dont_write_bytecode",
        f"assert sys.executable == {sys.executable!r}",
        "assert int(os.environ['SEGKIT_THREADS']) >= 1",
    )
    client.run(jobs=2)


def test_overrides_reach_the_notebooks_and_the_manifest(client):
    notebook(client.notebooks, TWO[0], "assert overrides == 'segmentation.k=5\\nlanguage=pl'")
    client.run(overrides=("segmentation.k=5", "language=pl"))
    manifest = json.loads((client.report / "run" / "manifest.json").read_text("utf-8"))
    assert manifest["parameters"] == {"overrides": ["segmentation.k=5", "language=pl"]}


_KILLED = """
import sys
from pathlib import Path
from segkit import flow
from segkit.flow import keys
from segkit.store import Store
flow.open_store = lambda agreed: Store(sys.argv[1], agreed, (), lambda *_: "")
flow.make_sources = lambda *_: type("Checked", (), {"warnings": ()})
flow.stopping = lambda *_: []
keys._code = lambda **_: ""
flow.run(sys.argv[1] + "/engagement.toml", notebooks=Path(sys.argv[1], "notebooks"))
"""


@pytest.mark.skipif(os.name == "nt", reason="a signal of POSIX")
def test_a_killed_run_leaves_the_last_report_and_the_next_run_goes_on(two):
    index = two.run()
    before = index.read_bytes()
    notebook(two.notebooks, TWO[0], "3")
    notebook(two.notebooks, TWO[1], "import time\ntime.sleep(60)")
    run = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(two.folder)], stderr=subprocess.DEVNULL
    )
    part = two.report.with_name(".2026-03-31.building") / "run" / "parts" / f"{TWO[0]}.json"
    for _ in range(300):
        if part.exists() and '"key"' in part.read_text("utf-8"):
            break
        time.sleep(0.1)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert index.read_bytes() == before
    notebook(two.notebooks, TWO[1], "4")
    two.run()
    assert [name for name in two.ran if name in TWO] == [TWO[1]]


class TestAgainst:
    @pytest.fixture
    def client(self, client):
        notebook(client.notebooks, "01-one")
        notebook(
            client.notebooks, "90-what-changed",
            "from pathlib import Path; assert Path(against, 'manifest.json').is_file()",
            parameters=PARAMETERS + '\nagainst = ""',
        )  # fmt: skip
        return client

    def test_without_an_earlier_report_nothing_is_compared(self, client):
        client.run()
        assert "90-what-changed" not in client.ran

    def test_the_earlier_report_is_found_beside_this_one(self, client):
        client.run(out=client.report.with_name("2025-12-31"))
        client.run(against="2025-12-31")
        assert client.ran[-2:] == ["90-what-changed", "report"]

    def test_a_report_that_is_not_there_names_those_that_are(self, client):
        client.run(out=client.report.with_name("2025-12-31"))
        with pytest.raises(EngagementError) as told:
            client.run(against="2025-12-30")
        assert str(told.value) == (
            "There is no finished report 2025-12-30 to compare with. Nearest: 2025-12-31.\n"
            "Fix: --against takes a report's folder, or one of 2025-12-31."
        )

    def test_a_report_is_not_compared_with_itself(self, client):
        client.run()
        with pytest.raises(EngagementError) as told:
            client.run(against="2026-03-31")
        assert str(told.value) == (
            "The report 2026-03-31 is the one that is being made.\n"
            "Fix: compare with an earlier one, or send this run elsewhere with --out."
        )

    def test_a_report_of_another_client_is_refused(self, client):
        client.run(out=client.report.with_name("2025-12-31"))
        manifest = client.report.with_name("2025-12-31") / "run" / "manifest.json"
        told = json.loads(manifest.read_text("utf-8"))
        manifest.write_text(json.dumps({**told, "client": "Nordvik"}))
        with pytest.raises(EngagementError) as said:
            client.run(against="2025-12-31")
        assert str(said.value) == (
            "The report 2025-12-31 is of another client, Nordvik.\n"
            "Fix: compare with an earlier report of the same client."
        )
