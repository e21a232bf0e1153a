"""R04: the broker is away while people work, and the service that has the backlog dies with it and again while it goes
out. Everything is told of, each thing in its order, and the service's memory stays where it was."""

import collections
import json
import os
import re
import threading
import time

import kafka
from chaos import eventually, every_page, insist, report
from checker import History
from client import Client
from fleet import NAMES

# Seconds without a broker (120 in full), projects, changes of each, and events beside them that nobody waits for.
AWAY = float(os.environ.get("AWAY_SECONDS", "15"))
PROJECTS = int(os.environ.get("BACKLOG_PROJECTS", "20"))
CHANGES = int(os.environ.get("BACKLOG_CHANGES", "25"))
BULK = int(os.environ.get("BACKLOG_BULK", "20000"))
TOPIC = "atelier.project.events.v1"


def peak(process):
    """The most memory that a process had, in bytes."""
    with open(f"/proc/{process.pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) << 10


def waiting(fleet):
    return int(fleet.postgres.sql("SELECT count(*) FROM project.outbox WHERE sent_at IS NULL"))


def change_all(client, projects, history, end):
    """Every project gets its titles in turn; the next one is given when the one before was accepted."""
    pause = AWAY / CHANGES * 0.9

    def work(mine):
        for number in range(1, CHANGES + 1):
            start = time.monotonic()
            for index, identifier in mine:
                title = f"title-{index}-{number}-"

                def attempt():
                    status, _, data = client.raw(
                        "PATCH", f"/api/v1/projects/{identifier}", json.dumps({"title": title}).encode(),
                        {"Content-Type": "application/json"}, timeout=20)
                    return status, data
                insist(attempt, history, title, end)
            time.sleep(max(0, start + pause - time.monotonic()))
    threads = [threading.Thread(target=work, args=(projects[n::4],), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    return threads


def order_of(records):
    """Of what stands in the topic: project → numbers of its titles, in the order of the first copy of each event."""
    seen, found = set(), collections.defaultdict(list)
    for record in sorted(records, key=lambda record: (record.partition, record.offset)):
        if record.headers["ce_id"] in seen:
            continue
        seen.add(record.headers["ce_id"])
        named = re.search(rb"title-(\d+)-(\d+)-", record.value)
        if named:
            found[int(named[1])].append(int(named[2]))
    return found


def test_backlog(own_fleet):
    fleet = own_fleet(own_broker=True)
    client = Client(fleet.url).register()
    history = History(os.path.join(fleet.folder, "client.jsonl"))
    projects = [(n, client.post("/projects", {"title": "New", "type": "video"})["id"]) for n in range(PROJECTS)]
    eventually(lambda: client.get("/analytics/metrics")["byType"].get("project.created", 0),
               lambda count: count == PROJECTS, 60)
    pids = {name: fleet.processes[name].pid for name in NAMES if name != "project"}

    fleet.kill("broker")
    began = time.monotonic()
    threads = change_all(client, projects, history, began + AWAY + 120)
    time.sleep(AWAY / 2)
    # The backlog is in Postgres: who has it may die.
    middle = waiting(fleet)
    fleet.restart("project")
    for thread in threads:
        thread.join()
    # Changes of a workspace that nobody asks about: one event, copied.
    fleet.postgres.sql(f"""
        INSERT INTO project.outbox (event_id, topic, key, headers, value)
        SELECT id, topic, 'bulk-' || n % 997, headers || jsonb_build_object('ce_id', id), value
        FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, {BULK}) AS n) AS ids,
             (SELECT * FROM project.outbox WHERE topic = '{TOPIC}' ORDER BY seq LIMIT 1) AS one""")
    fleet.wait_ready(60)
    backlog = waiting(fleet)
    assert middle > 0 and backlog >= BULK + PROJECTS * CHANGES / 2, (middle, backlog)
    idle, _ = fleet.memory("project")

    fleet.spawn("broker")
    start = time.monotonic()
    # It dies again in the middle of the going out.
    eventually(lambda: waiting(fleet), lambda left: left < backlog * 2 / 3, 120)
    peaks, left = [peak(fleet.processes["project"])], waiting(fleet)
    fleet.restart("project")
    fleet.wait_ready(60)
    idle = min(idle, fleet.memory("project")[0])
    eventually(lambda: waiting(fleet), lambda left: left == 0, 240)
    delivered = time.monotonic() - start
    peaks.append(peak(fleet.processes["project"]))

    records = kafka.read(f"127.0.0.1:{fleet.broker_port}", TOPIC)
    found = order_of(records)
    accepted, unknown = set(history.ended("ok")), set(history.ended("unknown"))
    wrong = []
    for index, _ in projects:
        told = found[index]
        certain = [n for n in range(1, CHANGES + 1) if f"title-{index}-{n}-" in accepted]
        possible = {n for n in range(1, CHANGES + 1) if f"title-{index}-{n}-" in accepted | unknown}
        if not (set(certain) <= set(told) <= possible):
            wrong.append(f"project {index}: accepted {certain}, told of {told}")
        # A change whose answer was lost was asked for again, and then is told of twice; never backwards.
        if told != sorted(told):
            wrong.append(f"project {index} is out of order: {told}")
    bulk = {record.headers["ce_id"] for record in records if record.key.startswith("bulk-")}
    # What everybody did about it in the end.
    titles = {p["id"]: p["title"] for p in every_page(client, "/projects")}
    stale = [index for index, identifier in projects if titles[identifier] != f"title-{index}-{CHANGES}-"]
    share = sum(key in accepted for key in history.results) / len(history.results)
    report("backlog", away=f"{time.monotonic() - began:.0f} s", submissions=len(history.results),
           requests=history.attempts, accepted=len(accepted), backlog=backlog, left_at_second_death=left,
           delivered_after=f"{delivered:.1f} s", copies=len(records), wrong=len(wrong),
           grown=f"{(max(peaks) - idle) / 1e6:.0f} MB", events_at_the_broker=len(bulk))
    assert 0 < left < backlog, "it did not die in the middle"
    assert not wrong, wrong[:5]
    assert len(bulk) == BULK
    assert not stale and share >= 0.99 and not history.ended("fail")
    assert max(peaks) - idle < 64 << 20, f"{idle} grew to {peaks}"
    assert pids == {name: fleet.processes[name].pid for name in pids}
    assert not [name for name in NAMES if fleet.processes[name].poll() is not None]
