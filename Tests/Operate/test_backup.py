"""R54: a copy made while people work; everything is destroyed; the copy is brought back; the world outside is the judge.

The sandbox (networks, mail) lives on and keeps what it was sent: it would see a second post. The broker dies with its log.
R54_MB is how much is uploaded before, R54_TO a folder that outlives the test."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import threading
import time
import urllib.request
import uuid

from checks import ROOT, RUN, check, missing
from client import PASSWORD, ApiError, Client
from demo import connect_account
from running import start_fleet

PHOTO = os.path.join(ROOT, "Tests", "Media", "coffee.png")
MB = int(os.environ.get("R54_MB", "128"))
BROKEN, NOTHING, TAKEN = 65, 66, 73


def words(*arguments, code=0, environment=None):
    """Runs a script as an operator would; what it said."""
    done = subprocess.run([os.path.join(ROOT, "scripts", arguments[0]), *map(str, arguments[1:])], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=900, env={**os.environ, **(environment or {})})
    assert done.returncode == code, f"{' '.join(map(str, arguments))}: {done.returncode} instead of {code}\n{done.stdout[-3000:]}"
    return done.stdout


def make_key(folder):
    for program in ("age-keygen", "pg_dump"):
        if not shutil.which(program):
            missing(f"{program} is not installed: scripts/setup, then apt-get install age")
    os.makedirs(folder, exist_ok=True)
    key = os.path.join(folder, uuid.uuid4().hex + ".key")
    subprocess.run(["age-keygen", "-o", key], check=True, stderr=subprocess.DEVNULL)
    with open(key + ".pub", "w") as f:
        subprocess.run(["age-keygen", "-y", key], check=True, stdout=f)
    return key


class Load(threading.Thread):
    """A person who uploads, deletes, and writes down what was accepted and when."""

    def __init__(self, url, seed, pace=0.02):
        super().__init__(daemon=True)
        self.random, self.name_, self.url = random.Random(seed), f"r54-{seed}-{uuid.uuid4().hex[:6]}", url
        self.accepted, self.deleted, self.asked, self.over, self.pace = {}, {}, {}, False, pace

    def run(self):
        client = Client(self.url).register(self.name_)
        self.registered = time.time()
        while not self.over:
            data = self.random.randbytes(self.random.randint(1, 300_000))
            try:
                status, _, body = client.raw("POST", "/api/v1/assets?filename=x.bin", data, {
                    "Content-Type": "application/octet-stream", "Idempotency-Key": str(uuid.uuid4())})
                if status == 201:
                    self.accepted[json.loads(body)["id"]] = (hashlib.sha256(data).hexdigest(), time.time())
                if self.random.random() < 0.2 and self.accepted:
                    asset = self.random.choice(list(self.accepted))
                    if asset not in self.asked:
                        self.asked[asset] = time.time()
                        client.call("DELETE", f"/assets/{asset}")
                        self.deleted[asset] = time.time()
            except (OSError, ApiError):
                pass
            time.sleep(self.pace)


def content(client, asset):
    """The SHA-256 of an asset's content; None where it is not there. A connection that breaks is another matter: it asks again."""
    for attempt in range(5):
        try:
            status, _, data = client.raw("GET", f"/api/v1/assets/{asset}/content")
            break
        except OSError:
            if attempt == 4:
                raise
            time.sleep(1)
    assert status in (200, 404), f"{asset}: {status}"
    return hashlib.sha256(data).hexdigest() if status == 200 else None


def history(fleet, action):
    with open(os.path.join(fleet.folder, "history.jsonl")) as f:
        return [e for e in map(json.loads, f) if e["action"] == action and e["outcome"] == "ok"]


def mails(fleet):
    with urllib.request.urlopen(fleet.sandbox_url + "/mails", timeout=10) as answer:
        found = json.load(answer)
    return [json.dumps({k: v for k, v in m.items() if k not in ("at", "id")}, sort_keys=True)
            for m in (found["items"] if isinstance(found, dict) else found)]


def published(client, asset, account, **more):
    publication = client.post("/publish", {"assetId": asset, "accountIds": [account], "caption": "R54", **more})["id"]
    return publication, lambda: client.wait(
        lambda: client.get(f"/publications/{publication}"), lambda p: p["status"] == "published", 120)


