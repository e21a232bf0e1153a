"""Helm without a cluster: a chart is installed into a stub of an API server, and what was made of it is read."""

import asyncio
import atexit
import copy
import functools
import json
import os
import shutil
import tempfile

import yaml

from checks import ROOT, RUN
from clusterstub import OPTIONAL, ClusterStub

CHART = os.environ.get("ATELIER_CHART") or os.path.join(ROOT, "helm", "atelier")
ALL_APIS = tuple(OPTIONAL)
KUBES = ("v1.27.0", "v1.31.0", "v1.34.0")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@functools.cache
def _library():
    # Its caches go to a folder of ours, and it never finds a real cluster.
    os.makedirs(RUN, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="helm-", dir=RUN)
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    os.environ.update(HELM_CACHE_HOME=scratch, HELM_CONFIG_HOME=scratch, HELM_DATA_HOME=scratch,
                      KUBECACHEDIR=scratch, KUBECONFIG="/dev/null")
    import helm_sdkpy
    return helm_sdkpy


class Refused(Exception):
    """Helm did not render the chart; the text says why."""


class Release:
    """What Helm made of a chart: objects, hooks, notes, and the writes in their order."""

    def __init__(self, answer, writes):
        self.text = answer["manifest"]
        self.notes = (answer.get("info") or {}).get("notes", "")
        self.objects = [d for d in yaml.load_all(self.text, LOADER) if d]
        hooks = answer.get("hooks") or []
        self.hooks = [yaml.load(h["manifest"], LOADER) for h in hooks]
        self.hook_text = "\n---\n".join(h["manifest"] for h in hooks)
        self.writes = [w for w in writes if not (w[2] or "").startswith("sh.helm.release")]

    @property
    def everything(self):
        return self.objects + self.hooks

    def kinds(self, *names):
        """Objects of those kinds, hooks included."""
        return [d for d in self.everything if d["kind"] in names]

    def named(self, kind, name):
        """The object of that kind and name; None where there is none."""
        return next((d for d in self.kinds(kind) if d["metadata"]["name"] == name), None)

    @property
    def pods(self):
        """(object, pod template) of everything that makes pods."""
        found = []
        for d in self.everything:
            if d["kind"] in ("Deployment", "StatefulSet", "Job", "Rollout"):
                found.append((d, d["spec"]["template"]))
            elif d["kind"] == "CronJob":
                found.append((d, d["spec"]["jobTemplate"]["spec"]["template"]))
            elif d["kind"] == "Pod":
                found.append((d, d))
        return found


def merged(*layers):
    """Values over values, as Helm merges them."""
    result = {}
    for layer in layers:
        for key, value in copy.deepcopy(layer or {}).items():
            if isinstance(value, dict) and isinstance(result.get(key), dict):
                result[key] = merged(result[key], value)
            else:
                result[key] = value
    return result


def setting(path, value):
    """`setting("a.b", 1)` is `{"a": {"b": 1}}`."""
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def ci_values(name):
    """The values of helm/atelier/ci/<name>-values.yaml."""
    with open(os.path.join(CHART, "ci", name + "-values.yaml")) as f:
        return yaml.load(f, LOADER) or {}


def ci_names():
    """Names of the value files of the matrix."""
    return sorted(f.removesuffix("-values.yaml") for f in os.listdir(os.path.join(CHART, "ci")))


@functools.cache
def _rendered(text, kube, apis):
    return render(json.loads(text), kube, apis, namespace="atelier")


def rendered(values, kube="v1.31.0", apis=ALL_APIS):
    """The same as `render`, made once for the same values; not to be changed."""
    return _rendered(json.dumps(values, sort_keys=True), kube, apis)


def render(values=None, kube="v1.31.0", apis=ALL_APIS, chart=CHART, release="atelier", namespace="atelier",
           upgrade=None, test=False):
    """Installs the chart into a stub. With `upgrade`, values or a pair of chart and values, the release is then upgraded
    and the writes are those of the upgrade alone. With `test` the release's tests are run after it."""
    library = _library()
    stub = ClusterStub(kube, apis)
    try:
        configuration = library.Configuration(namespace=namespace, kubeconfig=stub.kubeconfig)
        try:
            answer = asyncio.run(library.Install(configuration).run(
                release, chart, values=values or {}, wait=False, timeout=30))
            if upgrade is not None:
                stub.writes.clear()
                chart, values = upgrade if isinstance(upgrade, tuple) else (chart, upgrade)
                answer = asyncio.run(library.Upgrade(configuration).run(
                    release, chart, values=values, wait=False, timeout=30))
            if test:
                stub.writes.clear()
                asyncio.run(library.ReleaseTest(configuration).run(release))
        except library.HelmError as error:
            raise Refused(str(error)) from None
        return Release(answer, stub.writes)
    finally:
        stub.end()


def lint(chart=CHART):
    """Complaints of `helm lint`: (severity, path); 1 is information, 2 a warning, 3 an error."""
    library = _library()
    answer = asyncio.run(library.Lint(library.Configuration(namespace="atelier")).run(chart))
    return [(m["Severity"], m["Path"]) for m in answer.get("Messages") or []]


def package(chart, folder):
    """The chart as one file in `folder`; its path."""
    library = _library()
    return asyncio.run(library.Package(library.Configuration(namespace="atelier")).run(chart, folder))
