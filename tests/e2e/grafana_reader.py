"""Reads answers as Grafana does, and refuses what it would refuse.

Grafana reads a query's answer in one pass: what comes too late is not seen, what it does not know where it knows all
breaks the whole answer. Other answers go to the browser; there each reader takes what its page needs."""
import json
import re

FLAG = "categorize-labels"
# Statuses that Grafana blames on its plug-in rather than on the data source.
BLAMED_ON_PLUGIN = {405, 406, 412, 413, 414, 416, 417, 426, 431, 501}
FIELD_TYPES = {"string", "int", "float", "boolean", "duration", "bytes"}
# Parts of `stats` that are shown, and what they consist of.
STATS = {
    ("summary",): "bytesProcessedPerSecond linesProcessedPerSecond totalBytesProcessed totalLinesProcessed execTime",
    ("querier", "store"): "totalChunksRef totalChunksDownloaded chunksDownloadTime",
    ("querier", "store", "chunk"): "headChunkBytes headChunkLines decompressedBytes decompressedLines compressedBytes totalDuplicates",
    ("ingester",): "totalReached totalChunksMatched totalBatches totalLinesSent",
    ("ingester", "store", "chunk"): "headChunkBytes headChunkLines decompressedBytes decompressedLines compressedBytes totalDuplicates"}


class Unreadable(Exception):
    pass


class Object(list):
    """The members of a JSON object as they come."""

    def get(self, name, default=None):
        return dict(self).get(name, default)


class Number(str):
    """A number as it was written."""

    @property
    def value(self):
        return float(self)


def need(holds, why):
    if not holds:
        raise Unreadable(why)


def parse(body):
    """JSON as it is in RFC 8259, in UTF-8, nothing behind it; objects keep order and repetitions."""
    def members(pairs):
        names = [name for name, _ in pairs]
        need(len(set(names)) == len(names), f"a name is there twice: {names}")
        return Object(pairs)

    def refuse(constant):
        raise Unreadable(constant + " is no JSON")
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=members, parse_float=Number, parse_int=Number,
                          parse_constant=refuse)
    except ValueError as e:  # of decoding, too
        raise Unreadable(str(e)) from e


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def text(value, what):
    need(is_text(value), f"{what} is no string: {value!r}")
    return value


def number(value, what):
    need(isinstance(value, Number), f"{what} is no number: {value!r}")
    return value.value


def whole(value, what):
    need(isinstance(value, Number) and re.fullmatch(r"-?\d+", value), f"{what} is no whole number: {value!r}")
    return int(value)


def members(value, what):
    need(isinstance(value, Object), f"{what} is no object: {value!r}")
    return value


def array(value, what):
    need(isinstance(value, list) and not isinstance(value, Object), f"{what} is no array: {value!r}")
    return value


def texts(value, what):
    return [text(item, what) for item in array(value, what)]


def text_map(value, what):
    return {name: text(item, f"{what} {name}") for name, item in members(value, what)}


