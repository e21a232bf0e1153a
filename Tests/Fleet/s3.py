"""S3Proxy, which checks signatures, and boto3, as it comes from PyPI, that looks into the same store.

`ATELIER_TEST_TOOLS` names the folder that has it."""

import os
import re
import subprocess
import time

from fleet import free_ports


class S3:
    """An S3 endpoint in a process of its own, and a stranger's client of it."""

    script = os.path.join(os.environ.get("ATELIER_TEST_TOOLS") or "/nowhere", "s3proxy", "s3proxy")

    @classmethod
    def is_here(cls):
        return os.access(cls.script, os.X_OK)

    def __init__(self, folder):
        import boto3
        from botocore.config import Config
        self.folder, (self.port,) = folder, free_ports(1)
        self.run("start", "--port", str(self.port), "--bucket", "atelier")
        self.client = boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id="atelier", aws_secret_access_key="atelier-secret",
            region_name="us-east-1", config=Config(
                s3={"addressing_style": "path"}, retries={"max_attempts": 1},
                # S3Proxy does not know the newer checksums.
                request_checksum_calculation="when_required", response_checksum_validation="when_required"))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self):
        """What storage has to be told."""
        return {"OBJECT_STORE": "s3", "S3_ENDPOINT": self.url, "S3_ACCESS_KEY": "atelier",
                "S3_SECRET_KEY": "atelier-secret"}

    def run(self, word, *more):
        subprocess.run([self.script, word, "--dir", self.folder, *more], check=True, stdout=subprocess.DEVNULL, timeout=60)

    def sweep(self):
        """Takes away what S3Proxy leaves where it dies, or who sends to it: the file of what it was just writing. It cannot list
        what lies beside that (500). While nobody writes."""
        for base, _, names in os.walk(os.path.join(self.folder, "data")):
            for name in names:
                if re.search(".-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", name):
                    os.remove(os.path.join(base, name))

    def start(self):
        self.sweep()
        self.run("start", "--port", str(self.port), "--bucket", "atelier")

    def patiently(self, look):
        """S3Proxy's lists are 500 now and then, where a file goes while they are made."""
        from botocore.exceptions import ClientError
        end = time.monotonic() + 30
        while True:
            try:
                return look()
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 500 or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def keys(self):
        """Every object: key → size; without S3Proxy's own marks of unfinished uploads, which have no folder."""
        def look():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="atelier")
            return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])
                    if "/" in item["Key"]}
        return self.patiently(look)

    def unfinished(self):
        found = self.patiently(lambda: self.client.list_multipart_uploads(Bucket="atelier"))
        return [(item["Key"], item["UploadId"]) for item in found.get("Uploads", [])]

    def read(self, key, part=None):
        more = {"Range": part} if part else {}
        return self.client.get_object(Bucket="atelier", Key=key, **more)["Body"].read()
