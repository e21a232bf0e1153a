"""O19: Prometheus can read every expression of the dashboards and rules, and the fleet exposes every name in them."""

import yaml

import metrics
from checks import check
from rules import FOREIGN, dashboards, expressions, family, groups, metric_names, recorded, tool


@check("O19", "dashboards: read by promtool, each with its own uid")
def test_dashboards_are_sound(tmp_path):
    boards, rules = dashboards(), []
    assert {name for name, _ in boards} == {
        f"{name}.json" for name in ("fleet", "service", "messaging", "jobs", "media", "publishing", "business")}
    for name, board in boards:
        assert any(v["type"] == "datasource" and v["name"] == "datasource" for v in board["templating"]["list"]), name
        panels = [p for p in board["panels"] if p["type"] != "row"]
        assert panels and all(p["datasource"]["uid"] == "${datasource}" for p in panels), name
        assert len({p["id"] for p in board["panels"]}) == len(board["panels"]), name
        rules += [{"record": "x:y", "labels": {"n": f"{name}{i}"}, "expr": e} for i, e in enumerate(expressions(board))]
    for key in ("uid", "title"):
        assert len({board[key] for _, board in boards}) == len(boards), key
    path = tmp_path / "expressions.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    code, said = tool("promtool", "check", "rules", str(path))
    assert code == 0, said
    return f"{len(boards)} dashboards, {len(rules)} expressions"


@check("O19", "dashboards and rules: every name is exposed by the fleet")
def test_names_are_exposed():
    known = set(metrics.metrics())
    texts = {name: list(expressions(board)) for name, board in dashboards()}
    texts |= {group["name"]: [rule["expr"] for rule in group["rules"]] for group in groups()}
    used, unknown = set(), {}
    for where, parts in texts.items():
        for name in {family(name, known) for text in parts for name in metric_names(text)}:
            used.add(name)
            if name not in known | recorded() | set(FOREIGN):
                unknown.setdefault(where, []).append(name)
    assert not unknown, unknown
    return f"{len(used & known)} of {len(known)} metrics are looked at, {len(used & set(FOREIGN))} of other exporters"
