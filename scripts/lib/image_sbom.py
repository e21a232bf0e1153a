"""What is in an image, as SPDX 2.3 (JSON): the executable, Swift's runtime in it, and the packages of the image."""

import datetime
import hashlib
import json
import os
import re

from image_files import REPOSITORY


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def debian(name, fields, release):
    """One package of the distribution; security trackers speak of its source."""
    source, _, version = fields.get("Source", name).partition(" (")
    version = version.rstrip(")") or fields["Version"]
    purl = f"pkg:deb/debian/{name}@{quoted(fields['Version'])}?arch={fields['Architecture']}&distro=debian-{release}"
    return package(name, fields["Version"], purl, supplier="Organization: Debian", source=f"source package: {source} {version}",
                   homepage=fields.get("Homepage"))


def quoted(version):
    return version.replace("+", "%2B").replace("~", "%7E").replace(":", "%3A")


def pypi(service):
    """What the image has of PyPI: the natural voice and what speaks with it."""
    if service != "ml-worker":
        return []
    with open(os.path.join(REPOSITORY, "deploy", "packages.pypi")) as f:
        pins = re.findall(r"^([\w.-]+)==([\w.]+)", f.read(), re.M)
    return [package(name, version, f"pkg:pypi/{name}@{version}") for name, version in pins]


def package(name, version, purl=None, supplier="NOASSERTION", source=None, homepage=None, **more):
    found = {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", f"{name}"), "name": name, "versionInfo": version,
        "supplier": supplier, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", **more}
    if source:
        found["sourceInfo"] = source
    if homepage:
        found["homepage"] = homepage
    if purl:
        found["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]
    return found


def document(service, version, revision, executable, root, names, created, voice=True):
    """The text of the document.

    - executable: the bytes of the executable as built; names: Debian's packages; created: seconds since 1970.
    """
    release = root.packages["base-files"]["Version"].split(".")[0]
    own = package("atelier-" + service, version, primaryPackagePurpose="CONTAINER",
                  comment=f"revision {revision}" if revision else "revision unknown")
    found = [debian(name, root.packages[name], release) for name in sorted(names)]
    swift = re.search(rb"Swift version (\d+\.\d+(?:\.\d+)?)", executable)
    if swift:
        text = swift.group(1).decode()
        found.append(package("swift", text, f"pkg:generic/swift@{text}", supplier="Organization: Swift.org",
                             homepage="https://www.swift.org", comment="standard library and runtime, linked statically"))
    found += pypi(service) if voice else []
    digest = hashlib.sha256(json.dumps([own, found], sort_keys=True).encode()).hexdigest()
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": own["SPDXID"], "relationshipType": "DESCRIBES"}]
    relations += [{"spdxElementId": own["SPDXID"], "relatedSpdxElement": each["SPDXID"], "relationshipType": "CONTAINS"}
                  for each in found]
    return json.dumps({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"atelier-{service}-{version}",
        "documentNamespace": f"https://atelier.invalid/spdx/{service}-{version}-{digest[:32]}",
        "creationInfo": {"created": stamp(created), "creators": ["Tool: scripts/image"]},
        "documentDescribes": [own["SPDXID"]], "packages": [own, *found], "relationships": relations,
    }, indent=1) + "\n"
