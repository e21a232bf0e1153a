"""The thin path and the whole film, through the gateway as an ordinary client."""

import hashlib
import json
import os
import subprocess
import urllib.request

import pytest

import demo
from client import Events
from conftest import MEDIA

ENDED = ("succeeded", "failed", "cancelled")


def jobs_ended(client, project, at_least):
    return client.wait(
        lambda: client.get(f"/jobs?projectId={project}&limit=100")["items"],
        lambda jobs: len(jobs) >= at_least and all(job["status"] in ENDED for job in jobs), 240)


def test_upload_is_probed_and_seen_over_sse(client, project):
    events = Events(client)
    events.start()
    assert events.connected.wait(20)
    asset = client.upload(os.path.join(MEDIA, "coffee.png"), project, "image/png")
    jobs = jobs_ended(client, project, 2)
    assert {job["status"] for job in jobs} == {"succeeded"}, jobs
    client.wait(lambda: [name for name, value in events.events if value.get("assetId") == asset["id"]],
                lambda names: "AssetCreated" in names and "RenditionCreated" in names, 30)
    probed = client.get(f"/assets/{asset['id']}")
    assert (probed["width"], probed["height"]) == (600, 400)
    renditions = {r["name"] for r in client.get(f"/assets/{asset['id']}/renditions")["items"]}
    assert any("webp" in name for name in renditions), renditions
    events.close()


def test_live_stream_resumes_after_its_last_event(client, project):
    events = Events(client)
    events.start()
    assert events.connected.wait(20)
    client.upload(os.path.join(MEDIA, "coffee.png"), project, "image/png")
    client.wait(lambda: events.last_id, lambda last: last is not None, 30)
    events.close()
    seen = events.last_id
    client.upload(os.path.join(MEDIA, "coffee.png"), project, "image/png", filename="second.png")
    again = Events(client)
    again.last_id = seen
    again.start()
    client.wait(lambda: [v.get("filename") for n, v in again.events if n == "AssetCreated"],
                lambda names: "second.png" in names, 30)
    again.close()


def test_download_is_what_was_uploaded(client, project):
    path = os.path.join(MEDIA, "coffee.png")
    asset = client.upload(path, project, "image/png")
    status, headers, data = client.raw("GET", f"/api/v1/assets/{asset['id']}/content")
    assert status == 200 and headers["x-content-type-options"] == "nosniff"
    with open(path, "rb") as f:
        assert hashlib.sha256(f.read()).digest() == hashlib.sha256(data).digest()


@pytest.fixture(scope="module")
def film(fleet, tmp_path_factory):
    """The demo's journey on the shared fleet, once for all tests of the film."""
    demo.OUTPUT = str(tmp_path_factory.mktemp("film"))
    return demo.journey(fleet, demo.Steps())


def probe(path, *entries):
    out = subprocess.check_output(["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path])
    return json.loads(out)


def measured(path, *filters):
    """What ffmpeg's measuring filters say of a film."""
    return subprocess.run(["ffmpeg", "-nostats", "-hide_banner", "-i", path, *filters, "-f", "null", "-"],
                          stderr=subprocess.PIPE, text=True, check=True).stderr


def test_film_has_the_format_that_was_promised(film):
    info = probe(film["film"])
    video = next(s for s in info["streams"] if s["codec_type"] == "video")
    audio = next(s for s in info["streams"] if s["codec_type"] == "audio")
    assert (video["codec_name"], video["width"], video["height"], video["pix_fmt"]) == ("h264", 1920, 1080, "yuv420p")
    assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == ("aac", "48000", 2)
    with open(film["film"], "rb") as f:
        head = f.read(4096)
    assert head.find(b"moov") > 0, "moov is not first"
    assert abs(float(video["duration"]) - float(audio["duration"])) < 0.25


def test_film_is_loud_enough_and_never_black_or_frozen(film):
    text = measured(film["film"], "-af", "ebur128=peak=true", "-vf",
                    "blackdetect=d=0.2:pix_th=0.05,freezedetect=n=-60dB:d=2")
    loudness = float(text.rsplit("I:", 1)[1].split("LUFS")[0])
    peak = float(text.rsplit("Peak:", 1)[1].split("dBFS")[0])
    assert -15 <= loudness <= -13, loudness
    assert peak <= -0.9, peak
    assert "black_start" not in text
    assert "freeze_start" not in text


def test_captions_say_what_the_brief_says(film):
    with open(film["srt"], encoding="utf-8") as f:
        blocks = f.read().strip().split("\n\n")
    words = " ".join(" ".join(block.split("\n")[2:]) for block in blocks)
    brief = " ".join(demo.BRIEF.split())
    # Every word of the captions stands in the brief: nothing was invented.
    assert set(words.replace("\n", " ").split()) <= set(brief.split()), set(words.split()) - set(brief.split())
    length = float(probe(film["film"])["format"]["duration"])
    last = blocks[-1].split("\n")[1].split(" --> ")[1].replace(",", ".")
    hours, minutes, seconds = last.split(":")
    assert int(hours) * 3600 + int(minutes) * 60 + float(seconds) <= length


def test_film_is_published_once_and_its_ledger_says_so(fleet, film):
    rows = fleet.postgres.sql(
        f"SELECT status, post_id FROM publisher.ledger WHERE publication_id = '{film['publication']['id']}'")
    status, post = rows.strip().split("\t")
    assert status == "confirmed" and film["target"]["postUrl"].endswith(post)
    with urllib.request.urlopen(film["target"]["postUrl"], timeout=10) as page:
        assert b"<video" in page.read()


def test_signed_link_plays_without_a_token(film):
    with urllib.request.urlopen(film["link"], timeout=30) as answer:
        data = answer.read()
        assert answer.headers["Content-Type"] == "video/mp4"
    with open(film["film"], "rb") as f:
        assert f.read() == data


def test_one_trace_goes_through_the_services(fleet, film):
    client = film["client"]

    def services():
        lines, names = demo.span_tree(fleet, film["run"]["traceId"])
        return names
    names = client.wait(services, lambda found: {"gateway", "project", "ml-worker", "media-worker", "publisher",
                                                 "storage", "notifier"} <= found, 30)
    assert "analytics" in names or len(names) >= 7


def test_mail_tells_that_the_film_is_ready(fleet, film):
    address = film["client"].user["email"]

    def mails():
        with urllib.request.urlopen(fleet.sandbox_url + "/mails", timeout=10) as answer:
            return [mail for mail in json.load(answer) if address in mail["to"]]
    assert film["client"].wait(mails, lambda found: len(found) >= 1, 30)
