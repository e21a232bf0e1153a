"""The chart as Helm sees it: lint, and every set of values under every version of Kubernetes."""

import functools
import json
import os
import re
import subprocess
import sys

import kubernetes_validate
import kubernetes_validate.utils
import pytest
import yaml

from checks import ROOT, build_folder, check
from helm import ALL_APIS, CHART, KUBES, Refused, ci_names, ci_values, lint, merged, package, render, rendered, setting

sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
import chartschema  # noqa: E402


@pytest.fixture(scope="session")
def matrix():
    """Every set of values × version of Kubernetes × all and no optional kinds: {(values, kube, apis): release}."""
    return {(name, kube, apis): rendered(ci_values(name), kube, apis)
            for name in ci_names() for kube in KUBES for apis in (ALL_APIS, ())}


@check("O01", "lint of the chart")
def test_lint():
    complaints = lint()
    assert not [c for c in complaints if c[0] >= 2], complaints
    return f"{len(complaints)} remarks"


@check("O01", "defaults alone: what is missing is named, all at once")
def test_what_is_missing():
    with pytest.raises(Refused) as refused:
        render({})
    text = str(refused.value)
    wanted = ["publicUrl", "kafka.bootstrapServers", "kafka.existingSecret", "objectStore.endpoint", "a Postgres that exists",
              "SERVICE_SECRET", "KEY_SEAL_SECRET", "TOKEN_SEAL_SECRET", "WEBHOOK_SEAL_SECRET"]
    assert [w for w in wanted if w not in text] == []
    return f"{len(wanted)} things"


@check("O02", "render matrix: versions × values × optional kinds, twice the same")
def test_matrix(matrix):
    for key, release in matrix.items():
        text = release.text + release.hook_text
        assert "<no value>" not in text and "<nil>" not in text and "%!" not in text, key
        documents = re.split(r"^---$", release.text, flags=re.M)
        empty = [d for d in documents if d.strip() and not re.sub(r"^#.*$", "", d, flags=re.M).strip()]
        assert not empty, (key, empty[:1])
        again = render(ci_values(key[0]), key[1], key[2])
        assert (again.text, again.hook_text, again.notes) == (release.text, release.hook_text, release.notes), key
        assert release.notes and "no value" not in release.notes
        for thing in release.everything:
            assert len(thing["metadata"]["name"]) <= 63, thing["metadata"]["name"]
    return f"{len(matrix)} renders"


@check("O02", "one release of another name beside it; long names are cut")
def test_names():
    long = render(ci_values("everything") | {"fullnameOverride": ""}, release="a" * 53)
    assert all(len(d["metadata"]["name"]) <= 63 for d in long.everything)
    names = [(d["kind"], d["metadata"]["name"]) for d in long.everything]
    assert len(names) == len(set(names))
    with pytest.raises(Refused, match="services.a-service-of-thirty-letters-xx: with .* the name is too long"):
        values = setting("services.a-service-of-thirty-letters-xx.port", 9000)
        render(merged(ci_values("minimal"), values, {"fullnameOverride": "b" * 36}))
    return f"longest {max(len(n) for _, n in names)}"


@check("O02", "a version of Kubernetes that is too old is refused")
def test_old_kubernetes():
    with pytest.raises(Refused, match="1.27"):
        render(ci_values("minimal"), kube="v1.26.0")


@check("O03", "generated files of the chart are what the executables say")
def test_generated_files_are_fresh():
    assert chartschema.stale(build_folder()) == [], "run scripts/chart-schema"
    return f"{len(chartschema.settings(build_folder()))} services"


WRONG = {
    "replcas": 2, "global2": {}, "publicURL": "https://x", "publicUrl": "atelier.example.org", "security.user": 0,
    "postgres.existingSecrets": "x", "postgres.host": "db", "postgresql.enabled": True, "kafka.securityProtocol": "tls",
    "kafka.partitions": 0, "kafka.replication": -2, "kafka.brokers": [], "objectStore.kind": "gcs",
    "objectStore.endpoint": "minio:9000", "objectStore.bucket": "", "ingress.controller": "haproxy",
    "ingress.host": "x", "ingress.hosts": "x", "ingress.annotations.a": 1, "gatewayApi.parentRefs": [{"nam": "x"}],
    "networkPolicy.destinations.postgres.ports": [70000], "networkPolicy.destinations.postgres.cidrs": ["10.0.0.0"],
    "networkPolicy.destinations.x": {"cidrs": ["10.0.0.0/8"]}, "metrics.serviceMonitor.labels": {},
    "metrics.rules.disabled": "Watchdog", "migrations.useHooks": "no", "test.timeoutSeconds": 0,
    "defaults.replicas": -1, "defaults.image.tag": "latest", "defaults.image.digest": "sha256:1",
    "defaults.image.pullPolicy": "Sometimes", "defaults.probes.liveness.path": "/", "defaults.tmpSize": "much",
    "defaults.spread.zone": "Maybe", "defaults.resources.request": {}, "defaults.terminationGracePeriodSeconds": 0,
    "services.gatway": {"replicas": 2}, "services.gateway.replica": 2, "services.gateway.config.RATE_LIMIT_PERSONS": 5,
    "services.gateway.config.PORT": 80, "services.gateway.config.LOG_LEVEL": "loud",
    "services.gateway.config.HEAD_TIMEOUT_MS": 1, "services.gateway.config.BEHIND_TLS": "yes",
    "services.user.config.ARGON2_PASSES": "two", "services.user.secrets.SEAL_SECRET": "x",
    "services.user.secrets.KEY_SEAL_SECRET": {"key": "x"}, "services.user.config.KEY_SEAL_SECRET": "in the clear",
    "services.storage.dataFolder.accessMode": "ReadWriteOncePod", "services.storage.autoscaling.keda.backlogTable": "job; DROP",
    "services.media-worker.autoscaling.keda.lags": 3, "services.gateway.rollout.weight": 100,
    "services.gateway.rollout.analysis.maxErrorRatio": 2, "services.storage.config.FAULT_INBOX_OFF": True,
}


