"""The fleet under faults: redeliveries, undone commits, Postgres crashes, wrong order and wrong configuration; and what
was accepted is done, once. Seeded: `SEED=…` repeats a schedule. Figures are printed (`-s`), and kept in
`.run/fleet/chaos-*.json`."""

import json
import os
import random
import subprocess
import threading
import time
import uuid

import pytest

from chaos import SEED, calm, eventually, every_page, insist, report, resent
from checker import History, check_events, check_runs, percentiles
from client import Client
from conftest import make_fleet, stop_orderly
from fleet import NAMES

CRASHES = int(os.environ.get("CRASHES", "3"))


def test_checker_sees():
    """The checker itself: a clean end, and one violation of each sort."""
    clean = dict(accepted={"a": "1"}, unknown={"b"}, runs={"1": ("a", "succeeded"), "2": ("b", "succeeded")},
                 posts=["a", "b"], notified=["1", "2"])
    assert check_runs(**clean) == []
    assert check_runs(**{**clean, "runs": {"1": ("a", "succeeded")}, "posts": ["a"], "notified": ["1"]}) == []
    for change, word in [
        ({"posts": ["a", "a", "b"]}, "duplicated"), ({"notified": ["1", "1", "2"]}, "duplicated"),
        ({"posts": ["b"]}, "lost"), ({"notified": ["2"]}, "lost"), ({"runs": {"2": ("b", "succeeded")}}, "lost"),
        ({"posts": ["a", "b", "c"]}, "ghost"), ({"notified": ["1", "2", "3"]}, "ghost"), ({"unknown": set()}, "ghost"),
        ({"runs": {"1": ("a", "failed"), "2": ("b", "succeeded")}}, "not done"),
    ]:
        found = check_runs(**{**clean, **change})
        assert found and any(line.startswith(word) for line in found), (change, found)
    assert check_events("x", 2, 2) == [] and check_events("x", 2, 3) and check_events("x", 2, 1)


# The tests of the test: a fault that is planted must be seen, and the same world without it must be clean.


def metric(client, kind):
    return calm(lambda: client.get("/analytics/metrics"))["byType"].get(kind, 0)


def settled(client, kind, least, deadline=60, quiet=6):
    """A figure that has reached what is expected at least, and has not moved for a while."""
    end = time.monotonic() + deadline
    value, since = -1, time.monotonic()
    while time.monotonic() < end:
        now = metric(client, kind)
        if now != value:
            value, since = now, time.monotonic()
        if value >= least and time.monotonic() - since > quiet:
            break
        time.sleep(0.3)
    return value


def make_projects(client, count, history):
    for _ in range(count):
        key = str(uuid.uuid4())

        def attempt():
            status, _, data = client.raw(
                "POST", "/api/v1/projects", json.dumps({"title": key, "type": "video"}).encode(),
                {"Content-Type": "application/json", "Idempotency-Key": key})
            return status, data
        insist(attempt, history, key, time.monotonic() + 60)


@pytest.mark.parametrize("fault", [False, True], ids=["sound", "inbox-off"])
def test_redelivery(own_fleet, fault):
    """A broker that forgot is sent everything again. The second guard, that a table knows an event by its id, is taken
    away in both worlds; so only the inbox stands between a redelivery and a second effect, and without it the checker
    must see that."""
    fleet = own_fleet(own_broker=True, per_service={"analytics": {"FAULT_INBOX_OFF": "true" if fault else "false"}})
    fleet.postgres.sql("""
        CREATE FUNCTION analytics.another_id() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.id := gen_random_uuid(); RETURN NEW; END $$;
        CREATE TRIGGER another_id BEFORE INSERT ON analytics.event FOR EACH ROW
            EXECUTE FUNCTION analytics.another_id()""")
    client = Client(fleet.url).register()
    history = History(os.path.join(fleet.folder, "client.jsonl"))
    make_projects(client, 20, history)
    settled(client, "project.created", 20, quiet=1)
    fleet.restart("broker")
    # A project of afterwards has come through: then the earlier ones of this service came before it.
    eventually(lambda: resent(fleet), lambda count: count >= 20, 60)
    make_projects(client, 1, history)
    counted = settled(client, "project.created", 21)
    existing = len(every_page(client, "/projects"))
    found = check_events("project.created", existing, counted)
    report("redelivery-" + ("inbox-off" if fault else "sound"), existing=existing, counted=counted,
           resent=resent(fleet), found=found)
    assert existing == 21 == len(history.ended("ok"))
    assert bool(found) == fault, found


