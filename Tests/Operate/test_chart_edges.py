"""What the chart lets through, scales, watches and tries: network policies, autoscalers, monitors, the test."""

import ipaddress
import json
import os
import shutil
import subprocess
import sys
import time

import jsonschema
import pytest
import yaml

from checks import ROOT, RUN, build_folder, check, missing
from helm import ALL_APIS, CHART, Refused, ci_names, ci_values, merged, render, rendered, setting
from test_chart_pods import workloads

# The documented graph: README of the chart has the same for people. Services call services; what is outside is named.
CALLS = {
    "gateway": {"user", "project", "storage", "media-worker", "ml-worker", "publisher", "notifier", "analytics"},
    "user": {"user"}, "project": {"user", "storage", "publisher"}, "storage": {"user"},
    "media-worker": {"user", "storage"}, "ml-worker": {"user", "storage"}, "publisher": {"user", "storage"},
    "notifier": {"user"}, "analytics": {"user"},
}
OUTSIDE = {
    "gateway": {"redis"}, "user": {"postgres", "kafka"}, "project": {"postgres", "kafka"},
    "storage": {"postgres", "kafka", "objects"}, "media-worker": {"postgres", "kafka", "objects"},
    "ml-worker": {"postgres", "kafka"}, "publisher": {"postgres", "kafka", "objects", "internet:443"},
    "notifier": {"postgres", "kafka", "internet:443", "internet:465", "internet:587"}, "analytics": {"postgres", "kafka"},
    "migrate": {"postgres"}, "backup": {"postgres", "objects"}, "test": set(),
}
# Addresses that stand for what is asked: the private ones of the stores, one of the internet, the cloud's metadata.
STORES = {"postgres": ("10.1.2.3", 5432), "kafka": ("10.1.2.3", 9092), "objects": ("10.1.2.3", 9000),
          "redis": ("10.1.2.3", 6379)}
INTERNET = "93.184.216.34"
METADATA = "169.254.169.254"


class Graph:
    """What rendered policies allow, asked as a cluster would decide it."""

    def __init__(self, release):
        self.policies = [p["spec"] for p in release.kinds("NetworkPolicy")]
        self.pods = {}
        for thing, template in release.pods:
            labels = template["metadata"]["labels"]
            self.pods[labels["app.kubernetes.io/component"]] = labels

    def rules(self, component, direction):
        """The rules of all policies that choose the pod; None where none does, and all is allowed."""
        chosen = [p for p in self.policies if direction.capitalize() in p["policyTypes"]
                  and p["podSelector"]["matchLabels"].items() <= self.pods[component].items()]
        return [rule for p in chosen for rule in p.get(direction, [])] if chosen else None

    def allows(self, component, direction, peer, port, protocol="TCP"):
        """Whether a pod may speak with a peer: another component, an address, or (namespace labels, pod labels)."""
        rules = self.rules(component, direction)
        if rules is None:
            return True
        return any(self._port(rule, port, protocol) and self._peer(rule, direction, peer) for rule in rules)

    @staticmethod
    def _port(rule, port, protocol):
        return "ports" not in rule or any(p["port"] == port and p.get("protocol", "TCP") == protocol for p in rule["ports"])

    def _peer(self, rule, direction, peer):
        peers = rule.get("to" if direction == "egress" else "from")
        if peers is None:
            return True
        for candidate in peers:
            if "ipBlock" in candidate:
                block = candidate["ipBlock"]
                inside = [ipaddress.ip_network(n) for n in (block["cidr"], *block.get("except", []))]
                if isinstance(peer, str) and peer[0].isdigit() and ":" not in block["cidr"]:
                    address = ipaddress.ip_address(peer)
                    if address in inside[0] and not any(address in n for n in inside[1:]):
                        return True
                continue
            selector = candidate.get("podSelector", {}).get("matchLabels", {})
            if isinstance(peer, tuple):
                space = candidate.get("namespaceSelector", {"matchLabels": {"": ""}}).get("matchLabels", {})
                if space.items() <= peer[0].items() and selector.items() <= peer[1].items():
                    return True
            elif peer in self.pods and "namespaceSelector" not in candidate and selector.items() <= self.pods[peer].items():
                return True
        return False

    def edge(self, one, other, port):
        """Whether both ends agree."""
        return self.allows(one, "egress", other, port) and self.allows(other, "ingress", one, port)


