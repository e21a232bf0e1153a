"""R08 and R11: work that takes longer than a consumer may be silent, and services that are told to stop while people use
them."""

import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import socket
import subprocess
import threading
import time
import urllib.request
import uuid

import pytest

from chaos import SEED, every_page, report
from client import ApiError, Client, Events
from conftest import make_fleet, running
from fleet import NAMES

RATE = int(os.environ.get("RATE", "60"))
# Seconds that the slow work takes; a consumer may be silent for ten.
SLOW = int(os.environ.get("SLOW_SECONDS", "14"))


@pytest.fixture(scope="module")
def busy():
    """A fleet that speaks by a provider which can be made slow, and takes some time to say that it stops."""
    fleet = make_fleet("busy", own_broker=True, environment={
        "KAFKA_MAX_POLL_INTERVAL_MS": "10000", "DRAIN_DELAY_MS": "1500"})
    fleet.per_service["ml-worker"] = {
        "SPEECH_PROVIDER": "elevenlabs", "ELEVENLABS_BASE_URL": fleet.sandbox_url + "/elevenlabs",
        "ELEVENLABS_API_KEY": "xi-test", "PROVIDER_FALLBACK": "none", "PROVIDER_TIMEOUT_MS": "120000"}
    with running(fleet):
        yield fleet


def slow_down(fleet, target, seconds, times=1):
    """The next call of a provider is answered late."""
    body = json.dumps({"target": target, "kind": "timeout_after_success", "times": times,
                       "retryAfterSeconds": seconds}).encode()
    urllib.request.urlopen(urllib.request.Request(
        fleet.sandbox_url + "/control/faults", body, {"Content-Type": "application/json"}), timeout=10).close()


def calls(fleet, target):
    with open(os.path.join(fleet.folder, "history.jsonl")) as f:
        return [entry for entry in map(json.loads, f) if entry["target"] == target]


def test_slow_work_keeps_its_consumer(busy):
    """A step that takes longer than a consumer may be silent is done once, tells that it goes on, and holds up nobody."""
    client = Client(busy.url).register()
    project = client.post("/projects", {"title": "Slow", "type": "video"})["id"]
    events = Events(client)
    events.start()
    assert events.connected.wait(30)
    before = len(calls(busy, "elevenlabs"))
    slow_down(busy, "elevenlabs", SLOW)
    run = client.post("/workflows/film/runs", {"projectId": project, "input": {"brief": "One quiet morning."}})["id"]
    began = time.monotonic()
    client.wait(lambda: calls(busy, "elevenlabs"), lambda found: len(found) > before, 60)

    def voices(status=None):
        return {data["workId"] for kind, data in list(events.events) if kind == "WorkChanged"
                and data.get("kind") == "voice" and status in (None, data.get("status"))}
    # Work of others comes by the same partitions (six, and each of these runs sends five commands).
    meanwhile = 0
    for number in range(12):
        other = client.post("/workflows/relay/runs", {"projectId": project, "input": {"value": number}})["id"]
        client.wait(lambda: client.run(other), lambda found: found["status"] == "succeeded", 60)
        meanwhile += voices() != voices("succeeded")
    client.wait(lambda: sorted(voices() - voices("succeeded")), lambda left: not left, SLOW + 60)
    took = time.monotonic() - began
    told = [data for kind, data in list(events.events) if kind == "WorkChanged" and data.get("kind") == "voice"
            and data["status"] == "running"]
    try:
        client.post(f"/runs/{run}/cancel")
    except ApiError:
        pass
    events.close()
    made = len(calls(busy, "elevenlabs")) - before
    silent = [name for name in NAMES if "maximum poll" in open(
        os.path.join(busy.folder, "log", name + ".log"), errors="replace").read().lower()]
    report("slow-work", took=f"{took:.1f} s", calls=made, scenes=len(voices()), told_meanwhile=len(told),
           others_meanwhile=meanwhile)
    assert took > SLOW > 10
    assert meanwhile >= 6, "others waited for the slow one"
    # One sentence is spoken once; the other scenes say nothing.
    assert made == 1, "a step spoke twice"
    # Each tells that it began, and the slow one gives a sign of life every four seconds.
    assert len(told) >= len(voices()) + SLOW // 5, told
    assert not silent, silent


def job(client, identifier):
    """A job as the list has it, which hears of it by events."""
    found = [one for one in client.get("/jobs?limit=100")["items"] if one["id"] == identifier]
    return found[0] if found else {"status": "not heard of"}


class Load:
    """People who ask a service as long as it says that it is ready, as a balancer would let them."""

    def __init__(self, fleet, name, ask):
        self.fleet, self.name, self.ask = fleet, name, ask
        self.open, self.over = threading.Event(), threading.Event()
        self.open.set()
        self.lock = threading.Lock()
        self.sent, self.failed = 0, []
        self.unready = self.closed = None
        self.threads = [threading.Thread(target=work, daemon=True) for work in [self.watch] + [self.work] * 8]
        for thread in self.threads:
            thread.start()

    def watch(self):
        while not self.over.is_set():
            is_ready = self.fleet.is_ready(self.name)
            if not is_ready and self.unready is None:
                self.unready = time.monotonic()
                self.open.clear()
            if self.unready:
                with socket.socket() as s:
                    if s.connect_ex(("127.0.0.1", self.fleet.ports[self.name])) != 0:
                        self.closed = time.monotonic()
                        return
            time.sleep(0.01)

    def work(self):
        while self.open.is_set() and not self.over.is_set():
            start = time.monotonic()
            try:
                status = self.ask()
                fault = None if status < 500 and status != 429 else status
            except (OSError, http.client.HTTPException) as error:
                fault = repr(error)
            with self.lock:
                self.sent += 1
                if fault:
                    self.failed.append(fault)
            time.sleep(max(0, 8 / RATE - (time.monotonic() - start)))

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)


