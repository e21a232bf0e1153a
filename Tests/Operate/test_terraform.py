"""terraform/: its form, its own tests, what it would make, and whether the chart takes what it says."""

import json
import os
import re
import shutil
import sys

import pytest
import yaml

import infrastructure
import policy
from checks import ROOT, RUN, check, missing
from helm import CHART, Refused, ci_names, ci_values, merged, render

sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
import fleet  # noqa: E402

TAGS = {"Application", "Environment", "ManagedBy", "Owner"}


@check("O23", "Terraform: form and validity")
def test_form():
    infrastructure.terraform(infrastructure.copy(), "fmt", "-check", "-recursive", "-diff")
    folders = ["."] + [os.path.join("examples", name) for name in infrastructure.examples()]
    for folder in folders:
        said = json.loads(infrastructure.terraform(infrastructure.ready(folder), "validate", "-json"))
        assert said["valid"] and not said["warning_count"], said["diagnostics"]
    return f"{len(folders)} roots"


@check("O23", "Terraform: tests with a mocked provider")
def test_mocked():
    passed, total, assertions = infrastructure.tests()
    assert passed == total and assertions >= 40
    return f"{passed} runs, {assertions} assertions"


@check("O23", "Terraform: plans of the real provider")
@pytest.mark.parametrize("example", infrastructure.examples())
def test_plan(example):
    made = infrastructure.planned(example)
    untagged = [address for address, _, values in made if "tags_all" in values and not TAGS <= set(values["tags_all"] or {})]
    assert not untagged, untagged
    # Nobody comes in from everywhere but by 443, and nothing is open within.
    for address, kind, values in made:
        if kind == "aws_vpc_security_group_ingress_rule" and values.get("cidr_ipv4") == "0.0.0.0/0":
            assert (values["from_port"], values["to_port"]) == (443, 443), address
        assert kind != "aws_security_group_rule" and not values.get("ingress"), address
    # What was drawn is in no plan; a plan is what is shown to reviewers and kept by pipelines.
    with open(infrastructure.plan(example)[0]) as f:
        assert infrastructure.CANARY not in f.read()
    return f"{len(made)} resources"


@check("O23", "Terraform: logins and seals of each service")
@pytest.mark.parametrize("example", ["minimal", "production"])
def test_logins(example):
    made = {address: values for address, _, values in infrastructure.planned(example)}

    def keys(name):
        found = re.compile(re.escape(f"module.values.{name}[") + r'"(.+)"\]$')
        return {m[1] for m in map(found.match, made) if m}
    with open(os.path.join(ROOT, "deploy", "postgres", "init.sql")) as f:
        roles = len(re.findall(r"\('atelier_\w+', '\w+'\)", f.read()))
    logins = keys("aws_secretsmanager_secret_version.login")
    assert len(logins - {"gateway"}) == roles and ("gateway" in logins) == (example == "production")
    assert "module.values.aws_msk_single_scram_secret_association.this" in made
    assert keys("aws_secretsmanager_secret_version.seal") == {"user", "publisher", "notifier", "storage"}
    assert all(values.get("secret_string") is None and values.get("secret_string_wo_version") == 1
               for address, values in made.items() if ".aws_secretsmanager_secret_version." in address)
    return f"{len(logins)} logins to the stores, one to the brokers"


def outputs():
    """(values for the chart, manifests beside it), of mocks."""
    said = infrastructure.outputs()[1]
    return yaml.safe_load(said["helm_values"]), [d for d in yaml.safe_load_all(said["manifests"]) if d]


def unknown_keys(values, known, path=""):
    """Paths of values that the chart does not have; what is an empty map there takes any key."""
    for key, value in values.items():
        if key not in known:
            yield path + key
        elif isinstance(value, dict) and isinstance(known[key], dict) and known[key]:
            yield from unknown_keys(value, known[key], f"{path}{key}.")


