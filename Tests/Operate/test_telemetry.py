"""What a running fleet says of itself: numbers (O20), traces (O21), logs (O22); and the runbooks' SQL, tried on it."""

import json
import os
import random
import re
import uuid

import pytest

import demo
import metrics
from checks import ROOT, check
from client import Client
from fleet import NAMES
from rules import tool
from running import Stub, families, scrape, scrapes, series, start_fleet

PHOTO = os.path.join(ROOT, "Tests", "Media", "coffee.png")
CANARY = "canary-" + uuid.uuid4().hex
LIMIT = 2_000
ENDED = ("succeeded", "failed", "cancelled")


@pytest.fixture(scope="module")
def collector():
    stub = Stub()
    yield stub
    stub.shutdown()


@pytest.fixture(scope="module")
def fleet(collector):
    fleet = start_fleet("telemetry", {
        "OTLP_ENDPOINT": collector.url + "/v1/traces", "URL_SIGNING_SECRET": CANARY + "-signing" + "0" * 32})
    yield fleet
    fleet.stop()


@pytest.fixture(scope="module")
def film(fleet):
    """The whole journey, for its numbers, spans and lines."""
    demo.OUTPUT = os.path.join(fleet.folder, "output")
    os.makedirs(demo.OUTPUT, exist_ok=True)
    return demo.journey(fleet, demo.Steps())


def traceparent(sampled=True):
    return f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-{'01' if sampled else '00'}"


def upload(client, project, header):
    """A photograph, in a trace of the client's; the trace's id."""
    with open(PHOTO, "rb") as f:
        status, _, body = client.raw(
            "POST", f"/api/v1/assets?filename=a.png&projectId={project}", f.read(),
            {"Content-Type": "image/png", "Idempotency-Key": str(uuid.uuid4()), "traceparent": header})
    assert status == 201, body
    return header.split("-")[1]


@check("O21", "traces: one for each job, over all hops")
def test_traces(fleet, collector):
    client = Client(fleet.url).register()
    project = client.post("/projects", {"title": "Traces", "type": "video"})["id"]
    traces = [upload(client, project, traceparent()) for _ in range(100)]
    quiet = [upload(client, project, traceparent(sampled=False)) for _ in range(20)]
    client.wait(
        lambda: fleet.postgres.sql(f"SELECT status, count(*) FROM media.job WHERE project_id = '{project}' GROUP BY 1"),
        lambda text: dict(line.split("\t") for line in text.split("\n") if line) == {"succeeded": "240"}, 900)
    crossed = {"gateway", "storage", "media-worker", "project", "notifier", "analytics"}

    def complete():
        found = {}
        for span in collector.spans():
            found.setdefault(span["traceId"], []).append(span)
        return found

    def messages(spans, kind):
        return {s["attributes"]["messaging.message.id"] for s in spans if s["kind"] == kind}
    found = client.wait(complete, lambda found: all(
        crossed <= {s["service"] for s in found.get(t, [])}
        and messages(found[t], 5) <= messages(found[t], 4)
        and sum(s["name"].startswith("job ") for s in found[t]) == 2 for t in traces), 60)
    consumers, producers = 0, 0
    for trace in traces:
        spans = found[trace]
        known = {span["spanId"] for span in spans}
        roots = [s for s in spans if s.get("parentSpanId") not in known]
        # The client's own span is nobody's here: what hangs on it is the gateway's, and nothing else hangs in the air.
        assert [s["service"] for s in roots] == ["gateway"], [(s["service"], s["name"]) for s in roots]
        producers += len(messages(spans, 4))
        for span in spans:
            if span["kind"] == 4:
                said = span["attributes"]
                assert span["name"] == "send " + said["messaging.destination.name"], span
                assert said["messaging.operation.type"] == "send" and int(said["messaging.kafka.offset"]) >= 0, span
            if span["name"].startswith("handle "):
                consumers += 1
                said = span["attributes"]
                assert span["kind"] == 5 and said["messaging.system"] == "kafka", span
                assert said["messaging.operation.type"] == "process", span
                assert re.fullmatch(r"atelier\.[\w-]+\.(events|commands)\.v1", said["messaging.destination.name"]), span
                assert said["messaging.consumer.group.name"] == span["service"], span
    assert consumers and producers
    assert not [t for t in quiet if t in found], "spans of a trace that is not sampled"
    return f"{len(traces)} traces of 2 jobs, {sum(len(found[t]) for t in traces)} spans, {consumers} of consumers, {producers} of producers; " \
           f"{len(quiet)} not sampled, 0 spans"


