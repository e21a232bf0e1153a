"""A part of scripts/cluster-test: from a copy that the chart's CronJob made to an installation that has lost everything else."""

import hashlib
import json
import os
import random
import re
import shutil
import time

from client import PASSWORD
from cluster_pods import all_ready, need, proved, service_pods
from cluster_world import FOLDER, RELEASE, TAG, kubectl, merged, run, wait
from fleet import ROOT

CLAIM, RECIPIENTS = "atelier-copies", "atelier-recipients"


def copies(world):
    """The chart's CronJob copies; Postgres, Kafka and S3 are lost; the copy is brought back, and everything is there again."""
    person = world.client().register()
    project = person.post("/projects", {"title": "Before the loss", "type": "video"})["id"]
    data = random.Random(11).randbytes(5 << 20)
    asset, half = put(person, data), person.tus_create(len(data), "half.bin", "application/octet-stream")
    person.tus_patch(half, 0, data[:len(data) // 2])
    enable(world)
    took = copy_now()
    after = person.post("/projects", {"title": "After the copy", "type": "video"})["id"]
    began = time.monotonic()
    lose(world)
    said = re.search(r"restored in \S+ s", runbook("copy-back"))
    kubectl("scale", "deployment", "-l", f"app.kubernetes.io/instance={RELEASE}", "--replicas=2")
    wait("all pods are ready", all_ready, 300)
    seconds = time.monotonic() - began

    person.login(person.user["email"], PASSWORD)
    there = {entry["id"] for entry in person.get("/projects?limit=100")["items"]}
    need(project in there, "the project of before the copy is not there")
    need(after not in there, "a project of after the copy is there: the stores were not lost")
    need(person.get(f"/assets/{asset}")["sha256"] == hashlib.sha256(data).hexdigest(), "the asset is another one")
    status, _, found = person.raw("GET", f"/api/v1/assets/{asset}/content")
    need(status == 200 and found == data, f"the asset's content: {status}, {len(found)} bytes")
    # Its pieces are in no copy: it is ended, and nothing half is taken for whole.
    status, _, _ = person.raw("HEAD", half, None, {"Tus-Resumable": "1.0.0"})
    need(status in (404, 410), f"the upload that was not whole answers {status}")
    again = put(person, data)
    need(person.get(f"/assets/{again}")["sha256"] == hashlib.sha256(data).hexdigest(), "a new upload is another one")
    proved("copies", "a copy by the CronJob; Postgres, Kafka and S3 lost; the copy brought back",
           f"copied in {took:.0f} s, {said and said.group()}; serving again {seconds:.0f} s after the loss began")


def copy_now():
    """A copy outside of the CronJob's times; the seconds it took."""
    began = time.monotonic()
    kubectl("create", "job", "copy-now", "--from", f"cronjob/{RELEASE}-backup")

    def ended():
        status = json.loads(kubectl("get", "job", "copy-now", "-o", "json"))["status"]
        need(not status.get("failed"), "the copy failed:\n" + kubectl("logs", "job/copy-now", "--tail=20", check=False))
        return status.get("succeeded")
    wait("a copy", ended, 300)
    return time.monotonic() - began


def put(person, data):
    location = person.tus_create(len(data), "whole.bin", "application/octet-stream")
    _, headers = person.tus_patch(location, 0, data)
    return headers.get("upload-asset-id") or person.tus_head(location)[1]["upload-asset-id"]


def enable(world):
    """Key, claim and values, as an operator makes them."""
    key = os.path.join(FOLDER, "backup.key")
    run("age-keygen", "-o", key)
    with open(key + ".pub", "w") as f:
        f.write(run("age-keygen", "-y", key))
    kubectl("create", "secret", "generic", RECIPIENTS, f"--from-file=recipients={key}.pub")
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": CLAIM},
             "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}}
    path = os.path.join(FOLDER, "claim.json")
    with open(path, "w") as f:
        json.dump(claim, f)
    kubectl("apply", "-f", path)
    world.install(merged(world.values(TAG), {"backup": {
        "enabled": True, "image": f"atelier/backup:{TAG}", "claim": CLAIM, "recipients": RECIPIENTS}}))


def runbook(text):
    """The block of deploy/runbooks/Restore.md that has this text, done as an operator would do it."""
    with open(os.path.join(ROOT, "deploy", "runbooks", "Restore.md")) as f:
        block, = (block for block in re.findall(r"^ *```sh\n(.*?)^ *```", f.read(), re.S | re.M) if text in block)
    return run("bash", "-euo", "pipefail", "-c", block, cwd=FOLDER)


def lose(world):
    """Services stopped; a database, a broker and a bucket that are new and empty."""
    kubectl("scale", "deployment", "-l", f"app.kubernetes.io/instance={RELEASE}", "--replicas=0")
    wait("all pods are gone", lambda: not service_pods() and not kubectl(
        "get", "pods", "-l", f"app.kubernetes.io/instance={RELEASE}", "--field-selector=status.phase=Running", "-o", "name"), 180)
    world.kafka("stop")
    shutil.rmtree(os.path.join(FOLDER, "kafka"))
    world.start_kafka()
    world.s3("stop")
    shutil.rmtree(os.path.join(FOLDER, "s3"))
    world.start_s3()
    world.postgres.sql("DROP DATABASE atelier WITH (FORCE)", database="postgres")
    world.postgres.sql("CREATE DATABASE atelier", database="postgres")
    passwords = {f"PASSWORD_{role.upper()}": word for role, word in world.postgres.passwords.items()}
    run(os.path.join(ROOT, "deploy", "postgres", "roles.sh"),
        env={**os.environ, **passwords, "PGHOST": world.postgres.folder,
             "PGPORT": str(world.postgres.port), "PGUSER": "postgres", "PGDATABASE": "atelier"})
