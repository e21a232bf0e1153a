"""Writes the Grafana dashboards of the chart (helm/atelier/files/dashboards) from the short descriptions below.

    scripts/dashboards [--check]

A panel is (title, unit, [(expression, legend), …]) and stands in a row; a row with `repeat` comes once for each value of a
variable. Every expression is judged by O19: Prometheus must read it, and the fleet must expose what it names.
"""

import json
import os
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FOLDER = os.path.join(ROOT, "helm", "atelier", "files", "dashboards")
SERVICES = "gateway|user|project|storage|media-worker|ml-worker|publisher|notifier|analytics"
NS = 'namespace=~"$namespace"'
RATE = "[$__rate_interval]"


def rate(metric, labels="", by=""):
    inside = ",".join(part for part in (NS, labels) if part)
    return f"sum{' by (' + by + ')' if by else ''} (rate({metric}{{{inside}}}{RATE}))"


def p(quantile, metric, labels="", by=""):
    inside = ",".join(part for part in (NS, labels) if part)
    by = f"{by}, le" if by else "le"
    return f"histogram_quantile({quantile}, sum by ({by}) (rate({metric}_bucket{{{inside}}}{RATE})))"


def top(metric, by, labels="", how="max"):
    inside = ",".join(part for part in (NS, labels) if part)
    return f"{how} by ({by}) ({metric}{{{inside}}})"


DOOR = 'upstream!~"none|"'
ONE = 'job="$service"'
FIRING = ("Alerts that fire", "short", [('sum by (alertname, severity) (ALERTS{alertstate="firing",alertname=~"Atelier.*"})',
                                         "{{alertname}} {{severity}}")])

