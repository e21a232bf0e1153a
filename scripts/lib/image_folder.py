"""Writes what an image holds as three folders, for the engine that runs `deploy/Dockerfile`: base, own and program.

    image_folder.py ROOT SERVICE EXECUTABLE STRIPPED VERSION REVISION OUTPUT
"""

import os
import sys

import image_files
from image import parts
from image_files import Entry, ImageError, Root, with_folders


def main(where, service, executable, stripped, version, revision, output):
    root = Root(where)
    base = image_files.base(root)
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or base.newest())
    own, program, _ = parts(root, base, service, executable, stripped, version, revision, epoch, voice=True)
    # A Dockerfile's entry point cannot have the service's name in it.
    link = Entry("usr/bin/service", 0o777, target=service, mtime=epoch)
    folders = {"base": base.entries, "own": own.entries, "program": with_folders({**program.entries, link.path: link})}
    for name, entries in folders.items():
        os.makedirs(os.path.join(output, name))
        image_files.write(entries, os.path.join(output, name))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ImageError as error:
        sys.exit(f"image: {error}")
