"""What a copy is made of: the schemas of the services in Postgres, and the objects of storage.

Where they are comes from the environment, or from the folder of a fleet that runs on this machine. Passwords reach psql
by its environment and never by a command line. Standard library only; the S3 store is reached by Debian's boto3.
"""

import os
import shutil
import subprocess
import tempfile
import urllib.parse

from fleet import SERVICES, Postgres

# service → its role and its schema (design: each service owns one; the gateway none).
OWNERS = {name: (role, "user_" if name == "user" else role.removeprefix("atelier_")) for name, _, role in SERVICES if role}
# psql's names for what a URL may carry.
PARAMETERS = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
              "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
              "connect_timeout": "PGCONNECT_TIMEOUT", "options": "PGOPTIONS", "target_session_attrs": "PGTARGETSESSIONATTRS"}
# Texts of values differ with these: both sides of a comparison set them.
PLAIN = ("SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; "
         "SET extra_float_digits = 1; ")


# What psql says after the last row of an answer.
END = "~~ end of the answer ~~"


class Fault(Exception):
    """Why it cannot be done, and the exit code that says so."""

    def __init__(self, text, code=1):
        super().__init__(text)
        self.code = code


SETTINGS, AWAY, BROKEN, NOTHING, TAKEN = 78, 69, 65, 66, 73


def setting(name, default=None):
    """A setting of the environment; `NAME_FILE` may name a file that holds it."""
    path = os.environ.get(name + "_FILE")
    if not path:
        return os.environ.get(name) or default
    try:
        with open(path) as f:
            return f.read().strip()
    except OSError as error:
        raise Fault(f"{name}_FILE: {error}", SETTINGS) from None


