"""Configurations of the shapes that Promtail's pages show: they load, and do what the pages say."""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import harness
from agent import wait_until

HEAD = """\
server:
  http_listen_address: 127.0.0.1
  http_listen_port: {port}
  grpc_listen_port: 0
positions:
  filename: {folder}/positions.yaml
"""
CLIENTS = """\
clients:
  - url: {url}/loki/api/v1/push
"""

STATIC = HEAD + CLIENTS + """\
scrape_configs:
 - job_name: system
   pipeline_stages:
   static_configs:
   - targets:
      - localhost
     labels:
      job: varlogs
      host: yourhost
      __path__: {folder}/*.log
 - job_name: someone_service
   pipeline_stages:
   static_configs:
   - targets:
      - localhost
     labels:
      job: someone_service
      host: yourhost
      __path__: {folder}/service/*.log
"""
# An older way to name the only server, and no targets.
WITHOUT_TARGETS = HEAD + """\
client:
  url: {url}/loki/api/v1/push
scrape_configs:
 - job_name: system
   pipeline_stages:
   static_configs:
   - labels:
      job: varlogs
      host: yourhost
      __path__: {folder}/*.log
"""
JOURNAL = HEAD + CLIENTS + """\
scrape_configs:
  - job_name: journal
    journal:
      json: false
      max_age: 12h
      path: {folder}
      matches: _TRANSPORT=kernel
      labels:
        job: systemd-journal
    relabel_configs:
      - source_labels: ['__journal__systemd_unit']
        target_label: 'unit'
"""
SYSLOG = HEAD + CLIENTS + """\
scrape_configs:
  - job_name: syslog
    syslog:
      listen_address: 127.0.0.1:0
      labels:
        job: "syslog"
    relabel_configs:
      - source_labels: ['__syslog_message_hostname']
        target_label: 'host'
"""
PUSH = HEAD + CLIENTS + """\
scrape_configs:
- job_name: push1
  loki_push_api:
    server:
      http_listen_port: 3500
      grpc_listen_port: 3600
    labels:
      pushserver: push1
"""
DOCKER = HEAD + CLIENTS + """\
scrape_configs:
  - job_name: flog_scrape
    docker_sd_configs:
      - host: unix:///var/run/docker.sock
        refresh_interval: 5s
        filters:
          - name: name
            values: [flog]
    relabel_configs:
      - source_labels: ['__meta_docker_container_name']
        regex: '/(.*)'
        target_label: 'container'
"""
KUBERNETES = HEAD + CLIENTS + """\
scrape_configs:
- job_name: kubernetes-pods-name
  kubernetes_sd_configs: [{{role: pod, api_server: 'http://127.0.0.1:1'}}]
  relabel_configs:
  - source_labels: [__meta_kubernetes_pod_label_name]
    target_label: __service__
  - source_labels: [__meta_kubernetes_pod_node_name]
    target_label: __host__
  - action: drop
    regex: ^$
    source_labels: [__service__]
  - action: replace
    replacement: $1
    separator: /
    source_labels: [__meta_kubernetes_namespace, __service__]
    target_label: job
  - action: labelmap
    regex: __meta_kubernetes_pod_label_(.+)
  - replacement: /var/log/pods/*$1/*.log
    separator: /
    source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name]
    target_label: __path__
"""
PIPELINE = HEAD + CLIENTS + """\
scrape_configs:
- job_name: system
  pipeline_stages:
  - match:
      selector: '{{app="loki"}}'
      stages:
      - json:
          expressions:
            component:
            level:
            message:
            ts:
      - template:
          source: level
          template: '{{{{ ToUpper .Value }}}}'
      - labels:
          level:
          component:
      - timestamp:
          source: ts
          format: RFC3339Nano
      - output:
          source: message
  - match:
      selector: '{{app="loki"}} |~ ".*noisy error.*"'
      action: drop
      drop_counter_reason: promtail_noisy_error
  static_configs:
  - labels:
      app: loki
      __path__: {folder}/*.log
"""


class ExamplesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().start()
        cls.addClassCleanup(cls.server.close)

    def write(self, text):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name
        config = pathlib.Path(self.folder, "promtail.yaml")
        config.write_text(text.format(port=harness.free_port(), folder=self.folder, url=self.server.url))
        return str(config)

    def start(self, text):
        agent = subprocess.Popen([harness.BINARY, "agent", f"-config.file={self.write(text)}"],
                                 stderr=subprocess.DEVNULL)
        self.addCleanup(agent.wait, timeout=20)
        self.addCleanup(agent.terminate)

    def log(self, name, text):
        path = pathlib.Path(self.folder, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def expect(self, query, lines):
        wait_until(lambda: len(self.server.lines(query)) >= len(lines))
        self.assertEqual(sorted(self.server.lines(query)), sorted(lines))

    def test_all_load(self):
        for text in (STATIC, WITHOUT_TARGETS, JOURNAL, SYSLOG, PUSH, DOCKER, KUBERNETES, PIPELINE):
            done = subprocess.run([harness.BINARY, "agent", f"-config.file={self.write(text)}", "-check-syntax"],
                                  capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 0, text + done.stderr)

    def test_files(self):
        self.start(STATIC)
        self.log("a.log", "one\n")
        os.makedirs(self.folder + "/service")
        self.log("service/b.log", "two\n")
        self.expect('{job="varlogs", host="yourhost"}', ["one"])
        self.expect('{job="someone_service", host="yourhost"}', ["two"])

    def test_files_without_targets(self):
        self.start(WITHOUT_TARGETS.replace("job: varlogs", "job: no-targets"))
        self.log("a.log", "three\n")
        self.expect('{job="no-targets", host="yourhost"}', ["three"])

    def test_a_pipeline(self):
        self.start(PIPELINE)
        ts = time.strftime("%Y-%m-%dT%H:%M:%S.5Z", time.gmtime())
        self.log("a.log", f'{{"ts":"{ts}","level":"warn","component":"querier","message":"slow"}}\n'
                          f'{{"ts":"{ts}","level":"warn","component":"querier","message":"a noisy error"}}\n'
                          f'{{"ts":"{ts}","level":"info","component":"ruler","message":"fine"}}\n')
        self.expect('{app="loki"}', ["slow", "fine"])
        self.expect('{app="loki", level="WARN", component="querier"}', ["slow"])
        values = self.server.query('{app="loki", component="ruler"}')["result"][0]["values"]
        self.assertTrue(values[0][0].endswith("500000000"))


if __name__ == "__main__":
    unittest.main()
