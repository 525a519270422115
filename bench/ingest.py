"""Ingest: CPU seconds of the server from the first push until all segments are on disk, against `zstd -1` over the
same lines."""
import subprocess

from harness import BUILD, Best, Run, Server, Table, fresh, is_fresh, tree_bytes, verdict

TARGET_CPU_RATIO = 8
TARGET_MEMORY_MB = 1024


def data_folder(work, corpus):
    return work / f"data-{corpus.kind}-{corpus.mb}"


def stamp(folder):
    """A file that says when a data folder was complete."""
    return folder.with_name(folder.name + ".stamp")


def ingest_once(work, corpus, connections):
    """Pushes a corpus into an empty store. Returns the stopped server and the figures."""
    stamp(data_folder(work, corpus)).unlink(missing_ok=True)
    server = Server(fresh(data_folder(work, corpus)))
    server.start()
    before = server.cpu()
    load = server.load(corpus, connections)
    server.flush()
    figures = {"cpu": server.cpu() - before, "memory_mb": server.memory_mb(), **load}
    server.stop()
    stamp(server.data).touch()
    return server, figures


def run(context):
    table = Table("Ingest, until segments are on disk",
                  "corpus", "MB", "lines", "streams", "zstd -1 CPU s/GB", "logi CPU s/GB", "ratio (target 8)", "MB/s",
                  "push p99 ms", "peak MiB (target 1024)", "size/zstd -1")
    for corpus in context.corpora():
        zstd, cpu, rate, memory, p99 = Best(), Best(), Best(), Best(), Best()
        packed = corpus.lines.with_suffix(".zst")
        for _ in range(context.runs):
            zstd.add(Run(f"zstd -q -1 -f {corpus.lines} -o {packed}").cpu / corpus.gb)
            server, figures = ingest_once(context.work, corpus, context.connections)
            cpu.add(figures["cpu"] / corpus.gb)
            rate.add(corpus.bytes / 1e6 / figures["wall_s"])
            memory.add(figures["memory_mb"])
            p99.add(figures["p99_s"])
        size = tree_bytes(server.data / "bucket") / packed.stat().st_size
        table.add(corpus.kind, f"{corpus.bytes / 1e6:.0f}", corpus.facts["lines"], corpus.streams, zstd.text(), cpu.text(),
                  verdict(cpu.least / zstd.least, TARGET_CPU_RATIO), rate.text(digits=0), p99.text(1000, 0),
                  f"{max(memory.values):.0f} {'ok' if max(memory.values) < TARGET_MEMORY_MB else 'MISSED'}", f"{size:.2f}")
    return [table]


def stored(context, corpus):
    """A data folder that holds the corpus in segments: that of the ingest benchmark, if it ran, or a new one."""
    folder = data_folder(context.work, corpus)
    if not is_fresh(stamp(folder), BUILD / "logi", corpus.facts_file):
        ingest_once(context.work, corpus, context.connections)
    return folder


def halves(corpus):
    """The lines as two zstd files of about the same size, so that a baseline can use two cores."""
    parts = [corpus.lines.with_suffix(f".half{i}.zst") for i in (1, 2)]
    if not all(is_fresh(p, corpus.facts_file) for p in parts):
        split = f"split -n l/2 --filter='zstd -q -1 -f -o {corpus.lines.with_suffix('')}.half${{FILE#x}}.zst' -a 1 " \
                f"--numeric-suffixes=1 {corpus.lines} x"
        subprocess.run(["bash", "-c", split], check=True)
    return parts
