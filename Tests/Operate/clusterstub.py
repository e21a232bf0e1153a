"""As much of a Kubernetes API server as Helm needs to install, upgrade, test and remove a release without a cluster.

Everything that is written is kept in memory and noted in order; workloads are ready at once, jobs succeed at once. It
judges nothing: what a real server refuses (immutable fields, quotas) it takes.
"""

import base64
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse

import yaml

BUILT_IN = {
    "v1": "Pod Secret ConfigMap Service ServiceAccount Namespace PersistentVolumeClaim Event",
    "apps/v1": "Deployment StatefulSet DaemonSet ReplicaSet",
    "batch/v1": "Job CronJob",
    "policy/v1": "PodDisruptionBudget",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "networking.k8s.io/v1": "NetworkPolicy Ingress",
}
# Kinds that a cluster has or has not.
OPTIONAL = {
    "monitoring.coreos.com/v1": "ServiceMonitor PrometheusRule",
    "keda.sh/v1alpha1": "ScaledObject TriggerAuthentication",
    "argoproj.io/v1alpha1": "Rollout AnalysisTemplate",
    "gateway.networking.k8s.io/v1": "HTTPRoute",
}


def plural(kind):
    """The name of a kind in a path."""
    name = kind.lower()
    return name + "es" if name.endswith("s") else name[:-1] + "ies" if name.endswith("y") else name + "s"


def protobuf(data):
    """The fields of a protobuf message: pairs of number and value."""
    at, fields = 0, []

    def varint():
        nonlocal at
        result = shift = 0
        while True:
            byte = data[at]
            at += 1
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result
    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            value = varint()
        else:
            size = {1: 8, 5: 4}[tag & 7] if tag & 7 in (1, 5) else varint()
            value, at = data[at:at + size], at + size
        fields.append((tag >> 3, value))
    return fields


def decoded(raw):
    """An object that was sent: JSON, or the protobuf that typed clients use (Helm: for its Secrets alone)."""
    if raw[:4] != b"k8s\0":
        return json.loads(raw)
    unknown = dict(protobuf(raw[4:]))
    kind = dict(protobuf(unknown[1]))
    thing = {"apiVersion": kind[1].decode(), "kind": kind[2].decode(), "metadata": {"labels": {}}, "data": {}}
    for number, value in protobuf(unknown[2]):
        if number == 1:
            for field, inner in protobuf(value):
                if field in (1, 3):
                    thing["metadata"]["name" if field == 1 else "namespace"] = inner.decode()
                if field == 11:
                    pair = dict(protobuf(inner))
                    thing["metadata"]["labels"][pair[1].decode()] = pair.get(2, b"").decode()
        if number == 2:
            pair = dict(protobuf(value))
            thing["data"][pair[1].decode()] = base64.b64encode(pair.get(2, b"")).decode()
        if number == 3:
            thing["type"] = value.decode()
    return thing


