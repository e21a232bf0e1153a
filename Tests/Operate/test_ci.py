""".ci/stages, .ci/run and .github/workflows: the same stages, in the same order, by the same scripts."""

import importlib.util
import json
import os
import re
import shutil
import subprocess

import jsonschema
import yaml

from checks import ROOT, check

FOLDER = os.path.join(ROOT, ".github", "workflows")
RUN = os.path.join(ROOT, ".ci", "run")
# Commits of the versions that the workflows name: they were compared with the tags of those repositories.
PINNED = {"actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
          "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"}


def stages():
    """name → (needs, minutes, when, command)."""
    with open(os.path.join(ROOT, ".ci", "stages")) as f:
        rows = [[part.strip() for part in line.split("|")] for line in f if line.strip() and not line.startswith("#")]
    return {name: (needs.split(), int(limit), when.split(), command) for name, needs, limit, when, command in rows}


def workflows():
    found = {}
    for name in sorted(os.listdir(FOLDER)):
        with open(os.path.join(FOLDER, name)) as f:
            found[name] = yaml.load(f, yaml.BaseLoader)
    return found


@check("S04", "stages: each need stands before, each command is a script that is there")
def test_stages():
    seen = []
    for name, (needs, limit, when, command) in stages().items():
        assert set(needs) <= set(seen) and 0 < limit <= 60 and set(when) <= {"always", "named", "cluster"}, name
        assert os.access(os.path.join(ROOT, command.split()[0]), os.X_OK), command
        seen.append(name)
    return ", ".join(seen)


@check("S04", "stages: a failure, a need that failed, a limit, and what is only named")
def test_run(tmp_path):
    rows = ['one | | 1 | always | echo "3 passed, 0 failed, 1 skipped"', 'two | one | 1 | always | echo "2 passed, 4 failed, 0 skipped"; exit 3',
            "three | one two | 1 | always | touch three", "four | | 1 | named | touch four", "five | | 1 | cluster | touch five"]

    def run(*words, lines=rows, **more):
        (tmp_path / "stages").write_text("# name\n" + "\n".join(lines) + "\n")
        environment = {**os.environ, "CI_STAGES": str(tmp_path / "stages"), "ATELIER_TEST_TOOLS": str(tmp_path), **more}
        done = subprocess.run([RUN, *words], env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()[-1], re.sub(r" +", " ", re.sub(r"\d+:\d\d", "", done.stderr))
    code, totals, said = run()
    assert (code, totals) == (1, "5 passed, 4 failed, 1 skipped")
    assert "two failed exit code 3" in said and "three not run needs two, which has not passed" in said
    assert "four not run runs only if it is named" in said and "five not run a cluster needs root" in said
    assert run(lines=rows[:1])[:2] == (0, "3 passed, 0 failed, 1 skipped") and run("one", "five")[0] == 0
    code, _, said = run(lines=["one | | 1 | always | sleep 30"], CI_LIMIT="0")
    assert code == 1 and "no time is left" in said
    assert not [name for name in ("three", "four", "five") if os.path.exists(os.path.join(ROOT, name))]


@check("S04", "workflows: GitHub's schema, actions pinned by commit, few rights, and our stages")
def test_workflows():
    package = importlib.util.find_spec("check_jsonschema").submodule_search_locations[0]
    with open(os.path.join(package, "builtin_schemas", "vendor", "github-workflows.json")) as f:
        schema = json.load(f)
    asked = {}
    for name, workflow in workflows().items():
        with open(os.path.join(FOLDER, name)) as f:
            typed = yaml.safe_load(f)
        # YAML 1.1 reads the key `on` as true.
        typed["on"] = typed.pop(True)
        jsonschema.Draft7Validator(schema).validate(typed)
        assert workflow["permissions"] == {"contents": "read"}
        for job in workflow["jobs"].values():
            assert "timeout-minutes" in job
            for step in job["steps"]:
                if "uses" in step:
                    action, commit = step["uses"].split("@")
                    assert PINNED[action] == commit
                # What others wrote (titles, branches) comes into no script.
                assert "${{" not in step.get("run", ""), step["run"]
                for path in re.findall(r"(?:^|\s)((?:scripts|\.ci|\.github)/[\w-]+)", step.get("run", "")):
                    assert os.access(os.path.join(ROOT, path), os.X_OK), path
                if step.get("run", "").startswith(".ci/run "):
                    asked[step["run"].split()[1]] = (name, int(step["timeout-minutes"]))
    due = {name: limit for name, (_, limit, when, _) in stages().items() if "cluster" not in when}
    assert {name: limit for name, (_, limit) in asked.items()} == due
    tests = [s["run"].split()[1] for s in workflows()["ci.yaml"]["jobs"]["test"]["steps"] if s.get("run", "").startswith(".ci/run ")]
    assert tests == [name for name in stages() if name in tests]
    return f"{len(asked)} of {len(stages())} stages; a cluster is not there"


@check("S04", "scripts: their form (bash -n)")
def test_shell():
    count = 0
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "scripts", ".ci", ".github", "terraform", "deploy"],
                           stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    for name in names:
        path = os.path.join(ROOT, name)
        with open(path, "rb") as f:
            if not f.readline().startswith(b"#!/usr/bin/env bash"):
                continue
        done = subprocess.run([shutil.which("bash"), "-n", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        count += 1
    return f"{count} scripts"
