"""The notebooks in examples/ run from top to bottom in an empty folder; a run in a notebook can be interrupted."""

import os
import time

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from played_pages import DOCS, ROOT

BOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
PREPARED = """
import spvrisk
from IPython.display import ProgressBar
study = spvrisk.load(spvrisk.init("study.yaml"))
bar = ProgressBar(5_000_000)
bar.display()

def advance(done):
    bar.progress += done
"""
ENDED = """
import os, threading
kept = [name for name in os.listdir() if name.startswith("long")]
workers = [thread.name for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]
(kept, workers, 0 < bar.progress < 5_000_000, spvrisk.run(study, paths=100))
"""


def outputs(book):
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_notebook__runs_and_shows_tables_and_pictures(path, tmp_path):
    book = nbformat.read(path, as_version=4)
    assert outputs(book) == [] and all(cell.execution_count is None for cell in book.cells if cell.cell_type == "code")
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output.data for output in outputs(book) if "data" in output]
    tables = [data.get("text/html", "") for data in shown if data["text/plain"].startswith("Printed(")]
    assert tables and all("<table" in table for table in tables)
    assert len([data for data in shown if "image/png" in data]) == 2
    assert [output.text for output in outputs(book) if output.output_type == "stream"] == []


def test_notebook__has_the_portfolio_of_the_page():
    page = (DOCS / "own_portfolio.md").read_text(encoding="utf-8")
    (book,) = (nbformat.read(path, as_version=4) for path in BOOKS if path.stem == "own_portfolio")
    typed = [cell.source.split("'''")[1].removeprefix("\\\n") for cell in book.cells if "'''" in cell.source]
    assert len(typed) == 2 and all(f"\n{text}```\n" in page for text in typed)


def finish(client, code, *, told=lambda: None):
    """Run a cell; `told` is called when a bar moves. Gives its last message but for those of state."""
    sent, last = client.execute(code), None
    while True:
        message = client.get_iopub_msg(timeout=120)
        kind = message["msg_type"]
        if message["parent_header"].get("msg_id") != sent:
            continue
        if kind == "status" and message["content"]["execution_state"] == "idle":
            return last
        if kind == "update_display_data":
            told()
        elif kind in ("error", "execute_result"):
            last = message


def test_run__stops_cleanly_when_the_kernel_is_interrupted(tmp_path):
    manager, client = start_new_kernel(cwd=str(tmp_path), env=dict(os.environ))
    asked = []

    def interrupt():
        if not asked:
            asked.append(time.monotonic())
            manager.interrupt_kernel()

    try:
        assert finish(client, PREPARED) is None
        running = 'spvrisk.run(study, paths=5_000_000, out="long.h5", progress=advance)'
        stopped = finish(client, running, told=interrupt)
        took = time.monotonic() - asked[0]
        assert stopped["msg_type"] == "error" and stopped["content"]["ename"] == "KeyboardInterrupt"
        assert took < 10  # a second or two where the machine is not shared
        shown = finish(client, ENDED)["content"]["data"]["text/plain"]
        assert shown.replace("\n", "") == "([], [], True, <Results in memory, 100 paths>)"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
