"""R43 and R44 at the door of a running fleet: damaged files of every format, and small files that would become huge. Each
ends with a good asset or a precise reason; the fleet stays ready, its memory small, and leaves nothing behind."""

import concurrent.futures
import json
import os
import re
import struct
import subprocess
import threading
import time
import urllib.parse
import uuid
import zipfile
import zlib

import pytest

from chaos import SEED, calm, every_page, report
from client import Client
from conftest import make_fleet, running
from fleet import NAMES

FILES = int(os.environ.get("HOSTILE_FILES", "300"))
# The limit of a decode child, and what the services themselves may grow.
CHILD_LIMIT = 512 << 20
GROWTH = 128 << 20
REASONS = {"unsupported_format", "damaged", "too_large", "too_long", "timeout", "out_of_memory", "invalid_request"}
ENDED = ("succeeded", "failed", "cancelled")

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=192x108:r=12:d=1"]
SOUND = ["-f", "lavfi", "-i", "sine=f=440:d=1"]
BOTH = PICTURE + SOUND
SEEDS = {
    "h264.mp4": BOTH + ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"],
    "mpeg4.mov": BOTH + ["-c:v", "mpeg4", "-c:a", "pcm_s16le"],
    "h264.mkv": BOTH + ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac"],
    "vp9.webm": BOTH + ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"],
    "mpeg.ts": BOTH + ["-c:v", "mpeg2video", "-c:a", "mp2"], "mpeg4.avi": BOTH + ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "s.mp3": SOUND, "s.aac": SOUND, "s.flac": SOUND, "s.wav": SOUND, "s.ogg": SOUND + ["-c:a", "libvorbis"],
    "s.m4a": SOUND, "p.png": PICTURE + ["-frames:v", "1"], "p.jpg": PICTURE + ["-frames:v", "1"], "p.gif": PICTURE,
    "p.webp": PICTURE + ["-frames:v", "1"], "p.tiff": PICTURE + ["-frames:v", "1", "-pix_fmt", "rgb24"],
}


class Watch(threading.Thread):
    """Looks at the fleet from outside: memory of every service and of every child, and whether all are ready."""

    def __init__(self, fleet):
        super().__init__(daemon=True)
        self.fleet, self.over = fleet, threading.Event()
        self.before = {name: fleet.memory(name)[0] for name in NAMES}
        self.most = dict(self.before)
        self.child, self.unready = 0, set()

    def run(self):
        while not self.over.wait(0.1):
            for name in NAMES:
                self.most[name] = max(self.most[name], self.fleet.memory(name)[0])
            for pid in self.children():
                self.child = max(self.child, memory(pid))
            self.unready |= {name for name in ("gateway", "storage", "media-worker") if not self.fleet.is_ready(name)}

    def children(self):
        parent = self.fleet.processes["media-worker"].pid
        out = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout
        return [int(word) for word in out.split()]

    def end(self):
        self.over.set()
        self.join()
        return {name: self.most[name] - self.before[name] for name in NAMES}