BOARDS = {
    "fleet": ("Atelier: the fleet", [], [
        ("Is anybody hurt?", [
            ("Requests by service", "reqps", [(rate("http_server_requests_total", DOOR, "upstream"), "{{upstream}}")]),
            ("Failed requests (5xx), share", "percentunit", [
                (rate("http_server_requests_total", DOOR + ',status="5xx"', "upstream") + " / "
                 + rate("http_server_requests_total", DOOR, "upstream"), "{{upstream}}")]),
            ("Answer time, p95", "s", [(p(0.95, "http_server_request_duration_seconds", DOOR, "upstream"), "{{upstream}}")]),
            FIRING]),
        ("Promises", [
            ("Pace at which the error budget burns (1 is just kept)", "short", [
                ("atelier:requests_failed:ratio_rate1h / on (upstream) group_left () (1 - atelier:availability:objective)",
                 "{{upstream}}")]),
            ("Failed in three days, share", "percentunit", [("atelier:requests_failed:ratio_rate3d", "{{upstream}}")]),
            ("Late answers in the last hour, share", "percentunit", [("atelier:requests_slow:ratio_rate1h", "{{slo}}")])]),
        ("Processes", [
            ("Replicas that answer", "short", [(f'sum by (job) (up{{{NS},job=~"{SERVICES}"}})', "{{job}}")]),
            ("Versions", "short", [("count by (service, version) (atelier_build_info{" + NS + "})", "{{service}} {{version}}")]),
            ("Processor", "short", [(rate("process_cpu_seconds_total", f'job=~"{SERVICES}"', "job"), "{{job}}")]),
            ("Memory", "bytes", [(top("process_resident_memory_bytes", "job", f'job=~"{SERVICES}"', "sum"), "{{job}}")]),
            ("Circuits that are open", "short", [(top("gateway_upstream_circuit_open", "upstream"), "{{upstream}}")]),
            ("Clients at the gateway", "short", [(top("gateway_client_connections", "instance"), "{{instance}}")])]),
    ]),
    "service": ("Atelier: one service", ["service"], [
        ("Requests", [
            ("Requests by route", "reqps", [(rate("http_server_requests_total", ONE, "method, route"), "{{method}} {{route}}")]),
            ("Answers by status", "reqps", [(rate("http_server_requests_total", ONE, "status"), "{{status}}")]),
            ("Answer time by route, p95", "s", [
                (p(0.95, "http_server_request_duration_seconds", ONE, "method, route"), "{{method}} {{route}}")]),
            ("In hand", "short", [(top("http_server_active_requests", "server", ONE, "sum"), "{{server}}"),
                                  (top("http_server_open_connections", "server", ONE, "sum"), "connections {{server}}")])]),
        ("Events", [
            ("Handled, by type", "ops", [(rate("event_handling_seconds_count", ONE, "type, outcome"), "{{type}} {{outcome}}")]),
            ("Time of handlers, p95", "s", [(p(0.95, "event_handling_seconds", ONE, "type"), "{{type}}")]),
            ("Behind, by topic", "s", [(top("kafka_consumer_lag_seconds", "topic", ONE), "{{topic}}")]),
            ("Outbox", "s", [(top("outbox_oldest_age_seconds", "job", ONE), "oldest")])]),
        ("Database", [
            ("Connections", "short", [(top("postgres_pool_connections", "state", ONE, "sum"), "{{state}}"),
                                      (top("postgres_pool_size", "job", ONE, "sum"), "may have")]),
            ("Wait for a connection, p95", "s", [(p(0.95, "postgres_pool_wait_seconds", ONE), "p95")])]),
        ("Process", [
            ("Processor", "short", [(rate("process_cpu_seconds_total", ONE, "instance"), "{{instance}}")]),
            ("Memory", "bytes", [(top("process_resident_memory_bytes", "instance", ONE), "{{instance}}")]),
            ("Open files", "short", [(top("process_open_fds", "instance", ONE), "{{instance}}")]),
            ("Running for", "s", [("time() - " + top("process_start_time_seconds", "instance", ONE), "{{instance}}")])]),
    ]),
    "messaging": ("Atelier: messaging", [], [
        ("Going out", [
            ("Published", "ops", [(rate("outbox_published_total", "", "job"), "{{job}}")]),
            ("Waiting in the outbox", "short", [(top("outbox_waiting", "job"), "{{job}}")]),
            ("Oldest in the outbox", "s", [(top("outbox_oldest_age_seconds", "job"), "{{job}}")]),
            ("Refused by Kafka, and sent again to another cluster", "ops", [
                (rate("outbox_refused_total", "", "job"), "refused {{job}}")])]),
        ("Coming in", [
            ("Behind, records", "short", [(top("kafka_consumer_lag_records", "job, topic", "", "sum"), "{{job}} {{topic}}")]),
            ("Behind, time", "s", [(top("kafka_consumer_lag_seconds", "job, topic"), "{{job}} {{topic}}")]),
            ("Taken", "ops", [(rate("events_consumed_total", 'outcome="taken"', "job"), "{{job}}")]),
            ("Age of events when handled, p95", "s", [(p(0.95, "event_age_seconds", "", "job"), "{{job}}")])]),
        ("What fails", [
            ("Failed handlings", "ops", [(rate("event_handling_seconds_count", 'outcome="failed"', "job, type"), "{{job}} {{type}}")]),
            ("Waiting to be tried again", "short", [(top("events_parked", "job"), "{{job}}")]),
            ("Given up", "ops", [(rate("events_consumed_total", 'outcome="dead"', "job, topic"), "{{job}} {{topic}}")]),
            ("Dead letters", "short", [(top("dead_letters", "job, topic"), "{{job}} {{topic}}")])]),
    ]),
    "jobs": ("Atelier: jobs and agents", [], [
        ("Jobs", [
            ("Waiting", "short", [(top("job_queue_size", "job, kind", 'status="pending"'), "{{job}} {{kind}}")]),
            ("Running", "short", [(top("job_queue_size", "job, kind", 'status="running"'), "{{job}} {{kind}}")]),
            ("Oldest that waits", "s", [(top("job_oldest_wait_seconds", "job, kind"), "{{job}} {{kind}}")]),
            ("Ended, by outcome", "ops", [(rate("job_duration_seconds_count", "", "job, outcome"), "{{job}} {{outcome}}")]),
            ("Time of work, p95", "s", [(p(0.95, "job_duration_seconds", "", "kind"), "{{kind}}")]),
            ("Taken from dead workers", "ops", [(rate("job_lease_takeovers_total", "", "job, kind"), "{{job}} {{kind}}")])]),
        ("Agents", [
            ("Failed tries among the last hundred", "percentunit", [(top("agent_error_rate", "agent"), "{{agent}}")]),
            ("Calls to providers", "ops", [
                (rate("provider_call_duration_seconds_count", "", "provider, capability, outcome"),
                 "{{provider}} {{capability}} {{outcome}}")]),
            ("Time of calls, p95", "s", [
                (p(0.95, "provider_call_duration_seconds", "", "provider, capability"), "{{provider}} {{capability}}")])]),
        ("Whole runs", [
            ("Under way", "short", [(top("pipeline_running", "job"), "runs")]),
            ("Oldest under way", "s", [(top("pipeline_oldest_seconds", "job"), "oldest")]),
            ("From start to end, p95", "s", [(p(0.95, "pipeline_duration_seconds", "", "workflow"), "{{workflow}}")]),
            ("Steps answered with an earlier result", "ops", [(rate("workflow_cache_hits_total", "", "agent"), "{{agent}}")])]),
    ]),
    "media": ("Atelier: media and storage", [], [
        ("Work on media", [
            ("Renders, edits and transcodes that wait", "short", [(top("render_queue_size", "job"), "waiting")]),
            ("Jobs ended, by kind", "ops", [
                (rate("job_duration_seconds_count", 'job="media-worker"', "kind, outcome"), "{{kind}} {{outcome}}")]),
            ("Time of work by kind, p50 and p95", "s", [
                (p(0.5, "job_duration_seconds", 'job="media-worker"', "kind"), "p50 {{kind}}"),
                (p(0.95, "job_duration_seconds", 'job="media-worker"', "kind"), "p95 {{kind}}")])]),
        ("What is stored", [
            ("Stored", "bytes", [(top("storage_usage_bytes", "job"), "assets and renditions")]),
            ("Disk used, share", "percentunit", [
                (f"1 - max by (instance) (storage_disk_free_bytes{{{NS}}} / storage_disk_size_bytes{{{NS}}})", "{{instance}}")]),
            ("Quota used by the fullest workspace", "percentunit", [(top("storage_quota_used_ratio", "job"), "fullest")]),
            ("Uploads under way", "short", [(top("storage_uploads_open", "job"), "uploads")]),
            ("Announced by uploads under way", "bytes", [(top("storage_uploads_open_bytes", "job"), "bytes")])]),
        ("Up and down", [
            ("Requests for content and uploads", "reqps", [
                (rate("http_server_requests_total", 'job="storage"', "method, route"), "{{method}} {{route}}")]),
            ("Refused", "reqps", [(rate("http_server_requests_total", 'job="storage",status=~"4..|5.."', "status"), "{{status}}")])]),
    ]),
    "publishing": ("Atelier: publishing and telling", [], [
        ("Posts", [
            ("Tries by outcome", "ops", [(rate("publish_attempts_total", "", "platform, outcome"), "{{platform}} {{outcome}}")]),
            ("Share that ends with a post", "percentunit", [
                (rate("publish_attempts_total", 'outcome="confirmed"', "platform") + " / "
                 + rate("publish_attempts_total", "", "platform"), "{{platform}}")]),
            ("Lateness of the first try, p95", "s", [(p(0.95, "publish_lateness_seconds", "", "platform"), "{{platform}}")])]),
        ("Telling people", [
            ("Mails", "ops", [(rate("mail_tries_total", "", "outcome"), "{{outcome}}")]),
            ("Webhooks", "ops", [(rate("webhook_tries_total", "", "outcome"), "{{outcome}}")]),
            ("Open live streams", "short", [(top("live_streams", "instance"), "{{instance}}")])]),
    ]),
    "business": ("Atelier: what people do", [], [
        ("In the last 24 hours", [
            ("Accounts made", "short", [
                (f'sum (increase(http_server_requests_total{{{NS},job="user",route="/api/v1/auth/register",status="201"}}[24h]))', "accounts")]),
            ("Projects made", "short", [
                (f'sum (increase(http_server_requests_total{{{NS},job="project",method="POST",route="/api/v1/projects",status="201"}}[24h]))', "projects")]),
            ("Uploads", "short", [
                (f'sum (increase(http_server_requests_total{{{NS},job="storage",method="POST",route=~"/api/v1/(assets|uploads)",status="201"}}[24h]))', "uploads")]),
            ("Films that succeeded", "short", [
                (f'sum (increase(pipeline_duration_seconds_count{{{NS},workflow=~"film.*",status="succeeded"}}[24h]))', "films")]),
            ("Posts", "short", [(f'sum (increase(publish_attempts_total{{{NS},outcome="confirmed"}}[24h]))', "posts")])]),
        ("Over time", [
            ("Runs by workflow and end", "ops", [(rate("pipeline_duration_seconds_count", "", "workflow, status"), "{{workflow}} {{status}}")]),
            ("Stored", "bytes", [(top("storage_usage_bytes", "job"), "bytes")]),
            ("People who sign in", "reqps", [
                (rate("http_server_requests_total", 'job="user",route="/api/v1/auth/login"', "status"), "{{status}}")]),
            ("What may be an attack", "ops", [(rate("security_events_total", "", "kind"), "{{kind}}")])]),
    ]),
}


