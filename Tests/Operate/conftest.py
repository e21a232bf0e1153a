"""Selects checks by id and prints their table."""

import collections
import signal
import time

import pytest

from checks import FIGURES

LINES = []
# Of each test: what making ready, the check itself and putting away took together.
SECONDS = collections.Counter()
BEGUN = time.monotonic()


def pytest_addoption(parser):
    parser.addoption("--checks", default="", help="ids to run, separated by spaces; all by default")


def pytest_configure():
    # Told to end: what was started is put away first, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    wanted = config.getoption("--checks").upper().split()
    if wanted:
        chosen = [i for i in items if getattr(i.function, "check", ("",))[0] in wanted]
        config.hook.pytest_deselected(items=[i for i in items if i not in chosen])
        items[:] = chosen
    items.sort(key=lambda item: getattr(item.function, "check", ("~",))[0])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    SECONDS[item.nodeid] += call.duration
    if not hasattr(item.function, "check"):
        return
    if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
        identifier, what = item.function.check
        case = f" [{item.callspec.id}]" if hasattr(item, "callspec") else ""
        figure = FIGURES.get(item.nodeid, "")
        if report.skipped:
            figure = report.longrepr[2].removeprefix("Skipped: ")
        elif report.failed and call.excinfo:
            figure = " ".join(str(call.excinfo.value).split())[:160]
        outcome = {"passed": "pass", "skipped": "SKIPPED"}.get(report.outcome, "FAIL")
        LINES.append((identifier, what + case, figure, outcome, item.nodeid))


def pytest_terminal_summary(terminalreporter):
    if not LINES:
        return
    terminalreporter.section("operating checks")
    width = max(len(line[1]) for line in LINES)
    for identifier, what, figure, outcome, node in sorted(LINES):
        terminalreporter.write_line(f"{identifier}  {outcome:<7} {SECONDS[node]:>5.0f} s  {what:<{width}}  {figure}")
    count = {o: sum(line[3] == o for line in LINES) for o in ("pass", "FAIL", "SKIPPED")}
    terminalreporter.write_line(f"{count['pass']} passed, {count['FAIL']} failed, {count['SKIPPED']} skipped"
                                f" in {time.monotonic() - BEGUN:.0f} s")
