"""R24: ranges through the gateway, from the object folder: right bytes, right words, and a flood that costs nothing."""

import random
import re
import socket

import pytest

from chaos import SEED, report
from client import Client

SIZE = (8 << 20) + 321


@pytest.fixture(scope="module")
def stored(fleet):
    """A person, an asset, and its bytes."""
    client = Client(fleet.url).register()
    data = random.Random(SEED).randbytes(SIZE)
    location = client.tus_create(SIZE, "ranges.bin", "application/octet-stream")
    _, headers = client.tus_patch(location, 0, data)
    return client, f"/api/v1/assets/{headers['upload-asset-id']}/content", data


def ask(stored, field, method="GET", **more):
    client, path, _ = stored
    return client.raw(method, path, None, {**({"Range": field} if field else {}), **more})


def expected(field, size):
    """RFC 9110 §14 as it reads, for fields that are well formed: `None` for 416, a pair, or "several"."""
    parts = []
    for one in field.split("=", 1)[1].split(","):
        first, last = one.strip().split("-")
        if not first:
            if int(last):
                parts.append((max(0, size - int(last)), size))
        elif int(first) < size:
            parts.append((int(first), min(size, int(last) + 1) if last else size))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else "several"


def test_single_ranges(stored):
    _, _, data = stored
    rng = random.Random(SEED)
    fields = ["bytes=0-0", f"bytes={SIZE - 1}-", f"bytes={SIZE - 1}-{SIZE - 1}", "bytes=0-", "bytes=-1", f"bytes=-{SIZE}",
              f"bytes=-{SIZE + 1}", f"bytes=0-{SIZE}", f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 9}", "bytes=-0",
              f"bytes={10 ** 18}-", f"bytes=5-{10 ** 18}", "Bytes=1-2", "bytes= 3-4"]
    for _ in range(130):
        first, length = rng.randrange(SIZE), rng.choice([1, 2, 1000, 65_536, 300_000])
        fields.append(rng.choice([f"bytes={first}-{first + length - 1}", f"bytes={first}-", f"bytes=-{length}"]))
    for field in fields:
        status, headers, body = ask(stored, field)
        wanted = expected(field.lower(), SIZE)
        if wanted is None:
            assert status == 416 and headers["content-range"] == f"bytes */{SIZE}", (field, status, headers)
            continue
        first, end = wanted
        assert status == 206, (field, status)
        assert headers["content-range"] == f"bytes {first}-{end - 1}/{SIZE}", (field, headers)
        assert headers["content-length"] == str(end - first) and body == data[first:end], field


@pytest.mark.parametrize("field", [
    "bytes=", "bytes=x-y", "bytes=5", "bytes=9-3", "bytes=-", "bytes=1-2-3", "lines=1-2", "bytes 1-2", "bytes=--5",
    "bytes=0x1-2", "bytes=1-2;3-4", "bytes=" + "9" * 5000 + "-"])
def test_what_is_no_range_is_all_of_it(stored, field):
    status, headers, body = ask(stored, field)
    assert status in (200, 431), status
    if status == 200:
        assert headers["content-length"] == str(SIZE) and body == stored[2] and "content-range" not in headers


def test_several_ranges(stored):
    """The server may answer several with all of it, or with one where they touch; never with other bytes."""
    _, _, data = stored
    rng = random.Random(SEED)
    for _ in range(20):
        starts = sorted(rng.randrange(SIZE) for _ in range(rng.randint(2, 6)))
        field = "bytes=" + ",".join(f"{start}-{start + rng.randrange(5000)}" for start in starts)
        status, headers, body = ask(stored, field)
        assert status in (200, 206), (field, status)
        if status == 200:
            assert body == data
        else:
            first, last = map(int, re.fullmatch(rf"bytes (\d+)-(\d+)/{SIZE}", headers["content-range"]).groups())
            assert body == data[first:last + 1]


def test_conditions(stored):
    _, _, data = stored
    _, headers, _ = ask(stored, "bytes=0-0")
    tag = headers["etag"]
    for value, wanted in [(tag, 206), ('"other"', 200), ("W/" + tag, 200), ("Sat, 01 Jan 2000 00:00:00 GMT", 200)]:
        status, _, body = ask(stored, "bytes=1-2", **{"If-Range": value})
        assert (status, body) == (wanted, data[1:3] if wanted == 206 else data), value
    assert ask(stored, "bytes=1-2", **{"If-None-Match": tag})[0] == 304
    assert ask(stored, "bytes=1-2", **{"If-Match": '"other"'})[0] == 412


def test_head_says_how_long_it_is(stored):
    status, headers, body = ask(stored, None, "HEAD")
    assert (status, headers["content-length"], body) == (200, str(SIZE), b"") and headers["accept-ranges"] == "bytes"


def test_a_flood_of_ranges(fleet, stored):
    """A thousand ranges in one field, a thousand requests whose readers go away: memory stays where it is."""
    client, path, data = stored
    before = {name: fleet.memory(name)[0] for name in ("gateway", "storage")}
    field = "bytes=" + ",".join(f"{n}-" for n in range(500))
    status, headers, body = ask(stored, field)
    assert status == 206 and headers["content-range"] == f"bytes 0-{SIZE - 1}/{SIZE}" and body == data
    assert ask(stored, "bytes=" + ",".join(f"{n}-" for n in range(1000)))[0] in (200, 206, 431)
    held = []
    for number in range(1000):
        s = socket.create_connection((client.host, client.port), timeout=20)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall((f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
                   f"Range: bytes={number}-\r\n\r\n").encode())
        held.append(s)
        if len(held) >= 100:
            held.pop(0).close()
    most = {name: fleet.memory(name)[0] for name in before}
    for s in held:
        s.close()
    grown = {name: (most[name] - before[name]) >> 20 for name in before}
    report("range-flood", **{name: f"{mib} MiB" for name, mib in grown.items()})
    assert all(mib < 32 for mib in grown.values()), grown
    assert ask(stored, "bytes=0-9")[2] == data[:10]