@check("O20", "exposition: as promtool wants it, as the page says, bounded")
def test_exposition(fleet, film):
    client = film["client"]
    rng = random.Random(20)

    def strangers(count):
        for _ in range(count):
            path = "/" + "/".join(uuid.uuid4().hex for _ in range(rng.randrange(1, 5)))
            prefix = rng.choice(["", "/api/v1", "/api/v1/projects", "/api/v1/assets"])
            method = rng.choice(["GET", "POST", "DELETE", "PUT", "BREW"])
            client.raw(method, prefix + path, headers={"Idempotency-Key": str(uuid.uuid4())})

    def people(count):
        for _ in range(count):
            person = Client(fleet.url).register()
            person.post("/projects", {"title": uuid.uuid4().hex, "type": "video"})
            person.get("/projects")
    strangers(200)
    people(2)
    # A live stream is counted when it ends, whenever that is.
    def settled():
        return {name: len([line for line in series(text) if 'route="/api/v1/events"' not in line])
                for name, text in scrapes(fleet).items()}
    settled()
    before = settled()
    strangers(1_000)
    people(20)
    later, after = settled(), scrapes(fleet)
    counts = {name: len(series(text)) for name, text in after.items()}
    # A status that had not come before is one more; a path or a person is none.
    grown = {name: later[name] - before[name] for name in NAMES if later[name] > before[name] + 4}
    assert not grown, grown
    assert max(counts.values()) <= LIMIT, counts
    page, seen = metrics.metrics(), set()
    for name, text in after.items():
        code, said = tool("promtool", "check", "metrics", input=text)
        assert code == 0, f"{name}: {said}"
        for metric, (kind, meaning, labels) in families(text).items():
            seen.add(metric)
            assert metric in page, f"{name} tells {metric}, which deploy/METRICS.md does not know"
            assert kind == page[metric]["kind"] and meaning, f"{name}: {metric} is a {kind}"
            assert labels <= page[metric]["labels"], f"{name}: {metric} has {labels}"
    # What a healthy fleet never counts, and what is told with a Redis or a SENTRY_DSN alone.
    rest = set(page) - seen - {"outbox_resent_total", "webhook_tries_total", "workflow_cache_hits_total",
                               "gateway_limits_connected", "gateway_limits_exchanges_total",
                               "telemetry_errors_reported_total", "telemetry_errors_dropped_total"}
    assert not rest, f"deploy/METRICS.md knows what nobody tells: {rest}"
    return f"{len(seen)} of {len(page)} metrics seen; series " + ", ".join(f"{n} {counts[n]}" for n in NAMES)


@check("O20", "exposition: series at most, if every route is asked")
def test_worst_case(fleet):
    """As many series as there can be at the gateway: every route, with every class of status that it can have."""
    Client(fleet.url).raw("GET", "/health")
    page = scrape(fleet, "gateway")
    buckets = len(re.findall(r'_bucket\{[^}]*route="GET /health"', page))
    with open(os.path.join(ROOT, "Services", "Gateway", "Routing", "Routes.swift")) as f:
        routes = len(re.findall(r"\b(?:route|page|later|Route)\(", f.read()))
    other = len([line for line in series(page) if not line.startswith("http_server_request")])
    worst = routes * (buckets + 2 + 4) + other
    assert buckets > 5 and worst <= LIMIT, (routes, buckets, worst)
    return f"gateway: {routes} routes, at most {worst} series"


def read_log(fleet, service):
    with open(os.path.join(fleet.folder, "log", service + ".log"), encoding="utf-8") as f:
        return f.read()


@check("O22", "logs: JSON, UTC, one request findable, no secret")
def test_logs(fleet, film):
    wanted = "look-for-" + uuid.uuid4().hex
    client = Client(fleet.url)
    status, _, body = client.raw(
        "POST", "/api/v1/auth/register",
        json.dumps({"email": f"{uuid.uuid4().hex}@example.org", "username": uuid.uuid4().hex[:16],
                    "password": CANARY + "-password"}),
        {"Content-Type": "application/json", "Idempotency-Key": CANARY + "-key"})
    assert status == 201, body
    tokens = json.loads(body)
    client.raw("POST", "/api/v1/auth/login", json.dumps({"identifier": "nobody", "password": CANARY + "-wrong"}),
               {"Content-Type": "application/json"})
    client.raw("GET", f"/api/v1/projects?secret={CANARY}-query", headers={"Authorization": f"Bearer {CANARY}-token",
                                                                         "Cookie": f"atelier_access={CANARY}-cookie"})
    # The film may have been made longer ago than its token holds.
    secrets = [film["client"].token]
    film["client"].refresh()
    # A run asks storage for its assets and the publisher for its accounts: one request, four services.
    account = film["client"].get("/social-accounts")["items"][0]["id"]
    status, _, body = film["client"].raw(
        "POST", "/api/v1/workflows/film/runs",
        json.dumps({"projectId": film["project"]["id"], "input": {
            "brief": "Again.", "assetIds": [film["run"]["outputs"]["film"]], "accountIds": [account]}}),
        {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()), "X-Request-Id": wanted})
    assert status == 202, body
    run = json.loads(body)["id"]
    film["client"].post(f"/runs/{run}/cancel")
    film["client"].wait(lambda: film["client"].run(run), lambda r: r["status"] in ENDED, 120)
    # The gateway writes its lines by the batch.
    film["client"].wait(lambda: wanted in read_log(fleet, "gateway"), lambda is_so: is_so, 60)
    lines, found, traced = 0, set(), set()
    secrets += [CANARY, tokens["accessToken"], tokens["refreshToken"], film["client"].token, *fleet.secrets.values()]
    for service in NAMES:
        text = read_log(fleet, service)
        # A line that is being written is looked at by nobody.
        text = text[:text.rindex("\n") + 1]
        for secret in secrets:
            assert secret not in text, f"{service} logs a secret"
        for raw in text.splitlines():
            line = json.loads(raw)
            lines += 1
            for key in ("timestamp", "level", "service", "message"):
                assert isinstance(line.get(key), str), raw
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"]), raw
            assert line["service"] == service, raw
            assert line["level"] in ("debug", "info", "warning", "error"), raw
            if line.get("request_id") == wanted:
                found.add(service)
            if line.get("trace_id") == film["run"]["traceId"]:
                traced.add(service)
    assert {"gateway", "project", "storage", "publisher"} <= found, found
    assert {"gateway", "project", "storage", "media-worker", "ml-worker", "publisher"} <= traced, traced
    return f"{lines} lines of {len(NAMES)} services; one request found in {len(found)}, one film in {len(traced)}; 0 secrets"
