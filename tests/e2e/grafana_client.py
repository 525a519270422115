"""Requests as Grafana sends them: its Loki data source, Logs Drilldown and alerting. Answers go to the strict reader."""
import base64
import gzip
import http.client
import math
import re
import time
import urllib.parse

import grafana_reader as reader
from websocket import WebSocket

MS = 10**6
SECOND = 10**9
MINUTE = 60 * SECOND
API = "/loki/api/v1/"
DRILLDOWN = "grafana-lokiexplore-app"


def step_ms(span_ns, resolution_ns=0):
    """The step of a panel: no more than 11,000 points, whole milliseconds."""
    return max(1, math.ceil(max(resolution_ns, span_ns / 11_000) / MS))


def interval_text(ms):
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if ms >= size:
            return f"{ms // size}{unit}"
    return f"{ms}ms"


def fill(expr, start, end, step, instant=False):
    """Grafana's variables in a query."""
    span_s = round((end - start) / SECOND)
    values = {"__range_ms": str((end - start) // MS), "__range_s": str(span_s), "__range": f"{span_s}s",
              "__interval_ms": str(step), "__interval": interval_text(step),
              "__auto": f"{span_s}s" if instant else interval_text(step)}
    return re.sub(r"\$(__\w+)|\$\{(__\w+)\}", lambda m: values.get(m[1] or m[2], m[0]), expr)


def iso(ns):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // SECOND)) + f".{ns % SECOND // MS:03}Z"


class Refusal(Exception):
    """What the user reads."""

    def __init__(self, status, body):
        self.status, self.message = status, reader.read_error(status, body)
        super().__init__(f"{status} {self.message}")


class Grafana:
    """A data source with basic authentication and a header of its own for the tenant."""

    def __init__(self, server, tenant, user, password):
        self.server = server
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.credential = {"Authorization": "Basic " + basic, "X-Scope-OrgID": tenant}

    def request(self, method, path, headers=None, body=None):
        """(status, content type, body) as a proxy hands them on."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(method, path, body, {
                "User-Agent": "Grafana/13.1.0", "Accept-Encoding": "gzip, deflate, br", "X-Grafana-User": "admin", "X-Dashboard-Uid": "d1",
                "X-Panel-Id": "2", "X-Query-Group-Id": "g-1", "X-Id-Token": "e30.e30.x", "Cookie": "grafana_session=1",
                "X-Datasource-Uid": "loki", "X-Rule-Uid": "", **self.credential, **(headers or {})})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        encoding = answer.getheader("Content-Encoding")
        reader.need(encoding in (None, "gzip"), f"an encoding that is not wanted: {encoding}")
        return answer.status, answer.getheader("Content-Type", ""), gzip.decompress(body) if encoding == "gzip" else body

    def get(self, path, params=(), headers=None, method="GET"):
        """The body of a good answer, which is JSON."""
        encoded = urllib.parse.urlencode(sorted(dict(params).items()), doseq=True)
        if method == "POST":
            headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
            status, kind, body = self.request("POST", path, headers, encoded)
        else:
            status, kind, body = self.request("GET", f"{path}?{encoded}" if encoded else path, headers)
        if not 200 <= status < 300:
            raise Refusal(status, body)
        reader.need("json" in kind, "not JSON: " + kind)
        return body

    def query(self, path, params, source=None, method="GET", flag=True):
        headers = {"X-Loki-Response-Encoding-Flags": "categorize-labels"} if flag else {}
        if source:
            headers["X-Query-Tags"] = "Source=" + source
        answer = reader.read_query(self.get(API + path, params, headers, method))
        if flag and answer.kind == "streams":
            reader.need(reader.FLAG in answer.flags, "labels are not categorized")
        reader.need(answer.stats is not None, "no stats")
        return answer

    # The data source

    def health(self):
        answer = self.query("query", {"direction": "backward", "query": "vector(1)+vector(1)", "time": "4000000000"})
        [series] = answer.series
        return answer.kind, series.points[0][1]

    def range(self, expr, start, end, step=None, limit=1000, direction="backward", **how):
        step = step or step_ms(end - start)
        params = {"direction": direction, "end": end, "query": fill(expr, start, end, step), "start": start, "step": f"{step}ms"}
        return self.query("query_range", {**params, "limit": limit} if limit else params, **how)

    def instant(self, expr, start, end, limit=1000, **how):
        expr = fill(expr, start, end, step_ms(end - start, MINUTE), instant=True)
        return self.query("query", {"direction": "backward", "limit": limit, "query": expr, "time": end}, **how)

    def log_volume(self, expr, start, end, step):
        """What Explore shows above the lines of every log query."""
        expr = re.sub(r"\s#.*", "", expr)
        return self.range(f"sum by (level, detected_level) (count_over_time({expr} | drop __error__[{interval_text(step)}]))",
                          start, end, step, source="logvolhist")

    def labels(self, start, end, selector=None):
        params = {"start": start, "end": end}
        return reader.read_texts(self.get(API + "labels", {**params, "query": selector} if selector else params))

    def values(self, name, start, end, selector=None):
        params = {"start": start, "end": end}
        path = API + f"label/{urllib.parse.quote(name, safe='')}/values"
        return reader.read_texts(self.get(path, {**params, "query": selector} if selector else params))

    def series(self, selector, start, end):
        return reader.read_series(self.get(API + "series", {"match[]": selector, "start": start, "end": end}))

    def index_stats(self, selector, start, end):
        return reader.read_index_stats(self.get(API + "index/stats", {"query": selector, "start": start, "end": end}))

    def fields(self, expr, start, end):
        return reader.read_detected_fields(self.get(
            API + "detected_fields", {"query": expr, "start": start, "end": end, "limit": 1000}))

    def field_values(self, name, expr, start, end):
        return reader.read_field_values(self.get(
            API + f"detected_field/{name}/values", {"query": expr, "start": start, "end": end, "limit": 1000}))

    def tail(self, expr):
        """Through Grafana's proxy, which has taken Origin away; only the query is in it."""
        return WebSocket(self.server.port, API + "tail?" + urllib.parse.urlencode({"query": expr}),
                         {"User-Agent": "Grafana/13.1.0", **self.credential})

    # Logs Drilldown: times as text, and a tag that tells who asks

    def drilldown(self, read, path, start=None, end=None, **params):
        span = {"start": iso(start), "end": iso(end)} if start else {}
        headers = {"X-Query-Tags": "Source=" + DRILLDOWN, "X-Grafana-Cache": "private,max-age=86400"}
        return read(self.get(API + path, {**params, **span}, headers))

    # Alerting

    def rules(self, kind="rules", **params):
        status, content_type, body = self.request("GET", f"/prometheus/api/v1/{kind}?" + urllib.parse.urlencode(params, doseq=True))
        if status != 200:
            raise Refusal(status, body)
        return (reader.read_rules if kind == "rules" else reader.read_alerts)(content_type, body)