def requests_of(client, unknown):
    """service → a request that it answers, sent through the gateway."""
    def get(path):
        return lambda: client.raw("GET", "/api/v1" + path)[0]

    def post(path, value):
        return lambda: client.raw("POST", "/api/v1" + path, json.dumps(value).encode(),
                                  {"Content-Type": "application/json"})[0]
    return {
        "user": get("/me"), "storage": get("/assets"), "project": get("/projects"), "publisher": get("/publications"),
        "notifier": get("/notifications"), "analytics": get("/analytics/metrics"), "gateway": get("/projects"),
        "ml-worker": post("/assets/generate", {"kind": "odd", "prompt": "x"}),
        "media-worker": post(f"/assets/{unknown}/transcodes", {"format": "mp4"}),
    }


def slow_upload(client, data, begun):
    """A part that is sent slowly; the status, once it is answered."""
    where = client.tus_create(len(data), "slow.bin", "application/octet-stream")
    with socket.create_connection((client.host, client.port), timeout=60) as s:
        lines = [f"PATCH {where} HTTP/1.1", f"Host: {client.host}", f"Authorization: Bearer {client.token}",
                 "Tus-Resumable: 1.0.0", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream",
                 f"Content-Length: {len(data)}", "", ""]
        s.sendall("\r\n".join(lines).encode())
        pieces = 20
        for number in range(pieces):
            s.sendall(data[len(data) * number // pieces:len(data) * (number + 1) // pieces])
            if number == 2:
                begun.set()
            time.sleep(0.2)
        answer = http.client.HTTPResponse(s)
        answer.begin()
        return answer.status, where


def test_stop_under_load(busy, tmp_path):
    """Each service in turn is told to stop while it is asked: it says that it is not ready, goes on answering, closes,
    ends with 0; nothing that was begun fails, and no work stays with the dead."""
    client = Client(busy.url, timeout=30).register()
    rng = random.Random(SEED)
    project = client.post("/projects", {"title": "Stop", "type": "video"})["id"]
    film = str(tmp_path / "film.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=24:d=60", "-preset", "ultrafast",
                    film], check=True)
    asks = requests_of(client, uuid.uuid4())
    figures, wrong, sent, given = {}, [], 0, []
    for name in NAMES:
        jobs, begun, upload = [], threading.Event(), None
        pool = concurrent.futures.ThreadPoolExecutor(1)
        data = rng.randbytes(400_000)
        if name in ("storage", "gateway"):
            upload = pool.submit(slow_upload, client, data, begun)
            begun.wait(30)
        if name == "ml-worker":
            slow_down(busy, "elevenlabs", 20)
            jobs.append(client.post("/assets/generate", {"kind": "voice", "prompt": "A long word.",
                                                         "projectId": project})["id"])
            client.wait(lambda: job(client, jobs[0]), lambda found: found["status"] == "running", 60)
        if name == "media-worker":
            asset = client.upload(film, project, "video/mp4")["id"]
            begun_jobs = client.wait(
                lambda: busy.postgres.sql(f"SELECT id, kind, status FROM media.job WHERE asset_id = '{asset}'"),
                lambda found: "hls\trunning" in found, 60)
            jobs += [line.split("\t")[0] for line in begun_jobs.splitlines()]
        load = Load(busy, name, asks[name])
        time.sleep(1)
        process = busy.processes[name]
        start = time.monotonic()
        process.terminate()
        code = process.wait(40)
        took = time.monotonic() - start
        if upload:
            # Its answer came before the end: a request that was begun is finished.
            status, where = upload.result(60)
            if status != 204:
                wrong.append(f"{name}: the upload under way was answered {status}")
        running = [] if name not in ("ml-worker", "media-worker", "publisher") else busy.postgres.sql(
            f"SELECT id, lease_until FROM {dict(zip(('ml-worker', 'media-worker'), ('ml', 'media'))).get(name, name)}.job "
            "WHERE status = 'running'").split("\n")[:-1]
        busy.spawn(name)
        load.end()
        pool.shutdown()
        busy.wait_ready(60)
        sent += load.sent
        if code != 0:
            wrong.append(f"{name} ended with {code}:\n{busy.tail(name)}")
        if load.failed:
            wrong.append(f"{name}: {len(load.failed)} of {load.sent} requests failed: {load.failed[:3]}")
        if load.unready is None or (load.closed and load.closed < load.unready):
            wrong.append(f"{name}: unready at {load.unready}, closed at {load.closed}")
        if running:
            wrong.append(f"{name} kept the lease of {running}")
        if upload:
            head = client.tus_head(where)[1]
            if client.get(f"/assets/{head['upload-asset-id']}")["sha256"] != hashlib.sha256(data).hexdigest():
                wrong.append(f"{name}: the upload under way has other bytes")
        given += jobs
        gap = f", unready {load.closed - load.unready:.1f} s before" if load.closed and load.unready else ""
        figures[name] = f"{took:.1f} s{gap}"
    # Work that was given back is done by the next process.
    for one in given:
        ended = client.wait(lambda: job(client, one), lambda found: found["status"] in ("succeeded", "failed"), 180)
        if ended["status"] != "succeeded":
            wrong.append(f"work was not done: {ended}")
    report("stop-under-load", requests=sent, rate=RATE, **figures)
    assert not wrong, "\n".join(wrong)
    assert sent >= 9 * 8 and len(every_page(client, "/projects")) == 1
