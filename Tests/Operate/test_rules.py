"""O18: the alert rules are sound; each fires and stays silent as it should, and has a runbook that can be followed."""

import os
import re

import yaml

from checks import ROOT, check
from rules import alerts, groups, rule_files, tool

SECTIONS = ("## Meaning", "## Impact", "## Diagnosis", "## Mitigation")
RUNBOOKS = os.path.join(ROOT, "deploy", "runbooks")


def cases():
    with open(os.path.join(ROOT, "Tests", "Operate", "alerts.yaml")) as f:
        return yaml.safe_load(f)


@check("O18", "rules: read by promtool, labelled in full")
def test_rules_are_sound():
    code, said = tool("promtool", "check", "rules", *rule_files())
    assert code == 0, said
    names = [rule.get("alert") or rule["record"] + str(rule.get("labels")) for g in groups() for rule in g["rules"]]
    assert len(names) == len(set(names)), "a rule stands there twice"
    for name, rule in alerts().items():
        assert name.startswith("Atelier") and "for" in rule, name
        assert rule["labels"].get("severity") in ("critical", "warning", "info"), name
        for key in ("summary", "description", "runbook_url"):
            assert rule["annotations"].get(key), f"{name} has no {key}"
    return f"{len(alerts())} alerts, {len(names) - len(alerts())} recordings"


def unit_test(alert, kind, case):
    """One of promtool's tests: whether the alert fires after that time."""
    series = [line.rsplit("} ", 1) if "} " in line else line.split(" ", 1) for line in case[kind]]
    return {
        "name": f"{alert} {kind}", "interval": "1m",
        "input_series": [{"series": name + ("}" if "{" in name else ""), "values": values} for name, values in series],
        "promql_expr_test": [{
            "expr": f'count by (alertname) (ALERTS{{alertname="{alert}",alertstate="firing"}} == 1)',
            "eval_time": case["at"],
            "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1}] if kind == "fires" else []}]}


@check("O18", "rules: each alert fires, and stays silent")
def test_alerts_fire_and_stay_silent(tmp_path):
    assert {name.split("/")[0] for name in cases()} == set(alerts())
    count = {"fires": 0, "silent": 0}
    for path in rule_files():
        with open(path) as f:
            here = {rule.get("alert") for group in yaml.safe_load(f)["groups"] for rule in group["rules"]}
        tests = []
        for name, case in cases().items():
            if name.split("/")[0] not in here:
                continue
            for kind in ("fires", "silent"):
                if kind not in case:
                    assert "/" in name, f"{name} has no case in which it is {kind}"
                    continue
                count[kind] += 1
                tests.append(unit_test(name.split("/")[0], kind, case))
        document = tmp_path / os.path.basename(path)
        document.write_text(yaml.safe_dump({"rule_files": [path], "evaluation_interval": "1m", "tests": tests}))
        code, said = tool("promtool", "test", "rules", str(document))
        assert code == 0, said[-6000:]
    return f"{count['fires']} firing, {count['silent']} silent"


@check("O18", "rules: each alert has a runbook")
def test_runbooks():
    used = set()
    for name, rule in alerts().items():
        path = os.path.join(ROOT, rule["annotations"]["runbook_url"])
        assert os.path.exists(path), f"{name}: {path} is missing"
        used.add(os.path.basename(path))
        with open(path) as f:
            text = f.read()
        assert name in text, f"{path} does not name {name}"
    for entry in sorted(os.listdir(RUNBOOKS)):
        if entry == "README.md":
            continue
        with open(os.path.join(RUNBOOKS, entry)) as f:
            text = f.read()
        at = [text.find("\n" + section + "\n") for section in SECTIONS]
        assert -1 not in at and at == sorted(at), f"{entry}: it must have {', '.join(SECTIONS)}, in this order"
        for target in re.findall(r"\]\(([^)#:]+\.md)\)", text):
            assert os.path.exists(os.path.join(RUNBOOKS, target)), f"{entry} points to {target}"
    with open(os.path.join(RUNBOOKS, "README.md")) as f:
        index = f.read()
    absent = [e for e in os.listdir(RUNBOOKS) if e != "README.md" and f"({e})" not in index]
    assert not absent, f"README.md does not name {absent}"
    return f"{len(os.listdir(RUNBOOKS)) - 1} runbooks, {len(used)} of them named by alerts"
