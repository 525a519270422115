#!/usr/bin/env python3
"""Runs benchmarks and prints tables of ratios. `bench/README.md` says what they measure."""
import argparse
import os
import pathlib
import platform
import subprocess
import sys

import agent
import bucket_requests
import cluster
import compact
import ingest
import queries
import restart
import search
from harness import BUILD, Corpus

BENCHMARKS = {"ingest": ingest.run, "compact": compact.run, "search": search.run, "queries": queries.run,
              "restart": restart.run, "agent": agent.run,
              "requests": bucket_requests.run, "writers": cluster.run_writers, "cluster": cluster.run}


class Context:
    """What the user asked for."""

    def __init__(self, arguments):
        self.mb, self.runs, self.connections = arguments.mb, arguments.runs, arguments.connections
        self.kinds, self.batch_kb = arguments.corpus, arguments.batch_kb
        self.work = pathlib.Path(arguments.work)
        self.work.mkdir(parents=True, exist_ok=True)

    def corpora(self):
        for kind in self.kinds:
            yield Corpus(self.work, kind, self.mb, batch_kb=self.batch_kb)


def machine():
    cpu = next(line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    zstd = subprocess.run(["zstd", "--version"], capture_output=True, text=True, check=True).stdout.split(",")[0]
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores of {cpu}, Linux {platform.release()}, {zstd.strip('* ')}; load before: {load:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("benchmark", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all if none is named")
    parser.add_argument("--mb", type=int, default=512, help="MiB of lines per corpus")
    parser.add_argument("--corpus", nargs="+", choices=["cloud", "syslog", "mix"], default=["cloud", "syslog", "mix"])
    parser.add_argument("--runs", type=int, default=3, help="repetitions; the best counts, of writers the mean")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--batch-kb", type=int, default=1024, help="KiB of lines per push")
    parser.add_argument("--work", default=str(BUILD / "bench/work"), help="folder for corpora and data")
    parser.add_argument("--out", help="also write the tables to this file")
    arguments = parser.parse_args()
    unknown = [b for b in arguments.benchmark if b not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}")
    context = Context(arguments)
    out = machine()
    print(out, flush=True)
    for name in arguments.benchmark or BENCHMARKS:
        for table in BENCHMARKS[name](context):
            print(table.text(), flush=True)
            out += "\n" + table.text()
    if arguments.out:
        pathlib.Path(arguments.out).write_text(out + "\n")
    return 1 if "MISSED" in out else 0


if __name__ == "__main__":
    sys.exit(main())
