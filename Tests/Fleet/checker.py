"""The oracle of the chaos tests. It stands outside: what the client asked and was answered, what reached the network,
and what the API says in the end. Nothing of the fleet's own state or logs is believed."""

import json
import threading
import time


class History:
    """The client's own log, append-only: each operation by its key, and how it ended.

    `ok`: accepted, with the answer. `fail`: refused for certain. `unknown`: no answer, or one that does not say whether
    it happened (a broken connection, 5xx): it may have happened or not, and the checker allows both.
    """

    def __init__(self, path):
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()
        self.results = {}
        self.attempts = 0

    def note(self, key, result, start, value=None):
        with self.lock:
            self.attempts += 1
            self.file.write(json.dumps(
                {"key": key, "result": result, "start": start, "end": time.time(), "value": value}) + "\n")
            # What was certain once stays certain.
            if self.results.get(key, ("unknown",))[0] == "unknown":
                self.results[key] = (result, value)

    def ended(self, result):
        with self.lock:
            return {key: value for key, (how, value) in self.results.items() if how == result}


def check_runs(accepted, unknown, runs, posts, notified):
    """Every violation of "each accepted run is done, and its effects happen once", as text.

    - accepted: caption → run id, as the client was told
    - unknown: captions of requests of which the client never learned more
    - runs: run id → (caption, status), as the API lists them in the end
    - posts: captions of all posts at the network, one entry for each post
    - notified: run ids of all notifications of success, one entry for each
    """
    found = []
    per_caption, per_run = _count(posts), _count(notified)
    of_caption = {}
    for run, (caption, _) in runs.items():
        of_caption.setdefault(caption, []).append(run)
    for caption, run in accepted.items():
        if run not in runs:
            found.append(f"lost: run {run} ({caption}) was accepted and is not there")
        elif runs[run][1] != "succeeded":
            found.append(f"not done: run {run} ({caption}) is {runs[run][1]}")
        else:
            if per_caption.get(caption, 0) == 0:
                found.append(f"lost: run {run} ({caption}) succeeded and posted nothing")
            if per_run.get(run, 0) == 0:
                found.append(f"lost: run {run} ({caption}) succeeded and nobody was told")
    for caption, ids in of_caption.items():
        if len(ids) > 1:
            found.append(f"duplicated: {caption} became {len(ids)} runs")
        if caption not in accepted and caption not in unknown:
            found.append(f"ghost: run {ids[0]} ({caption}), which nobody was told to have started")
    for caption, count in per_caption.items():
        if count > 1:
            found.append(f"duplicated: {caption} was posted {count} times")
        if caption not in of_caption:
            found.append(f"ghost: {caption} was posted, and no run is there that asked for it")
    for run, count in per_run.items():
        if count > 1:
            found.append(f"duplicated: {count} notifications of run {run}")
        if run not in runs:
            found.append(f"ghost: a notification of run {run}, which is not there")
    return found


def check_events(name, existing, counted):
    """Each thing that exists was told of once (`counted`), and nothing else was."""
    if counted > existing:
        return [f"ghosts or duplicates: {counted} events {name} of {existing} things"]
    if counted < existing:
        return [f"lost: {counted} events {name} of {existing} things"]
    return []


def percentiles(values):
    """p50, p95 and the greatest, as text."""
    if not values:
        return "–"
    ordered = sorted(values)

    def at(share):
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
    return f"p50 {at(0.5):.2f} s, p95 {at(0.95):.2f} s, max {ordered[-1]:.2f} s ({len(ordered)})"


def _count(items):
    counts = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return counts
