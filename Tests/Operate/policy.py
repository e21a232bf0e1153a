"""checkov, installed by itself from its pinned list, and the list of what it may complain of."""

import functools
import hashlib
import json
import os
import shutil
import subprocess

from checks import ROOT, missing

PINNED = os.path.join(ROOT, "deploy", "packages-policy.pypi")
SKIPS = os.path.join(ROOT, "deploy", "checkov-skips")
FOLDER = os.path.join(ROOT, ".cache", "policy")


@functools.cache
def program():
    """The program, installed where it is not yet or where the list has changed."""
    with open(PINNED, "rb") as f:
        wanted = hashlib.sha256(f.read()).hexdigest()
    mark = os.path.join(FOLDER, "installed")
    if not os.path.exists(mark) or open(mark).read() != wanted:
        shutil.rmtree(FOLDER, ignore_errors=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", FOLDER], check=True)
        done = subprocess.run([f"{FOLDER}/bin/pip", "install", "-q", "--disable-pip-version-check", "--no-deps",
                               "--require-hashes", "-r", PINNED], capture_output=True, text=True)
        if done.returncode:
            missing("checkov could not be installed: " + done.stderr.strip().splitlines()[-1])
        with open(mark, "w") as f:
            f.write(wanted)
    return os.path.join(FOLDER, "bin", "checkov")


def skips():
    """Check → reason."""
    with open(SKIPS) as f:
        return dict(line.split(None, 1) for line in f.read().splitlines() if line and not line.startswith("#"))


def judged(path, framework):
    """(number of checks that passed, [(check, resource)] of those that failed)."""
    done = subprocess.run([program(), "-f", path, "--framework", framework, "--quiet", "--skip-download", "-o", "json"],
                          capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""})
    assert done.stdout.strip().startswith(("{", "[")), (done.stdout + done.stderr)[-500:]
    answer = json.loads(done.stdout)
    answers = answer if isinstance(answer, list) else [answer]
    failed = [(f["check_id"], f["resource"]) for a in answers for f in a["results"]["failed_checks"]]
    return sum(a["summary"]["passed"] for a in answers), failed
