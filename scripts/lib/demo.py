"""The journey: from an empty installation to a published film, through the gateway only, as an ordinary client."""

import hashlib
import json
import os
import shutil
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from client import ApiError, Client, Events  # noqa: E402
from fleet import ROOT, Fleet, FleetError  # noqa: E402

FOLDER = os.path.join(ROOT, ".demo")
OUTPUT = os.path.join(FOLDER, "output")
MEDIA = os.path.join(ROOT, "Tests", "Media")
PHOTO, CLIP = "coffee.png", "meadow-20s.mp4"
BRIEF = """A quiet morning. Clouds drift over the valley while the first light comes up. \
The meadow wakes slowly, and the grass is still wet. A brook runs past the old tree and does not hurry. \
High on a branch a bird begins to sing. Back at home a cup of coffee is waiting, warm and dark. \
Take the morning as it comes."""

BOLD, DIM, GREEN, RESET = ("\033[1m", "\033[2m", "\033[32m", "\033[0m") if sys.stdout.isatty() else ("",) * 4


class Steps:
    """Prints what happens, and how long each step took."""

    def __init__(self):
        self.taken, self.began = [], time.monotonic()

    def __call__(self, title):
        self.close()
        self.title, self.at = title, time.monotonic()
        print(f"\n{BOLD}▸ {title}{RESET}", flush=True)

    def close(self):
        if getattr(self, "title", None):
            self.taken.append((self.title, time.monotonic() - self.at))
            self.title = None


def show(text):
    print("  " + text.replace("\n", "\n  "), flush=True)


