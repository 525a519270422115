"""Compaction: CPU seconds of a server that merges a stored corpus, flushed as it filled journals or in many small
segments, against `zstd -1` over the same lines."""
import re
import shutil
import threading
import time

import ingest
from harness import Best, Run, Server, Table, fresh

EVERY_S = 0.05
QUIET_S = 3  # no merge is committed and hardly any CPU taken for so long: all is done
IDLE_CPU_S = 0.3


def metric(server, name):
    """The sum over all labels."""
    text = server.request("/metrics").decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M))


def in_small_segments(context, corpus):
    """A data folder in which the corpus is flushed all the time."""
    server = Server(fresh(context.work / "data-compact-small"))
    server.start("compactor:\n  compaction_interval: 0s\n")
    loaded = threading.Event()

    def flush():
        while not loaded.wait(EVERY_S):
            server.flush()

    flushing = threading.Thread(target=flush)
    flushing.start()
    server.load(corpus, 1)
    loaded.set()
    flushing.join()
    server.stop()
    return server.data


def compact_once(context, data):
    """Merges a copy of a data folder until nothing is left to do. Returns the figures."""
    copy = fresh(context.work / "data-compact")
    shutil.copytree(data, copy)
    server = Server(copy)
    server.start("compactor:\n  compaction_interval: 100ms\n")
    before, segments = server.cpu(), metric(server, "logi_segments")
    seen, since, cpu = None, time.monotonic(), before
    while time.monotonic() < since + QUIET_S:
        time.sleep(EVERY_S)
        now = metric(server, "logi_compactions_total")
        if now != seen or server.cpu() > cpu + IDLE_CPU_S:
            seen, since, cpu = now, time.monotonic(), server.cpu()
    blocks = metric(server, "logi_compaction_blocks_total")
    figures = {"cpu": cpu - before, "from": segments, "to": metric(server, "logi_segments"), "blocks": blocks,
               "encoded": metric(server, 'logi_compaction_blocks_total{how="encoded"}'),
               "memory_mb": server.memory_mb()}
    server.stop()
    return figures


def run(context):
    table = Table("Compaction of what is in segments", "corpus", "flushed", "segments", "blocks encoded again",
                  "zstd -1 CPU s/GB", "logi CPU s/GB", "ratio", "peak MiB")
    for corpus in context.corpora():
        zstd = Best()
        for _ in range(context.runs):
            zstd.add(Run(f"zstd -q -1 -c {corpus.lines} > /dev/null").cpu / corpus.gb)
        for how, data in (("in large segments", ingest.stored(context, corpus)),
                          ("all the time", in_small_segments(context, corpus))):
            cpu, figures = Best(), {}
            for _ in range(context.runs):
                figures = compact_once(context, data)
                cpu.add(figures["cpu"] / corpus.gb)
            table.add(corpus.kind, how, f"{figures['from']:.0f} to {figures['to']:.0f}",
                      f"{figures['encoded']:.0f} of {figures['blocks']:.0f}", zstd.text(), cpu.text(),
                      f"{cpu.least / zstd.least:.2f}", f"{figures['memory_mb']:.0f}")
    return [table]
