"""What an operator needs, proved on a real Kubernetes: one line each, with its figures. Run by scripts/cluster-test."""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time

import demo
from client import ApiError, Events
from cluster_load import Loads
from cluster_world import (CLUSTER, NAMESPACE, RELEASE, World, kubectl, make_images, objects, run, say,
                           wait)
from fleet import NAMES, FleetError

TAG = "cluster-test"
ROWS = []


def proved(part, what, figure):
    ROWS.append((part, what, figure))
    print(f"  ✓ {what}: {figure}", flush=True)


def need(condition, text):
    if not condition:
        raise FleetError(text)


def service_pods(name=None):
    selector = f"app.kubernetes.io/instance={RELEASE}" + (f",app.kubernetes.io/component={name}" if name else "")
    return [pod for pod in objects("pods", selector)
            if pod["metadata"]["labels"]["app.kubernetes.io/component"] in NAMES
            and "deletionTimestamp" not in pod["metadata"]]


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def restarts():
    return {pod["metadata"]["name"]: sum(c["restartCount"] for c in pod["status"].get("containerStatuses", []))
            for pod in service_pods()}


def unready():
    return sorted(pod["metadata"]["name"] for pod in service_pods() if not is_ready(pod))


def all_ready():
    deployments = objects("deployments", f"app.kubernetes.io/instance={RELEASE}")
    return len(deployments) >= len(NAMES) and not unready() and all(
        d["status"].get("readyReplicas", 0) == d["spec"]["replicas"] for d in deployments)


# The parts

