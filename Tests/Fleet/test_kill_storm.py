"""The kill storm: every service is killed again and again while people publish, and the broker forgets everything; what
was accepted is done, once. `RUNS`, `KILLS`, `STORM_SECONDS` and `SEED` make it larger, or the same again."""

import json
import os
import random
import re
import struct
import threading
import time
import urllib.parse
import urllib.request
import zlib

from chaos import SEED, calm, eventually, every_page, insist, report, resent
from checker import History, check_runs, percentiles
from client import Client
from demo import connect_account
from fleet import NAMES

RUNS = int(os.environ.get("RUNS", "500"))
KILLS = int(os.environ.get("KILLS", "10"))
# Seconds over which the faults are spread, after which no more runs are begun, and which all may take to end.
STORM = float(os.environ.get("STORM_SECONDS", "180"))
START_LIMIT = float(os.environ.get("START_LIMIT_SECONDS", "240"))
DRAIN_LIMIT = float(os.environ.get("DRAIN_LIMIT_SECONDS", "180"))
ENDED = ("succeeded", "failed", "cancelled")


def picture(rng):
    """A small PNG that no other is like."""
    width, height = 64, 64
    rows = b"".join(b"\0" + bytes(rng.randrange(256) for _ in range(3)) * width for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Person:
    """One creator with a project and an account at the network."""

    def __init__(self, fleet):
        self.client = Client(fleet.url, timeout=20).register()
        self.project = self.client.post("/projects", {"title": "Chaos", "type": "video"})["id"]
        self.account = connect_account(self.client, fleet)
        self.asset = None

    def upload(self, data, name, history, deadline):
        query = urllib.parse.urlencode({"filename": name + ".png", "projectId": self.project})

        def attempt():
            status, _, answer = self.client.raw(
                "POST", f"/api/v1/assets?{query}", data, {"Content-Type": "image/png", "Idempotency-Key": name})
            return status, answer
        made = insist(attempt, history, name, deadline)
        self.asset = made["id"] if made else self.asset

    def start(self, caption, history, deadline):
        body = json.dumps({"projectId": self.project, "input": {
            "assetId": self.asset, "accountIds": [self.account], "caption": caption}}).encode()

        def attempt():
            status, _, answer = self.client.raw(
                "POST", "/api/v1/workflows/tour/runs", body,
                {"Content-Type": "application/json", "Idempotency-Key": caption})
            return status, answer
        return insist(attempt, history, caption, deadline)


class Killer(threading.Thread):
    """Kills processes at instants that the seed gives, starts them again at once, and sees when they are ready."""

    def __init__(self, fleet, plan):
        super().__init__(daemon=True)
        self.fleet, self.plan = fleet, sorted(plan)
        self.recovered, self.never, self.kills = {}, [], 0
        # Processes that were found ended before anybody killed them.
        self.died = []
        self.locks = {name: threading.Lock() for name in NAMES + ["broker"]}
        self.watchers = []
        self.stopped = threading.Event()

    def run(self):
        began = time.monotonic()
        for at, name in self.plan:
            if self.stopped.wait(max(0, began + at - time.monotonic())):
                return
            watcher = threading.Thread(target=self._strike, args=(name,), daemon=True)
            watcher.start()
            self.watchers.append(watcher)

    def _strike(self, name):
        with self.locks[name]:
            start = time.monotonic()
            self.kills += 1
            code = self.fleet.processes[name].poll()
            if code is not None:
                self.died.append(f"{name} with {code}")
            self.fleet.restart(name)
        if name == "broker":
            return
        while time.monotonic() < start + 120:
            if self.fleet.is_ready(name):
                self.recovered.setdefault(name, []).append(time.monotonic() - start)
                return
            time.sleep(0.02)
        self.never.append(name)

    def finish(self):
        self.join(STORM + 60)
        self.stopped.set()
        for watcher in self.watchers:
            watcher.join(150)


def captions_at_network(fleet):
    """The caption of each post that the network has, from its history and the pages that people see."""
    captions = []
    with open(os.path.join(fleet.folder, "history.jsonl")) as f:
        entries = [json.loads(line) for line in f if line.strip()]
    for entry in entries:
        if entry["target"] == "network" and entry["action"] == "post" and entry["detail"].get("post"):
            with urllib.request.urlopen(f"{fleet.sandbox_url}/posts/{entry['detail']['post']}", timeout=10) as answer:
                captions.append(re.search("<title>(.*?)</title>", answer.read().decode()).group(1))
    return captions


def test_kill_storm(own_fleet):
    """Each service is killed KILLS times and the broker a third of that while RUNS runs publish: all succeed, each
    posts once, and each is told of once."""
    print(f"\nSEED={SEED} RUNS={RUNS} KILLS={KILLS}")
    rng = random.Random(SEED)
    fleet = own_fleet(own_broker=True)
    history = History(os.path.join(fleet.folder, "client.jsonl"))
    people = [Person(fleet) for _ in range(5)]
    uploads = History(os.path.join(fleet.folder, "uploads.jsonl"))
    for index, person in enumerate(people):
        person.upload(picture(rng), f"picture-{SEED}-{index}", uploads, time.monotonic() + 60)
    # The broker is given time to be noticed: relays ask every two seconds which cluster it is.
    plan = [(rng.uniform(2, STORM), name) for name in NAMES for _ in range(KILLS)]
    plan += [(rng.uniform(5, STORM), "broker") for _ in range(KILLS // 3)]
    killer = Killer(fleet, plan)
    queue = iter(range(RUNS))
    lock = threading.Lock()
    began = time.monotonic()
    pictures = {n: picture(rng) for n in range(0, RUNS, 10)}

    def work(person):
        while True:
            with lock:
                number = next(queue, None)
            # Spread over the storm, so that each kill meets work.
            if number is None or time.monotonic() > began + START_LIMIT:
                return
            time.sleep(max(0, began + number * STORM / RUNS - time.monotonic()))
            if number in pictures:
                person.upload(pictures[number], f"picture-{SEED}-n{number}", uploads, began + START_LIMIT + 30)
            person.start(f"chaos-{SEED}-{number}", history, began + START_LIMIT + 30)

    killer.start()
    workers = [threading.Thread(target=work, args=(person,), daemon=True) for person in people]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    killer.finish()
    fleet.wait_ready(120)
    storm = time.monotonic() - began

    def read_runs():
        found = {}
        for person in people:
            for run in every_page(person.client, f"/runs?projectId={person.project}"):
                found[run["id"]] = run
        return found
    runs = eventually(read_runs, lambda runs: all(run["status"] in ENDED for run in runs.values()), DRAIN_LIMIT)
    drained = time.monotonic() - began - storm
    accepted = history.ended("ok")
    captions = {}
    for person in people:
        for run_id, run in runs.items():
            if run["projectId"] == person.project:
                captions[run_id] = caption_of(person.client, run, accepted)
    final = {run_id: (captions[run_id], run["status"]) for run_id, run in runs.items()}

    def read_notified():
        return [note["data"]["runId"] for person in people for note in every_page(person.client, "/notifications")
                if note["kind"] == "run.succeeded"]
    good = sum(status == "succeeded" for _, status in final.values())
    notified = eventually(read_notified, lambda ids: len(ids) >= good, 60)
    # What would be told twice had its time.
    time.sleep(3)
    notified = read_notified()
    posts = captions_at_network(fleet)
    found = check_runs(accepted, set(history.ended("unknown")), final, posts, notified)
    refused = history.ended("fail")
    all_recovered = [seconds for values in killer.recovered.values() for seconds in values]
    report("kill-storm", begun=len(history.results), accepted=len(accepted), refused=len(refused),
           unknown=len(history.ended("unknown")), requests=history.attempts, succeeded=good, posts=len(posts),
           notifications=len(notified), lost=sum(line.startswith("lost") for line in found),
           duplicated=sum(line.startswith("duplicated") for line in found),
           ghosts=sum(line.startswith("ghost") for line in found),
           not_done=sum(line.startswith("not done") for line in found), kills=killer.kills,
           died=killer.died, recovery=percentiles(all_recovered), resent=resent(fleet),
           storm=f"{storm:.0f} s", drained=f"{drained:.0f} s")
    for name in NAMES:
        print(f"  {name:<14}{percentiles(killer.recovered.get(name, []))}")
    assert not refused, refused
    assert not killer.died, f"ended by themselves: {killer.died}"
    assert not killer.never, f"never ready again: {killer.never}"
    broken = [run for run in runs.values() if run["status"] != "succeeded"]
    assert not found, "\n".join(found[:20]) + "\n" + json.dumps(broken[:2])[:4000]
    assert accepted


def caption_of(client, run, accepted):
    """The caption of a run: what the client gave where it knows it, else what the run says itself."""
    known = {value: caption for caption, value in accepted.items()}
    if run["id"] in known:
        return known[run["id"]]
    whole = calm(lambda: client.run(run["id"]))
    return (whole.get("input") or {}).get("caption", "?")
