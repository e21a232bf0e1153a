"""The public contract: the document says what the services do, and strangers' tools find nothing else.

Schemathesis and tuspy are used as they come from PyPI; the rest walks the document itself.
"""

import copy
import io
import json
import os
import subprocess
import sys
import uuid

import pytest
from tusclient.client import TusClient

from client import ApiError, Client
from conftest import MEDIA, RUN
from demo import connect_account
from fleet import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = os.path.join(ROOT, "Services", "Gateway", "Site", "openapi.json")
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
CASES = 2000

# What a tester cannot drive, and why.
UNDRIVEN = {
    "/api/v1/events": "a stream that never ends",
    "/api/v1/realtime": "a WebSocket",
    "/api/v1/auth/logout": "ends the very session that the tester uses",
}


def document():
    with open(DOCUMENT, encoding="utf-8") as f:
        return json.load(f)


def operations():
    """Every operation of the document: method, path, and whether it asks for a person."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method].get("security") is None


PERSONAL = [(method, path) for method, path, personal in operations() if personal]


def test_the_document_that_is_served_is_the_one_that_is_tested(fleet):
    status, headers, data = Client(fleet.url).raw("GET", "/api/v1/openapi.json")
    assert status == 200 and headers["content-type"].startswith("application/json")
    assert json.loads(data) == document()


def test_schemathesis_finds_nothing(fleet, client):
    folder = os.path.join(RUN, "schemathesis")
    os.makedirs(folder, exist_ok=True)
    report = os.path.join(folder, "report.json")
    words = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"),
        "--config-file", os.path.join(HERE, "schemathesis.toml"), "run", "--no-color", DOCUMENT, "--url", fleet.url,
        "--header", f"Authorization: Bearer {client.token}", "--checks", "all", "--seed", "20261121",
        "--max-examples", "8", "--generation-database", "none", "--request-timeout", "20",
        "--report", "json", "--report-json-path", report]
    for path in UNDRIVEN:
        words += ["--exclude-path", path]
    environment = dict(os.environ, SCHEMATHESIS_HOOKS="schemathesis_hooks", PYTHONPATH=HERE)
    result = subprocess.run(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=420)
    with open(os.path.join(folder, "output.txt"), "w", encoding="utf-8") as f:
        f.write(result.stdout)
    with open(report, encoding="utf-8") as f:
        found = json.load(f)
    cases = found["test_cases"]
    # A case that no check looked at is none.
    checked = cases["generated"] - cases["without_checks"]
    print(f"schemathesis: {checked} cases checked, {cases['unique_failures']} failures, "
          f"{found['operations']['tested']} of {found['operations']['total']} operations, "
          f"{found['running_time']:.0f} s, seed {found['seed']}")
    assert not found["failures"] and not found["errors"] and result.returncode == 0, result.stdout[-12000:]
    assert found["complete"] and found["operations"]["tested"] == found["operations"]["total"] - len(UNDRIVEN)
    assert checked >= CASES, cases


@pytest.mark.parametrize("path, value", [
    ("/projects", {"title": "a\0b"}), ("/assets/generate", {"kind": "voice", "prompt": "word", "language": "e\0n"}),
    ("/webhooks", {"url": "https://example.org/", "description": "a\0b"}),
])
def test_a_nul_is_no_text(client, path, value):
    with pytest.raises(ApiError) as refused:
        client.post(path, value)
    assert refused.value.status == 400, refused.value


def test_a_generic_tus_client_uploads_in_pieces_and_resumes(fleet, client, project):
    content = os.urandom(700_001)
    headers = {"Authorization": f"Bearer {client.token}"}
    metadata = {"filename": "noise.bin", "projectId": project}
    first = TusClient(f"{fleet.url}/api/v1/uploads", headers=headers).uploader(
        file_stream=io.BytesIO(content), chunk_size=200_000, metadata=metadata, upload_checksum=True)
    first.upload_chunk()
    assert first.offset == 200_000
    # Another client goes on where the first was cut off; it asks for the offset itself.
    second = TusClient(f"{fleet.url}/api/v1/uploads", headers=headers).uploader(
        file_stream=io.BytesIO(content), url=first.url, chunk_size=200_000, upload_checksum=True)
    assert second.offset == 200_000
    second.upload()
    assert second.offset == len(content)
    _, answer = client.tus_head(first.url[len(fleet.url):])
    asset = client.get(f"/assets/{answer['upload-asset-id']}")
    assert asset["filename"] == "noise.bin" and asset["size"] == len(content) and asset["projectId"] == project
    status, _, data = client.raw("GET", f"/api/v1/assets/{asset['id']}/content")
    assert status == 200 and data == content


# The matrix {owner, other tenant, anonymous} over every route (R33)


@pytest.fixture(scope="module")
def owned(fleet):
    """One of everything, of one person, and another person of another workspace."""
    owner, other = Client(fleet.url).register(), Client(fleet.url).register()
    project = owner.post("/projects", {"title": "Mine"})["id"]
    asset = owner.upload(os.path.join(MEDIA, "coffee.png"), project, "image/png")["id"]
    upload = owner.tus_create(5, "half.txt", "text/plain", project).rsplit("/", 1)[1]
    job = owner.post(f"/assets/{asset}/photo-edits", {"operations": [{"type": "greyscale"}]})["id"]
    run = owner.post("/workflows/relay/runs", {"projectId": project, "input": {"value": 1}})["id"]
    webhook = owner.post("/webhooks", {"url": f"{fleet.sandbox_url}/nowhere"})["id"]
    account = connect_account(owner, fleet)
    publication = owner.post("/publish", {
        "assetId": asset, "accountIds": [account], "caption": "Mine", "projectId": project})["id"]
    owner.wait(lambda: owner.get(f"/runs/{run}"), lambda found: found["status"] == "succeeded")
    owner.wait(lambda: owner.get("/jobs?limit=100"), lambda found: job in [j["id"] for j in found["items"]])
    thumbnails = owner.wait(lambda: owner.get(f"/assets/{asset}/renditions"), lambda found: found["items"])
    notes = owner.wait(lambda: owner.get("/notifications"), lambda found: found["items"])
    ids = {
        "/api/v1/projects/": project, "/api/v1/assets/": asset, "/api/v1/uploads/": upload, "/api/v1/jobs/": job,
        "/api/v1/runs/": run, "/api/v1/webhooks/": webhook, "/api/v1/social-accounts/": account,
        "/api/v1/publications/": publication, "/api/v1/notifications/": notes["items"][0]["id"],
    }
    return owner, other, ids, thumbnails["items"][0]["name"]


# A body that the route takes, so that a refusal is about the person and nothing else.
BODIES = {
    ("PATCH", "/api/v1/projects/{id}"): {"title": "Yours"},
    ("POST", "/api/v1/assets/{id}/links"): {},
    ("POST", "/api/v1/assets/{id}/photo-edits"): {"operations": [{"type": "invert"}]},
    ("POST", "/api/v1/assets/{id}/transcodes"): {"format": "mp4"},
    ("PATCH", "/api/v1/webhooks/{id}"): {"description": "Yours"},
}


def ask(who, method, template, ids, rendition, unknown=False):
    """Calls a route of the document with the owner's ids, or with ones that nobody has."""
    path = template
    for prefix, identifier in ids.items():
        if template.startswith(prefix + "{id}"):
            path = path.replace("{id}", str(uuid.uuid4()) if unknown else identifier)
    path = path.replace("/workflows/{id}", "/workflows/relay").replace("{name}", rendition)
    assert "{" not in path, path
    headers, body = {}, None
    if "/uploads" in template:
        headers["Tus-Resumable"] = "1.0.0"
        if method == "PATCH":
            headers.update({"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
            body = b"mine"
        if method == "POST" and "{id}" in template:
            headers["X-HTTP-Method-Override"] = "HEAD"
    elif method in ("POST", "PUT", "PATCH"):
        headers["Content-Type"] = "application/json"
        body = json.dumps(copy.deepcopy(BODIES.get((method, template), {}))).encode()
    status, answer, data = who.raw(method, path, body, headers)
    if status >= 400 and method != "HEAD":
        assert answer["content-type"].startswith("application/problem+json"), (path, answer)
    return status, data


@pytest.mark.parametrize("method, template", PERSONAL, ids=[f"{m} {p}" for m, p in PERSONAL])
def test_without_a_token_every_personal_route_is_401(fleet, owned, method, template):
    _, _, ids, rendition = owned
    status, data = ask(Client(fleet.url), method, template, ids, rendition)
    assert status == 401, data[:500]


OWNED = [(m, p) for m, p in PERSONAL if "{id}" in p and "/workflows/" not in p]


@pytest.mark.parametrize("method, template", OWNED, ids=[f"{m} {p}" for m, p in OWNED])
def test_what_is_anothers_is_the_same_as_unknown(owned, method, template):
    _, other, ids, rendition = owned
    status, data = ask(other, method, template, ids, rendition)
    assert status == 404, data[:500]
    nothing, told = ask(other, method, template, ids, rendition, unknown=True)
    assert nothing == 404
    if method != "HEAD" and data:
        mine, unknown = json.loads(data), json.loads(told)
        assert {**mine, "requestId": ""} == {**unknown, "requestId": ""}


LISTS = [(m, p) for m, p in PERSONAL if m == "GET" and "{id}" not in p and p not in UNDRIVEN]


@pytest.mark.parametrize("method, template", LISTS, ids=[p for _, p in LISTS])
def test_no_list_of_another_tenant_names_what_is_mine(owned, method, template):
    owner, other, ids, rendition = owned
    for who in (owner, other):
        status, data = ask(who, method, template, ids, rendition)
        assert status == 200, data[:500]
    assert not [i for i in ids.values() if i.encode() in data]


def test_the_owner_reaches_what_the_other_does_not(owned):
    """Last, because it ends what the others of this matrix need: readers first, removals at the end."""
    owner, _, ids, rendition = owned
    order = {"GET": 0, "HEAD": 0, "PATCH": 1, "POST": 1, "DELETE": 2}
    for method, template in sorted(OWNED, key=lambda o: (order[o[0]], o[1].startswith("/api/v1/projects"))):
        status, data = ask(owner, method, template, ids, rendition)
        # 409: what is done can neither be stopped nor tried again; 422: a picture cannot become a film.
        assert status < 300 or status in (409, 422), (method, template, status, data[:500])
