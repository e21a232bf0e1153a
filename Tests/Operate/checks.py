"""The frame of the operating checks: a check is a test with an id, and what it returns is its figure.

    @check("O01", "lint of the chart")
    def test_lint(chart):
        …
        return "6 value files, 0 complaints"

`scripts/check-ops` runs them and prints one line each; `scripts/check-ops O01 O07` runs those. A check that needs what is
not there calls `missing("what and why")`: it is then shown as skipped, loudly. Several tests may share an id.
"""

import functools
import os

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
RUN = os.path.join(ROOT, ".run", "operate")
# A folder of helpers and real parts (Kafka, S3, a cluster) that stands beside a checkout; may be absent.
TOOLS = os.environ.get("ATELIER_TEST_TOOLS", "")
FIGURES = {}


def check(identifier, what):
    """Marks a test as (a part of) the check `identifier`; the string that it returns is shown as its figure."""
    def mark(test):
        @functools.wraps(test)
        def run(*args, **named):
            FIGURES[os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" ", 1)[0]] = test(*args, **named) or ""
        run.check = (identifier, what)
        return run
    return mark


def missing(why):
    """Ends a check that cannot be made here."""
    pytest.skip(why)


def build_folder():
    """Where executables of the fleet are: ATELIER_BINARIES, else the release or debug build of this checkout."""
    for folder in (os.environ.get("ATELIER_BINARIES"), ROOT + "/.build/release", ROOT + "/.build/debug"):
        if folder and os.access(os.path.join(folder, "gateway"), os.X_OK):
            return folder
    missing("no executables: swift build, or set ATELIER_BINARIES")
