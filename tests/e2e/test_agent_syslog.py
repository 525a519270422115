"""The agent's target syslog: framing, formats, labels, times, TLS, limits, and rsyslog and syslog-ng that send to it."""
import contextlib
import pathlib
import socket
import ssl
import subprocess
import time
import unittest

import harness
from agent import Agent, Recorder, wait_until
from certificates import Authority

COUNT = 300
RULES = "\n".join(f"  - {{source_labels: [__syslog_message_{name}], target_label: {name}}}"
                  for name in ["severity", "facility", "hostname", "app_name", "proc_id", "msg_id"])


# As Promtail's page on scraping has it.
DOCUMENTED = """
- job_name: syslog
  syslog:
    listen_address: 0.0.0.0:1514
    listen_protocol: tcp
    idle_timeout: 60s
    label_structured_data: yes
    labels:
      job: "syslog"
  relabel_configs:
    - source_labels: ['__syslog_message_hostname']
      target_label: 'host'
"""


def job(name, port, options="", rules=RULES, stages=""):
    """A scrape config of that name."""
    return (f"- job_name: {name}\n  syslog: {{listen_address: '127.0.0.1:{port}', labels: {{job: {name}}}, {options}}}\n"
            f"  relabel_configs:\n{rules}\n{stages}")


def send(port, data, udp=False):
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    with socket.socket(type=kind) as s:
        s.connect(("127.0.0.1", port))
        s.sendall(data)