def install(world):
    """helm install under the restricted profile; helm test, which fails with a clear word when a service is away."""
    world.prepare()
    began = time.monotonic()
    world.install(world.values(TAG))
    proved("install", "helm install, all pods ready", f"{len(service_pods())} pods in {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    run("helm", "test", RELEASE, "-n", NAMESPACE, "--timeout", "4m")
    proved("install", "helm test walks its journey", f"{time.monotonic() - began:.0f} s")
    kubectl("scale", "deployment", f"{RELEASE}-media-worker", "--replicas=0")
    wait("media-worker is gone", lambda: not service_pods("media-worker"), 120)
    said = subprocess.run(["helm", "test", RELEASE, "-n", NAMESPACE, "--logs", "--timeout", "5m"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400)
    need(said.returncode != 0 and "media-worker" in said.stdout,
         f"helm test did not name the service that is away:\n{said.stdout[-1500:]}")
    words = next(line for line in said.stdout.splitlines() if "media-worker" in line)
    kubectl("scale", "deployment", f"{RELEASE}-media-worker", "--replicas=2")
    wait("media-worker is back", all_ready, 180)
    proved("install", "helm test fails where a service is away", words.strip()[:120])


def journey(world):
    """The demo's whole journey through the ingress with TLS."""
    steps = demo.Steps()
    began = time.monotonic()
    os.makedirs(demo.OUTPUT, exist_ok=True)
    result = demo.journey(world, steps, world.client())
    film = result["film"]
    seconds = float(run("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", film))
    need(seconds > 10, f"the film has {seconds} s")
    need(result["target"]["status"] in ("published", "confirmed"), f"the post is {result['target']}")
    proved("journey", "photograph, clip and brief become a published film, through the ingress with TLS",
           f"film of {seconds:.1f} s in {time.monotonic() - began:.0f} s, {result['events']} live events")


def upload(world):
    """1 GiB by tus through the ingress, resumed after the gateway's pods were deleted in the middle."""
    person = world.client().register()
    size, piece = 1 << 30, 64 << 20
    data = random.Random(7).randbytes(piece)
    location = person.tus_create(size, "large.bin", "application/octet-stream")
    began, cuts, offset = time.monotonic(), 0, 0
    deleted = threading.Thread(target=kubectl, args=("delete", "pod", "--wait=false", "-l",
                                                     "app.kubernetes.io/component=gateway"))
    while offset < size:
        if offset >= size // 2 and not deleted.ident:
            deleted.start()
        # The content is the piece, over and over: where it was cut inside one, the rest of that one comes first.
        start = offset % piece
        try:
            offset, _ = person.tus_patch(location, offset, data[start:start + min(piece - start, size - offset)])
        except (OSError, ApiError, KeyError) as error:
            need(not isinstance(error, ApiError) or error.status >= 500 or error.status in (404, 409),
                 f"an upload was refused: {error}")
            cuts += 1
            need(cuts < 200, f"the upload does not go on: {error}")
            time.sleep(0.5)
            try:
                offset, _ = person.tus_head(location)
            except (OSError, ApiError):
                continue
    deleted.join()
    took = time.monotonic() - began
    asset = person.tus_head(location)[1]["upload-asset-id"]
    digest = hashlib.sha256()
    for _ in range(size // piece):
        digest.update(data)
    found = person.get(f"/assets/{asset}")
    need(found["size"] == size and found["sha256"] == digest.hexdigest(),
         f"other content arrived: {found}")
    proved("upload", "1 GiB by tus, all gateway pods deleted in the middle", f"{size / took / 1e6:.0f} MB/s, {cuts} cuts, "
           "the same SHA-256")


def streams(world):
    """Live events (SSE) through the ingress, minutes long."""
    seconds = int(os.environ.get("CLUSTER_STREAM_SECONDS", "600"))
    person = world.client().register()
    events = Events(person)
    events.start()
    need(events.connected.wait(20), "no live events through the ingress")
    end, made = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        person.post("/projects", {"title": f"Stream {made}", "type": "video"})
        made += 1
        time.sleep(min(5, seconds / 10))
    seen = lambda: sum(1 for name, _ in events.events if name == "ProjectChanged")  # noqa: E731
    wait("every change was told", lambda: seen() >= made, 30)
    events.close()
    need(events.reconnects == 0, f"the stream broke {events.reconnects} times")
    proved("streams", "live events (SSE) through the ingress", f"{seconds} s without a break, {seen()} of {made} changes told")


def away(world):
    """Postgres, then Kafka, away for a minute: readiness tells it, nothing is restarted, all recovers by itself."""
    seconds = int(os.environ.get("CLUSTER_AWAY_SECONDS", "60"))
    person = world.client().register()

    def broker(word):
        return lambda: world.kafka(word)
    for name, leave, come in (
            ("Postgres", lambda: world.postgres.stop("immediate"), world.postgres.start),
            ("Kafka", broker("pause"), broker("resume"))):
        before, began, most = restarts(), time.monotonic(), 0
        leave()
        while time.monotonic() - began < seconds:
            most = max(most, len(unready()))
            time.sleep(2)
        status, _, body = person.raw("GET", "/api/v1/me")
        come()
        back = wait(f"all is ready after {name}", all_ready, 180)
        took = wait("work goes on", lambda: works(person), 120)
        need(restarts() == before, f"pods were restarted while {name} was away: {before} → {restarts()}")
        proved("away", f"{name} away for {seconds} s", f"{most} pods not ready meanwhile, /me answered {status}; no restart; "
               f"ready after {back:.0f} s, a change done after {back + took:.0f} s")


def works(person):
    try:
        person.post("/projects", {"title": "Again", "type": "video"})
        return True
    except (ApiError, OSError):
        return False


def edges(world):
    """From each service's network, every edge of the graph: what is allowed answers, what is not times out."""
    values = json.loads(run("helm", "get", "values", RELEASE, "-n", NAMESPACE, "--all", "-o", "json"))
    addresses = {s["metadata"]["labels"]["app.kubernetes.io/component"]: s["spec"]["clusterIP"]
                 for s in objects("services", f"app.kubernetes.io/instance={RELEASE}")
                 if s["spec"].get("clusterIP") not in (None, "None") and not s["metadata"]["name"].endswith("-private")}
    outside = {name: (d["cidrs"][0].split("/")[0], d["ports"][0])
               for name, d in values["networkPolicy"]["destinations"].items() if d["cidrs"][0].endswith("/32")}
    outside["metadata"] = ("169.254.169.254", 80)
    wrong, tried = [], 0
    print(f"  {'from':<14}" + "".join(f"{n[:9]:>10}" for n in [*NAMES, *outside]))
    for source in NAMES:
        own = {**values["defaults"], **values["services"][source]}
        pid = process_of(service_pods(source)[0])
        row = []
        for target in NAMES:
            row.append((target in own["calls"], reaches(pid, addresses[target], 80)))
        # Two names may stand for one place, as the sandbox is the collector here.
        allowed = {outside[name] for name in own["egress"] if name in outside}
        for place in outside.values():
            row.append((place in allowed, reaches(pid, *place)))
        tried += len(row)
        names = [*NAMES, *outside]
        wrong += [f"{source} → {names[i]}: {'allowed, but does not answer' if may else 'forbidden, but answers'}"
                  for i, (may, does) in enumerate(row) if may != does]
        print(f"  {source:<14}" + "".join(f"{'yes' if does else '–':>10}" for _, does in row), flush=True)
    need(not wrong, "; ".join(wrong))
    proved("edges", "every edge of the graph", f"{tried} tried from the pods' own networks, all as documented")


def process_of(pod):
    """The process of a pod's container, as this machine sees it."""
    identity = pod["status"]["containerStatuses"][0]["containerID"].split("//")[1]
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                with open(f"/proc/{process}/cgroup") as f:
                    if identity in f.read():
                        return int(process)
            except OSError:
                pass
    raise FleetError(f"no process of {pod['metadata']['name']}")


def reaches(pid, address, port):
    code = ("import socket,sys\ntry: socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()\n"
            "except ConnectionRefusedError: sys.exit(2)\nexcept OSError: sys.exit(1)")
    done = subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-c", code, address, str(port)])
    return done.returncode == 0


def upgrade(world):
    """helm upgrade, then helm rollback, under load: no request fails."""
    for what, change in (
            ("helm upgrade", lambda: world.install({**(v := world.values(TAG)), "defaults": {
                **v["defaults"], "podAnnotations": {"atelier/turn": "second"}}})),
            ("helm rollback", lambda: run("helm", "rollback", RELEASE, "-n", NAMESPACE, "--wait", "--timeout", "10m"))):
        before = {pod["metadata"]["name"] for pod in service_pods()}
        loads, began = Loads(world), time.monotonic()
        time.sleep(3)
        change()
        wait("all pods are ready", all_ready, 300)
        took = time.monotonic() - began
        time.sleep(3)
        loads.end()
        kept = before & {pod["metadata"]["name"] for pod in service_pods()}
        need(not kept, f"these pods were not replaced: {sorted(kept)}")
        need(not loads.failed, f"{len(loads.failed)} of {loads.count} requests failed: {loads.failed[:5]}")
        proved("upgrade", f"{what} of every pod under load",
               f"{took:.0f} s; {loads.count} requests at {loads.count / loads.seconds:.0f}/s, none failed, "
               f"{loads.made} changes there once")


def crash(world):
    """A node loses its power under load: every change that was answered is there, every run ends once."""
    home = service_pods("storage")[0]["spec"]["nodeName"]
    node = next(n["metadata"]["name"] for n in objects("nodes") if n["metadata"]["name"] != home)
    person = world.client().register()
    project = person.post("/projects", {"title": "Crash", "type": "video"})["id"]
    loads = Loads(world)
    runs = [person.post("/workflows/relay/runs", {"projectId": project})["id"] for _ in range(40)]
    run(CLUSTER, "node", "crash", node)
    began = time.monotonic()
    wait("the pods of the node are elsewhere", lambda: on_other_nodes(node), 240)
    moved = time.monotonic() - began
    failed_until = len([text for load in loads.each for text in load.failed])
    loads.end()
    ended = {identity: person.wait(lambda identity=identity: person.run(identity),
                                   lambda r: r["status"] in ("succeeded", "failed", "cancelled"), 180)["status"]
             for identity in runs}
    need(set(ended.values()) == {"succeeded"}, f"runs ended as {ended}")
    run(CLUSTER, "node", "start", node)
    wait("all is ready again", all_ready, 240)
    proved("crash", f"{node} without power under load", f"pods elsewhere and ready after {moved:.0f} s; {failed_until} of "
           f"{loads.count} requests failed meanwhile; {len(runs)} of {len(runs)} runs ended once, "
           f"{loads.made} changes there once")


def on_other_nodes(node):
    pods = [pod for pod in service_pods() if pod["spec"].get("nodeName") != node]
    return all(sum(is_ready(pod) for pod in pods if pod["metadata"]["labels"]["app.kubernetes.io/component"] == name)
               >= (1 if name == "storage" else 2) for name in NAMES)


def uninstall(world):
    """helm uninstall leaves nothing behind but what README names."""
    run("helm", "uninstall", RELEASE, "-n", NAMESPACE, "--wait", "--timeout", "5m")
    left = []
    for kind in ("deployments", "services", "configmaps", "ingresses", "networkpolicies", "poddisruptionbudgets",
                 "serviceaccounts", "jobs", "persistentvolumeclaims"):
        left += [f"{kind}/{item['metadata']['name']}" for item in objects(kind)
                 if item["metadata"].get("labels", {}).get("app.kubernetes.io/instance") == RELEASE]
    need(set(left) <= {f"persistentvolumeclaims/{RELEASE}-storage-data"}, f"left behind: {left}")
    proved("uninstall", "helm uninstall", f"left, as documented: {', '.join(left) or 'nothing'}")


PARTS = {f.__name__: f for f in (install, journey, upload, streams, edges, away, upgrade, crash, uninstall)}


def main():
    parser = argparse.ArgumentParser(prog="scripts/cluster-test", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--list", action="store_true", help="names the parts")
    parser.add_argument("--keep", action="store_true", help="leaves cluster, stores and release")
    parser.add_argument("--stop", action="store_true", help="ends what --keep left")
    options = parser.parse_args()
    if options.list:
        for name, part in PARTS.items():
            print(f"{name:<12}{part.__doc__}")
        return 0
    if options.stop:
        return subprocess.call([CLUSTER, "down"])
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if not os.environ.get("ATELIER_IN_WORLD"):
        return outside_of_the_nodes(options)
    world, failed = World(), []
    try:
        say("Postgres (TLS), Kafka (three brokers, SASL), S3 and the sandbox, outside of the cluster")
        world.start()
        for name in [n for n in PARTS if not options.parts or n in options.parts or n == "install"]:
            say(f"{name}: {PARTS[name].__doc__}")
            try:
                PARTS[name](world)
            except (FleetError, ApiError, TimeoutError, OSError, KeyError, StopIteration) as error:
                failed.append(name)
                ROWS.append((name, "FAILED", str(error).splitlines()[0][:160] if str(error) else repr(error)))
                print(f"  ✗ {error}", flush=True)
                if name == "install":
                    break
    finally:
        if not options.keep:
            world.stop()
    print("\n| part | what | figure |\n|---|---|---|")
    for row in ROWS:
        print("| " + " | ".join(row) + " |")
    return 1 if failed else 0


def outside_of_the_nodes(options):
    """Starts the cluster, puts the images on its nodes, and goes on in the world outside of them."""
    binaries = World().binaries
    say("a Kubernetes of three nodes")
    run(CLUSTER, "up", "--nodes", "3", timeout=600)
    try:
        say("nine images, on every node")
        make_images(binaries, TAG)
        return subprocess.call([CLUSTER, "run", sys.executable, os.path.abspath(__file__), *sys.argv[1:]],
                               env={**os.environ, "ATELIER_IN_WORLD": "1", "ATELIER_BINARIES": binaries})
    finally:
        if not options.keep:
            run(CLUSTER, "down", check=False)


if __name__ == "__main__":
    sys.exit(main())