def destroy(fleet):
    """What a fire leaves: the world outside, the secrets, and the copies."""
    for name in [n for n in fleet.processes if n != "sandbox"]:
        fleet.kill(name)
    fleet.postgres.stop("immediate")
    fleet.postgres.wipe()
    shutil.rmtree(os.path.join(fleet.folder, "objects"))


def refusals(fleet, repository, name, key, folder):
    """What restore must not touch anything for, with what it says."""
    other = make_key(folder)

    def refused(damage, code, said, with_key=key):
        scratch = os.path.join(folder, "scratch")
        shutil.rmtree(scratch, ignore_errors=True)
        # Links: a damage makes a file of its own.
        shutil.copytree(repository, scratch, copy_function=os.link)
        damage(scratch)
        answer = words("restore", name, "--from", scratch, "--key", with_key, "--fleet", fleet.folder, code=code)
        assert said in answer, answer

    def change(path, edit):
        with open(path, "rb") as f:
            data = edit(f.read())
        os.remove(path)
        with open(path, "wb") as f:
            f.write(data)

    def pack(scratch):
        packs = os.path.join(scratch, "packs")
        return os.path.join(packs, next(n for n in sorted(os.listdir(packs)) if n.endswith(".age")))
    dump = os.path.join("backups", name, "storage.dump.age")
    refused(lambda s: change(pack(s), lambda d: d[:len(d) // 2] + bytes([d[len(d) // 2] ^ 1]) + d[len(d) // 2 + 1:]),
            BROKEN, "is damaged: its SHA-256 is another")
    refused(lambda s: change(os.path.join(s, dump), lambda d: d[:-1000]), BROKEN, "storage.dump.age is truncated")
    refused(lambda s: os.remove(pack(s)), BROKEN, "is missing")
    refused(lambda s: change(os.path.join(s, "backups", name, "backup.json"), lambda d: d[:100]), BROKEN, "is damaged")
    refused(lambda s: None, BROKEN, "sealed for another key", other)
    refused(lambda s: os.remove(os.path.join(s, "atelier-backups.json")), NOTHING, "is not a folder of copies")
    return 6


def judge(fleet, loads, cut):
    """Everything that was accepted before the cut, by the people's own notes: (there, deleted and not there)."""
    there = gone = 0
    for load in loads:
        client = Client(fleet.url).login(f"{load.name_}@example.org", PASSWORD)
        for asset, (digest, at) in load.accepted.items():
            if at < cut and asset not in load.asked:
                assert content(client, asset) == digest, f"{asset}, accepted {cut - at:.2f} s before the cut, is not there"
                there += 1
            elif load.deleted.get(asset, cut) < cut:
                assert content(client, asset) is None, f"{asset} was deleted before the cut"
                gone += 1
            else:
                # Of the moment of the cut or after it: there and right, or not there.
                assert content(client, asset) in (digest, None)
    return there, gone


@check("R54", "everything destroyed under load and brought back: the world outside sees nothing lost and nothing twice")
def test_restore():
    folder = os.environ.get("R54_TO") or os.path.join(RUN, "backup-copies")
    shutil.rmtree(folder, ignore_errors=True)
    key = make_key(folder)
    repository = os.path.join(folder, "copies")
    fleet = start_fleet("backup", {"SWEEP_INTERVAL_MS": "300"}, own_broker=True)
    loads = [Load(fleet.url, seed) for seed in range(3)]
    try:
        client = Client(fleet.url, timeout=300).register()
        email = client.user["email"]
        preferences = client.get("/preferences")
        preferences["emailKinds"] = ["publication.published"]
        client.call("PUT", "/preferences", preferences)
        account = connect_account(client, fleet)
        project = client.post("/projects", {"title": "Before", "type": "video"})["id"]
        photo = client.upload(PHOTO, project, "image/png")["id"]
        _, wait = published(client, photo, account, projectId=project)
        wait()
        client.wait(lambda: mails(fleet), lambda m: len(m) == 1, 60)
        made = lambda: [j["status"] for j in client.get(f"/jobs?projectId={project}")["items"]]
        client.wait(made, lambda found: len(found) >= 2 and set(found) == {"succeeded"}, 120)
        large = {}
        for number in range(MB // 16):
            path = os.path.join(fleet.folder, "large.bin")
            data = random.Random(number).randbytes(16 << 20)
            with open(path, "wb") as f:
                f.write(data)
            large[client.upload(path, project)["id"]] = hashlib.sha256(data).hexdigest()
        for load in loads:
            load.start()
        time.sleep(2)
        # An earlier copy: the second one takes only what is new. And a post that falls due after its cut.
        first = words("backup", "--to", repository, "--recipients", key + ".pub", "--fleet", fleet.folder)
        due = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 15))
        late, late_out = published(client, photo, account, publishAt=due)
        waiting = client.get(f"/publications/{late}")["status"]
        began = time.time()
        said = words("backup", "--to", repository, "--recipients", key + ".pub", "--fleet", fleet.folder)
        ended = time.time()
        print(first, said, sep="\n")
        name = said.rsplit("copy ", 1)[1].split(":")[0]
        cut = time.mktime(time.strptime(name, "%Y%m%dT%H%M%SZ")) - time.timezone
        cut = max(cut, began)
        assert waiting == "scheduled"
        over = words("restore", name, "--from", repository, "--key", key, "--fleet", fleet.folder, code=TAKEN)
        assert "is running" in over
        late_out()
        client.wait(lambda: mails(fleet), lambda m: len(m) == 2, 60)
        lost_time = time.time() - cut
        for load in loads:
            load.over = True
        for load in loads:
            load.join()
        verified = words("restore", name, "--from", repository, "--key", key, "--verify")
        print(verified)
        posts, letters = history(fleet, "post"), mails(fleet)
        assert len(posts) == 2

        destroy(fleet)
        refused = refusals(fleet, repository, name, key, folder)
        at = time.monotonic()
        fleet.postgres.start()
        assert fleet.postgres.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'storage'::regnamespace").strip() == "0"
        restored = words("restore", name, "--from", repository, "--key", key, "--fleet", fleet.folder)
        print(restored)
        again = words("restore", name, "--from", repository, "--key", key, "--fleet", fleet.folder, code=TAKEN)
        assert "tables already" in again
        for process in ["broker", *[n for n in fleet.processes if n not in ("broker", "sandbox")]]:
            fleet.spawn(process)
        fleet.wait_ready(120)
        client = Client(fleet.url).login(email, PASSWORD)
        with open(PHOTO, "rb") as f:
            assert content(client, photo) == hashlib.sha256(f.read()).hexdigest()
        recovery = time.monotonic() - at
        for asset, digest in large.items():
            assert content(client, asset) == digest
        there, gone = judge(fleet, loads, cut)
        assert there > 20 and gone
        # No row of any workspace names an object that is not there.
        keys = fleet.postgres.sql(
            "SELECT storage_key FROM storage.asset UNION ALL SELECT storage_key FROM storage.rendition").split()
        assert not [k for k in keys if not os.path.exists(os.path.join(fleet.folder, "objects", "objects", k))]
        # The post that was made after the cut is found at its network, and not made again.
        found = client.wait(lambda: client.get(f"/publications/{late}"), lambda p: p["status"] == "published", 120)
        assert found["targets"][0]["postId"] == posts[-1]["detail"]["post"]
        client.wait(lambda: fleet.postgres.sql(
            "SELECT sum(n) FROM (" + " UNION ALL ".join(f"SELECT count(*) AS n FROM {s}.outbox WHERE sent_at IS NULL" for s in (
                "user_", "project", "storage", "media", "ml", "publisher", "notifier", "analytics")) + ") w").strip(),
            lambda n: n == "0", 120)
        time.sleep(3)
        assert [p["key"] for p in history(fleet, "post")] == [p["key"] for p in posts], "a second post"
        new_letters = mails(fleet)[len(letters):] if len(mails(fleet)) > len(letters) else []
        # It goes on.
        _, wait = published(client, photo, account)
        wait()
        assert len(history(fleet, "post")) == 3
        newcomer = Client(fleet.url).register()
        project = newcomer.post("/projects", {"title": "After", "type": "video"})["id"]
        newcomer.upload(PHOTO, project, "image/png")
        newcomer.wait(lambda: [j["status"] for j in newcomer.get(f"/jobs?projectId={project}")["items"]],
                      lambda found: len(found) >= 2 and set(found) == {"succeeded"}, 120)
        return (f"{there} uploads as they were, {gone} deletions kept, 0 rows in vain, {refused + 2} refusals; second posts 0, "
                f"mails of the {lost_time:.0f} s after the cut told again {len(new_letters)}; RPO: the copy's age, made in "
                f"{ended - began:.1f} s; RTO {recovery:.1f} s for {MB} MB")
    finally:
        fleet.stop()
        if not os.environ.get("R54_TO"):
            shutil.rmtree(folder)
