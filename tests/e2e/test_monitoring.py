"""The dashboard and the alerts of deploy/, with a real Prometheus that asks a real server for its metrics: every expression
has an answer, every metric is there, and no alert fires without a reason."""
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from busy import LIMITS, path_of, push_lines
from certificates import Authority
from harness import Server, free_port
from packed import run
from test_slow import SLOW

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus/alerts.yaml"
CONFIG = """
global: {{scrape_interval: 300ms, evaluation_interval: 300ms}}
rule_files: [{alerts}]
scrape_configs:
  - job_name: logi
    scheme: https
    tls_config: {{ca_file: {authority}}}
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""
# Words of PromQL that are no metrics, where no parenthesis follows them.
WORDS = {"and", "or", "unless", "group_left", "group_right", "bool", "offset"}


def metrics_of(expression):
    """Names of the metrics in PromQL without labels of vectors that are matched."""
    text = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(by|without|on|ignoring) *\([^)]*\)', " ", expression.replace('\\"', ""))
    return {name for name, call in re.findall(r"\b([a-zA-Z_:][a-zA-Z0-9_:]*)\b *(\(?)", text)
            if not call and name not in WORDS and not re.fullmatch(r"\d.*|e\d+", name)}


class Prometheus:
    def __init__(self, test, target, authority):
        folder = tempfile.mkdtemp(prefix="logi-prometheus-")
        test.addClassCleanup(shutil.rmtree, folder)
        config = pathlib.Path(folder, "prometheus.yml")
        config.write_text(CONFIG.format(alerts=ALERTS, authority=authority, port=target))
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = open(f"{folder}/log", "w+")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={self.url[7:]}"], stdout=self.log, stderr=self.log)
        test.addClassCleanup(self.close)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def get(self, path, **params):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(params)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def wait_for(self, expression, seconds=30):
        """Until it has an answer."""
        end = time.monotonic() + seconds
        while True:
            try:
                if self.get("query", query=expression)["result"]:
                    return
            except OSError:
                pass
            if time.monotonic() > end:
                self.log.seek(0)
                raise AssertionError(f"{expression} has no answer\n{self.log.read()}")
            time.sleep(0.1)


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        authority = Authority(cls)
        cert, key = authority.issue("server")
        cls.server = Server(LIMITS + "  max_line_size: 64KB\nfrontend:\n  max_outstanding_per_tenant: 1\n"
                            f"server:\n  tls: {{cert_file: {cert}, key_file: {key}}}\n"
                            "compactor:\n  compaction_interval: 100ms\n",
                            tls=ssl.create_default_context(cafile=authority.cert)).start()
        cls.addClassCleanup(cls.server.close)
        cls.do_everything()
        cls.prometheus = Prometheus(cls, cls.server.port, authority.cert)
        # Rates need values of two times.
        cls.prometheus.wait_for("count_over_time(up[1m]) > 3")

    @classmethod
    def do_everything(cls):
        """What the metrics tell of: lines in and out, refused ones, segments, a read too many."""
        push_lines(cls(), cls.server, 5000)
        assert cls.server.request("POST", "/flush")[0] == 204
        assert cls.server.push([({"app": "a"}, [(time.time_ns(), "x" * 100_000)])])[0] == 400
        assert cls.server.get("/loki/api/v1/labels")[0] == 200
        end = time.monotonic() + 20
        while not cls.refuses_a_read():
            assert time.monotonic() < end

    @classmethod
    def refuses_a_read(cls):
        """While another one is under way."""
        with cls.server.tls.wrap_socket(socket.create_connection(("127.0.0.1", cls.server.port)),
                                        server_hostname="127.0.0.1") as connection:
            connection.sendall(f"GET {path_of(SLOW)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            return any(cls.server.get("/loki/api/v1/query", query='{app="a"}')[0] == 429 for _ in range(50))

    def check_metrics(self, expression):
        missing = metrics_of(expression) - set(self.prometheus.get("label/__name__/values"))
        self.assertEqual(missing, set(), expression)

    def test_names_are_found_in_expressions(self):
        self.assertEqual(metrics_of('sum by (a, le) (rate(x_total{b=~"c.."}[5m])) / y:z > 400e6 and on (d) up{e="f"}'),
                         {"x_total", "y:z", "up"})

    def test_the_dashboard_has_answers(self):
        dashboard = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
        panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
        self.assertGreater(len(panels), 20)
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
        for panel in panels:
            for target in panel["targets"]:
                expression = target["expr"]
                for name, value in (("$job", ".+"), ("$instance", ".+"), ("$__rate_interval", "1m")):
                    expression = expression.replace(name, value)
                self.assertNotIn("$", expression)
                self.check_metrics(expression)
                labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
                result = self.prometheus.get("query", query=expression)["result"]
                self.assertTrue(result, f"{panel['title']}: {expression}")
                for series in result:
                    self.assertLessEqual(labels, set(series["metric"]), panel["title"])
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
                values = self.prometheus.get(f"label/{label}/values", **{"match[]": selector.replace("$job", ".+")})
                self.assertTrue(values, variable["name"])

    def test_alerts_are_about_metrics_that_are_there(self):
        self.prometheus.wait_for("up")
        rules = [rule for group in self.prometheus.get("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 10)
        for rule in rules:
            self.check_metrics(rule["query"])
            self.assertEqual((rule["health"], rule["state"] == "firing"), ("ok", False), rule["name"])

    def test_when_alerts_fire(self):
        run("promtool", "test", "rules", "alerts_test.yaml", cwd=ALERTS.parent)
        # There is no alert that this leaves out.
        fired = set(re.findall(r'alertname="(\w+)"', (ALERTS.parent / "alerts_test.yaml").read_text()))
        self.assertEqual(fired, set(re.findall(r"- alert: (\w+)", ALERTS.read_text())))

    def test_metrics_are_as_prometheus_likes_them(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.server.request("GET", "/metrics")[1],
                              capture_output=True, check=False)
        # Loki's names are what they are.
        self.assertEqual([line for line in done.stderr.decode().splitlines() if not line.startswith("loki_")], [])


if __name__ == "__main__":
    unittest.main()
