"""The recipes of README.md, followed in a scratch copy of the tree: an event, routes, jobs, a service.

The scripts run in the copy, first with wrong words; then the copy is checked, and what they touched is built (once, for
all of them), tested, and asked as a part of a running fleet. What they did not touch runs from the tree's own build.
"""

import glob
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from client import ApiError, Client
from conftest import MEDIA, RUN, make_fleet, running
from fleet import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.join(ROOT, ".run", "recipes")

RECIPES = [
    ("new-event", "project", "ProjectShared", "project_id:uuid", "with_user_id:uuid", "note_json:string?", "count:int?",
     "at_ms:int64", "share:double", "is_final:bool"),
    ("new-route", "project", "GET", "/projects/{id}/summary"),
    ("new-route", "project", "POST", "/projects/{id}/summary"),
    ("new-route", "project", "PUT", "/runs/{id}"),
    ("new-job", "media-worker", "posterize"),
    ("new-job", "ml-worker", "word-count"),
    ("new-service", "billing", "8091"),
]

# Words that each script refuses, and what it says.
WRONG = [
    (("new-event",), "an owner, a name and at least one field are needed"),
    (("new-event", "nobody", "Thing", "id:uuid"), "nobody is no owner"),
    (("new-event", "work", "Thing", "id:uuid"), "work is no owner"),
    (("new-event", "project", "thing", "id:uuid"), "thing is no name in CamelCase"),
    (("new-event", "project", "ProjectChanged", "id:uuid"), "ProjectChanged is there already"),
    (("new-event", "storage", "Topic", "id:uuid"), "Topic is there already"),
    (("new-event", "project", "Thing", "id:guid"), "id:guid is no FIELD:TYPE"),
    (("new-event", "project", "Thing", "id:uuid?"), "cannot be optional"),
    (("new-event", "project", "Thing", "count:int"), "it is a uuid or a string"),
    (("new-event", "project", "Thing", "id:uuid", "id:string"), "id stands twice"),
    (("new-event", "project", "Thing", "id:uuid", "default:string"), "default cannot name a field"),
    (("new-event", "project", "Self", "id:uuid"), "would be no Swift, nothing is changed"),
    (("new-route", "project", "GET"), "a service, a method and a path are needed"),
    (("new-route", "projects", "GET", "/projects/{id}/summary"), "projects is no service with routes"),
    (("new-route", "gateway", "GET", "/summary"), "gateway is no service with routes"),
    (("new-route", "project", "FETCH", "/projects/{id}/summary"), "FETCH is none of GET, POST, PUT, PATCH"),
    (("new-route", "project", "GET", "/api/v1/projects/{id}/summary"), "PATH stands without /api/v1"),
    (("new-route", "project", "GET", "/projects/{projectId}/summary"), "has one parameter at most, and that is {id}"),
    (("new-route", "project", "GET", "/Projects/"), "is no path of lower-case words"),
    (("new-route", "project", "GET", "/projects/{id}"), "GET /projects/{id} is there already"),
    (("new-route", "project", "GET", "/publish"), "/publish belongs to publisher"),
    (("new-route", "analytics", "GET", "/reports"), "is among what is named and not built"),
    (("new-route", "media-worker", "GET", "/assets/{id}/palette"), "has no table asset with id and workspace_id"),
    (("new-job", "posterize"), "a worker and a kind are needed"),
    (("new-job", "publisher", "posterize"), "publisher is none of media-worker, ml-worker"),
    (("new-job", "media-worker", "Posterize"), "Posterize is no lower-case name"),
    (("new-job", "media-worker", "case"), "case is no lower-case name"),
    (("new-job", "media-worker", "photo-edit"), "has the name photoEdit already"),
    (("new-job", "media-worker", "thumbnail"), "has the name thumbnail already"),
    (("new-job", "ml-worker", "voice"), "has voice already"),
    (("new-job", "ml-worker", "film"), "there is a workflow film already"),
    (("new-service", "billing"), "a name and a port are needed"),
    (("new-service", "Billing", "8091"), "Billing is no lower-case name"),
    (("new-service", "billing", "80"), "80 is no port from 1024 to 64535"),
    (("new-service", "billing", "8086"), "port 8086 is project's"),
    (("new-service", "billing", "9086"), "port 9086 is project's"),
    (("new-service", "notifier", "8091"), "notifier is there already"),
    (("new-service", "sandbox", "8091"), "sandbox is there already"),
    (("new-service", "calendar", "8091"), "/calendar belongs to publisher"),
]


def follow(*words, **environment):
    """Runs a recipe's script in the scratch copy."""
    return subprocess.run([os.path.join(TREE, "scripts", words[0]), *words[1:]], cwd=TREE, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, **environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=120)


