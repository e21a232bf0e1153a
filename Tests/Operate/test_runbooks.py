"""O18: what the runbooks say can be done: their SQL runs on a fleet, their words and deployments exist."""

import glob
import json
import os
import re
import subprocess
import sys

from checks import ROOT, check
from client import ApiError, Client
from fleet import NAMES, FleetError
from rules import tool
from running import start_fleet

NOBODY = "00000000-0000-0000-0000-000000000000"
PHOTO = os.path.join(ROOT, "Tests", "Media", "coffee.png")


def pages():
    """(name, text) of each; blocks that stand within lists are moved to the left."""
    for path in sorted(glob.glob(os.path.join(ROOT, "deploy", "runbooks", "*.md"))):
        with open(path) as f:
            yield os.path.basename(path), re.sub(r"^ {2,3}", "", f.read(), flags=re.M)


def blocks(text, language):
    return re.findall(rf"^(?:\d\. )?```{language}\n(.*?)^```", text, re.S | re.M)


@check("O18", "runbooks: queries are PromQL, words and deployments exist")
def test_words(tmp_path):
    from checks import build_folder

    def words(program):
        said = subprocess.run([os.path.join(build_folder(), program), "--help"], stdout=subprocess.PIPE, text=True)
        return re.findall(r"^  ([a-z].*?)(?:  |$)", said.stdout, re.M)

    known = {name: words(name) for name in NAMES}
    queries = commands = scripts = 0
    for name, text in pages():
        for script, rest in re.findall(r"scripts/([a-z][a-z-]+)([^\n`]*)", text):
            assert os.access(os.path.join(ROOT, "scripts", script), os.X_OK), f"{name}: there is no scripts/{script}"
            if script in ("backup", "restore"):
                said = subprocess.run([sys.executable, os.path.join(ROOT, "scripts", "lib", script + ".py"), "--help"],
                                      stdout=subprocess.PIPE, text=True, check=True).stdout
                wrong = [word for word in re.findall(r"--[a-z]+", rest) if word not in said]
                assert not wrong, f"{name}: scripts/{script} has no {wrong}"
            scripts += 1
        for query in blocks(text, "promql"):
            rule = tmp_path / "query.yaml"
            rule.write_text(json.dumps({"groups": [{"name": "q", "rules": [{"record": "x:y", "expr": query}]}]}))
            code, said = tool("promtool", "check", "rules", str(rule))
            assert code == 0, f"{name}: {said}"
            queries += 1
        for service in re.findall(r"(?:deploy|rollout)/atelier-([\w-]+)|component=([\w-]+)", text):
            assert (service[0] or service[1]) in NAMES, f"{name} names a deployment that is none: {service}"
        # By the program's own name: it is there in every image, however it was built.
        said = r"deploy/atelier-([\w-]+) -- /usr/bin/([\w-]+) ([a-z-]+(?: [a-z]+)?)"
        for deployment, program, word in re.findall(said, text):
            assert deployment == program, f"{name}: the image of {deployment} holds no {program}"
            assert any(f"{line} ".startswith(word + " ") for line in known[program]), f"{name}: {program} has no {word}"
            commands += 1
    assert commands
    return f"{queries} queries, {commands} operator commands, {scripts} calls of scripts"


def erasing(block, person, workspace):
    """The statements of ErasureRequest.md for a person that there is."""
    block = block.replace("somebody@example.org", person["email"])
    block = block.replace(f"\"erase.person\" = '{NOBODY}'", f"\"erase.person\" = '{person['id']}'")
    return block.replace(NOBODY, workspace)


def can_work(fleet):
    try:
        Client(fleet.url).register().post("/projects", {"title": "After", "type": "video"})
        return True
    except (ApiError, OSError):
        return False


@check("O18", "runbooks: all their SQL, on a fleet; it heals, and who was erased is gone")
def test_sql():
    fleet = start_fleet("runbooks", {"SWEEP_INTERVAL_MS": "500"})
    try:
        client = Client(fleet.url).register()
        person = client.get("/me")
        project = client.post("/projects", {"title": "To be forgotten", "type": "video"})["id"]
        client.upload(PHOTO, project, "image/png")
        client.wait(lambda: [j["status"] for j in client.get(f"/jobs?projectId={project}")["items"]],
                    lambda found: len(found) >= 2 and set(found) == {"succeeded"}, 120)
        workspace = fleet.postgres.sql(
            f"SELECT workspace_id FROM user_.membership WHERE user_id = '{person['id']}'").strip()
        statements, wrong = 0, []
        for name, text in pages():
            for block in blocks(text, "sql"):
                try:
                    fleet.postgres.sql(erasing(block, person, workspace) if name == "ErasureRequest.md" else block)
                except FleetError as error:
                    wrong.append(f"{name}: {error}")
                statements += len(re.findall(r";$", block, re.M))
        assert not wrong, "\n".join(wrong)
        assert statements > 40
        # Keys were retired and sessions ended: it heals by itself, and nobody is told to restart anything.
        client.wait(lambda: can_work(fleet), lambda is_so: is_so, 120, 1)
        # The objects too: storage has deleted them.
        client.wait(lambda: fleet.postgres.sql("SELECT count(*) FROM storage.garbage").strip(), lambda n: n == "0", 60)
        dump = fleet.postgres.run("pg_dump", "-h", fleet.postgres.folder, "-U", "postgres", "--data-only", "atelier")
        kept = set()
        for part in dump.split("\nCOPY ")[1:]:
            table, rows = part.split(" ", 1)
            if person["email"] in rows or workspace in rows:
                kept.add(table)
        # As the page says: events that were sent, answers of repeated requests, and the bare ids that hold rows together.
        allowed = re.compile(r"\w+\.(outbox|idempotency_key|upload)|user_\.(workspace|membership|session|audit_entry)")
        assert not [t for t in kept if not allowed.fullmatch(t)], kept
        return f"{statements} statements"
    finally:
        fleet.stop()