class SyslogTest(unittest.TestCase):
    """One agent with many targets, and one server."""

    @classmethod
    def setUpClass(cls):
        cls.unpacked = pathlib.Path(subprocess.run([pathlib.Path(__file__).parents[2] / "tools/install_rsyslog"], check=True,
                                                   capture_output=True, text=True).stdout.strip())
        cls.server = harness.Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.authority = Authority(cls)
        cert, key = cls.authority.issue("agent")
        files = f"tls_config: {{cert_file: {cert}, key_file: {key}"
        names = ["plain", "udp", "old", "whole", "data", "incoming", "tls", "mutual", "short", "lines", "idle", "names", "documented"]
        cls.ports = {name: harness.free_port() for name in names}
        options = {
            "udp": "listen_protocol: udp", "old": "syslog_format: rfc3164, use_incoming_timestamp: true",
            "whole": "use_rfc5424_message: true", "data": "label_structured_data: true",
            "incoming": "use_incoming_timestamp: true", "tls": files + "}",
            "mutual": f"{files}, ca_file: {cls.authority.cert}}}", "short": "max_message_length: 100",
            "idle": "idle_timeout: 1s"}
        rules = {
            "data": "  - {source_labels: [__syslog_message_sd_example_99999_test], target_label: test}",
            "names": "  - {source_labels: [__syslog_connection_ip_address], target_label: ip}\n"
                     "  - {source_labels: [__syslog_connection_hostname], target_label: name}\n"
                     "  - {source_labels: [__syslog_message_app_name], regex: dropped, action: drop}"}
        stages = {"lines": "  pipeline_stages: [{multiline: {firstline: '^first', max_wait_time: 1s}}]\n"}
        cls.agent = Agent("".join(job(name, cls.ports[name], options.get(name, ""), rules.get(name, RULES),
                                      stages.get(name, "")) for name in names[:-1]) +
                          DOCUMENTED.replace("0.0.0.0:1514", f"127.0.0.1:{cls.ports['documented']}"),
                          f"- {{url: '{cls.server.url}/loki/api/v1/push', batchwait: 100ms}}\n")
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()

    def expect(self, query, lines):
        wait_until(lambda: len(self.server.lines(query)) >= len(lines))
        self.assertEqual(sorted(self.server.lines(query)), sorted(lines))

    def errors(self):
        return self.agent.metric("promtail_syslog_target_parsing_errors_total")

    def test_counted_messages_have_labels(self):
        text = b"<165>1 2024-01-01T00:00:00Z web nginx 12 ID7 - line\n two"
        send(self.ports["plain"], b"%d %b" % (len(text), text) * 2)
        query = ('{job="plain", severity="notice", facility="local4", hostname="web", app_name="nginx", proc_id="12", '
                 'msg_id="ID7"}')
        self.expect(query, ["line\n two"] * 2)

    def test_the_documented_example(self):
        text = b'<165>1 2024-01-01T00:00:00Z web nginx 12 ID7 [a@1 b="c"] text'
        send(self.ports["documented"], b"%d %b" % (len(text), text))
        wait_until(lambda: self.server.lines('{job="syslog"}'))
        result = self.server.query('{job="syslog"}')["result"]
        labels = {name: value for name, value in result[0]["stream"].items() if name in ("job", "host", "nginx", "test")}
        self.assertEqual(labels, {"job": "syslog", "host": "web"})
        self.assertLess(abs(int(result[0]["values"][0][0]) - time.time_ns()), 60 * 10**9)  # not the message's

    def test_lines_and_their_last_one(self):
        """What follows a line may belong to it, but nobody waits for it for long."""
        with socket.create_connection(("127.0.0.1", self.ports["plain"])) as s:
            s.sendall(b"<11>1 - h lines - - - one\n<11>1 - h lines - - - two\n\tat x\n<11>1 - h lines - - - three\n")
            self.expect('{job="plain", app_name="lines"}', ["one", "two\n\tat x", "three"])

    def test_an_end_ends_the_last_message(self):
        send(self.ports["plain"], b"<11>1 - h ended - - - one")
        self.expect('{job="plain", app_name="ended"}', ["one"])

    def test_datagrams(self):
        lines = [f"udp {i}" for i in range(COUNT)]
        for line in lines:
            send(self.ports["udp"], f"<11>1 - h app - - - {line}\n".encode(), udp=True)
        self.expect('{job="udp", app_name="app", severity="error", facility="user"}', lines)

    def test_rfc3164(self):
        now = time.time()
        stamp = time.strftime("%b %e %H:%M:%S", time.gmtime(now))
        send(self.ports["old"], f"<34>{stamp} host su[7]: failed\n<34>no more than this\n".encode())
        self.expect('{job="old"}', ["failed", "no more than this"])
        result = self.server.query('{job="old", hostname="host", app_name="su", proc_id="7"}')["result"]
        self.assertEqual(int(result[0]["values"][0][0]), int(now) * 10**9)

    def test_the_whole_message_as_line(self):
        text = '<11>1 2024-01-01T00:00:00Z h app - - [a b="c"] text'
        send(self.ports["whole"], text.encode())
        self.expect('{job="whole", app_name="app"}', [text])

    def test_structured_data_becomes_labels(self):
        send(self.ports["data"], b'<11>1 - h app - - [example@99999 test="yes"][o x="y"] text')
        self.expect('{job="data", test="yes"}', ["text"])

    def test_time_of_the_message(self):
        ns = time.time_ns() // 10**6 * 10**6
        stamp = time.strftime("%FT%T", time.gmtime(ns // 10**9)) + f".{ns % 10**9 // 1000:06}Z"
        send(self.ports["incoming"], f"<11>1 {stamp} h timed - - - text\n<11>1 - h untimed - - - text".encode())
        self.expect('{job="incoming"}', ["text"] * 2)
        for app, expected in [("timed", True), ("untimed", False)]:
            found = self.server.query(f'{{job="incoming", app_name="{app}"}}')["result"][0]["values"][0][0]
            self.assertEqual(int(found) == ns, expected, app)

    def test_stages_that_hold(self):
        """Blocks of lines that are separate messages; those of another program stay apart."""
        for app, text in [("a", "first 1"), ("a", "more"), ("b", "first 2"), ("a", "first 3")]:
            send(self.ports["lines"], f"<11>1 - h {app} - - - {text}".encode())
            time.sleep(0.05)
        self.expect('{job="lines"}', ["first 1\nmore", "first 2", "first 3"])

    def test_names_of_machines_and_rules_that_drop(self):
        send(self.ports["names"], b"<11>1 - h dropped - - - no\n<11>1 - h app - - - yes")
        self.expect('{job="names", ip="127.0.0.1"}', ["yes"])
        name = self.server.query('{job="names"}')["result"][0]["stream"].get("name", "")
        with contextlib.suppress(socket.herror):
            self.assertEqual(name, socket.gethostbyaddr("127.0.0.1")[0])

    def test_labels_are_utf8(self):
        send(self.ports["plain"], b"<11>1 - h\xff bytes - - - text\xff")
        self.expect('{app_name="bytes", hostname="h\ufffd"}', ["text\ufffd"])

    def test_tls(self):
        context = ssl.create_default_context(cafile=self.authority.cert)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.ports["tls"])),
                                 server_hostname="localhost") as s:
            s.sendall(b"29 <11>1 - h python - - - secret" * 3)
        self.expect('{job="tls", app_name="python"}', ["secret"] * 3)

    def test_clients_show_certificates(self):
        context = ssl.create_default_context(cafile=self.authority.cert)
        for shown, text in [(False, b"no"), (True, b"yes")]:
            if shown:
                context.load_cert_chain(*self.authority.issue("client"))
            with contextlib.suppress(OSError):
                with context.wrap_socket(socket.create_connection(("127.0.0.1", self.ports["mutual"])),
                                         server_hostname="localhost") as s:
                    s.sendall(b"<11>1 - h app - - - " + text)
                    s.unwrap()
        self.expect('{job="mutual"}', ["yes"])
        self.assertIn("a connection is refused", self.agent.log_text())

    def test_what_is_wrong_is_counted(self):
        before = self.errors()
        send(self.ports["short"], b"<11>1 - h short - - - %b\n<34>Oct 11 22:14:15 h su: x\n<11>1 - h short - - - ok\n"
             % (b"x" * 100))
        self.expect('{job="short"}', ["ok"])
        self.assertEqual(self.errors(), before + 2)
        empty = self.agent.metric("promtail_syslog_empty_messages_total")
        send(self.ports["short"], b"<11>1 - h short - - -")
        wait_until(lambda: self.agent.metric("promtail_syslog_empty_messages_total") == empty + 1)
        log = self.agent.log_text()
        self.assertIn("a message is longer than max_message_length, which is 100", log)

    def test_without_lengths_a_connection_ends(self):
        with socket.create_connection(("127.0.0.1", self.ports["plain"])) as s:
            s.sendall(b"26 <11>1 - h app - - - broken<11>")
            s.settimeout(10)
            self.assertEqual(s.recv(1), b"")

    def test_idle_connections_end(self):
        with socket.create_connection(("127.0.0.1", self.ports["idle"])) as s:
            s.settimeout(10)
            s.sendall(b"<11>1 - h idle - - - one")
            self.assertEqual(s.recv(1), b"")
        self.expect('{job="idle"}', ["one"])

    def test_pages(self):
        self.assertIn(f"tcp 127.0.0.1:{self.ports['plain']}", self.agent.get("/targets")[1])
        self.assertEqual(self.agent.get("/ready")[0], 200)
        self.assertEqual(self.agent.metric("promtail_targets_active_total"), len(self.ports))
        self.assertGreater(self.agent.metric("promtail_syslog_target_entries_total"), -1)

    def rsyslog(self, port, options, lines, settings=""):
        """Debian's rsyslogd takes lines from a file and forwards them."""
        folder = pathlib.Path(self.agent.folder, f"rsyslog-{port}-{len(options)}")
        folder.mkdir()
        source = folder / "in.log"
        source.write_text("".join(line + "\n" for line in lines))
        config = folder / "conf"
        config.write_text(
            f'global(workDirectory="{folder}" {settings})\nmodule(load="imfile" mode="inotify")\n'
            f'input(type="imfile" File="{source}" Tag="app:" Severity="warning" Facility="local3")\n'
            f'action(type="omfwd" Target="127.0.0.1" Port="{port}" {options} action.resumeRetryCount="-1")\n')
        modules = next(self.unpacked.glob("usr/lib/*/rsyslog"))
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen([self.unpacked / "usr/sbin/rsyslogd", "-n", "-f", config, "-i", folder / "pid",
                                        "-M", modules], stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    LABELS = 'app_name="app", severity="warning", facility="local3"'

    def test_rsyslog(self):
        template = 'Template="RSYSLOG_SyslogProtocol23Format"'
        cases = [("plain", f'Protocol="tcp" TCP_Framing="octet-counted" KeepAlive="on" {template}', "counted"),
                 ("plain", f'Protocol="tcp" {template}', "lines"),
                 ("udp", f'Protocol="udp" {template}', "udp"),
                 ("old", 'Protocol="tcp" Template="RSYSLOG_TraditionalForwardFormat"', "old")]
        for target, options, name in cases:
            self.rsyslog(self.ports[target], options, [f"rsyslog {name} {i} ünï" for i in range(COUNT)])
        for target, options, name in cases:
            with self.subTest(name):
                self.expect(f'{{job="{target}", {self.LABELS}}} |= "rsyslog {name}"',
                            [f"rsyslog {name} {i} ünï" for i in range(COUNT)])

    def test_rsyslog_with_tls(self):
        cert, key = self.authority.issue("rsyslog")
        for target in ["tls", "mutual"]:
            own = (f' defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}"'
                   if target == "mutual" else "")
            self.rsyslog(self.ports[target],
                         'Protocol="tcp" TCP_Framing="octet-counted" Template="RSYSLOG_SyslogProtocol23Format" '
                         'StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"',
                         [f"gtls {target} {i}" for i in range(COUNT)],
                         f'defaultNetstreamDriverCAFile="{self.authority.cert}"{own}')
        for target in ["tls", "mutual"]:
            self.expect(f'{{job="{target}", {self.LABELS}}} |= "gtls"', [f"gtls {target} {i}" for i in range(COUNT)])

    def test_syslog_ng(self):
        """Its drivers syslog() and network(), over TCP, TLS and UDP."""
        folder = pathlib.Path(self.agent.folder, "syslog-ng")
        folder.mkdir()
        tls = f'tls(ca-file("{self.authority.cert}"))'
        destinations = {
            "counted": f'syslog("127.0.0.1" transport("tcp") port({self.ports["plain"]}))',
            "lines": f'network("127.0.0.1" transport("tcp") port({self.ports["plain"]}) flags(syslog-protocol))',
            "datagrams": f'syslog("127.0.0.1" transport("udp") port({self.ports["udp"]}))',
            "bsd": f'network("127.0.0.1" transport("tcp") port({self.ports["old"]}))',
            "encrypted": f'syslog("127.0.0.1" transport("tls") port({self.ports["tls"]}) {tls})'}
        now = time.strftime("%FT%TZ", time.gmtime())
        config = "@version: 3.38\noptions { keep-hostname(yes); };\n"
        for name, destination in destinations.items():
            (folder / name).write_text("".join(f"<156>1 {now} h2 app 1 - - {name} {i}\n"
                                               for i in range(COUNT)))
            config += (f'log {{ source {{ file("{folder / name}" read-old-records(yes) flags(syslog-protocol)); }};\n'
                       f'  destination {{ {destination[:-1]} persist-name("{name}")); }}; }};\n')
        (folder / "conf").write_text(config)
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                ["syslog-ng", "--foreground", "--no-caps", "--stderr", "--cfgfile", folder / "conf", "--persist-file",
                 folder / "persist", "--control", folder / "control", "--pidfile", folder / "pid"], stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        for name, target in [("counted", "plain"), ("lines", "plain"), ("datagrams", "udp"), ("bsd", "old"),
                             ("encrypted", "tls")]:
            with self.subTest(name):
                self.expect(f'{{job="{target}", hostname="h2", {self.LABELS}}} |= "{name}"',
                            [f"{name} {i}" for i in range(COUNT)])


class PressureTest(unittest.TestCase):
    """A server that does not answer for a while."""

    def setUp(self):
        self.port, self.udp_port = harness.free_port(), harness.free_port()
        self.server = harness.Server()
        self.addCleanup(self.server.close)
        self.agent = Agent(job("tcp", self.port, "idle_timeout: 1s") +
                           job("udp", self.udp_port, "listen_protocol: udp"),
                           f"- url: {self.server.url}/loki/api/v1/push\n  batchwait: 100ms\n"
                           "  backoff_config: {min_period: 100ms, max_period: 200ms}\n")
        self.addCleanup(self.agent.close)
        self.agent.start()

    def test_a_connection_waits_and_nothing_is_lost(self):
        text = b"x" * 8000
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.settimeout(1)
            sent = 0
            with self.assertRaises(TimeoutError):  # the agent has stopped to read
                while sent < 10000:
                    message = b"<11>1 - h app - - - %d %b" % (sent, text)
                    data = b"%d %b" % (len(message), message)
                    done = 0
                    while done < len(data):
                        done += s.send(data[done:])
                    sent += 1
            self.assertLess(self.agent.memory_mb(), 150)
            self.assertGreater(sent, 500)
            self.server.start()
            s.settimeout(30)
            s.sendall(data[done:])
            count = 'sum(count_over_time({job="tcp"}[1h]))'

            def arrived():
                result = self.server.get("/loki/api/v1/query", query=count)[1]
                return f'"{sent + 1}"' in result.decode()
            wait_until(arrived, 60)

    def test_datagrams_are_counted_when_there_is_no_room(self):
        text = b"<11>1 - h app - - - " + b"x" * 7000
        lost = 'promtail_udp_datagrams_lost_total{job="udp",reason="clients_are_slow"}'
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", self.udp_port))
            for i in range(6000):
                s.send(text)
                if i % 100 == 99:
                    time.sleep(0.002)
        wait_until(lambda: self.agent.metric(lost) > 500)
        self.assertLess(self.agent.memory_mb(), 200)
        self.server.start()
        kernel = self.agent.metric('promtail_udp_datagrams_lost_total{job="udp",reason="kernel_buffer_full"}')
        expected = 6000 - self.agent.metric(lost) - kernel
        count = 'sum(count_over_time({job="udp"}[1h]))'

        def arrived():
            result = self.server.get("/loki/api/v1/query", query=count)[1]
            return f'"{int(expected)}"' in result.decode()
        wait_until(arrived, 60)


class StopTest(unittest.TestCase):
    def test_what_has_arrived_is_sent_before_the_end(self):
        recorder = Recorder()
        self.addCleanup(recorder.close)
        port = harness.free_port()
        agent = Agent(job("t", port, stages="  pipeline_stages: [{multiline: {firstline: '^first'}}]\n"),
                      f"- {{url: '{recorder.url}', batchwait: 1m}}\n")
        self.addCleanup(agent.close)
        agent.start()
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b"<11>1 - h app - - - first one\n<11>1 - h app - - - no end of")
            wait_until(lambda: "1 connections" in agent.get("/targets")[1])
            self.assertEqual(agent.stop(), 0)
        body = b"".join(request[2] for request in recorder.requests)
        self.assertIn(b"first one\nno end of", body)

    def test_a_dry_run_shows_messages_and_stages(self):
        port = harness.free_port()
        agent = Agent(job("t", port, stages="  pipeline_stages: [{static_labels: {a: b}}]\n"), "- url: http://127.0.0.1:1/\n")
        self.addCleanup(agent.close)
        agent.process = subprocess.Popen(
            [harness.BINARY, "agent", f"-config.file={agent.config}", "-dry-run", "-inspect"], stdout=subprocess.PIPE,
            stderr=agent.log, text=True)
        self.addCleanup(agent.process.stdout.close)
        wait_until(lambda: "listening" in agent.log_text())
        send(port, b"<11>1 - h app - - - text")
        shown = []
        while not shown or not shown[-1].endswith("}text\n"):
            shown.append(agent.process.stdout.readline())
        self.assertIn("[inspect: static_labels stage]\n", shown)
        self.assertIn('app_name="app", facility="user"', shown[-1])
        self.assertIn('{a="b", ', shown[-1])
        self.assertEqual(agent.stop(), 0)

    def test_errors_of_configuration(self):
        agent = Agent("", "- url: http://127.0.0.1:1/\n")
        self.addCleanup(agent.close)
        for options, error in [("{}", "syslog needs a listen_address"),
                               ("{listen_address: nowhere}", "'nowhere' is not an address such as"),
                               ("{listen_address: ':0', listen_protocol: quic}", "'quic' is neither tcp nor udp"),
                               ("{listen_address: ':0', syslog_format: cef}", "'cef' is neither rfc5424 nor rfc3164"),
                               ("{listen_address: ':0', listen_protocol: udp, tls_config: {cert_file: a, key_file: b}}",
                                "syslog over UDP has no tls_config"),
                               ("{listen_address: ':0', tls_config: {ca_file: a}}", "needs a cert_file and a key_file")]:
            agent.configure(f"- {{job_name: j, syslog: {options}}}", "- url: http://127.0.0.1:1/\n")
            done = subprocess.run([harness.BINARY, "agent", f"-config.file={agent.config}", "-check-syntax"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn(error, done.stderr)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            agent.configure(job("j", taken.getsockname()[1]), "- url: http://127.0.0.1:1/\n")
            done = subprocess.run([harness.BINARY, "agent", f"-config.file={agent.config}"], capture_output=True,
                                  text=True, timeout=30)
            self.assertEqual(done.returncode, 1)
            self.assertIn("scrape config 'j': cannot listen on 127.0.0.1:", done.stderr)


if __name__ == "__main__":
    unittest.main()
