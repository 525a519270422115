#!/usr/bin/env python3
"""Asks a server what a real Loki was once asked, and compares the answers (README.md tells the format).

Without --url it starts the binary that LOGI_BINARY names on an empty folder. Prints one line per case that fails:
its id, what was asked, the first difference. Exit status 1 if a case failed that exceptions.txt does not name, or
passed although exceptions.txt names it.
"""
import argparse
import base64
import fnmatch
import http.client
import json
import pathlib
import sys
import time
import urllib.parse

from compare import judge

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import grafana_reader  # noqa: E402
from harness import Server  # noqa: E402

CONFIG = """
auth_enabled: true
compactor:
  retention_enabled: true
limits_config:
  reject_old_samples: false
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
  split_queries_by_interval: 0s
"""
PUSH = "/loki/api/v1/push"
REPLY_SECONDS_MAX = 60


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = dict(response.getheaders())
        self.body = response.read()


class Client:
    """Sends requests as cases describe them, over one connection while it lasts."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.prefix = parts.netloc, parts.path.rstrip("/")
        self.connection = None

    def send(self, request, tenant):
        target = self.prefix + request.get("path", PUSH)
        params = [(k, v) for k, v in request.get("params", {}).items() if v is not None]
        if params:
            target += "?" + urllib.parse.urlencode(params, doseq=True)
        headers = dict(request.get("headers", {}))
        body = body_of(request, headers)
        tenant = request.get("tenant", tenant)
        if tenant:
            headers["X-Scope-OrgID"] = tenant
        method = request.get("method") or ("GET" if body is None else "POST")
        try:
            return self.exchange(method, target, body, headers)
        except (http.client.HTTPException, ConnectionError):
            self.connection = None  # closed by the server between two requests
            return self.exchange(method, target, body, headers)

    def exchange(self, method, target, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, timeout=REPLY_SECONDS_MAX)
        try:
            self.connection.request(method, target, body, headers)
            return Reply(self.connection.getresponse())
        except Exception:
            self.connection.close()
            raise


def body_of(request, headers):
    """The body's bytes, or None. Adds the content type that goes with the kind of body."""
    content_type = None
    if "json" in request:
        content_type = "application/json"
        body = json.dumps(request["json"], ensure_ascii=False).encode("utf-8", "surrogatepass")
    elif "form" in request:
        content_type = "application/x-www-form-urlencoded"
        body = urllib.parse.urlencode(request["form"], doseq=True).encode()
    elif "text" in request:
        body = request["text"].encode()
    elif "base64" in request:
        body = base64.b64decode(request["base64"])
    else:
        return None
    if content_type and "content-type" not in (name.lower() for name in headers):
        headers["Content-Type"] = content_type
    return body


class Suite:
    """One file of cases with its answers."""

    def __init__(self, path, only):
        content = read_json(path)
        defaults = content.get("defaults", {})
        self.name, self.dataset, self.flush = path.stem, content.get("dataset"), content.get("flush", False)
        self.answers = read_json(HERE / "answers" / path.name)
        self.cases = []
        for raw in content["cases"]:
            case = {**defaults, **raw, "params": {**defaults.get("params", {}), **raw.get("params", {})}}
            if fnmatch.fnmatch(self.id_of(case), only):
                self.cases.append(case)

    def id_of(self, case):
        return f"{self.name}/{case['id']}"


class DatasetRefused(Exception):
    """A push of a dataset was not accepted, so its cases cannot be judged."""


