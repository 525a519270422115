"""What roles over one bucket cost, on a real S3 server: CPU and requests for a gigabyte with one writer and with four, and
requests of a query that finds what is in journals and in segments; and what queries over 200 segments that follow each other,
and over four of the same time, read with one reader and with four. The server is that of the end-to-end tests."""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time

from bucket_requests import counted, difference, dollars
from harness import BUILD, CONFIG, ROOT, Corpus, Server, Table, fresh, free_port

MEMBERS = re.compile(r'(?m)^logi_cluster_members\{.*roles="read".*\} (\d+)')
PIECES = re.compile(r'(?m)^logi_calls_sent_total\{method="sub_plan".*\} (\d+)')
WRITERS_MAX = 4
PARTS = WRITERS_MAX
# Of each part, so that also one of four writers is busy: an agent waits for its answer, 250 ms and a put.
CONNECTIONS = 16
# The corpora begin at 2024-06-03.
SEGMENTS = 200
READERS_MAX = 4
# Of each of the writers that write at once, about what their journals hold before they are flushed.
OVERLAPPING_MB = 44
# Over so little that is stored pieces are small, too. Each of the 200 segments, of some 150 KB, overlaps the next one; what is
# open where two pieces meet has to be less than a thirty-second of a piece.
SPLIT = "querier: {split_piece_size: 6MiB}\n"
# What has to read columns, or whole lines.
OVER_SEGMENTS = ('sum(count_over_time({service_name=~".+"} |= "error" [25d]))',
                 'sum by (service_name) (count_over_time({service_name=~".+"} | json | status >= 500 [25d]))',
                 'sum(bytes_over_time({service_name=~".+"} |~ "[0-9]{3}ms" [25d]))')
QUERY = {"query": 'sum(count_over_time({service_name=~".+"}[25d]))', "time": "2024-06-23T00:00:00Z"}


