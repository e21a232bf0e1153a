"""A port that is taken: the process says which and ends, whatever else it waits for."""

import os
import socket
import subprocess
import time

import pytest

from fleet import NAMES, free_ports


@pytest.fixture
def taken():
    """A port that somebody else listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def start(fleet, name, folder, **settings):
    """Another process of the fleet's, with ports of its own where none is given."""
    values = fleet.environment(name)
    own = ["PORT", "ADMIN_PORT"] if name in NAMES else ["PORT", "BROKER_PORT", "SMTP_PORT"]
    values.update({key: str(port) for key, port in zip(own, free_ports(len(own)))})
    values.update({key: str(value) for key, value in settings.items()})
    values["WORK_FOLDER"] = str(folder / "work")
    if name == "sandbox":
        values.update(HISTORY=str(folder / "history.jsonl"), SANDBOX_FOLDER=str(folder / "sandbox"))
    log = open(folder / "log", "wb")
    return subprocess.Popen([os.path.join(fleet.binaries, name)], env=values, stdin=subprocess.DEVNULL, stdout=log,
                            stderr=log, cwd=folder)


def last_words(process, folder, limit):
    """How it ended and what it said; one that does not end is killed."""
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = "did not end"
    return code, (folder / "log").read_text(errors="replace")


@pytest.mark.parametrize("setting", ["PORT", "ADMIN_PORT"])
@pytest.mark.parametrize("name", NAMES)
def test_a_service_whose_port_is_taken_ends_and_says_so(fleet, tmp_path, taken, name, setting):
    process = start(fleet, name, tmp_path, **{setting: taken})
    code, log = last_words(process, tmp_path, 30)
    assert code == 1, (code, log[-2000:])
    assert f"cannot listen on 127.0.0.1:{taken}: Address already in use" in log, log[-2000:]


@pytest.mark.parametrize("setting", ["PORT", "BROKER_PORT", "SMTP_PORT"])
def test_a_sandbox_whose_port_is_taken_ends_and_says_so(fleet, tmp_path, taken, setting):
    process = start(fleet, "sandbox", tmp_path, **{setting: taken})
    code, log = last_words(process, tmp_path, 30)
    assert code == 1, (code, log[-2000:])
    assert f"cannot listen on 127.0.0.1:{taken}: Address already in use" in log, log[-2000:]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_waits_for_its_database_ends_when_it_is_told_to(fleet, tmp_path, name):
    process = start(fleet, name, tmp_path, DATABASE_URL=f"postgresql:///none?host={tmp_path}&user=nobody",
                    KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    while "listening" not in (tmp_path / "log").read_text(errors="replace") and process.poll() is None:
        time.sleep(0.05)
    process.terminate()
    code, log = last_words(process, tmp_path, 40)
    assert code == 0, (code, log[-2000:])
