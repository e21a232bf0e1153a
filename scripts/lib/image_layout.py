"""Programs and files of the images: OCI layouts are written with umoci, layers by Python's tarfile."""

import io
import json
import os
import subprocess
import sys
import tarfile

from image_files import ImageError

SUITE = "bookworm"


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(*words, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        raise ImageError(f"{' '.join(words)[:300]}: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def tar(entries, path):
    """Writes a layer: in order, of the owner root, nothing of this machine in it."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries.values():
            info = tarfile.TarInfo(entry.path)
            info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.owner, entry.owner, int(entry.mtime)
            if entry.target:
                info.type, info.linkname = tarfile.SYMTYPE, entry.target
                archive.addfile(info)
            elif entry.is_file:
                content = entry.content()
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)


def blob(layout, digest):
    return os.path.join(layout, "blobs", *digest.split(":"))


def figures(layout, packages):
    """Name, digest and sizes of an image, in bytes."""
    with open(os.path.join(layout, "index.json")) as f:
        (entry,) = json.load(f)["manifests"]
    with open(blob(layout, entry["digest"])) as f:
        layers = json.load(f)["layers"]
    unpacked = int(run("sh", "-c", "for f; do gzip -dc <\"$f\"; done | wc -c", "sh",
                       *[blob(layout, layer["digest"]) for layer in layers]))
    return {"service": os.path.basename(layout), "digest": entry["digest"], "base": layers[0]["digest"],
            "packed": sum(layer["size"] for layer in layers), "own": layers[-1]["size"],
            "shared": layers[0]["size"], "unpacked": unpacked, "packages": packages,
            "tag": entry["annotations"]["org.opencontainers.image.ref.name"]}