def git(*words):
    return subprocess.run(["git", *words], cwd=TREE, check=True, stdout=subprocess.PIPE, text=True).stdout


def changes():
    """What differs from the index: the files that the last recipes changed and made."""
    return git("diff", "--name-only").split() + git("ls-files", "-o", "--exclude-standard").split()


@pytest.fixture(scope="module")
def tree():
    """A copy of what is in the tree, as a repository of its own; what an earlier run has built there stays."""
    os.makedirs(TREE, exist_ok=True)
    for name in os.listdir(TREE):
        if name != ".build":
            path = os.path.join(TREE, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    names = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True)
    for name in names.splitlines():
        if os.path.exists(os.path.join(ROOT, name)):
            os.makedirs(os.path.dirname(os.path.join(TREE, name)), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, name), os.path.join(TREE, name))
    git("init", "-q")
    git("add", "-A")
    return TREE


@pytest.fixture(scope="module")
def cooked(tree):
    """The copy after all recipes; what they changed is in its index."""
    for words in RECIPES:
        result = follow(*words)
        assert result.returncode == 0, (words, result.stdout)
        assert changes(), words
    git("add", "-A")
    return tree


@pytest.fixture(scope="module")
def built(cooked):
    """What the recipes touched, built without a warning; nobody debugs it."""
    wanted = "GatewayServiceTests,ProjectService,MediaWorkerService,MLWorkerService,BillingServiceTests,EventsTests"
    result = subprocess.run(
        ["swift", "build", "--build-tests", "-debug-info-format", "none"], cwd=cooked,
        env=dict(os.environ, ATELIER_ONLY=wanted), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=1500)
    assert result.returncode == 0 and "warning:" not in result.stdout, result.stdout[-6000:]
    return os.path.join(cooked, ".build", "debug")


@pytest.fixture(scope="module")
def kitchen(built):
    """A fleet as the copy describes it: ten services, of which the touched ones come from the copy's build."""
    spec = importlib.util.spec_from_file_location("scratch_fleet", os.path.join(TREE, "scripts", "lib", "fleet.py"))
    scratch = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scratch)
    fleet = make_fleet("recipes", maker=scratch.Fleet)
    build = os.environ.get("ATELIER_BUILD", "debug")
    others = os.environ.get("ATELIER_BINARIES") or os.path.join(ROOT, ".build", build)
    programs = os.path.join(fleet.folder, "programs")
    os.makedirs(programs)
    for name in [*scratch.NAMES, "sandbox"]:
        own = os.path.join(built, name)
        os.symlink(own if os.path.exists(own) else os.path.join(others, name), os.path.join(programs, name))
    fleet.binaries = programs
    with running(fleet):
        yield fleet


@pytest.fixture(scope="module")
def guest(kitchen):
    return Client(kitchen.url).register()


