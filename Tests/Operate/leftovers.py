"""Ends what a run of the operating checks that was killed has left running: every process that works in its folder.

    leftovers.py        scripts/check-ops calls it before and after the checks
"""

import os
import signal
import sys
import time

from checks import RUN
from fleet import Postgres


def working_in(*folders):
    """Processes whose working folder is in one of these: the parts of a fleet, Prometheus, runc, Postgres."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            here = os.readlink(f"/proc/{entry}/cwd")
            with open(f"/proc/{entry}/comm") as f:
                name = f.read().strip()
        except OSError:
            continue
        if int(entry) != os.getpid() and any(here == folder or here.startswith(folder + "/") for folder in folders):
            found[int(entry)] = name
    return found


def folders():
    """The folder of the checks, and those of its databases, which lie elsewhere where Postgres could not come to them."""
    places = [RUN]
    for name in os.listdir(RUN):
        for path in (os.path.join(RUN, name), os.path.join(RUN, name, "postgres")):
            if os.path.basename(path) == "postgres" and os.path.isdir(path):
                places.append(Postgres(path).folder)
    return places


def end(patience=20):
    """Asks them to end, and makes sure that they did. Gives their names."""
    if not os.path.isdir(RUN):
        return []
    places = folders()
    # A server of Postgres ends at once by SIGINT; its children end with it.
    found = working_in(*places)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        for pid in working_in(*places):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        limit = time.monotonic() + (patience if number == signal.SIGTERM else 5)
        while working_in(*places) and time.monotonic() < limit:
            time.sleep(0.1)
    return sorted(found.values())


if __name__ == "__main__":
    names = end()
    if names:
        print(f"ended what an earlier run had left: {', '.join(names)}", file=sys.stderr)
