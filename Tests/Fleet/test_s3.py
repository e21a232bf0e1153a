"""A fleet whose objects live in an S3 store, and boto3, as it comes from PyPI, that looks into the same store.

The store is S3Proxy, which checks signatures. `ATELIER_TEST_TOOLS` names the folder that has it."""

import hashlib
import json
import os
import random
import threading
import time
import uuid

import pytest

from chaos import SEED, eventually, report
from client import Client
from conftest import MEDIA, make_fleet, running
from s3 import S3

pytestmark = pytest.mark.skipif(
    not S3.is_here(), reason="SKIPPED: boto3 beside the fleet; ATELIER_TEST_TOOLS names no S3 endpoint")

MB = 1 << 20
# Above the 64 MiB from which on files go up in parts, and no multiple of anything.
LARGE = 150 * MB + 4_711
# How long an unfinished upload may lie there, in the clients' staging area and in the store.
LIFETIME = 15


@pytest.fixture(scope="module")
def stored(s3):
    """A fleet with this store."""
    fleet = make_fleet("s3", per_service={"storage": {
        **s3.settings, "UPLOAD_TTL_MS": str(LIFETIME * 1000), "SWEEP_INTERVAL_MS": "100"}})
    with running(fleet):
        yield fleet


@pytest.fixture(scope="module")
def person(stored):
    return Client(stored.url).register()


@pytest.fixture(scope="module")
def large():
    """Bytes that are enough for several parts, and nowhere twice."""
    return random.Random(SEED).randbytes(LARGE)


def key_of(s3, before, size):
    """The one new object of this size."""
    new = [key for key, length in s3.keys().items() if key not in before and length == size]
    assert len(new) == 1, new
    return new[0]


def content(person, asset, **headers):
    status, answer, data = person.raw("GET", f"/api/v1/assets/{asset}/content", None, headers)
    return status, answer, data


def finish(person, location, offset, data, deadline=120):
    """Sends what is missing until the upload is whole, whatever comes between; gives the asset's id and what was said."""
    said, end = [], time.monotonic() + deadline
    while time.monotonic() < end:
        status, headers, answer = person.raw("HEAD", location, None, {"Tus-Resumable": "1.0.0"})
        if status == 200 and headers.get("upload-asset-id"):
            return headers["upload-asset-id"], said
        if status == 200:
            offset = int(headers["upload-offset"])
            status, headers, answer = person.raw("PATCH", location, data[offset:], {
                "Tus-Resumable": "1.0.0", "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream"})
            if status == 204:
                continue
        said.append((status, answer))
        time.sleep(0.5)
    raise TimeoutError(f"the upload did not become whole: {said[-3:]}")


@pytest.fixture(scope="module")
def big(s3, stored, person, large):
    """A large upload by tus in three requests: asset and key."""
    before = s3.keys()
    location = person.tus_create(LARGE, "large.bin", "application/octet-stream")
    offset = 0
    for end in (50 * MB, 100 * MB + 1, LARGE):
        offset, headers = person.tus_patch(location, offset, large[offset:end])
    return headers["upload-asset-id"], key_of(s3, before, LARGE)


def test_boto3_reads_what_was_uploaded_in_one_piece(s3, stored, person):
    project = person.post("/projects", {"title": "S3", "type": "video"})["id"]
    path = os.path.join(MEDIA, "coffee.png")
    before = s3.keys()
    asset = person.upload(path, project, "image/png")
    key = key_of(s3, before, asset["size"])
    data = s3.read(key)
    with open(path, "rb") as f:
        assert data == f.read()
    assert hashlib.sha256(data).hexdigest() == asset["sha256"]
    assert s3.client.head_object(Bucket="atelier", Key=key)["ContentType"] == "image/png"
    # What the media worker makes of it lies in the same store, and is what the gateway gives out.
    items = person.wait(lambda: person.get(f"/assets/{asset['id']}/renditions")["items"], lambda found: found, 60)
    objects = {hashlib.sha256(s3.read(key)).digest() for key in s3.keys() if key not in before}
    for item in items:
        _, _, made = person.raw("GET", f"/api/v1/assets/{asset['id']}/renditions/{item['name']}")
        assert made and hashlib.sha256(made).digest() in objects, item


def test_boto3_reads_what_was_uploaded_in_parts(s3, person, big, large):
    asset, key = big
    head = s3.client.head_object(Bucket="atelier", Key=key)
    assert head["ContentLength"] == LARGE
    read = hashlib.sha256(s3.read(key)).hexdigest()
    assert read == hashlib.sha256(large).hexdigest() == person.get(f"/assets/{asset}")["sha256"]
    assert s3.unfinished() == []


@pytest.mark.parametrize("part", [
    "bytes=0-0", "bytes=0-99", f"bytes={64 * MB - 5}-{64 * MB + 5}", f"bytes={128 * MB - 1}-{128 * MB}",
    f"bytes={LARGE - 7}-", "bytes=-1", "bytes=-1000", f"bytes={LARGE - 3}-{LARGE + 900}"])
def test_ranges_are_those_of_boto3(s3, person, big, part):
    asset, key = big
    status, headers, data = content(person, asset, Range=part)
    theirs = s3.client.get_object(Bucket="atelier", Key=key, Range=part)
    assert status == 206
    assert data == theirs["Body"].read() and len(data) > 0
    assert headers["content-range"] == theirs["ContentRange"]


