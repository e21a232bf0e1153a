"""Runs an image as a container engine would, with runc: its own user, a read-only root, no rights, one writable /tmp."""

import json
import os
import shutil
import subprocess
import uuid

from checks import missing
from fleet import NAMES, Fleet


def unpack(layout, tag, folder):
    """Unpacks an image into a bundle: a root file system, and what the image says of its process."""
    if os.getuid() != 0:
        missing("a container needs root")
    for program in ("umoci", "runc", "skopeo"):
        if not shutil.which(program):
            missing(f"{program} is not installed: scripts/setup test")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:{tag}", folder], check=True, capture_output=True)
    return folder


def restricted(bundle, name, words=(), environment=None, mounts=(), arguments=None):
    """Writes a bundle beside `bundle` that runs it under Kubernetes' restricted profile, in this machine's network.

    - words: after the image's entry point; arguments: in its place.
    - mounts: (folder here, folder inside), writable.
    """
    with open(os.path.join(bundle, "config.json")) as f:
        config = json.load(f)
    process = config["process"]
    process.update(terminal=False, noNewPrivileges=True, args=arguments or [*process["args"], *words],
                   capabilities={kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
                   rlimits=[])
    process["env"] += [f"{key}={value}" for key, value in (environment or {}).items()]
    config["root"] = {"path": os.path.join(bundle, "rootfs"), "readonly": True}
    config["mounts"] = [m for m in config["mounts"] if m["destination"] not in ("/sys", "/sys/fs/cgroup", "/dev/mqueue")]
    config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
                             "options": ["nosuid", "nodev", "mode=1777"]})
    config["mounts"] += [{"destination": inside, "type": "bind", "source": here, "options": ["bind", "rw"]}
                         for here, inside in mounts]
    config["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "ipc", "mount")]
    config.pop("hostname", None)
    made = bundle + "." + name
    os.makedirs(made, exist_ok=True)
    with open(os.path.join(made, "config.json"), "w") as f:
        json.dump(config, f)
    return made


def command(bundle):
    """The command that runs a bundle to its end."""
    # Its state must be where no other container's is; a name may be used once at a time.
    return ["runc", "--root", os.path.join(os.path.dirname(bundle), "state"), "run", "--bundle", bundle,
            "atelier-" + uuid.uuid4().hex[:12]]


def run(bundle, *words, environment=None, mounts=(), arguments=None, text=None, timeout=120):
    """Runs a container to its end; gives exit code, output and errors."""
    made = restricted(bundle, "run-" + uuid.uuid4().hex[:8], words, environment, mounts, arguments)
    try:
        done = subprocess.run(command(made), input=text, capture_output=True, text=True, timeout=timeout)
    finally:
        shutil.rmtree(made)
    return done.returncode, done.stdout, done.stderr


def maps(runc):
    """The files that the program of a running container has mapped; `runc` is the process that waits for it."""
    text = ""
    for thread in os.listdir(f"/proc/{runc}/task"):
        with open(f"/proc/{runc}/task/{thread}/children") as f:
            for child in f.read().split():
                with open(f"/proc/{child}/maps") as g:
                    text += g.read()
    return text


class ContainedFleet(Fleet):
    """The fleet with every service in its image; `bundles` are the unpacked ones, by name."""

    def __init__(self, folder, bundles, **more):
        super().__init__(folder, **more)
        self.bundles = bundles
        os.makedirs(os.path.join(self.folder, "objects"), exist_ok=True)
        os.chown(os.path.join(self.folder, "objects"), 10001, 10001)

    def environment(self, name):
        values = super().environment(name)
        if name in NAMES:
            # What the image says of itself holds: its places, its PATH.
            for key in ("PATH", "HOME", "VOICE_DIR", "OBJECT_FOLDER", "WORK_FOLDER"):
                values.pop(key, None)
        return values

    def command(self, name):
        if name not in NAMES:
            return super().command(name)
        # Postgres is reached by the socket in its folder, which is its own otherwise.
        os.chmod(self.postgres.folder, 0o755)
        mounts = [(self.postgres.folder, self.postgres.folder)]
        if name == "storage":
            mounts.append((os.path.join(self.folder, "objects"), "/var/lib/atelier"))
        return command(restricted(self.bundles[name], "fleet", environment=self.environment(name), mounts=mounts))
