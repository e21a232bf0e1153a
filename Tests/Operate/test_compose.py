"""`deploy/compose.yaml` without an engine: every name in it is one that its reader knows, and what must wait waits."""

import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from checks import ROOT, RUN, build_folder, check, missing
from fleet import SERVICES, Postgres

FILE = os.path.join(ROOT, "deploy", "compose.yaml")
ROLES = {name: role for name, _, role in SERVICES}
PORTS = {name: port for name, port, _ in SERVICES}
STORES = {"postgres", "kafka", "s3", "redis"}
ONCE = {"roles", "bucket"}
# What of the specification this file uses (compose-spec.io); a misspelt key is refused by the engine only.
KEYS = {"image", "build", "restart", "read_only", "tmpfs", "cap_drop", "security_opt", "stop_grace_period", "logging",
        "environment", "healthcheck", "depends_on", "volumes", "command", "entrypoint", "ports", "configs", "shm_size"}
HEALTH = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}


def load(environment):
    """The file with its variables filled in as an engine does; a variable that is asked for and absent is an error."""
    used = {}

    def value(match):
        name, kind, default = match.groups()
        if not name:
            assert match.group(0) == "$$", f"{match.string}: a single $"
            return "$"
        used[name] = kind
        assert environment.get(name) or kind != ":?", f"{name} is not set"
        return environment.get(name) or default

    def fill(node):
        if isinstance(node, dict):
            return {key: fill(each) for key, each in node.items()}
        if isinstance(node, list):
            return [fill(each) for each in node]
        return re.sub(r"\$(?:\{([A-Z0-9_]+)(:[-?])([^}]*)\}|\$?)", value, node) if isinstance(node, str) else node
    with open(FILE) as f:
        return fill(yaml.safe_load(f)), used


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """deploy/.env as scripts/compose-env writes it, in a copy of what that script reads."""
    copy = tmp_path_factory.mktemp("compose")
    for path in ("deploy/compose.yaml", "scripts/compose-env", "scripts/lib", "Shared/ServiceKit/Version.swift"):
        target = copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        source = os.path.join(ROOT, path)
        shutil.copytree(source, target) if os.path.isdir(source) else shutil.copy(source, target)

    def write(*words):
        subprocess.run([str(copy / "scripts" / "compose-env"), *words], check=True, capture_output=True)
        with open(copy / "deploy" / ".env") as f:
            return dict(line.rstrip("\n").split("=", 1) for line in f)
    first = write()
    assert os.stat(copy / "deploy" / ".env").st_mode & 0o077 == 0
    again = write("9.9.9")
    assert again.pop("ATELIER_VERSION") == "9.9.9" and first.pop("ATELIER_VERSION")
    assert again == first, "a secret that is there must stay"
    secrets = [value for value in first.values()]
    assert len(set(secrets)) == len(secrets) and min(map(len, secrets)) >= 40
    # Passwords stand in URLs as they are.
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", value) for value in secrets)
    return {**first, "ATELIER_VERSION": "9.9.9"}


@pytest.fixture(scope="module")
def document(filled):
    return load(filled)[0]


