"""What `scripts/chart-schema` writes: the schema of the chart's values, the settings of each service, README's tables."""

import functools
import json
import os
import subprocess
import sys

import yaml

from fleet import ROOT, SERVICES

CHART = os.path.join(ROOT, "helm", "atelier")
# Settings that hold a password or a key, though the code reads them as text.
SECRET = {"DATABASE_URL", "SMTP_URL", "S3_ACCESS_KEY"}
# Settings that the chart derives from other values; whoever set them too would say two things.
DERIVED = {
    "HOST", "PORT", "ADMIN_PORT", "PUBLIC_URL", "MIGRATE_ON_START", "OTLP_ENDPOINT", "WORK_FOLDER", "OBJECT_STORE",
    "OBJECT_FOLDER", "S3_ENDPOINT", "S3_BUCKET", "S3_REGION", "S3_PUBLIC_ENDPOINT", "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_CA_FILE",
    "KAFKA_CERTIFICATE_FILE", "KAFKA_KEY_FILE", "KAFKA_PARTITIONS", "KAFKA_REPLICATION", "REDIS_CA_FILE",
}
# Faults for tests of the tests: not offered.
HIDDEN = {"FAULT_INBOX_OFF", "FAULT_PUBLISH_BEFORE_COMMIT"}


def settings(build):
    """What each executable says of its settings: {service: [setting]}, in the order of the ports."""
    found = {}
    for name, _, _ in sorted(SERVICES, key=lambda service: service[1]):
        text = subprocess.run([os.path.join(build, name), "config-schema"], stdout=subprocess.PIPE, check=True).stdout
        found[name] = [s for s in json.loads(text)["settings"] if s["name"] not in HIDDEN]
    return found


def is_secret(setting):
    return setting["kind"] == "secret" or setting["name"] in SECRET


def is_derived(setting):
    name = setting["name"]
    peers = {service.upper().replace("-", "_") for service, _, _ in SERVICES}
    return name in DERIVED or name.removesuffix("_URL").removesuffix("_ADMIN") in peers and name.endswith("_URL")


def kinds(found):
    """files/settings.json: for each service the names that it reads, with their kinds; `*` is what all with a schema do."""
    table = {}
    for service, all_settings in found.items():
        table[service] = {
            s["name"]: ("required-secret" if s["isRequired"] else "secret") if is_secret(s) else s["kind"]
            for s in sorted(all_settings, key=lambda s: s["name"])}
    rest = [table[service] for service in table if service != "gateway"]
    table["*"] = {name: kind for name, kind in rest[0].items() if all(name in other for other in rest)}
    return table


def of_setting(s):
    """The JSON schema of one setting."""
    schema = {"description": s["meaning"]}
    if s["kind"] in ("integer", "duration", "number"):
        schema["type"] = "number" if s["kind"] == "number" else "integer"
        for key in ("minimum", "maximum"):
            if s.get(key) is not None:
                schema[key] = s[key]
    elif s["kind"] == "boolean":
        schema["type"] = "boolean"
    elif s["choices"]:
        schema["enum"] = s["choices"]
    else:
        schema["type"] = "string"
        if s["kind"] == "url":
            schema["pattern"] = "^[a-z]+://"
    return schema


def closed(schema):
    """The same schema, in which no object takes properties that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made


def schema_of(base, found):
    """values.schema.json."""
    reference = base["definitions"]["reference"]

    def service(title, own):
        properties = {key: {"$ref": "#/definitions/service/properties/" + key} for key in base["service"]}
        if own is not None:
            open_ones = [s for s in own if not is_secret(s) and not is_derived(s)]
            properties["config"] = {
                "type": "object", "description": base["service"]["config"]["description"],
                "properties": {s["name"]: shared_part(s["name"], of_setting(s)) for s in open_ones}}
            properties["secrets"] = {
                "type": "object", "description": base["service"]["secrets"]["description"],
                "properties": {s["name"]: shared_part(s["name"], {**reference, "description": s["meaning"]})
                               for s in own if is_secret(s)}}
        return {"type": "object", "description": title, "properties": properties}

    parts = {}

    def shared_part(name, part):
        """A reference to the part where it is the same in every service that has it, else the part itself."""
        return {"$ref": "#/definitions/settings/" + name} if parts.setdefault(name, part) == part else part

    everywhere = {s["name"]: s for own in found.values() for s in own}
    shared = [s for s in everywhere.values()
              if sum(s["name"] in {o["name"] for o in own} for own in found.values()) >= len(found) - 1]
    services = {name: service(f"The service {name}.", own) for name, own in found.items()}
    # A service that the chart does not know needs its port, and nothing else: a misspelt name has none.
    unknown = {**service("A service of your own.", None), "required": ["port"]}
    root = {
        **base["root"],
        "defaults": service("What every service has.", shared),
        "services": {"type": "object", "description": "The services.", "properties": services,
                     "additionalProperties": unknown}}
    return closed({
        "$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart atelier",
        "type": "object", "properties": root,
        "definitions": {"service": {"type": "object", "properties": base["service"]}, "settings": parts}})


def rows(schema, values, whole, prefix=""):
    """README's lines for the values: path, default, description."""
    for key, part in schema.get("properties", {}).items():
        if "$ref" in part:
            part = functools.reduce(lambda at, step: at[step], part["$ref"].split("/")[1:], whole)
        path, value = prefix + key, values.get(key) if isinstance(values, dict) else None
        if part.get("properties") and part.get("type") == "object" and path != "services" and key not in ("config", "secrets"):
            yield f"| **`{path}`** | | {part['description']} |"
            yield from rows(part, value or {}, whole, path + ".")
        elif "description" in part and path != "services":
            shown = "" if value in (None, "", [], {}) else f"`{json.dumps(value)}`"
            yield f"| `{path}` | {shown} | {part['description']} |"


