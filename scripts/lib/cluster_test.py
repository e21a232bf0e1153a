"""What an operator needs, proved on a real Kubernetes: one line each, with its figures. Run by scripts/cluster-test."""

import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time

import demo
from client import ApiError
from cluster_change import make_next_version, rotate, upgrade
from cluster_copies import copies
from cluster_faults import away, crash, drain, pods
from cluster_load import TROUBLE, Load
from cluster_pods import ROWS, all_ready, need, process_of, proved, reaches, service_pods
from cluster_scale import backlog, canary, scale
from cluster_streams import streams
from cluster_world import CLUSTER, NAMESPACE, RELEASE, TAG, World, kubectl, make_images, objects, run, say, wait
from fleet import NAMES, FleetError


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


def edges(world):
    """From each service's network, every edge of the graph: what is allowed answers, what is not times out."""
    values = json.loads(run("helm", "get", "values", RELEASE, "-n", NAMESPACE, "--all", "-o", "json"))
    addresses = {s["metadata"]["labels"]["app.kubernetes.io/component"]: s["spec"]["clusterIP"]
                 for s in objects("services", f"app.kubernetes.io/instance={RELEASE}")
                 if s["spec"].get("clusterIP") not in (None, "None") and not s["metadata"]["name"].endswith("-private")}
    outside = {name: (d["cidrs"][0].split("/")[0], d["ports"][0])
               for name, d in values["networkPolicy"]["destinations"].items() if d["cidrs"][0].endswith("/32")}
    outside["metadata"] = ("169.254.169.254", 80)
    wrong, tried, names = [], 0, [*NAMES, *outside]
    print(f"  {'from':<14}" + "".join(f"{n[:9]:>10}" for n in names))
    for source in NAMES:
        own = {**values["defaults"], **values["services"][source]}
        pid = process_of(service_pods(source)[0])
        # Two names may stand for one place, as the sandbox is the collector here.
        allowed = {outside[name] for name in own["egress"] if name in outside}
        may = [target in own["calls"] for target in NAMES] + [place in allowed for place in outside.values()]
        places = [(addresses[target], 80) for target in NAMES] + list(outside.values())
        with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
            row = list(zip(may, pool.map(lambda place: reaches(pid, *place), places)))  # noqa: B023
        tried += len(row)
        wrong += [f"{source} → {names[i]}: {'allowed, but does not answer' if may else 'forbidden, but answers'}"
                  for i, (may, does) in enumerate(row) if may != does]
        print(f"  {source:<14}" + "".join(f"{'yes' if does else '–':>10}" for _, does in row), flush=True)
    need(not wrong, "; ".join(wrong))
    proved("edges", "every edge of the graph", f"{tried} tried from the pods' own networks, all as documented")


def uninstall(world):
    """helm uninstall leaves nothing behind but what README names."""
    run("helm", "uninstall", RELEASE, "-n", NAMESPACE, "--wait", "--timeout", "5m")
    left = []
    for kind in ("deployments", "services", "configmaps", "ingresses", "networkpolicies", "poddisruptionbudgets",
                 "serviceaccounts", "jobs", "persistentvolumeclaims"):
        left += [f"{kind}/{item['metadata']['name']}" for item in objects(kind)
                 if item["metadata"].get("labels", {}).get("app.kubernetes.io/instance") == RELEASE]
    need(not left, f"left behind: {left}")
    proved("uninstall", "helm uninstall", "left nothing of the release but its last test's pod, as documented")


PARTS = {"install": install, "streams": streams, "journey": journey, "edges": edges, "away": away, "backlog": backlog,
         "upload": upload, "upgrade": upgrade, "drain": drain, "pods": pods, "crash": crash, "secrets": rotate,
         "scale": scale, "canary": canary, "copies": copies, "uninstall": uninstall}
# These leave the gateway's pods alone: streams run on beside them.
BESIDE = ("journey", "edges", "away", "backlog")


def attempt(world, name, failed):
    """Does a part; a failure is told, and ends no other part."""
    say(f"{name}: {PARTS[name].__doc__.splitlines()[0]}")
    began = time.monotonic()
    try:
        PARTS[name](world)
    except (FleetError, TimeoutError, StopIteration, subprocess.TimeoutExpired, *TROUBLE) as error:
        failed.append(name)
        Load.stop()
        ROWS.append((name, "FAILED", str(error).splitlines()[0][:300] if str(error) else repr(error)))
        print(f"  ✗ {name}: {error}", flush=True)
    print(f"  {name} took {time.monotonic() - began:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/cluster-test", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--list", action="store_true", help="names the parts")
    parser.add_argument("--keep", action="store_true", help="leaves cluster, stores and release")
    parser.add_argument("--stop", action="store_true", help="ends what --keep left")
    options = parser.parse_args()
    if options.list:
        for name, part in PARTS.items():
            print(f"{name:<12}{part.__doc__.splitlines()[0]}")
        return 0
    if options.stop:
        return subprocess.call([CLUSTER, "down"])
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if not os.environ.get("ATELIER_IN_WORLD"):
        return outside_of_the_nodes(options)
    world, failed = World(), []
    try:
        say("Postgres (TLS), Kafka (three brokers, SASL), S3, Redis (TLS) and the sandbox, outside of the cluster")
        world.start()
        beside = None
        for name in [n for n in PARTS if not options.parts or n in options.parts or n == "install"]:
            if name == "streams":
                beside = threading.Thread(target=attempt, args=(world, name, failed))
                beside.start()
                continue
            if beside and name not in BESIDE:
                beside.join()
            attempt(world, name, failed)
            if "install" in failed:
                break
        if beside:
            beside.join()
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
    more = {"backlog": ["keda"], "canary": ["rollouts"]}
    addons = ["metrics", "ingress"] + [a for part, names in more.items() if part in (options.parts or more) for a in names]
    run(CLUSTER, "up", "--nodes", "3", "--addons", ",".join(addons), timeout=600)
    try:
        say("nine images, on every node")
        make_images(binaries, TAG, [*NAMES, "backup"] if "copies" in (options.parts or PARTS) else NAMES)
        if "upgrade" in (options.parts or PARTS):
            make_next_version()
        return subprocess.call([CLUSTER, "run", sys.executable, os.path.abspath(__file__), *sys.argv[1:]],
                               env={**os.environ, "ATELIER_IN_WORLD": str(os.getpid()), "ATELIER_BINARIES": binaries})
    finally:
        if not options.keep:
            run(CLUSTER, "down", check=False)


if __name__ == "__main__":
    sys.exit(main())
