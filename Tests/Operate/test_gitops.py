"""deploy/gitops: what Argo CD makes of it for each environment, the gate before production, and the way from one to the next."""

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone

import jsonschema
import pytest
import yaml

import promote
from checks import ROOT, check
from fleet import NAMES
from helm import CHART, LOADER, merged, render, rendered

FOLDER = os.path.join(ROOT, "deploy", "gitops")
ENVIRONMENTS = os.path.join(FOLDER, "environments")
ORDER = promote.ORDER[1:]
# Hooks of Helm that Argo CD knows; `test` is skipped by it, which the Applications also say.
HOOKS = {"pre-install", "pre-upgrade", "post-install", "post-upgrade", "test"}


def load(*path):
    with open(os.path.join(*path)) as f:
        return yaml.load(f, LOADER)


def valid(thing):
    jsonschema.Draft202012Validator(load(os.path.dirname(__file__), "schemas-gitops.yaml")[thing["kind"]]).validate(thing)
    return thing


def filled(text, parameters, folder):
    """A Go template with its parameters, by Helm's own engine: Argo CD's has the same functions."""
    os.makedirs(os.path.join(folder, "templates"), exist_ok=True)
    with open(os.path.join(folder, "Chart.yaml"), "w") as f:
        f.write("apiVersion: v2\nname: filled\nversion: 0.0.1\n")
    with open(os.path.join(folder, "templates", "text.yaml"), "w") as f:
        f.write("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: text}\ndata:\n"
                '  text: {{ tpl .Values.text (merge (dict "Template" .Template) .Values.parameters) | toJson }}\n')
    text = render({"text": text, "parameters": parameters}, chart=folder).objects[0]["data"]["text"]
    assert "<no value>" not in text and "{{" not in text, text
    return yaml.load(text, LOADER)


@pytest.fixture(scope="session")
def applications(tmp_path_factory):
    """Environment → the Application that the set makes of it."""
    folder = str(tmp_path_factory.mktemp("filled"))
    wanted = valid(load(FOLDER, "applicationset.yaml"))["spec"]
    elements, files = wanted["generators"][0]["matrix"]["generators"]
    made = {}
    for element in elements["list"]["elements"]:
        (file,) = files["git"]["files"]
        parameters = {**load(ROOT, filled(file["path"], element, folder)), **element}
        application = filled(yaml.safe_dump(wanted["template"]), parameters, folder)
        patch = filled(wanted["templatePatch"], parameters, folder)
        application = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", **merged(application, patch)}
        made[element["environment"]] = valid(application)
    return made


def release(application):
    """The chart with the values that an Application names."""
    chart, values = application["spec"]["sources"]
    assert values["ref"] == "values" and os.path.join(ROOT, chart["path"]) == CHART
    layers = [load(ROOT, name.removeprefix("$values/")) for name in chart["helm"]["valueFiles"]]
    return rendered(merged(*layers))


@check("O25", "GitOps: an Application for each environment, each renders the chart")
def test_environments(applications):
    assert list(applications) == ORDER
    project = valid(load(FOLDER, "project.yaml"))
    counts = []
    for name, application in applications.items():
        spec = application["spec"]
        assert spec["destination"] in project["spec"]["destinations"]
        assert {source["repoURL"] for source in spec["sources"]} <= set(project["spec"]["sourceRepos"])
        made = release(application)
        known = {kind["kind"] for kind in project["spec"]["clusterResourceWhitelist"]}
        assert not [d for d in made.objects if d["kind"] in ("Secret", "ClusterRole", "ClusterRoleBinding", *known)]
        workloads = made.kinds("Deployment", "Rollout")
        assert sorted(d["metadata"]["name"].removeprefix("atelier-") for d in workloads) == sorted(NAMES)
        assert {d["metadata"]["namespace"] for d in made.everything} == {"atelier"}
        counts.append(f"{name} {len(made.objects)}")
    return ", ".join(counts) + " objects"


@check("O25", "GitOps: production waits for a person, whatever its Application says")
def test_gate(applications):
    automated = {name for name, a in applications.items() if "automated" in a["spec"]["syncPolicy"]}
    assert automated == {"development", "staging"}
    (window,) = load(FOLDER, "project.yaml")["spec"]["syncWindows"]
    assert window["kind"] == "deny" and window["manualSync"] and (window["schedule"], window["duration"]) == ("0 0 * * *", "24h")
    assert window["applications"] == [applications["production"]["metadata"]["name"]]
    return "automated: " + ", ".join(sorted(automated))


