#!/usr/bin/env python3
"""Pushes log files to a Loki-compatible server: push_files.py URL FILE..."""
import datetime
import json
import pathlib
import sys
import time
import urllib.request

BATCH_BYTES = 1_000_000
OLDEST_SECONDS = 6 * 24 * 3600  # older entries are refused by default limits


def time_of(line, now_ns, last_ns):
    """The time that the line begins with, if it is recent; else the time of the line before it."""
    try:
        ns = int(datetime.datetime.strptime(line[:19], "%Y-%m-%d %H:%M:%S").timestamp()) * 10**9
    except ValueError:
        return last_ns
    return ns if now_ns - OLDEST_SECONDS * 10**9 < ns <= now_ns else last_ns


def push(url, labels, values):
    body = json.dumps({"streams": [{"stream": labels, "values": values}]}).encode()
    request = urllib.request.Request(url + "/loki/api/v1/push", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=30).close()


def push_file(url, path):
    labels = {"job": "logi-run", "filename": str(path)}
    now_ns = time.time_ns()
    last_ns, values, size, count = now_ns, [], 0, 0
    for line in path.read_text(errors="replace").splitlines():
        if not line:
            continue
        last_ns = time_of(line, now_ns, last_ns)
        values.append([str(last_ns), line])
        size += len(line)
        count += 1
        if size >= BATCH_BYTES:
            push(url, labels, values)
            values, size = [], 0
            time.sleep(0.3)  # stay under the default rate of 4 MB a second
    if values:
        push(url, labels, values)
    print(f"pushed {count} lines of {path}")


def main():
    url, files = sys.argv[1], sys.argv[2:]
    for name in files:
        path = pathlib.Path(name)
        if path.is_file() and path.stat().st_size > 0:
            push_file(url, path)


main()