def memory(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return int((re.search(r"VmHWM:\s+(\d+)", f.read()) or [0, 0])[1]) << 10
    except (OSError, ProcessLookupError):
        return 0


@pytest.fixture(scope="module")
def attacked():
    fleet = make_fleet("hostile", per_service={"media-worker": {"QUICK_SLOTS": "3"}})
    with running(fleet):
        yield fleet


def send(client, project, name, data):
    """Uploads, and gives the asset, or the refusal that was answered."""
    query = urllib.parse.urlencode({"filename": name, "projectId": project})
    status, headers, answer = client.raw("POST", f"/api/v1/assets?{query}", data, {
        "Content-Type": "application/octet-stream", "Idempotency-Key": str(uuid.uuid4())})
    assert status == 201 or 400 <= status < 500, (name, status, answer[:300])
    document = json.loads(answer)
    assert status == 201 or document["code"], document
    return document


def jobs_of(client, project):
    return every_page(client, f"/jobs?projectId={project}")


def settle(client, project, assets, deadline):
    """Waits until every asset has jobs (if it is media) and all have ended; the jobs."""
    wanted = {asset["id"] for asset in assets if asset["kind"] in ("image", "video", "audio")}
    end = time.monotonic() + deadline
    while True:
        jobs = jobs_of(client, project)
        waiting = wanted - {job.get("assetId") for job in jobs}
        busy = [job for job in jobs if job["status"] not in ENDED]
        if not waiting and not busy:
            return jobs
        if time.monotonic() > end:
            raise TimeoutError(f"without jobs: {len(waiting)}, not ended: {busy[:5]}")
        time.sleep(0.5)


def check_jobs(jobs):
    wrong = [job for job in jobs if job["status"] != "succeeded" and (job.get("error") or {}).get("code") not in REASONS]
    assert not wrong, wrong[:5]


def check_left(fleet, pids, watch):
    """Nothing is left: no folder of work, no child, no zombie; and nobody was restarted."""
    work = os.path.join(fleet.folder, "work")
    left = [os.path.join(base, name) for base, _, names in os.walk(work) for name in names]
    assert not left, left[:5]
    # A child that answered well waits some seconds for another order of its workspace.
    end = time.monotonic() + 30
    while watch.children() and time.monotonic() < end:
        time.sleep(0.2)
    assert not watch.children(), "a child is still there"
    assert pids == {name: fleet.processes[name].pid for name in NAMES}
    assert not [name for name in NAMES if fleet.processes[name].poll() is not None]
    assert not watch.unready, watch.unready


def test_damaged_files(attacked, tmp_path):
    """R43: seeds of every format, damaged at random; a few whole ones among them must come out good."""
    fleet = attacked
    client = Client(fleet.url).register()
    project = client.post("/projects", {"title": "Damaged", "type": "video"})["id"]
    for name, words in SEEDS.items():
        subprocess.run(["ffmpeg", "-v", "error", "-y", *words, str(tmp_path / name)], check=True)
    names, ratios = list(SEEDS), ["0.0001", "0.001", "0.01", "0.05"]

    def upload(number):
        name = names[number % len(names)]
        with open(tmp_path / name, "rb") as f:
            data = f.read()
        if number >= len(names):
            ratio = ratios[number // len(names) % len(ratios)]
            data = subprocess.run(["zzuf", "-s", str(SEED % 100_000 + number), "-r", ratio], input=data, check=True,
                                  capture_output=True).stdout
        return send(client, project, f"{number}-{name}", data)
    pids = {name: fleet.processes[name].pid for name in NAMES}
    watch = Watch(fleet)
    watch.start()
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assets = list(pool.map(upload, range(FILES)))
    jobs = settle(client, project, assets, 600 + FILES)
    took = time.monotonic() - began
    grown = watch.end()
    by_asset = {}
    for job in jobs:
        by_asset.setdefault(job.get("assetId"), []).append(job)
    outcomes = {}
    for job in jobs:
        outcome = (job.get("error") or {}).get("code") or job["status"]
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    report("damaged-files", files=FILES, jobs=len(jobs), outcomes=outcomes, took=f"{took:.0f} s",
           child=f"{watch.child >> 20} MiB", most_grown=f"{max(grown.values()) >> 20} MiB")
    check_jobs(jobs)
    # What was whole came out whole, what was damaged did not all come through.
    for asset in assets[:len(names)]:
        bad = [job for job in by_asset[asset["id"]] if job["status"] != "succeeded"]
        assert not bad, (asset["filename"], bad)
        assert calm(lambda: client.get(f"/assets/{asset['id']}/renditions"))["items"], asset["filename"]
    assert set(outcomes) - {"succeeded"}, "no file was damaged enough to be noticed"
    assert watch.child <= CHILD_LIMIT, watch.child
    assert all(growth < GROWTH for growth in grown.values()), grown
    check_left(fleet, pids, watch)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(side, depth, color, rows):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, color, 0, 0, 0)) +
            (chunk(b"IDAT", rows) if rows else b"") + chunk(b"IEND", b""))


