"""B24: Postgres refuses, Postgres hangs, the broker is away. What cannot work is refused at once and by name, what can goes
on, each service and the gateway tell it, nothing is restarted, and all recovers by itself."""

import concurrent.futures
import json
import re
import signal
import urllib.error
import urllib.request

import pytest

from chaos import calm, eventually
from client import ApiError, Client, Events
from fleet import NAMES

SERVICES = [name for name in NAMES if name != "gateway"]


def private(fleet, name, path):
    """What a service's private listener says: status and text."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{fleet.admin[name]}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def modes(fleet, name):
    return {mode["name"]: mode["since"] for mode in json.loads(private(fleet, name, "/health/ready")[1])["modes"]}


def told(fleet, mode):
    """Who says that it is in a brown-out: of themselves, and of the gateway."""
    of_themselves = {name for name in SERVICES if mode in modes(fleet, name)}
    status = Client(fleet.url).get("/status")
    return of_themselves, {name for one in status["modes"] if one["name"] == mode for name in one["services"]}


def everybody(found):
    return found == (set(SERVICES), set(SERVICES))


def nobody(found):
    return found == (set(), set())


def lines(fleet, name, text):
    with open(f"{fleet.folder}/log/{name}.log", errors="replace") as f:
        return sum(text in line for line in f)


def change(person, title):
    return person.post("/projects", {"title": title, "type": "video"})["id"]


@pytest.mark.parametrize("leave, come", [
    (lambda p: p.stop("immediate"), lambda p: p.start()),
    (lambda p: p.signal(signal.SIGSTOP), lambda p: p.signal(signal.SIGCONT)),
], ids=["refuses", "hangs"])
def test_the_database_is_away(own_fleet, leave, come):
    # A silent stream looks into the database each second, so also while it is away.
    fleet = own_fleet(per_service={"notifier": {"HEARTBEAT_MS": "1000"}})
    person = Client(fleet.url).register()
    kept = change(person, "Before")
    events = Events(person)
    events.start()
    assert events.connected.wait(30)
    pids = {name: fleet.processes[name].pid for name in NAMES}
    leave(fleet.postgres)
    try:
        assert everybody(eventually(lambda: told(fleet, "database_unavailable"), everybody, 60))
        since = {name: modes(fleet, name)["database_unavailable"] for name in SERVICES}
        # At once and by name, however many ask: nobody waits for a connection, though each would be given seconds.
        paths = [("GET", "/api/v1/me"), ("GET", f"/api/v1/projects/{kept}"), ("GET", "/api/v1/assets"),
                 ("GET", "/api/v1/publications"), ("GET", "/api/v1/notifications")]
        with concurrent.futures.ThreadPoolExecutor(25) as pool:
            answers = list(pool.map(lambda path: person.raw(*path), paths * 20))
        for status, headers, body in answers:
            assert (status, json.loads(body)["code"]) == (503, "database_unavailable")
            assert headers["content-type"] == "application/problem+json" and int(headers["retry-after"]) > 0
        for name in SERVICES:
            waiting = re.search(r'postgres_pool_connections\{state="waiting"\} (\S+)', private(fleet, name, "/metrics")[1])
            assert float(waiting[1]) == 0
            assert 'service_degraded{mode="database_unavailable"} 1' in private(fleet, name, "/metrics")[1]
            # Readiness tells it, liveness does not.
            assert private(fleet, name, "/health/ready")[0] == 503
            assert private(fleet, name, "/health/live")[0] == 200
        # An upload in progress is told to come again, in the words of its protocol.
        status, headers, body = person.raw("HEAD", "/api/v1/uploads/00000000-0000-7000-8000-000000000000",
                                           headers={"Tus-Resumable": "1.0.0"})
        assert status == 503 and headers["tus-resumable"] == "1.0.0" and "retry-after" in headers
        # What needs no database goes on: tokens are told apart, keys and pages are served.
        stranger = Client(fleet.url)
        stranger.token = person.token[:-4] + "AAAA"
        assert stranger.raw("GET", "/api/v1/me")[0] == 401
        for path in ("/.well-known/jwks.json", "/", "/api/v1/openapi.json", "/api/v1/status"):
            assert person.raw("GET", path)[0] == 200, path
        # It is one outage, not many.
        assert {name: modes(fleet, name)["database_unavailable"] for name in SERVICES} == since
    finally:
        come(fleet.postgres)
    assert nobody(eventually(lambda: told(fleet, "database_unavailable"), nobody, 60))
    fleet.wait_ready(60)
    after = calm(lambda: change(person, "After"))
    assert {kept, after} <= {one["id"] for one in calm(lambda: person.get("/projects?limit=100"))["items"]}
    # The stream that was open before is open still, and tells of what came after.
    assert eventually(lambda: any(after in json.dumps(e) for e in events.events), bool, 60)
    assert events.reconnects == 0
    events.close()
    assert {name: fleet.processes[name].pid for name in NAMES} == pids
    assert all(process.poll() is None for process in fleet.processes.values())
    for name in SERVICES:
        assert lines(fleet, name, "the database is away") == lines(fleet, name, "the database is back") == 1, name


@pytest.mark.parametrize("leave, come", [
    (lambda f: f.kill("broker"), lambda f: f.spawn("broker")),
    (lambda f: f.kill("broker", signal.SIGSTOP), lambda f: f.kill("broker", signal.SIGCONT)),
], ids=["refuses", "hangs"])
def test_the_broker_is_away(own_fleet, leave, come):
    fleet = own_fleet(own_broker=True)
    person = Client(fleet.url).register()
    leave(fleet)
    try:
        assert everybody(eventually(lambda: told(fleet, "broker_unavailable"), everybody, 60))
        # Nothing is refused: what is to be told waits in the outbox.
        made = [change(person, f"Meanwhile {number}") for number in range(5)]
        assert {one["id"] for one in person.get("/projects?limit=100")["items"]} >= set(made)
        assert int(fleet.postgres.sql("SELECT count(*) FROM project.outbox WHERE sent_at IS NULL")) >= len(made)
        for name in SERVICES:
            assert private(fleet, name, "/health/ready")[0] == 200
            assert 'service_degraded{mode="broker_unavailable"} 1' in private(fleet, name, "/metrics")[1]
    finally:
        come(fleet)
    assert nobody(eventually(lambda: told(fleet, "broker_unavailable"), nobody, 60))
    assert eventually(
        lambda: int(fleet.postgres.sql("SELECT count(*) FROM project.outbox WHERE sent_at IS NULL")),
        lambda count: count == 0, 60) == 0
    assert all(process.poll() is None for process in fleet.processes.values())


def test_a_service_that_is_gone_is_no_brownout(own_fleet):
    """It cannot say what it lacks: the gateway names the service, and no mode."""
    fleet = own_fleet()
    person = Client(fleet.url).register()
    # The gateway looks once a second, and may have looked before all were there.
    assert eventually(lambda: person.get("/status"), lambda s: s["status"] == "ready", 60)["status"] == "ready"
    fleet.kill("publisher")
    found = eventually(lambda: person.get("/status"), lambda s: s["status"] == "degraded", 30)
    assert {one["name"] for one in found["services"] if not one["ready"]} == {"publisher"} and found["modes"] == []
    with pytest.raises(ApiError) as caught:
        person.get("/publications")
    assert (caught.value.status, caught.value.code) == (503, "unavailable")
    fleet.spawn("publisher")
    assert eventually(lambda: person.get("/status"), lambda s: s["status"] == "ready", 60)["status"] == "ready"
