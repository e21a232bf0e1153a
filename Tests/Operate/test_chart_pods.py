"""Pods of the chart: security, probes, placement, stop, secrets, what restarts when."""

import json
import os
import re
import subprocess

import pytest

from checks import ROOT, check
from helm import ALL_APIS, CHART, Refused, ci_names, ci_values, merged, render, rendered, setting


@pytest.fixture(scope="session")
def releases():
    """Every set of values on a cluster that knows everything."""
    return {name: rendered(ci_values(name)) for name in ci_names()}


def containers(template):
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def workloads(release):
    return [d for d in release.objects if d["kind"] in ("Deployment", "Rollout")]


def environment(release, workload):
    """Plain settings of a workload's container."""
    container = workload["spec"]["template"]["spec"]["containers"][0]
    values = {}
    for source in container.get("envFrom", []):
        values.update(release.named("ConfigMap", source["configMapRef"]["name"])["data"])
    values.update({e["name"]: e["value"] for e in container["env"] if "value" in e})
    return values


@check("O06", "restricted profile: every container, hooks and tests included")
def test_restricted(releases):
    count = 0
    for name, release in releases.items():
        for thing, template in release.pods:
            pod, where = template["spec"], (name, thing["kind"], thing["metadata"]["name"])
            assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] == 10001, where
            assert not pod.get("hostNetwork") and not pod.get("hostPID") and pod["automountServiceAccountToken"] is False, where
            assert not [v for v in pod["volumes"] if "hostPath" in v], where
            mounts = {m["mountPath"] for c in containers(template) for m in c["volumeMounts"]}
            for container in containers(template):
                security = container["securityContext"]
                assert security["allowPrivilegeEscalation"] is False and security["readOnlyRootFilesystem"] is True, where
                assert security["capabilities"] == {"drop": ["ALL"]} and security["runAsNonRoot"] is True, where
                assert security["seccompProfile"] == {"type": "RuntimeDefault"}, where
                count += 1
            assert "/tmp" in mounts, where
            if thing["kind"] in ("Deployment", "Rollout"):
                values = environment(release, thing)
                for folder in ("WORK_FOLDER", "OBJECT_FOLDER", "HOME"):
                    assert folder not in values or values[folder] in mounts, (where, folder)
    return f"{count} containers, 0 violations"


@check("O09", "no randomness in the templates, no Secret made, every reference from the values")
def test_secrets(releases):
    for folder, _, files in os.walk(os.path.join(CHART, "templates")):
        for file in files:
            with open(os.path.join(folder, file)) as f:
                found = re.findall(r"\b(?:rand[A-Z]\w*|genCA|genSelf\w*|genSigned\w*|genPrivate\w*|lookup|now|uuidv4|htpasswd)\b",
                                   re.sub(r"\{\{-? */\*.*?\*/ *-?\}\}|\"(?:[^\"\\]|\\.)*\"", "", f.read(), flags=re.S))
            assert not found, (file, found)
    count = 0
    for name, release in releases.items():
        assert not release.kinds("Secret"), name
        values = str(ci_values(name))
        for thing, template in release.pods:
            for container in containers(template):
                for entry in container["env"]:
                    if "valueFrom" in entry:
                        assert repr(entry["valueFrom"]["secretKeyRef"]["name"]) in values, (name, entry)
                        count += 1
                    assert not re.search("SECRET|PASSWORD|DATABASE_URL|API_KEY|SMTP_URL|ACCESS_KEY", entry["name"]) \
                        or "valueFrom" in entry, (name, entry)
    text = "".join(r.text + r.hook_text for r in releases.values())
    assert not re.search(r"^kind: (Role|ClusterRole|CustomResourceDefinition)", text, re.M)
    return f"{count} references, 0 Secrets"