@check("O23", "Terraform: the chart knows every value that it is told")
def test_values():
    with open(os.path.join(CHART, "values.yaml")) as f:
        chart = yaml.safe_load(f) or {}
    if "services" not in chart:
        missing("the chart has no services yet")
    values, _ = outputs()
    assert set(values["services"]) == set(chart["services"])
    for name in chart["services"]:
        chart["services"][name] = merged(chart["defaults"], chart["services"][name], {"config": None, "secrets": None})
        # Any setting may be given; which there are is the schema's business, and `render` asks it.
        chart["services"][name].update(config={}, secrets={})
    # Destinations are free names too.
    chart["networkPolicy"]["destinations"] = {}
    strange = list(unknown_keys(values, chart))
    assert not strange, strange
    return f"{len(values)} blocks"


@check("O23", "Terraform: the chart renders from its outputs")
def test_render():
    values, manifests = outputs()
    # As the README says: what an operator decides, and over it what Terraform knows. Two of storage: its volume is shared.
    mine = ci_values("production") if "production" in ci_names() else {}
    values = merged(mine, {"services": {"storage": {"replicas": 2}}}, values)
    try:
        release = render(values)
    except Refused as refusal:
        pytest.fail(str(refusal))
    written = {d["spec"]["target"]["name"]: d["spec"] for d in manifests if d["kind"] == "ExternalSecret"}
    accounts = {d["metadata"]["name"] for d in manifests if d["kind"] == "ServiceAccount"}
    asked = 0
    workloads = [w for w in release.kinds("Deployment", "Rollout") if "app.kubernetes.io/component" in w["metadata"]["labels"]]
    assert len(workloads) == len(values["services"])
    for workload in workloads:
        pod = workload["spec"]["template"]["spec"]
        service = workload["metadata"]["labels"]["app.kubernetes.io/component"]
        assert pod["serviceAccountName"] in accounts, service
        container = pod["containers"][0]
        assert container["image"].startswith(f"111122223333.dkr.ecr.eu-west-3.amazonaws.com/mock/{service}:")
        secrets = {e["name"]: e["valueFrom"]["secretKeyRef"] for e in container["env"] if "valueFrom" in e}
        # Every secret that the chart reads is written, under the key that it reads.
        for name, ref in secrets.items():
            assert ref["name"] in written, (service, ref)
            if ref["name"] == f"atelier-{service}-secrets":
                assert ref["key"] == name
            else:
                assert ref["key"] in {d["secretKey"] for d in written[ref["name"]]["data"]}, (service, ref)
        assert ("DATABASE_URL" in secrets) == ("KAFKA_SASL_PASSWORD" in secrets) == (service != "gateway")
        assert "SERVICE_SECRET" in secrets
        asked += len(secrets)
        settings = release.named("ConfigMap", workload["metadata"]["name"])["data"]
        if service != "gateway":
            assert settings["KAFKA_SASL_USERNAME"] == "atelier" and settings["KAFKA_SASL_MECHANISM"] == "SCRAM-SHA-512"
        if service == "storage":
            assert settings["S3_BUCKET"] == "mock-111122223333-objects" and {"S3_ACCESS_KEY", "S3_SECRET_KEY"} <= set(secrets)
    gateway = release.named("ConfigMap", "atelier-gateway")["data"]
    assert gateway["TRUSTED_PROXIES"] == "1" and int(gateway["IDLE_TIMEOUT_MS"]) > 120_000 and gateway["BEHIND_TLS"] == "true"
    binding = next(d for d in manifests if d["kind"] == "TargetGroupBinding")["spec"]["serviceRef"]
    service = release.named("Service", binding["name"])
    assert binding["port"] in [p["name"] for p in service["spec"]["ports"]]
    return f"{len(workloads)} services, {asked} secrets by reference"


