"""For all tests: signals as a process has them by default, also in the background; who stays together."""

from __future__ import annotations

import signal

import pytest
from xdist.scheduler import LoadFileScheduling

from tests import forked_fab

signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

EVERY_LINE = "--every-line"
ALL_PAGES = "--all-pages"
BUNDLE = "--bundle"
EACH_FOR_ITSELF = ("test_journeys.py",)  # share nothing, and take long
ONE_CORPUS = ("verdict/test_corpus.py", "lab/test_tls_corpus.py")  # what is judged for one serves both


class ByFile(LoadFileScheduling):  # type: ignore[misc] # xdist is not typed
    """The tests of a file share its fixtures and stay in one process; those of some files need not, or two do."""

    def _split_scope(self, nodeid: str) -> str:
        path = super()._split_scope(nodeid)
        if path.endswith(ONE_CORPUS):
            return "corpus"
        return nodeid if path.endswith(EACH_FOR_ITSELF) else path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        EVERY_LINE, action="store_true", help="kill runs at every journal line: make test-rounds"
    )
    parser.addoption(ALL_PAGES, action="store_true", help="run every page of docs/: make test-pages")
    parser.addoption(BUNDLE, metavar="DIR", help="try what make bundle has made there: make test-bundle")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Before the processes over which the tests are spread."""
    forked_fab.serve_children()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile | None:
    """Where tests are spread over processes at all."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None
