"""Parts of scripts/cluster-test in which the number of pods follows the load, and a new version is judged by figures."""

import json
import os
import subprocess
import time

from cluster_load import Load, Maker, insist
from cluster_pods import all_ready, is_ready, need, proved, service_pods
from cluster_world import FOLDER, NAMESPACE, RELEASE, TAG, WORLD, kubectl, merged, objects, run, wait
from fleet import ROOT

CLIP = os.path.join(ROOT, "Tests", "Media", "meadow-20s.mp4")
PROMETHEUS_PORT, MOST = 9090, 4


def ready_pods(name):
    return sum(map(is_ready, service_pods(name)))


def scale(world):
    """A backlog of jobs raises media-worker by KEDA, requests raise the gateway by CPU, and both come down again."""
    kubectl("create", "secret", "generic", "atelier-keda",
            # KEDA has no file of our authority.
            f"--from-literal=media-worker={world.postgres.url('atelier_media').replace('verify-full', 'require')}")
    world.install(merged(world.values(TAG), {"services": {
        "media-worker": {"config": {"MEDIA_SLOTS": 1}, "autoscaling": {
            "enabled": True, "minReplicas": 1, "maxReplicas": MOST, "cpu": 0, "scaleDownSeconds": 20, "keda": {
                "enabled": True, "pollingInterval": 5, "cooldownPeriod": 20, "lag": 0, "backlog": 3,
                "connection": "atelier-keda"}}},
        "gateway": {"autoscaling": {
            "enabled": True, "minReplicas": 2, "maxReplicas": MOST, "cpu": 70, "scaleDownSeconds": 20}}}}))
    wait("media-worker is at its least", lambda: ready_pods("media-worker") == 1, 240)
    began, load = time.monotonic(), Load(world)
    maker = Maker(world, 1)
    with open(CLIP, "rb") as f:
        clip = f.read()
    clips = [insist(lambda: maker.send(clip, "meadow-20s.mp4", "video/mp4", len(clip))) for _ in range(5)]
    reached, raised = {}, {"media-worker", "gateway"}

    def look():
        for name in raised:
            count = ready_pods(name)
            if count > reached.get(name, (0,))[0]:
                reached[name] = (count, time.monotonic() - began)
        return all(reached[name][0] == MOST for name in raised)
    try:
        wait("both are at their most", look, 240)
    finally:
        print(f"  {reached}", kubectl("get", "hpa"), flush=True)
    first = load.end(400)
    load.need_none_failed()
    # People are still there while it shrinks, only fewer.
    load, began = Load(world, rate=2, readers=1), time.monotonic()
    wait("both are at their least", lambda: ready_pods("media-worker") == 1 and ready_pods("gateway") == 2, 400)
    shrunk = time.monotonic() - began
    second = load.end()
    load.need_none_failed()
    wait("all clips are done", lambda: done(maker), 300)
    maker.runs, maker.assets = set(), {}
    faults = [text for bad, text in maker.check() if bad]
    maker.events.close()
    need(not faults, f"{faults}")
    raised = ", ".join(f"{name} to {count} after {at:.0f} s" for name, (count, at) in sorted(reached.items()))
    proved("scale", f"{len(clips)} clips and {load.count} requests", f"{raised}, both down {shrunk:.0f} s after it; "
           f"{maker.jobs} jobs of the clips done once; {first}; while it shrank {second}")
    world.install(world.values(TAG))
    wait("as before", all_ready, 300)


def done(maker):
    jobs = maker.pages("/jobs")
    return jobs and all(job["status"] in ("succeeded", "failed", "cancelled") for job in jobs)


class Prometheus:
    """Debian's Prometheus, outside of the cluster: reads the gateway's pods, with the label that canaries are told by."""

    def __init__(self):
        folder = os.path.join(FOLDER, "prometheus")
        os.makedirs(folder, exist_ok=True)
        config = os.path.join(folder, "prometheus.yaml")
        path = "__meta_kubernetes_pod_label_"
        with open(config, "w") as f:
            json.dump({"global": {"scrape_interval": "3s"}, "scrape_configs": [{
                "job_name": "gateway",
                "kubernetes_sd_configs": [{"role": "pod", "kubeconfig_file": os.environ["KUBECONFIG"],
                                           "namespaces": {"names": [NAMESPACE]}}],
                "relabel_configs": [
                    {"source_labels": [path + "app_kubernetes_io_component"], "regex": "gateway", "action": "keep"},
                    {"source_labels": ["__meta_kubernetes_pod_container_port_name"], "regex": "private", "action": "keep"},
                    {"source_labels": [path + "rollouts_pod_template_hash"],
                     "target_label": "rollouts_pod_template_hash"}]}]}, f)
        log = open(os.path.join(folder, "log"), "ab")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/series",
             f"--web.listen-address={WORLD}:{PROMETHEUS_PORT}"], stdout=log, stderr=log)

    def stop(self):
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
