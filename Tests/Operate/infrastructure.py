"""Terraform without a cloud: its own tests with mocks, and plans by the real provider that asks nobody.

A machine that cannot reach the registry needs a folder with the provider: `TF_PLUGIN_DIR` names it, or it lies where
such folders usually lie.
"""

import atexit
import functools
import glob
import http.server
import json
import os
import re
import shutil
import subprocess
import threading

from checks import ROOT, RUN, missing

SOURCE = os.path.join(ROOT, "terraform")
COPY = os.path.join(RUN, "terraform")
# What the stub of Secrets Manager draws; it must be in no plan.
CANARY = "canary7fP2mQ9xK4"
SETTINGS = {
    "account_id": "111122223333", "owner": "operations", "public_name": "atelier.example.org",
    "certificate_arn": "arn:aws:acm:eu-west-3:111122223333:certificate/0",
    "admin_role_arns": '["arn:aws:iam::111122223333:role/admin"]',
    "cache_auth_token": "0123456789abcdef0123456789abcdef",
}
OFFLINE_ENVIRONMENT = {"TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1",
                       "AWS_EC2_METADATA_DISABLED": "true"}
# The provider as it plans without an account: nothing is asked but the stub.
OFFLINE = """
terraform {
  backend "local" {}
}

provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  allowed_account_ids         = []
  endpoints {
    secretsmanager = "%s"
  }
}
"""


class SecretsStub(http.server.BaseHTTPRequestHandler):
    """Secrets Manager, as far as it draws passwords."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"RandomPassword": CANARY}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def terraform(folder, *arguments, accept=(0,)):
    """What terraform printed; an exit code that is not accepted is a failure with its text."""
    program = shutil.which("terraform")
    if not program:
        missing("terraform is not installed (1.11 or newer)")
    environment = {**os.environ, **OFFLINE_ENVIRONMENT}
    # It can be told its settings once, so that each plan needs one of its own.
    if arguments[0] in ("validate", "test", "show"):
        environment.update(provider())
    # A machine under load may not start the provider in the time that Terraform gives it: that says nothing of ours.
    for _ in range(3):
        done = subprocess.run([program, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode == 0 or "Failed to load plugin schemas" not in done.stdout + done.stderr:
            break
    assert done.returncode in accept, f"terraform {' '.join(arguments[:2])}: {(done.stdout + done.stderr)[-2000:]}"
    return done.stdout


@functools.cache
def provider():
    """The provider as one process for all calls, by the environment that tells Terraform of it. By itself Terraform would start
    it for each run of each test, and most of the time would go into that. Nothing, where it does not say that it is there."""
    found = plugins() and glob.glob(plugins() + "/registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws_*")
    if not found:
        return {}
    os.makedirs(RUN, exist_ok=True)
    process = subprocess.Popen([sorted(found)[-1], "-debug"], cwd=RUN, env={**os.environ, **OFFLINE_ENVIRONMENT},
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    atexit.register(process.kill)
    for line in process.stdout:
        if match := re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line):
            # Its further words are read by somebody, or it would wait for that.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return {"TF_REATTACH_PROVIDERS": match[1]}
    return {}


@functools.cache
def copy():
    """A copy of terraform/ that may be written to."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(SOURCE, COPY, ignore=shutil.ignore_patterns(".terraform", "*.lock.hcl", "*.tfstate*"))
    return COPY


def examples():
    """The examples' names."""
    return sorted(os.listdir(os.path.join(SOURCE, "examples")))


@functools.cache
def plugins():
    """A folder that holds the provider; None where there is none, and the registry is asked."""
    named = os.environ.get("TF_PLUGIN_DIR")
    usual = [os.path.expanduser("~/.terraform.d/plugins"), "/usr/local/share/terraform/plugins",
             "/usr/share/terraform/plugins", *sorted(glob.glob("/opt/*"))]
    return named or next((p for p in usual if os.path.isdir(p + "/registry.terraform.io/hashicorp/aws")), None)


@functools.cache
def ready(folder=".", backend=False):
    """The folder of the copy, with providers and modules in it."""
    path = os.path.join(copy(), folder)
    arguments = ["-input=false", "-no-color"] + ([] if backend else ["-backend=false"])
    arguments += [f"-plugin-dir={plugins()}"] if plugins() else []
    try:
        terraform(path, "init", *arguments)
    except AssertionError as error:
        if plugins() or "registry.terraform.io" not in str(error):
            raise
        missing("the provider cannot be fetched: set TF_PLUGIN_DIR to a folder that has it")
    return path


