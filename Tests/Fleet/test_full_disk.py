"""R17: the disk under the objects is full. Nothing is half there, everybody is told so, and room is enough to go on."""

import json
import os
import random
import subprocess
import uuid

import pytest

from chaos import SEED, eventually, report
from client import Client

MB = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 64 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"SKIPPED: a full disk; no tmpfs can be mounted here ({made.stderr.strip()})")
    yield str(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


def upload(client, data):
    return client.raw("POST", "/api/v1/assets?filename=a.bin", data, {
        "Content-Type": "application/octet-stream", "Idempotency-Key": str(uuid.uuid4())})


def files(folder):
    return {os.path.join(base, name): os.path.getsize(os.path.join(base, name))
            for base, _, names in os.walk(folder) for name in names}


def test_the_disk_is_full(own_fleet, small_disk):
    fleet = own_fleet(per_service={"storage": {"OBJECT_FOLDER": small_disk, "SWEEP_INTERVAL_MS": "200"}})
    client = Client(fleet.url).register()
    rng, pid = random.Random(SEED), fleet.processes["storage"].pid
    large = rng.randbytes(20 * MB)
    where = client.tus_create(len(large), "large.bin", "application/octet-stream")
    offset, _ = client.tus_patch(where, 0, large[:MB])
    kept, refused = {}, []
    for _ in range(12):
        data = rng.randbytes(7 * MB)
        status, headers, answer = upload(client, data)
        if status == 201:
            kept[json.loads(answer)["id"]] = data
            continue
        assert status in (503, 507) and json.loads(answer)["code"] and "retry-after" in headers, (status, answer)
        refused.append(status)
    assert 4 <= len(kept) <= 9 and refused
    # What goes on where it was cut off keeps what had room.
    status, _, answer = client.raw("PATCH", where, large[offset:], {
        "Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
    assert status in (503, 507), (status, answer)
    stopped, _ = client.tus_head(where)
    assert MB <= stopped < len(large)
    # Reading goes on; what is listed is whole; nothing lies beside it but the upload that waits.
    for identifier, data in kept.items():
        status, _, content = client.raw("GET", f"/api/v1/assets/{identifier}/content")
        assert status == 200 and content == data
    assert {asset["id"] for asset in client.get("/assets?limit=100")["items"]} == set(kept)
    wanted = sorted([7 * MB] * len(kept) + [stopped])
    assert eventually(lambda: sorted(files(small_disk).values()), lambda sizes: sizes == wanted, 30) == wanted
    assert fleet.is_ready("storage")
    # Room again: the same process goes on.
    for identifier in list(kept)[:4]:
        client.call("DELETE", f"/assets/{identifier}")
    eventually(lambda: len(files(small_disk)), lambda count: count == len(kept) - 4 + 1, 30)
    client.tus_patch(where, stopped, large[stopped:])
    asset = client.tus_head(where)[1]["upload-asset-id"]
    assert client.raw("GET", f"/api/v1/assets/{asset}/content")[2] == large
    assert upload(client, b"small")[0] == 201
    report("full-disk", kept=len(kept), refused=len(refused), answers=sorted(set(refused)), stopped_at=stopped)
    assert fleet.processes["storage"].pid == pid and fleet.processes["storage"].poll() is None