def float_text(value):
    """A sample's value: a string of a number, or of NaN and infinities in any case."""
    written = text(value, "a sample's value")
    if re.fullmatch(r"(?i)nan|[-+]?inf(inity)?", written):
        return float(written)
    need(re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", written), f"a sample's value is no number: {written!r}")
    return float(written)


class Row:
    """A line. `types` says of each label where it is from: I of the stream, S metadata, P parsed."""

    def __init__(self, ns, line, labels, types):
        self.ns, self.line, self.labels, self.types = ns, line, labels, types


class Series:
    def __init__(self, labels, points):
        self.labels, self.points = labels, points  # [(seconds, value)]


class Answer:
    """What a panel gets: rows of streams, or series."""

    def __init__(self):
        self.kind, self.flags, self.rows, self.series, self.stats, self.notices = None, [], [], [], None, []


class _Pending:
    """What is known while an answer is read."""

    def __init__(self):
        self.answer, self.kind, self.late = Answer(), None, None

    def data(self, data):
        for name, value in members(data, "data"):
            if name == "resultType":
                self.kind = text(value, name)
                if self.late is not None:  # read at last
                    self.result(self.late)
            elif name == "encodingFlags":
                self.answer.flags = texts(value, name)
            elif name == "result":
                if self.kind is None:
                    self.late = value
                else:
                    self.result(value)
            elif name == "stats":
                self.answer.stats = value
        need(self.kind is not None, "no resultType found")

    def result(self, value):
        self.answer.kind = self.kind
        readers = {"streams": self.streams, "matrix": self.samples, "vector": self.samples, "scalar": self.scalar,
                   "string": self.string}
        need(self.kind in readers, f"unknown resultType {self.kind!r}")
        readers[self.kind](value)

    def streams(self, value):
        read = categorized_row if FLAG in self.answer.flags else plain_row
        for stream in array(value, "streams"):
            labels = None
            for name, part in members(stream, "a stream"):
                if name == "stream":
                    labels = text_map(part, "label")
                elif name == "values":
                    need(labels is not None, "values before their stream")
                    self.answer.rows += [read(labels, row) for row in array(part, name)]
                else:
                    raise Unreadable(f"a stream has {name!r}")
            need(labels is not None, "a stream has no labels")

    def samples(self, value):
        for one in array(value, self.kind):
            labels, points = {}, []
            for name, part in members(one, "a series"):
                if name == "metric":
                    labels = text_map(part, "label")
                elif name == "value":
                    points = [sample(part)]
                elif name == "values":
                    points = [sample(point) for point in array(part, name)]
            need(self.kind == "matrix" or len(points) == 1, "a series of a vector has one value")
            times = [seconds for seconds, _ in points]
            need(times == sorted(set(times)), "times of a series do not ascend")
            self.answer.series.append(Series(labels, points))

    def scalar(self, value):
        self.answer.series.append(Series({}, [sample(value)]))

    def string(self, value):
        pair = array(value, "a string")
        need(len(pair) == 2, "a string has a time and a text")
        number(pair[0], "a time")
        text(pair[1], "a string")


def sample(value):
    pair = array(value, "a sample")
    need(len(pair) == 2, f"a sample has two parts: {pair}")
    return number(pair[0], "a sample's time"), float_text(pair[1])


def time_and_line(row):
    ns = text(row[0], "a line's time")
    need(re.fullmatch(r"\d+", ns) and len(ns) >= 10, f"unexpected time format {ns!r}")
    return int(ns), text(row[1], "a line")


def plain_row(labels, value):
    row = array(value, "a row")
    need(len(row) == 2, f"a row has two parts: {row}")
    ns, line = time_and_line(row)
    return Row(ns, line, labels, {})


def categorized_row(labels, value):
    row = array(value, "a row")
    need(len(row) == 3, f"a row has three parts: {row}")
    ns, line = time_and_line(row)
    all_labels, types = dict(labels), dict.fromkeys(labels, "I")
    for name, part in members(row[2], "the third part of a row"):
        need(name in ("structuredMetadata", "parsed"), f"a row has {name!r}")
        more = text_map(part, name)
        all_labels.update(more)
        types.update(dict.fromkeys(more, "S" if name == "structuredMetadata" else "P"))
    return Row(ns, line, all_labels, types)


def read_query(body):
    """The answer to query or query_range."""
    pending = _Pending()
    error = None
    for name, value in members(parse(body), "the answer"):
        if name == "data":
            pending.data(value)
        elif name == "status" and text(value, name) == "error":
            error = "status: error"
        elif name in ("error", "errorType"):
            text(value, name)
        elif name in ("warnings", "infos"):
            pending.answer.notices += texts(value, name)
    need(error is None, error)
    if pending.answer.stats is not None:
        check_stats(pending.answer.stats)
    return pending.answer


def check_stats(stats):
    for path, names in STATS.items():
        part = members(stats, "stats")
        for name in path:
            part = members(part.get(name, Object()), name)
        for name in names.split():
            number(part.get(name, Number("0")), name)


def status_and(body):
    answer = members(parse(body), "the answer")
    need(answer.get("status", "success") == "success", "status is not success")
    return answer


def read_texts(body):
    """labels, label/…/values: no data is none."""
    return texts(status_and(body).get("data", []), "data")


def read_series(body):
    return [text_map(item, "label") for item in array(status_and(body).get("data", []), "data")]


def read_index_stats(body):
    stats = members(parse(body), "stats")
    return {name: number(stats.get(name), name) for name in ("streams", "chunks", "bytes", "entries")}


def read_volume(body):
    """[(labels, bytes)] of a volume, one value each."""
    data = members(status_and(body).get("data"), "data")
    out = []
    for one in array(data.get("result"), "result"):
        labels = text_map(members(one, "a series").get("metric"), "label")
        out.append((labels, sample(one.get("value"))[1]))
    return out


def read_detected_labels(body):
    """{name: cardinality}; here and below, what is absent is empty."""
    out = {}
    for one in array(members(parse(body), "the answer").get("detectedLabels", []), "detectedLabels"):
        out[text(members(one, "a label").get("label"), "label")] = whole(one.get("cardinality"), "cardinality")
    return out


def read_detected_fields(body):
    """{name: (type, parsers or None, path or None)}."""
    out = {}
    for one in array(members(parse(body), "the answer").get("fields", []), "fields"):
        members(one, "a field")
        kind = text(one.get("type"), "type")
        need(kind in FIELD_TYPES, f"unknown type {kind!r}")
        whole(one.get("cardinality"), "cardinality")
        need("parsers" in dict(one), "a field has no parsers")
        parsers = one.get("parsers")  # null for metadata: [] would be taken for a mixture
        need(parsers is None or texts(parsers, "parsers"), "parsers are empty")
        path = one.get("jsonPath")
        out[text(one.get("label"), "label")] = (kind, parsers, path if path is None else texts(path, "jsonPath"))
    return out


def read_field_values(body):
    return texts(members(parse(body), "the answer").get("values", []), "values")


def read_patterns(body):
    """[(pattern, level, [(seconds, count)])]."""
    out = []
    for one in array(status_and(body).get("data"), "data"):
        level = members(one, "a pattern").get("level")
        samples = [[whole(part, "a sample") for part in array(pair, "a sample")] for pair in array(one.get("samples"), "samples")]
        need(all(len(pair) == 2 for pair in samples), "a sample has a time and a count")
        out.append((text(one.get("pattern"), "pattern"), None if level is None else text(level, "level"), samples))
    return out


def read_drilldown_limits(body):
    answer = members(parse(body), "the answer")
    limits = members(answer.get("limits"), "limits")
    period = text(limits.get("retention_period"), "retention_period")
    need(re.fullmatch(r"0|(\d+(ms|[smhdwy]))+", period), f"retention_period is no duration: {period}")
    most = whole(limits.get("max_entries_limit_per_query"), "max_entries_limit_per_query")
    need(isinstance(answer.get("pattern_ingester_enabled"), bool), "pattern_ingester_enabled is no boolean")
    return period, most, answer.get("pattern_ingester_enabled")


def read_tail_frame(message):
    """[Row] of a live frame, and how many were dropped."""
    answer = members(parse(message.encode()), "a frame")
    rows = []
    for stream in array(answer.get("streams") or [], "streams"):
        labels = text_map(members(stream, "a stream").get("stream"), "label")
        for value in array(stream.get("values"), "values"):
            row = array(value, "a row")
            need(len(row) >= 2, "a row has a time and a line")
            ns, line = time_and_line(row)
            need(len(row[0]) >= 19, f"its milliseconds are the time without the last six digits: {row[0]}")
            rows.append(Row(ns, line, labels, {}))
    dropped = answer.get("dropped_entries") or []
    for entry in array(dropped, "dropped_entries"):
        text_map(members(entry, "a dropped entry").get("labels"), "label")
        text(entry.get("timestamp"), "timestamp")
    return rows, len(dropped)


def read_rules(content_type, body):
    """Groups of /prometheus/api/v1/rules."""
    need("json" in content_type, "rules are not JSON: " + content_type)
    groups = array(members(status_and(body).get("data"), "data").get("groups"), "groups")
    for group in groups:
        for name in ("name", "file"):
            text(members(group, "a group").get(name), name)
        number(group.get("interval"), "interval")
        evaluated = text(group.get("lastEvaluation"), "lastEvaluation")
        need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)", evaluated), "lastEvaluation: " + evaluated)
        for rule in array(group.get("rules"), "rules"):
            for name in ("name", "query", "health", "type"):
                text(members(rule, "a rule").get(name), name)
    return groups


