"""O18 with Debian's own Prometheus and Alertmanager: they watch a running fleet by the chart's rules. A fault is made, its alert
is told of with summary and runbook, the fault is mended, and the end of it is told too."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

from checks import RUN, check, missing
from fleet import NAMES, free_ports
from helm import ci_values, merged, render
from running import Stub, start_fleet

RUNBOOKS = "https://runbooks.example/atelier"


def hurried(groups):
    """The chart's rules for a test that cannot wait for minutes: looked at every second, and an alert fires as soon as its
    expression holds (`for` is 0). Expressions, labels and annotations stay as they are; that `for` is right is what promtool's
    unit tests show (test_rules.py)."""
    for group in groups:
        group["interval"] = "1s"
        for rule in group["rules"]:
            if "alert" in rule:
                rule["for"] = "0s"
    return {"groups": groups}


def rendered_groups():
    """The rules as the chart installs them."""
    release = render(merged(ci_values("minimal"), {"metrics": {"rules": {"enabled": True, "runbookBaseUrl": RUNBOOKS}}}))
    found = [group for rule in release.kinds("PrometheusRule") for group in rule["spec"]["groups"]]
    assert found
    return found


class Monitoring:
    """Prometheus and Alertmanager, as on one machine."""

    def __init__(self, fleet, folder, receiver):
        for program in ("prometheus", "prometheus-alertmanager"):
            if not shutil.which(program):
                missing(f"{program} is not installed: scripts/check-ops installs it")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.folder, self.receiver, self.processes = folder, receiver, []
        self.port, self.alerts_port, cluster = free_ports(3)
        # As the chart's ServiceMonitors do: the label job is the service's name.
        self.write("prometheus.yaml", {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yaml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{self.alerts_port}"]}]}]},
            "scrape_configs": [{"job_name": name, "static_configs": [
                {"targets": [f"127.0.0.1:{fleet.admin[name]}"], "labels": {"namespace": "atelier"}}]} for name in NAMES]})
        self.write("rules.yaml", hurried(rendered_groups()))
        self.write("alertmanager.yaml", {
            "route": {"receiver": "test", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s",
                      "repeat_interval": "1h"},
            "receivers": [{"name": "test", "webhook_configs": [{"url": receiver.url, "send_resolved": True}]}]})
        checked = subprocess.run(["amtool", "check-config", os.path.join(folder, "alertmanager.yaml")],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert checked.returncode == 0, checked.stdout
        self.start("prometheus-alertmanager", "--config.file=alertmanager.yaml", "--storage.path=alerts",
                   f"--web.listen-address=127.0.0.1:{self.alerts_port}", "--cluster.listen-address=")
        self.start("prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=series",
                   f"--web.listen-address=127.0.0.1:{self.port}")
        self.wait("nine targets that answer", lambda: len(self.ask("up == 1")) == len(NAMES))

    def write(self, name, value):
        with open(os.path.join(self.folder, name), "w") as f:
            yaml.safe_dump(value, f)

    def start(self, program, *words):
        with open(os.path.join(self.folder, program + ".log"), "wb") as log:
            self.processes.append(subprocess.Popen([program, *words], cwd=self.folder, stdout=log, stderr=log))

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def ask(self, expression):
        """What an expression is now; nothing while Prometheus is not there yet."""
        query = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{query}", timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            return []

    def wait(self, what, is_so, deadline=120):
        end = time.monotonic() + deadline
        while not (found := is_so()):
            if time.monotonic() > end:
                firing = [r["metric"].get("alertname") for r in self.ask('ALERTS{alertstate="firing"}')]
                raise AssertionError(f"{what}: not within {deadline} s; firing: {firing}; told: {self.told()}")
            time.sleep(0.2)
        return found

    def told(self):
        """(alert, status) in the order in which the receiver was told."""
        return [(a["labels"]["alertname"], a["status"]) for d in self.receiver.kept() for a in d["alerts"]]

    def notice(self, alert, status, since):
        """The first notice of an alert in a status, after so many documents."""
        for document in self.receiver.kept()[since:]:
            for one in document["alerts"]:
                if one["labels"]["alertname"] == alert and one["status"] == status:
                    return one
        return None


@pytest.fixture(scope="module")
def watched():
    receiver = Stub()
    # A broker in a process of its own can be killed.
    fleet = start_fleet("alerting", own_broker=True)
    monitoring = None
    try:
        monitoring = Monitoring(fleet, os.path.join(RUN, "monitoring"), receiver)
        yield fleet, monitoring
    finally:
        if monitoring:
            monitoring.stop()
        fleet.stop()
        receiver.shutdown()


def follow(monitoring, alert, break_it, mend_it, deadline):
    """Makes a fault and mends it; both are told. Seconds of each."""
    since, begun = len(monitoring.receiver.kept()), time.monotonic()
    assert not monitoring.ask(f'ALERTS{{alertname="{alert}",alertstate="firing"}}'), f"{alert} fires on a healthy fleet"
    break_it()
    told = monitoring.wait(f"{alert} fires", lambda: monitoring.notice(alert, "firing", since), deadline)
    fired = time.monotonic() - begun
    assert told["annotations"]["summary"] and told["annotations"]["description"], told
    assert "{{" not in str(told["annotations"]), told
    assert told["annotations"]["runbook_url"] == f"{RUNBOOKS}/deploy/runbooks/{book(alert)}.md", told
    mend_it()
    begun = time.monotonic()
    monitoring.wait(f"{alert} ends", lambda: monitoring.notice(alert, "resolved", since), deadline)
    return told, f"{alert}: told after {fired:.0f} s, its end {time.monotonic() - begun:.0f} s after mending"


def book(alert):
    from rules import alerts
    return os.path.basename(alerts()[alert]["annotations"]["runbook_url"]).removesuffix(".md")


@check("O18", "alerting: a service is killed, the alert is told of, and its end")
def test_a_service_that_is_away(watched):
    fleet, monitoring = watched
    told, figure = follow(
        monitoring, "AtelierTargetDown", lambda: fleet.kill("storage", signal.SIGKILL), lambda: fleet.spawn("storage"), 90)
    assert told["labels"]["job"] == "storage" and told["labels"]["severity"] == "critical", told
    assert "storage" in told["annotations"]["summary"], told
    fleet.wait_ready(60)
    return figure


@check("O18", "alerting: the broker is away, the alert is told of, and its end")
def test_a_broker_that_is_away(watched):
    from client import Client
    fleet, monitoring = watched
    client = Client(fleet.url).register()

    def away():
        fleet.kill("broker", signal.SIGKILL)
        client.post("/projects", {"title": "Nobody hears of it", "type": "video"})
    told, figure = follow(monitoring, "AtelierOutboxStuck", away, lambda: fleet.spawn("broker"), 240)
    assert told["labels"]["job"] in NAMES, told
    # Nothing else was lost of sight: all are up, and only what the fault explains was told.
    assert len(monitoring.ask("up == 1")) == len(NAMES)
    return figure
