"""Promotion: the digests of one environment become those of the next, if they were seen healthy. Standard library only."""

import argparse
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timezone

from fleet import NAMES, ROOT

ORDER = ["images", "development", "staging", "production"]
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REVISION = re.compile(r"[0-9a-f]{40}")
TEXT = """\
# The images of {environment}, by digest, and the commit that they and their chart were made from. Written by scripts/promote alone.
global:
  release:
    version: "{version}"
    revision: "{revision}"
services:
{services}
"""


class Refused(Exception):
    """Why nothing is promoted, as a person can act on it."""


class Release:
    """A version, the commit that it was made from, and the digest of each service's image."""

    def __init__(self, version, revision, digests):
        self.version, self.revision, self.digests = version, revision, digests

    def whole(self, where):
        """Refuses what is not a release: each of the services has a digest, and all are from one commit."""
        missing = sorted(set(NAMES) - {name for name, digest in self.digests.items() if DIGEST.fullmatch(digest)})
        if missing:
            raise Refused(f"{where} has no digest of: {', '.join(missing)}")
        if not self.version or not REVISION.fullmatch(self.revision):
            raise Refused(f"{where} does not say which version and commit its images are of")
        return self

    def text(self, environment):
        services = "\n".join(f'  {name}: {{image: {{digest: "{self.digests[name]}"}}}}' for name in sorted(self.digests))
        return TEXT.format(environment=environment, version=self.version, revision=self.revision, services=services)


def path(folder, environment):
    return os.path.join(folder, environment, "images.yaml")


def read(file):
    """A release as this program writes it; that of an environment which has none yet is empty."""
    with open(file) as f:
        text = f.read()
    fields = dict(re.findall(r'^    (version|revision): "?([^"\n]*)"?$', text, re.M))
    digests = dict(re.findall(r'^  ([\w-]+): \{image: \{digest: "([^"]*)"\}\}$', text, re.M))
    return Release(fields.get("version", ""), fields.get("revision", ""), digests)


def made(folder):
    """The release that scripts/image has made: each layout's digest, its version and commit by its labels."""
    digests, found = {}, set()
    for name in NAMES:
        layout = os.path.join(folder, name)

        def blob(digest):
            with open(os.path.join(layout, "blobs", *digest.split(":"))) as f:
                return json.load(f)
        try:
            with open(os.path.join(layout, "index.json")) as f:
                digests[name] = json.load(f)["manifests"][-1]["digest"]
        except FileNotFoundError:
            raise Refused(f"{layout} is not there: scripts/image --all makes it") from None
        labels = blob(blob(digests[name])["config"]["digest"])["config"]["Labels"]
        found.add(tuple(labels.get("org.opencontainers.image." + key, "") for key in ("version", "revision")))
    if len(found) != 1:
        raise Refused(f"the images are of different versions: {sorted(found)}")
    return Release(*found.pop(), digests)


def asked(environment):
    """The Application of an environment as Argo CD's cluster tells it."""
    done = subprocess.run(["kubectl", "-n", "argocd", "get", "application", f"atelier-{environment}", "-o", "json"],
                          capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"Argo CD does not say how {environment} is: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def healthy(release, application, environment, minutes, now):
    """Refuses unless Argo CD has seen exactly this release healthy in the environment, for so many minutes."""
    status = application.get("status") or {}
    name = (application.get("metadata") or {}).get("name")
    if name != f"atelier-{environment}":
        raise Refused(f"this is the state of {name}, not of atelier-{environment}")
    operation, sync = status.get("operationState") or {}, status.get("sync") or {}
    states = [("health", (status.get("health") or {}).get("status"), "Healthy"), ("sync", sync.get("status"), "Synced"),
              ("last operation", operation.get("phase"), "Succeeded")]
    for what, is_so, wanted in states:
        if is_so != wanted:
            raise Refused(f"{environment} is not well: {what} is {is_so or 'unknown'}, not {wanted}")
    running = {match[0] for image in (status.get("summary") or {}).get("images") or [] if (match := DIGEST.search(image))}
    strange = sorted(name for name, digest in release.digests.items() if digest not in running)
    if strange:
        raise Refused(f"{environment} does not run these images of its file: {', '.join(strange)}")
    if release.revision not in (sync.get("revisions") or [sync.get("revision")]):
        raise Refused(f"{environment} does not run the chart of {release.revision[:12]}")
    try:
        since = max(datetime.fromisoformat(moment.replace("Z", "+00:00")) for moment in (
            operation.get("finishedAt"), (status.get("health") or {}).get("lastTransitionTime")) if moment)
    except ValueError:
        raise Refused(f"{environment} does not say since when it is healthy") from None
    age = (now - since).total_seconds() / 60
    if age < minutes:
        raise Refused(f"{environment} has been so for {age:.0f} minutes only; {minutes} are asked for (--minutes)")


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/promote", description="Moves a release to the next environment.")
    parser.add_argument("source", choices=ORDER[:-1])
    parser.add_argument("target", choices=ORDER[1:])
    parser.add_argument("--status", metavar="FILE", help="the source's Application as JSON (- for standard input), "
                        "instead of asking by kubectl")
    parser.add_argument("--minutes", type=float, default=30, help="how long it must have been healthy (30)")
    parser.add_argument("--layouts", default=os.path.join(ROOT, ".build", "images"), help="what scripts/image has made")
    parser.add_argument("--environments", default=os.path.join(ROOT, "deploy", "gitops", "environments"),
                        help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if ORDER.index(options.target) != ORDER.index(options.source) + 1:
        raise Refused(f"the way is {' → '.join(ORDER)}; no step is left out")
    if options.source == "images":
        release = made(options.layouts).whole(options.layouts)
    else:
        release = read(path(options.environments, options.source)).whole(options.source)
        if options.status == "-":
            application = json.load(sys.stdin)
        elif options.status:
            with open(options.status) as f:
                application = json.load(f)
        else:
            application = asked(options.source)
        healthy(release, application, options.source, options.minutes, datetime.now(timezone.utc))
    before = read(path(options.environments, options.target))
    changed = [name for name in sorted(release.digests) if before.digests.get(name) != release.digests[name]]
    if not changed and (before.version, before.revision) == (release.version, release.revision):
        print(f"{options.target} has {release.version} ({release.revision[:12]}) already")
        return
    with open(path(options.environments, options.target), "w") as f:
        f.write(release.text(options.target))
    print(f"{options.target}: {before.version or 'nothing'} → {release.version} ({release.revision[:12]}), "
          f"{len(changed)} of {len(release.digests)} images are others")
    print(f"now commit {os.path.relpath(path(options.environments, options.target))} and have it reviewed"
          + ("; a person then synchronises atelier-production" if options.target == "production" else ""))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refused:
        sys.exit(f"✗ not promoted: {refused}")
