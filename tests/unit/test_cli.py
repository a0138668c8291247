"""The command line: its help, its exit codes, its sentences, and what it does not load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from flow_run import notebook

from segkit import cli, flow
from segkit.errors import ReconciliationError, RunError, SourceError

COMMANDS = ("new", "check", "run", "demo", "freeze")


def segkit(capsys, *args):
    """Exit code, stdout and stderr of a command."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(one) for one in args])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_with_an_example(capsys, command):
    code, out, _ = segkit(capsys, command, "--help")
    assert code == 0
    assert f"segkit {command}" in out.partition("Example")[2]


@pytest.mark.parametrize("asked", [["-c", "import segkit"], ["-m", "segkit", "--help"]])
def test_import_and_help_load_nothing_heavy(asked):
    told = subprocess.run(
        [sys.executable, "-X", "importtime", *asked], capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in told.stderr.splitlines()}
    assert not loaded & {"pandas", "numpy", "duckdb", "matplotlib", "pydantic", "papermill"}


def test_run_prints_the_index_last_and_nothing_else_on_stdout(capsys, client, monkeypatch):
    monkeypatch.setitem(flow.run.__kwdefaults__, "notebooks", client.notebooks)
    notebook(client.notebooks, "01-data-audit", "print(1)")
    code, out, _ = segkit(capsys, "run", client.file, "--jobs", 1)
    assert (code, out) == (0, f"{client.report / 'index.html'}\n")
    code, out, _ = segkit(capsys, "run", client.folder, "--out", client.folder / "elsewhere")
    assert (code, out) == (0, f"{client.folder / 'elsewhere' / 'index.html'}\n")


def test_an_engagement_that_is_not_there_is_the_users_mistake(capsys, tmp_path):
    code, out, err = segkit(capsys, "run", tmp_path / "engagement.toml")
    assert (code, out) == (2, "")
    assert err == (
        f"No engagement file at {tmp_path / 'engagement.toml'}.\n"
        "Fix: give the path of an engagement.toml, or write the demo's with: segkit demo\n"
    )


@pytest.mark.parametrize(
    ("error", "code"), [(SourceError, 2), (RunError, 1), (ReconciliationError, 1)]
)
def test_the_exit_code_says_whose_mistake_it_is(capsys, monkeypatch, error, code):
    def stops(*_, **__):
        raise error("Something.\nFix: mend it.")

    monkeypatch.setattr(flow, "run", stops)
    assert segkit(capsys, "run", "x") == (code, "", "Something.\nFix: mend it.\n")


def test_what_is_unforeseen_is_never_a_traceback_on_the_screen(capsys, monkeypatch, tmp_path):
    def breaks(*_, **__):
        raise KeyError("x")

    monkeypatch.setenv("SEGKIT_REPORTS", str(tmp_path))
    monkeypatch.setattr(flow, "check", breaks)
    code, out, err = segkit(capsys, "check", "x")
    assert (code, out) == (1, "")
    assert err == (
        f"The run stopped: KeyError: 'x'\nThe detail lies in {tmp_path / 'error.log'}\n"
        "Fix: this is a mistake in segkit; please report it with that file.\n"
    )


@pytest.mark.parametrize("args", [["run"], ["run", "x", "--jobs", "0"], ["walk"]])
def test_a_command_that_is_mistyped_ends_with_two(capsys, args):
    assert segkit(capsys, *args)[0] == 2


def test_python_m_segkit_is_segkit():
    told = subprocess.run(
        [sys.executable, "-m", "segkit", "--help"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("Usage: segkit [OPTIONS] COMMAND")


def test_a_terminal_shows_each_notebook_with_its_step(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with cli._progress() as progress:
        progress("01-data-audit", "Concentration of revenue")
        progress("01-data-audit", flow.DONE)
    told = capsys.readouterr()
    assert told.out == ""
    assert "01-data-audit" in told.err


def test_a_warning_is_told_in_a_pipe_too(capsys):
    with cli._progress() as progress:
        progress("01-data-audit", "Concentration of revenue")
        progress(flow.WARNING, "The last order is old.")
    assert capsys.readouterr() == ("", "Warning: The last order is old.\n")


def test_the_command_line_and_the_flow_speak_of_the_same_steps():
    assert (cli.DONE, cli.WARNING) == (flow.DONE, flow.WARNING)


@pytest.mark.skipif(os.name == "nt", reason="a signal of POSIX")
def test_an_interrupted_run_says_so_and_ends_at_once():
    waits = (
        "import time\nfrom segkit import cli, flow\n"
        "def run(*_, **__):\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "flow.run = run\ncli.main(['run', 'x'])"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", waits], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert run.stdout.readline() == "ready\n"
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=10)
    assert (run.returncode, err) == (
        130,
        "Stopped. The last report is as it was; the same command goes on from here.\n",
    )


@pytest.mark.parametrize("args", [(), ("folder", "--request", "pl")])
def test_new_takes_a_folder_or_a_request(capsys, args):
    assert segkit(capsys, "new", *args) == (
        2,
        "",
        "segkit new takes either a folder of extracts or --request and a language.\n"
        "Fix: segkit new FOLDER, or segkit new --request pl\n",
    )
