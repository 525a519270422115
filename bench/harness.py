"""What the benchmarks share: corpora, a server under measurement, CPU time, and the table of figures."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("LOGI_BUILD", ROOT / "build/release"))
GB = 1e9

CONFIG = """\
limits_config:
  ingestion_rate_mb: 1000000
  ingestion_burst_size_mb: 1000000
  per_stream_rate_limit: 1000GB
  per_stream_rate_limit_burst: 1000GB
  max_global_streams_per_user: 0
  max_entries_limit_per_query: 0
  reject_old_samples: false
server:
  log_level: warn
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_fresh(made, *sources):
    """Whether a file is there and younger than what it was made from."""
    return made.exists() and all(made.stat().st_mtime >= source.stat().st_mtime for source in sources)


class Corpus:
    """Lines and push bodies of one kind, made once per size and kept in the work folder."""

    def __init__(self, work, kind, mb, skip_mb=0, batch_kb=1024, seed=1):
        self.kind, self.mb = kind, mb
        name = work / f"{kind}-{skip_mb}+{mb}mb-{batch_kb}k-{seed}"
        self.lines = name.with_name(name.name + ".lines")
        self.bodies = name.with_name(name.name + ".bodies")
        self.facts_file = facts = name.with_name(name.name + ".json")
        tool = BUILD / "bench/bench_corpus"
        if not is_fresh(facts, tool):
            made = subprocess.run(
                [tool, "--kind", kind, "--mb", str(mb), "--skip-mb", str(skip_mb),
                 "--batch-kb", str(batch_kb), "--seed", str(seed), "--out", name],
                check=True, capture_output=True, text=True).stdout
            facts.write_text(made)
        self.facts = json.loads(facts.read_text())

    def __getattr__(self, name):
        try:
            return self.facts[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def gb(self):
        return self.bytes / GB


class Run:
    """CPU and wall seconds of one or several commands that run at once, and what each printed."""

    def __init__(self, *commands):
        begin = time.monotonic()
        processes = [subprocess.Popen(["bash", "-c", c], stdout=subprocess.PIPE, text=True,
                                      env={**os.environ, "LC_ALL": "C"}) for c in commands]
        self.out = []
        self.cpu = 0.0
        for p in processes:
            self.out.append(p.stdout.read())
            p.stdout.close()
            _, status, usage = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(status)
            self.cpu += usage.ru_utime + usage.ru_stime
        self.wall = time.monotonic() - begin


class Server:
    """`logi server` on a data folder."""

    def __init__(self, data):
        self.data = pathlib.Path(data)
        self.process = None
        self.log = self.data.with_name(self.data.name + ".log")
        self.port = free_port()

    def start(self, more=""):
        """Starts it, with more configuration, and returns the seconds until it was ready."""
        config = self.data.with_name(self.data.name + ".yaml")
        config.write_text(CONFIG + more)
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BUILD / "logi", "server", f"-config.file={config}", "--listen", f"127.0.0.1:{self.port}",
                 "--data", self.data], stderr=log)
        while True:
            try:
                self.request("/ready", timeout=30)
                return time.monotonic() - begin
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"the server did not start: see {self.log}") from None
                time.sleep(0.002)

    def request(self, path, body=None, timeout=600):
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=timeout) as answer:
            return answer.read()

    def flush(self):
        self.request("/flush", b"")

    def query(self, path, **params):
        return json.loads(self.request(f"/loki/api/v1/{path}?{urllib.parse.urlencode(params)}"))["data"]["result"]

    def load(self, corpus, connections=4):
        out = subprocess.run([BUILD / "bench/bench_load", corpus.bodies, "--port", str(self.port), "--connections",
                              str(connections)], check=True, capture_output=True, text=True).stdout
        return json.loads(out)

    def cpu(self):
        """User and system seconds so far, of all threads (none of them ends before the server does)."""
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            total += int(pathlib.Path(f"/proc/{self.process.pid}/task/{task}/schedstat").read_text().split()[0])
        return total / 1e9

    def memory_mb(self):
        """The most memory it had at once, in MiB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise SystemExit("no VmHWM")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=120) != 0:
            raise SystemExit(f"the server did not stop cleanly: see {self.log}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Best:
    """Figures of several runs: the least counts, the rest shows the noise."""

    def __init__(self):
        self.values = []

    def add(self, value):
        self.values.append(value)

    @property
    def least(self):
        return min(self.values)

    def text(self, scale=1.0, digits=2):
        low, high = min(self.values) * scale, max(self.values) * scale
        return f"{low:.{digits}f}" + (f" ..{high:.{digits}f}" if len(self.values) > 1 else "")


class Table:
    """Rows of text under a head, printed as Markdown."""

    def __init__(self, title, *head):
        self.title, self.rows = title, [list(head)]

    def add(self, *row):
        self.rows.append([str(cell) for cell in row])

    def text(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(len(self.rows[0]))]
        lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |" for row in self.rows]
        lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
        return "\n".join(["", self.title, "", *lines])


def tree_bytes(folder):
    return sum(f.stat().st_size for f in pathlib.Path(folder).rglob("*") if f.is_file())


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def verdict(ratio, target):
    return f"{ratio:.2f} {'ok' if ratio <= target else 'MISSED'}"
