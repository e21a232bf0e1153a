"""checkov, installed by itself from its pinned list, and the list of what it may complain of."""

import functools
import json
import os
import subprocess

from checks import ROOT, missing

SKIPS = os.path.join(ROOT, "deploy", "checkov-skips")


@functools.cache
def program():
    """The program, installed where it is not yet or where the list has changed."""
    done = subprocess.run([os.path.join(ROOT, "scripts", "lib", "python.sh"), "policy"], capture_output=True, text=True)
    if done.returncode:
        missing("checkov could not be installed: " + done.stderr.strip().splitlines()[-1])
    return os.path.join(done.stdout.strip(), "bin", "checkov")


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
