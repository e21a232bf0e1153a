"""Parts of scripts/cluster-test in which the number of pods follows the load, and a new version is judged by figures."""

import json
import os
import subprocess
import threading
import time

from cluster_load import Load, Maker, insist
from cluster_pods import all_ready, is_ready, need, proved, service_pods
from cluster_world import FOLDER, NAMESPACE, RELEASE, TAG, WORLD, kubectl, merged, objects, run, wait
from fleet import ROOT, FleetError

CLIP = os.path.join(ROOT, "Tests", "Media", "meadow-20s.mp4")
PROMETHEUS_PORT, MOST, HASH = 9090, 4, "rollouts_pod_template_hash"


def ready_pods(name):
    return sum(map(is_ready, service_pods(name)))


def backlog(world):
    """A backlog of jobs raises media-worker from one to its most by KEDA, and it comes down again; each job is done once."""
    kubectl("create", "secret", "generic", "atelier-keda",
            # KEDA has no file of our authority.
            f"--from-literal=media-worker={world.postgres.url('atelier_media').replace('verify-full', 'require')}")
    world.install(merged(world.values(TAG), {"services": {
        "media-worker": {"config": {"QUICK_SLOTS": 1, "LONG_SLOTS": 1}, "autoscaling": {
            "enabled": True, "minReplicas": 1, "maxReplicas": MOST, "cpu": 0, "scaleDownSeconds": 20, "keda": {
                "enabled": True, "pollingInterval": 5, "cooldownPeriod": 20, "lag": 0, "backlog": 3,
                "connection": "atelier-keda"}}}}}))
    wait("media-worker is at its least", lambda: ready_pods("media-worker") == 1, 240)
    began, load, maker = time.monotonic(), Load(world, rate=2, readers=1), Maker(world, 1)
    with open(CLIP, "rb") as f:
        clip = f.read()
    clips = [insist(lambda: maker.send(clip, "meadow-20s.mp4", "video/mp4", len(clip))) for _ in range(12)]
    raised = wait("media-worker is at its most", lambda: ready_pods("media-worker") == MOST, 240)
    wait("all clips are done", lambda: done(maker), 400)
    took = time.monotonic() - began
    shrunk = wait("media-worker is at its least", lambda: ready_pods("media-worker") == 1, 300)
    figures = load.end()
    load.need_none_failed()
    maker.runs, maker.assets = set(), {}
    faults = [text for bad, text in maker.check() if bad]
    maker.events.close()
    need(not faults, f"{faults}")
    proved("backlog", f"{len(clips)} clips at once", f"media-worker to {MOST} after {raised:.0f} s, {maker.jobs} jobs of the clips "
           f"done once after {took:.0f} s, down to one {shrunk:.0f} s later; {figures}")
    world.install(world.values(TAG))
    wait("as before", all_ready, 300)


def scale(world):
    """Requests raise the gateway by their use of the processor, and it comes down again: no request fails."""
    world.install(merged(world.values(TAG), {"services": {"gateway": {"autoscaling": {
        "enabled": True, "minReplicas": 2, "maxReplicas": MOST, "cpu": 70, "scaleDownSeconds": 20}}}}))
    load, began = Load(world), time.monotonic()
    wait("the gateway is at its most", lambda: ready_pods("gateway") == MOST, 240)
    raised, first = time.monotonic() - began, load.end()
    load.need_none_failed()
    # People are still there while it shrinks, only fewer.
    load = Load(world, rate=2, readers=1)
    shrunk = wait("the gateway is at its least", lambda: ready_pods("gateway") == 2, 400)
    second = load.end()
    load.need_none_failed()
    proved("scale", "the gateway by its use of the processor", f"to {MOST} after {raised:.0f} s, down again {shrunk:.0f} s after "
           f"the load; {first}; while it shrank {second}")
    world.install(world.values(TAG))
    wait("as before", all_ready, 300)


def done(maker):
    jobs = maker.pages("/jobs")
    return jobs and all(job["status"] in ("succeeded", "failed", "cancelled") for job in jobs)