@check("D01", "compose: known keys, every service guarded, health checks, one way in")
def test_shape(document, filled):
    services = document["services"]
    assert set(services) == STORES | ONCE | set(ROLES)
    assert not set(document) - {"name", "services", "volumes", "configs"} - {k for k in document if k.startswith("x-")}
    for name, service in services.items():
        assert not set(service) - KEYS, f"{name}: {set(service) - KEYS}"
        if name in ONCE:
            assert service["restart"] == "no" and "healthcheck" not in service
        else:
            assert service["restart"] == "unless-stopped" and service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
            assert not set(service["healthcheck"]) - HEALTH
        assert service["logging"]["options"]["max-size"]
        tag = service["image"].rsplit(":", 1)[1]
        assert re.search(r"\d+\.\d+", tag), f"{service['image']} is no fixed version"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in document["volumes"] or os.path.exists(os.path.join(ROOT, "deploy", source)), source
    assert {v.split(":")[0] for s in services.values() for v in s.get("volumes", []) if v[0] != "."} == set(document["volumes"])
    for name in ROLES:
        service = services[name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["tmpfs"] == ["/tmp"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["image"] == f"atelier/{name}:9.9.9" and service["build"]["args"]["SERVICE"] == name
        assert service["healthcheck"]["test"] == ["CMD", "/usr/bin/" + name, "health"]
    # Nothing but the gateway is reachable, and that from this machine alone unless somebody says otherwise.
    assert [name for name in services if "ports" in services[name]] == ["gateway"]
    assert services["gateway"]["ports"] == ["127.0.0.1:8080:8080"]
    return f"{len(services)} services"


@check("D02", "compose: what must wait waits, and nothing waits in a circle")
def test_order(document):
    services = document["services"]

    def before(name, path=()):
        assert name not in path, f"a circle: {path}"
        found = set()
        for other, how in services[name].get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how == {"condition": wanted}, f"{name} → {other}"
            found |= {other} | before(other, (*path, name))
        return found
    for name, role in ROLES.items():
        if role:
            assert {"roles", "postgres", "kafka"} <= before(name), name
    assert {"bucket", "s3"} <= before("storage") and "postgres" in before("roles") and "s3" in before("bucket")
    assert set(services) - {"gateway"} == before("gateway")


@check("D03", "compose: every setting is one that its service declares; each takes its environment")
def test_settings(document):
    folder = build_folder()
    count = 0
    for name, role in ROLES.items():
        environment = document["services"][name]["environment"]
        program = os.path.join(folder, name)
        schema = json.loads(subprocess.run([program, "config-schema"], check=True, capture_output=True).stdout)
        known = {setting["name"]: setting for setting in schema["settings"]}
        unknown = [setting for setting in environment if setting.removesuffix("_FILE") not in known]
        assert not unknown, f"{name}: {unknown}"
        assert all(isinstance(value, str) for value in environment.values()), name
        done = subprocess.run([program, "check-config"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        # Every other service stands at its own name and port there.
        for setting in known:
            other = re.fullmatch(r"(\w+?)(_ADMIN)?_URL", setting)
            if other and (peer := other.group(1).lower().replace("_", "-")) in PORTS:
                port = PORTS[peer] + (1000 if other.group(2) else 0)
                assert environment.get(setting) == f"http://{peer}:{port}", f"{name}: {setting}"
        if role:
            assert environment["DATABASE_URL"].startswith(f"postgresql://{role}:"), name
        count += len(environment)
    return f"{count} settings"


@check("D04", "compose: a secret that is missing is named before anything starts")
def test_required(filled):
    _, used = load(filled)
    required = {name for name, kind in used.items() if kind == ":?"}
    assert required == set(filled)
    for name in sorted(required):
        with pytest.raises(AssertionError, match=name):
            load({key: value for key, value in filled.items() if key != name})
    return f"{len(required)} required"


@check("D05", "compose: the roles' script sets passwords, and can be run again")
def test_roles(document, filled):
    try:
        postgres = Postgres(os.path.join(RUN, "roles"))
    except Exception as error:
        missing(str(error))
    postgres.start()
    try:
        environment = {**document["services"]["roles"]["environment"], "PGHOST": postgres.folder,
                       "PATH": f"{postgres.bin}:{os.environ['PATH']}"}
        environment = {key: str(value) for key, value in environment.items()}
        script = [os.path.join(ROOT, "deploy", "postgres", "roles.sh")]
        # The server's folder is postgres' own; its client here is root, whom it trusts on the socket.
        for _ in range(2):
            done = subprocess.run(script, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        assert done.stdout == f"{len(list(filter(None, ROLES.values())))} roles are ready\n"
        rows = postgres.sql("SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname LIKE 'atelier%'")
        found = dict(line.split("\t") for line in rows.strip().split("\n"))
        assert found == {role: "t" for role in ROLES.values() if role}
        without = {key: value for key, value in environment.items() if key != "PASSWORD_ATELIER_ML"}
        done = subprocess.run(script, env=without, capture_output=True, text=True)
        assert done.returncode != 0 and "PASSWORD_ATELIER_ML is not set" in done.stderr
        # The password is what the role signs in with, where the server asks for one.
        rules = os.path.join(postgres.data, "pg_hba.conf")
        with open(rules) as f:
            text = f.read()
        with open(rules, "w") as f:
            f.write("local all atelier_ml scram-sha-256\n" + text)
        postgres.sql("SELECT pg_reload_conf()")
        for password, code in ((filled["PASSWORD_ATELIER_ML"], 0), ("wrong", 2)):
            done = subprocess.run(
                ["psql", "-qAtX", "-h", postgres.folder, "-U", "atelier_ml", "-d", "atelier", "-c", "SELECT 1"],
                env={**environment, "PGPASSWORD": password}, capture_output=True, text=True)
            assert done.returncode == code, done.stderr
    finally:
        postgres.stop()
        postgres.wipe()
