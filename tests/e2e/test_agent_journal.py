"""The agent reads journals of systemd, made by systemd-journal-remote from exports."""
import json
import os
import pathlib
import subprocess
import time
import unittest

import harness
from agent import Agent, wait_until

REMOTE = "/lib/systemd/systemd-journal-remote"
BOOT = "1c8d1a3b5e6f4a7b8c9d0e1f2a3b4c5d"
MACHINE = "00112233445566778899aabbccddeeff"


def export(seconds_ago, fields, microseconds=0):
    """One entry in the Journal Export Format."""
    us = int((time.time() - seconds_ago) * 1000) * 1000 + microseconds
    out = f"__REALTIME_TIMESTAMP={us}\n__MONOTONIC_TIMESTAMP={us % 10**12}\n_BOOT_ID={BOOT}\n".encode()
    for name, value in {"_MACHINE_ID": MACHINE, **fields}.items():
        data = value if isinstance(value, bytes) else value.encode()
        if b"\n" in data or not data.isascii():
            out += name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
        else:
            out += name.encode() + b"=" + data + b"\n"
    return out + b"\n"


class Journal:
    """A journal that grows."""

    def __init__(self, folder, name="a"):
        self.writer = subprocess.Popen([REMOTE, f"--output={folder}/{name}.journal", "-"], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def write(self, *entries):
        self.writer.stdin.write(b"".join(entries))
        self.writer.stdin.flush()

    def close(self):
        if not self.writer.stdin.closed:
            self.writer.stdin.close()
        self.writer.wait(timeout=20)


class JournalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("auth_enabled: true\nlimits_config: {max_entries_limit_per_query: 1000000}\n").start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def start(self, options="", relabel="", stages="[]"):
        """An agent that reads a journal in its folder of logs."""
        self.agent = Agent(
            f"- job_name: system\n  journal: {{path: '{{logs}}', labels: {{job: j}}{options}}}\n"
            "  relabel_configs:\n  - {source_labels: [__journal__systemd_unit], target_label: unit}\n"
            f"{relabel}  pipeline_stages: {stages}\n",
            f"- {{url: '{self.server.url}/loki/api/v1/push', tenant_id: {self.tenant()}, batchwait: 20ms}}\n",
            "target_config: {sync_period: 200ms}\n")
        self.addCleanup(self.agent.close)
        return self.agent

    def journal(self, name="a"):
        journal = Journal(self.agent.logs, name)
        self.addCleanup(journal.close)
        return journal

    def tenant(self):
        return self.id().rsplit(".", 1)[1]

    def lines(self, query='{job="j"}'):
        return self.server.lines(query, self.tenant(), limit=100000, direction="forward")

    def wait_for(self, lines, query='{job="j"}'):
        try:
            wait_until(lambda: sorted(self.lines(query)) == sorted(lines))
        except AssertionError:
            self.assertEqual(sorted(self.lines(query)), sorted(lines))

    def result(self, query='{job="j"}'):
        return self.server.query(query, self.tenant(), since="24h", limit=5000)["result"]

    def test_labels_times_and_growth(self):
        agent = self.start(relabel="  - {source_labels: [__journal_priority_keyword], target_label: level}\n"
                                   "  - {source_labels: [__journal_message], regex: not me, action: drop}\n")
        journal = self.journal()
        first = export(60, {"MESSAGE": "one", "PRIORITY": "3", "_SYSTEMD_UNIT": "a.service", "BINARY": b"\xff\n\xfe"})
        journal.write(export(8 * 3600, {"MESSAGE": "older than max_age"}), first,
                      export(50, {"MESSAGE": "two\nlines, ünd more", "PRIORITY": "6"}),
                      export(40, {"MESSAGE": "not me"}), export(40, {"NO_MESSAGE": "x"}))
        agent.start()
        self.wait_for(["one", "two\nlines, ünd more"])
        error, = self.result('{job="j", unit="a.service", level="error"}')
        us = int(first.split(b"\n")[0].split(b"=")[1])
        self.assertEqual(error["values"], [[str(us * 1000), "one"]])
        self.assertEqual(len(self.result('{job="j", level="info"}')), 1)
        journal.write(export(1, {"MESSAGE": "three", "_SYSTEMD_UNIT": "b.service"}))
        self.wait_for(["three"], '{unit="b.service"}')
        self.assertEqual(agent.metric("promtail_journal_target_lines_total"), 3)
        self.assertEqual(agent.metric('promtail_journal_target_parsing_errors_total{error="no_message"}'), 1)
        self.assertIn(f"journal {agent.logs}", agent.get("/targets")[1])
        self.assertEqual(agent.get("/ready")[0], 200)
        # A second file, as after a rotation.
        self.journal("b").write(export(0, {"MESSAGE": "of another file"}))
        self.wait_for(["one", "two\nlines, ünd more", "three", "of another file"])

    def test_json_and_matches(self):
        agent = self.start(", json: true, matches: '_TRANSPORT=kernel PRIORITY=3 PRIORITY=4'")
        self.journal().write(export(9, {"MESSAGE": "a", "_TRANSPORT": "kernel", "PRIORITY": "3"}),
                             export(8, {"MESSAGE": "b", "_TRANSPORT": "syslog", "PRIORITY": "3"}),
                             export(7, {"MESSAGE": "c", "_TRANSPORT": "kernel", "PRIORITY": "5"}),
                             export(6, {"MESSAGE": "d<&>", "_TRANSPORT": "kernel", "PRIORITY": "4"}))
        agent.start()
        wait_until(lambda: len(self.lines()) == 2)
        first, second = self.lines()
        self.assertEqual(first, f'{{"MESSAGE":"a","PRIORITY":"3","_BOOT_ID":"{BOOT}","_MACHINE_ID":"{MACHINE}",'
                                '"_TRANSPORT":"kernel"}')
        self.assertEqual(json.loads(second)["MESSAGE"], "d<&>")

    def test_equal_messages_of_one_microsecond_stay(self):
        agent = self.start()
        journal = self.journal()
        same = export(5, {"MESSAGE": "same"})
        journal.write(same * 3)
        agent.start()
        self.wait_for(["same"] * 3)
        wait_until(lambda: "cursor-system" in pathlib.Path(agent.positions).read_text())
        agent.kill()
        journal.write(same * 2)
        agent.start()
        self.wait_for(["same"] * 5)
        times = [int(v[0]) for s in self.result() for v in s["values"]]
        self.assertEqual(max(times) - min(times), 4)

    def test_killed_again_and_again_every_entry_once(self):
        """While the journal grows; the server keeps an entry that it gets again once."""
        agent = self.start(stages="[{regex: {expression: 'n=(?P<n>\\d+)'}}, {match: {selector: '{job=\"j\"} |= \"drop\"', "
                                  "action: drop}}]")
        journal = self.journal()
        expected = []
        for round_ in range(6):
            agent.start()
            for i in range(20):
                journal.write(*(export(0, {"MESSAGE": f"n={round_}.{i}.{k}{' drop' if k % 10 == 9 else ''}"}, k)
                                for k in range(50)))
                expected += [f"n={round_}.{i}.{k}" for k in range(50) if k % 10 != 9]
            time.sleep(0.05 * round_)
            agent.kill()
        agent.start()
        journal.write(export(0, {"MESSAGE": "of the last run"}))
        expected.append("of the last run")
        self.wait_for(expected)
        self.assertEqual(agent.stop(), 0)
        # All is acknowledged: nothing is read again.
        agent.start()
        journal.write(export(0, {"MESSAGE": "last"}))
        self.wait_for(expected + ["last"])
        self.assertEqual(agent.metric("promtail_journal_target_lines_total"), 1)

    def test_only_what_the_server_has_counts(self):
        agent = self.start()
        journal = self.journal()
        journal.write(export(3, {"MESSAGE": "first"}))
        agent.start()
        self.wait_for(["first"])
        wait_until(lambda: "cursor-system" in pathlib.Path(agent.positions).read_text())
        self.assertEqual(agent.stop(), 0)
        saved = pathlib.Path(agent.positions).read_text()
        url = self.server.url
        config = pathlib.Path(agent.config).read_text()
        pathlib.Path(agent.config).write_text(config.replace(url, "http://127.0.0.1:1"))
        agent.start()
        journal.write(export(2, {"MESSAGE": "second"}))
        wait_until(lambda: agent.metric("promtail_journal_target_lines_total") == 1)
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(pathlib.Path(agent.positions).read_text().splitlines()[1:], saved.splitlines()[1:])
        pathlib.Path(agent.config).write_text(config)
        agent.start()
        self.wait_for(["first", "second"])

    def test_a_folder_that_comes_later_and_positions_that_do_not_count(self):
        agent = self.start(", max_age: 1h")
        os.rmdir(agent.logs)
        pathlib.Path(agent.positions).write_text("positions:\n  cursor-system: \"no cursor\"\n")
        agent.start()
        wait_until(lambda: "No such file or directory" in agent.log_text())
        os.mkdir(agent.logs)
        self.journal().write(export(7200, {"MESSAGE": "too old"}), export(1, {"MESSAGE": "young"}))
        self.wait_for(["young"])
        self.assertIn("the saved position in the journal does not count", agent.log_text())

    def test_wrong_options(self):
        agent = self.start(", matches: 'nonsense'")
        done = subprocess.run([harness.BINARY, "agent", f"-config.file={agent.config}", "-check-syntax"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("'nonsense' in matches is no FIELD=value", done.stderr)


if __name__ == "__main__":
    unittest.main()
