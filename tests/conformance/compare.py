"""Judges a reply by a recorded answer: what counts as the same."""
import json
import math

VALUE_TOLERANCE = 1e-9
TIME_TOLERANCE_SECONDS = 1e-4
SAMPLES = ("vector", "matrix", "scalar")
# Lists at the top of an answer that are sets.
SETS = ("fields", "values", "detectedLabels")


def judge(case, answer, reply):
    """The first difference between a reply and the recorded answer as a text, or None."""
    text = reply.body.decode("utf-8", "replace")
    if reply.status != answer["status"]:
        return f"status {reply.status}, want {answer['status']}: {shorten(text)}"
    for name, want in answer.get("headers", {}).items():
        if reply.headers.get(name) != want:
            return f"header {name} is {reply.headers.get(name)!r}, want {want!r}"
    if "contains" in answer:
        return None if answer["contains"] in text else f"{shorten(text)} lacks {shorten(answer['contains'])}"
    if "body" not in answer:
        want = answer.get("text", "")
        return None if text == want else f"body {shorten(text)}, want {shorten(want)}"
    try:
        got = json.loads(text)
    except ValueError:
        return f"not JSON: {shorten(text)}"
    want = Normaliser(case).normal(answer["body"])
    return Comparison(has_samples(want)).first_difference(want, Normaliser(case).normal(got), "$")


def shorten(value, most=160):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[:most - 3] + "..."


def text_of(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def has_samples(body):
    data = body.get("data") if isinstance(body, dict) else None
    return isinstance(data, dict) and data.get("resultType") in SAMPLES


class Normaliser:
    """Brings answers that mean the same to the same form: what is a set is sorted, what is not compared goes."""

    def __init__(self, case):
        self.ordered = case.get("ordered", False)
        self.ignored = set(case.get("ignore", ()))

    def normal(self, body):
        body = self.strip(body)
        if isinstance(body, list):
            return self.as_set(body)
        if not isinstance(body, dict):
            return body
        body.pop("stats", None)
        for name in SETS:
            if isinstance(body.get(name), list):
                body[name] = self.as_set(body[name])
        if isinstance(body.get("data"), dict):
            self.normalise_result(body["data"])
        elif isinstance(body.get("data"), list):
            body["data"] = self.as_set(body["data"])
        return body

    def normalise_result(self, data):
        data.pop("stats", None)
        result = data.get("result")
        if not isinstance(result, list):
            return
        if data.get("resultType") == "scalar":
            data["result"] = result[1:]  # Loki's own time of a scalar is wrong
        else:
            data["result"] = self.as_set(result)

    def as_set(self, items):
        def key(item):
            labels = item.get("stream", item.get("metric")) if isinstance(item, dict) else None
            return text_of(labels), text_of(item)
        return items if self.ordered else sorted(items, key=key)

    def strip(self, value):
        """A copy without the ignored keys."""
        if isinstance(value, dict):
            return {k: self.strip(v) for k, v in value.items() if k not in self.ignored}
        if isinstance(value, list):
            return [self.strip(v) for v in value]
        return value


class Comparison:
    def __init__(self, samples):
        self.samples = samples  # numbers are compared as numbers, with tolerance

    def first_difference(self, want, got, where):
        if isinstance(want, dict) and isinstance(got, dict):
            return self.in_objects(want, got, where)
        if isinstance(want, list) and isinstance(got, list):
            return self.in_lists(want, got, where)
        if type(want) is type(got) and want == got or self.samples and is_close(want, got):
            return None
        return f"{where}: {shorten(got)}, want {shorten(want)}"

    def in_objects(self, want, got, where):
        for key in sorted({*want, *got}):
            here = f"{where}.{key}"
            if key not in got:
                return f"{here}: absent, want {shorten(want[key])}"
            if key not in want:
                return f"{here}: {shorten(got[key])}, want it absent"
            inner = Comparison(False) if key in ("metric", "stream") else self
            difference = inner.first_difference(want[key], got[key], here)
            if difference:
                return difference
        return None

    def in_lists(self, want, got, where):
        for i, pair in enumerate(zip(want, got)):
            difference = self.first_difference(*pair, f"{where}[{i}]")
            if difference:
                return difference
        if len(want) == len(got):
            return None
        longer = want if len(want) > len(got) else got
        return f"{where}: {len(got)} elements, want {len(want)}; beyond the shorter: {shorten(longer[min(len(want), len(got))])}"


def is_close(want, got):
    """Sample values are texts and agree relatively, times are numbers and agree absolutely."""
    if isinstance(want, str) and isinstance(got, str):
        try:
            a, b = float(want), float(got)
        except ValueError:
            return False
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return a == b or abs(a - b) <= VALUE_TOLERANCE * max(abs(a), abs(b))
    numbers = all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in (want, got))
    return numbers and abs(want - got) < TIME_TOLERANCE_SECONDS
