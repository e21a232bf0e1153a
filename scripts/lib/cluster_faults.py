"""Parts of scripts/cluster-test that take something away: stores, names, nodes, wires, pods."""

import json
import os
import random
import time

from client import ApiError
from cluster_load import Load
from cluster_pods import all_ready, is_ready, need, proved, restarts, service_pods, unready
from cluster_world import RELEASE, kubectl, node, objects, run, wait


def away(world):
    """Postgres, Kafka, DNS and Redis, away for a minute each: status tells it, nothing is restarted, all recovers."""
    seconds = int(os.environ.get("CLUSTER_AWAY_SECONDS", "60"))
    person = world.client().register()

    def broker(word):
        return lambda: world.kafka(word)

    def names(replicas):
        return lambda: run("kubectl", "-n", "kube-system", "scale", "deployment", "coredns", f"--replicas={replicas}")
    for name, leave, come, expected, mode in (
            ("Postgres", lambda: world.postgres.stop("immediate"), world.postgres.start, "503 database_unavailable",
             "database_unavailable"),
            ("Kafka", broker("pause"), broker("resume"), "200", "broker_unavailable"),
            ("DNS", names(0), names(2), "200", None),
            ("Redis", world.stop_redis, world.start_redis, "200", "limits_not_shared")):
        before, began, most, answers, told = restarts(), time.monotonic(), 0, {}, set()
        leave()
        while time.monotonic() - began < seconds:
            most = max(most, len(unready()))
            said = answer(person, "/api/v1/me")
            answers[said] = answers.get(said, 0) + 1
            told |= modes(person)
            time.sleep(2)
        come()
        back = wait(f"all is ready after {name}", all_ready, 180)
        took = wait("work goes on", lambda: works(person), 120)
        need(restarts() == before, f"pods were restarted while {name} was away: {before} → {restarts()}")
        need(set(answers) == {expected}, f"without {name} /me was answered {answers}, not {expected}")
        need(mode is None or mode in told, f"without {name} the status told {told or 'nothing'}, not {mode}")
        wait(f"the status tells nothing after {name}", lambda: not modes(person), 60)
        said = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
        proved("away", f"{name} away for {seconds} s", f"{most} pods not ready meanwhile, /me answered {said}; "
               f"the status told {mode or 'nothing'}; no restart; "
               f"ready after {back:.0f} s, a change done after {back + took:.0f} s")


def answer(person, path):
    """The status, and an error's code."""
    try:
        status, _, body = person.raw("GET", path, timeout=20)
        return f"{status} {json.loads(body)['code']}" if status >= 400 else str(status)
    except OSError as error:
        return type(error).__name__


def modes(person):
    """The brown-outs that the fleet tells of itself."""
    try:
        _, _, body = person.raw("GET", "/api/v1/status", timeout=20)
        return {mode["name"] for mode in json.loads(body).get("modes", [])}
    except (OSError, ValueError):
        return set()


def works(person):
    try:
        person.post("/projects", {"title": "Again", "type": "video"})
        return True
    except (ApiError, OSError):
        return False


def crash(world):
    """A node loses its power under load, then a node its wire: work goes on elsewhere, what was accepted happens once."""
    for what, leave, come in (("without power", "crash", "start"), ("with its wire cut", "cut", "mend")):
        name, wanted = fullest_node(), replicas()
        load = Load(world)
        time.sleep(5)
        began, at = time.monotonic(), time.time()
        node(leave, name)
        try:
            noticed = wait(f"{name} is missed", lambda: not node_is_ready(name), 120)  # noqa: B023
            moved = noticed + wait("its pods are elsewhere", lambda: on_other_nodes(name, wanted), 240)  # noqa: B023
        except TimeoutError:
            print(kubectl("get", "pods", "-o", "wide"), run("kubectl", "get", "nodes"), flush=True)
            raise
        finally:
            node(come, name)
        wait(f"{name} is back", lambda: node_is_ready(name), 240)  # noqa: B023
        wait("all is ready again", all_ready, 240)
        back = time.monotonic() - began
        figures = load.end()
        last = max((when - at for when, _ in load.failed), default=0)
        proved("crash", f"{name} {what} under load",
               f"missed after {noticed:.0f} s, the last request that failed after {last:.0f} s, pods elsewhere and ready "
               f"after {moved:.0f} s, all as before after {back:.0f} s; {figures}")


def node_is_ready(name):
    found = next(n for n in objects("nodes") if n["metadata"]["name"] == name)
    return any(c["type"] == "Ready" and c["status"] == "True" for c in found["status"]["conditions"])


def fullest_node():
    homes = [pod["spec"]["nodeName"] for pod in service_pods()]
    return max(set(homes), key=homes.count)


def on_other_nodes(node, wanted):
    there = [pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in service_pods()
             if pod["spec"].get("nodeName") != node and is_ready(pod)]
    return all(there.count(name) >= count for name, count in wanted.items())


def replicas():
    """How many pods each service is to have."""
    return {d["metadata"]["labels"]["app.kubernetes.io/component"]: d["spec"]["replicas"]
            for d in objects("deployments", f"app.kubernetes.io/instance={RELEASE}")}


def drain(world):
    """Each node in turn is drained under load, as for an update of its system: no request fails.

    The ingress is not ours and stays where it is: a fresh Traefik shows a certificate of its own until it has read ours.
    """
    load, drained = Load(world), []
    for name in [n["metadata"]["name"] for n in objects("nodes")]:
        began = time.monotonic()
        try:
            run("kubectl", "drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--force",
                "--pod-selector=app!=traefik", "--timeout=200s")
            wait("all pods are ready elsewhere", all_ready, 200)
        finally:
            run("kubectl", "uncordon", name)
        drained.append(f"{name} {time.monotonic() - began:.0f} s")
    figures = load.end()
    load.need_none_failed()
    proved("drain", "each node drained under load", f"{', '.join(drained)}; {figures}")


def pods(world):
    """Pods deleted at random under load, each service at least five times: no request fails."""
    seconds = int(os.environ.get("CLUSTER_PODS_SECONDS", "240"))
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    source, load, began = random.Random(seed), Load(world), time.monotonic()
    order = list(replicas()) * 5
    source.shuffle(order)
    for number, name in enumerate(order):
        time.sleep(max(0, seconds * number / len(order) - (time.monotonic() - began)))
        # As by hand: one at a time, where another is ready.
        wait(f"two of {name}", lambda: sum(map(is_ready, service_pods(name))) > 1, 120)  # noqa: B023
        kubectl("delete", "pod", "--wait=false", source.choice(service_pods(name))["metadata"]["name"])
    wait("all is ready again", all_ready, 240)
    took, figures = time.monotonic() - began, load.end()
    load.need_none_failed()
    proved("pods", f"{len(order)} pods deleted at random (seed {seed})", f"each service five times, in {took:.0f} s; {figures}")