@check("O25", "GitOps: the number of pods is left to the scalers, and to nobody else")
def test_replicas(applications):
    counts = []
    for name, application in applications.items():
        made = release(application)
        scaled = {}
        for scaler in made.kinds("HorizontalPodAutoscaler", "ScaledObject"):
            target = scaler["spec"]["scaleTargetRef"]
            scaled[target["name"]] = target.get("kind", "Deployment")
        ignored = {(i["name"], i["kind"]) for i in application["spec"].get("ignoreDifferences", [])
                   if i["jsonPointers"] == ["/spec/replicas"]}
        assert {n for n, _ in ignored} == set(scaled), (name, "the list `scaled` of applicationset.yaml")
        assert set(scaled.items()) <= ignored, name
        assert "RespectIgnoreDifferences=true" in application["spec"]["syncPolicy"]["syncOptions"]
        counts.append(f"{name} {len(scaled)}")
    return ", ".join(counts)


@check("O25", "GitOps: migrations are hooks that Argo CD knows, and nothing switches them off")
def test_hooks(applications):
    made = release(applications["production"])
    jobs = [d for d in made.hooks if d["kind"] == "Job"]
    for thing in made.hooks:
        notes = thing["metadata"]["annotations"]
        assert set(notes["helm.sh/hook"].split(",")) <= HOOKS, notes
        assert int(notes.get("helm.sh/hook-weight", "0")) is not None
    assert len(jobs) == 8 and all("before-hook-creation" in d["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
                                  for d in jobs)
    assert not [d for d in made.everything
                if any(k.startswith("argocd.argoproj.io/") for k in d["metadata"].get("annotations") or {})]
    assert all(a["spec"]["sources"][0]["helm"]["skipTests"] for a in applications.values())
    return f"{len(jobs)} Jobs before everything else"


def status(environment, release, **changes):
    """The Application of a healthy environment, as Argo CD tells it, with changes."""
    long_ago = (datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    images = [f"registry.example.org/atelier/{name}@{digest}" for name, digest in release.digests.items()]
    return {"metadata": {"name": "atelier-" + environment}, "status": merged({
        "health": {"status": "Healthy", "lastTransitionTime": long_ago}, "summary": {"images": images},
        "sync": {"status": "Synced", "revisions": [release.revision, "f" * 40]},
        "operationState": {"phase": "Succeeded", "finishedAt": long_ago}}, changes)}


@check("O25", "GitOps: promotion takes digests on, in order, and only what was seen healthy")
def test_promotion(tmp_path):
    for environment in ORDER:
        (tmp_path / environment).mkdir()
        (tmp_path / environment / "images.yaml").write_text(open(promote.path(ENVIRONMENTS, environment)).read())
    good = promote.Release("1.2.3", "a" * 40, {name: f"sha256:{number:064x}" for number, name in enumerate(NAMES)})

    def told(text, *words, answer=None):
        done = subprocess.run([os.path.join(ROOT, "scripts", "promote"), *words, "--environments", str(tmp_path), "--status", "-"],
                              input=json.dumps(answer), capture_output=True, text=True)
        assert text in done.stdout + done.stderr and (done.returncode == 0) == (not text.startswith("not promoted")), done
    onward = ("development", "staging")
    told("not promoted: development has no digest of", *onward)
    told("not promoted: the way is", "development", "production")
    (tmp_path / "development" / "images.yaml").write_text(good.text("development"))
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    wrong = [({"health": {"status": "Degraded"}}, "health is Degraded"), ({"sync": {"status": "OutOfSync"}}, "sync is OutOfSync"),
             ({"operationState": {"phase": "Running"}}, "last operation is Running"), ({"health": {"status": None}}, "unknown"),
             ({"summary": {"images": []}}, "does not run these images"), ({"sync": {"revisions": ["b" * 40]}}, "the chart of aaaa"),
             ({"operationState": {"finishedAt": now}}, "for 0 minutes only"),
             ({"operationState": {"finishedAt": None}, "health": {"lastTransitionTime": None}}, "since when")]
    for changes, text in wrong:
        told("not promoted: development", *onward, answer=status("development", good, **changes))
        with pytest.raises(promote.Refused, match=text):
            promote.healthy(good, status("development", good, **changes), "development", 30, datetime.now(timezone.utc))
    told("not promoted: this is the state of", *onward, answer=status("staging", good))
    told("nothing → 1.2.3", *onward, answer=status("development", good))
    told("has 1.2.3 (aaaaaaaaaaaa) already", *onward, answer=status("development", good))
    told("a person then synchronises", "staging", "production", answer=status("staging", good))
    written = load(tmp_path, "production", "images.yaml")
    assert {n: s["image"]["digest"] for n, s in written["services"].items()} == good.digests
    pods = rendered(merged(load(ENVIRONMENTS, "production", "values.yaml"), written)).kinds("Deployment", "Rollout")
    images = {d["spec"]["template"]["spec"]["containers"][0]["image"].split("@")[1] for d in pods}
    assert images == set(good.digests.values())
    return f"{len(wrong) + 3} refusals"
