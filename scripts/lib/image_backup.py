"""The image of the chart's CronJob (`backup.image`) without a container engine: what `deploy/Dockerfile.backup` makes of a
Debian, made by mmdebstrap and umoci. Called by `scripts/image backup`."""

import hashlib
import os
import re
import shutil
import tempfile

import image_files
import image_sbom
from image_files import REPOSITORY, USER, Entry
from image_layout import SUITE, figures, run, say, tar

NAME = "backup"
WORDS = ("backup", "restore")


def debian(epoch):
    """Layer of an installed Debian with all that copies need, made once for one list."""
    names = sorted(image_files.listed("backup", "backup.image"))
    key = hashlib.sha256("\n".join([SUITE, *names]).encode()).hexdigest()[:16]
    path = os.path.join(REPOSITORY, ".cache", f"image-backup-{key}.tar")
    if os.path.exists(path):
        return path
    say(f"▸ fetching {len(names)} packages of Debian {SUITE} and what they need")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sudo = [] if os.getuid() == 0 else ["sudo", "-n"]
    made = path.removesuffix(".tar") + ".new.tar"
    run(*sudo, "env", f"SOURCE_DATE_EPOCH={epoch}", "mmdebstrap", "--quiet", "--variant=minbase", "--mode=root",
        "--include=" + ",".join(names), f'--customize-hook=chroot "$1" useradd -u {USER} -d /tmp -M atelier', SUITE, made)
    os.replace(made, path)
    return path


def copied():
    """What the Dockerfile copies: places in the repository, and in the image."""
    with open(os.path.join(REPOSITORY, "deploy", "Dockerfile.backup")) as f:
        for line in re.findall(r"^COPY (.+)", f.read().replace("\\\n", " "), re.M):
            *sources, folder = line.split()
            yield from ((source, folder.lstrip("/") + os.path.basename(source)) for source in sources)


def make(output, version, epoch):
    """Writes the layout and gives its figures."""
    entries = {path: Entry(path, 0o644, source=os.path.join(REPOSITORY, source), mtime=epoch) for source, path in copied()}
    for word in WORDS:
        text = f'#!/bin/sh\nexec /usr/bin/python3 -B /opt/atelier/scripts/lib/{word}.py "$@"\n'
        entries[f"usr/local/bin/{word}"] = Entry(f"usr/local/bin/{word}", 0o755, data=text.encode(), mtime=epoch)
    os.makedirs(output, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".work-", dir=output) as work:
        layout, own = os.path.join(work, NAME), os.path.join(work, "own.tar")
        tar(image_files.with_folders(entries), own)
        image = f"{layout}:{version}"
        run("umoci", "init", "--layout", layout)
        run("umoci", "new", "--image", image)
        for path in (debian(epoch), own):
            run("umoci", "raw", "add-layer", "--image", image, "--history.created", image_sbom.stamp(epoch), path)
        run("umoci", "config", "--image", image, "--no-history", "--created", image_sbom.stamp(epoch),
            "--config.user", f"{USER}:{USER}", "--config.env", "HOME=/tmp",
            "--config.env", "PATH=/usr/local/bin:/usr/bin:/bin", "--config.cmd", "backup", "--config.cmd", "--help",
            "--config.label", "org.opencontainers.image.title=atelier backup",
            "--config.label", f"org.opencontainers.image.version={version}")
        final = os.path.join(output, NAME)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(layout, final)
    return figures(final, len(image_files.listed("backup", "backup.image")))
