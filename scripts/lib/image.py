"""Makes OCI images of services without a container engine. Called by `scripts/image`, which says how.

An image has two or three layers: what all nine have (the same bytes, so that a node keeps them once), what one executable
needs beyond that, and the executable with its bill of materials. No clock, no order of a folder and no log gets in: the
same packages and executables give the same digests.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import image_backup
import image_files
import image_sbom
from fleet import SERVICES
from image_files import REPOSITORY, Entry, ImageError, Layer, Root
from image_layout import SUITE, figures, run, say, tar

NAMES = sorted(name for name, _, _ in SERVICES)
PORTS = {name: port for name, port, _ in SERVICES}
VOICE = os.path.join(REPOSITORY, ".cache", "voice")
# Where a service's files stand in the image, for settings whose default is a place of a laptop.
PLACES = {"ml-worker": {"VOICE_DIR": "/usr/share/atelier/voice"}, "storage": {"OBJECT_FOLDER": "/var/lib/atelier/objects"}}


def debian(refresh=False):
    """An installed Debian with every package of an image, made once for one list."""
    with open(os.path.join(REPOSITORY, "deploy", "packages")) as f:
        scopes = {line.split()[0] for line in f if line.startswith("run")}
    names = sorted(image_files.listed(*scopes))
    key = hashlib.sha256("\n".join([SUITE, *names]).encode()).hexdigest()[:16]
    folder = os.path.join(REPOSITORY, ".cache", "image-root-" + key)
    if os.path.exists(folder) and not refresh:
        return Root(folder)
    say(f"▸ fetching {len(names)} packages of Debian {SUITE} and what they need")
    sudo = [] if os.getuid() == 0 else ["sudo", "-n"]
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    made = folder + ".new"
    run(*sudo, "rm", "-rf", made)
    hidden = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "locale", "info", "doc")]
    run(*sudo, "mmdebstrap", "--quiet", "--variant=essential", "--mode=root", "--include=" + ",".join(names),
        *hidden, "--dpkgopt=path-include=/usr/share/doc/*/copyright", SUITE, made)
    run(*sudo, "rm", "-rf", folder)
    run(*sudo, "mv", made, folder)
    return Root(folder)


def voice_of(service):
    """The natural voice for who speaks, as scripts/lib/voice.sh made it."""
    if service != "ml-worker":
        return []
    if not os.path.exists(os.path.join(VOICE, "voice.json")):
        raise ImageError("the natural voice is not there: run scripts/setup, or give --no-voice")
    found = []
    for folder, _, names in os.walk(VOICE):
        for name in names:
            full = os.path.join(folder, name)
            path = PLACES["ml-worker"]["VOICE_DIR"].lstrip("/") + "/" + os.path.relpath(full, VOICE)
            found.append(Entry(path, 0o755 if ".so" in name else 0o644, source=full))
    return found


def parts(root, base, service, executable, stripped, version, revision, epoch, voice):
    """What one image has above the base: its libraries and data, its program, and the text of its bill."""
    spoken = voice_of(service) if voice else []
    more = image_files.own(root, service, executable, base, spoken,
                           [entry.source for entry in spoken if ".so" in entry.path])
    with open(executable, "rb") as f:
        bill = image_sbom.document(service, version, revision, f.read(), root, base.packages | more.packages, epoch,
                                   bool(spoken))
    program = Layer(root)
    program.add(Entry("usr/bin/" + service, 0o755, source=stripped, mtime=epoch))
    program.add(Entry(f"usr/share/sbom/{service}.spdx.json", 0o644, data=bill.encode()))
    return more, program.finish(), bill


class Images:
    """The images of one run, made from one set of executables."""

    def __init__(self, root, executables, output, version, revision, source, epoch, voice=True, symbols=False):
        self.root, self.executables, self.output, self.voice, self.symbols = root, executables, output, voice, symbols
        self.version, self.revision, self.source, self.epoch = version, revision, source, epoch
        self.base = image_files.base(root)
        os.makedirs(output, exist_ok=True)
        self.work = tempfile.mkdtemp(prefix=".work-", dir=output)
        self.first = os.path.join(self.work, "base")
        run("umoci", "init", "--layout", self.first)
        run("umoci", "new", "--image", self.first + ":base")
        self.append(self.first + ":base", self.base.entries, "Debian's libraries that every service needs")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.work, ignore_errors=True)

    def append(self, image, entries, comment):
        path = os.path.join(self.work, "layer.tar")
        tar(entries, path)
        run("umoci", "raw", "add-layer", "--image", image, "--history.created", image_sbom.stamp(self.epoch),
            "--history.created_by", "scripts/image", "--history.author", "atelier", "--history.comment", comment, path)
        os.remove(path)

    def stripped(self, service):
        """The executable without its debug information, which goes beside the images where it is wanted. The names of its
        functions stay: a profile is written with them."""
        source, path = os.path.join(self.executables, service), os.path.join(self.work, service)
        run("strip", "--strip-debug", "--enable-deterministic-archives", "-o", path, source)
        if self.symbols:
            folder = os.path.join(self.output, "symbols")
            os.makedirs(folder, exist_ok=True)
            run("objcopy", "--only-keep-debug", source, os.path.join(folder, service + ".debug"))
        return path

    def make(self, service):
        """Makes one image; gives its figures."""
        source = os.path.join(self.executables, service)
        if not os.access(source, os.X_OK):
            raise ImageError(f"{source} is not built")
        more, program, bill = parts(self.root, self.base, service, source, self.stripped(service), self.version,
                                    self.revision, self.epoch, self.voice)
        layout = os.path.join(self.work, "image", service)
        shutil.copytree(self.first, layout, copy_function=self.link)
        image = layout + ":base"
        if more.entries:
            self.append(image, more.entries, f"what {service} needs beside them")
        self.append(image, program.entries, f"{service} {self.version}")
        self.configure(image, service)
        run("umoci", "rm", "--image", image)
        run("umoci", "gc", "--layout", layout)
        final = os.path.join(self.output, service)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(layout, final)
        with open(final + ".spdx.json", "w") as f:
            f.write(bill)
        return figures(final, len(self.base.packages | more.packages))

    @staticmethod
    def link(source, target):
        # A blob never changes: nine images keep the base once. The index does.
        if os.sep + "blobs" + os.sep in source:
            os.link(source, target)
        else:
            shutil.copy(source, target)

    def configure(self, image, service):
        about = run(os.path.join(self.executables, service), "--help").split("\n")[0].split(": ", 1)[-1]
        labels = {"title": "atelier " + service, "description": about, "version": self.version, "vendor": "Atelier",
                  "revision": self.revision, "source": self.source, "created": image_sbom.stamp(self.epoch),
                  "base.name": "debian:" + SUITE}
        port = PORTS[service]
        environment = {"PATH": "/usr/bin", "LANG": "C.UTF-8", "HOME": "/tmp", "HOST": "0.0.0.0", **PLACES.get(service, {})}
        if not self.voice:
            environment.pop("VOICE_DIR", None)
        words = ["umoci", "config", "--image", image, "--tag", self.version, "--no-history",
                 "--created", image_sbom.stamp(self.epoch), "--author", "atelier", "--os", "linux",
                 "--architecture", {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
                 "--config.user", f"{image_files.USER}:{image_files.USER}", "--config.entrypoint", "/usr/bin/" + service,
                 "--config.workingdir", "/", "--config.stopsignal", "SIGTERM",
                 "--config.exposedports", f"{port}/tcp", "--config.exposedports", f"{port + 1000}/tcp"]
        for name, value in environment.items():
            words += ["--config.env", f"{name}={value}"]
        for name, value in labels.items():
            if value:
                words += ["--config.label", f"org.opencontainers.image.{name}={value}"]
        run(*words)


def git(*words):
    done = subprocess.run(["git", "-C", REPOSITORY, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def default_version():
    """The code's own version; with the commit behind it where that is not a tag."""
    with open(os.path.join(REPOSITORY, "Shared", "ServiceKit", "Version.swift")) as f:
        version = re.search(r'current = "([^"]+)"', f.read()).group(1)
    commit = git("rev-parse", "--short=12", "HEAD")
    return version if not commit or git("describe", "--exact-match", "--tags", "HEAD") else f"{version}-{commit}"


