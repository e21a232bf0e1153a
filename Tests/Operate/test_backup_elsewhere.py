"""R54: each service's database reached by its own role, objects in an S3 store; brought back into another installation."""

import os
import re
import shutil
import subprocess
import threading
import time

from backup_source import OWNERS
from checks import RUN, TOOLS, check, missing
from client import ApiError, Client
from fleet import Fleet, free_ports
from restore_mend import MUST
from running import start_fleet
from test_backup import NOTHING, TAKEN, Load, judge, make_key, words


class Store:
    """An S3 endpoint, and how its users are told of it."""

    def __init__(self, folder):
        self.script = os.path.join(TOOLS or "/nowhere", "s3proxy", "s3proxy")
        if not os.access(self.script, os.X_OK) or not shutil.which("java"):
            missing("an S3 store: ATELIER_TEST_TOOLS names none")
        shutil.rmtree(folder, ignore_errors=True)
        self.folder, (port,) = folder, free_ports(1)
        subprocess.run([self.script, "start", "--dir", folder, "--port", str(port), "--bucket", "atelier"], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
        self.environment = {"OBJECT_STORE": "s3", "S3_ENDPOINT": f"http://127.0.0.1:{port}", "S3_BUCKET": "atelier",
                            "S3_ACCESS_KEY": "atelier", "S3_SECRET_KEY": "atelier-secret"}

    def stop(self):
        subprocess.run([self.script, "kill", "--dir", self.folder], stdout=subprocess.DEVNULL, timeout=60)


class Worker(Load):
    """Also makes projects: events that several services hear of."""

    def run(self):
        client = Client(self.url, timeout=300).register(self.name_ + "p")
        thread = threading.Thread(target=super().run, daemon=True)
        thread.start()
        while not self.over:
            try:
                client.post("/projects", {"title": "A cut goes through here", "type": "video"})
            except (OSError, ApiError):
                pass
            time.sleep(0.005)
        thread.join()


@check("R54", "one database for each role, objects in S3, restored elsewhere: no schema knows of an event that was never sent")
def test_elsewhere():
    folder = os.path.join(RUN, "backup-elsewhere-copies")
    shutil.rmtree(folder, ignore_errors=True)
    key, repository = make_key(folder), os.path.join(folder, "copies")
    stores = [Store(os.path.join(folder, name)) for name in ("s3", "s3-elsewhere")]
    fleet = other = None
    try:
        fleet = start_fleet("backup-s3", {**stores[0].environment, "SWEEP_INTERVAL_MS": "300"}, own_broker=True)
        secret = os.path.join(folder, "secret")
        with open(secret, "w") as f:
            f.write("atelier-secret\n")
        reach = {**stores[0].environment, "S3_SECRET_KEY": "", "S3_SECRET_KEY_FILE": secret, "BACKUP_FOLDER": repository,
                 "BACKUP_RECIPIENTS": key + ".pub", "BACKUP_KEY": key}
        reach |= {f"{name.upper().replace('-', '_')}_DATABASE_URL": fleet.postgres.url(role) for name, (role, _) in OWNERS.items()}
        loads = [Worker(fleet.url, seed, 0.1) for seed in range(2)]
        for load in loads:
            load.start()
        time.sleep(3)
        pauses, cut = [], 0
        for _ in range(3):
            cut = time.time()
            said = words("backup", "--keep", "2", environment=reach)
            pauses.append(int(re.search(r"8 databases, writers of events waited (\d+) ms", said)[1]))
        for load in loads:
            load.over = True
        for load in loads:
            load.join()
        copies = [line.split()[0] for line in words("backup", "--list", environment=reach).splitlines()]
        assert len(copies) == 2
        for name in copies:
            verified = words("restore", name, "--verify", environment=reach)
            assert "0 events handled that nobody sent" in verified
        print(said, verified, sep="\n")

        other = Fleet(os.path.join(RUN, "backup-elsewhere"), environment={**fleet.extra, **stores[1].environment})
        other.postgres.wipe()
        other.secrets = fleet.secrets
        other.postgres.start()
        there = {**reach, **stores[1].environment, "S3_SECRET_KEY_FILE": "", "ADMIN_DATABASE_URL": other.postgres.url("postgres")}
        there |= {name: "" for name in there if name.endswith("_DATABASE_URL") and name != "ADMIN_DATABASE_URL"}
        words("restore", "20000101T000000Z", environment=there, code=NOTHING)
        restored = words("restore", "latest", environment=there)
        print(restored)
        assert "tables already" in words("restore", "latest", environment=there, code=TAKEN)
        words("restore", "latest", "--overwrite", environment=there)
        # The question that found nothing can find something.
        question = MUST["events handled that nobody sent"]
        newest = "SELECT event_id FROM analytics.inbox ORDER BY handled_at DESC, event_id"
        assert other.postgres.sql(question).strip() == "0"
        lost = other.postgres.sql(f"SELECT event_id FROM project.outbox WHERE event_id IN ({newest}) LIMIT 1").strip()
        row = other.postgres.sql(f"DELETE FROM project.outbox WHERE event_id = '{lost}' RETURNING topic").strip()
        assert row and other.postgres.sql(question).strip() != "0"
        other.postgres.stop()
        other.start(deadline=180)
        kept, gone = judge(other, loads, cut)
        assert kept > 10
        return (f"3 cuts through 8 databases under load, writers waited {max(pauses)} ms at most; restored elsewhere: "
                f"{kept} uploads as they were, {gone} deletions kept")
    finally:
        for one in (fleet, other):
            if one:
                one.stop()
        for store in stores:
            store.stop()
        shutil.rmtree(folder)