def _tested(*arguments):
    """Lines of `terraform test`; an assertion that failed is a failure here."""
    said = terraform(ready(), "test", "-json", *arguments, accept=(0, 1))
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    faults = [line["diagnostic"] for line in lines if line["type"] == "diagnostic" and
              line["diagnostic"]["severity"] == "error"]
    assert not faults, [f"{f['summary']}: {f['detail']}" for f in faults][:5]
    return lines


@functools.cache
def outputs():
    """Outputs of all modules together, with mocks: (lines, output → value)."""
    # The whole state is printed; other tests need not be.
    lines = _tested("-verbose", "-filter=tests/values.tftest.hcl")
    state = next(line["test_state"] for line in lines if line["type"] == "test_state")
    return lines, {name: output["value"] for name, output in state["outputs"].items()}


@functools.cache
def tests():
    """What `terraform test` said of all files: (runs that passed, runs, assertions)."""
    folder = os.path.join(SOURCE, "tests")
    files = sorted(name for name in os.listdir(folder) if name.endswith(".tftest.hcl"))
    lines = outputs()[0] + _tested(*(f"-filter=tests/{name}" for name in files if name != "values.tftest.hcl"))
    passed = total = 0
    for summary in (line["test_summary"] for line in lines if line["type"] == "test_summary"):
        passed += summary["passed"]
        total += summary["passed"] + summary["failed"] + summary["errored"] + summary["skipped"]
    assertions = 0
    for name in files:
        with open(os.path.join(folder, name)) as f:
            assertions += len(re.findall(r"^  assert \{", f.read(), re.M))
    return passed, total, assertions


@functools.cache
def plan(example):
    """(path of the plan as JSON, the plan) of an example, made by the real provider."""
    path = os.path.join(copy(), "examples", example)
    stub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SecretsStub)
    threading.Thread(target=stub.serve_forever, daemon=True).start()
    try:
        with open(os.path.join(path, "offline_override.tf"), "w") as f:
            f.write(OFFLINE % f"http://127.0.0.1:{stub.server_address[1]}")
        ready(os.path.join("examples", example), backend=True)
        with open(os.path.join(path, "variables.tf")) as f:
            known = re.findall(r'^variable "(\w+)"', f.read(), re.M)
        given = [f"-var={name}={value}" for name, value in SETTINGS.items() if name in known]
        terraform(path, "plan", "-refresh=false", "-input=false", "-no-color", "-out=plan.bin", *given)
        text = terraform(path, "show", "-json", "plan.bin")
    finally:
        stub.shutdown()
        stub.server_close()
    name = os.path.join(RUN, f"plan-{example}.json")
    with open(name, "w") as f:
        f.write(text)
    return name, json.loads(text)


def with_known_keys(made):
    """The plan, with an ARN where a key is given that will be made by the same plan: for judges that read what is not known
    yet as not given."""
    given = {}

    def collect(module, path):
        for resource in module.get("resources", []):
            given[path + resource["address"]] = resource.get("expressions", {})
        for name, call in module.get("module_calls", {}).items():
            collect(call["module"], f"{path}module.{name}.")
    collect(made["configuration"]["root_module"], "")

    def walk(module):
        for resource in module.get("resources", []):
            expressions = given.get(re.sub(r"\[[^]]*\]", "", resource["address"]), {})
            for name in expressions:
                if "kms_key" in name and resource.get("values", {}).get(name) is None:
                    resource["values"][name] = "arn:aws:kms:eu-west-3:111122223333:key/made-by-the-same-plan"
        for child in module.get("child_modules", []):
            walk(child)
    walk(made["planned_values"]["root_module"])
    for change in made["resource_changes"]:
        expressions = given.get(re.sub(r"\[[^]]*\]", "", change["address"]), {})
        after = change["change"].get("after") or {}
        after.update({name: "arn:aws:kms:eu-west-3:111122223333:key/made-by-the-same-plan"
                      for name in expressions if "kms_key" in name and after.get(name) is None})
    return made


def planned(example):
    """Everything that the plan makes: (address, type, values)."""
    found = []

    def walk(module):
        found.extend((r["address"], r["type"], r.get("values", {})) for r in module.get("resources", [])
                     if r["mode"] == "managed")
        for child in module.get("child_modules", []):
            walk(child)
    walk(plan(example)[1]["planned_values"]["root_module"])
    return found
