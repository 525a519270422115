#!/usr/bin/env python3
"""Rules that the repository keeps about itself: sizes of files, calls that belong to one module."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX = {".cc": 1000, ".h": 400}
# Pattern, modules that may use it, why.
BANNED = [
    (r"std::thread\b|std::condition_variable\b|sleep_for", {"io", "net"}, "threads and waits belong to io and net"),
    (r"system_clock|steady_clock", {"io", "net"}, "time comes from io::Clock"),
    (r"using namespace (?!std::string_literals)", set(), "no using namespace"),
    (r"\b(TODO|FIXME|XXX)\b", set(), "finish it or leave it out"),
    (r"#include <iostream>|#include <regex>", set(), "heavy standard headers"),
]
bad = []
for path in sorted((ROOT / "src").rglob("*")):
    if path.suffix not in LINES_MAX:
        continue
    lines = path.read_text().splitlines()
    name = path.relative_to(ROOT)
    if len(lines) > LINES_MAX[path.suffix]:
        bad.append(f"{name}: {len(lines)} lines, at most {LINES_MAX[path.suffix]}")
    module = path.relative_to(ROOT / "src").parts[0]
    for number, line in enumerate(lines, 1):
        for pattern, modules, why in BANNED:
            if module not in modules and re.search(pattern, line):
                bad.append(f"{name}:{number}: {why}")
print("\n".join(bad), end="\n" if bad else "")
sys.exit(1 if bad else 0)
