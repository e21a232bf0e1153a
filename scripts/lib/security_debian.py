"""Debian's packages of the images against Debian's security archive and its security tracker.

    security_debian.py      apt's lists are fetched anew where that is allowed; DEBIAN_TRACKER names another tracker

What the images are made of is an installed Debian under .cache (scripts/image); where there is none yet, they would be made of
what apt offers now. Exit code 1 where a newer version mends something.
"""

import glob
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections import Counter

from fleet import ROOT
from image_files import listed

TRACKER = os.environ.get("DEBIAN_TRACKER", "https://security-tracker.debian.org/tracker/data/json")


def said(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def older(one, other):
    """Whether a version is older than another, by Debian's order."""
    return subprocess.run(["dpkg", "--compare-versions", one, "lt", other]).returncode == 0


def packages(text):
    """name → (version, source, version of the source) of blocks as in dpkg's status or `apt-cache show`."""
    found = {}
    for block in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Source|Status): (.*)$", block, re.M))
        if "Version" in fields and fields.get("Status", "x installed").endswith(" installed"):
            source, _, version = fields.get("Source", fields["Package"]).partition(" ")
            found.setdefault(fields["Package"], (fields["Version"], source, version.strip("()") or fields["Version"]))
    return found


def shipped():
    """(what the images are made of, or would be; where that is known from)."""
    roots = sorted(glob.glob(os.path.join(ROOT, ".cache", "image-root-*", "var", "lib", "dpkg", "status")), key=os.path.getmtime)
    if roots:
        with open(roots[-1]) as f:
            return packages(f.read()), "in the images' root"
    names = listed("run", *{f"run.{name}" for name in ("media-worker", "ml-worker")})
    return packages(said("apt-cache", "show", "--no-all-versions", *names)), "that apt offers"


def secured(policy):
    """name → newest version in a security archive, of what `apt-cache policy` says."""
    found = {}
    for name, text in re.findall(r"^([^\s:]+)(?::\w+)?:\n((?:  .*\n)+)", policy, re.M):
        for version, origins in re.findall(r"^ (?:\*\*\*|   ) (\S+) -?\d+\n((?: {8,}.*\n)+)", text, re.M):
            if re.search(r"\S-security/", origins):
                found.setdefault(name, version)
    return found


def tracked(url):
    """What the tracker knows: source → advisory → …; the reason as text where it cannot be reached."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def known_faults(known, inside, release):
    """([(package, version, advisory, version that mends it)], urgency → number without a fix yet)."""
    mendable, open_ones = [], Counter()
    for source, version, package in sorted({(s, v, min(n for n, x in inside.items() if x[1] == s)) for _, s, v in inside.values()}):
        for advisory, about in known.get(source, {}).items():
            state = about.get("releases", {}).get(release, {})
            fixed = state.get("fixed_version")
            if state.get("status") == "resolved" and fixed not in (None, "0") and older(version, fixed):
                mendable.append((package, version, advisory, fixed))
            elif state.get("status") == "open":
                open_ones[state.get("urgency", "unknown")] += 1
    return mendable, open_ones


def main():
    if os.getuid() == 0 and subprocess.run(["timeout", "180", "apt-get", "update", "-qq"], stderr=subprocess.DEVNULL).returncode:
        print("debian: the archive is not reachable; apt's lists are as old as they are")
    inside, where = shipped()
    newest = secured(said("apt-cache", "policy", *inside))
    behind = [(name, inside[name][0], version) for name, version in sorted(newest.items())
              if name in inside and older(inside[name][0], version)]
    for name, version, fixed in behind:
        print(f"debian: {name} {version}: {fixed} is in the security archive (scripts/image --refresh)")
    print(f"debian: {len(inside)} packages {where}, {len(newest)} of them in the security archive, {len(behind)} behind it")
    known = tracked(TRACKER)
    mendable = []
    if isinstance(known, str):
        print(f"debian: the security tracker is not reachable ({known[:200]})")
    else:
        with open("/etc/os-release") as f:
            release = re.search(r"^VERSION_CODENAME=(\w+)", f.read(), re.M)[1]
        mendable, open_ones = known_faults(known, inside, release)
        for name, version, advisory, fixed in mendable:
            print(f"debian: {name} {version}: {advisory} is mended by {fixed}")
        waiting = ", ".join(f"{number} {urgency}" for urgency, number in sorted(open_ones.items()))
        print(f"debian: the tracker knows {len(mendable)} that a newer version mends; without a fix yet: {waiting or 'none'}")
    return 1 if behind or mendable else 0


if __name__ == "__main__":
    sys.exit(main())
