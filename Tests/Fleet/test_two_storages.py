"""Two storages with one S3 store and one database, and nothing else in common: each request of an upload may go to the
other one, also where one is killed in the middle.

The store is S3Proxy; `ATELIER_TEST_TOOLS` names the folder that has it."""

import hashlib
import json
import os
import random
import shutil
import socket
import threading
import time

import pytest

from chaos import SEED, eventually, report
from client import Client
from conftest import make_fleet, running
from fleet import Fleet, free_ports
from s3 import S3

pytestmark = pytest.mark.skipif(
    not S3.is_here(), reason="SKIPPED: two storages; ATELIER_TEST_TOOLS names no S3 endpoint")

MB = 1 << 20
SIZE = int(os.environ.get("TWO_STORAGES_MB", "60")) * MB + 12_345
ROUNDS = 12


class Pair(Fleet):
    """A fleet with a second storage, which has a folder of its own."""

    def __init__(self, folder, **more):
        super().__init__(folder, **more)
        self.ports["storage-2"], self.admin["storage-2"] = free_ports(2)

    @staticmethod
    def program(name):
        return Fleet.program("storage" if name == "storage-2" else name)

    def environment(self, name):
        if name != "storage-2":
            return super().environment(name)
        return {**super().environment("storage"), "PORT": str(self.ports[name]), "ADMIN_PORT": str(self.admin[name]),
                "OBJECT_FOLDER": os.path.join(self.folder, "objects-2")}

    def start(self, deadline=60):
        super().start(deadline)
        self.spawn("storage-2")
        self.wait_ready(deadline, ["storage-2"])

    def stop(self):
        second = self.processes.get("storage-2")
        if second and second.poll() is None:
            second.terminate()
        codes = super().stop()
        codes["storage-2"] = second.wait(40)
        shutil.rmtree(os.path.join(self.folder, "objects-2"), ignore_errors=True)
        return codes


@pytest.fixture(scope="module")
def pair(s3):
    fleet = make_fleet("two-storages", maker=Pair, per_service={
        "storage": {**s3.settings, "SWEEP_INTERVAL_MS": "200"}})
    with running(fleet):
        yield fleet


@pytest.fixture(scope="module")
def person(pair):
    return Client(pair.url).register()


@pytest.fixture(scope="module")
def sides(pair, person):
    """The same person at each of the two."""
    found = []
    for name in ("storage", "storage-2"):
        client = Client(f"http://127.0.0.1:{pair.ports[name]}")
        client.token = person.token
        found.append(client)
    return found


@pytest.fixture(scope="module")
def content():
    return random.Random(SEED).randbytes(SIZE)


def offset_at(client, location, deadline=60):
    """What HEAD tells, once nobody holds the upload, and how long that took."""
    start = time.monotonic()
    while True:
        status, headers, answer = client.raw("HEAD", location, None, {"Tus-Resumable": "1.0.0"})
        if status == 200:
            return int(headers["upload-offset"]), headers, time.monotonic() - start
        assert status in (423, 503) and time.monotonic() < start + deadline, (status, answer)


