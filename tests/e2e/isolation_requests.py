"""What the isolation test asks of every endpoint: requests that would show other tenants' data, if they could.

What is another's has the mark in all its texts, and no request here has it: an answer with the mark is a leak."""
import http.client
import json
import re
import time
import urllib.parse

MARK = "zq"
SECOND = 10**9
ALL = '{app=~".+"}'
GUESS = '{guess=~".+"}'
CATEGORIZED = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


class Ask:
    """Parameters and headers of a request; of a push its body; `name` fills {name} of the path."""

    def __init__(self, name="x", headers=None, body=None, **params):
        self.name, self.headers, self.body, self.params = name, headers or {}, body, params

    def __repr__(self):
        return f"Ask({self.name}, {self.params}, {self.headers})"


def asks_of(*queries):
    return [Ask(query=query) for query in queries]


LABELS = [Ask(), Ask(query=ALL), Ask(query=GUESS)]
VALUES = [Ask(name) for name in ("guess", "app", "team", "service_name", "__tenant_id__", "detected_level")] + [
    Ask("guess", query=GUESS)]
SERIES = [Ask(), Ask(**{"match[]": ALL}), Ask(**{"match[]": [GUESS, '{team=~".*", app=~".+"}']}), Ask(match=ALL)]
VOLUMES = [Ask(query="{}"), Ask(query=ALL), Ask(query=GUESS), Ask(query=ALL, targetLabels="guess,app,team"),
           Ask(query=ALL, aggregateBy="labels"), Ask(query=ALL, limit="1")]
LOGS = [ALL, GUESS, ALL + " | logfmt | json", ALL + ' |~ "line"', ALL + ' | detected_level=~".+"',
        '{__tenant_id__=~".+"}', '{app=~".+", __tenant_id__="a"}', ALL + " | guessmeta!=``"]
METRICS = [f"sum by (app, guess, team, level, detected_level) (count_over_time({ALL}[1h]))",
           f"count_over_time({ALL} | logfmt | json [1h])", f"topk(3, sum by (guess) (rate({GUESS}[1h])))",
           f"sum by (guessfield) (count_over_time({ALL} | logfmt | drop __error__ [1h]))",
           f"max by (guess) (max_over_time({ALL} | logfmt | unwrap number [1h])) or vector(0)",
           f"absent_over_time({GUESS}[1h])", f"sum(bytes_over_time({ALL}[1h]))"]
READS = {
    "/loki/api/v1/query_range": asks_of(*LOGS, *METRICS) + [
        Ask(query=ALL, headers=CATEGORIZED), Ask(query=ALL, explain="true"), Ask(query=METRICS[0], explain="true"),
        Ask(query=ALL, limit="1"), Ask(query=ALL, direction="forward", limit="1"), Ask(query=ALL, interval="60s")],
    "/loki/api/v1/query": asks_of(*METRICS) + [Ask(query="vector(1)")],
    "/api/prom/query": asks_of(*LOGS) + [Ask(query=ALL, regexp="line")],
    "/loki/api/v1/labels": LABELS, "/loki/api/v1/label": LABELS, "/api/prom/label": LABELS,
    "/loki/api/v1/label/{name}/values": VALUES, "/api/prom/label/{name}/values": VALUES,
    "/loki/api/v1/series": SERIES, "/api/prom/series": SERIES,
    "/loki/api/v1/index/stats": asks_of(ALL, GUESS),
    "/loki/api/v1/index/volume": VOLUMES, "/loki/api/v1/index/volume_range": VOLUMES,
    "/loki/api/v1/detected_labels": LABELS,
    "/loki/api/v1/detected_fields": asks_of(ALL, GUESS, ALL + " | logfmt | json"),
    "/loki/api/v1/detected_field/{name}/values": [
        Ask(name, query=ALL + parser) for name in ("guessfield", "guessmeta", "guessjson", "detected_level")
        for parser in ("", " | logfmt | json")],
    "/loki/api/v1/patterns": asks_of(ALL, GUESS),
    "/loki/api/v1/drilldown-limits": [Ask()],
    "/config/tenant/v1/limits": [Ask()],
    "/prometheus/api/v1/rules": [Ask(), Ask(type="alert"), Ask(type="x")], "/prometheus/api/v1/alerts": [Ask()],
    "/loki/api/v1/rules": [Ask(), Ask(labels="severity:page")], "/api/prom/rules": [Ask()],
}
# Their answers have no texts; of alerts as none fires.
FIGURES = {"/loki/api/v1/index/stats", "/prometheus/api/v1/alerts"}


def json_push(ns, line):
    return json.dumps({"streams": [{"stream": {"app": "intruder"}, "values": [[str(ns), line]]}]}).encode()


def otlp_push(ns, line):
    return json.dumps({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "intruder"}}]},
        "scopeLogs": [{"logRecords": [{"timeUnixNano": str(ns), "body": {"stringValue": line}}]}]}]}).encode()


def legacy_push(ns, line):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ns // SECOND))
    return json.dumps({"streams": [{"labels": '{app="intruder"}', "entries": [{"ts": stamp, "line": line}]}]}).encode()


JSON = {"Content-Type": "application/json"}
WRITES = {"/loki/api/v1/push": json_push, "/otlp/v1/logs": otlp_push, "/api/prom/push": legacy_push}
TAILS = ["/loki/api/v1/tail", "/api/prom/tail"]
DELETES = "/loki/api/v1/delete"
# Of single groups and namespaces: {name} and {group} are names of a's.
RULES = [prefix + rest for prefix in ("/loki/api/v1/rules", "/api/prom/rules") for rest in ("/{name}", "/{name}/{group}")]
# It is not evaluated before the test is over, so that its answers do not change.
RULE = (f"name: {MARK}group\ninterval: 1000d\nrules: [{{alert: {MARK}alert, expr: 'vector(1)', labels: {{severity: page}}}}]\n").encode()