def zeros(count, size):
    """`count` times `size` bytes of nothing, deflated."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(size)) for _ in range(count)) + packer.flush()


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def bombs(folder):
    """name → (bytes, reasons with which its jobs may end; none where it is no media to us)."""
    made = {}
    made["one-bit.png"] = png(30_000, 1, 0, zeros(30_000, 1 + 3750)), {"too_large"}
    made["pixels.png"] = png(12_000, 8, 2, zeros(12_000, 1 + 36_000)), {"too_large"}
    made["header.png"] = png(65_535, 8, 6, b""), {"too_large", "damaged"}
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\2\2\x44\1\0"
    made["frames.gif"] = (b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0\0\0\0\xff\xff\xff" + frame * 10_000 + b";",
                          {"too_large"})
    entries = 1_000_000
    table = box(b"stbl", box(b"stsz", struct.pack(">III", 0, 0, entries) + b"\0\0\0\1" * entries))
    track = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + b"vide" + bytes(13)) + box(b"minf", table)))
    made["index.mp4"] = (box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isom") + box(b"moov", track),
                         {"damaged", "too_large", "unsupported_format"})
    path = os.path.join(folder, "day.flac")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "anullsrc=r=1000:cl=mono", "-t", "86400", "-c:a",
                    "flac", "-compression_level", "0", "-frame_size", "65535", path], check=True)
    with open(path, "rb") as f:
        made["day.flac"] = f.read(), {"too_long"}
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    gzip = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    made["zeros.gz"] = gzip, set()
    made["zeros.png"] = gzip, {"unsupported_format", "damaged"}
    inner = os.path.join(folder, "nested.zip")
    data = bytes(1 << 20)
    for level in range(6):
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
            for copy in range(4):
                archive.writestr(f"{level}-{copy}.zip", data)
        with open(inner, "rb") as f:
            data = f.read()
    made["nested.zip"] = data, set()
    made["layers.svg"] = b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g opacity='0.9'>" * 100_000, {
        "unsupported_format", "damaged"}
    made["entities.svg"] = (b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">'.encode() for n in range(9)) +
        b']><svg xmlns="http://www.w3.org/2000/svg"><text>&j;</text></svg>', {"unsupported_format", "damaged"})
    return made


def test_bombs(attacked, tmp_path):
    """R44: each is refused with its reason, within the memory of a small file; nobody else notices."""
    fleet = attacked
    client = Client(fleet.url).register()
    project = client.post("/projects", {"title": "Bombs", "type": "video"})["id"]
    made = bombs(str(tmp_path))
    pids = {name: fleet.processes[name].pid for name in NAMES}
    watch = Watch(fleet)
    watch.start()
    assets, wrong, figures = {}, [], {}
    for name, (data, _) in made.items():
        assets[name] = send(client, project, name, data)
    kept = {name: asset for name, asset in assets.items() if "kind" in asset}
    jobs = settle(client, project, list(kept.values()), 240)
    for name, (data, reasons) in made.items():
        asset = assets[name]
        if "kind" not in asset:
            figures[name] = asset["code"]
            continue
        mine = [job for job in jobs if job.get("assetId") == asset["id"]]
        codes = {(job.get("error") or {}).get("code") for job in mine if job["status"] == "failed"}
        figures[name] = " ".join(sorted(map(str, codes))) or asset["kind"]
        if mine and not (codes and codes <= reasons):
            wrong.append(f"{name}: {[(job['type'], job['status'], job.get('error')) for job in mine]}")
        if calm(lambda: client.get(f"/assets/{asset['id']}/renditions"))["items"]:
            wrong.append(f"{name}: something was made of it")
        # It is given back as it came, and as nothing that a browser would run.
        status, headers, back = client.raw("GET", f"/api/v1/assets/{asset['id']}/content")
        if status != 200 or back != data or headers.get("x-content-type-options") != "nosniff":
            wrong.append(f"{name}: {status} {headers}")
        if name.endswith(".svg") and not headers.get("content-disposition", "").startswith("attachment"):
            wrong.append(f"{name}: {headers}")
    grown = watch.end()
    report("bombs", **figures, child=f"{watch.child >> 20} MiB", most_grown=f"{max(grown.values()) >> 20} MiB")
    assert not wrong, "\n".join(wrong)
    check_jobs(jobs)
    assert watch.child <= CHILD_LIMIT and all(growth < GROWTH for growth in grown.values()), (watch.child, grown)
    check_left(fleet, pids, watch)


def test_bodies_that_unpack(attacked):
    """A JSON body that says it is gzip is not unpacked: refused, with no more memory than it has."""
    client = Client(attacked.url).register()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
    before = {name: attacked.memory(name)[0] for name in NAMES}
    status, _, answer = client.raw("POST", "/api/v1/projects", body, {
        "Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert status in (400, 413, 415), (status, answer[:200])
    assert json.loads(answer)["code"]
    grown = {name: attacked.memory(name)[0] - before[name] for name in NAMES}
    assert all(growth < 64 << 20 for growth in grown.values()), grown
