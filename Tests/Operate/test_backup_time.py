"""R54: the database brought to a point in time, by the commands of deploy/runbooks/PointInTime.md."""

import glob
import os
import re
import shutil
import time

from checks import ROOT, RUN, check
from client import PASSWORD, ApiError, Client
from running import start_fleet
from test_backup import content, words

PHOTO = os.path.join(ROOT, "Tests", "Media", "coffee.png")


def settings(page, number):
    """A block of Postgres' settings in the runbook."""
    with open(os.path.join(ROOT, "deploy", "runbooks", page)) as f:
        found = re.findall(r"^ *```ini\n(.*?)^ *```", f.read(), re.S | re.M)
    return re.sub(r"^ +", "", found[number], flags=re.M)


def configure(postgres, text):
    with open(os.path.join(postgres.data, "postgresql.auto.conf"), "a") as conf:
        conf.write(text)


@check("R54", "the database at a point in time: base copy, archived WAL, recovery_target_time; then restore --mend")
def test_point_in_time():
    fleet = start_fleet("backup-time", {"SWEEP_INTERVAL_MS": "200"}, own_broker=True)
    postgres = fleet.postgres
    archive, base = (os.path.join(postgres.folder, name) for name in ("archive", "base"))
    for folder in (archive, base):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        os.makedirs(archive)
        shutil.chown(archive, os.stat(postgres.data).st_uid, os.stat(postgres.data).st_gid)
        configure(postgres, settings("PointInTime.md", 0).replace("/srv/wal", archive))
        postgres.stop()
        postgres.start()
        fleet.wait_ready(60)
        postgres.run("pg_basebackup", "-h", postgres.folder, "-U", "postgres", "-D", base, "-X", "none", "-c", "fast")
        early = Client(fleet.url, timeout=300).register()
        kept, doomed = early.upload(PHOTO, None, "image/png")["id"], early.upload(PHOTO, None, "image/png")["id"]
        time.sleep(1.1)
        moment = postgres.sql("SELECT now()").strip()
        time.sleep(1.1)
        late = Client(fleet.url, timeout=300).register()
        early.call("DELETE", f"/assets/{doomed}")
        early.wait(lambda: postgres.sql("SELECT count(*) FROM storage.garbage").strip(), lambda n: n == "0", 30)
        postgres.sql("SELECT pg_switch_wal()")
        early.wait(lambda: len(os.listdir(archive)), lambda n: n >= 2, 30)
        # The last piece of the log dies with the disk: what is in the archive is what there is.
        for name in [n for n in fleet.processes if n != "sandbox"]:
            fleet.kill(name)
        postgres.stop("immediate")

        began = time.monotonic()
        shutil.rmtree(postgres.data)
        shutil.copytree(base, postgres.data)
        for path in [postgres.data, *glob.glob(postgres.data + "/**", recursive=True)]:
            owner = os.stat(base)
            os.chown(path, owner.st_uid, owner.st_gid)
        configure(postgres, settings("PointInTime.md", 1).replace("/srv/wal", archive).replace(
            "2026-01-01 12:00:00+00", moment))
        open(os.path.join(postgres.data, "recovery.signal"), "w").close()
        shutil.chown(os.path.join(postgres.data, "recovery.signal"), owner.st_uid, owner.st_gid)
        postgres.run("pg_ctl", "-D", postgres.data, "-w", "-l", os.path.join(postgres.folder, "log"), "start")
        early.wait(lambda: postgres.sql("SELECT pg_is_in_recovery()").strip(), lambda r: r == "f", 60)
        database = time.monotonic() - began
        said = words("restore", "--mend", "--fleet", fleet.folder)
        assert re.search(r"[1-9]\d* objects had been deleted since", said), said
        for name in ["broker", *[n for n in fleet.processes if n not in ("broker", "sandbox")]]:
            fleet.spawn(name)
        fleet.wait_ready(120)
        early = Client(fleet.url).login(early.user["email"], PASSWORD)
        assert content(early, kept) and content(early, doomed) is None
        try:
            Client(fleet.url).login(late.user["email"], PASSWORD)
            raise AssertionError("who registered after the moment is still there")
        except ApiError as error:
            assert error.status == 401
        early.post("/projects", {"title": "After", "type": "video"})
        return f"database at the moment after {database:.1f} s, the fleet ready after {time.monotonic() - began:.1f} s"
    finally:
        fleet.stop()