@pytest.mark.parametrize("fault", [False, True], ids=["sound", "publish-before-commit"])
def test_ghosts(own_fleet, fault):
    """Every third commit of a new project is undone by the database. Nobody may hear of what did not happen; where
    events go out before the commit, the checker must see the ghosts."""
    flag = {"FAULT_PUBLISH_BEFORE_COMMIT": "true" if fault else "false"}
    fleet = own_fleet(own_broker=True, per_service={"project": flag})
    fleet.postgres.sql("""
        CREATE SEQUENCE project.commits;
        GRANT USAGE ON SEQUENCE project.commits TO atelier_project;
        CREATE FUNCTION project.undo() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF nextval('project.commits') % 3 = 1 THEN
                RAISE EXCEPTION 'undone' USING ERRCODE = 'serialization_failure'; END IF; RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER undo AFTER INSERT ON project.project DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION project.undo()""")
    client = Client(fleet.url).register()
    history = History(os.path.join(fleet.folder, "client.jsonl"))
    make_projects(client, 20, history)
    existing = len(every_page(client, "/projects"))
    counted = settled(client, "project.created", existing)
    undone = int(fleet.postgres.sql("SELECT last_value FROM project.commits")) - existing
    found = check_events("project.created", existing, counted)
    report("ghosts-" + ("publish-before-commit" if fault else "sound"), existing=existing, counted=counted,
           undone=undone, found=found)
    assert existing == len(history.ended("ok")) == 20 and undone >= 5
    assert bool(found) == fault, found


# Faults of what the fleet stands on.


@pytest.fixture(scope="module")
def rough():
    """A fleet with a broker of its own, started in the wrong order; the tests below leave it ready."""
    fleet = make_fleet("chaos-rough", own_broker=True)
    yield fleet
    stop_orderly(fleet)


def ended(fleet):
    return {name: fleet.processes[name].returncode for name in NAMES if fleet.processes[name].poll() is not None}


def test_started_in_any_order(rough):
    """Services first, then the broker, Postgres last: they wait, and become ready."""
    order = list(NAMES)
    random.Random(SEED).shuffle(order)
    for name in order:
        rough.spawn(name)
    time.sleep(4)
    assert not ended(rough), ended(rough)
    assert not any(rough.is_ready(name) for name in NAMES if name != "gateway")
    rough.spawn("sandbox")
    rough.spawn("broker")
    time.sleep(2)
    assert not ended(rough), ended(rough)
    start = time.monotonic()
    rough.postgres.start()
    rough.wait_ready(120)
    report("any-order", order=" ".join(order), ready_after=f"{time.monotonic() - start:.1f} s")
    Client(rough.url).register().post("/projects", {"title": "After all", "type": "video"})


def load(fleet, client, seconds, history, during=lambda: None, insists=False):
    """Projects are made for some seconds by four threads, about forty a second; `during` runs meanwhile."""
    end = time.monotonic() + seconds
    latencies = []

    def work():
        while time.monotonic() < end:
            key, start = str(uuid.uuid4()), time.monotonic()

            def attempt():
                status, _, data = client.raw(
                    "POST", "/api/v1/projects", json.dumps({"title": key, "type": "video"}).encode(),
                    {"Content-Type": "application/json", "Idempotency-Key": key}, timeout=20)
                return status, data
            insist(attempt, history, key, end + 30 if insists else 0)
            latencies.append(time.monotonic() - start)
            time.sleep(0.1)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    during()
    for thread in threads:
        thread.join()
    return latencies


