"""Restart after a kill: seconds until /ready with a gigabyte in segments and a quarter of one in the journal."""
import shutil

from harness import Best, Corpus, Server, Table, fresh, tree_bytes

TARGET_SECONDS = 3


def prepare(context, stored_mb, journal_mb):
    """A data folder as a kill leaves it: entries in segments, later ones in the journal only."""
    segments = Corpus(context.work, "cloud", stored_mb)
    later = Corpus(context.work, "cloud", journal_mb, skip_mb=stored_mb)
    server = Server(fresh(context.work / "data-restart"))
    server.start()
    server.load(segments, context.connections)
    server.flush()
    # Without the folder for temporary files no segment can be written: all stays in the journal.
    temporary = server.data / "bucket/tmp"
    temporary.rename(server.data / "bucket/tmp.away")
    server.load(later, context.connections)
    server.kill()
    (server.data / "bucket/tmp.away").rename(temporary)
    return server.data, segments, later


def stored_lines(server, first_ns, last_ns):
    seconds = (last_ns - first_ns) // 10**9 + 2
    query = f'sum(count_over_time({{service_name=~".+"}}[{seconds}s]))'
    return int(float(server.query("query", query=query, time=last_ns + 10**9)[0]["value"][1]))


def run(context):
    stored_mb, journal_mb = max(64, 2 * context.mb), max(16, context.mb // 2)
    data, segments, later = prepare(context, stored_mb, journal_mb)
    ready, cpu, memory = Best(), Best(), Best()
    for _ in range(context.runs + 2):
        copy = fresh(context.work / "data-restart-run")
        shutil.copytree(data, copy)
        server = Server(copy)
        ready.add(server.start())
        cpu.add(server.cpu())
        server.flush()
        memory.add(server.memory_mb())
        found = stored_lines(server, segments.first_ns, later.last_ns)
        server.stop()
        if found != segments.facts["lines"] + later.facts["lines"]:
            raise SystemExit(f"{found} lines after the restart")
    table = Table("Restart after a kill", "lines in segments, MB", "journal, MB", "ready s (target 3)",
                  "CPU s until ready", "peak MiB until all is in segments")
    table.add(f"{segments.bytes / 1e6:.0f}", f"{tree_bytes(data / 'journal') / 1e6:.0f}",
              ready.text() + (" ok" if ready.least < TARGET_SECONDS else " MISSED"), cpu.text(), f"{max(memory.values):.0f}")
    return [table]