def unit_tests(built, name):
    """Runs Swift tests of the copy; gives their output."""
    result = subprocess.run(
        [os.path.join(built, "atelierPackageTests.xctest"), "--testing-library", "swift-testing", "--filter", name],
        cwd=TREE, env=dict(os.environ, NO_COLOR="1", TERM="dumb", CI_ROOT=TREE), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert result.returncode == 0 and re.search(r"Test run with [1-9]\d* test", result.stdout), result.stdout[-6000:]
    return result.stdout


@pytest.mark.parametrize("words, reason", WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_wrong_words_are_named_and_change_nothing(tree, words, reason):
    result = follow(*words)
    assert result.returncode == 1 and reason in result.stdout, result.stdout
    assert changes() == []


def test_what_fails_on_the_way_is_undone(tree, tmp_path):
    broken = tmp_path / "protoc-c"
    broken.write_text("#!/bin/sh\necho 'no room' >&2\nexit 1\n")
    broken.chmod(0o755)
    result = follow(*RECIPES[0], PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.returncode == 1 and "nothing is changed" in result.stdout and "no room" in result.stdout
    assert changes() == []


@pytest.mark.parametrize("words", RECIPES, ids=[" ".join(words[:4]) for words in RECIPES])
def test_the_same_again_is_refused(cooked, words):
    result = follow(*words)
    assert result.returncode == 1 and re.search("already|port 8091 is billing's", result.stdout), result.stdout
    assert changes() == []


def test_the_checks_pass(cooked):
    result = subprocess.run(["scripts/check"], cwd=cooked, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=300)
    assert result.returncode == 0, result.stdout


def test_the_event_is_written_and_read(built):
    output = unit_tests(built, r"EventsTests\.")
    messages = 0
    for path in glob.glob(os.path.join(TREE, "Proto", "atelier", "*", "*", "*.proto")):
        with open(path, encoding="utf-8") as f:
            messages += len(re.findall("^message ", f.read(), re.M))
    assert f"with {messages} test cases passed" in output, output


def test_the_document_and_the_table_still_say_the_same(built):
    unit_tests(built, r"GatewayServiceTests\.OpenAPITests")


def test_the_route_answers_its_workspace_alone(kitchen, guest):
    project = guest.post("/projects", {"title": "Mine"})["id"]
    workspace = guest.get(f"/projects/{project}")["workspaceId"]
    mine = {"projectId": project, "workspaceId": workspace}
    assert guest.get(f"/projects/{project}/summary") == mine
    assert guest.post(f"/projects/{project}/summary", {"note": "a word"}) == {**mine, "note": "a word"}
    with pytest.raises(ApiError) as refused:
        guest.post(f"/projects/{project}/summary", {"note": "a" * 1001})
    assert refused.value.status == 400
    other = Client(kitchen.url).register()
    for call in (other.get, other.post):
        with pytest.raises(ApiError) as refused:
            call(f"/projects/{project}/summary")
        assert refused.value.status == 404
    assert Client(kitchen.url).raw("GET", f"/api/v1/projects/{project}/summary")[0] == 401


def test_strangers_find_the_routes_as_documented(kitchen, guest):
    """Schemathesis, as in test_contract.py, over the paths that the recipes touched."""
    document = os.path.join(TREE, "Services", "Gateway", "Site", "openapi.json")
    with open(document, encoding="utf-8") as f:
        assert guest.get("/openapi.json") == json.load(f)
    result = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file",
         os.path.join(HERE, "schemathesis.toml"), "run", "--no-color", document, "--url", kitchen.url,
         "--header", f"Authorization: Bearer {guest.token}", "--checks", "all", "--seed", "20261121",
         "--max-examples", "8", "--generation-database", "none", "--include-path", "/api/v1/projects/{id}/summary",
         "--include-path", "/api/v1/runs/{id}", "--include-path", "/api/v1/billing"],
        cwd=kitchen.folder, env=dict(os.environ, SCHEMATHESIS_HOOKS="schemathesis_hooks", PYTHONPATH=HERE),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert result.returncode == 0 and "5 selected" in result.stdout, result.stdout[-6000:]


def job_of(client, workflow, project, value):
    """Starts the workflow of a kind; gives its run and its one job when both have ended."""
    run = client.post(f"/workflows/{workflow}/runs", {"projectId": project, "input": value})["id"]
    run = client.wait(lambda: client.run(run), lambda run: run["status"] in ("succeeded", "failed", "cancelled"), 60)
    jobs = client.wait(lambda: client.get(f"/jobs?runId={run['id']}")["items"],
                       lambda jobs: jobs and jobs[0]["status"] in ("succeeded", "failed", "cancelled"), 30)
    assert [job["type"] for job in jobs] == [workflow], jobs
    return run, jobs[0]


def test_the_agents_job_is_done_to_its_end(guest):
    project = guest.post("/projects", {"title": "Words"})["id"]
    run, job = job_of(guest, "word-count", project, {"text": "a quiet morning"})
    assert run["status"] == "succeeded", run
    assert run["outputs"] == {"result": {"characters": 15, "words": 3}}, run
    assert (job["worker"], job["status"], job["progress"]) == ("ml-worker", "succeeded", 100), job
    assert job["result"] == run["outputs"]["result"]


def test_the_media_job_is_done_to_its_end(kitchen, guest):
    project = guest.post("/projects", {"title": "Colours"})["id"]
    asset = guest.upload(os.path.join(MEDIA, "coffee.png"), project, "image/png")["id"]
    run, job = job_of(guest, "posterize", project, {"assetId": asset})
    assert run["status"] == "succeeded", run
    assert job["result"] == {"assetId": asset, "width": 600, "height": 400}, job
    assert (job["worker"], job["status"], job["progress"]) == ("media-worker", "succeeded", 100), job
    # What is another's is not there, and nothing that is tried again.
    other = Client(kitchen.url).register()
    run, job = job_of(other, "posterize", other.post("/projects", {"title": "Theirs"})["id"], {"assetId": asset})
    assert (run["status"], job["error"]["code"], job["error"]["retriable"]) == ("failed", "asset_not_found", False), job


def test_the_service_is_ready_and_answers(kitchen, built, guest):
    unit_tests(built, r"BillingServiceTests\.")
    assert kitchen.is_ready("billing")
    project = guest.post("/projects", {"title": "Mine"})["id"]
    assert guest.get("/billing") == {"workspaceId": guest.get(f"/projects/{project}")["workspaceId"]}
    assert Client(kitchen.url).raw("GET", "/api/v1/billing")[0] == 401
    owner = kitchen.postgres.sql("SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'billing'")
    assert owner.strip() == "atelier_billing"
    assert kitchen.postgres.sql("SELECT count(*) FROM billing.outbox").strip() == "0"