def human(count):
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def upload_in_pieces(client, path, project):
    """tus in three pieces; the second is cut in the middle and resumed where the service says."""
    with open(path, "rb") as f:
        data = f.read()
    location = client.tus_create(len(data), os.path.basename(path), "video/mp4", project)
    third = len(data) // 3
    offset, _ = client.tus_patch(location, 0, data[:third])
    show(f"piece 1: {human(offset)} of {human(len(data))}")
    client.tus_patch_cut(location, offset, data[third:2 * third], third // 2)
    offset, _ = client.tus_head(location)
    show(f"piece 2: the connection was cut; the service has {human(offset)}, so it goes on from there")
    offset, _ = client.tus_patch(location, offset, data[offset:2 * third])
    offset, headers = client.tus_patch(location, offset, data[offset:])
    asset = headers.get("upload-asset-id") or client.tus_head(location)[1]["upload-asset-id"]
    show(f"piece 3: complete, asset {asset}")
    return asset


def progress_line(event, value):
    """One line of live progress, as the event stream tells it."""
    percent, eta = value.get("progress"), value.get("etaMs")
    name = value.get("kind") or value.get("stepId") or value.get("workflowId") or event
    text = f"{DIM}{event:<22}{RESET} {name:<12} {value.get('status', ''):<10}"
    if percent is not None:
        text += f" {percent:>3} %"
    if eta:
        text += f"  about {eta / 1000:.0f} s left"
    return text


def connect_account(client, fleet):
    """OAuth2 with PKCE at the sandbox's network, as a browser would: ask, agree, come back."""
    started = client.post("/social-accounts", {"platform": "sandbox"})
    url = started["authorizationUrl"] + "&approve=true"

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None
    try:
        answer = urllib.request.build_opener(Stay).open(url, timeout=10)
        target = answer.headers.get("Location")
    except urllib.error.HTTPError as error:
        target = error.headers.get("Location")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
    account = client.post("/social-accounts/callback", {"code": query["code"], "state": query["state"]})
    show(f"account {account['username']} on {account['platform']}")
    return account["id"]


def save(client, asset, name):
    status, _, data = client.raw("GET", f"/api/v1/assets/{asset}/content")
    if status != 200:
        raise ApiError("GET", f"/assets/{asset}/content", status, data)
    path = os.path.join(OUTPUT, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def span_tree(fleet, trace):
    """The spans of a trace as the collector in the sandbox has them, as a tree."""
    with urllib.request.urlopen(f"{fleet.sandbox_url}/traces/{trace}", timeout=10) as answer:
        spans = json.load(answer)["spans"]
    children = {}
    known = {span["spanId"] for span in spans}
    for span in spans:
        parent = span.get("parentSpanId")
        children.setdefault(parent if parent in known else None, []).append(span)
    lines = []

    def walk(span, depth):
        millis = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e6
        lines.append(f"{'  ' * depth}{span['service']} {DIM}{span['name']}{RESET} {millis:.0f} ms")
        for child in sorted(children.get(span["spanId"], []), key=lambda s: int(s["startTimeUnixNano"])):
            walk(child, depth + 1)
    for root in sorted(children.get(None, []), key=lambda s: int(s["startTimeUnixNano"])):
        walk(root, 0)
    return lines, {span["service"] for span in spans}


def journey(fleet, step, client=None):
    client = client or Client(fleet.url)
    step("Register, sign in, make a project")
    client.register()
    project = client.post("/projects", {"title": "One morning", "type": "video"})
    show(f"user {client.user['username']}, project {project['id']}")

    shown = {}

    def on_event(event, value):
        key = (event, value.get("workId") or value.get("stepId") or value.get("assetId"))
        stamp = (value.get("status"), (value.get("progress") or 0) // 25)
        if shown.get(key) != stamp and event in ("WorkChanged", "RunChanged", "RenditionCreated"):
            shown[key] = stamp
            show(progress_line(event, value))
    events = Events(client, on_event)
    events.start()
    events.connected.wait(10)

    step("Upload a photograph in one shot, a clip by tus in three pieces")
    photo = client.upload(os.path.join(MEDIA, PHOTO), project["id"], "image/png")["id"]
    show(f"{PHOTO} → asset {photo}")
    clip = upload_in_pieces(client, os.path.join(MEDIA, CLIP), project["id"])

    step("Probe, thumbnails, waveform, proxy, HLS")
    ended = ("succeeded", "failed", "cancelled")
    jobs = client.wait(lambda: client.get(f"/jobs?projectId={project['id']}&limit=100")["items"],
                       lambda jobs: len(jobs) >= 7 and all(job["status"] in ended for job in jobs), 300)
    broken = [job for job in jobs if job["status"] != "succeeded"]
    if broken:
        raise FleetError(f"jobs failed: {json.dumps(broken)[:1500]}")
    for asset in (photo, clip):
        names = [r["name"] for r in client.get(f"/assets/{asset}/renditions")["items"]]
        tops = sorted({n if not n.startswith("hls/") else "hls/…" for n in names})
        show(f"{asset[:8]}…: {len(names)} renditions: {', '.join(tops)}")

    step("Connect an account of the sandbox's network (OAuth2 with PKCE)")
    account = connect_account(client, fleet)

    step("Make the film, publish it")
    run = client.post("/workflows/film/runs", {"projectId": project["id"], "input": {
        "brief": BRIEF, "assetIds": [photo, clip], "accountIds": [account]}})
    run = client.wait(lambda: client.run(run["id"]), lambda r: r["status"] in ended, 900)
    if run["status"] != "succeeded":
        raise FleetError(f"the run ended as {run['status']}: {json.dumps(run)[:3000]}")
    film = save(client, run["outputs"]["film"], "film.mp4")
    srt = save(client, run["outputs"]["captionsSrt"], "captions.srt")
    save(client, run["outputs"]["captionsVtt"], "captions.vtt")
    timings = [f"{s['id']} {duration(s):.1f} s" for s in run["steps"] if s.get("startedAt") and s.get("endedAt")]
    show("; ".join(timings))

    step("Notice: the mail, the post, its views")
    publications = client.get(f"/publications?projectId={project['id']}")["items"]
    target = publications[0]["targets"][0]
    for _ in range(3):
        urllib.request.urlopen(target["postUrl"], timeout=10).read()
    metrics = client.wait(lambda: client.get(f"/analytics/metrics?projectId={project['id']}"),
                          lambda m: m.get("views", 0) > 0, 60, 0.5)
    show(f"analytics: {metrics['events']} events counted; the post has {metrics['views']} views")
    notes = client.get("/notifications")["items"]
    show(f"{len(notes)} notifications, newest: {notes[0]['title'] if notes else '–'}")
    link = client.post(f"/assets/{run['outputs']['film']}/links", {})["url"]
    sheet = os.path.join(OUTPUT, "contact-sheet.jpg")
    status, _, data = client.raw("GET", f"/api/v1/assets/{run['outputs']['film']}/renditions/contact-sheet")
    if status == 200:
        with open(sheet, "wb") as f:
            f.write(data)
    events.close()
    step.close()
    return dict(film=film, srt=srt, sheet=sheet, link=link, target=target, run=run, project=project,
                publication=publications[0], client=client, events=len(events.events))


def duration(step):
    def at(text):
        main, fraction = text.rstrip("Z").split(".")
        return time.mktime(time.strptime(main, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)
    return at(step["endedAt"]) - at(step["startedAt"])


def show_result(fleet, result, step):
    print(f"\n{BOLD}{GREEN}The film is made and published.{RESET}")
    with open(result["film"], "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    show(f"film           {result['film']}  ({human(os.path.getsize(result['film']))}, sha256 {digest[:16]}…)")
    show(f"captions       {result['srt']}")
    show(f"contact sheet  {result['sheet']}")
    show(f"signed link    {result['link']}")
    show(f"post           {result['target']['postUrl']}")
    show(f"sandbox        {fleet.sandbox_url}/")
    rows = fleet.postgres.sql(
        "SELECT platform, status, post_id FROM publisher.ledger ORDER BY created_at").strip().replace("\t", "  ")
    show(f"ledger         {rows}")
    trace = result["run"].get("traceId")
    if trace:
        lines, services = span_tree(fleet, trace)
        show(f"trace          {trace}: {len(lines)} spans over {len(services)} services")
        for line in lines[:40]:
            show("  " + line)
        if len(lines) > 40:
            show(f"  … and {len(lines) - 40} more")
    print(f"\n{BOLD}Seconds{RESET}")
    for title, seconds in step.taken:
        show(f"{seconds:7.1f}  {title}")


def start_again():
    """Starts the fleet of an earlier --keep with the data that it had, or that a restore brought back."""
    if not os.path.exists(os.path.join(FOLDER, "secrets.json")):
        print("✗ there is no fleet to start: scripts/demo --keep makes one", file=sys.stderr)
        return 1
    Fleet.stop_noted(FOLDER)
    fleet = Fleet(FOLDER, gateway_port=int(os.environ.get("PORT", "8080")), environment={"RATE_LIMIT_SCALE": "10"})
    try:
        fleet.start()
    except FleetError as error:
        fleet.stop()
        print(f"✗ {error}", file=sys.stderr)
        return 1
    print(f"{fleet.table()}\nThe fleet is running: {fleet.url}/   Stop it: scripts/demo --stop")
    return 0


def main(arguments):
    if arguments == ["--stop"]:
        print("stopped" if Fleet.stop_noted(FOLDER) else "nothing was running")
        return 0
    if arguments == ["--start"]:
        return start_again()
    keep = "--keep" in arguments
    if Fleet.stop_noted(FOLDER):
        print("stopped the fleet that an earlier call left running")
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(OUTPUT)
    fleet = Fleet(FOLDER, gateway_port=int(os.environ.get("PORT", "8080")) if keep else None,
                  environment={"RATE_LIMIT_SCALE": "10"})
    fleet.postgres.wipe()
    step = Steps()
    failed = True
    try:
        step("Start Postgres, the sandbox and the nine services")
        fleet.start()
        show(fleet.table())
        result = journey(fleet, step)
        show_result(fleet, result, step)
        failed = False
    except (ApiError, FleetError, TimeoutError, OSError, KeyError) as error:
        print(f"\n✗ {error}\n  logs: {fleet.folder}/log", file=sys.stderr)
    finally:
        if failed or not keep:
            fleet.stop()
            if not failed:
                os.path.exists(os.path.join(FOLDER, "fleet.json")) and os.remove(os.path.join(FOLDER, "fleet.json"))
                print(f"\n{DIM}Stopped. `scripts/demo --keep` leaves it running, to open the links.{RESET}")
    if keep and not failed:
        print(f"\nThe fleet is running: {fleet.url}/  (API document: {fleet.url}/docs)")
        print("Talk to it:   curl -s -X POST -H 'Content-Type: application/json' "
              f"{fleet.url}/api/v1/auth/register \\\n                -d "
              "'{\"email\":\"you@example.org\",\"username\":\"you\",\"password\":\"a long enough secret\"}'")
        print(f"Its sandbox:  {fleet.sandbox_url}/\nIts logs:     {fleet.folder}/log\nStop it:      scripts/demo --stop")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
