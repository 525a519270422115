"""Three writers, three readers and two compactors over one bucket on a real S3 server, under constant load: some
are killed, and others are cut off from the bucket. LOGI_CUTS_SECONDS=600 runs it for so long; LOGI_OTHER_BINARY is
what every second process runs, such as an older version."""
import json
import os
import random
import subprocess
import threading
import time
import unittest
import urllib.parse

from cluster import LIMITS
from cut_network import Availability, Namespace, Relay, namespaces_work
from harness import BINARY, Server
from s3_server import S3Server

BINARIES = [BINARY, os.environ.get("LOGI_OTHER_BINARY", BINARY)]
SECONDS = float(os.environ.get("LOGI_CUTS_SECONDS", "60"))
WORKERS, BATCH = 3, 20
# A query looks back so far; at the end all is asked for, in pieces.
LOOK_BACK = 40 * 10**9
PIECE = 60 * 10**9
CUT_SECONDS_MAX = 12
# Longer than a writer may be silent before it is taken for dead.
LONG_CUT_SECONDS = 50

CONFIG = "auth:\n  mode: none\n" + LIMITS


class Process(Server):
    """`logi server --role …` at a place that can be cut off."""

    def __init__(self, place, role, environment, binary):
        super().__init__(f"bucket: s3://logi/cuts?endpoint={place.endpoint}\n{CONFIG}", environment=environment)
        self.place, self.role, self.binary, self.busy = place, role, binary, False
        self.listen, self.url = f"{place.host}:{place.port}", f"http://{place.host}:{place.port}"

    def spawn(self):
        self.process = subprocess.Popen(
            [*self.place.command, self.binary, "server", f"-config.file={self.config}", "--data", self.data,
             "--listen", self.listen, "--role", self.role],
            stderr=self.log, env={**os.environ, **self.environment})

    def close(self):
        super().close()
        self.place.close()

    def answer(self, worker, begin, end):
        """(the worker's lines of [begin, end), whether the answer says that it is complete); None without one."""
        params = urllib.parse.urlencode({"query": f'{{app="a{worker}"}}', "limit": 1000000, "start": begin, "end": end})
        try:
            status, body = self.request("GET", f"/loki/api/v1/query_range?{params}", timeout=20)
        except OSError:
            return None
        if status != 200:
            return None
        data = json.loads(body)
        return [v[1] for s in data["data"]["result"] for v in s["values"]], not data.get("warnings")


class Load:
    """What is pushed, what was acknowledged, and what answers say of it."""

    def __init__(self, writers, readers):
        self.writers, self.readers = writers, readers
        self.over, self.lock, self.wrong = threading.Event(), threading.Lock(), []
        self.sent = [set() for _ in range(WORKERS)]
        self.acknowledged = [{} for _ in range(WORKERS)]  # line: its time
        self.pushes, self.answers, self.complete = Availability(), Availability(), Availability()
        self.threads = [threading.Thread(target=what, args=[i])
                        for what in (self.push, self.query) for i in range(WORKERS)]

    def push(self, worker):
        """As an agent does: what is not acknowledged is sent again, to anybody."""
        dice, number = random.Random(worker), 0
        while not self.over.is_set():
            stamp = time.time_ns()
            entries = [(stamp + i, f"w{worker} line {number + i}") for i in range(BATCH)]
            number += BATCH
            with self.lock:
                self.sent[worker].update(line for _, line in entries)
            while not self.over.is_set():
                try:
                    good = dice.choice(self.writers).push([({"app": f"a{worker}"}, entries)])[0] == 204
                except OSError:
                    good = False
                self.pushes.count(good)
                if good:
                    with self.lock:
                        self.acknowledged[worker].update((line, stamp) for stamp, line in entries)
                    break
            self.over.wait(0.1)

    def query(self, number):
        dice = random.Random(100 + number)
        while not self.over.is_set():
            now = time.time_ns()
            self.check(dice.choice(self.readers), dice.randrange(WORKERS), now - LOOK_BACK, now + 10**9)
            self.over.wait(0.2)

    def check(self, reader, worker, begin, end):
        """Whether the answer is complete; what it says is compared with what was known before it was asked for."""
        with self.lock:
            expected = {line for line, stamp in self.acknowledged[worker].items() if begin <= stamp < end}
        answer = reader.answer(worker, begin, end)
        self.answers.count(answer is not None)
        self.complete.count(answer is not None and answer[1])
        if answer is None:
            return False
        lines, complete = answer
        found = set(lines)
        with self.lock:
            strange = found - self.sent[worker]
        if len(found) != len(lines):
            self.wrong.append(f"{len(lines) - len(found)} lines are there twice")
        if strange:
            self.wrong.append(f"{len(strange)} lines were never sent, as {min(strange)}")
        if complete and (lost := expected - found):
            self.wrong.append(f"{len(lost)} of {len(expected)} lines are missing, as {min(lost)}")
        return complete


