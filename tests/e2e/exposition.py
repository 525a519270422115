"""A strict reader of Prometheus' text format 0.0.4: what a lenient one would pass over is an error here."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(\{{.*\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\})')
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?(e[+-]?\d+)?|Inf)|NaN", re.I)


class Bad(Exception):
    pass


def read_labels(text):
    """The pairs of {a="b",…}, in their order."""
    labels, at = {}, 1
    while at < len(text):
        found = LABEL.match(text, at)
        if not found:
            raise Bad(f"labels {text!r} at {at}")
        name, value, end = found.groups()
        if name in labels:
            raise Bad(f"label {name} twice in {text!r}")
        labels[name] = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), value)
        at = found.end()
        if (end == "}") != (at == len(text)):
            raise Bad(f"labels {text!r} at {at}")
    return labels


def family_of(name, kinds):
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and kinds.get(name[:-len(suffix)]) == "histogram":
            return name[:-len(suffix)]
    return name


def check_histograms(samples, kinds):
    series = {}
    for (name, labels), value in samples.items():
        family = family_of(name, kinds)
        if kinds[family] == "histogram":
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            series.setdefault((family, rest), {})[name[len(family):], dict(labels).get("le")] = value
    for about, parts in series.items():
        buckets = [(float(le), value) for (suffix, le), value in parts.items() if suffix == "_bucket"]
        counts = [value for _, value in sorted(buckets)]
        if not buckets or max(buckets)[0] != float("inf") or counts != sorted(counts):
            raise Bad(f"buckets of {about}: {buckets}")
        if buckets != sorted(buckets):
            raise Bad(f"order of the buckets of {about}")
        if parts.get(("_count", None)) != counts[-1] or ("_sum", None) not in parts:
            raise Bad(f"sum and count of {about}: {parts}")


class Metrics:
    """Of an exposition: `kinds` and `helps` by name, and `samples` by name and frozenset of pairs."""

    def __init__(self, text):
        self.kinds, self.helps, self.samples = {}, {}, {}
        if text and not text.endswith("\n"):
            raise Bad("the last line has no end")
        current, closed = None, set()
        for line in text.split("\n")[:-1]:
            if line.startswith("#"):
                found = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.*)", line)
                if not found:
                    raise Bad(f"comment {line!r}")
                what, name, rest = found.groups()
                if name != current:
                    if name in closed:
                        raise Bad(f"{name} in two places")
                    closed.add(name)
                    current = name
                table = self.helps if what == "HELP" else self.kinds
                if name in table:
                    raise Bad(f"{what} of {name} twice")
                if what == "HELP" and (name in self.kinds or not rest.strip()):
                    raise Bad(f"HELP of {name}")
                if what == "TYPE" and (rest not in ("counter", "gauge", "histogram") or name not in self.helps):
                    raise Bad(f"TYPE of {name}: {rest}")
                table[name] = rest
                continue
            self.read_sample(line, current)
        check_histograms(self.samples, self.kinds)

    def read_sample(self, line, current):
        found = SAMPLE.fullmatch(line)
        if not found or not NUMBER.fullmatch(found[3]):
            raise Bad(f"sample {line!r}")
        name, value = found[1], float(found[3])
        labels = read_labels(found[2]) if found[2] else {}
        family = family_of(name, self.kinds)
        if family != current or family not in self.kinds:
            raise Bad(f"{name} is not where its family is")
        if self.kinds[family] == "histogram" and name == family:
            raise Bad(f"a histogram has no plain sample: {line!r}")
        if self.kinds[family] != "gauge" and not value >= 0:
            raise Bad(f"a negative count: {line!r}")
        key = name, frozenset(labels.items())
        if key in self.samples:
            raise Bad(f"twice: {line!r}")
        self.samples[key] = value

    def all(self, metric, **labels):
        """{frozenset of pairs: value} of that name, with at least these labels."""
        wanted = frozenset(labels.items())
        return {pairs: value for (n, pairs), value in self.samples.items() if n == metric and wanted <= pairs}

    def one(self, metric, **labels):
        """The value of the only series of that name with exactly these labels."""
        return self.samples[metric, frozenset(labels.items())]

    def labels(self, metric):
        """The names of labels that series of that name have, each once."""
        return {frozenset(name for name, _ in pairs) for (n, pairs) in self.samples if n == metric}