class Prometheus(threading.Thread):
    """Debian's Prometheus, outside of the cluster: reads the gateway's pods, with the label that canaries are told by.

    It is built without Kubernetes' discovery: a file names the pods, and this thread writes it.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.folder, self.over = os.path.join(FOLDER, "prometheus"), threading.Event()
        os.makedirs(self.folder, exist_ok=True)
        config, self.targets = os.path.join(self.folder, "prometheus.yaml"), os.path.join(self.folder, "gateway.json")
        self.tell()
        with open(config, "w") as f:
            json.dump({"global": {"scrape_interval": "3s"}, "scrape_configs": [{
                "job_name": "gateway", "file_sd_configs": [{"files": [self.targets], "refresh_interval": "5s"}]}]}, f)
        log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder}/series",
             f"--web.listen-address={WORLD}:{PROMETHEUS_PORT}"], stdout=log, stderr=log)
        self.start()

    def run(self):
        while not self.over.wait(2):
            try:
                self.tell()
            except (FleetError, OSError, subprocess.TimeoutExpired):
                pass

    def tell(self):
        found = [{"targets": [f"{pod['status']['podIP']}:9080"],
                  "labels": {HASH: pod["metadata"]["labels"].get("rollouts-pod-template-hash", "")}}
                 for pod in service_pods("gateway") if pod["status"].get("podIP")]
        with open(self.targets + ".new", "w") as f:
            json.dump(found, f)
        os.replace(self.targets + ".new", self.targets)

    def stop(self):
        self.over.set()
        self.process.terminate()
        self.process.wait(20)


def rollout_is(*phases):
    found = objects("rollouts.argoproj.io")
    return bool(found) and found[0]["status"].get("phase") in phases and (
        found[0]["status"].get("observedGeneration") == str(found[0]["metadata"]["generation"]))


def canary(world):
    """A gateway that answers 5 % of the requests with errors is found by Prometheus' figures and taken back; a good one stays."""
    values = merged(world.values(TAG), {"services": {"gateway": {
        "replicas": 4,
        "extraIngress": [{"from": [{"ipBlock": {"cidr": f"{WORLD}/32"}}], "ports": [{"port": 9080, "protocol": "TCP"}]}],
        "rollout": {"enabled": True, "weight": 10, "pauseSeconds": 15, "analysis": {
            "prometheus": f"http://{WORLD}:{PROMETHEUS_PORT}", "intervalSeconds": 10, "count": 3, "failureLimit": 1}}}}})
    prometheus = Prometheus()
    try:
        world.install(values, wait=False)
        wait("the gateway is a Rollout", lambda: rollout_is("Healthy") and ready_pods("gateway") == 4, 240)
        for what, change, ends in (
                # Every twentieth request asks a service that this version does not find.
                ("with 5 % errors", {"extraEnv": [{"name": "ANALYTICS_URL", "value": "http://127.0.0.1:9"}]}, "Degraded"),
                ("as good as the old", {"podAnnotations": {"atelier/turn": "good"}}, "Healthy")):
            before = {pod["metadata"]["name"] for pod in service_pods("gateway")}
            load, began = Load(world, twentieth="/analytics/metrics"), time.monotonic()
            time.sleep(5)
            world.install(merged(values, {"services": {"gateway": change}}), wait=False)
            wait("the new version comes", lambda: rollout_is("Progressing", "Paused"), 60)
            wait(f"the new version is {ends}", lambda: rollout_is(ends), 300)  # noqa: B023
            wait("four pods serve", lambda: ready_pods("gateway") == 4, 120)
            took = time.monotonic() - began
            # An analysis that cannot measure takes a version back too.
            judged = max(objects("analysisruns.argoproj.io"), key=lambda r: r["metadata"]["creationTimestamp"])["status"]
            need(judged["phase"] == ("Failed" if ends == "Degraded" else "Successful"),
                 f"the analysis is {judged['phase']}: {judged.get('message')}")
            figures = load.end()
            kept = len(before & {pod["metadata"]["name"] for pod in service_pods("gateway")})
            need(kept == (4 if ends == "Degraded" else 0), f"{kept} of the old pods are there; the rollout is {ends}")
            if ends == "Healthy":
                load.need_none_failed()
            else:
                other = [text for _, text in load.failed if "/analytics/" not in text]
                need(load.failed and not other, f"the canary's errors were seen {len(load.failed)} times; others: {other[:3]}")
            proved("canary", f"a gateway {what}", f"{'taken back' if ends == 'Degraded' else 'promoted'} after {took:.0f} s, "
                   f"{100 * len(load.failed) / load.count:.2f} % of all requests saw an error; {figures}")
    finally:
        prometheus.stop()
        world.install(world.values(TAG))
        wait("as before", all_ready, 300)