def patch(client, location, offset, data):
    return client.raw("PATCH", location, data, {
        "Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})


def check_asset(pair, s3, person, asset, expected):
    """Content and checksum are those that were sent, and nothing else is left of the upload."""
    digest = hashlib.sha256(expected).hexdigest()
    assert person.get(f"/assets/{asset}")["sha256"] == digest
    status, _, data = person.raw("GET", f"/api/v1/assets/{asset}/content")
    assert status == 200 and hashlib.sha256(data).hexdigest() == digest
    rows = int(pair.postgres.sql(
        "SELECT (SELECT count(*) FROM storage.asset) + (SELECT count(*) FROM storage.rendition)").strip())

    def objects():
        # S3Proxy keeps parts that the last step does not name, as objects; Amazon's store frees them.
        return [key for key in s3.keys() if not key.startswith(".mpus-")]
    keys = eventually(objects, lambda keys: len(keys) == rows, 30)
    assert len(keys) == rows and s3.unfinished() == [], keys


def test_patches_alternate(pair, s3, person, sides, content):
    """Requests of any size, every third of them cut, each at the other storage than the one before."""
    chance = random.Random(SEED + 1)
    location = sides[0].tus_create(SIZE, "turns.bin", "application/octet-stream")
    offset, turn, cuts = 0, 0, 0
    while True:
        here, there = sides[turn % 2], sides[(turn + 1) % 2]
        turn += 1
        size = min(chance.choice([1, 1000, MB, 3 * MB, 6 * MB, 9 * MB, 17 * MB]), SIZE - offset)
        if turn % 3 == 0 and size > MB:
            sent = chance.randrange(size)
            here.tus_patch_cut(location, offset, content[offset:offset + size], sent)
            now, _, _ = offset_at(there, location)
            assert offset <= now <= offset + sent, (offset, now, sent)
            cuts, offset = cuts + 1, now
            continue
        status, headers, answer = patch(here, location, offset, content[offset:offset + size])
        assert status == 204, (status, answer)
        offset += size
        told, seen, _ = offset_at(there, location)
        assert told == offset == int(headers["upload-offset"])
        if offset == SIZE:
            break
    assert seen["upload-asset-id"] == headers["upload-asset-id"]
    report("two-storages-turns", bytes=SIZE, requests=turn, cuts=cuts)
    check_asset(pair, s3, person, seen["upload-asset-id"], content)


def test_one_dies_in_the_middle_of_a_patch(pair, s3, person, sides, content):
    """kill -9 of the storage that writes: the other goes on from the offset that HEAD tells."""
    location = sides[0].tus_create(SIZE, "killed.bin", "application/octet-stream")
    upload = location.rsplit("/", 1)[1]
    figures = []
    for victim, client, other in [("storage", sides[0], sides[1]), ("storage-2", sides[1], sides[0])]:
        begin, _, _ = offset_at(client, location)
        sent = [begin]

        def send():
            head = [f"PATCH {location} HTTP/1.1", "Host: t", f"Authorization: Bearer {person.token}",
                    "Tus-Resumable: 1.0.0", f"Upload-Offset: {begin}",
                    "Content-Type: application/offset+octet-stream", f"Content-Length: {SIZE - begin}", "", ""]
            try:
                with socket.create_connection((client.host, client.port), timeout=60) as s:
                    s.sendall("\r\n".join(head).encode())
                    # Never all of it: the upload is not to end before its storage does.
                    while sent[0] < SIZE - MB:
                        s.sendall(content[sent[0]:sent[0] + MB // 4])
                        sent[0] += MB // 4
                        time.sleep(0.01)
                    time.sleep(60)
            except OSError:
                pass
        sender = threading.Thread(target=send, daemon=True)
        sender.start()

        def stored():
            return int(pair.postgres.sql(f"SELECT stored FROM storage.upload WHERE id = '{upload}'").strip())
        durable = eventually(stored, lambda bytes: bytes > begin, 60)
        assert durable > begin and sender.is_alive()
        pair.kill(victim)
        offset, _, waited = offset_at(other, location)
        assert durable <= offset <= sent[0], (durable, offset, sent[0])
        figures.append(f"{offset - begin} of {sent[0] - begin} bytes kept, taken over in {waited:.1f} s")
        status, headers, answer = patch(other, location, offset, content[offset:offset + 2 * MB])
        assert status == 204, (status, answer)
        pair.spawn(victim)
        pair.wait_ready(60, [victim])
    offset, _, _ = offset_at(sides[1], location)
    status, headers, answer = patch(sides[1], location, offset, content[offset:])
    assert status == 204, (status, answer)
    report("two-storages-killed", first=figures[0], second=figures[1])
    check_asset(pair, s3, person, headers["upload-asset-id"], content)


def test_two_writers_at_once(pair, s3, person, sides):
    """Both storages are sent other bytes for the same offset: one writes, the other says so, and nothing is mixed."""
    chance = random.Random(SEED + 2)
    lengths = [chance.choice([1000, MB, 6 * MB, 9 * MB]) for _ in range(ROUNDS)]
    location = sides[0].tus_create(sum(lengths), "both.bin", "application/octet-stream")
    expected, said = bytearray(), []
    for length in lengths:
        offers = [chance.randbytes(length) for _ in sides]
        answers = [None, None]

        def send(index):
            answers[index] = patch(sides[index], location, len(expected), offers[index])
        threads = [threading.Thread(target=send, args=(index,)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        statuses = [answer[0] for answer in answers]
        assert sorted(statuses)[0] == 204 and sorted(statuses)[1] in (403, 409, 423), [a[::2] for a in answers]
        loser = answers[1 - statuses.index(204)]
        assert json.loads(loser[2])["code"] in ("upload_offset", "upload_locked", "upload_complete")
        said.append(loser[0])
        expected += offers[statuses.index(204)]
        told, headers, _ = offset_at(sides[len(said) % 2], location)
        assert told == len(expected)
    report("two-storages-at-once", rounds=ROUNDS, refused_with=sorted(set(said)))
    check_asset(pair, s3, person, headers["upload-asset-id"], bytes(expected))
