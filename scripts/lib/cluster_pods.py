"""What runs in the cluster, as an operator asks for it; and the table of what was proved."""

import os
import subprocess
import sys

from cluster_world import RELEASE, objects
from fleet import NAMES, FleetError

ROWS = []


def proved(part, what, figure):
    ROWS.append((part, what, figure))
    print(f"  ✓ {what}: {figure}", flush=True)


def need(condition, text):
    if not condition:
        raise FleetError(text)


def service_pods(name=None):
    selector = f"app.kubernetes.io/instance={RELEASE}" + (f",app.kubernetes.io/component={name}" if name else "")
    return [pod for pod in objects("pods", selector)
            if pod["metadata"]["labels"]["app.kubernetes.io/component"] in NAMES
            and "deletionTimestamp" not in pod["metadata"]]


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def restarts():
    return {pod["metadata"]["name"]: sum(c["restartCount"] for c in pod["status"].get("containerStatuses", []))
            for pod in service_pods()}


def unready():
    return sorted(pod["metadata"]["name"] for pod in service_pods() if not is_ready(pod))


def all_ready():
    deployments = objects("deployments", f"app.kubernetes.io/instance={RELEASE}")
    return len(deployments) >= len(NAMES) and not unready() and all(
        d["status"].get("readyReplicas", 0) == d["spec"]["replicas"] for d in deployments)


def process_of(pod):
    """The process of a pod's container, as this machine sees it."""
    identity = pod["status"]["containerStatuses"][0]["containerID"].split("//")[1]
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                with open(f"/proc/{process}/cgroup") as f:
                    if identity in f.read():
                        return int(process)
            except OSError:
                pass
    raise FleetError(f"no process of {pod['metadata']['name']}")


def reaches(pid, address, port):
    code = ("import socket,sys\ntry: socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()\n"
            "except ConnectionRefusedError: sys.exit(2)\nexcept OSError: sys.exit(1)")
    done = subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-c", code, address, str(port)])
    return done.returncode == 0
