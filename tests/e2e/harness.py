"""A Logi server of one test, and what tests ask of it."""
import gzip
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

BINARY = os.environ.get("LOGI_BINARY", str(pathlib.Path(__file__).parents[2] / "build/release/logi"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`logi server` on a folder of its own; start and kill as often as needed."""

    def __init__(self, config=""):
        self.folder = tempfile.mkdtemp(prefix="logi-e2e-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = os.path.join(self.folder, "config.yaml")
        pathlib.Path(self.config).write_text(config)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "server", f"-config.file={self.config}", "--listen", f"127.0.0.1:{self.port}", "--data", self.data],
            stderr=self.log)
        for _ in range(1000):
            try:
                if self.request("GET", "/ready")[0] == 200:
                    return self
            except OSError:
                if self.process.poll() is not None:
                    break
            time.sleep(0.01)
        raise RuntimeError("server did not start:\n" + self.log_text())

    def log_text(self):
        return pathlib.Path(self.folder, "log").read_text()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.folder)

    def request(self, method, path, body=None, headers=None, timeout=30):
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read()

    def push(self, streams, tenant=None, compress=False):
        """streams: list of (labels, [(ns, line[, metadata])])."""
        body = json.dumps({"streams": [{"stream": labels, "values": [[str(v[0]), *v[1:]] for v in values]}
                                       for labels, values in streams]}).encode()
        headers = {"Content-Type": "application/json"}
        if compress:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        if tenant:
            headers["X-Scope-OrgID"] = tenant
        return self.request("POST", "/loki/api/v1/push", body, headers)

    def get(self, path, tenant=None, headers=None, **params):
        headers = dict(headers or {})
        if tenant:
            headers["X-Scope-OrgID"] = tenant
        return self.request("GET", path + "?" + urllib.parse.urlencode(params, doseq=True), headers=headers)

    def query(self, query, tenant=None, **params):
        """The data of a range query."""
        status, body = self.get("/loki/api/v1/query_range", tenant, query=query, **params)
        if status != 200:
            raise RuntimeError(f"{status} {body!r}")
        return json.loads(body)["data"]

    def lines(self, query, tenant=None, **params):
        params = {"limit": 5000, "since": "24h", **params}
        return [v[1] for s in self.query(query, tenant, **params)["result"] for v in s["values"]]
