"""The agent's command line, its files, its clients and its status pages."""
import base64
import bz2
import gzip
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest
import zlib

import harness
from agent import Agent, Recorder, wait_until

JOB = "- job_name: t\n  static_configs:\n  - labels: {job: t, __path__: '{logs}/*.log'}\n"


def run(*args, stdin="", timeout=60):
    done = subprocess.run([harness.BINARY, "agent", *args], input=stdin, capture_output=True, text=True,
                          timeout=timeout)
    return done.returncode, done.stdout, done.stderr


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        self.agent = Agent(
            "- job_name: t\n  pipeline_stages:\n  - regex: {expression: '^(?P<level>\\w+) (?P<msg>.*)$'}\n"
            "  - labels: {level: }\n  - output: {source: msg}\n"
            "  static_configs: [{labels: {job: t, __path__: '{logs}/*.log'}}]\n", "- url: http://127.0.0.1:1/\n")
        self.addCleanup(self.agent.close)

    def test_standard_input_through_the_first_scrape_config(self):
        code, out, _ = run(f"-config.file={self.agent.config}", "-dry-run", "-stdin", stdin="info one\nwarn two")
        self.assertEqual(code, 0)
        lines = out.splitlines()
        self.assertRegex(lines[0], r'^20\S+Z\{job="t", level="info"\}one$')
        self.assertRegex(lines[1], r'^20\S+Z\{job="t", level="warn"\}two$')
        self.assertEqual(len(lines), 2)

    def test_inspect_shows_what_stages_change(self):
        _, out, _ = run(f"-config.file={self.agent.config}", "-dry-run", "-stdin", "-inspect", stdin="info one\n")
        self.assertIn("[inspect: regex stage]\nextracted data:\n", out)
        self.assertIn("[inspect: labels stage]\nlabels:\n+level: info\n", out)
        self.assertIn("line:\n-info one\n+one\n", out)

    def test_dry_run_of_files_keeps_no_positions(self):
        self.agent.write("a.log", "info one\n")
        self.agent.flags = ["-dry-run", "-server.disable"]
        process = subprocess.Popen([harness.BINARY, "agent", f"-config.file={self.agent.config}",
                                    *self.agent.flags], stdout=subprocess.PIPE, stderr=self.agent.log, text=True)
        line = process.stdout.readline()
        process.terminate()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=30), 0)
        self.assertTrue(line.endswith(f'{{filename="{self.agent.path("a.log")}", job="t", level="info"}}one\n'), line)
        self.assertFalse(os.path.exists(self.agent.positions))
        self.assertFalse(os.path.exists(self.agent.positions + ".journal"))

    def test_check_syntax_and_errors(self):
        self.assertEqual(run(f"-config.file={self.agent.config}", "-check-syntax"),
                         (0, "Valid config file! No syntax issues found\n", ""))
        bad = pathlib.Path(self.agent.folder, "bad.yaml")
        bad.write_text("clients:\n- ulr: http://x\n")
        self.assertEqual(run(f"-config.file={bad}", "-check-syntax"),
                         (1, "", f"logi agent: {bad}:2: a client has no key 'ulr'; did you mean 'url'?\n"))
        bad.write_text("scrape_configs: [{job_name: j, encoding: klingon}]\n")
        self.assertEqual(run(f"-config.file={bad}", "-check-syntax")[2],
                         f"logi agent: {bad}: scrape config 'j': there is no encoding 'klingon'\n")
        self.assertEqual(run("-config.file=/none")[::2], (1, "logi agent: /none: cannot be read\n"))
        self.assertEqual(run("-config.fil=x")[::2],
                         (2, "logi agent: there is no flag -config.fil; did you mean -config.file?\n"))
        self.assertEqual(run("-stdin")[0], 1)
        self.assertIn("there is no client to send to", run("-stdin")[2])
        self.assertEqual(run("-version")[:2], (0, "logi 0.1.0\n"))
        self.assertIn("-client.external-labels", run("-help")[1])

    def test_variables(self):
        self.agent.configure("- job_name: t\n  static_configs: [{labels: {job: '${AGENT_JOB:-fallback}'}}]\n", "- url: http://x\n")
        _, out, _ = run(f"-config.file={self.agent.config}", "-config.expand-env=true", "-dry-run", "-stdin", stdin="x\n")
        self.assertIn('{job="fallback"}x', out)


