"""Corpora are the same bytes everywhere and always: figures of different days and machines speak of the same lines."""
import json
import subprocess
import sys
import tempfile

# A corpus that changes is another corpus: put the new hashes here, and measure again what is to be compared.
HASHES = {"cloud": "b040a0e7d4e054c8", "syslog": "689110769a08d819", "mix": "767a29602e1ef511"}


def facts(kind, mb=1, skip_mb=0):
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.argv[1], "--kind", kind, "--mb", str(mb), "--skip-mb", str(skip_mb), "--out", folder + "/c"]
        made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        with open(folder + "/c.lines", "rb") as lines:
            text = lines.read()
    assert text.count(b"\n") == made["lines"] and len(text) == made["bytes"] + made["lines"], made
    assert made["rare"].encode() in text and made["absent"].encode() not in text, made
    return made


bad = 0
for name, expected in HASHES.items():
    if (found := facts(name)["hash"]) != expected:
        print(f"{name}: hash {found}, expected {expected}")
        bad = 1
# Parts of a corpus do not share a line and leave none out.
first, second, both = facts("cloud"), facts("cloud", skip_mb=1), facts("cloud", mb=2)
if first["lines"] + second["lines"] != both["lines"]:
    print(f"{first['lines']} and {second['lines']} lines are not {both['lines']}")
    bad = 1
sys.exit(bad)