@check("O10", "migrations: before everything, for install and upgrade; hooks use nothing of the release")
def test_hooks(releases):
    count = 0
    for name, release in releases.items():
        made = {(d["kind"], d["metadata"]["name"]) for d in release.objects}
        hooks = [d for d in release.hooks if "pre-install" in d["metadata"]["annotations"]["helm.sh/hook"]]
        if ci_values(name).get("migrations", {}).get("useHooks", True):
            assert len(hooks) == 8, name
        else:
            jobs = [d for d in release.objects if d["kind"] == "Job"]
            assert not hooks and len(jobs) == 9 and all(j["metadata"]["name"].endswith("-1") for j in jobs), name
        for hook in hooks:
            notes, spec = hook["metadata"]["annotations"], hook["spec"]
            assert notes["helm.sh/hook"] == "pre-install,pre-upgrade"
            assert notes["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"
            assert spec["activeDeadlineSeconds"] > 0 and spec["backoffLimit"] < 6
        for hook in release.hooks:
            pod = hook["spec"].get("template", hook)["spec"]
            assert pod["serviceAccountName"] == "default"
            for container in pod["containers"]:
                assert not container.get("envFrom")
            used = [("Secret", v["secret"]["secretName"]) for v in pod["volumes"] if "secret" in v]
            used += [("ConfigMap", v["configMap"]["name"]) for v in pod["volumes"] if "configMap" in v]
            assert not made & set(used) and not [v for v in pod["volumes"] if "persistentVolumeClaim" in v], (name, hook["metadata"]["name"])
            count += 1
    for writes in (releases["minimal"].writes, render(ci_values("minimal"), upgrade=ci_values("production")).writes):
        kinds = [kind for verb, kind, _, _ in writes if verb in ("POST", "PATCH", "PUT")]
        last = max(i for i, kind in enumerate(kinds) if kind == "Job")
        assert kinds.count("Job") == 8 and set(kinds[:last]) == {"Job"} and "Deployment" in kinds[last:]
    return f"{count} hooks"


@check("O10", "useHooks false: pods wait for the schema, a Job for each revision")
def test_without_hooks():
    values = merged(ci_values("minimal"), setting("migrations.useHooks", False))
    first = render(values)
    assert first.named("ConfigMap", "atelier-user")["data"]["MIGRATE_ON_START"] == "false"
    second = render(values, upgrade=merged(values, setting("services.user.config", {"ARGON2_PASSES": 3})))
    names = {d["metadata"]["name"] for d in second.objects if d["kind"] == "Job"}
    assert "atelier-user-migrate-2" in names and not any(n.endswith("-1") for n in names)
    off = render(merged(ci_values("minimal"), setting("migrations.enabled", False)))
    assert not off.kinds("Job") and off.named("ConfigMap", "atelier-user")["data"]["MIGRATE_ON_START"] == "true"


@check("O12", "three probes, drain, and a grace that is longer than the stop")
def test_probes_and_stop(releases):
    count = 0
    for name, release in releases.items():
        for d in workloads(release):
            pod = d["spec"]["template"]["spec"]
            container = pod["containers"][0]
            paths = {p: container[p + "Probe"]["httpGet"] for p in ("startup", "liveness", "readiness")}
            assert paths["liveness"]["path"] == paths["startup"]["path"] == "/health/live"
            assert paths["readiness"]["path"] == "/health/ready"
            assert all(p["port"] == "private" for p in paths.values())
            values = environment(release, d)
            drain, stop = int(values["DRAIN_DELAY_MS"]), int(values.get("STOP_LIMIT_MS", 20000))
            assert drain >= 5000, "an endpoint is taken away after the signal"
            assert pod["terminationGracePeriodSeconds"] * 1000 > drain + stop
            ports = {p["name"]: p["containerPort"] for p in container["ports"]}
            assert ports["private"] == ports["http"] + 1000 and min(ports.values()) > 1024
            assert {values["PORT"], values["ADMIN_PORT"]} == {str(p) for p in ports.values()} and values["HOST"] == "0.0.0.0"
            if d["kind"] == "Deployment":
                assert d["spec"]["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
            else:
                assert d["spec"]["strategy"]["canary"]["maxUnavailable"] == 0
            assert d["spec"]["revisionHistoryLimit"] == 3
            count += 1
    with pytest.raises(Refused, match="terminationGracePeriodSeconds: 20 s is no more than"):
        render(merged(ci_values("minimal"), setting("services.user.terminationGracePeriodSeconds", 20)))
    with pytest.raises(Refused, match="services.user.terminationGracePeriodSeconds"):
        render(merged(ci_values("minimal"), setting("services.user.config.STOP_LIMIT_MS", 55000)))
    return f"{count} workloads"


@check("O13", "spread, requests, memory limits, accounts, images by tag or digest")
def test_placement_and_resources(releases):
    for name, release in releases.items():
        accounts = {d["metadata"]["name"]: d for d in release.kinds("ServiceAccount")}
        assert all(a["automountServiceAccountToken"] is False for a in accounts.values())
        used = []
        for thing, template in release.pods:
            pod = template["spec"]
            for container in containers(template):
                resources = container["resources"]
                assert {"cpu", "memory"} <= set(resources["requests"]) and "memory" in resources["limits"], thing["metadata"]["name"]
                assert "cpu" not in resources["limits"]
                assert re.search(r"(:\d[\w.-]*|@sha256:[0-9a-f]{64})$", container["image"]), container["image"]
        for d in workloads(release):
            pod = d["spec"]["template"]["spec"]
            used.append(pod["serviceAccountName"])
            keys = {c["topologyKey"]: c for c in pod["topologySpreadConstraints"]}
            assert set(keys) == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
            assert all(c["labelSelector"]["matchLabels"] == d["spec"]["selector"]["matchLabels"] for c in keys.values())
        assert sorted(used) == sorted(accounts), name
    everything = releases["everything"]
    for thing, template in everything.pods:
        assert template["spec"]["imagePullSecrets"] == [{"name": "registry"}], thing["metadata"]["name"]
        assert template["spec"]["containers"][0]["image"].startswith("registry.example.org/atelier/")
        assert "@sha256:" in template["spec"]["containers"][0]["image"]
    gpu = releases["gpu"].named("Deployment", "atelier-ml-worker")["spec"]["template"]["spec"]
    assert gpu["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1 and gpu["runtimeClassName"] == "nvidia"
    return f"{sum(len(r.pods) for r in releases.values())} pod templates"


@check("O15", "labels everywhere; selectors are stable and select one workload each")
def test_labels_and_selectors(releases):
    for name, release in releases.items():
        for d in release.everything:
            labels = d["metadata"]["labels"]
            assert {"app.kubernetes.io/" + k for k in ("name", "instance", "component", "part-of", "version", "managed-by")} <= set(labels), d
            assert "helm.sh/chart" in labels
        for d in workloads(release):
            chosen = d["spec"]["selector"]["matchLabels"]
            assert set(chosen) == {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}
            matched = [t for t, template in release.pods if chosen.items() <= template["metadata"]["labels"].items()]
            assert matched == [d], (name, d["metadata"]["name"])
        for service in release.kinds("Service"):
            matched = [d for d in workloads(release)
                       if service["spec"]["selector"].items() <= d["spec"]["template"]["metadata"]["labels"].items()]
            assert len(matched) == 1, (name, service["metadata"]["name"])
    return f"{sum(len(r.everything) for r in releases.values())} objects"


@check("O15", "an upgrade takes no workload, Service or claim away, and changes no selector")
def test_upgrade_keeps(tmp_path):
    small, large = ci_values("minimal"), ci_values("production")
    releases = [render(small, upgrade=large)]
    # The last chart that was tagged (chart-0.1.0) is what people upgrade from.
    git = ["git", "-C", ROOT]
    tag = subprocess.run([*git, "describe", "--tags", "--abbrev=0", "--match", "chart-*"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout.strip()
    if tag:
        archive = subprocess.run([*git, "archive", tag, "helm/atelier"], stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["tar", "x", "-C", tmp_path], input=archive, check=True)
        releases.append(render(small, chart=str(tmp_path / "helm" / "atelier"), upgrade=(CHART, small)))
    for release in releases:
        gone = [w for w in release.writes if w[0] == "DELETE" and w[1] != "Job"]
        assert not gone, gone
        for verb, kind, name, sent in release.writes:
            if kind == "Deployment" and verb == "PATCH":
                assert "selector" not in (sent.get("spec") or {}), name
    return f"{len(releases[0].writes)} writes, 0 deletions; from {tag or 'no tag yet'}"


@check("O16", "a changed setting restarts its own pods and no others")
def test_config_rollout():
    def sums(values):
        return {d["metadata"]["name"]: d["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
                for d in workloads(render(values))}
    base = ci_values("production")
    before = sums(base)
    after = sums(merged(base, setting("services.user.config.ARGON2_PASSES", 3)))
    assert [n for n in before if before[n] != after[n]] == ["atelier-user"]
    # What is shared restarts who reads it; a secret's new content restarts nobody (the operator of secrets does).
    after = sums(merged(base, setting("objectStore.bucket", "other")))
    assert [n for n in before if before[n] != after[n]] == ["atelier-storage"]
    after = sums(merged(base, setting("services.gateway.replicas", 5)))
    assert before == after


@check("O13", "numbers stay numbers: 17179869184 is not written as 1.7e+10")
def test_large_numbers(releases):
    data = releases["everything"].named("ConfigMap", "studio-gateway")["data"]
    assert data["FILE_LIMIT_BYTES"] == "17179869184" and data["RATE_LIMIT_SCALE"] == "0.5"
    for release in releases.values():
        for d in release.kinds("ConfigMap"):
            assert not [v for v in d["data"].values() if re.fullmatch(r"\d(\.\d+)?e\+\d+", v)]


@check("O13", "files on one machine: refused with more than one replica of storage, with the reason")
def test_file_storage():
    files = merged(ci_values("minimal"), setting("objectStore.kind", "file"))
    assert render(files)
    for more in (setting("services.storage.replicas", 2), setting("services.storage.autoscaling", {"enabled": True})):
        with pytest.raises(Refused, match="each pod would have content that the others lack"):
            render(merged(files, more))
    with pytest.raises(Refused, match="it has no other folder that can be written"):
        render(merged(ci_values("minimal"), setting("services.storage.dataFolder.enabled", False)))


@check("O13", "storage with S3: any number of replicas, no claim, a folder of the pod")
def test_shared_storage():
    release = render(merged(ci_values("minimal"), setting("services.storage.replicas", 3)))
    assert not release.kinds("PersistentVolumeClaim")
    pod = release.named("Deployment", "atelier-storage")["spec"]["template"]["spec"]
    assert {"name": "data", "emptyDir": {"sizeLimit": "50Gi"}} in pod["volumes"]
    assert "podAffinity" not in pod.get("affinity", {})
    with pytest.raises(Refused, match="nothing lives on a volume"):
        render(merged(ci_values("minimal"), setting("services.storage.dataFolder.existingClaim", "uploads")))
    files = render(merged(ci_values("minimal"), setting("objectStore.kind", "file")))
    assert [d["metadata"]["name"] for d in files.kinds("PersistentVolumeClaim")] == ["atelier-storage-data"]


@check("O13", "a tenth service needs values only; one that is off leaves nothing")
def test_tenth_service(releases):
    everything = releases["everything"]
    assert {d["kind"] for d in everything.objects if d["metadata"]["name"].startswith("studio-billing")} == {
        "ConfigMap", "Deployment", "Service", "ServiceAccount", "NetworkPolicy", "Job", "ServiceMonitor", "PodDisruptionBudget"}
    data = everything.named("ConfigMap", "studio-billing")["data"]
    assert data["PORT"] == "8091" and data["USER_URL"] == "http://studio-user" and "KAFKA_BOOTSTRAP_SERVERS" in data
    without = render(merged(ci_values("minimal"), setting("services.analytics.enabled", False)))
    assert not [d for d in without.everything if d["metadata"]["name"].startswith("atelier-analytics")]


@check("O13", "what a service is not given to read does not stand in its ConfigMap")
def test_config_is_read(releases):
    with open(os.path.join(CHART, "files", "settings.json")) as f:
        known = json.load(f)
    count = 0
    for d in releases["production"].kinds("ConfigMap"):
        service = d["metadata"]["labels"]["app.kubernetes.io/component"]
        if service in known:
            assert set(d["data"]) <= set(known[service]), (service, set(d["data"]) - set(known[service]))
            count += len(d["data"])
    return f"{count} settings"
