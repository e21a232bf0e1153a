"""Webhooks and mail as their receivers see them: a server of this file's own takes the webhooks and checks them by the
words of Standard Webhooks 1.0, and by that project's own library; the sandbox's mail box takes the mails."""

import base64
import collections
import hashlib
import hmac
import json
import threading
import time
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import standardwebhooks

from chaos import eventually
from client import Client

Call = collections.namedtuple("Call", "path headers body answered at")


class Receiver:
    """Takes POSTs and answers each path with the statuses planned for it, 204 afterwards."""

    def __init__(self):
        self.calls, self.plan, self.lock = [], {}, threading.Lock()
        self.held = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with receiver.lock:
                    planned = receiver.plan.get(self.path)
                    status = planned.pop(0) if planned else 204
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    receiver.calls.append(Call(self.path, headers, body, status, time.time()))
                if status == "hold":
                    receiver.held.wait(60)
                    status = 204
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def at(self, path):
        with self.lock:
            return [call for call in self.calls if call.path == path]

    def close(self):
        self.held.set()
        self.server.shutdown()


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def verify(secret, call):
    """By the text: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, keyed with what follows `whsec_`. True
    where one of the signatures is right."""
    assert secret.startswith("whsec_")
    key = base64.b64decode(secret[len("whsec_"):], validate=True)
    assert 24 <= len(key) <= 64
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return wanted in call.headers["webhook-signature"].split(" ")


def check(secret, call):
    """A call as the standard wants it, by our reading and by the library's."""
    assert verify(secret, call), call
    assert "." not in call.headers["webhook-id"]
    assert abs(int(call.headers["webhook-timestamp"]) - call.at) < 300
    assert call.headers["content-type"].startswith("application/json")
    document = json.loads(call.body)
    assert set(document) >= {"type", "timestamp", "data"}
    assert standardwebhooks.Webhook(secret).verify(call.body, call.headers) == document
    # And what is not signed is refused: the check itself can fail.
    changed = call._replace(body=call.body.replace(b'"type"', b'"Type"', 1))
    assert not verify(secret, changed)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(changed.body, changed.headers)
    return document


def hook(client, receiver, path, *plan, events=None):
    receiver.plan[path] = list(plan)
    return client.post("/webhooks", {"url": receiver.url(path), **({"events": events} if events else {})})


def asset(client):
    """Something happens: the asset's id."""
    status, _, data = client.raw("POST", "/api/v1/assets?filename=note.txt", uuid.uuid4().bytes, {
        "Content-Type": "text/plain", "Idempotency-Key": str(uuid.uuid4())})
    assert status == 201, data
    return json.loads(data)["id"]


def soon(fleet, webhook):
    """The times of the schedule, made short: what waits for its next try is due now."""
    fleet.postgres.sql(f"UPDATE notifier.webhook_delivery SET next_at = now() "
                       f"WHERE webhook_id = '{webhook['id']}' AND status = 'pending' AND next_at > now()")


def deliveries(client, webhook):
    return client.get(f"/webhooks/{webhook['id']}/deliveries?limit=100")["items"]


def test_each_event_comes_signed_and_once(fleet, client, receiver):
    made = hook(client, receiver, "/each", events=["asset.created"])
    wanted = {asset(client) for _ in range(5)}
    client.wait(lambda: receiver.at("/each"), lambda calls: len(calls) >= 5, 30)
    client.wait(lambda: deliveries(client, made), lambda all: all and not [d for d in all if d["status"] == "pending"])
    calls = receiver.at("/each")
    told = [check(made["secret"], call) for call in calls]
    assert {document["type"] for document in told} == {"asset.created"}
    assert len(calls) == 5 and len({call.headers["webhook-id"] for call in calls}) == 5
    assert {document["data"]["assetId"] for document in told} == wanted
    # Nobody else's secret is right, and nobody else is told.
    other = hook(Client(fleet.url).register(), receiver, "/other")
    assert not any(verify(other["secret"], call) for call in calls) and not receiver.at("/other")


def test_a_receiver_that_fails_is_tried_again(fleet, client, receiver):
    """500, a redirect (which is no success and is not followed) and 503, then 204: four calls, one id, each signed anew."""
    made = hook(client, receiver, "/again", 500, 302, 503, events=["asset.created"])
    asset(client)

    def calls():
        soon(fleet, made)
        return receiver.at("/again")
    found = client.wait(calls, lambda calls: len(calls) >= 4, 60)
    ended = client.wait(lambda: deliveries(client, made), lambda all: all[0]["status"] == "delivered", 30)
    assert len(ended) == 1 and ended[0]["attempts"] == 4 and ended[0]["responseStatus"] == 204
    assert [call.answered for call in found] == [500, 302, 503, 204]
    assert len({call.headers["webhook-id"] for call in found}) == 1
    assert len({call.body for call in found}) == 1
    for call in found:
        check(made["secret"], call)
    assert not receiver.at("/elsewhere")
    # The receiver may recognise what it has: each id stands for one event.
    asset(client)
    client.wait(lambda: receiver.at("/again"), lambda calls: len(calls) == 5, 30)
    assert len({call.headers["webhook-id"] for call in receiver.at("/again")}) == 2