class S3:
    """That of the end-to-end tests, with a bucket `logi`."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, ROOT / "tests/e2e/s3_server.py"], stdout=subprocess.PIPE, text=True)
        self.url = re.search(r"endpoint=(\S+)", self.process.stdout.readline())[1]
        self.environment = dict(pair.split("=", 1) for pair in self.process.stdout.readline().split())

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


class Process(Server):
    """`logi server --role …`."""
    alive = []

    def __init__(self, work, s3, prefix, role):
        super().__init__(fresh(work / f"data-{prefix}-{role}"))
        self.role, self.s3 = role, s3
        self.address = f"s3://logi/{prefix}?endpoint={s3.url}"
        self.environment = {**os.environ, **s3.environment}

    def start(self, more=""):
        config = self.data.with_name(f"{self.data.name}-{self.port}.yaml")
        config.write_text(f"bucket: {self.address}\n{CONFIG}{more}")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BUILD / "logi", "server", f"-config.file={config}", "--listen", f"127.0.0.1:{self.port}",
                 "--data", self.data, "--role", self.role], stderr=log, env=self.environment)
        self.alive.append(self)
        self.wait()
        return self

    def stop(self):
        super().stop()
        self.alive.remove(self)

    def wait(self):
        while True:
            try:
                return self.request("/ready")
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"the server did not start: see {self.log}") from None


def calls():
    """Configuration of a process that others can call."""
    return f"cluster: {{listen_port: {free_port()}}}\n"


def write_segments(context, s3, prefix):
    """A megabyte of lines each."""
    writer = Process(context.work, s3, prefix, "write").start()
    for i in range(SEGMENTS):
        writer.load(Corpus(context.work, context.kinds[0], 1, skip_mb=i, batch_kb=context.batch_kb), 1)
        writer.flush()
    writer.stop()


def write_overlapping(context, s3, prefix):
    """As writers behind a load balancer do: the same streams and times in a segment of each."""
    for i in range(WRITERS_MAX):
        writer = Process(context.work, s3, prefix, "write").start()
        writer.load(Corpus(context.work, context.kinds[0], OVERLAPPING_MB, batch_kb=context.batch_kb, seed=1 + i), 1)
        writer.flush()
        writer.stop()


def over_segments(context, s3):
    write_segments(context, s3, "segments")
    write_overlapping(context, s3, "overlapping")
    return [queries_over(context, s3, "segments", f"{SEGMENTS} segments"),
            queries_over(context, s3, "overlapping", f"segments of {WRITERS_MAX} writers of the same time, {OVERLAPPING_MB} MB of lines each")]


def queries_over(context, s3, prefix, what):
    table = Table(f"Queries over {what}, with nothing in caches: of all readers together", "query", "readers",
                  "CPU s", "pieces asked", "reads", "MB read", "to one reader", "$ for a million")
    asked_by_many = 0
    for query in OVER_SEGMENTS:
        one = None
        for count in (1, READERS_MAX):
            readers = [Process(context.work, s3, prefix, "read").start(SPLIT + calls()) for _ in range(count)]
            wait_for_members(readers)
            before = [counted(reader) for reader in readers]
            cpu = [reader.cpu() for reader in readers]
            result = readers[0].query("query", query=query, time=QUERY["time"])
            used = sum(reader.cpu() - c for reader, c in zip(readers, cpu))
            requests = total([difference(counted(reader), earlier) for reader, earlier in zip(readers, before)])
            one = one or (requests["bytes"], result)
            assert result == one[1], "answers differ"
            asked = sum(map(float, PIECES.findall(readers[0].request("/metrics").decode())))
            asked_by_many += asked if count > 1 else 0
            table.add(f"`{query}`", count, f"{used:.2f}", f"{asked:.0f}", f"{reads_of(requests):.0f}", f"{requests['bytes'] / 1e6:.1f}",
                      f"{requests['bytes'] / one[0]:.3f}", f"{dollars(requests) * 1e6:.0f}")
            for reader in readers:
                reader.stop()
    # Which readers have which pieces is up to their addresses, but not all have the first one's all the time.
    assert asked_by_many > 0, "no reader was asked for a piece, so nothing is measured"
    return table


def wait_for_members(processes):
    while any(MEMBERS.search(p.request("/metrics").decode())[1] != str(len(processes)) for p in processes):
        time.sleep(0.5)


def total(counts):
    return {name: sum(count.get(name, 0) for count in counts) for name in set().union(*counts)}


def write(work, s3, name, parts, warm, writers):
    """CPU seconds and requests until all is in segments. What a process takes once, most of it memory, is not counted:
    each has stored `warm` before."""
    processes = [Process(work, s3, name, "write").start() for _ in range(writers)]
    # All at once: what one has warmed would be cold again when the last one has.
    with concurrent.futures.ThreadPoolExecutor(writers) as pool:
        list(pool.map(lambda process: (process.load(warm, CONNECTIONS), process.flush()), processes))
    cpu = [p.cpu() for p in processes]
    before = [counted(p) for p in processes]
    with concurrent.futures.ThreadPoolExecutor(PARTS) as pool:
        list(pool.map(lambda i: processes[i % writers].load(parts[i], CONNECTIONS), range(PARTS)))
    for process in processes:
        process.flush()
    used = sum(p.cpu() - c for p, c in zip(processes, cpu))
    requests = total([difference(counted(process), earlier) for process, earlier in zip(processes, before)])
    for process in processes:
        process.stop()
    return used, requests


def ask(reader):
    before = counted(reader)
    reader.query("query", **QUERY)
    return difference(counted(reader), before)


def reads_of(requests):
    return sum(requests.get(name, 0) for name in ("get", "get_range", "attributes"))


def with_s3(tables):
    """A benchmark of what `tables` makes of a context and an S3 server."""
    def run(context):
        s3 = S3()
        try:
            return tables(context, s3)
        finally:
            for process in Process.alive:
                process.kill()
            s3.close()
    return run


def parts_of(context, kind):
    size = context.mb // PARTS
    return [Corpus(context.work, kind, size, skip_mb=i * size, batch_kb=context.batch_kb) for i in range(PARTS + 1)]


def of_writers(context, s3):
    """Means, as what a run takes is up to how much memory the processes had before; the pairs show the noise. Requests are
    those of the first run."""
    table = Table("Ingest with roles, for a gigabyte of lines", "corpus", "writers", "CPU s", "to one writer", "of each pair of runs",
                  "puts", "lists", "reads", "$ for 1 PB")
    for kind in context.kinds:
        *parts, warm = parts_of(context, kind)
        gb = sum(part.gb for part in parts)
        counts = (1, WRITERS_MAX)
        # By turns, so that noise meets both.
        runs = [[write(context.work, s3, f"{kind}-{writers}-{i}", parts, warm, writers) for writers in counts]
                for i in range(context.runs)]
        for n, writers in enumerate(counts):
            cpu = sum(run[n][0] for run in runs) / context.runs
            pairs = sorted(run[n][0] / run[0][0] for run in runs)
            requests = runs[0][n][1]
            table.add(kind, writers, f"{cpu / gb:.2f}", f"{cpu / (sum(run[0][0] for run in runs) / context.runs):.3f}",
                      f"{pairs[0]:.2f} ..{pairs[-1]:.2f}", f"{requests['upload'] / gb:.0f}", f"{requests['iter'] / gb:.0f}",
                      f"{reads_of(requests) / gb:.0f}", f"{dollars(requests) / gb * 1e6:.0f}")
    return [table]


def of_readers(context, s3):
    asked = Table("Requests of a count over everything, with roles", "corpus", "journals from", "asked", "lists", "reads",
                  "$ for a million")
    for kind in context.kinds:
        *parts, warm = parts_of(context, kind)
        write(context.work, s3, kind, parts, warm, WRITERS_MAX)
        writer = Process(context.work, s3, kind, "write").start(calls())
        writer.load(parts[0], 1)
        for how, more in (("the bucket", ""), ("the writer", calls())):
            reader = Process(context.work, s3, kind, "read").start(more)
            for name in ("cold", "again"):
                requests = ask(reader)
                asked.add(kind, how, name, f"{requests['iter']:.0f}", f"{reads_of(requests):.0f}",
                          f"{dollars(requests) * 1e6:.0f}")
            reader.stop()
        writer.stop()
    return [asked, *over_segments(context, s3)]


run = with_s3(of_readers)
run_writers = with_s3(of_writers)