def panel(number, title, unit, targets, x, y, width):
    return {
        "id": number, "type": "timeseries", "title": title,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"x": x, "y": y, "w": width, "h": 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [{"refId": chr(65 + i), "expr": expression, "legendFormat": legend,
                     "datasource": {"type": "prometheus", "uid": "${datasource}"}}
                    for i, (expression, legend) in enumerate(targets)],
    }


def variable(name, label, query, every):
    return {
        "name": name, "label": label, "type": "query", "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": {"query": query, "refId": name}, "definition": query, "refresh": 2, "sort": 1,
        "includeAll": every, "multi": every, "allValue": ".*" if every else None, "current": {}, "options": [], "hide": 0}


def board(name, title, more, rows):
    """The document of one dashboard."""
    panels, number, y = [], 1, 0
    for row, parts in rows:
        panels.append({"id": number, "type": "row", "title": row, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})
        number, y = number + 1, y + 1
        columns = 3 if len(parts) in (3, 5, 6) else 2 if len(parts) < 3 else 4
        for index, (head, unit, targets) in enumerate(parts):
            width = 24 // columns
            panels.append(panel(number, head, unit, targets, index % columns * width, y + index // columns * 8, width))
            number += 1
        y += (len(parts) + columns - 1) // columns * 8
    variables = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {},
         "options": [], "hide": 0, "refresh": 1},
        variable("namespace", "Namespace", "label_values(atelier_build_info, namespace)", True)]
    if "service" in more:
        variables.append(variable("service", "Service", "label_values(atelier_build_info, job)", False))
    return {
        "uid": f"atelier-{name}", "title": title, "tags": ["atelier"], "schemaVersion": 38, "version": 1, "editable": True,
        "timezone": "browser", "refresh": "30s", "time": {"from": "now-3h", "to": "now"}, "graphTooltip": 1,
        "templating": {"list": variables}, "panels": panels, "annotations": {"list": []},
        "links": [{"title": "Atelier", "type": "dashboards", "tags": ["atelier"], "asDropdown": True, "keepTime": True,
                   "includeVars": True}]}


def main(arguments):
    stale = []
    os.makedirs(FOLDER, exist_ok=True)
    for name, (title, more, rows) in BOARDS.items():
        text = json.dumps(board(name, title, more, rows), indent=1, ensure_ascii=False) + "\n"
        path = os.path.join(FOLDER, name + ".json")
        if arguments == ["--check"]:
            if not os.path.exists(path) or open(path).read() != text:
                stale.append(name)
        else:
            with open(path, "w") as f:
                f.write(text)
    if stale:
        sys.exit(f"dashboards are not what scripts/lib/dashboards.py says: {', '.join(stale)}: run scripts/dashboards")


if __name__ == "__main__":
    main(sys.argv[1:])
