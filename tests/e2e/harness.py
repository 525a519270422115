"""A Logi server of one test, and what tests ask of it."""
import gzip
import json
import os
import pathlib
import resource
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


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def field(number, data):
    """A length-delimited field of a protobuf message, or a varint."""
    if isinstance(data, int):
        return varint(number << 3) + varint(data & (1 << 64) - 1)
    return varint(number << 3 | 2) + varint(len(data)) + data


def snappy(data):
    """A snappy block of literals only."""
    out = [varint(len(data))]
    for i in range(0, len(data), 65536):
        piece = data[i:i + 65536]
        out += [bytes([61 << 2]), (len(piece) - 1).to_bytes(2, "little"), piece]
    return b"".join(out)


def protobuf_entry(ns, line, metadata=()):
    pairs = b"".join(field(3, field(1, name) + field(2, value)) for name, value in metadata)
    stamp = field(1, ns // 10**9) + field(2, ns % 10**9)
    return field(2, field(1, stamp) + field(2, line) + pairs)


def protobuf(labels, entries):
    """A PushRequest of one stream, all texts as bytes."""
    return field(1, field(1, labels) + b"".join(protobuf_entry(*e) for e in entries))


def endpoints():
    """What a server answers to: [(methods, path, right, tenants)]; of gRPC the methods are ["gRPC"]."""
    listed = subprocess.run([BINARY, "endpoints"], capture_output=True, text=True, check=True).stdout
    return [(methods.split(","), path, right, tenants)
            for methods, path, right, tenants in (line.split() for line in listed.splitlines())]


class Server:
    """`logi server` on a folder of its own; start and kill as often as needed."""

    binary = BINARY  # of the next start

    def __init__(self, config="", data=None, limits=None, environment=None, tls=None):
        """limits: {resource.RLIMIT_…: value} of the process; environment: what it has beside ours;
        tls: the ssl.SSLContext of what asks it."""
        self.limits = limits or {}
        self.environment = environment or {}
        self.folder = tempfile.mkdtemp(prefix="logi-e2e-")
        self.data = data or os.path.join(self.folder, "data")
        self.port = free_port()
        self.listen = f"127.0.0.1:{self.port}"  # None: as the configuration has it
        self.tls = tls
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.config = os.path.join(self.folder, "config.yaml")
        pathlib.Path(self.config).write_text(config)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = None

    def spawn(self):
        self.process = subprocess.Popen(
            [self.binary, "server", f"-config.file={self.config}", "--data", self.data]
            + (["--listen", self.listen] if self.listen else []),
            stderr=self.log, env={**os.environ, **self.environment},
            preexec_fn=self.set_limits if self.limits else None)

    def start(self):
        """Returns when requests are answered."""
        self.spawn()
        for _ in range(1000):
            try:
                if self.request("GET", "/ready")[0] == 200:
                    return self
            except OSError:
                if self.process.poll() is not None:
                    break
            time.sleep(0.01)
        raise RuntimeError("server did not start:\n" + self.log_text())

    def set_limits(self):
        for which, value in self.limits.items():
            resource.setrlimit(which, (value, value))

    def memory_mb(self, name="VmRSS"):
        """VmRSS, or VmHWM: the most since reset_peak()."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith(name))

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def reset_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as f:
            f.write("5")

    def log_text(self):
        return pathlib.Path(self.folder, "log").read_text()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.folder)

    def request(self, method, path, body=None, headers=None, timeout=30):
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self.tls) as answer:
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
