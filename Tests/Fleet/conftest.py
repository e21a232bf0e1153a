"""One fleet for all tests that do not break it; tests that kill and fill use fleets of their own."""

import contextlib
import os
import shutil

import pytest

from client import Client
from fleet import ROOT, Fleet
from s3 import S3

RUN = os.path.join(ROOT, ".run", "fleet")
MEDIA = os.path.join(ROOT, "Tests", "Media")


def make_fleet(name, maker=Fleet, **more):
    """A fleet in a folder of its own, from the debug build that also counts coverage."""
    folder = os.path.join(RUN, name)
    shutil.rmtree(folder, ignore_errors=True)
    environment = {"RATE_LIMIT_SCALE": "1000", "DRAIN_DELAY_MS": "50"}
    if os.environ.get("ATELIER_PROFILES"):
        environment["LLVM_PROFILE_FILE"] = os.path.join(os.environ["ATELIER_PROFILES"], name + "-%p.profraw")
    environment.update(more.pop("environment", {}))
    return maker(folder, build=os.environ.get("ATELIER_BUILD", "debug"), environment=environment, **more)


def stop_orderly(fleet):
    """Stops a fleet whose processes must all end by themselves; says the last words of those that did not."""
    codes = fleet.stop()
    shutil.rmtree(os.path.join(fleet.folder, "objects"), ignore_errors=True)
    wrong = {name: code for name, code in codes.items() if code != 0}
    assert not wrong, "\n".join(f"{name} ended with {code}:\n{fleet.tail(name, 40)}" for name, code in wrong.items())


@contextlib.contextmanager
def running(fleet):
    """A fleet from its start to its orderly end."""
    try:
        fleet.start(deadline=120)
        yield fleet
    finally:
        stop_orderly(fleet)


@pytest.fixture(scope="session")
def fleet():
    # One service with a limit of its own shows that the limit is asked.
    with running(make_fleet("shared", per_service={"user": {"BODY_LIMIT_BYTES": "65536"}})) as fleet:
        yield fleet


@pytest.fixture
def own_fleet(request):
    """A fleet that the test may break: `own_fleet(environment=…)` starts it."""
    made = []

    def start(**more):
        fleet = make_fleet(request.node.name.replace("/", "-")[:60], **more)
        made.append(fleet)
        fleet.start(deadline=120)
        return fleet
    yield start
    for fleet in made:
        fleet.stop()


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """An S3 store; only where ``S3.is_here``."""
    endpoint = S3(str(tmp_path_factory.mktemp("s3")))
    yield endpoint
    endpoint.run("wipe")


@pytest.fixture
def client(fleet):
    return Client(fleet.url).register()


@pytest.fixture
def stranger(fleet):
    """Another person, of another workspace."""
    return Client(fleet.url).register()


@pytest.fixture
def project(client):
    return client.post("/projects", {"title": "A test", "type": "video"})["id"]
