"""Every metric that the Swift sources expose: name, kind, help, labels, and by which folder. `scripts/metrics-table` writes the
page; O20 compares the page with what a running fleet says."""

import glob
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "deploy", "METRICS.md")
KINDS = {"count": "counter", "total": "counter", "gauge": "gauge", "observe": "histogram"}
# What somebody wants to know who looks at it. A metric that nobody asks for should not be there: a missing line is an error.
QUESTIONS = {
    "agent_error_rate": "Does an agent fail more often than 5 %?",
    "atelier_build_info": "Which version runs where; which services are there at all?",
    "dead_letters": "Does somebody have to look at events that could not be handled?",
    "event_age_seconds": "How long after a change do the others know of it?",
    "event_handling_seconds": "Which handler is slow, which fails?",
    "events_consumed_total": "How much is read, how much is parked, how much is given up?",
    "events_parked": "Do events wait because a handler fails?",
    "gateway_access_log_dropped_total": "Is the access log complete?",
    "gateway_client_connections": "How many clients are connected?",
    "gateway_limits_connected": "Do the gateways limit together?",
    "gateway_limits_exchanges_total": "Does the Redis of the limits fail now and then?",
    "gateway_rate_limit_entries": "How much memory do the limits' counts take?",
    "gateway_upstream_circuit_open": "Which service does the gateway not ask at present?",
    "gateway_upstream_connections": "How many connections does the gateway hold to a service?",
    "http_server_active_requests": "How many requests are in hand?",
    "http_server_open_connections": "How many connections are open?",
    "http_server_request_duration_seconds": "How fast is a route?",
    "http_server_requests_total": "How much is asked of a route, and how much fails?",
    "job_duration_seconds": "How long does work take, and how does it end?",
    "job_lease_takeovers_total": "Do workers die in the middle of jobs?",
    "job_oldest_wait_seconds": "Is a kind of job not begun at all?",
    "job_queue_size": "Is there more work than the workers take?",
    "kafka_consumer_lag_records": "How much is not handled yet?",
    "kafka_consumer_lag_seconds": "How old is what is not handled yet?",
    "live_streams": "How many people watch live?",
    "mail_tries_total": "Are mails sent?",
    "outbox_oldest_age_seconds": "Do events reach Kafka?",
    "outbox_published_total": "How many events does a service cause?",
    "outbox_refused_total": "Did Kafka refuse events for good?",
    "outbox_resent_total": "How many events were sent again after a broker lost its log?",
    "outbox_waiting": "How many events wait for Kafka?",
    "pipeline_duration_seconds": "How long does a whole run take, and how does it end?",
    "pipeline_oldest_seconds": "Does a run hang?",
    "pipeline_running": "How many runs are under way?",
    "postgres_pool_connections": "Are there enough connections?",
    "postgres_pool_size": "How many connections may there be?",
    "postgres_pool_wait_seconds": "Do requests wait for connections?",
    "process_cpu_seconds_total": "How much processor time does a process take?",
    "process_open_fds": "Do descriptors leak?",
    "process_resident_memory_bytes": "How much memory does a process hold?",
    "process_start_time_seconds": "Does a process restart?",
    "provider_call_duration_seconds": "Is a provider slow, does it fail?",
    "publish_attempts_total": "Does a network take our posts?",
    "publish_lateness_seconds": "Do posts go out when they are due?",
    "render_queue_size": "Do more than 50 renders wait?",
    "security_events_total": "Is somebody attacking accounts?",
    "service_degraded": "Which service does less, and what is it that it needs?",
    "storage_disk_free_bytes": "How much room is left for objects and uploads?",
    "storage_disk_size_bytes": "How large is the disk of objects and uploads?",
    "storage_quota_used_ratio": "Is a workspace near its quota?",
    "storage_uploads_open": "How many uploads are under way?",
    "storage_uploads_open_bytes": "How much is being uploaded?",
    "storage_usage_bytes": "How much is stored?",
    "telemetry_errors_dropped_total": "Are errors missing where they are reported to?",
    "telemetry_errors_reported_total": "Are errors reported at all?",
    "telemetry_spans_dropped_total": "Are traces complete?",
    "webhook_tries_total": "Are webhooks delivered?",
    "workflow_cache_hits_total": "How much work is spared by earlier results?",
}


def call_text(text, start):
    """From the opening parenthesis at `start` to its closing one, strings respected."""
    depth, quoted, at = 0, False, start
    while at < len(text):
        character = text[at]
        if quoted:
            if character == "\\":
                at += 1
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth == 0:
                return text[start:at]
        at += 1
    return text[start:]


