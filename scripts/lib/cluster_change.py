"""Parts of scripts/cluster-test that change the release under load: another version, other secrets."""

import json
import os
import secrets
import shutil
import time

from cluster_load import Load
from cluster_pods import all_ready, need, proved, restarts, service_pods
from cluster_world import (FOLDER, IMAGES, NAMESPACE, NEXT_TAG, RELEASE, ROLES, TAG, kubectl, load_images, merged, run,
                           wait)
from fleet import NAMES, ROOT

NEXT = os.path.join(ROOT, ".run", "next")
STEP = "V9999_next"


def steps(world):
    return world.postgres.sql(f"SELECT count(*) FROM project.schema_migration WHERE id = '{STEP}'").strip()


def upgrade(world):
    """helm upgrade to other images with a new migration, then helm rollback, both under load: no request fails."""
    new = os.path.exists(os.path.join(NEXT, "project"))
    for what, tag, change in (
            ("helm upgrade", NEXT_TAG, lambda: world.install(world.values(NEXT_TAG))),
            ("helm rollback", TAG, lambda: run("helm", "rollback", RELEASE, "-n", NAMESPACE, "--wait", "--timeout", "10m"))):
        before = {pod["metadata"]["name"] for pod in service_pods()}
        load, began = Load(world), time.monotonic()
        time.sleep(3)
        change()
        wait("all pods are ready", all_ready, 300)
        took = time.monotonic() - began
        time.sleep(3)
        figures = load.end()
        pods = service_pods()
        kept = before & {pod["metadata"]["name"] for pod in pods}
        need(not kept, f"these pods were not replaced: {sorted(kept)}")
        images = {pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in pods}
        need(images == {tag}, f"the pods run {images}")
        load.need_none_failed()
        applied = "no new migration, for want of a build (ATELIER_BINARIES is set)"
        if new:
            need(steps(world) == "1", "the new migration was not applied")
            applied = "its new migration applied" if tag == NEXT_TAG else "the newer schema stays"
        proved("upgrade", f"{what} to other images under load", f"{len(pods)} pods in {took:.0f} s, {applied}; {figures}")


def make_next_version():
    """The same images by another version's label, so that each has another digest; project's is made anew, with its migration."""
    folder = os.path.join(NEXT, "images")
    shutil.rmtree(folder, ignore_errors=True)

    def link(source, target):
        (os.link if os.sep + "blobs" + os.sep in source else shutil.copy)(source, target)
    for name in NAMES:
        layout = os.path.join(folder, name)
        shutil.copytree(os.path.join(IMAGES, name), layout, copy_function=link)
        with open(os.path.join(layout, "index.json")) as f:
            tag = json.load(f)["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
        run("umoci", "config", "--image", f"{layout}:{tag}", "--config.label", f"org.opencontainers.image.version={NEXT_TAG}")
    if os.path.exists(os.path.join(NEXT, "project")):
        run(os.path.join(ROOT, "scripts", "image"), "project", "--output", folder, "--version", NEXT_TAG, "--executables", NEXT,
            timeout=1800)
    load_images(folder, NEXT_TAG)


def restart_all():
    kubectl("rollout", "restart", "deployment", "-l", f"app.kubernetes.io/instance={RELEASE}")
    time.sleep(2)
    wait("all pods are ready", lambda: rolled_out() and all_ready(), 400)


def rolled_out():
    done = kubectl("get", "deployments", "-l", f"app.kubernetes.io/instance={RELEASE}", "-o", "json")
    return all(d["status"].get("updatedReplicas") == d["spec"]["replicas"] == d["status"].get("replicas")
               and d["status"].get("observedGeneration") == d["metadata"]["generation"] for d in json.loads(done)["items"])


def rotate(world):
    """Database passwords and the signing key are changed under load: no request fails, the old password is refused."""
    keys = "SELECT count(*) FROM user_.signing_key"
    sql, first = world.postgres.sql, int(world.postgres.sql(keys))
    load, began = Load(world), time.monotonic()
    # A second login for each role, which acts as the first: both hold while the pods are replaced.
    urls = {}
    for name, role in ROLES.items():
        turn = f"{role}_turn"
        world.postgres.passwords[turn] = secrets.token_urlsafe(24)
        sql(f"CREATE ROLE {turn} LOGIN PASSWORD '{world.postgres.passwords[turn]}' IN ROLE {role}; "
            f"ALTER ROLE {turn} SET role = '{role}'")
        urls[name] = world.postgres.url(turn)
    patch(urls)
    # Keys that sign for a minute: published, used and retired meanwhile.
    world.install(merged(world.values(TAG), {"services": {"user": {"config": {
        "SIGNING_KEY_LIFE_MS": 60000, "SIGNING_KEY_LEAD_MS": 10000}}}}))
    restart_all()
    # Pods that are told to stop finish what they have in hand, by the logins that they know.
    old = "SELECT count(*) FROM pg_stat_activity WHERE usename ~ '^atelier_' AND usename !~ '_turn$'"
    wait("nobody uses the old logins", lambda: sql(old).strip() == "0", 120)
    for role in set(ROLES.values()):
        sql(f"ALTER ROLE {role} NOLOGIN")
    wait("another key signs", lambda: int(sql(keys)) >= first + 2, 180)
    time.sleep(15)
    took, figures, before = time.monotonic() - began, load.end(), restarts()
    load.need_none_failed()
    proved("secrets", "database logins and the signing key changed under load",
           f"{len(urls)} logins, {int(sql(keys)) - first} new keys in {took:.0f} s, the old logins are refused; {figures}")
    # As it was, for the parts that follow.
    for role in set(ROLES.values()):
        sql(f"ALTER ROLE {role} LOGIN")
    patch({name: world.postgres.url(role) for name, role in ROLES.items()})
    world.install(world.values(TAG))
    restart_all()
    need(sum(before.values()) == 0, f"pods were restarted: {before}")


def patch(urls):
    path = os.path.join(FOLDER, "patch.json")
    with open(path, "w") as f:
        json.dump({"stringData": urls}, f)
    kubectl("patch", "secret", "atelier-postgres", "--patch-file", path)
