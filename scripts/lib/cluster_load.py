"""People who use the release while something is done to it, and the oracle of what they were told."""

import threading
import time
import urllib.parse

from client import ApiError
from fleet import FleetError


class Load(threading.Thread):
    """Mixed traffic of one person through the ingress: each request that fails is noted, with its answer."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.person = world.client().register()
        self.over, self.count, self.failed, self.made = threading.Event(), 0, [], 0

    def run(self):
        while not self.over.wait(0.02):
            for method, path in (("GET", "/me"), ("POST", "/projects"), ("GET", "/projects"), ("GET", "/jobs")):
                self.count += 1
                try:
                    value = {"title": "Under load", "type": "video"} if method == "POST" else None
                    key = {"Idempotency-Key": f"{self.name}-{self.count}"} if value else {}
                    self.person.call(method, path, value, headers=key)
                    self.made += method == "POST"
                except (ApiError, OSError, ValueError) as error:
                    self.failed.append(f"{time.strftime('%H:%M:%S')} {method} {path}: {str(error)[:150]}")

    def end(self):
        self.over.set()
        self.join(150)


class Loads:
    """Several of them at once."""

    def __init__(self, world, count=4):
        self.began, self.each = time.monotonic(), [Load(world) for _ in range(count)]
        for load in self.each:
            load.start()

    def end(self):
        for load in self.each:
            load.end()
        self.seconds = time.monotonic() - self.began
        self.count, self.made = sum(e.count for e in self.each), sum(e.made for e in self.each)
        self.failed = [text for e in self.each for text in e.failed]
        # What was answered is there, once: the oracle is what each person was told.
        for load in self.each:
            found, cursor = 0, ""
            while cursor is not None:
                page = load.person.get(f"/projects?limit=100{cursor}")
                found += len(page["items"])
                following = page.get("nextCursor")
                cursor = f"&cursor={urllib.parse.quote(following)}" if following else None
            if not load.made <= found <= load.made + len(load.failed):
                raise FleetError(f"{load.made} projects were promised, {found} are there")
        return self