@check("O11", "network policies are the documented graph, edge by edge, forbidden ones too")
def test_network_policy():
    release = render(merged(ci_values("minimal"), {"backup": {
        "enabled": True, "image": "registry.example.org/backup:1", "claim": "copies", "recipients": "backup-keys"}}))
    graph = Graph(release)
    assert "backup" in graph.pods
    ports = {d["metadata"]["labels"]["app.kubernetes.io/component"]:
             d["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] for d in workloads(release)}
    asked = 0
    for one in graph.pods:
        for other, port in ports.items():
            wanted = other in CALLS.get(one, set()) or (one, other) == ("test", "gateway")
            # A pod may always call itself by its own loopback; two pods of one service are as any two.
            if other == "gateway" and one != "test":
                wanted = False
            assert graph.edge(one, other, port) == wanted, (one, other)
            assert graph.edge(one, other, port + 1000) == (one == "gateway" and other in CALLS["gateway"]), (one, other, "private")
            assert not graph.edge(one, other, port + 1), (one, other)
            asked += 3
        for name, (address, port) in STORES.items():
            assert graph.allows(one, "egress", address, port) == (name in OUTSIDE[one]), (one, name)
        for port in (22, 25, 80, 443, 465, 587, 5432, 8080, 9092):
            assert graph.allows(one, "egress", INTERNET, port) == (f"internet:{port}" in OUTSIDE[one]), (one, port)
            assert not graph.allows(one, "egress", METADATA, port), (one, "metadata", port)
            asked += 2
        space = {"kubernetes.io/metadata.name": "kube-system"}
        for protocol in ("UDP", "TCP"):
            assert graph.allows(one, "egress", (space, {"k8s-app": "kube-dns"}), 53, protocol), one
        assert not graph.allows(one, "egress", (space, {"k8s-app": "other"}), 53, "UDP")
        asked += 6
    monitoring, other = {"kubernetes.io/metadata.name": "monitoring"}, {"kubernetes.io/metadata.name": "default"}
    for name, port in ports.items():
        assert graph.allows(name, "ingress", (monitoring, {"app": "prometheus"}), port + 1000)
        assert not graph.allows(name, "ingress", (other, {"app": "prometheus"}), port + 1000), name
        assert graph.allows(name, "ingress", (other, {"app": "ingress"}), port) == (name == "gateway"), name
        asked += 3
    return f"{asked} questions, {len(graph.policies)} policies"


@check("O11", "narrowed destinations, own peers, extra rules, and off")
def test_network_policy_values():
    graph = Graph(rendered(ci_values("everything")))
    assert graph.allows("user", "egress", "10.20.1.1", 5432) and not graph.allows("user", "egress", "10.1.2.3", 5432)
    kafka = ({"kubernetes.io/metadata.name": "kafka"}, {})
    assert graph.allows("user", "egress", kafka, 9093) and not graph.allows("gateway", "egress", kafka, 9093)
    assert graph.allows("ml-worker", "egress", INTERNET, 443) and not graph.allows("ml-worker", "egress", METADATA, 443)
    ingress = {"kubernetes.io/metadata.name": "traefik"}
    assert graph.allows("gateway", "ingress", (ingress, {}), 8080) and graph.edge("test", "gateway", 8080)
    assert not graph.allows("gateway", "ingress", ({"kubernetes.io/metadata.name": "default"}, {}), 8080)
    assert graph.allows("publisher", "egress", "10.98.0.1", 8443) and graph.allows("gateway", "ingress", "10.99.0.1", 8080)
    assert graph.edge("billing", "project", 8086) and not graph.edge("project", "billing", 8091)
    off = render(merged(ci_values("minimal"), setting("networkPolicy.enabled", False)))
    assert not off.kinds("NetworkPolicy")
    for wrong, text in (("calls", "services.user.calls: there is no service nobody"),
                        ("egress", "services.user.egress: networkPolicy.destinations has no nobody")):
        with pytest.raises(Refused, match=text):
            render(merged(ci_values("minimal"), setting("services.user." + wrong, ["nobody"])))


@check("O07", "autoscaling: no replicas beside it, one scaler for each target, KEDA where it is")
def test_autoscaling():
    count = 0
    for name in ci_names():
        for apis in (ALL_APIS, ()):
            release = rendered(ci_values(name), apis=apis)
            scaled = []
            targets = {(d["apiVersion"], d["kind"], d["metadata"]["name"]): d for d in workloads(release)}
            for d in release.kinds("HorizontalPodAutoscaler", "ScaledObject"):
                target = d["spec"]["scaleTargetRef"]
                key = (target["apiVersion"], target["kind"], target["name"])
                assert key in targets, key
                scaled.append(key)
                hpa = d["kind"] == "HorizontalPodAutoscaler"
                least, most = (d["spec"]["minReplicas" if hpa else "minReplicaCount"], d["spec"]["maxReplicas" if hpa else "maxReplicaCount"])
                assert 0 < least <= most and d["spec"]["metrics" if hpa else "triggers"]
            assert len(scaled) == len(set(scaled))
            for key, d in targets.items():
                assert ("replicas" in d["spec"]) == (key not in scaled), key
            assert bool(release.kinds("ScaledObject")) == (bool(apis) and name in ("production", "everything"))
            count += len(scaled)
    production = rendered(ci_values("production"))
    media = production.named("ScaledObject", "atelier-media-worker")["spec"]
    triggers = {t["type"]: t for t in media["triggers"]}
    assert set(triggers) == {"cpu", "kafka", "postgresql"}
    assert triggers["kafka"]["metadata"]["consumerGroup"] == "media-worker" and triggers["kafka"]["metadata"]["sasl"] == "scram_sha512"
    assert "FROM media.job" in triggers["postgresql"]["metadata"]["query"]
    for kind in ("kafka", "postgresql"):
        authentication = production.named("TriggerAuthentication", triggers[kind]["authenticationRef"]["name"])["spec"]
        known = {e["name"] for e in production.named("Deployment", "atelier-media-worker")["spec"]["template"]["spec"]["containers"][0]["env"]}
        known |= set(production.named("ConfigMap", "atelier-media-worker")["data"])
        assert {e["name"] for e in authentication["env"]} <= known
    with pytest.raises(Refused, match="minReplicas 9 is above maxReplicas 6"):
        render(merged(ci_values("minimal"), setting("services.user.autoscaling", {"enabled": True, "minReplicas": 9})))
    with pytest.raises(Refused, match="neither cpu nor memory"):
        render(merged(ci_values("minimal"), setting("services.user.autoscaling", {"enabled": True, "cpu": 0})), apis=())
    return f"{count} scalers"


@check("O08", "disruption budgets: none for one pod, one away of more")
def test_budgets():
    for values, wanted in ((setting("defaults.replicas", 1), 0), (setting("defaults.replicas", 2), 9), (setting("defaults.replicas", 3), 9),
                           (setting("defaults.autoscaling", {"enabled": True, "minReplicas": 1}), 0),
                           (merged(setting("defaults.replicas", 2), setting("services.user.pdb.enabled", False)), 8)):
        values = merged(ci_values("minimal"), values)
        release = render(values)
        budgets = release.kinds("PodDisruptionBudget")
        assert len(budgets) == wanted, values
        for budget in budgets:
            assert budget["spec"]["maxUnavailable"] == 1 and "minAvailable" not in budget["spec"]
            chosen = budget["spec"]["selector"]["matchLabels"].items()
            assert len([d for d, t in release.pods if chosen <= t["metadata"]["labels"].items()]) == 1


SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schemas.yaml")


@check("O05", "kinds of others against small schemas; absent where the API is")
def test_custom_kinds():
    with open(SCHEMAS) as f:
        schemas = yaml.safe_load(f)
    seen = {}
    for name in ci_names():
        for thing in rendered(ci_values(name)).everything:
            if thing["kind"] in schemas:
                try:
                    jsonschema.validate(thing, schemas[thing["kind"]])
                except jsonschema.ValidationError as error:
                    raise AssertionError(f"{name} {thing['kind']} {thing['metadata']['name']}: {error.json_path} {error.message}") from None
                seen[thing["kind"]] = seen.get(thing["kind"], 0) + 1
        absent = rendered(ci_values(name), apis=())
        assert not [d["kind"] for d in absent.everything if d["kind"] in schemas], name
    unseen = set(schemas) - set(seen) - {"PrometheusRule"}
    assert not unseen, unseen
    return ", ".join(f"{count} {kind}" for kind, count in sorted(seen.items()))


@check("O05", "a canary: weight, pause, analysis of the new pods; the way in leads to the stable half")
def test_canary():
    release = rendered(ci_values("everything"))
    rollout = release.named("Rollout", "studio-gateway")
    canary = rollout["spec"]["strategy"]["canary"]
    assert canary["steps"][0] == {"setWeight": 10} and "analysis" in canary["steps"][2]
    template = release.named("AnalysisTemplate", canary["steps"][2]["analysis"]["templates"][0]["templateName"])
    queries = [m["provider"]["prometheus"]["query"] for m in template["spec"]["metrics"]]
    assert all('rollouts_pod_template_hash="{{args.new-pods}}"' in q for q in queries)
    assert {a["name"] for a in template["spec"]["args"]} == {a["name"] for a in canary["steps"][2]["analysis"]["args"]}
    for half in ("stable", "canary"):
        assert release.named("Service", canary[half + "Service"])
    backend = release.kinds("Ingress")[0]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"]
    assert backend == canary["stableService"] == release.kinds("HTTPRoute")[0]["spec"]["rules"][0]["backendRefs"][0]["name"]
    assert release.named("Rollout", "studio-project")["spec"]["strategy"]["canary"].get("trafficRouting") is None
    plain = rendered(ci_values("everything"), apis=())
    assert plain.named("Deployment", "studio-gateway") and not plain.named("Service", "studio-gateway-stable")


@check("O12", "ways in: uploads of any size, live streams and WebSocket pass nginx, Traefik and the Gateway API")
def test_ways_in():
    production = rendered(ci_values("production")).kinds("Ingress")[0]
    notes = production["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io/"
    assert notes[prefix + "proxy-body-size"] == "0" and notes[prefix + "proxy-request-buffering"] == "off"
    assert notes[prefix + "proxy-buffering"] == "off" and int(notes[prefix + "proxy-read-timeout"]) >= 3600
    assert production["spec"]["tls"][0]["hosts"] == [production["spec"]["rules"][0]["host"]] == ["atelier.example.org"]
    everything = rendered(ci_values("everything"))
    assert not [k for k in everything.kinds("Ingress")[0]["metadata"]["annotations"] if "nginx" in k]
    assert "respondingTimeouts.readTimeout=0" in everything.notes
    assert everything.kinds("HTTPRoute")[0]["spec"]["rules"][0]["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    data = everything.named("ConfigMap", "studio-gateway")["data"]
    assert data["TRUSTED_PROXIES"] == "1" and data["BEHIND_TLS"] == "true"


@check("O14", "each monitor finds exactly one Service and its port; labels honoured")
def test_monitors():
    release = rendered(ci_values("production"))
    monitors = release.kinds("ServiceMonitor")
    assert len(monitors) == 9
    for monitor in monitors:
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        chosen = monitor["spec"]["selector"]["matchLabels"].items()
        found = [s for s in release.kinds("Service") if chosen <= s["metadata"]["labels"].items()]
        assert len(found) == 1, monitor["metadata"]["name"]
        endpoint = monitor["spec"]["endpoints"][0]
        assert [p["port"] for p in found[0]["spec"]["ports"] if p["name"] == endpoint["port"]], monitor["metadata"]["name"]
        assert monitor["spec"]["jobLabel"] in found[0]["metadata"]["labels"]
    bare = render(merged(ci_values("minimal"), setting("metrics.serviceMonitor.enabled", True)))
    assert "set\n  metrics.serviceMonitor.additionalLabels if nothing is scraped" in bare.notes
    return f"{len(monitors)} monitors"


@check("O14", "rules and dashboards: from their folders, unchanged but for the values; empty folders make nothing")
def test_rules_and_dashboards(tmp_path):
    chart = tmp_path / "atelier"
    shutil.copytree(CHART, chart)
    for folder in ("rules", "dashboards"):
        shutil.rmtree(chart / "files" / folder, ignore_errors=True)
    values = merged(ci_values("production"), {"metrics": {"rules": {
        "runbookBaseUrl": "https://books.example.org/", "disabled": ["Quiet"], "alertLabels": {"team": "media"}, "keepFiringFor": "5m"}}})
    empty = render(values, chart=str(chart))
    assert not empty.kinds("PrometheusRule") and not [d for d in empty.kinds("ConfigMap") if "dashboard" in d["metadata"]["name"]]
    (chart / "files" / "rules").mkdir()
    (chart / "files" / "dashboards").mkdir()
    rule = {"alert": "Loud", "expr": "up == 0", "for": "5m", "labels": {"severity": "page"},
            "annotations": {"summary": "{{ $labels.job }} is away", "runbook_url": "deploy/runbooks/x.md"}}
    groups = {"groups": [{"name": "a", "interval": "30s", "rules": [rule, {**rule, "alert": "Quiet"}, {"record": "r", "expr": "1"}]},
                         {"name": "b", "rules": [{**rule, "alert": "Quiet"}]}]}
    (chart / "files" / "rules" / "x.yaml").write_text(yaml.safe_dump(groups))
    board = json.dumps({"uid": "x", "title": "{{job}} $y"}, indent=1)
    (chart / "files" / "dashboards" / "x.json").write_text(board)
    full = render(values, chart=str(chart))
    made = full.kinds("PrometheusRule")[0]["spec"]["groups"]
    assert [g["name"] for g in made] == ["a"] and made[0]["interval"] == "30s"
    assert made[0]["rules"][0] == {**rule, "labels": {"severity": "page", "team": "media"}, "keep_firing_for": "5m", "annotations": {
        "summary": "{{ $labels.job }} is away", "runbook_url": "https://books.example.org/deploy/runbooks/x.md"}}
    assert made[0]["rules"][1] == {"record": "r", "expr": "1"}
    assert full.named("ConfigMap", "atelier-dashboard-x")["data"]["x.json"].strip() == board


@check("O17", "helm test runs its pod, after the release")
def test_helm_test():
    release = render(ci_values("minimal"), test=True)
    assert [(verb, kind, name) for verb, kind, name, _ in release.writes if verb == "POST"] == [("POST", "Pod", "atelier-journey")]
    pod = release.named("Pod", "atelier-journey")
    assert pod["spec"]["containers"][0]["args"] == ["check-journey", "http://atelier-gateway", "120"]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"


@check("O17", "its program against a running fleet: succeeds; fails and says why when a service is away")
def test_journey_on_a_fleet():
    binaries = build_folder()
    help_text = subprocess.run([os.path.join(binaries, "gateway"), "--help"], stdout=subprocess.PIPE, text=True).stdout
    if "check-journey" not in help_text:
        missing("these executables are older than check-journey")
    if not os.access(os.path.join(binaries, "sandbox"), os.X_OK):
        missing("the sandbox is not built beside the executables")
    sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
    os.environ["ATELIER_BINARIES"] = binaries
    from client import Client
    from fleet import Fleet
    folder = os.path.join(RUN, "journey")
    shutil.rmtree(folder, ignore_errors=True)
    fleet = Fleet(folder, environment={"DRAIN_DELAY_MS": "50"})

    def journey():
        ended = subprocess.run([os.path.join(binaries, "gateway"), "check-journey", fleet.url, "60"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        return ended.returncode, ended.stdout
    try:
        fleet.start(deadline=120)
        began = time.monotonic()
        code, text = journey()
        seconds = time.monotonic() - began
        assert code == 0 and "its thumbnail came" in text, text
        fleet.kill("media-worker")
        person = Client(fleet.url)
        person.wait(lambda: person.raw("GET", "/health")[0], lambda status: status == 503, 30)
        code, text = journey()
        assert code == 1 and "FAILED  not ready: media-worker" in text, text
    finally:
        fleet.stop()
    return f"{seconds:.1f} s"
