"""The pinned packages of PyPI, asked of pip-audit list by list. Prints one line each; exit code 1 where a fix is known.

    security_pypi.py PIP-AUDIT [LIST…]      all lists of deploy/ by default
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

from fleet import ROOT


def findings(answer):
    """(package, version, advisory, versions that mend it) of pip-audit's JSON."""
    return [(d["name"], d["version"], v["id"], v["fix_versions"]) for d in answer["dependencies"] for v in d.get("vulns", [])]


def audited(program, path):
    """What pip-audit says of a list of pinned packages; the reason as text where it got no answer."""
    with tempfile.TemporaryDirectory() as folder:
        said = os.path.join(folder, "answer.json")
        done = subprocess.run([program, "-r", path, "--disable-pip", "--require-hashes", "--progress-spinner", "off",
                               "--format", "json", "--output", said], capture_output=True, text=True)
        # It ends with 1 for a finding and for an answer that did not come; only the first leaves a file.
        if os.path.exists(said):
            with open(said) as f:
                return json.load(f)
        return (done.stderr.strip() or "no answer").splitlines()[-1]


def main(words):
    mendable = 0
    for path in words[1:] or sorted(glob.glob(os.path.join(ROOT, "deploy", "packages*.pypi"))):
        answer, name = audited(words[0], path), os.path.relpath(path, ROOT)
        if isinstance(answer, str):
            print(f"pypi: {name}: not reachable ({answer[:200]})")
            continue
        found = findings(answer)
        for package, version, advisory, fixed in found:
            mendable += bool(fixed)
            print(f"pypi: {name}: {package} {version}: {advisory}, " + (f"mended by {', '.join(fixed)}" if fixed else "no fix yet"))
        print(f"pypi: {name}: {len(answer['dependencies'])} packages, {len(found)} advisories")
    return 1 if mendable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