def merge(into, changes):
    """A JSON merge patch."""
    for key, value in changes.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def settled(thing):
    """The object as it is once its controller is done with it."""
    spec = thing.get("spec")
    count = spec.get("replicas", 1) if isinstance(spec, dict) else 1
    when = {"startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:00:01Z"}
    status = {
        "Job": {"succeeded": 1, **when, "conditions": [{"type": "Complete", "status": "True"}]},
        "Pod": {"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "True"}]},
        "Deployment": {"observedGeneration": 1, **{k: count for k in (
            "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")}},
    }.get(thing.get("kind"))
    if status:
        thing["status"] = status
    thing["metadata"].setdefault("uid", thing["metadata"].get("name"))
    thing["metadata"].setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
    thing["metadata"]["generation"] = 1
    return thing


class ClusterStub(http.server.ThreadingHTTPServer):
    """The server; `writes` is what was written, in order: (verb, kind, name, object)."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, version="v1.31.0", apis=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.version = version
        kinds = {**BUILT_IN, **{group: OPTIONAL[group] for group in apis}}
        self.resources = {group: {plural(k): k for k in names.split()} for group, names in kinds.items()}
        self.things = {}
        self.writes = []
        self.count = 100
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.ended = False
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that left in the middle of an answer is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def end(self):
        """Ends the server, and who listens to it."""
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        self.shutdown()
        self.server_close()

    @property
    def kubeconfig(self):
        """How to reach it, as text of a kubeconfig file."""
        return yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "stub",
            "clusters": [{"name": "stub", "cluster": {"server": f"http://127.0.0.1:{self.server_address[1]}"}}],
            "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
            "users": [{"name": "stub", "user": {}}]})


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of Helm's."""

    protocol_version = "HTTP/1.1"
    # Head and body in one packet, or each answer waits 40 ms for the other side's acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *_):
        pass

    def answer(self, code, thing):
        body = json.dumps(thing).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code, reason, message):
        self.answer(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason,
                           "message": message, "code": code})

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.discovery(url.path.rstrip("/")):
            self.object(url.path.rstrip("/"), query, raw)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def discovery(self, path):
        """Questions about which kinds there are; true where it was one."""
        resources = self.server.resources
        group = re.fullmatch(r"/(?:api/(v1)|apis/([^/]+/[^/]+))", path)
        if path == "/version":
            major, minor = self.server.version.lstrip("v").split(".")[:2]
            self.answer(200, {"major": major, "minor": minor, "gitVersion": self.server.version})
        elif path == "/api":
            self.answer(200, {"kind": "APIVersions", "versions": ["v1"]})
        elif path == "/apis":
            groups = [{"name": g.split("/")[0], "versions": [{"groupVersion": g, "version": g.split("/")[1]}],
                       "preferredVersion": {"groupVersion": g, "version": g.split("/")[1]}}
                      for g in resources if "/" in g]
            self.answer(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        elif path == "/openapi/v3":
            self.answer(200, {"paths": {self.root(g): {"serverRelativeURL": f"/openapi/v3/{self.root(g)}?hash=1"}
                                        for g in resources}})
        elif path.startswith("/openapi/v3/"):
            self.answer(200, self.openapi(path.split("/", 4)[4]))
        elif group:
            name = group[1] or group[2]
            if name not in resources:
                self.refuse(404, "NotFound", name)
                return True
            verbs = ["get", "list", "watch", "create", "update", "patch", "delete"]
            self.answer(200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": [
                {"name": p, "singularName": "", "namespaced": k != "Namespace", "kind": k, "verbs": verbs}
                for p, k in resources[name].items()]})
        else:
            return False
        return True

    @staticmethod
    def root(group):
        return ("api/" if group == "v1" else "apis/") + group

    def openapi(self, group):
        """Says of each kind that a patch of it can validate fields: Helm asks nothing else."""
        paths = {}
        for name, kind in self.server.resources.get(group, {}).items():
            asked = {"group": group.rpartition("/")[0], "version": group.rpartition("/")[2], "kind": kind}
            place = "/" if kind == "Namespace" else "/namespaces/{namespace}/"
            parameters = [{"name": n, "in": "query", "schema": {"type": "string"}} for n in ("fieldValidation", "dryRun")]
            paths[f"/{self.root(group)}{place}{name}/{{name}}"] = {"patch": {
                "operationId": "patch" + kind, "parameters": parameters, "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": asked}}
        return {"openapi": "3.0.0", "info": {"title": "stub", "version": "v1"}, "components": {"schemas": {}},
                "paths": paths}

    def object(self, path, query, raw):
        """Reads and writes of objects."""
        server = self.server
        match = re.fullmatch(
            r"/(?:api/(v1)|apis/([^/]+/[^/]+))(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?(?:/(?:status|log))?", path)
        group = match and (match[1] or match[2])
        kind = match and server.resources.get(group, {}).get(match[4])
        if not kind:
            return self.refuse(404, "NotFound", path)
        namespace, name, verb, sent = match[3], match[5], self.command, None
        with server.lock:
            if verb != "GET":
                server.count += 1
                server.changed.notify_all()
            if verb in ("POST", "PUT", "PATCH"):
                sent = decoded(raw)
                name = name or sent["metadata"]["name"]
            key = (group, match[4], namespace, name)
            old = server.things.get(key)
            if verb != "GET":
                server.writes.append((verb, kind, name, sent))
            if verb == "POST" and old:
                return self.refuse(409, "AlreadyExists", f'{match[4]} "{name}" already exists')
            if sent:
                applied = "apply-patch" in (self.headers.get("Content-Type") or "")
                if not old and verb != "POST" and not applied:
                    return self.refuse(404, "NotFound", name)
                thing = old if verb == "PATCH" and old else {}
                merge(thing, sent)
                thing.update(kind=kind, apiVersion=group)
                thing["metadata"].update(namespace=namespace, resourceVersion=str(server.count))
                server.things[key] = settled(thing)
                return self.answer(201 if verb == "POST" else 200, thing)
            if verb == "DELETE":
                server.things.pop(key, None)
            if name:
                return self.answer(200, old) if old else self.refuse(404, "NotFound", f'{match[4]} "{name}" not found')
        if query.get("watch"):
            return self.watch(group, kind, match[4], namespace, query)
        found = self.listing(group, match[4], namespace, query)
        return self.answer(200, {"kind": kind + "List", "apiVersion": group, "items": found,
                                 "metadata": {"resourceVersion": str(server.count)}})

    def listing(self, group, resource, namespace, query):
        labels = dict(part.replace("==", "=").split("=", 1) for part in query.get("labelSelector", "").split(",")
                      if "=" in part and "!=" not in part)
        name = re.search(r"metadata\.name=+([^,]+)", query.get("fieldSelector", ""))
        with self.server.lock:
            return [thing for (g, r, n, _), thing in self.server.things.items()
                    if (g, r) == (group, resource) and namespace in (None, n)
                    and all(thing["metadata"].get("labels", {}).get(k) == v for k, v in labels.items())
                    and (not name or thing["metadata"]["name"] == name[1])]

    def watch(self, group, kind, resource, namespace, query):
        """What there is, and then what is written while the client listens."""
        server = self.server
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        seen = {}
        deadline = time.monotonic() + 30
        try:
            while not server.ended and time.monotonic() < deadline:
                version = server.count
                for thing in self.listing(group, resource, namespace, query):
                    name, at = thing["metadata"]["name"], thing["metadata"]["resourceVersion"]
                    if seen.get(name) != at:
                        self.send({"type": "MODIFIED" if name in seen else "ADDED", "object": thing})
                        seen[name] = at
                if query.pop("sendInitialEvents", "") == "true":
                    self.send({"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": group, "metadata": {
                        "resourceVersion": str(version), "annotations": {"k8s.io/initial-events-end": "true"}}}})
                with server.changed:
                    server.changed.wait_for(lambda: server.ended or server.count != version, 1)
        except OSError:
            pass

    def send(self, event):
        self.wfile.write(json.dumps(event).encode() + b"\n")
        self.wfile.flush()