def read_alerts(content_type, body):
    need("json" in content_type, "alerts are not JSON: " + content_type)
    return array(members(status_and(body).get("data"), "data").get("alerts"), "alerts")


def read_by_path(path, flags, body):
    """Reads the answer to a request of that path, if Grafana sends such; `flags` is the request's header for them."""
    name = path.removeprefix("/loki/api/v1/")
    if name in ("query", "query_range", "index/volume", "index/volume_range"):
        answer = read_query(body)
        wanted = answer.kind == "streams" and FLAG in (flag.strip() for flag in flags.split(","))
        need(wanted == (FLAG in answer.flags), "labels are categorized, or not, against the request")
    elif name == "label" or name == "labels" or re.fullmatch("label/[^/]+/values", name):
        read_texts(body)
    elif re.fullmatch("detected_field/[^/]+/values", name):
        read_field_values(body)
    elif name in READERS:
        READERS[name](body)
    else:
        return False
    return True


READERS = {"series": read_series, "index/stats": read_index_stats, "detected_labels": read_detected_labels,
           "detected_fields": read_detected_fields, "patterns": read_patterns, "drilldown-limits": read_drilldown_limits}


def read_error(status, body):
    """What the user is told."""
    need(not 200 <= status < 300, "no error")
    need(status not in BLAMED_ON_PLUGIN, f"status {status} is blamed on Grafana")
    try:
        message = members(parse(body), "an error").get("message")
        if is_text(message):
            return message
    except Unreadable:
        pass
    shown = body.decode("utf-8", "replace")
    need(not shown.lstrip().startswith(("<", "{")), "shown as it is: " + shown)
    return shown