class Database:
    """One schema, and how its database is reached."""

    def __init__(self, service, url):
        self.service, self.url = service, url
        self.role, self.schema = OWNERS[service]
        self.environment = {**os.environ, "PGCONNECT_TIMEOUT": "10", "PGAPPNAME": "atelier-backup", **self._parts(url)}

    @staticmethod
    def _parts(url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("postgresql", "postgres"):
            raise Fault("a database is named by postgresql://user@host/database", SETTINGS)
        found = {"PGHOST": parts.hostname, "PGPORT": str(parts.port or ""), "PGDATABASE": parts.path.lstrip("/"),
                 "PGUSER": parts.username, "PGPASSWORD": parts.password}
        found = {key: urllib.parse.unquote(value) for key, value in found.items() if value}
        for key, value in urllib.parse.parse_qsl(parts.query):
            if key not in PARAMETERS:
                raise Fault(f"{key} is not known in a database's URL", SETTINGS)
            found[PARAMETERS[key]] = value
        return found

    def sql(self, text):
        """Runs statements and gives the rows of all, each a list of texts."""
        done = subprocess.run(["psql", "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1"], input=text, env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Fault(f"{self.schema}: {done.stderr.strip()[-600:]}", AWAY if done.returncode == 2 else 1)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def session(self):
        return Session(self)


class Session:
    """A connection that stays open, for what must live in one transaction."""

    def __init__(self, database):
        self.database, self.errors = database, tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["psql", "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1"], env=database.environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)

    def ask(self, text):
        """The rows of a statement, one by one."""
        try:
            self.process.stdin.write(text + f";\n\\echo {END}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        for line in self.process.stdout:
            if line == END + "\n":
                return
            yield line.rstrip("\n").split("\t")
        self.process.wait()
        self.errors.seek(0)
        raise Fault(f"{self.database.schema}: {self.errors.read().strip()[-600:]}", AWAY)

    def one(self, text):
        return list(self.ask(text))

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self.process.wait()
        self.errors.close()


class Files:
    """Objects in a folder, as storage keeps them."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "objects")
        self.name = f"folder {self.folder}"

    def size(self, key):
        """The bytes of an object; None where there is none."""
        try:
            return os.stat(os.path.join(self.folder, key)).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def open(self, key):
        return open(os.path.join(self.folder, key), "rb")

    def put(self, key, path, content_type):
        """Takes a file over: it is whole and durable under its key, or not there."""
        target = os.path.join(self.folder, key)
        self._make(os.path.dirname(target))
        # Beside the objects, on their file system: where nobody lists it.
        temporary = os.path.join(os.path.dirname(self.folder), ".restored")
        with open(path, "rb") as source, open(temporary, "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
        self._own(temporary)
        os.rename(temporary, target)
        folder = os.open(os.path.dirname(target), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _make(self, folder):
        if not os.path.isdir(folder):
            self._make(os.path.dirname(folder))
            os.mkdir(folder)
            self._own(folder)

    def _own(self, path):
        """As root: for whoever the folder above belongs to, or storage could not read it."""
        if os.getuid() == 0:
            above = os.stat(os.path.dirname(self.folder if os.path.isdir(self.folder) else path))
            os.chown(path, above.st_uid, above.st_gid)

    def is_empty(self):
        return not any(files for _, _, files in os.walk(self.folder))


class Bucket:
    """Objects in an S3 store."""

    def __init__(self):
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise Fault("python3-boto3 is not installed (deploy/packages)", SETTINGS) from None
        endpoint, secret = setting("S3_ENDPOINT"), setting("S3_SECRET_KEY")
        if not endpoint or not secret:
            raise Fault("OBJECT_STORE=s3 needs S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY", SETTINGS)
        self.bucket, self.errors = setting("S3_BUCKET", "atelier"), (BotoCoreError, ClientError)
        self.name = f"bucket {self.bucket} at {endpoint}"
        self.client = boto3.client(
            "s3", endpoint_url=endpoint, region_name=setting("S3_REGION", "us-east-1"),
            aws_access_key_id=setting("S3_ACCESS_KEY", ""), aws_secret_access_key=secret,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5, "mode": "standard"}))

    def _call(self, word, **more):
        try:
            return getattr(self.client, word)(Bucket=self.bucket, **more)
        except self.errors as error:
            if getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode") == 404 and "Key" in more:
                return None
            raise Fault(f"{self.name}: {error}", AWAY) from None

    def size(self, key):
        found = self._call("head_object", Key=key)
        return found and found["ContentLength"]

    def open(self, key):
        found = self._call("get_object", Key=key)
        if found is None:
            raise FileNotFoundError(key)
        return found["Body"]

    def put(self, key, path, content_type):
        try:
            self.client.upload_file(path, self.bucket, key, ExtraArgs={"ContentType": content_type})
        except Exception as error:
            raise Fault(f"{self.name}: {error}", AWAY) from None

    def is_empty(self):
        return not self._call("list_objects_v2", MaxKeys=1).get("Contents")


class World:
    """The databases and the object store of one installation."""

    def __init__(self, databases, objects, postgres=None):
        self.databases, self.objects, self.postgres = databases, objects, postgres

    @classmethod
    def of_fleet(cls, folder):
        """A fleet of scripts/demo: its private Postgres, its folder of objects."""
        folder = os.path.abspath(folder)
        if not os.path.exists(os.path.join(folder, "secrets.json")):
            raise Fault(f"{folder} is not the folder of a fleet (scripts/demo --keep makes one)", NOTHING)
        postgres = Postgres(os.path.join(folder, "postgres"))
        url = postgres.url("postgres")
        return cls([Database(name, url) for name in OWNERS], Files(os.path.join(folder, "objects")), postgres)

    @classmethod
    def of_environment(cls):
        """ADMIN_DATABASE_URL for all schemas, or one for each service: STORAGE_DATABASE_URL, MEDIA_WORKER_DATABASE_URL…"""
        common = setting("ADMIN_DATABASE_URL")
        urls = {name: setting(name.upper().replace("-", "_") + "_DATABASE_URL", common) for name in OWNERS}
        if lacking := [name for name, url in urls.items() if not url]:
            raise Fault(f"no database for {', '.join(lacking)}: set ADMIN_DATABASE_URL, or one for each service", SETTINGS)
        kind = setting("OBJECT_STORE", "file")
        if kind not in ("file", "s3"):
            raise Fault("OBJECT_STORE is file or s3", SETTINGS)
        if kind == "file" and not setting("OBJECT_FOLDER"):
            raise Fault("OBJECT_FOLDER, or OBJECT_STORE=s3 with S3_ENDPOINT, says where the objects are", SETTINGS)
        objects = Bucket() if kind == "s3" else Files(setting("OBJECT_FOLDER"))
        return cls([Database(name, url) for name, url in urls.items()], objects)


def tables(ask, schema):
    """Every table with its rows and a sum over their contents that does not depend on their order."""
    found = {}
    for (name,) in ask(f"SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                       f"WHERE n.nspname = '{schema}' AND c.relkind = 'r' ORDER BY 1"):
        found[name] = None
    for name in found:
        ((count, content),) = ask(
            f"SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0) "
            f'FROM "{schema}"."{name}" t')
        found[name] = [int(count), content]
    return found
