"""The images that `scripts/image` makes: what is in them, that they are the same each time, and that they run.

I01 to I05 read them; I06 to I08 run them with runc as Kubernetes would, and I08 is the demo's whole journey in them.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
import types

import pytest

import container
import demo
from checks import ROOT, RUN, build_folder, check, missing
from fleet import SERVICES

NAMES = sorted(name for name, _, _ in SERVICES)
TAG = "1.2.3-test"
EPOCH = 1_700_000_000
FOLDER = os.path.join(RUN, "images")
VOICE = os.path.join(ROOT, ".cache", "voice", "voice.json")
PROGRAMS = {"ml-worker": {"espeak-ng", "speak-ng"}}
SETTINGS = {"DATABASE_URL": "postgresql://atelier@db.test/atelier",
            **{name: "0123456789" * 4 for name in (
                "SERVICE_SECRET", "KEY_SEAL_SECRET", "TOKEN_SEAL_SECRET", "WEBHOOK_SEAL_SECRET", "URL_SIGNING_SECRET")}}


def make(output, *names):
    binaries = build_folder()
    with open(os.path.join(binaries, "gateway"), "rb") as f:
        if b"libswiftCore.so" in f.read():
            missing("the executables need Swift's libraries: a release build (scripts/demo makes one), or ATELIER_BINARIES")
    if os.getuid() != 0 or not shutil.which("mmdebstrap"):
        missing("mmdebstrap and root are needed")
    voice = [] if os.path.exists(VOICE) else ["--no-voice"]
    done = subprocess.run(
        [os.path.join(ROOT, "scripts", "image"), "--executables", binaries, "--output", output, "--version", TAG,
         "--source", "https://git.example/atelier", *voice, *(names or ["--all"])],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def blob(layout, digest):
    return os.path.join(layout, "blobs", *digest.split(":"))


def read(output, name):
    """An image as read from its layout: manifest, configuration and the digests that name them."""
    layout = os.path.join(output, name)
    with open(os.path.join(layout, "index.json")) as f:
        (entry,) = json.load(f)["manifests"]
    with open(blob(layout, entry["digest"])) as f:
        manifest = json.load(f)
    with open(blob(layout, manifest["config"]["digest"])) as f:
        config = json.load(f)
    return types.SimpleNamespace(name=name, layout=layout, digest=entry["digest"], manifest=manifest, config=config,
                                 layers=[blob(layout, layer["digest"]) for layer in manifest["layers"]])


def members(image):
    for number, layer in enumerate(image.layers):
        with tarfile.open(layer, "r:gz") as archive:
            for member in archive:
                yield number, archive, member


@pytest.fixture(scope="module")
def images():
    """All nine, made once."""
    table = make(FOLDER)
    found = {name: read(FOLDER, name) for name in NAMES}
    found["gateway"].table = table
    yield found
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture(scope="module")
def bundles(images):
    """All nine, unpacked."""
    folder = os.path.join(RUN, "bundles")
    yield {name: container.unpack(images[name].layout, TAG, os.path.join(folder, name)) for name in NAMES}
    shutil.rmtree(folder, ignore_errors=True)


@check("I01", "the same input gives the same digests; all nine begin with one layer")
def test_reproducible(images):
    bases = {image.manifest["layers"][0]["digest"] for image in images.values()}
    assert len(bases) == 1, bases
    again = os.path.join(RUN, "again")
    try:
        make(again)
        assert {name: read(again, name).digest for name in NAMES} == {name: images[name].digest for name in NAMES}
    finally:
        shutil.rmtree(again, ignore_errors=True)
    shared = images["gateway"].manifest["layers"][0]["size"]
    return f"shared layer {shared / 1e6:.1f} MB, {bases.pop()[:19]}…"


@check("I02", "sizes")
def test_sizes(images):
    size = {name: sum(layer["size"] for layer in image.manifest["layers"]) / 1e6 for name, image in images.items()}
    own = max(image.manifest["layers"][-1]["size"] for image in images.values()) / 1e6
    assert own < 12, f"an executable's layer has {own:.1f} MB"
    assert all(size[name] < 30 for name in NAMES if name not in ("media-worker", "ml-worker")), size
    assert all(name in images["gateway"].table for name in NAMES)
    return "packed: " + ", ".join(f"{name} {size[name]:.0f} MB" for name in NAMES)


@check("I03", "no shell, no package manager, no log, no cache, nothing set-uid, nothing of this machine")
def test_contents(images):
    count = 0
    for name, image in images.items():
        programs = set()
        for _, archive, member in members(image):
            count += 1
            path = member.name
            assert member.uname == member.gname == "" and member.mtime <= max(EPOCH, newest_package()), path
            assert not member.mode & 0o6000, f"{path} is set-uid"
            assert not member.mode & 0o002 or member.issym() or path in ("tmp", "var/tmp"), f"{path} is writable for all"
            assert (member.uid, member.gid) == ((10001, 10001) if path == "var/lib/atelier" else (0, 0)), path
            assert not re.match(r"(var/log|var/cache/(?!fontconfig)|var/lib/apt|root|home)(/|$)", path), path
            if member.isfile():
                start = archive.extractfile(member).read(4)
                assert start[:2] != b"#!", f"{path} is a script"
                # A library that can be run is the loader itself; anything else that can is a program.
                if start == b"\x7fELF" and "/lib" not in "/" + path:
                    programs.add(os.path.basename(path))
        assert programs == {name, *PROGRAMS.get(name, ())}, f"{name} holds {sorted(programs)}"
    return f"{count} entries"


def newest_package():
    """No file of a package is younger than the list that apt has just fetched."""
    return max(os.stat(os.path.join(ROOT, ".cache", entry)).st_mtime
               for entry in os.listdir(os.path.join(ROOT, ".cache")) if entry.startswith("image-root-"))


@check("I04", "user, entry point, ports and labels, as another reader sees them")
def test_configuration(images):
    ports = {name: port for name, port, _ in SERVICES}
    revision = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    for name, image in images.items():
        if not shutil.which("skopeo"):
            missing("skopeo is not installed: scripts/setup test")
        text = subprocess.run(["skopeo", "inspect", "--config", f"oci:{image.layout}:{TAG}"], capture_output=True,
                              text=True, check=True).stdout
        config = json.loads(text)["config"]
        assert config["User"] == "10001:10001" and config["Entrypoint"] == ["/usr/bin/" + name]
        assert set(config["ExposedPorts"]) == {f"{ports[name]}/tcp", f"{ports[name] + 1000}/tcp"}
        assert config["StopSignal"] == "SIGTERM" and "HOST=0.0.0.0" in config["Env"]
        labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
        assert (labels["version"], labels["revision"], labels["source"], labels["title"]) == (
            TAG, revision, "https://git.example/atelier", "atelier " + name)
        assert image.config["created"] == "2023-11-14T22:13:20Z"


@check("I05", "the bill of materials names every package that gave a file, with its version")
def test_bill(images):
    counts = []
    for name, image in images.items():
        noted, bill = {}, None
        for _, archive, member in members(image):
            if member.name.startswith("var/lib/dpkg/status.d/") and member.isfile():
                text = archive.extractfile(member).read().decode()
                noted[os.path.basename(member.name)] = re.search(r"^Version: (.*)$", text, re.M).group(1)
            elif member.name == f"usr/share/sbom/{name}.spdx.json":
                bill = archive.extractfile(member).read()
        with open(os.path.join(FOLDER, name + ".spdx.json"), "rb") as f:
            assert f.read() == bill
        document = json.loads(bill)
        assert document["spdxVersion"] == "SPDX-2.3" and document["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
        identifiers = [package["SPDXID"] for package in document["packages"]]
        assert len(set(identifiers)) == len(identifiers)
        assert {r["relatedSpdxElement"] for r in document["relationships"]} == set(identifiers)
        purls = {p["name"]: p["externalRefs"][0]["referenceLocator"] for p in document["packages"] if "externalRefs" in p}
        named = {p["name"]: p["versionInfo"] for p in document["packages"] if purls.get(p["name"], "").startswith("pkg:deb/")}
        assert named == noted, f"{name}: {set(named.items()) ^ set(noted.items())}"
        assert purls["swift"].startswith("pkg:generic/swift@6.")
        assert {"libc6", "libssl3", "ca-certificates", "tzdata"} <= set(named)
        assert ("libavcodec59" in named) == (name == "media-worker")
        assert ("sherpa-onnx-core" in purls) == (name == "ml-worker" and os.path.exists(VOICE))
        counts.append(len(noted))
    return f"{min(counts)} to {max(counts)} packages"


@check("I06", "each runs as 10001 on a read-only root without rights")
def test_runs(bundles):
    for name in NAMES:
        code, out, err = container.run(bundles[name], "--version")
        assert code == 0 and out.startswith(name), err
        code, out, err = container.run(bundles[name], "check-config", environment=SETTINGS)
        assert code == 0 and "can be used" in out, out + err
        code, out, err = container.run(bundles[name], "health", environment={"ADMIN_PORT": "9"})
        assert code == 1, out + err
    code, out, err = container.run(bundles["gateway"], arguments=["/bin/sh", "-c", "true"])
    assert code != 0 and "no such file" in (out + err).lower()


@check("I07", "media-worker decodes pictures and draws type; no font is read before it is wanted")
def test_media(bundles, tmp_path):
    subprocess.run(["vips", "copy", os.path.join(ROOT, "Tests", "Media", "coffee.png"), f"{tmp_path}/coffee.webp"], check=True)
    for picture in ("coffee.png", "meadow-20s.mp4"):
        shutil.copy(os.path.join(ROOT, "Tests", "Media", picture), tmp_path)
    os.chmod(tmp_path, 0o777)
    limits = {"images": {"maxPixels": 100_000_000, "maxSide": 32_000, "maxPages": 2_000},
              "media": {"maxPixels": 35_389_440, "maxSide": 16_384, "maxDurationMs": 14_400_000, "maxStreams": 32,
                        "maxFrames": 2_000_000}}
    # Five scripts: what Inter lacks comes from Noto.
    card = {"kind": "card", "text": "Été 夏 صيف गर्मी", "subtitle": "Λέξη"}
    film = {"width": 426, "height": 240, "fps": 12, "title": "A test", "scenes": [
        {"id": "s0", "startMs": 0, "durationMs": 1000, "visual": card}], "captions": [
        {"startMs": 100, "endMs": 900, "text": "One quiet hour"}]}
    tasks = [{"probe": {"input": f"/media/{name}", "kind": kind}} for name, kind in
             [("coffee.png", "image"), ("coffee.webp", "image"), ("meadow-20s.mp4", "video")]]
    tasks.append({"render": {"timeline": film, "inputs": {}, "output": "/media/film.mp4", "sheet": "/media/sheet.jpg"}})
    orders = "".join(json.dumps({"task": task, "limits": limits, "timeLimitMs": 60_000, "threads": 1}) + "\n"
                     for task in tasks)
    # FC_DEBUG 128: fontconfig tells of every file that it has to read because its index does not hold.
    code, out, err = container.run(bundles["media-worker"], "decode-child", environment={"FC_DEBUG": "128"},
                                   mounts=[(str(tmp_path), "/media")], text=orders)
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert not [line["failure"] for line in lines if "failure" in line], lines
    assert len([line for line in lines if "result" in line]) == len(tasks), out + err
    assert "canning file" not in out + err, "fontconfig's index in the image is not valid"
    assert os.path.getsize(tmp_path / "film.mp4") > 1_000
    return f"{len(tasks)} orders"


@check("I08", "the demo's journey, every service in its image")
def test_journey(bundles, tmp_path):
    folder = os.path.join(RUN, "contained")
    shutil.rmtree(folder, ignore_errors=True)
    fleet = container.ContainedFleet(folder, bundles, environment={"RATE_LIMIT_SCALE": "1000"})
    fleet.binaries = build_folder()
    demo.OUTPUT = str(tmp_path)
    try:
        fleet.start(deadline=120)
        for name in NAMES:
            code, out, err = container.run(bundles[name], "health", environment=fleet.environment(name))
            assert code == 0 and '"ready"' in out, out + err
        result = demo.journey(fleet, demo.Steps())
        spoken = "libsherpa-onnx" in container.maps(fleet.processes["ml-worker"].pid)
        assert spoken == os.path.exists(VOICE), "the voice of the image was not used"
        codes = fleet.stop()
        assert set(codes.values()) == {0}, codes
        return f"film of {os.path.getsize(result['film']) / 1e6:.1f} MB, {'natural voice' if spoken else 'espeak-ng'}"
    finally:
        fleet.stop()
        shutil.rmtree(folder, ignore_errors=True)
