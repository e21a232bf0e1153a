"""The chart's alerts, dashboards and metrics as data, and Prometheus' own tools to judge them."""

import glob
import json
import os
import re
import shutil
import subprocess

import yaml

from checks import ROOT, missing

FILES = os.path.join(ROOT, "helm", "atelier", "files")
# Of other people's exporters, with who exposes them: rules that use them are silent where they are not there.
FOREIGN = {
    "up": "Prometheus itself", "ALERTS": "Prometheus itself",
    "kube_node_status_condition": "kube-state-metrics", "kube_node_status_capacity": "kube-state-metrics",
    "kube_node_status_allocatable": "kube-state-metrics", "kube_pod_info": "kube-state-metrics",
    "certmanager_certificate_expiration_timestamp_seconds": "cert-manager",
    "probe_ssl_earliest_cert_expiry": "the blackbox exporter",
}


def rule_files():
    return sorted(glob.glob(os.path.join(FILES, "rules", "*.yaml")))


def dashboard_files():
    return sorted(glob.glob(os.path.join(FILES, "dashboards", "*.json")))


def groups():
    """All groups of the chart's rule files."""
    found = []
    for path in rule_files():
        with open(path) as f:
            found += yaml.safe_load(f)["groups"]
    return found


def alerts():
    """name → rule."""
    return {rule["alert"]: rule for group in groups() for rule in group["rules"] if "alert" in rule}


def recorded():
    """Names of the series that the rules record."""
    return {rule["record"] for group in groups() for rule in group["rules"] if "record" in rule}


def tool(name, *words, **more):
    """Runs promtool or amtool; what it said and whether it was content."""
    if not shutil.which(name):
        missing(f"{name} is not installed: scripts/check-ops installs it")
    done = subprocess.run([name, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **more)
    return done.returncode, done.stdout


def expressions(dashboard):
    """Every expression of a dashboard, with Grafana's variables replaced by what Prometheus can read."""
    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("expr"), str):
                yield value["expr"]
            for child in value.values():
                yield from walk(child)
        elif isinstance(value, list):
            for child in value:
                yield from walk(child)
    for text in walk(dashboard):
        text = re.sub(r"\$\{?__(rate_interval|interval|range)\}?", "5m", text)
        yield re.sub(r"\$\{?(\w+)(:\w+)?\}?", "x", text)


def dashboards():
    """(file name, document) of each."""
    found = []
    for path in dashboard_files():
        with open(path) as f:
            found.append((os.path.basename(path), json.load(f)))
    return found


WORDS = {"by", "on", "and", "or", "unless", "without", "ignoring", "group_left", "group_right", "bool", "offset"}


def metric_names(expression):
    """Names of the series that an expression reads."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", text)
    text = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    found = re.findall(r"(?<![\w:])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", text)
    return {name for name in found if name not in WORDS and not re.fullmatch(r"\d.*|inf|nan|x", name, re.I)}


def family(name, known):
    """The family that a series belongs to: histograms have three kinds of series."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and name.removesuffix(suffix) in known:
            return name.removesuffix(suffix)
    return name