def tables(schema, found, values):
    """README's generated part."""
    lines = ["### Values", "", "`services.<name>` has the keys of `defaults` and changes them for one service.", "",
             "| value | default | meaning |", "|---|---|---|"]
    lines += rows(schema, values, schema)
    for title, chosen in (("config", lambda s: not is_secret(s) and not is_derived(s)), ("secrets", is_secret)):
        places, first = {}, {}
        for name, own in found.items():
            for s in filter(chosen, own):
                places.setdefault(s["name"], []).append(name)
                first.setdefault(s["name"], s)
        lines += ["", f"### Keys of `services.<name>.{title}`", "", "| key | default | services | meaning |", "|---|---|---|---|"]
        for key in sorted(places):
            s = first[key]
            default = "required" if s["isRequired"] else f"`{s['defaultValue']}`" if s.get("defaultValue") else ""
            where = "all" if len(places[key]) == len(found) else \
                "all but gateway" if len(places[key]) == len(found) - 1 and "gateway" not in places[key] else ", ".join(places[key])
            lines.append(f"| `{key}` | {default} | {where} | {s['meaning']} |")
    return "\n".join(line.replace("<service>", "‹service›").replace("<name>", "‹name›") for line in lines)


def edges(values):
    """README's table of the graph: who calls whom, who reaches what outside."""
    lines = ["| service | port | calls | reaches outside |", "|---|---|---|---|"]
    for name, service in sorted(values["services"].items()):
        calls = service.get("calls", values["defaults"]["calls"])
        outside = service.get("egress", values["defaults"]["egress"])
        lines.append(f"| {name} | {service['port']} | {', '.join(calls)} | {', '.join(outside)} |")
    return "\n".join(lines)


def filled(text, name, content):
    """The text with what stands between `<!-- name -->` and `<!-- /name -->` replaced."""
    before, rest = text.split(f"<!-- {name} -->\n", 1)
    return f"{before}<!-- {name} -->\n{content}\n<!-- /{name} -->{rest.split(f'<!-- /{name} -->', 1)[1]}"


def made(build):
    """Every generated file: {path: text}."""
    found = settings(build)
    with open(os.path.join(CHART, "values.schema.base.yaml")) as f:
        base = yaml.safe_load(f)
    with open(os.path.join(CHART, "values.yaml")) as f:
        values = yaml.safe_load(f)
    schema = schema_of(base, found)
    readme = os.path.join(CHART, "README.md")
    with open(readme) as f:
        text = filled(filled(f.read(), "values", tables(schema, found, values)), "edges", edges(values))
    return {
        os.path.join(CHART, "values.schema.json"): json.dumps(schema, indent=1, ensure_ascii=False) + "\n",
        os.path.join(CHART, "files", "settings.json"): json.dumps(kinds(found), indent=1) + "\n",
        readme: text}


def stale(build):
    """Names of generated files that are not what they should be."""
    wrong = []
    for path, text in made(build).items():
        try:
            with open(path) as f:
                same = f.read() == text
        except FileNotFoundError:
            same = False
        if not same:
            wrong.append(os.path.relpath(path, ROOT))
    return wrong


def main(words):
    """Writes the files, or with --check names those that are stale; the result is the exit code."""
    if words[0] == "--check":
        wrong = stale(words[1])
        print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
        return 1 if wrong else 0
    for path, text in made(words[0]).items():
        with open(path, "w") as f:
            f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