def test_an_answer_that_got_lost(own_fleet, receiver):
    """The receiver has the event, and the service dies before it hears so: the event comes again, known by its id."""
    fleet = own_fleet(per_service={"notifier": {"WEBHOOK_TIMEOUT_MS": "30000"}})
    client = Client(fleet.url).register()
    made = hook(client, receiver, "/twice", "hold", events=["asset.created"])
    asset(client)
    client.wait(lambda: receiver.at("/twice"), lambda calls: len(calls) == 1, 30)
    fleet.restart("notifier")
    receiver.held.set()
    fleet.wait_ready(60)
    # The lease of the process that died, and its time, made short.
    fleet.postgres.sql("UPDATE notifier.webhook_delivery SET leased_until = '-infinity' WHERE status = 'pending'")
    calls = client.wait(lambda: receiver.at("/twice"), lambda calls: len(calls) >= 2, 60)
    client.wait(lambda: deliveries(client, made), lambda all: all[0]["status"] == "delivered", 30)
    assert len({call.headers["webhook-id"] for call in calls}) == 1 and len({call.body for call in calls}) == 1
    for call in calls:
        check(made["secret"], call)


def test_gone_disables(fleet, client, receiver):
    made = hook(client, receiver, "/gone", 410, events=["asset.created"])
    asset(client)
    after = client.wait(lambda: client.get(f"/webhooks/{made['id']}"), lambda found: found["status"] == "disabled", 30)
    assert "410" in after["disabledReason"]
    asset(client)
    sign = hook(client, receiver, "/sign", events=["asset.created"])
    asset(client)
    client.wait(lambda: receiver.at("/sign"), lambda calls: calls, 30)
    assert len(receiver.at("/gone")) == 1
    assert [d["status"] for d in deliveries(client, made)] == ["failed"]
    # Switched on again by a person, it is told of what comes.
    client.call("PATCH", f"/webhooks/{made['id']}", {"enabled": True})
    # Those before may be among it: assets are on several partitions, and one may be handled only now.
    new = asset(client).encode()
    client.wait(lambda: receiver.at("/gone"), lambda calls: any(new in call.body for call in calls[1:]), 30)
    assert len(receiver.at("/sign")) >= 1 and sign


def test_while_a_secret_changes_both_are_right(client, receiver):
    made = hook(client, receiver, "/rotated", events=["asset.created"])
    new = client.post(f"/webhooks/{made['id']}/rotate-secret")["secret"]
    assert new != made["secret"]
    asset(client)
    call = client.wait(lambda: receiver.at("/rotated"), lambda calls: calls, 30)[0]
    assert len(call.headers["webhook-signature"].split(" ")) == 2
    check(made["secret"], call)
    check(new, call)


def mails(fleet, client):
    with urllib.request.urlopen(fleet.sandbox_url + "/mails", timeout=10) as answer:
        return [mail for mail in json.load(answer) if client.user["email"] in mail["to"]]


def test_the_mail_arrives_once(fleet, client, receiver, project):
    """Three runs, and a mail server that is busy when the first mail comes: three mails, each once, and one webhook
    for each."""
    body = json.dumps({"target": "smtp", "kind": "unavailable", "times": 1}).encode()
    urllib.request.urlopen(urllib.request.Request(
        fleet.sandbox_url + "/control/faults", body, {"Content-Type": "application/json"}), timeout=10).close()
    made = hook(client, receiver, "/runs", events=["run.succeeded"])
    runs = [client.post("/workflows/relay/runs", {"projectId": project, "input": {"value": n}})["id"] for n in range(3)]
    for run in runs:
        client.wait(lambda: client.run(run), lambda found: found["status"] == "succeeded", 60)
    calls = client.wait(lambda: receiver.at("/runs"), lambda calls: len(calls) >= 3, 30)
    assert sorted(check(made["secret"], call)["data"]["runId"] for call in calls) == sorted(runs)
    found = eventually(lambda: mails(fleet, client), lambda found: len(found) >= 3, 60)
    # None is due any more: what would come twice would have.
    eventually(lambda: fleet.postgres.sql(
        "SELECT count(*) FROM notifier.mail WHERE status NOT IN ('sent', 'failed', 'unknown')").strip(),
        lambda left: left == "0", 30)
    found = mails(fleet, client)
    assert len(found) == 3, found
    identifiers = [line for mail in found for line in mail["content"].splitlines()
                   if line.lower().startswith("message-id:")]
    assert len(identifiers) == 3 == len(set(identifiers))