# Ways to name tenant a, for who may be b only. Each gets a refusal, or what b gets.
TENANT_HEADERS = [
    [("X-Scope-OrgID", text)] for text in (
        "a", "A", " a", "a ", "\ta", "a|b", "b|a", "a|a", "|a", "a|", "b|", "b||a", "b |a", "b,a", "b;a", "b a", "b\ta", "%61",
        "b%7Ca", "a%00", "../a", "b/../a", "b/a", "a/.", "*", ".*", "b|.*", "[ab]", "a\\", "'a'", "\"a\"", "fake", "b\x01a",
        "b\xff|a", "", "b")] + [
    [("x-scope-orgid", "a")], [("X-SCOPE-ORGID", "a")],
    [("X-Scope-OrgID", "b"), ("X-Scope-OrgID", "a")], [("X-Scope-OrgID", "a"), ("X-Scope-OrgID", "b")],
    [("x-scope-orgid", "b"), ("X-Scope-OrgID", "a")], [("X-Scope-OrgID", ""), ("X-Scope-OrgID", "a")],
    [("X-Scope-OrgID", "b"), ("X-Scope-Org-ID", "a"), ("X_Scope_OrgID", "a")],
    [(name, "a") for name in ("X-OrgID", "X-Org-Id", "X-Tenant", "X-Tenant-Id", "Tenant", "X-Grafana-Org-Id", "OrgID",
                              "AccountID", "X-Forwarded-User", "X-Loki-Actor-Path", "X-Webauth-User")]]
# The same by parameters, in the URL or in a form.
TENANT_PARAMS = {name: "a" for name in ("X-Scope-OrgID", "x-scope-orgid", "orgID", "org_id", "orgid", "tenant", "tenantID",
                                        "tenant_id", "__tenant_id__", "user", "userID", "user_id", "userid", "tenants")}


def spellings(path):
    """Other ways to write a path."""
    *_, last = path.split("/")
    return [path.replace(last, f"%{ord(last[0]):02x}" + last[1:]), path.replace(last, f"%{ord(last[0]):02X}" + last[1:]),
            "/" + path, path + "/", path.replace("/", "//"), path.replace("/", "/./"), "/x/.." + path, "/ready/.." + path,
            "/ready" + path, "/ready%2f.." + path, path + "%00", path + ";x=y", path + "%3Fx=y", path.upper(), path + "%20",
            "http://127.0.0.1" + path, "http://a@b" + path, path.replace("/", "%2f", 1), path.replace("/", "%2F"),
            path.replace("/", "\\"), "/loki" + path, "/a" + path, path + "/a", path + "/../labels"]


class Client:
    """Requests on one connection, with headers as they are given."""

    def __init__(self, server, token=None):
        self.server, self.token, self.connection = server, token, None

    def ask(self, method, target, headers=(), body=None):
        """(status, headers and body as one text)."""
        for attempt in (1, 2):
            try:
                return self.try_to_ask(method, target, headers, body)
            except (http.client.HTTPException, ConnectionError):  # a refused request may close it
                self.connection = None
                if attempt == 2:
                    raise

    def try_to_ask(self, method, target, headers, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        c = self.connection
        c.putrequest(method, target, skip_accept_encoding=True)
        if self.token:
            c.putheader("Authorization", "Bearer " + self.token)
        for name, value in headers:
            c.putheader(name, value.encode("latin-1"))
        if body is not None:
            c.putheader("Content-Length", str(len(body)))
        c.endheaders(body)
        answer = c.getresponse()
        text = answer.read().decode("utf-8", "replace")
        shown = "".join(f"{name}: {value}\n" for name, value in answer.getheaders() if name != "Date")
        if answer.will_close:
            self.connection = None
        return answer.status, shown + "\n" + text

    def send(self, method, path, ask, headers=(), params=None):
        """One of the requests above, its parameters in the URL or, of a POST, in a form."""
        target = path.replace("{name}", ask.name)
        encoded = urllib.parse.urlencode({**ask.params, **(params or {})}, doseq=True)
        headers = list(headers) + list(ask.headers.items())
        if ask.body is not None:
            return self.ask(method, f"{target}?{encoded}" if encoded else target, headers, ask.body)
        if method == "POST":
            return self.ask(method, target, headers + [("Content-Type", "application/x-www-form-urlencoded")], encoded.encode())
        return self.ask(method, f"{target}?{encoded}" if encoded else target, headers)

    def close(self):
        if self.connection:
            self.connection.close()


def comparable(answer, figures=True):
    """An answer without what differs from one time to the next; `figures`: with what was read to find it."""
    # How much is read from files depends on what housekeeping has read of them before.
    text = re.sub(r'"(?:\w*(?:Time|PerSecond)|compressedBytes)":[-+.e\d]+', "", answer)
    text = re.sub(r"(?i)^(?:content-length|x-request-id): .*\n", "", text, flags=re.M)
    if not figures:
        text = re.sub(r',"stats":\{.*\}\}', "", text, flags=re.S)
        text = re.sub(r'"(?:blocks|entriesFromStatistics|blocksRead|entriesRead|estimatedBytes)":\d+', "", text)
    return text