def test_a_range_beyond_the_end(s3, person, big):
    from botocore.exceptions import ClientError
    asset, key = big
    status, headers, _ = content(person, asset, Range=f"bytes={LARGE}-")
    assert status == 416 and headers["content-range"] == f"bytes */{LARGE}"
    with pytest.raises(ClientError) as refused:
        s3.client.get_object(Bucket="atelier", Key=key, Range=f"bytes={LARGE}-")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416


def test_an_upload_that_is_given_up_leaves_nothing(s3, person):
    before = set(s3.keys())
    location = person.tus_create(LARGE, "given-up.bin", "application/octet-stream")
    person.tus_patch_cut(location, 0, bytes(70 * MB), 66 * MB)
    status, _, _ = person.raw("DELETE", location, None, {"Tus-Resumable": "1.0.0"})
    assert status == 204
    assert set(s3.keys()) == before and s3.unfinished() == []


def patch_until(s3, person, data, name, strike):
    """Uploads by tus, and strikes while the parts go up; what was answered, and the location."""
    location = person.tus_create(len(data), name, "application/octet-stream")
    said = []

    def send():
        try:
            status, headers, answer = person.raw("PATCH", location, data, {
                "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
            said.append((status, headers, answer))
        except OSError as error:
            said.append((0, {}, repr(error).encode()))
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    end = time.monotonic() + 60
    while not s3.unfinished() and sender.is_alive() and time.monotonic() < end:
        time.sleep(0.005)
    assert sender.is_alive(), f"it was over too soon: {said}"
    strike(location)
    sender.join(120)
    return location, said[0]


def test_who_asks_meanwhile_waits(s3, person, large):
    """The store is slow for a while: a client that asks how far it is disturbs nothing, and is told."""
    before, told = s3.keys(), []

    def strike(location):
        s3.run("pause")
        asking = threading.Thread(target=lambda: told.append(person.raw("HEAD", location, None, {
            "Tus-Resumable": "1.0.0"})), daemon=True)
        asking.start()
        time.sleep(2)
        s3.run("resume")
        asking.join(60)
    location, (status, headers, answer) = patch_until(s3, person, large, "asked.bin", strike)
    assert status == 204, (status, answer)
    status, seen, _ = told[0]
    assert status == 200 and seen["upload-asset-id"] == headers["upload-asset-id"], told
    assert s3.read(key_of(s3, before, LARGE)) == large and s3.unfinished() == []


def test_the_store_dies_in_the_middle(s3, stored, person, large, big):
    """S3Proxy is killed while parts go up: the client is told so, nothing is lost, and afterwards it goes on."""
    before = s3.keys()
    location, (status, headers, answer) = patch_until(s3, person, large, "killed.bin", lambda _: s3.run("kill"))
    assert status == 503, (status, answer)
    assert json.loads(answer)["code"] and "retry-after" in headers, (headers, answer)
    # While it is away: a precise error, and every service is as ready as before.
    asset, key = big
    status, headers, answer = content(person, asset)
    assert status == 503 and json.loads(answer)["status"] == 503, (status, answer[:300])
    once = {"Content-Type": "text/plain", "Idempotency-Key": str(uuid.uuid4())}
    status, _, answer = person.raw("POST", "/api/v1/assets?filename=note.txt", b"a note", once)
    assert status == 503, (status, answer)
    assert stored.is_ready("storage")
    s3.start()
    start = time.monotonic()
    made, _ = finish(person, location, 0, large)
    recovered = time.monotonic() - start
    found = key_of(s3, before, LARGE)
    assert hashlib.sha256(s3.read(found)).digest() == hashlib.sha256(large).digest()
    assert person.get(f"/assets/{made}")["sha256"] == hashlib.sha256(large).hexdigest()
    status, _, answer = person.raw("POST", "/api/v1/assets?filename=note.txt", b"a note", once)
    assert status == 201, (status, answer)
    status, _, data = content(person, json.loads(answer)["id"])
    assert (status, data) == (200, b"a note")
    assert content(person, asset)[0] == 200
    report("s3-killed", bytes=LARGE, whole_again=f"{recovered:.1f} s")


def test_storage_dies_in_the_middle(s3, stored, person, large):
    """The service is killed while parts go up: the upload becomes whole all the same."""
    before = s3.keys()
    location, _ = patch_until(s3, person, large, "restarted.bin", lambda _: stored.restart("storage"))
    stored.wait_ready(60)
    s3.sweep()
    made, _ = finish(person, location, 0, large)
    found = key_of(s3, before, LARGE)
    assert hashlib.sha256(s3.read(found)).digest() == hashlib.sha256(large).digest()
    status, _, data = content(person, made)
    assert status == 200 and hashlib.sha256(data).digest() == hashlib.sha256(large).digest()


def test_deleting_takes_the_object_away(s3, person, big):
    asset, key = big
    person.call("DELETE", f"/assets/{asset}")
    assert content(person, asset)[0] == 404
    assert key not in eventually(s3.keys, lambda keys: key not in keys, 60)


def test_no_unfinished_upload_stays(s3, stored):
    """Two deaths left parts in the store; the sweeper takes them away once they are old."""
    left = eventually(s3.unfinished, lambda found: not found, LIFETIME + 60)
    assert left == [], left