@check("O03", "wrong values are refused, with their path")
def test_wrong_values():
    good = ci_values("minimal")
    for path, value in WRONG.items():
        with pytest.raises(Refused) as refused:
            render(merged(good, setting(path, value)))
        text = str(refused.value)
        # The place is named; of a key that is not known, the object that it stands in, and the key.
        parts, place = path.split("."), "/" + path.replace(".", "/")
        unknown = any(f"'/{'/'.join(parts[:i])}'".replace("'/'", "''") in text and f"'{parts[i]}'" in text for i in range(len(parts)))
        assert "schema" in text and (place in text or unknown), (path, text)
    return f"{len(WRONG)} refused"


@check("O03", "open where charts contain this one: global, enabled")
def test_open_root():
    values = merged(ci_values("minimal"), {"global": {"x": 1, "storageClass": "fast"}, "enabled": True})
    assert render(values).text == rendered(ci_values("minimal")).text


@check("O03", "every key of values.yaml is described")
def test_described_values():
    with open(os.path.join(CHART, "values.schema.json")) as f:
        schema = json.load(f)
    with open(os.path.join(CHART, "values.yaml")) as f:
        values = yaml.safe_load(f)

    def walk(part, value, path):
        while "$ref" in part:
            at = schema
            for step in part["$ref"].split("/")[1:]:
                at = at[step]
            part = at
        assert path == "" or part.get("description"), path
        if isinstance(value, dict) and part.get("properties"):
            return 1 + sum(walk(part["properties"][key], inner, f"{path}.{key}") for key, inner in value.items()
                           if key in part["properties"] or isinstance(part.get("additionalProperties", False), bool))
        return 1
    return f"{walk(schema, values, '') - 1} keys"


@pytest.fixture
def schemas_once(monkeypatch):
    """The validator reads two files of schemas for each object; here it reads each file once."""
    for name in ("schema_contents", "all_versions"):
        monkeypatch.setattr(kubernetes_validate.utils, name, functools.cache(getattr(kubernetes_validate.utils, name)))


@check("O04", "schemas of Kubernetes' own kinds, strict")
def test_api_schemas(matrix, schemas_once):
    known = unknown = 0
    seen = set()
    for (name, kube, apis), release in matrix.items():
        version = ".".join(kube.lstrip("v").split(".")[:2])
        for thing in release.everything:
            # Most objects are the same in several renders.
            if (key := (version, json.dumps(thing, sort_keys=True))) in seen:
                continue
            seen.add(key)
            try:
                kubernetes_validate.validate(thing, version, strict=True)
                known += 1
            except kubernetes_validate.SchemaNotFoundError:
                assert "." in thing["apiVersion"].split("/")[0] and not thing["apiVersion"].split("/")[0].endswith(".k8s.io") \
                    or thing["kind"] == "HTTPRoute", thing["kind"]
                unknown += 1
            except kubernetes_validate.ValidationError as error:
                raise AssertionError(f"{name} {kube} {thing['kind']} {thing['metadata']['name']}: {error.message}") from None
    return f"{known} different objects, {unknown} of other kinds"


@check("O25", "packed as one file it renders the same; needs no other chart")
def test_package(tmp_path):
    packed = package(CHART, str(tmp_path))
    values = ci_values("production")
    assert render(values, chart=packed).text == rendered(values).text
    with open(os.path.join(CHART, "Chart.yaml")) as f:
        chart = f.read()
    assert "dependencies:" not in chart
    names = subprocess.run(["tar", "tzf", packed], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    assert not [n for n in names if "/ci/" in n or n.endswith("base.yaml")], names
    return f"{os.path.getsize(packed) // 1024} KiB"


@check("O25", "the chart's appVersion is the executables'; its version grew when its templates changed since the last tag")
def test_version():
    with open(os.path.join(CHART, "Chart.yaml")) as f:
        chart = yaml.safe_load(f)
    said = subprocess.run([os.path.join(build_folder(), "gateway"), "--version"], stdout=subprocess.PIPE, text=True).stdout
    assert said.split() == ["gateway", chart["appVersion"]]
    git = ["git", "-C", ROOT]
    tag = subprocess.run([*git, "describe", "--tags", "--abbrev=0", "--match", "chart-*"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout.strip()
    if not tag:
        return f"{chart['version']}, no chart was tagged yet"
    changed = subprocess.run([*git, "diff", "--quiet", tag, "--", "helm/atelier/templates"]).returncode
    old = yaml.safe_load(subprocess.run([*git, "show", f"{tag}:helm/atelier/Chart.yaml"], stdout=subprocess.PIPE, text=True).stdout)
    assert not changed or old["version"] != chart["version"]
    return f"{old['version']} → {chart['version']}"


@check("O25", "the notes hold no secret and say what a cluster lacks")
def test_notes():
    notes = render(merged(ci_values("everything"), {"gatewayApi": {"enabled": True}}), apis=()).notes
    assert "gatewayApi.enabled has no effect" in notes and "metrics.serviceMonitor and metrics.rules have no effect" in notes
    assert "counts its rate limits for itself" not in notes
    alone = render(merged(ci_values("everything"), {"redis": {"existingSecret": ""}}), apis=()).notes
    assert "counts its rate limits for itself" in alone
    assert "atelier-keys" not in notes
    return f"{len(notes.splitlines())} lines"
