"""Search of a text in cold-started data, against `zstd -dc | grep -c -F` over the same lines on the same cores (one
pipeline per half of the lines, both at once)."""
import time

from harness import Best, Run, Server, Table, verdict
from ingest import halves, stored

TARGET_RATIO = 1


def count(server, corpus, needle):
    """Lines with the needle, by a metric query over everything."""
    seconds = int((corpus.last_ns - corpus.first_ns) / 1e9) + 2
    query = f'sum(count_over_time({{service_name=~".+"}} |= "{needle}" [{seconds}s]))'
    result = server.query("query", query=query, time=corpus.last_ns + 10**9)
    return int(float(result[0]["value"][1])) if result else 0


def fetch(server, corpus, needle):
    """Lines with the needle, by fetching them."""
    result = server.query("query_range", query=f'{{service_name=~".+"}} |= "{needle}"', limit=1000,
                          start=corpus.first_ns, end=corpus.last_ns + 1)
    return sum(len(s["values"]) for s in result)


def run(context):
    table = Table("Search in cold-started data: `zstd -dc | grep -c -F` and `|=`",
                  "corpus", "needle", "query", "lines found", "baseline CPU s/GB", "logi CPU s/GB", "CPU ratio (target 1)",
                  "baseline wall s/GB", "logi wall s/GB", "wall ratio (target 1)")
    for corpus in context.corpora():
        data, packed = stored(context, corpus), halves(corpus)
        for name in ("rare", "absent"):
            needle = corpus.facts[name]
            commands = [f"zstd -q -dc {p} | grep -c -F {needle}" for p in packed]
            for kind, ask in (("count", count), ("log lines", fetch)):
                base_cpu, base_wall, cpu, wall = Best(), Best(), Best(), Best()
                for _ in range(context.runs + 2):
                    baseline = Run(*commands)
                    expected = sum(int(out) for out in baseline.out)
                    base_cpu.add(baseline.cpu / corpus.gb)
                    base_wall.add(baseline.wall / corpus.gb)
                    found, seconds, cpu_seconds = ask_cold(data, corpus, ask, needle)
                    if found != expected:
                        raise SystemExit(f"{needle}: {found} lines found, {expected} expected")
                    cpu.add(cpu_seconds / corpus.gb)
                    wall.add(seconds / corpus.gb)
                table.add(corpus.kind, name, kind, expected, base_cpu.text(), cpu.text(),
                          verdict(cpu.least / base_cpu.least, TARGET_RATIO), base_wall.text(), wall.text(),
                          verdict(wall.least / base_wall.least, TARGET_RATIO))
    return [table]


def ask_cold(data, corpus, ask, needle):
    """One question to a server that was just started: the answer, wall and CPU seconds."""
    server = Server(data)
    server.start()
    before, begin = server.cpu(), time.monotonic()
    found = ask(server, corpus, needle)
    seconds, cpu = time.monotonic() - begin, server.cpu() - before
    server.stop()
    return found, seconds, cpu
