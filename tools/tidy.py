#!/usr/bin/env python3
"""Rules that the repository keeps about itself: sizes of files, calls that belong to one module, names that one file has."""
import collections
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
# What can stand in an unnamed namespace: a type, a constant, or a function with its parameters.
DECLARATION = re.compile(
    r"(?:class|struct|enum class|enum) (\w+)[^;]*$"
    r"|(?:inline )?const(?:expr)? [^()]*?(\w+)(?:\[\w*\])?(?: =|;|\{|\()"
    r"|[\w:<>,*& ]*[ *&](\w+\([^{;]*\)) \{", re.MULTILINE)


def declared_unnamed(text):
    """Yields (line's number, namespace, what) for what unnamed namespaces have."""
    space = re.search(r"^namespace ([\w:]+) \{", text, re.MULTILINE)
    for unnamed in re.finditer(r"^namespace \{\n(.*?)^\}  // namespace$", text, re.MULTILINE | re.DOTALL):
        for start in re.finditer(r"^(?=[a-z])(?!using |namespace |template )", unnamed[1], re.MULTILINE):
            if found := DECLARATION.match(unnamed[1], start.start()):
                what = re.sub(r"\s+", " ", found[1] or found[2] or found[3])
                yield text.count("\n", 0, unnamed.start(1) + start.start()) + 1, space and space[1], what


bad = []
unnamed = collections.defaultdict(list)
for path in sorted((ROOT / "src").rglob("*")):
    if path.suffix not in LINES_MAX:
        continue
    text = path.read_text()
    lines = text.splitlines()
    name = path.relative_to(ROOT)
    if len(lines) > LINES_MAX[path.suffix]:
        bad.append(f"{name}: {len(lines)} lines, at most {LINES_MAX[path.suffix]}")
    module = path.relative_to(ROOT / "src").parts[0]
    for number, line in enumerate(lines, 1):
        for pattern, modules, why in BANNED:
            if module not in modules and re.search(pattern, line):
                bad.append(f"{name}:{number}: {why}")
    for number, space, what in declared_unnamed(text):
        unnamed[module, path.name.endswith("_test.cc"), space, what].append(f"{name}:{number}")
for (*_, what), places in unnamed.items():
    if len({place.split(":")[0] for place in places}) > 1:
        bad.append(f"{places[-1]}: {what} is in {places[0]}, too; unity builds need one, in a header, or another name")
print("\n".join(bad), end="\n" if bad else "")
sys.exit(1 if bad else 0)
