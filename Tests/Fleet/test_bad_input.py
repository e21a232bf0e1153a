"""Wrong inputs: each is refused with a precise error, and nothing is lost."""

import base64
import json
import os
import socket
import uuid

import pytest

from client import ApiError, Client
from conftest import MEDIA


def problem(client, method, path, status, code=None, value=None, body=None, headers=None):
    """Calls, and expects a problem document of this status."""
    more = dict(headers or {})
    if value is not None:
        body = json.dumps(value).encode()
        more.setdefault("Content-Type", "application/json")
    got, answer, data = client.raw(method, path, body, more)
    assert got == status, (got, data[:500])
    assert answer["content-type"].startswith("application/problem+json"), answer
    assert "x-request-id" in answer
    document = json.loads(data)
    assert document["status"] == status and document["code"]
    if code:
        assert document["code"] == code, document
    return document


def test_unknown_route_and_wrong_method(client):
    problem(client, "GET", "/api/v1/nowhere", 404)
    problem(client, "PUT", "/api/v1/projects", 405)


def test_tokens_damaged_expired_foreign_and_missing(fleet):
    good = Client(fleet.url).register().token
    head, payload, signature = good.split(".")
    forged = [
        "", "x", "a.b.c", good[:-4] + "AAAA", f"{head}.{payload}.", f"{head}.{payload}",
        base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode() + f".{payload}.",
        good + "." + signature, good.replace(".", "..", 1), "é" * 30,
    ]
    bodies = set()
    for token in forged:
        stranger = Client(fleet.url)
        headers = {"Authorization": ("Bearer " + token).encode("utf-8", "replace").decode("latin-1")}
        status, answer, data = stranger.raw("GET", "/api/v1/me", None, headers)
        assert status == 401, (token, status, data)
        assert "www-authenticate" in answer
        bodies.add(json.loads(data)["code"])
    assert len(bodies) == 1, bodies
    problem(Client(fleet.url), "GET", "/api/v1/me", 401)


def test_another_persons_ids_are_the_same_as_unknown(client, stranger, project):
    asset = client.upload(os.path.join(MEDIA, "coffee.png"), project, "image/png")["id"]
    for path in (f"/projects/{project}", f"/assets/{asset}", f"/assets/{asset}/content",
                 f"/assets/{asset}/renditions"):
        foreign = problem(stranger, "GET", "/api/v1" + path, 404)
        unknown = problem(stranger, "GET", "/api/v1" + path.replace(asset, str(uuid.uuid4())).replace(
            project, str(uuid.uuid4())), 404)
        foreign.pop("requestId", None), unknown.pop("requestId", None)
        assert foreign == unknown
    problem(stranger, "PATCH", f"/api/v1/projects/{project}", 404, value={"title": "mine"})
    problem(stranger, "DELETE", f"/api/v1/assets/{asset}", 404)
    problem(stranger, "POST", "/api/v1/workflows/relay/runs", 404, value={"projectId": project, "input": {}})
    assert client.get(f"/projects/{project}")["title"] == "A test"


@pytest.mark.parametrize("path", ["/projects/7", "/assets/..%2f", "/runs/x", "/jobs/%00"])
def test_malformed_ids(client, path):
    status, _, _ = client.raw("GET", "/api/v1" + path)
    assert status in (400, 404)


def test_malformed_json_names_the_field(client):
    headers = {"Content-Type": "application/json"}
    problem(client, "POST", "/api/v1/projects", 400, body=b'{"title": ', headers=headers)
    problem(client, "POST", "/api/v1/projects", 400, body=b"[" * 10_000, headers=headers)
    assert "title" in problem(client, "POST", "/api/v1/projects", 400, value={"title": 7, "type": "video"})["detail"]
    assert "title" in problem(client, "POST", "/api/v1/projects", 400, value={"type": "video"})["detail"]
    assert "title" in problem(client, "POST", "/api/v1/projects", 400, value={"title": "x" * 256, "type": "video"})["detail"]
    problem(client, "POST", "/api/v1/projects", 400, value={"title": "x", "type": "an opera!"})
    problem(client, "POST", "/api/v1/projects", 415, body=b"title=x", headers={"Content-Type": "text/plain"})


def test_bodies_over_the_limit_announced_and_chunked(fleet, client):
    problem(client, "POST", "/api/v1/projects", 413, body=b" " * 3_000_000, headers={"Content-Type": "application/json"})
    with socket.create_connection((client.host, client.port), timeout=20) as s:
        s.sendall((f"POST /api/v1/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
                   "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").encode())
        try:
            for _ in range(400):
                s.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
        except OSError:
            pass
        answer = s.recv(4096)
    assert b" 413 " in answer.split(b"\r\n")[0], answer[:200]