def test_postgres_crashes(rough):
    """Postgres is killed under load: no service ends, all are ready again, what was accepted is there, no index and no
    table is damaged, and runs that were begun meanwhile come to their end."""
    if "gateway" not in rough.processes:
        rough.start(120)
    client = Client(rough.url).register()
    history = History(os.path.join(rough.folder, "postgres.jsonl"))
    started = History(os.path.join(rough.folder, "postgres-runs.jsonl"))
    project = client.post("/projects", {"title": "Runs", "type": "video"})["id"]
    pids = {name: rough.processes[name].pid for name in NAMES}
    recovered, over, rng = [], threading.Event(), random.Random(SEED)

    def runs():
        while not over.is_set():
            key = str(uuid.uuid4())

            def attempt():
                status, _, data = client.raw(
                    "POST", "/api/v1/workflows/relay/runs", json.dumps({"projectId": project, "input": {}}).encode(),
                    {"Content-Type": "application/json", "Idempotency-Key": key}, timeout=20)
                return status, data
            insist(attempt, started, key, time.monotonic() + 60)
            time.sleep(0.2)

    def crash():
        for _ in range(CRASHES):
            time.sleep(rng.uniform(2, 4))
            rough.postgres.crash()
            rough.postgres.start()
            start = time.monotonic()
            rough.wait_ready(60)
            recovered.append(time.monotonic() - start)
    runner = threading.Thread(target=runs, daemon=True)
    runner.start()
    latencies = load(rough, client, 5 * CRASHES, history, crash, insists=True)
    over.set()
    runner.join(90)
    rough.wait_ready(60)
    titles = {project["title"]: project["id"] for project in every_page(client, "/projects")}
    accepted = history.ended("ok")
    missing = [key for key, identifier in accepted.items() if titles.get(key) != identifier]
    existing = len(every_page(client, "/projects"))
    counted = settled(client, "project.created", existing)
    found = check_events("project.created", existing, counted)
    final = eventually(lambda: {run["id"]: run["status"] for run in every_page(client, f"/runs?projectId={project}")},
                       lambda runs: all(status == "succeeded" for status in runs.values()), 120)
    lost = [run for run in started.ended("ok").values() if final.get(run) != "succeeded"]
    damaged = rough.postgres.check()
    report("postgres-crashes", crashes=CRASHES, accepted=len(accepted), requests=history.attempts, missing=len(missing),
           twice=existing - len(titles), ready_again=percentiles(recovered), accepted_after=percentiles(latencies),
           counted=counted, runs=len(final), found=found, damaged=damaged or "nothing")
    assert accepted and not missing and existing == len(titles)
    assert not found, found
    assert started.ended("ok") and not lost and set(final.values()) == {"succeeded"}, (lost, final)
    assert not damaged, damaged[-4000:]
    assert not ended(rough), ended(rough)
    assert pids == {name: rough.processes[name].pid for name in NAMES}


def test_a_damaged_index_is_seen(rough):
    """The test of the check: an index whose function has changed its mind does not agree with its table any more."""
    if "gateway" not in rough.processes:
        rough.start(120)
    sql = rough.postgres.sql
    sql("CREATE DATABASE damaged", database="postgres")
    try:
        sql("CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';"
            "CREATE TABLE t AS SELECT generate_series(1, 100) AS a; CREATE INDEX t_f ON t (f(a));"
            "CREATE OR REPLACE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT -$1'", database="damaged")
        assert "t_f" in rough.postgres.check()
    finally:
        sql("DROP DATABASE damaged", database="postgres")
    assert rough.postgres.check() == ""


def test_wrong_configuration(tmp_path):
    """Every fault of the environment is named at once, with exit code 78; a word that is none ends with 64."""
    fleet = make_fleet("chaos-configuration", sandbox=False)
    program = os.path.join(fleet.binaries, "project")
    wrong = {"PORT": "many", "LOG_LEVEL": "loud", "DATABASE_URL": "mysql://nowhere", "SERVICE_SECRET": "short",
             "DRAIN_DELAY_MS": "-1"}
    environment = {**fleet.environment("project"), **wrong}
    for word in ("serve", "check-config"):
        result = subprocess.run([program, word], env=environment, cwd=tmp_path, capture_output=True, text=True,
                                timeout=30)
        said = result.stdout + result.stderr
        assert result.returncode == 78, (word, result.returncode, said)
        assert [name for name in wrong if name not in said] == [], said
        assert "short" not in said.replace("shorter", ""), "a secret's value was printed"
    result = subprocess.run([program, "serv"], env=fleet.environment("project"), cwd=tmp_path, capture_output=True,
                            text=True, timeout=30)
    assert result.returncode == 64 and "serv" in result.stderr, (result.returncode, result.stderr)
