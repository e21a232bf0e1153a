"""Reads llvm-cov's JSON summary from standard input; prints line coverage per module of Services and Shared."""

import collections
import json
import os
import sys

root, minimum = os.path.realpath(sys.argv[1]), float(sys.argv[2])
modules = collections.defaultdict(lambda: [0, 0])
for file in json.load(sys.stdin)["data"][0]["files"]:
    path = os.path.relpath(os.path.realpath(file["filename"]), root)
    parts = path.split(os.sep)
    if parts[0] in ("Services", "Shared") and len(parts) > 2 and path.endswith(".swift"):
        lines = file["summary"]["lines"]
        for key in ("/".join(parts[:2]), "all"):
            modules[key][0] += lines["covered"]
            modules[key][1] += lines["count"]
for name, (covered, count) in sorted(modules.items()):
    if name != "all":
        print(f"  {name:<28}{covered:>7} of {count:>6} lines {100 * covered / max(1, count):>6.1f} %")
covered, count = modules["all"]
share = 100 * covered / max(1, count)
print(f"  {'in all':<28}{covered:>7} of {count:>6} lines {share:>6.1f} %  (minimum {minimum:.0f} %)")
sys.exit(0 if share >= minimum else 1)