def test_the_limit_is_the_services_own(fleet, client):
    # 1 MiB by default; the service user has 64 KiB (conftest).
    long = {"title": "x" * 100_000, "type": "video"}
    assert "title" in problem(client, "POST", "/api/v1/projects", 400, value=long)["detail"]
    account = {"email": "x@example.org", "username": "x" * 100_000, "password": "a long enough secret"}
    problem(Client(fleet.url), "POST", "/api/v1/auth/register", 413, value=account)
    account["username"] = "x" * 50_000
    problem(Client(fleet.url), "POST", "/api/v1/auth/register", 400, value=account)


def test_wrong_media_named_right(client, project, tmp_path):
    cases = {
        "text.png": b"this is no picture at all", "cut.png": open(os.path.join(MEDIA, "coffee.png"), "rb").read()[:900],
        "list.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "concat.mp4": b"ffconcat version 1.0\nfile /etc/passwd\n", "empty.png": b"",
    }
    for name, data in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        try:
            asset = client.upload(str(path), project, "image/png" if name.endswith("png") else "video/mp4")
        except ApiError as error:
            assert 400 <= error.status < 500 and error.code, error
            continue
        # What is taken is told what it is, and its jobs end with a reason.
        jobs = client.wait(lambda: [j for j in client.get(f"/jobs?projectId={project}&limit=100")["items"]
                                    if j.get("assetId") == asset["id"]],
                           lambda jobs: all(j["status"] in ("succeeded", "failed") for j in jobs), 60)
        assert all(j["status"] == "succeeded" or j["error"] for j in jobs), jobs


def test_same_key_with_another_body(client):
    key = str(uuid.uuid4())
    first = client.post("/projects", {"title": "one", "type": "video"}, key=key)
    again = client.post("/projects", {"title": "one", "type": "video"}, key=key)
    assert first == again
    with pytest.raises(ApiError) as caught:
        client.post("/projects", {"title": "two", "type": "video"}, key=key)
    assert caught.value.status == 422
    assert [p["title"] for p in client.get("/projects")["items"]].count("one") == 1


@pytest.mark.parametrize("value", [
    {"brief": ""}, {"brief": "x" * 100_000}, {"brief": "A day.", "durationSeconds": 0},
    {"brief": "A day.", "durationSeconds": 36_000}, {"brief": "A day.", "accountIds": ["nope"]}, {},
])
def test_film_input(client, project, value):
    document = problem(client, "POST", "/api/v1/workflows/film/runs", 400,
                       value={"projectId": project, "input": value})
    assert "input." in document["detail"]


def test_film_with_unknown_assets_or_accounts_says_so(client, project):
    for field in ("assetIds", "accountIds"):
        run = None
        try:
            run = client.post("/workflows/film/runs", {"projectId": project, "input": {
                "brief": "A day by the sea.", field: [str(uuid.uuid4())]}})
        except ApiError as error:
            assert error.status in (400, 404, 422)
            continue
        run = client.wait(lambda: client.run(run["id"]), lambda r: r["status"] in ("failed", "succeeded"), 240)
        assert run["status"] == "failed" and run["error"]["code"], run


def test_what_is_not_built_says_so(client):
    document = problem(client, "GET", "/api/v1/stream/audio/" + str(uuid.uuid4()), 501)
    assert document["detail"]
    _, _, data = client.raw("GET", "/api/v1/openapi.json")
    assert "/stream/audio/{id}" not in json.loads(data)["paths"]


def test_passwords_and_accounts(fleet):
    stranger = Client(fleet.url)
    problem(stranger, "POST", "/api/v1/auth/register", 400,
            value={"email": "no mail", "username": "x1", "password": "a long enough secret"})
    problem(stranger, "POST", "/api/v1/auth/register", 400,
            value={"email": "short@example.org", "username": "short1", "password": "abc"})
    person = Client(fleet.url).register()
    problem(stranger, "POST", "/api/v1/auth/register", 409, value={
        "email": person.user["email"], "username": "other" + uuid.uuid4().hex[:6], "password": "a long enough secret"})
    problem(stranger, "POST", "/api/v1/auth/login", 401,
            value={"email": person.user["email"], "password": "wrong and long"})
    problem(stranger, "POST", "/api/v1/auth/login", 401,
            value={"email": "nobody@example.org", "password": "wrong and long"})
    problem(stranger, "POST", "/api/v1/auth/refresh", 401, value={"refreshToken": "x" * 43})


def test_refresh_reuse_revokes_the_family(fleet):
    person = Client(fleet.url).register()
    first = person.refresh_token
    person.refresh()
    second = person.refresh_token
    problem(Client(fleet.url), "POST", "/api/v1/auth/refresh", 401, value={"refreshToken": first})
    problem(Client(fleet.url), "POST", "/api/v1/auth/refresh", 401, value={"refreshToken": second})