class Tenants:
    """Gives each dataset a tenant of its own, never used before, and pushes it when it is first needed."""

    def __init__(self, client):
        self.client = client
        self.run = f"conformance-{time.time_ns():x}"
        self.count = 0
        self.ready = {}  # dataset: tenant, or the exception that its push ended in
        self.flushed = set()

    def of(self, suite):
        if suite.dataset is None:
            self.count += 1
            return f"{self.run}-{self.count}"
        if suite.dataset not in self.ready:
            self.ready[suite.dataset] = self.push(suite.dataset)
        tenant = self.ready[suite.dataset]
        if isinstance(tenant, DatasetRefused):
            raise tenant
        if suite.flush and suite.dataset not in self.flushed:
            self.client.send({"path": "/flush", "method": "POST"}, None)
            self.flushed.add(suite.dataset)
        return tenant

    def push(self, dataset):
        tenant = f"{self.run}-{dataset}"
        for number, body in enumerate(read_json(HERE / "datasets" / f"{dataset}.json")):
            reply = self.client.send({"json": body}, tenant)
            if reply.status not in (200, 204):
                return DatasetRefused(f"push {number} of dataset {dataset}: {reply.status} {reply.body[:200]!r}")
        return tenant


def run_case(case, suite, tenants, client):
    """What is wrong with the answer to a case, or None."""
    try:
        tenant = tenants.of(suite)
        for request in case.get("setup", []):
            client.send(request, tenant)
        reply = client.send(case, tenant)
        return judge(case, suite.answers[case["id"]], reply) or unreadable(case, reply)
    except DatasetRefused as e:
        return str(e)
    except (OSError, http.client.HTTPException) as e:
        return f"no reply: {e!r}"


def unreadable(case, reply):
    """Why Grafana could not read the answer, or None."""
    if reply.status != 200 or "explain" in case["params"]:
        return None
    flags = case.get("headers", {}).get("X-Loki-Response-Encoding-Flags", "")
    try:
        grafana_reader.read_by_path(case.get("path", PUSH), flags, reply.body)
    except grafana_reader.Unreadable as e:
        return f"Grafana cannot read it: {e}"
    return None


def asked(case):
    query = case["params"].get("query")
    return query.replace("\n", "\\n") if query else f"{case.get('method', '')} {case.get('path', PUSH)}".strip()


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_exceptions(path):
    """{case id: reason}. Ends the program at a line without a reason: an exception has to be explained."""
    exceptions = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        case, _, reason = line.partition(" ")
        if not reason.strip() or case in exceptions:
            sys.exit(f"{path}:{number}: want a case id, named once, and the reason why it may differ")
        exceptions[case] = reason.strip()
    return exceptions


def run(url, only, summary, flush):
    client = Client(url)
    tenants, exceptions = Tenants(client), read_exceptions(HERE / "exceptions.txt")
    known, passed, failed, table = set(), 0, 0, []
    for path in sorted((HERE / "cases").glob("*.json")):
        suite = Suite(path, only)
        suite.flush = suite.flush or flush
        good = 0
        for case in suite.cases:
            case_id = suite.id_of(case)
            known.add(case_id)
            problem = run_case(case, suite, tenants, client)
            if case_id in exceptions:
                problem = None if problem else "passes, so exceptions.txt must not name it"
            if problem:
                print(f"{case_id}  {asked(case)}  {problem}", flush=True)
            good += not problem
        passed, failed = passed + good, failed + len(suite.cases) - good
        if suite.cases:
            table.append(f"{suite.name:28}{good:6} of {len(suite.cases)}")
    for case_id in sorted(exceptions.keys() - known):
        if fnmatch.fnmatch(case_id, only):
            print(f"{case_id}  exceptions.txt names a case that does not exist")
            failed += 1
    if summary:
        print("\n".join(table))
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="GLOB", default="*", help="cases whose id, FILE/CASE, matches")
    parser.add_argument("--url", help="ask this server instead of starting one")
    parser.add_argument("--summary", action="store_true", help="also print how many cases of each file passed")
    parser.add_argument("--flush", action="store_true", help="flush all data sets, so that segments answer, not the head")
    args = parser.parse_args()
    if args.url:
        sys.exit(0 if run(args.url, args.only, args.summary, args.flush) else 1)
    server = Server(CONFIG).start()
    try:
        good = run(server.url, args.only, args.summary, args.flush)
    finally:
        server.close()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
