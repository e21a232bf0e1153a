"""People who use the release while something is done to it, and the oracle: what they were told, against what is there."""

import hashlib
import http.client
import itertools
import json
import os
import random
import threading
import time
import urllib.parse
import uuid

from client import ApiError, Events
from fleet import ROOT, FleetError

RATE = float(os.environ.get("CLUSTER_RATE", "100"))
PICTURE = os.path.join(ROOT, "Tests", "Media", "coffee.png")
ENDED = ("succeeded", "failed", "cancelled")
TROUBLE = (ApiError, OSError, http.client.HTTPException, ValueError, KeyError)
# What a client sees on a connection that it kept, and that was closed meanwhile.
CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)


class User(threading.Thread):
    """One person in a thread: does `turn` again and again, and notes each request that fails, with when and why."""

    def __init__(self, world, rate):
        super().__init__(daemon=True)
        self.over, self.pause = threading.Event(), 1 / rate
        self.person, self.connection = world.client().register(), None
        self.count, self.again, self.seconds, self.failed = 0, 0, [], []
        self.turns = self.turn_by_turn()
        self.events = Events(self.person)
        self.events.start()
        if not self.events.connected.wait(30):
            raise FleetError("no live events for a person of the load")

    def run(self):
        following = time.monotonic()
        while not self.over.is_set():
            next(self.turns)
            now = time.monotonic()
            # What could not be asked in time is not asked later in one heap.
            following = max(following + self.pause, now - 1)
            self.over.wait(max(0, following - now))

    def attempt(self, what, act):
        self.count += 1
        began = time.monotonic()
        try:
            answer = act()
            self.seconds.append(time.monotonic() - began)
            return answer
        except TROUBLE as error:
            self.failed.append((time.time(), f"{what}: {str(error)[:160] or repr(error)}"))
            return None

    def ask(self, method, path, value=None):
        """A call on the connection that is kept; one that was closed while it lay idle is made anew, as any client does."""
        headers, body = self.person.headers(), None
        if value is not None:
            body = json.dumps(value)
            headers.update({"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())})

        def act():
            while True:
                kept, self.connection = self.connection, None
                connection = kept or self.person.connection(30)
                try:
                    connection.request(method, "/api/v1" + path, body, headers)
                    answer = connection.getresponse()
                    data = answer.read()
                except CLOSED:
                    connection.close()
                    if kept is None:
                        raise
                    self.again += 1
                    continue
                if answer.status >= 400:
                    raise ApiError(method, path, answer.status, data)
                self.connection = connection
                return json.loads(data)
        return self.attempt(f"{method} {path}", act)

    def pages(self, path):
        found, cursor = [], ""
        while cursor is not None:
            page = insist(lambda: self.person.get(f"{path}?limit=100{cursor}"))  # noqa: B023
            found += page["items"]
            cursor = f"&cursor={urllib.parse.quote(page['nextCursor'])}" if page.get("nextCursor") else None
        return found

    def told(self, name):
        return [value for event, value in self.events.events if event == name]


class Reader(User):
    """Mixed requests: who am I, a new project, my projects, my jobs; and every twentieth another, where there is one."""

    other = None

    def turn_by_turn(self):
        self.made = set()
        for number in itertools.count():
            yield self.ask("GET", self.other if self.other and number % 5 == 4 else "/me")
            project = self.ask("POST", "/projects", {"title": "Under load", "type": "video"})
            if project:
                self.made.add(project["id"])
            yield
            yield self.ask("GET", "/projects?limit=20")
            yield self.ask("GET", "/jobs?limit=20")

    def missing(self):
        """What was answered and is not told yet."""
        return len(self.made - {value["projectId"] for value in self.told("ProjectChanged")})

    def check(self):
        there = [project["id"] for project in self.pages("/projects")]
        lost = self.made - set(there)
        created = [v["projectId"] for v in self.told("ProjectChanged") if v["change"] == "created"]
        yield lost, f"{len(lost)} projects were promised and are not there"
        yield len(there) > len(set(there) | self.made) or len(there) - len(self.made) > len(self.failed), (
            f"{len(self.made)} projects were promised, {len(there)} are there")
        yield set(there) - set(created), f"{len(set(there) - set(created))} projects were never told of"
        yield len(created) > len(set(created)), f"{len(created) - len(set(created))} events came twice"


class Maker(User):
    """Runs of a workflow, pictures with their jobs, and uploads in pieces (tus)."""

    def turn_by_turn(self):
        self.runs, self.assets, self.resumed = set(), {}, 0
        with open(PICTURE, "rb") as f:
            picture = f.read()
        source = random.Random(5)
        project = insist(lambda: self.person.post("/projects", {"title": "Work", "type": "video"}))["id"]
        while True:
            for _ in range(3):
                run = self.ask("POST", "/workflows/relay/runs", {"projectId": project})
                if run:
                    self.runs.add(run["id"])
                yield
            data = source.randbytes(3 << 20)
            asset = self.attempt("tus", lambda: self.send(data, "piece.bin", "application/octet-stream", 1 << 20))  # noqa: B023
            if asset:
                self.assets[asset] = hashlib.sha256(data).hexdigest()
            yield
            asset = self.attempt("picture", lambda: self.send(picture, "coffee.png", "image/png", len(picture)))
            if asset:
                self.assets[asset] = hashlib.sha256(picture).hexdigest()
            yield

    def send(self, data, name, kind, piece):
        """An upload in pieces. A piece that is cut is noted as a failed request; the upload goes on where the service says."""
        location = self.person.tus_create(len(data), name, kind)
        offset, headers, end = 0, {}, time.monotonic() + 120
        while offset < len(data):
            try:
                offset, headers = self.person.tus_patch(location, offset, data[offset:offset + piece])
            except TROUBLE as error:
                self.failed.append((time.time(), f"PATCH: {str(error)[:160]}"))
                self.resumed += 1
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)
                offset, headers = insist(lambda: self.person.tus_head(location))
        return headers.get("upload-asset-id") or self.person.tus_head(location)[1]["upload-asset-id"]

    def missing(self):
        ended = {v["runId"] for v in self.told("RunChanged") if v["status"] in ENDED}
        works = {v["workId"] for v in self.told("WorkChanged")}
        done = {v["workId"] for v in self.told("WorkChanged") if v["status"] in ENDED}
        return len(self.runs - ended) + len(works - done)

    def check(self):
        for asset, digest in self.assets.items():
            found = insist(lambda: self.person.get(f"/assets/{asset}"))  # noqa: B023
            yield found["sha256"] != digest, f"asset {asset} has other content"
        runs = {identity: insist(lambda: self.person.run(identity))["status"] for identity in self.runs}  # noqa: B023
        wrong = {identity: how for identity, how in runs.items() if how != "succeeded"}
        yield wrong, f"runs that were accepted ended as {wrong}"
        jobs = self.pages("/jobs")
        wrong = [f"{job['kind']} {job['status']} {job.get('errorCode')}" for job in jobs if job["status"] != "succeeded"]
        yield wrong, f"jobs: {wrong[:5]}"
        self.jobs = len(jobs)
        done = [v["workId"] for v in self.told("WorkChanged") if v["status"] in ENDED]
        yield len(done) > len(set(done)), f"{len(done) - len(set(done))} jobs ended twice"
        yield {job["id"] for job in jobs} - set(done), "jobs whose end nobody was told"


class Load:
    """All of them, from now until `end`, which asks the oracle."""

    running = None

    def __init__(self, world, rate=None, readers=6, twentieth=None):
        rate = rate or RATE
        self.readers = [Reader(world, rate / readers) for _ in range(readers)]
        for reader in self.readers:
            reader.other = twentieth
        self.makers = [Maker(world, 1)]
        self.users = self.readers + self.makers
        self.began = time.monotonic()
        for user in self.users:
            user.start()
        Load.running = self

    @staticmethod
    def stop():
        """Ends the load of a part that failed: the next one is to have its own alone."""
        for user in Load.running.users if Load.running else []:
            user.over.set()
            user.events.close()
        Load.running = None

    @property
    def failed(self):
        return sorted(entry for user in self.users for entry in user.failed)

    def end(self, patience=180):
        """Ends the load, waits until all that was begun is done and told, and gives the figures as text."""
        for user in self.users:
            user.over.set()
        for user in self.users:
            user.join(150)
        seconds = time.monotonic() - self.began
        end = time.monotonic() + patience
        while (left := sum(user.missing() for user in self.users)) and time.monotonic() < end:
            time.sleep(0.5)
        time.sleep(2)
        faults = [text for user in self.users for bad, text in user.check() if bad]
        breaks = sum(user.events.reconnects for user in self.users)
        for user in self.users:
            user.events.close()
        if faults or left:
            raise FleetError("; ".join(faults[:6] or [f"{left} things were not told after {patience} s"]))
        self.count = sum(user.count for user in self.users)
        taken = sorted(s for user in self.readers for s in user.seconds)
        made = sum(len(r.made) for r in self.readers)
        maker = self.makers[0]
        return (f"{self.count} requests at {self.count / seconds:.0f}/s, {len(self.failed)} failed, "
                f"{sum(u.again for u in self.users)} sent again on a new connection, p50 {at(taken, 0.5):.0f} ms, "
                f"p99 {at(taken, 0.99):.0f} ms; {len(maker.assets)} uploads whole ({maker.resumed} resumed), "
                f"{made} projects, {len(maker.runs)} runs, {maker.jobs} jobs there and told once "
                f"({breaks} breaks of {len(self.users)} streams)")

    def need_none_failed(self):
        if self.failed:
            raise FleetError(f"{len(self.failed)} of {sum(u.count for u in self.users)} requests failed: " + "; ".join(
                f"{time.strftime('%H:%M:%S', time.gmtime(when))} {text}" for when, text in self.failed[:4]))


def at(ordered, part):
    """A percentile, in milliseconds."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000 if ordered else 0


def insist(act, seconds=60):
    """Does it again until it is answered."""
    end = time.monotonic() + seconds
    while True:
        try:
            return act()
        except TROUBLE:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
