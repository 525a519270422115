"""What the bucket is asked for, by ingest, by merging and by each query over cold data, and what that costs on S3. Counted
at the bucket's seam, so a folder will do for it; puts in parts, which only S3 has, are added."""
import math
import re
import time

from harness import Server, Table, fresh
from ingest import data_folder, stored
from queries import QUERIES

# Dollars for a million requests, at S3's list prices (Standard, us-east-1); removing is free.
PRICES = {"upload": 5.0, "iter": 5.0, "get": 0.4, "get_range": 0.4, "attributes": 0.4, "delete": 0.0}
# As src/bucket/s3_client.h has it: what is larger than two parts is put in parts, between two requests.
PART_BYTES = 16 << 20
COUNT = re.compile(r'(?m)^loki_objstore_bucket_operation_duration_seconds_count\{operation="(\w+)"\} (\S+)')
READ = re.compile(r'(?m)^logi_bucket_read_bytes_total(?:\{.*\})? (\S+)')


def counted(server):
    """Requests by operation so far, and bytes read under `bytes`."""
    text = server.request("/metrics").decode()
    return {**{name: float(value) for name, value in COUNT.findall(text)},
            "bytes": sum(map(float, READ.findall(text)))}


def difference(after, before):
    return {name: after[name] - before.get(name, 0) for name in after}


def put_parts(folder):
    """Requests beside one for each object, of what is put in parts."""
    sizes = (path.stat().st_size for path in (folder / "bucket").rglob("*") if path.is_file())
    return sum(math.ceil(size / PART_BYTES) + 1 for size in sizes if size > 2 * PART_BYTES)


def dollars(requests):
    return sum(requests.get(name, 0) * price / 1e6 for name, price in PRICES.items())


def far(folder):
    """A configuration with which segments are read as from S3."""
    return f"cache: {{folder: {folder}}}\n"


def row(requests, gb):
    """Of a gigabyte of lines: puts, lists, reads, bytes read, dollars for a petabyte."""
    reads = sum(requests.get(name, 0) for name in ("get", "get_range", "attributes"))
    return (f"{requests['upload'] / gb:.1f}", f"{requests.get('iter', 0) / gb:.1f}", f"{reads / gb:.1f}",
            f"{requests['bytes'] / gb / 1e6:.2f}", f"{dollars(requests) / gb * 1e6:.2f}")


def write(context, corpus):
    """Requests of ingest until segments are there, and of the merging that follows; the number of segments between."""
    folder = fresh(context.work / f"data-requests-{corpus.kind}")
    server = Server(folder)
    server.start("compactor: {compaction_interval: 0s}\n")
    before = counted(server)
    server.load(corpus, context.connections)
    server.flush()
    ingest = difference(counted(server), before)
    ingest["upload"] += put_parts(folder)
    flushed = len(list(folder.rglob("*.segment")))
    server.stop()
    server.start("compactor: {compaction_interval: 1s}\n")
    before = counted(server)
    while "logi_compactions_total 0" in server.request("/metrics").decode():
        time.sleep(0.2)
    merge = difference(counted(server), before)
    merge["upload"] += put_parts(folder)
    server.stop()
    return ingest, merge, flushed


def run(context):
    written = Table("Requests to the bucket for a gigabyte of lines", "corpus", "what", "puts", "lists", "reads", "MB read",
                    "$ for 1 PB")
    for corpus in context.corpora():
        ingest, merge, flushed = write(context, corpus)
        written.add(corpus.kind, f"ingest, {flushed} segments", *row(ingest, corpus.gb))
        written.add(corpus.kind, "merging", *row(merge, corpus.gb))
    asked = Table("Requests to the bucket of a query over cold data", "query", "how", "MB of lines", "segments", "lists",
                  "reads", "MB read", "$ for a million queries", "peak MiB")
    for corpus in context.corpora():
        if corpus.kind != "cloud":
            continue
        folder = stored(context, corpus)
        cache = context.work / "cache-requests"
        for query in QUERIES:
            # Column by column, as of a local folder; as of S3, with a cache that is empty, and after a restart.
            for how, config in (("local", ""), ("as of S3", far(fresh(cache))), ("again", far(cache))):
                server = Server(folder)
                server.start("compactor: {compaction_interval: 0s}\n" + config)
                before = counted(server)
                query.ask(server, corpus, None)
                requests, memory = difference(counted(server), before), server.memory_mb()
                server.stop()
                reads = sum(requests.get(name, 0) for name in ("get", "get_range", "attributes"))
                asked.add(query.name, how, f"{corpus.bytes / 1e6:.0f}",
                          len(list(data_folder(context.work, corpus).rglob("*.segment"))),
                          f"{requests.get('iter', 0):.0f}", f"{reads:.0f}", f"{requests['bytes'] / 1e6:.2f}",
                          f"{dollars(requests) * 1e6:.2f}", f"{memory:.0f}")
    return [written, asked]