class ClusterCutsTest(unittest.TestCase):
    def setUp(self):
        has_namespaces = namespaces_work()
        self.s3 = S3Server(address="0.0.0.0" if has_namespaces else "127.0.0.1").start()
        self.addCleanup(self.s3.close)
        self.s3.make_bucket("logi")
        self.kind = Namespace if has_namespaces else Relay
        self.processes = self.kills = self.cuts = 0

    def process(self, role):
        self.processes += 1
        binary = BINARIES[self.processes % 2]
        process = Process(self.kind(self.s3.port), role, self.s3.environment, binary)
        self.addCleanup(process.close)
        return process.start()

    def disturb(self, victim, dice, seconds_left):
        """Kills it, or cuts it off for a while."""
        try:
            if dice.random() < 0.5:
                self.kills += 1
                victim.kill()
                time.sleep(dice.uniform(0, 1))
                victim.start()
            else:
                self.cuts += 1
                seconds = dice.uniform(0.5, CUT_SECONDS_MAX)
                if seconds_left > 3 * LONG_CUT_SECONDS and dice.random() < 0.2:
                    seconds = LONG_CUT_SECONDS
                victim.place.cut()
                time.sleep(seconds)
                victim.place.heal()
                if victim.process.poll() is not None:  # who has lost its claim ends
                    victim.start()
        finally:
            victim.busy = False

    def test_nothing_acknowledged_is_lost_and_no_answer_is_wrong(self):
        writers, readers = ([self.process(role) for _ in range(3)] for role in ("write", "read"))
        compactors = [self.process("compact") for _ in range(2)]
        load = Load(writers, readers)
        begin = time.time_ns()
        for thread in load.threads:
            thread.start()
        dice, end, disturbing = random.Random(7), time.monotonic() + SECONDS, []
        while (left := end - time.monotonic()) > 0 and not load.wrong:
            time.sleep(dice.uniform(0.5, 2.5))
            # Never all of a kind.
            group = dice.choice([writers, writers, readers, compactors])
            idle = [p for p in group if not p.busy]
            if len(idle) > 1:
                victim = dice.choice(idle)
                victim.busy = True
                disturbing.append(threading.Thread(target=self.disturb, args=[victim, random.Random(dice.random()), left]))
                disturbing[-1].start()
        for thread in disturbing:
            thread.join()
        load.over.set()
        for thread in load.threads:
            thread.join()
        during = (f"{self.kind.__name__.lower()}s, {SECONDS:.0f} s, {self.kills} kills, {self.cuts} cuts, "
                  f"{sum(map(len, load.acknowledged))} lines acknowledged\npushes answered with 204: {load.pushes}\n"
                  f"queries answered: {load.answers}\nanswers complete: {load.complete}")
        print("\n" + during, flush=True)
        self.assertEqual(load.wrong, [])
        self.everything_is_there(load, readers, begin)
        # What killed writers have left is taken over, and then still there.
        for writer in writers:
            self.assertEqual(writer.stop(), 0)
        for compactor in compactors:
            if compactor.process.poll() is not None:
                compactor.start()
        deadline = time.monotonic() + 180
        while not any("is in segments" in c.log_text() for c in compactors):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.5)
        self.everything_is_there(load, readers[1:], begin)
        self.assertGreater(sum(map(len, load.acknowledged)), 500)
        self.assertGreater(load.complete.good, 10)
        self.assertGreater(self.kills, 2)
        self.assertGreater(self.cuts, 2)

    def everything_is_there(self, load, readers, begin):
        for piece in range(begin, time.time_ns(), PIECE):
            for worker in range(WORKERS):
                deadline = time.monotonic() + 60
                while not load.check(readers[0], worker, piece, piece + PIECE):
                    self.assertLess(time.monotonic(), deadline, "the answer does not become complete")
                    time.sleep(0.5)
        self.assertEqual(load.wrong, [])


if __name__ == "__main__":
    unittest.main()
