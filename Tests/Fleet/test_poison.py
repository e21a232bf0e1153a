"""R05: what cannot be handled, in every topic. Good events are handled all the same, each bad one lies in the dead
letters of everyone who reads its topic, with reason, origin and trace, and one command sends it back."""

import collections
import concurrent.futures
import glob
import json
import os
import random
import re
import subprocess
import urllib.request
import uuid

import pytest

import kafka
from chaos import SEED, calm, eventually, every_page, report
from client import Client
from conftest import make_fleet, running
from fleet import NAMES, ROOT

GOOD = int(os.environ.get("GOOD_EVENTS", "200"))
TRACE = "00-" + "5ca1ab1e" * 4 + "-00f067aa0ba902b7-01"


def topics():
    """Every topic that the fleet declares."""
    with open(os.path.join(ROOT, "Shared", "Events", "Worker.swift")) as f:
        workers = re.findall(r'case \w+ = "([\w-]+)"|case (\w+)\b', f.read())
    with open(os.path.join(ROOT, "Shared", "Events", "Topic.swift")) as f:
        facts = re.findall(r'rawValue: "(atelier\.\w+\.events\.v1)"', f.read())
    names = sorted({first or second for first, second in workers})
    return sorted(set(facts)) + [f"atelier.{name}.commands.v1" for name in names]


def messages():
    """Every message's full name, by the file that defines it."""
    names = {}
    for path in glob.glob(os.path.join(ROOT, "Proto", "atelier", "*", "v1", "*.proto")):
        with open(path) as f:
            text = f.read()
        package = re.search(r"^package ([\w.]+);", text, re.M)[1]
        names[package] = [f"{package}.{name}" for name in re.findall(r"^message (\w+)", text, re.M)]
    return names


def scrape(fleet, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{fleet.admin[name]}/metrics", timeout=10) as answer:
        return answer.read().decode()


def lag(fleet, name):
    """Topic → records that a service has not handled yet; it names every topic that the service reads."""
    return {topic: float(value) for topic, value in
            re.findall(r'^kafka_consumer_lag_records\{[^}]*topic="([^"]+)"[^}]*\} (\S+)$', scrape(fleet, name), re.M)}


@pytest.fixture(scope="module")
def poisoned():
    fleet = make_fleet("poison", own_broker=True)
    with running(fleet):
        yield fleet


def headers(kind, **more):
    made = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_source": "stranger", "ce_type": kind,
            "ce_time": "2026-11-21T12:00:00Z", "ce_subject": "x", "content-type": "application/protobuf",
            "traceparent": TRACE}
    made.update(more)
    return {name: value for name, value in made.items() if value is not None}


def bad_events(topic, known, rng):
    """name → (headers, value): what every reader of the topic must refuse, whatever it handles. One is large, and not
    more: the embedded broker keeps 5 MB of a partition."""
    good = known[0] if known else "atelier.work.v1.StartWork"
    return {
        "future": (headers("atelier.project.v2.ProjectChanged"), b"\x0a\x01x"),
        "url": (headers("type.googleapis.com/" + good), b"\x0a\x01x"),
        "no-headers": ({"traceparent": TRACE}, b"\x0a\x01x"),
        "no-id": (headers(good, ce_id=None), b"\x0a\x01x"),
        "odd-id": (headers(good, ce_id="7"), b"\x0a\x01x"),
        "odd-time": (headers(good, ce_time="yesterday"), b"\x0a\x01x"),
        "odd-content": (headers(good, **{"content-type": "application/json"}), b"{}"),
        "old-spec": (headers(good, ce_specversion="0.3"), b"\x0a\x01x"),
        "no-value": (headers("atelier.project.v9.Nothing"), None),
        "unknown-large": (headers("atelier.project.v9.Large"), rng.randbytes(2 << 20)),
    }