class ServerTest(unittest.TestCase):
    """An agent that pushes to a server."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("auth_enabled: true\nlimits_config: {max_entries_limit_per_query: 1000000}\n").start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def client(self, extra=""):
        return f"- url: {self.server.url}/loki/api/v1/push\n  tenant_id: {self.tenant()}\n  batchwait: 50ms\n{extra}"

    def tenant(self):
        return self.id().rsplit(".", 1)[1]

    def start(self, scrape=JOB, **kwargs):
        agent = Agent(scrape, self.client(), **kwargs)
        self.addCleanup(agent.close)
        return agent

    def lines(self, query='{job="t"}'):
        return sorted(self.server.lines(query, self.tenant(), limit=1000000))

    def wait_for(self, lines, query='{job="t"}'):
        try:
            wait_until(lambda: self.lines(query) == sorted(lines))
        except AssertionError:
            self.assertEqual(self.lines(query), sorted(lines))

    def streams(self, query):
        return sorted((s["stream"] for s in self.server.query(query, self.tenant(), since="24h")["result"]), key=str)


class FilesTest(ServerTest):
    def test_lines_before_and_after_the_start(self):
        agent = self.start()
        agent.write("a.log", "old 1\nold 2\r\npart")
        agent.write("a.txt", "other\n")
        agent.start()
        self.wait_for(["old 1", "old 2"])
        agent.write("a.log", "ial\nnew\n")
        agent.write("b.log", "of a new file\n")
        self.wait_for(["old 1", "old 2", "partial", "new", "of a new file"])
        self.assertEqual([s["filename"] for s in self.streams('{job="t"}')], [agent.path("a.log"), agent.path("b.log")])

    def test_equal_lines_stay_two(self):
        agent = self.start()
        agent.write("a.log", "same\n" * 1000)
        agent.start()
        self.wait_for(["same"] * 1000)

    def test_globs_and_what_they_leave_out(self):
        agent = self.start("- job_name: t\n  static_configs:\n  - targets: [localhost]\n    labels:\n      job: t\n"
                           "      __path__: '{logs}/**/{a,b}*.log'\n      __path_exclude__: '{logs}/**/*-old.log'\n")
        os.makedirs(agent.path("x/y"))
        for name in ["a.log", "x/b1.log", "x/y/a2.log", "x/y/c.log", "x/a-old.log"]:
            agent.write(name, name + "\n")
        agent.start()
        self.wait_for(["a.log", "x/b1.log", "x/y/a2.log"])
        os.mkdir(agent.path("x/z"))
        agent.write("x/z/a3.log", "later\n")
        self.wait_for(["a.log", "x/b1.log", "x/y/a2.log", "later"])

    def test_relabelling_and_file_sd(self):
        agent = self.start("- job_name: t\n  file_sd_configs: [{files: ['{logs}/sd/*.json', '{logs}/sd/*.yml']}]\n"
                           "  relabel_configs:\n"
                           "  - {source_labels: [__meta_app], target_label: job}\n"
                           "  - {source_labels: [__meta_file], target_label: __path__, replacement: '{logs}/$1.log'}\n"
                           "  - {source_labels: [job], regex: drop.*, action: drop}\n", extra="target_config: {sync_period: 200ms}\n")
        os.mkdir(agent.path("sd"))
        agent.write("sd/one.json", '[{"targets": ["localhost"], "labels": {"__meta_app": "t", "__meta_file": "a"}},'
                                   ' {"targets": ["x"], "labels": {"__meta_app": "dropped", "__meta_file": "b"}}]')
        for name in "abc":
            agent.write(name + ".log", name + "\n")
        agent.start()
        self.wait_for(["a"])
        stream, = self.streams('{job="t"}')
        self.assertEqual({k: v for k, v in stream.items() if k not in ("detected_level", "service_name")},
                         {"job": "t", "filename": agent.path("a.log")})
        page = agent.get("/service-discovery")[1]
        self.assertIn("dropped: relabel_configs drop it", page)
        agent.write("sd/two.yml", "- targets: [localhost]\n  labels: {__meta_app: t, __meta_file: c}\n")
        self.wait_for(["a", "c"])

    def test_rotation_by_rename(self):
        agent = self.start().start()
        expected = []
        for i in range(5):
            for j in range(100):
                agent.write("a.log", f"{i} {j}\n")
                expected.append(f"{i} {j}")
            self.wait_for(expected)
            os.rename(agent.path("a.log"), agent.path(f"a.log.{i}"))
            agent.write(f"a.log.{i}", f"{i} late\n")
            expected.append(f"{i} late")
        agent.write("a.log", "last\n")
        self.wait_for(expected + ["last"])
        self.assertEqual([s["filename"] for s in self.streams('{job="t"}')], [agent.path("a.log")])

    def test_rotation_by_rename_within_the_glob(self):
        agent = self.start(JOB.replace("*.log", "a.log*")).start()
        agent.write("a.log", "1\n2\n")
        self.wait_for(["1", "2"])
        os.rename(agent.path("a.log"), agent.path("a.log.1"))
        agent.write("a.log.1", "3\n")
        agent.write("a.log", "4\n")
        self.wait_for(["1", "2", "3", "4"])

    def test_copytruncate(self):
        agent = self.start().start()
        agent.write("a.log", "a longer first line\n" * 3)
        self.wait_for(["a longer first line"] * 3)
        shutil.copy(agent.path("a.log"), agent.path("a.log.1"))
        os.truncate(agent.path("a.log"), 0)
        agent.write("a.log", "short\n")
        self.wait_for(["a longer first line"] * 3 + ["short"])

    def test_deleted_files_are_read_to_their_end(self):
        agent = self.start().start()
        agent.write("a.log", "1\n")
        self.wait_for(["1"])
        with open(agent.path("a.log"), "a") as f:
            os.remove(agent.path("a.log"))
            f.write("2\n")
            f.flush()
            self.wait_for(["1", "2"])
        agent.write("a.log", "3\n")
        self.wait_for(["1", "2", "3"])

    def test_links(self):
        agent = self.start()
        os.mkdir(agent.path("real"))
        agent.write("real/0.json", "1\n")
        os.symlink(agent.path("real/0.json"), agent.path("pod.log"))
        agent.start()
        self.wait_for(["1"])
        agent.write("real/0.json", "2\n")
        self.wait_for(["1", "2"])
        os.rename(agent.path("real/0.json"), agent.path("real/0.json.1"))
        agent.write("real/0.json", "3\n")
        self.wait_for(["1", "2", "3"])
        self.assertEqual([s["filename"] for s in self.streams('{job="t"}')], [agent.path("pod.log")])

    def test_compressed_files(self):
        jobs = "".join(f"- job_name: {f}\n  decompression: {{enabled: true, format: {f}}}\n"
                       f"  static_configs: [{{labels: {{job: t, __path__: '{{logs}}/*.{f}'}}}}]\n"
                       for f in ["gz", "bz2", "z", "zst"])
        agent = self.start(jobs)
        text = "".join(f"line {i}\n" for i in range(5000)).encode()
        agent.write("a.gz", gzip.compress(text[:1000]) + gzip.compress(text[1000:]))
        agent.write("a.bz2", bz2.compress(text))
        agent.write("a.z", zlib.compress(text))
        agent.write("plain", text)
        subprocess.run(["zstd", "-q", agent.path("plain"), "-o", agent.path("a.zst")], check=True)
        agent.start()
        expected = [f"line {i}" for i in range(5000)] * 4
        self.wait_for(expected)
        self.assertEqual(agent.stop(), 0)
        self.assertIn(f'{agent.path("a.gz")}: "5000"', pathlib.Path(agent.positions).read_text())
        agent.start()
        agent.write("b.gz", gzip.compress(b"another\n"))
        self.wait_for(expected + ["another"])

    def test_long_lines_of_compressed_files_come_in_pieces(self):
        agent = self.start("- job_name: t\n  decompression: {enabled: true, format: gz}\n"
                           "  static_configs: [{labels: {job: t, __path__: '{logs}/*.gz'}}]\n",
                           extra="limits_config: {max_line_size: 1000, max_line_size_truncate: true}\n")
        line = "".join(f"{i:09} " for i in range(250_000))
        agent.write("a.gz", gzip.compress(f"first\n{line}\nlast\n".encode()))
        agent.start()
        self.wait_for(["first", "last", *(line[at:at + 1000] for at in range(0, len(line), 1 << 20))])

    def test_encodings_of_compressed_files(self):
        agent = self.start("- job_name: t\n  encoding: UTF-16LE\n  decompression: {enabled: true, format: gz}\n"
                           "  static_configs: [{labels: {job: t, __path__: '{logs}/*.gz'}}]\n")
        lines = [f"line {i} of many" for i in range(10000)]  # more than a turn's
        agent.write("a.gz", gzip.compress("".join(line + "\n" for line in lines).encode("utf-16-le")))
        agent.start()
        self.wait_for(lines)

    def test_encodings(self):
        agent = self.start("- job_name: a\n  encoding: UTF-16\n  static_configs: [{labels: {job: t, __path__: '{logs}/*.16'}}]\n"
                           "- job_name: b\n  encoding: ISO-8859-1\n  static_configs: [{labels: {job: t, __path__: '{logs}/*.latin'}}]\n")
        agent.write("a.16", "über\nਊ zwei\n".encode("utf-16"))
        agent.write("b.16", "vier\r\n".encode("utf-16-be"))
        agent.write("c.latin", "f\xfcnf\n".encode("latin-1"))
        agent.start()
        self.wait_for(["über", "ਊ zwei", "vier", "fünf"])

    def test_long_lines_come_in_pieces(self):
        agent = self.start("- job_name: t\n  static_configs: [{labels: {job: t, __path__: '{logs}/*.log'}}]\n",
                           extra="limits_config: {max_line_size: 1000, max_line_size_truncate: true}\n")
        agent.write("a.log", "x" * (3 << 20) + "\nend\n")
        agent.start()
        self.wait_for(["x" * 1000] * 3 + ["", "end"])
        self.assertEqual(agent.metric('promtail_mutated_entries_total{reason="line_too_long"}'), 3)

    def test_limits(self):
        agent = self.start(extra="limits_config: {max_line_size: 5, max_streams: 1}\n")
        agent.write("a.log", "short\ntoo long\n")
        agent.start()
        self.wait_for(["short"])
        agent.write("b.log", "b\n")
        wait_until(lambda: agent.metric('promtail_dropped_entries_total{host="",reason="stream_limited"'))
        self.assertEqual(agent.metric('promtail_dropped_entries_total{host="",reason="line_too_long"'), 1)
        self.assertEqual(self.lines(), ["short"])

    def test_multiline_blocks(self):
        agent = self.start("- job_name: t\n  pipeline_stages: [{multiline: {firstline: '^\\S', max_wait_time: 200ms}}]\n"
                           "  static_configs: [{labels: {job: t, __path__: '{logs}/*.log'}}]\n").start()
        agent.write("a.log", "one\n more\n more\ntwo\n")
        self.wait_for(["one\n more\n more", "two"])


class PositionsTest(ServerTest):
    def test_a_restart_goes_on(self):
        agent = self.start()
        agent.write("a.log", "1\n2\n")
        agent.start()
        self.wait_for(["1", "2"])
        self.assertEqual(agent.stop(), 0)
        self.assertRegex(pathlib.Path(agent.positions).read_text(),
                         f'^# save [0-9]+\npositions:\n  {agent.path("a.log")}: "4"\n$')
        agent.write("a.log", "3\n")
        agent.start()
        self.wait_for(["1", "2", "3"])

    def test_what_promtail_left(self):
        agent = self.start()
        agent.write("a.log", "1\n2\n3\n")
        agent.write("b.log", "1\n")
        pathlib.Path(agent.positions).write_text(
            f'positions:\n  cursor-journal: "s=1;i=2"\n  {agent.path("a.log")}: "4"\n  {agent.path("b.log")}: "100"\n')
        agent.start()
        self.wait_for(["3", "1"])
        self.assertEqual(agent.stop(), 0)
        self.assertIn('cursor-journal: "s=1;i=2"\n', pathlib.Path(agent.positions).read_text())

    def test_positions_that_somebody_has_changed_count(self):
        agent = self.start()
        agent.write("a.log", "1\n2\n")
        agent.start()
        self.wait_for(["1", "2"])
        agent.stop()
        os.remove(agent.positions)
        agent.start()
        self.wait_for(["1", "1", "2", "2"])  # at other times: they are other entries
        agent.stop()
        text = pathlib.Path(agent.positions).read_text()
        pathlib.Path(agent.positions).write_text(text.replace('"4"', '"2"'))
        agent.start()
        self.wait_for(["1", "1", "2", "2", "2"])

    def test_damaged_positions(self):
        agent = self.start()
        pathlib.Path(agent.positions).write_text("positions: [")
        agent.spawn()
        self.assertEqual(agent.process.wait(timeout=30), 1)
        self.assertIn(agent.positions, agent.log_text())
        agent.flags = ["-positions.ignore-invalid-yaml"]
        agent.write("a.log", "1\n")
        agent.start()
        self.wait_for(["1"])

    def test_rotated_while_the_agent_was_down(self):
        agent = self.start()
        agent.write("a.log", "a first line to know the file by\n")
        agent.start()
        self.wait_for(["a first line to know the file by"])
        agent.kill()
        agent.write("a.log", "2\n")
        os.rename(agent.path("a.log"), agent.path("a.log.1"))
        agent.write("a.log", "3\n")
        agent.start()
        self.wait_for(["a first line to know the file by", "2", "3"])
        self.assertEqual([s["filename"] for s in self.streams('{job="t"}')], [agent.path("a.log")])

    def restarted(self):
        agent = self.start(extra="target_config: {sync_period: 200ms}")
        agent.write("a.log", "1, which a position stands behind\n")
        agent.start()
        self.wait_for(["1, which a position stands behind"])
        self.assertEqual(agent.stop(), 0)
        return agent.start()

    def saves(self, agent):
        return pathlib.Path(agent.positions).read_text().splitlines()[0]

    def test_rotated_long_after_a_restart(self):
        agent = self.restarted()
        expected = ["1, which a position stands behind"]
        for line in ("2", "3", "4"):
            before = self.saves(agent)
            agent.write("a.log", line + "\n")
            expected.append(line)
            self.wait_for(expected)
            wait_until(lambda: self.saves(agent) != before)
        new = [f"{i} of the new file" for i in range(10)]
        agent.write("next", "".join(line + "\n" for line in new))
        os.rename(agent.path("a.log"), agent.path("a.log.1"))
        os.rename(agent.path("next"), agent.path("a.log"))
        self.wait_for(expected + new)

    def test_cut_without_a_copy_after_a_restart(self):
        agent = self.restarted()
        new = [f"{i} of the new file" for i in range(10)]
        agent.write("a.log", "".join(line + "\n" for line in new), "w")
        self.wait_for(["1, which a position stands behind", *new])

    def test_removed_while_the_agent_was_down(self):
        agent = self.restarted()
        agent.stop()
        os.remove(agent.path("a.log"))
        agent.start()
        new = [f"{i} of the new file" for i in range(10)]
        agent.write("next", "".join(line + "\n" for line in new))
        os.rename(agent.path("next"), agent.path("a.log"))
        self.wait_for(["1, which a position stands behind", *new])

    def test_copied_and_cut_while_the_agent_was_down(self):
        agent = self.start()
        agent.write("a.log", "a first line to know the file by\n")
        agent.start()
        self.wait_for(["a first line to know the file by"])
        agent.kill()
        agent.write("a.log", "2\n")
        shutil.copy(agent.path("a.log"), agent.path("a.log.1"))
        os.truncate(agent.path("a.log"), 0)
        agent.write("a.log", "3, which is longer than what was there before, all of it\n")
        agent.start()
        self.wait_for(["a first line to know the file by", "2", "3, which is longer than what was there before, all of it"])


class ClientTest(unittest.TestCase):
    def start(self, recorders, options="", lines="x\n", **kwargs):
        clients = "".join(f"- url: {r.url}\n  batchwait: 50ms\n  backoff_config: {{min_period: 20ms, max_period: 100ms}}\n"
                          f"{options}" for r in recorders)
        agent = Agent(JOB, clients, **kwargs)
        for recorder in recorders:
            self.addCleanup(recorder.close)
        self.addCleanup(agent.close)
        agent.write("a.log", lines)
        return agent.start()

    def test_a_request(self):
        recorder = Recorder()
        agent = self.start([recorder], "  tenant_id: acme\n  headers: {X-Extra: e}\n  external_labels: {cluster: c, job: other}\n"
                                       "  basic_auth: {username: u, password: p}\n")
        wait_until(lambda: recorder.requests)
        path, headers, body, _ = recorder.requests[0]
        self.assertEqual(path, "/loki/api/v1/push")
        self.assertEqual(headers["Content-Type"], "application/x-protobuf")
        self.assertEqual(headers["X-Scope-OrgID"], "acme")
        self.assertEqual(headers["X-Extra"], "e")
        self.assertEqual(headers["Authorization"], "Basic " + base64.b64encode(b"u:p").decode())
        self.assertTrue(headers["User-Agent"].startswith("promtail/"))
        self.assertIn(f'{{cluster="c", filename="{agent.path("a.log")}", job="t"}}'.encode(), body)

    def test_tokens_are_read_anew(self):
        recorder = Recorder([500])
        token = os.path.join("/tmp", f"logi-token-{os.getpid()}")
        self.addCleanup(os.remove, token)
        pathlib.Path(token).write_text("secret\n")
        self.start([recorder], f"  bearer_token_file: {token}\n")
        wait_until(lambda: len(recorder.requests) == 2)
        self.assertEqual(recorder.requests[1][1]["Authorization"], "Bearer secret")

    def test_what_is_tried_again_and_what_is_dropped(self):
        recorder = Recorder([500, 429, 503, 204, 400, 204])
        agent = self.start([recorder])
        wait_until(lambda: len(recorder.requests) == 4)
        self.assertEqual(len({r[2] for r in recorder.requests}), 1, "the same bytes each time")
        agent.write("a.log", "refused\n")
        wait_until(lambda: len(recorder.requests) == 5)
        agent.write("a.log", "next\n")
        wait_until(lambda: len(recorder.requests) == 6)
        self.assertIn(b"next", recorder.requests[5][2])
        host = recorder.url.split("/")[2]
        self.assertEqual(agent.metric(f'promtail_dropped_entries_total{{host="{host}",reason="ingester_error",tenant=""}}'), 1)
        self.assertEqual(agent.metric(f'promtail_batch_retries_total{{host="{host}",tenant=""}}'), 3)
        self.assertEqual(agent.metric(f'promtail_sent_entries_total{{host="{host}"}}'), 2)
        self.assertEqual(agent.metric(f'promtail_request_duration_seconds_count{{host="{host}",status_code="204"}}'), 2)
        self.assertIn('error="first line"', agent.log_text())

    def test_rate_limited_batches_can_be_dropped(self):
        recorder = Recorder([429])
        agent = self.start([recorder], "  drop_rate_limited_batches: true\n")
        host = recorder.url.split("/")[2]
        wait_until(lambda: agent.metric(f'promtail_dropped_entries_total{{host="{host}",reason="rate_limited",tenant=""}}') == 1)
        self.assertEqual(len(recorder.requests), 1)

    def test_all_batches_are_sent_and_saved_before_the_end(self):
        recorder = Recorder(delay=0.1)
        text = "".join(f"line {i} {'x' * 100}\n" for i in range(10))
        agent = self.start([recorder], "  batchsize: 100\n", text)
        wait_until(lambda: recorder.requests)
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(len(recorder.requests), 10)
        self.assertIn(f': "{len(text)}"', pathlib.Path(agent.positions).read_text())

    def test_max_retries_are_kept_to(self):
        recorder = Recorder([500] * 100)
        agent = self.start([recorder], "")
        agent.stop()
        agent.configure(JOB, f"- url: {recorder.url}\n  batchwait: 50ms\n"
                             "  backoff_config: {min_period: 10ms, max_period: 20ms, max_retries: 3}\n")
        del recorder.requests[:]
        agent.start()
        host = recorder.url.split("/")[2]
        wait_until(lambda: agent.metric(f'promtail_dropped_entries_total{{host="{host}",reason="ingester_error",tenant=""}}') == 1)
        self.assertEqual(len(recorder.requests), 4)

    def test_every_client_gets_everything_and_positions_wait_for_all(self):
        one, two = Recorder(), Recorder([500] * 1000)
        agent = self.start([one, two])
        wait_until(lambda: one.requests and len(two.requests) > 3)
        time.sleep(1.5)  # positions are saved each second
        self.assertIn(': "0"', pathlib.Path(agent.positions).read_text())
        two.statuses.clear()
        wait_until(lambda: ': "2"' in pathlib.Path(agent.positions).read_text())

    def test_tenants_of_entries(self):
        recorder = Recorder()
        agent = Agent("- job_name: t\n  pipeline_stages: [{regex: {expression: '^(?P<t>.)'}}, {tenant: {source: t}}]\n"
                      "  static_configs: [{labels: {job: t, __path__: '{logs}/*.log'}}]\n",
                      f"- url: {recorder.url}\n  batchwait: 50ms\n")
        self.addCleanup(recorder.close)
        self.addCleanup(agent.close)
        agent.write("a.log", "a1\nb1\na2\n")
        agent.start()
        wait_until(lambda: len(recorder.requests) == 2)
        bodies = {r[1]["X-Scope-OrgID"]: r[2] for r in recorder.requests}
        self.assertIn(b"a2", bodies["a"])
        self.assertIn(b"b1", bodies["b"])
        self.assertNotIn(b"__tenant_id__", bodies["a"])

    def test_batches_have_their_size(self):
        recorder = Recorder()
        self.start([recorder], "  batchsize: 1000\n", lines="".join(f"{i:099}\n" for i in range(100)))
        wait_until(lambda: len(recorder.requests) == 10)


class StatusTest(unittest.TestCase):
    def test_pages(self):
        recorder = Recorder()
        agent = Agent(JOB, f"- url: {recorder.url}\n  bearer_token: hidden\n", flags=["-server.enable-runtime-reload"])
        self.addCleanup(recorder.close)
        self.addCleanup(agent.close)
        agent.start()
        self.assertEqual(agent.get("/ready")[0], 500)
        self.assertIn("Not ready: Unable to find any logs to tail", agent.get("/ready")[1])
        agent.write("a.log", "x\n")
        wait_until(lambda: agent.get("/ready") == (200, "Ready"))
        self.assertIn(agent.path("a.log"), agent.get("/targets")[1])
        self.assertIn("<h1>Targets</h1>", agent.get("/")[1])
        self.assertIn("<secret>", agent.get("/config")[1])
        self.assertNotIn("hidden", agent.get("/config")[1])
        self.assertEqual(agent.get("/none")[0], 404)
        self.assertEqual(agent.metric("promtail_files_active_total"), 1)
        self.assertEqual(agent.metric("promtail_targets_active_total"), 1)
        path = agent.path("a.log")
        wait_until(lambda: agent.metric(f'promtail_read_lines_total{{path="{path}"}}') == 1)
        self.assertEqual(agent.metric(f'promtail_read_bytes_total{{path="{path}"}}'), 2)

    def test_nothing_to_do_costs_nothing(self):
        recorder = Recorder()
        agent = Agent(JOB, f"- url: {recorder.url}\n", extra="target_config: {sync_period: 1s}\n")
        self.addCleanup(recorder.close)
        self.addCleanup(agent.close)
        for i in range(300):
            agent.write(f"{i}.log", f"{i}\n")
        agent.start()
        wait_until(lambda: pathlib.Path(agent.positions).read_text().count(': "0"') == 0)
        before = agent.cpu_seconds()
        time.sleep(5)
        self.assertLess(agent.cpu_seconds() - before, 0.25)

    def test_reload(self):
        recorder = Recorder()
        agent = Agent(JOB, f"- url: {recorder.url}\n  batchwait: 20ms\n", flags=["-server.enable-runtime-reload"])
        self.addCleanup(recorder.close)
        self.addCleanup(agent.close)
        agent.write("a.log", "1\n")
        agent.start()
        wait_until(lambda: len(recorder.requests) == 1)
        agent.configure(JOB.replace("job: t,", "job: changed,"), f"- url: {recorder.url}\n  batchwait: 20ms\n")
        self.assertEqual(agent.get("/reload")[0], 405)
        self.assertEqual(agent.get("/reload", "POST")[0], 200)
        wait_until(lambda: agent.log_text().count("msg=ready") == 2)  # else the one before may read it still
        agent.write("a.log", "2\n")
        wait_until(lambda: len(recorder.requests) == 2)
        self.assertIn(b'job="changed"', recorder.requests[1][2])
        self.assertNotIn(b'"t"', recorder.requests[1][2])
        pathlib.Path(agent.config).write_text("nonsense: 1\n")
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the new configuration is not taken" in agent.log_text())
        agent.write("a.log", "3\n")
        wait_until(lambda: len(recorder.requests) == 3)


if __name__ == "__main__":
    unittest.main()