def main():
    parser = argparse.ArgumentParser(prog="scripts/image", description=__doc__.split("\n")[0])
    parser.add_argument("services", nargs="*", metavar="SERVICE", help=", ".join([*NAMES, image_backup.NAME]))
    parser.add_argument("--all", action="store_true", help="all nine")
    parser.add_argument("--output", default=os.path.join(REPOSITORY, ".build", "images"), help="folder of the layouts")
    parser.add_argument("--executables", default=os.path.join(REPOSITORY, ".build", "release"), help="where they were built")
    parser.add_argument("--version", default=default_version(), help="the images' tag (%(default)s)")
    parser.add_argument("--source", default=git("config", "remote.origin.url"), help="where the code is, for a label")
    parser.add_argument("--refresh", action="store_true", help="takes Debian's newest packages")
    parser.add_argument("--no-voice", action="store_true", help="ml-worker without the natural voice (90 MB)")
    parser.add_argument("--symbols", action="store_true", help="keeps the debug information in OUTPUT/symbols")
    options = parser.parse_args()
    names = NAMES if options.all else list(dict.fromkeys(options.services))
    unknown = [name for name in names if name not in (*NAMES, image_backup.NAME)]
    if unknown or not names:
        parser.error(f"no such service: {', '.join(unknown)}" if unknown else "which service? or --all")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", options.version):
        parser.error("--version is no tag of an image")
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or 0)
    source = options.source if re.match(r"https?://[^@]+$", options.source) else ""
    try:
        if image_backup.NAME in names:
            made = image_backup.make(os.path.abspath(options.output), options.version, epoch)
            print(f"{made['service']}: {made['unpacked'] / 1e6:.1f} MB, {made['packed'] / 1e6:.1f} packed, {made['digest']}")
            names = [name for name in names if name != image_backup.NAME]
        if not names:
            return
        with Images(debian(options.refresh), os.path.abspath(options.executables), os.path.abspath(options.output),
                    options.version, git("rev-parse", "HEAD"), source, epoch, not options.no_voice,
                    options.symbols) as images:
            print(f"{'image':<14}{'tag':<24}{'MB':>7}{'packed':>8}{'own':>6}{'packages':>10}  digest")
            for name in names:
                made = images.make(name)
                print(f"{name:<14}{made['tag']:<24}{made['unpacked'] / 1e6:>7.1f}{made['packed'] / 1e6:>8.1f}"
                      f"{made['own'] / 1e6:>6.1f}{made['packages']:>10}  {made['digest']}", flush=True)
            print(f"{'shared by all':<38}{'':>7}{made['shared'] / 1e6:>8.1f}{'':>16}  {made['base']}")
    except ImageError as error:
        sys.exit(f"image: {error}")


if __name__ == "__main__":
    main()