def found_in(path):
    """(name, kind, help, labels) of each metric that a file names."""
    with open(path) as f:
        text = f.read()
    for match in re.finditer(r"\.(count|total|gauge|observe)\(\s*\"([a-z][a-z0-9_]+)\"\s*,\s*(\"[^\"]*\"|[\w.]+)", text):
        meaning = match[3].strip('"')
        if not match[3].startswith('"'):
            known = re.findall(r"let " + meaning.split(".")[-1] + r" = \"([^\"]*)\"", text[:match.start()] + text)
            if not known:
                continue
            meaning = known[0]
        inside = call_text(text, text.index("(", match.start()))
        # A dictionary of labels begins with a bracket and a word; its values may be anything.
        if re.search(r",\s*labels\b", inside):
            inside += "".join(re.findall(r"let labels = (\[.*?\])", text))
        labels = re.search(r"\[\s*\"\w+\":.*", inside, re.S)
        names = re.findall(r"\"(\w+)\":", labels[0]) if labels else []
        yield match[2], KINDS[match[1]], meaning, set(names)
    for match in re.finditer(r"# HELP (\w+) (.*)\n\s*# TYPE \1 (\w+)", text):
        lines = re.findall(re.escape(match[1]) + r"(?:_\w+)?\{(.*)\}", text)
        names = set(re.findall(r"(\w+)=", " ".join(lines))) - {"le"}
        if "\\(name)" in " ".join(lines):
            names |= {"route", "upstream"}
        yield match[1], match[3], match[2], names


def metrics():
    """name → {kind, help, labels, where}; two places that name the same must agree on its kind."""
    found = {}
    for folder in ("Services", "Shared"):
        for path in sorted(glob.glob(os.path.join(ROOT, folder, "**", "*.swift"), recursive=True)):
            if os.path.join("Shared", "Telemetry") in path:
                continue
            where = "/".join(os.path.relpath(path, ROOT).split(os.sep)[:2])
            for name, kind, meaning, labels in found_in(path):
                one = found.setdefault(name, {"kind": kind, "help": meaning, "labels": set(), "where": set()})
                if one["kind"] != kind:
                    sys.exit(f"{name} is a {kind} in {where} and a {one['kind']} elsewhere")
                if one["help"] not in meaning:
                    one["help"] = one["help"] if len(one["help"]) < len(meaning) else meaning
                one["labels"] |= labels
                one["where"].add(where)
    return found


INTRODUCTION = """# Metrics

Written by `scripts/metrics-table` from the sources; do not edit. Each service tells its own at `/metrics` on its private
port (its port + 1000). Units stand in the names; labels are kinds and route templates, never ids: a service has 2,000 series at
most, however many people and paths there are (O20).

In Prometheus the label `job` is the service's name (the chart's ServiceMonitors set it), and `namespace` is the fleet. What
every replica measures of the same table (queues, outbox, storage) is read with `max`, what each has of its own with `sum`.

Alerts: [`helm/atelier/files/rules`](../helm/atelier/files/rules), with a [runbook](runbooks) each. Dashboards:
[`helm/atelier/files/dashboards`](../helm/atelier/files/dashboards).

## Promises

| promise | figure | measured as |
|---|---|---|
| availability of the gateway's own answers | 99.95 % | share of answers below 500 at the gateway, routes of `upstream="gateway"` |
| availability of user, storage | 99.9 % | the same, by the service behind the route |
| availability of project, media-worker, publisher, notifier, analytics | 99.8 % | the same |
| availability of ml-worker | 99.5 % | the same |
| signing in | 95 % in 0.5 s | at the gateway |
| making a project | 95 % in 1 s | in the service project |
| the gateway's own pages | 95 % in 10 ms | at the gateway |

Each is watched over two windows at once: 1 h and 5 min at 14.4 times the budget's pace (critical), 6 h and 30 min at 6 times, 3
days and 6 h at the pace itself (warning). What is not built (501) is nobody's failure.

## Metrics

| name | kind | labels | meaning | the question that it answers | from |
|---|---|---|---|---|---|
"""


def page():
    found = metrics()
    silent = sorted(set(found) - set(QUESTIONS))
    gone = sorted(set(QUESTIONS) - set(found))
    if silent or gone:
        sys.exit(f"scripts/lib/metrics.py: no question for {silent}; no metric for {gone}")
    rows = []
    for name, one in sorted(found.items()):
        labels = ", ".join(f"`{label}`" for label in sorted(one["labels"])) or "–"
        where = ", ".join(sorted(part.split("/")[1] for part in one["where"]))
        rows.append(f"| `{name}` | {one['kind']} | {labels} | {one['help']} | {QUESTIONS[name]} | {where} |")
    return INTRODUCTION + "\n".join(rows) + "\n"


def main(arguments):
    text = page()
    if arguments == ["--check"]:
        if not os.path.exists(PAGE) or open(PAGE).read() != text:
            sys.exit("deploy/METRICS.md is not what the sources say: run scripts/metrics-table")
        return
    with open(PAGE, "w") as f:
        f.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
