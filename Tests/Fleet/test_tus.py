"""R20 and R21: tus 1.0.0 through the gateway, by the words of the protocol, and uploads that are cut again and again."""

import base64
import hashlib
import os
import random
import re
import socket
import struct
import threading
import time
import uuid

import pytest

from chaos import SEED, report
from client import Client

VERSION = {"Tus-Resumable": "1.0.0"}
PART = {**VERSION, "Content-Type": "application/offset+octet-stream"}
MB = 1 << 20
# In full: 500 MB, 100 cuts, 20 deaths.
SIZE = int(os.environ.get("CUT_MB", "60")) * MB + 12_345
CUTS = int(os.environ.get("CUTS", "20"))
DEATHS = int(os.environ.get("DEATHS", "4"))


def b64(data):
    return base64.b64encode(data).decode()


class Table:
    """Assertions by name, so that all are tried and those that fail are told together."""

    def __init__(self):
        self.held, self.broken = 0, []

    def that(self, name, is_true, *told):
        if is_true:
            self.held += 1
        else:
            self.broken.append(f"{name}: {told}")


def create(client, length, **headers):
    return client.raw("POST", "/api/v1/uploads", b"", {**VERSION, "Upload-Length": str(length), **headers})


def test_the_protocol(client, stranger):
    """Each line is a sentence of the protocol (tus.io/protocols/resumable-upload, 1.0.0)."""
    say = Table()

    def all_have_the_version(name, answer):
        say.that(f"{name} carries Tus-Resumable", answer[1].get("tus-resumable") == "1.0.0", answer[1])
        return answer
    # OPTIONS
    status, head, _ = client.raw("OPTIONS", "/api/v1/uploads")
    say.that("OPTIONS is 204 or 200", status in (200, 204), status)
    say.that("Tus-Version has 1.0.0", "1.0.0" in head.get("tus-version", "").split(","), head)
    extensions = head.get("tus-extension", "").split(",")
    for extension in ("creation", "creation-with-upload", "checksum", "expiration", "termination"):
        say.that(f"Tus-Extension has {extension}", extension in extensions, extensions)
    largest = int(head.get("tus-max-size", "0"))
    say.that("Tus-Max-Size is a number", largest > 0, head)
    algorithms = head.get("tus-checksum-algorithm", "").split(",")
    say.that("sha1 is known", "sha1" in algorithms, algorithms)
    # Creation
    metadata = {"Upload-Metadata": f"filename {b64('größe.txt'.encode())},empty,filetype {b64(b'text/plain')}"}
    status, head, _ = all_have_the_version("POST", create(client, 10, **metadata))
    say.that("POST is 201", status == 201, status)
    say.that("POST has Location", "/api/v1/uploads/" in head.get("location", ""), head)
    say.that("an unfinished upload says when it expires", re.fullmatch(
        r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", head.get("upload-expires", "")), head)
    where = re.sub(r"^https?://[^/]+", "", head["location"])
    # HEAD
    status, head, body = all_have_the_version("HEAD", client.raw("HEAD", where, None, VERSION))
    say.that("HEAD is 200 or 204", status in (200, 204), status)
    say.that("HEAD has Upload-Offset", head.get("upload-offset") == "0", head)
    say.that("HEAD has Upload-Length", head.get("upload-length") == "10", head)
    say.that("HEAD is not to be cached", "no-store" in head.get("cache-control", ""), head)
    say.that("HEAD gives the metadata as it was", head.get("upload-metadata") == metadata["Upload-Metadata"], head)
    say.that("HEAD has no content", body == b"")
    # PATCH
    status, head, _ = all_have_the_version("PATCH", client.raw("PATCH", where, b"0123", {**PART, "Upload-Offset": "0"}))
    say.that("PATCH is 204", status == 204, status)
    say.that("PATCH gives the new offset", head.get("upload-offset") == "4", head)
    say.that("PATCH says when it expires", "upload-expires" in head, head)
    for name, offset in [("a lower", "0"), ("a higher", "7")]:
        status, head, _ = all_have_the_version(
            f"{name} offset", client.raw("PATCH", where, b"45", {**PART, "Upload-Offset": offset}))
        say.that(f"{name} offset is 409", status == 409, status)
    for name, changed, wanted in [
        ("another content type is 415", {"Content-Type": "application/octet-stream"}, 415),
        ("no content type is 415", {"Content-Type": None}, 415),
        ("another version is 412", {"Tus-Resumable": "0.2.2"}, 412),
        ("no version is 412", {"Tus-Resumable": None}, 412),
        ("no offset is 400", {"Upload-Offset": None}, 400),
        ("a negative offset is 400", {"Upload-Offset": "-1"}, 400),
        ("an offset that is no number is 400", {"Upload-Offset": "4x"}, 400),
        ("an unknown algorithm is 400", {"Upload-Checksum": f"md4 {b64(b'x' * 16)}"}, 400),
        ("another checksum is 460", {"Upload-Checksum": f"sha1 {b64(hashlib.sha1(b'other').digest())}"}, 460),
    ]:
        headers = {k: v for k, v in {**PART, "Upload-Offset": "4", **changed}.items() if v is not None}
        status, head, _ = all_have_the_version(name, client.raw("PATCH", where, b"45", headers))
        say.that(name, status == wanted, status)
        if wanted == 412:
            say.that(f"{name}, and says which there are", "1.0.0" in head.get("tus-version", ""), head)
    _, head, _ = client.raw("HEAD", where, None, VERSION)
    say.that("what was refused did not count", head.get("upload-offset") == "4", head)
    status, head, _ = client.raw("PATCH", where, b"45", {
        **PART, "Upload-Offset": "4", "Upload-Checksum": f"sha1 {b64(hashlib.sha1(b'45').digest())}"})
    say.that("the right checksum is taken", (status, head.get("upload-offset")) == (204, "6"), status, head)
    status, _, _ = client.raw("PATCH", where, b"6789ab", {**PART, "Upload-Offset": "6"})
    say.that("more than was announced is 4xx", 400 <= status < 500, status)
    _, head, _ = client.raw("HEAD", where, None, VERSION)
    status, head, _ = client.raw("POST", where, b"0123456789"[int(head["upload-offset"]):], {
        **PART, "Upload-Offset": head["upload-offset"], "X-HTTP-Method-Override": "PATCH"})
    say.that("the override counts", status == 204 and head.get("upload-offset") == "10", status, head)
    asset = head.get("upload-asset-id")
    status, _, data = client.raw("GET", f"/api/v1/assets/{asset}/content")
    say.that("the content is what was sent", (status, data) == (200, b"0123456789"), status, data)
    say.that("the name is the metadata's", client.get(f"/assets/{asset}")["filename"] == "größe.txt")
    status, head, _ = client.raw("HEAD", where, None, VERSION)
    say.that("a whole upload has its offset", (status, head.get("upload-offset")) == (200, "10"), status, head)
    status, _, _ = client.raw("PATCH", where, b"x", {**PART, "Upload-Offset": "10"})
    say.that("PATCH on a whole upload is 403", status == 403, status)
    # What cannot be created
    for name, headers, wanted in [
        ("no length is 400", {"Upload-Length": None}, 400), ("a length of -1 is 400", {"Upload-Length": "-1"}, 400),
        ("a length of 1e3 is 400", {"Upload-Length": "1e3"}, 400),
        ("more than the largest is 413", {"Upload-Length": str(largest + 1)}, 413),
        ("another version is 412", {"Tus-Resumable": "2.0.0"}, 412),
        ("metadata without base64 is 400", {"Upload-Metadata": "filename ü"}, 400),
        ("metadata twice is 400", {"Upload-Metadata": "a YQ==,a YQ=="}, 400),
    ]:
        headers = {k: v for k, v in {**VERSION, "Upload-Length": "5", **headers}.items() if v is not None}
        headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
        status, _, _ = all_have_the_version(f"creation: {name}", client.raw("POST", "/api/v1/uploads", b"", headers))
        say.that(f"creation: {name}", status == wanted, status)
    # Nothing, and all at once
    status, head, _ = create(client, 0)
    say.that("an empty upload is whole", status == 201 and head.get("upload-asset-id"), status, head)
    status, head, _ = client.raw("POST", "/api/v1/uploads", b"at once", {**PART, "Upload-Length": "7"})
    say.that("creation with content", (status, head.get("upload-offset")) == (201, "7"), status, head)
    # Termination
    where = re.sub(r"^https?://[^/]+", "", create(client, 10)[1]["location"])
    status, _, _ = stranger.raw("HEAD", where, None, VERSION)
    say.that("another's upload is 404", status == 404, status)
    status, _, _ = all_have_the_version("DELETE", client.raw("DELETE", where, None, VERSION))
    say.that("DELETE is 204", status == 204, status)
    for method, headers in [("HEAD", VERSION), ("PATCH", {**PART, "Upload-Offset": "0"}), ("DELETE", VERSION)]:
        status, _, _ = client.raw(method, where, b"0" if method == "PATCH" else None, headers)
        say.that(f"{method} after DELETE is 404 or 410", status in (404, 410), status)
    status, _, _ = client.raw("HEAD", f"/api/v1/uploads/{uuid.uuid4()}", None, VERSION)
    say.that("an unknown upload is 404", status == 404, status)
    report("tus", held=say.held, broken=len(say.broken))
    assert not say.broken, "\n".join(say.broken)
    assert say.held >= 40


def send_part(client, where, offset, data, cut):
    """Sends from an offset on, and tears the connection (RST) after `cut` bytes; how many bytes left us.

    The sender looks whether an answer came, as every client does that must not talk to the dead."""
    with socket.create_connection((client.host, client.port), timeout=60) as s:
        # A small buffer: what the kernel has taken from us is little more than what the other side has.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)
        lines = [f"PATCH {where} HTTP/1.1", f"Host: {client.host}", f"Authorization: Bearer {client.token}",
                 "Tus-Resumable: 1.0.0", f"Upload-Offset: {offset}", "Content-Type: application/offset+octet-stream",
                 f"Content-Length: {len(data) - offset}", "", ""]
        sent, end = 0, len(data) - offset if cut is None else min(cut, len(data) - offset)
        try:
            s.sendall("\r\n".join(lines).encode())
            while sent < end:
                sent += s.send(memoryview(data)[offset + sent:offset + min(end, sent + 65_536)])
                s.setblocking(False)
                try:
                    if s.recv(1, socket.MSG_PEEK) is not None:
                        break
                except BlockingIOError:
                    pass
                finally:
                    s.settimeout(60)
            if cut is None:
                s.recv(65_536)
                return sent
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        return sent


def test_cut_uploads(own_fleet):
    """A large file over a line that is torn at random places while storage dies now and then: it arrives whole, what was
    acknowledged is never lost, and little is sent twice."""
    fleet = own_fleet()
    client = Client(fleet.url).register()
    rng = random.Random(SEED)
    data = b"".join(rng.randbytes(MB) for _ in range(SIZE // MB)) + rng.randbytes(SIZE % MB)
    where = client.tus_create(SIZE, "cut.bin", "application/octet-stream")
    places = sorted(rng.randrange(1, SIZE) for _ in range(CUTS))
    deaths = set(sorted(rng.sample(range(CUTS), min(DEATHS, CUTS))))
    sent = offset = acknowledged = cuts = 0
    backwards = []

    def ask():
        """The offset, from a storage that may just be coming back."""
        end = time.monotonic() + 60
        while True:
            status, head, body = client.raw("HEAD", where, None, VERSION)
            if status == 200:
                return int(head["upload-offset"]), head
            assert status in (423, 502, 503, 504) and time.monotonic() < end, (status, body)
            time.sleep(0.05)
    head = {}
    while offset < SIZE:
        # Each place tears the line once; what lay behind it and was lost goes again.
        places = [p for p in places if p > offset]
        place = places.pop(0) if places else None
        if cuts in deaths and place:
            deaths.discard(cuts)
            killer = threading.Timer(rng.uniform(0, 0.2), lambda: fleet.restart("storage"))
            killer.start()
            more = send_part(client, where, offset, data, place - offset)
            killer.join()
        else:
            more = send_part(client, where, offset, data, place - offset if place else None)
        cuts += 1
        sent += more
        offset, head = ask()
        if offset < acknowledged:
            backwards.append((acknowledged, offset))
        acknowledged = max(acknowledged, offset)
    again = sent - SIZE
    asset = head["upload-asset-id"]
    assert client.get(f"/assets/{asset}")["sha256"] == hashlib.sha256(data).hexdigest()
    status, _, content = client.raw("GET", f"/api/v1/assets/{asset}/content")
    report("cut-uploads", bytes=SIZE, cuts=cuts - 1, deaths=DEATHS - len(deaths), sent_again=again,
           share=f"{again / SIZE:.4f}", backwards=len(backwards))
    assert status == 200 and hashlib.sha256(content).digest() == hashlib.sha256(data).digest()
    assert not backwards, backwards
    assert cuts > CUTS / 2 and len(deaths) < DEATHS
    # A cut costs what was under way in the buffers between us and the disk.
    assert again <= max(SIZE * 0.05, cuts * MB / 2), again


def test_one_upload_two_senders(client):
    """Two clients that go on with one upload at the same time: one wins, and nothing is mixed."""
    data = random.Random(SEED).randbytes(3 * MB)
    where = client.tus_create(len(data), "two.bin", "application/octet-stream")
    said = []

    def send():
        status, head, _ = client.raw("PATCH", where, data, {**PART, "Upload-Offset": "0"})
        said.append(status)
    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert said.count(204) == 1 and set(said) <= {204, 403, 409, 423}, said
    asset = client.tus_head(where)[1]["upload-asset-id"]
    assert client.get(f"/assets/{asset}")["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 65_536])
def test_sizes_at_the_edge(client, size):
    data = os.urandom(size)
    status, head, _ = client.raw("POST", "/api/v1/uploads", data, {**PART, "Upload-Length": str(size)})
    assert status == 201
    assert client.get(f"/assets/{head['upload-asset-id']}")["sha256"] == hashlib.sha256(data).hexdigest()