@check("O23", "Terraform: the database's roles are made by an owner that is no superuser")
def test_roles():
    database = fleet.Postgres(os.path.join(RUN, "postgres"))
    shutil.rmtree(database.folder, ignore_errors=True)
    database = fleet.Postgres(os.path.join(RUN, "postgres"))
    try:
        database.start()
        # As RDS gives it: an owner that may make roles, and no more.
        database.sql("DROP DATABASE IF EXISTS managed", database="postgres")
        database.sql("CREATE ROLE atelier_owner LOGIN CREATEROLE", database="postgres")
        for role in database.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'atelier\\_%'").split():
            if role != "atelier_owner":
                database.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
        database.sql("CREATE DATABASE managed OWNER atelier_owner", database="postgres")
        for _ in range(2):
            database.run("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", database.folder, "-U", "atelier_owner", "-d", "managed",
                         "-f", os.path.join(database.folder, "init.sql"))
        owners = dict(line.split("\t") for line in database.sql(
            "SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE pg_get_userbyid(nspowner) LIKE 'atelier\\_%'",
            database="managed").splitlines())
        roles = infrastructure.outputs()[1]["secrets"]["database_roles"]
        assert sorted(owners.values()) == sorted(roles.values())
    finally:
        database.stop()
        shutil.rmtree(database.folder, ignore_errors=True)
    return f"{len(owners)} roles, twice"


@check("O23", "Terraform: COSTS.md adds up")
def test_costs():
    with open(os.path.join(infrastructure.SOURCE, "COSTS.md")) as f:
        text = f.read()
    announced = re.findall(r"^\| (?:small|medium|large) \|.*\| ([\d,]+) \|$", text, re.M)
    sums, lines = [], 0
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        total = 0
        for what, arithmetic, value in re.findall(r"^\| ([^|]+) \| ([^|]*?) ?\| ([*\d,.]+) \|$", section, re.M):
            value = float(value.strip("*").replace(",", ""))
            if what == "**together**":
                assert abs(total - value) < 0.005, section.split("\n")[0]
                sums.append(f"{value:,.0f}")
                continue
            assert re.fullmatch(r"[\d. ()+×−]+", arithmetic), what
            # Decimal numbers, brackets and three signs: nothing else came through.
            due = eval(arithmetic.replace("×", "*").replace("−", "-"))
            assert abs(due - value) < 0.0051, (what, due)
            total += value
            lines += 1
    assert sums == announced and len(sums) == 3
    return f"{lines} lines; {', '.join(sums)} USD a month"


@check("O24", "policy: the list of exceptions")
def test_skips():
    skips = policy.skips()
    assert len(skips) <= 15 and all(len(reason.split()) >= 5 for reason in skips.values())
    return f"{len(skips)} exceptions, each with its reason"


@check("O24", "policy: checkov on the plans")
def test_policy_of_plans():
    passed, failed, skipped = 0, [], set()
    for example in infrastructure.examples():
        path = os.path.join(RUN, f"known-{example}.json")
        with open(path, "w") as f:
            json.dump(infrastructure.with_known_keys(infrastructure.plan(example)[1]), f)
        count, faults = policy.judged(path, "terraform_plan")
        passed += count
        failed += [fault for fault in faults if fault[0] not in policy.skips()]
        skipped |= {fault[0] for fault in faults} & set(policy.skips())
    assert not failed, failed
    # An exception that nothing needs any more is taken off the list.
    unused = {s for s in policy.skips() if s.startswith(("CKV_AWS", "CKV2_AWS"))} - skipped
    assert not unused, f"not needed any more: {unused}"
    return f"{passed} passed, {len(skipped)} exceptions used"


@check("O24", "policy: checkov on the chart")
@pytest.mark.parametrize("name", ci_names())
def test_policy_of_chart(name):
    release = render(ci_values(name))
    if not release.kinds("Deployment"):
        missing("the chart has no Deployments yet")
    path = os.path.join(RUN, f"rendered-{name}.yaml")
    with open(path, "w") as f:
        f.write(release.text + "\n---\n" + release.hook_text)
    passed, failed = policy.judged(path, "kubernetes")
    # A pod that runs once, as that of `helm test`, has nothing that probes could ask.
    once = {("CKV_K8S_8", "Pod"), ("CKV_K8S_9", "Pod")}
    failed = [(check, resource) for check, resource in failed
              if check not in policy.skips() and (check, resource.split(".")[0]) not in once]
    assert not failed, failed
    return f"{passed} passed"