def bad_values(samples, kind, rng):
    """name → value: what everyone who handles this message must refuse."""
    found = {"random": b"\xff" + rng.randbytes(200), "empty": b"", "long": rng.randbytes(64 << 10)}
    if kind in samples:
        value = samples[kind]
        found["truncated"] = value[:-max(1, len(value) // 3)]
    return found


def events_of(topic, catalogue):
    """The messages that a topic is for."""
    owner, what = topic.split(".")[1:3]
    if what == "commands":
        return [name for name in catalogue["atelier.work.v1"] if not name.endswith("Changed")]
    own = catalogue.get(f"atelier.{owner}.v1", [])
    return own + (["atelier.work.v1.WorkChanged"] if owner in ("media", "ml", "publisher") else [])


def dead(fleet, broker, readers):
    """(topic, group) → its dead letters."""
    pairs = [(topic, group) for topic, groups in readers.items() for group in groups]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return dict(zip(pairs, pool.map(lambda pair: kafka.read(broker, f"{pair[0]}.dlq.{pair[1]}"), pairs)))


def test_poison_in_every_topic(poisoned):
    fleet, rng = poisoned, random.Random(SEED)
    broker = f"127.0.0.1:{fleet.broker_port}"
    pids = {name: fleet.processes[name].pid for name in NAMES}
    client = Client(fleet.url).register()
    project = client.post("/projects", {"title": "Good", "type": "video"})["id"]
    first = client.post("/workflows/relay/runs", {"projectId": project, "input": {"value": 1}})["id"]
    client.wait(lambda: client.run(first), lambda run: run["status"] == "succeeded", 60)
    every, catalogue = topics(), messages()
    assert len(every) >= 11 and sum(map(len, catalogue.values())) >= 16
    samples = {}
    for topic in every:
        for record in kafka.read(broker, topic):
            samples.setdefault(record.headers.get("ce_type"), record.value)
    assert {"atelier.project.v1.ProjectChanged", "atelier.work.v1.StartWork", "atelier.work.v1.WorkChanged"} <= set(samples)
    # Who reads what, the services say themselves, once they have joined their groups; the gateway and user read nothing.
    assert not eventually(lambda: [name for name in NAMES if name not in ("gateway", "user") and not lag(fleet, name)],
                          lambda absent: not absent, 60)
    readers = {}
    for name in NAMES:
        for topic in lag(fleet, name) if name != "gateway" else []:
            readers.setdefault(topic, []).append(name)
    assert set(readers) <= set(every) and all("analytics" in readers[t] for t in readers if ".events." in t), readers

    # The bad ones go out among good ones.
    for_all, for_handlers, jobs = {}, {}, []
    for topic in every:
        known = events_of(topic, catalogue)
        for name, (head, value) in bad_events(topic, known, rng).items():
            key = f"bad-{name}-{topic}"
            for_all.setdefault(topic, set()).add(key)
            jobs.append((topic, key, value, head))
        for kind in known:
            for name, value in bad_values(samples, kind, rng).items():
                key = f"bad-{name}-{kind}-{topic}"
                for_handlers.setdefault(topic, set()).add(key)
                jobs.append((topic, key, value, headers(kind)))
    rng.shuffle(jobs)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(kafka.produce, broker, topic, key, value, head) for topic, key, value, head in jobs]
        titles = [f"good-{number}" for number in range(GOOD)]
        made = list(pool.map(lambda title: client.post("/projects", {"title": title, "type": "video"}), titles))
        runs = [client.post("/workflows/relay/runs", {"projectId": project, "input": {"value": n}})["id"]
                for n in range(10)]
        for one in writing:
            one.result()

    # All that is good is done and counted, each once.
    for run in runs:
        client.wait(lambda: client.run(run), lambda found: found["status"] == "succeeded", 120)
    counted = eventually(lambda: calm(lambda: client.get("/analytics/metrics"))["byType"].get("project.created", 0),
                         lambda count: count >= GOOD + 1, 120)
    assert counted == GOOD + 1 == len(every_page(client, "/projects")) and len(made) == GOOD
    left = eventually(
        lambda: {(name, topic): n for name in NAMES if name != "gateway" for topic, n in lag(fleet, name).items() if n},
        lambda found: not found, 60)
    assert not left, left

    def missing(found):
        """What should lie in the dead letters and does not."""
        absent = []
        for topic, groups in readers.items():
            keys = {group: {record.key for record in found[topic, group]} for group in groups}
            for group in groups:
                absent += [f"{key} for {group}" for key in for_all[topic] - keys[group]]
            # A message that is somebody else's is passed over; somebody handles each.
            absent += [f"{key} for anybody" for key in for_handlers.get(topic, set()) - set().union(*keys.values())]
        return absent
    found = eventually(lambda: dead(fleet, broker, readers), lambda found: not missing(found), 60)
    assert not missing(found), missing(found)[:20]
    letters = [(topic, group, record) for (topic, group), records in found.items() for record in records]
    sent = {(topic, key) for topic, key, _, _ in jobs}
    for topic, group, record in letters:
        assert (topic, record.key) in sent, f"a good event of {topic} in the dead letters of {group}: {record.key}"
        assert record.headers["dlq_reason"] and record.headers["dlq_topic"] == topic, record.headers
        assert record.headers["dlq_partition"].isdigit() and record.headers["dlq_offset"].isdigit()
        assert record.headers["traceparent"] == TRACE, record.headers
    # Each once, with the bytes that came.
    values = {(topic, key): value or b"" for topic, key, value, _ in jobs}
    places = [(topic, group, record.headers["dlq_partition"], record.headers["dlq_offset"])
              for topic, group, record in letters]
    assert len(places) == len(set(places))
    assert [key for topic, group, record in letters for key in [record.key]
            if record.value != values[topic, record.key]] == []
    assert pids == {name: fleet.processes[name].pid for name in NAMES}
    assert not [name for name in NAMES if fleet.processes[name].poll() is not None]
    report("poison", bad=len(jobs), topics=len(every), read=len(readers), letters=len(letters), good=counted)


def ask(fleet, name, *words):
    """What a service's own executable answers an operator."""
    result = subprocess.run([os.path.join(fleet.binaries, name), *words, "--json"], env=fleet.environment(name),
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, (words, result.stderr[-2000:])
    return json.loads(result.stdout)


def test_an_operator_sees_them(poisoned):
    """The executables tell what lies in the dead letters, and of outbox, inbox and jobs, while the services run."""
    fleet = poisoned
    broker = f"127.0.0.1:{fleet.broker_port}"
    piles = ask(fleet, "publisher", "dead-letters", "list")
    assert piles
    for pile in piles:
        topic, group = pile["topic"], pile["group"]
        records = kafka.read(broker, f"{topic}.dlq.{group}")
        assert pile["letters"] == len(records) == pile["waiting"], pile
        assert pile["newest"]["reason"] in {record.headers["dlq_reason"] for record in records}
        assert pile["newest"]["traceId"] == TRACE.split("-")[1]
    topic, group = piles[0]["topic"], piles[0]["group"]
    for record in kafka.read(broker, f"{topic}.dlq.{group}")[:3]:
        place = (topic, group, str(record.partition), str(record.offset))
        letter = ask(fleet, "publisher", "dead-letters", "show", *place)
        assert (letter["key"], letter["bytes"]) == (record.key, len(record.value or b""))
        assert letter["origin"] == "/".join(record.headers[f"dlq_{name}"] for name in ("topic", "partition", "offset"))
    outbox = ask(fleet, "publisher", "outbox")
    assert outbox["refused"] == 0 and outbox["cluster"], outbox
    inbox = ask(fleet, "analytics", "inbox")
    assert inbox["parked"] == 0 and inbox["consumers"][0]["name"] == "analytics", inbox
    assert inbox["consumers"][0]["handled"] >= GOOD, inbox
    assert ask(fleet, "publisher", "jobs", "list") == {"counts": {}, "jobs": []}
    # A job that no handler takes: what becomes of it, the operator does, and the running service tells of it.
    job, workspace = str(uuid.uuid4()), str(uuid.uuid4())
    fleet.postgres.sql("INSERT INTO publisher.job (id, kind, workspace_id, attempt, payload, priority, max_attempts) "
                       f"VALUES ('{job}', 'nobody-does-it', '{workspace}', 1, '{{}}', 0, 1)")
    for word, status in (("cancel", "cancelled"), ("retry", "pending"), ("cancel", "cancelled")):
        assert ask(fleet, "publisher", "jobs", word, job)["status"] == status
    told = eventually(
        lambda: [record for record in kafka.read(broker, "atelier.publisher.events.v1") if record.key == job],
        lambda found: len(found) >= 3, 30)
    assert [b"pending" in record.value for record in told] == [False, True, False], told


def replay(fleet, topic, group):
    """The one command: how many dead letters it says that it sent back."""
    result = subprocess.run([os.path.join(fleet.binaries, group), "replay-dlq", topic, group],
                            env=fleet.environment(group), capture_output=True, text=True, timeout=180)
    assert result.returncode == 0, result.stderr[-2000:]
    return int(re.search(r"replayed (\d+) dead letters", result.stdout)[1])


def test_replay_sends_each_back_once(poisoned):
    """What is still bad comes to the dead letters again, once, and the command ends; what was mended is handled."""
    fleet = poisoned
    broker = f"127.0.0.1:{fleet.broker_port}"
    client = Client(fleet.url).register()
    client.post("/projects", {"title": "Mended", "type": "video"})
    eventually(lambda: client.get("/analytics/metrics")["byType"].get("project.created", 0), lambda n: n == 1, 30)
    source = "atelier.project.events.v1"
    event = next(record for record in reversed(kafka.read(broker, source)) if b"Mended" in record.value)
    # The same event under another id, as it would lie there had its handler failed until somebody mended it.
    head = {name: value for name, value in event.headers.items() if name.startswith("ce_") or name == "content-type"}
    head.update({"ce_id": str(uuid.uuid4()), "dlq_reason": "it failed", "dlq_topic": source,
                 "dlq_partition": str(event.partition), "dlq_offset": str(event.offset)})
    kafka.produce(broker, f"{source}.dlq.analytics", event.key, event.value, head)
    pairs = [(source, "analytics"), ("atelier.media.events.v1", "project"), ("atelier.media.events.v1", "storage"),
             ("atelier.ml-worker.commands.v1", "ml-worker")]

    def letters():
        return {pair: collections.Counter(record.key for record in kafka.read(broker, f"{pair[0]}.dlq.{pair[1]}"))
                for pair in pairs}
    before = letters()
    assert all(before.values()), before
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        counts = dict(zip(pairs, pool.map(lambda pair: replay(fleet, *pair), pairs)))
    assert counts == {pair: keys.total() for pair, keys in before.items()}
    counted = eventually(lambda: client.get("/analytics/metrics")["byType"].get("project.created", 0),
                         lambda n: n == 2, 60)
    assert counted == 2
    # One came through; all others are back, each once, and not more with time.
    wanted = {pair: keys + keys for pair, keys in before.items()}
    wanted[source, "analytics"][event.key] -= 1
    found = eventually(letters, lambda found: all(found[pair] >= wanted[pair] for pair in pairs), 60)
    for pair in pairs:
        assert found[pair] == wanted[pair], (pair, wanted[pair] - found[pair], found[pair] - wanted[pair])
    assert not [name for name in NAMES if fleet.processes[name].poll() is not None]
    report("replay", sent_back=sum(counts.values()), pairs=len(pairs))
