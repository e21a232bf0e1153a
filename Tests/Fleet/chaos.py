"""What the chaos tests share: a client that insists, reads that wait, and figures."""

import http.client
import json
import os
import random
import re
import time
import urllib.parse

from client import ApiError
from conftest import RUN
from fleet import NAMES

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))


def report(name, **figures):
    """Prints figures, and keeps them where CI finds them."""
    figures = {"seed": SEED, **figures}
    print(f"\n{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
    with open(os.path.join(RUN, f"chaos-{name}.json"), "w") as f:
        json.dump(figures, f, indent=1)


def insist(attempt, history, key, deadline):
    """Repeats a request with one key until it is accepted or refused for certain; `None` where it never was."""
    while True:
        start = time.time()
        try:
            status, data = attempt()
            if status < 300:
                value = json.loads(data)
                history.note(key, "ok", start, value.get("id"))
                return value
            # A conflict is the same key under way elsewhere: it may have happened.
            refused = 400 <= status < 500 and status not in (408, 409, 425, 429)
            said = f"{status} {data[:200].decode(errors='replace')}"
            history.note(key, "fail" if refused else "unknown", start, said)
            if refused:
                return None
        except (OSError, http.client.HTTPException, ValueError) as error:
            history.note(key, "unknown", start, repr(error))
        if time.monotonic() > deadline:
            return None
        time.sleep(0.25)


def calm(get, deadline=60):
    """A read that is repeated while the fleet recovers."""
    end = time.monotonic() + deadline
    while True:
        try:
            return get()
        except (ApiError, OSError, http.client.HTTPException) as error:
            if (isinstance(error, ApiError) and error.status < 500) or time.monotonic() > end:
                raise
            time.sleep(0.25)


def every_page(client, path):
    items, cursor = [], None
    while True:
        more = f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""
        page = calm(lambda: client.get(f"{path}{'&' if '?' in path else '?'}limit=100{more}"))
        items += page["items"]
        cursor = page.get("nextCursor")
        if not cursor:
            return items


def eventually(read, wanted, deadline):
    """Reads until it is as wanted, or time is up; what was read last."""
    end = time.monotonic() + deadline
    while True:
        value = calm(read, deadline)
        if wanted(value) or time.monotonic() > end:
            return value
        time.sleep(0.5)


def resent(fleet):
    """How many events were sent again to another broker, as the services' logs tell: a figure, no oracle."""
    total = 0
    for name in NAMES:
        with open(os.path.join(fleet.folder, "log", name + ".log"), errors="replace") as f:
            for line in f:
                if "events are sent again" in line:
                    total += int((re.search(r'"count":\s*"?(\d+)', line) or [0, 0])[1])
    return total
