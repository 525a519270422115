"""A way from each process to the S3 server that can be cut: network namespaces where they are allowed, else a relay."""
import itertools
import os
import socket
import subprocess
import threading
import time

from harness import free_port

_numbers = itertools.count(1)


def _run(*command):
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def namespaces_work():
    name = f"logi{os.getpid()}-try"
    try:
        _run("ip", "netns", "add", name)
        try:
            _run("ip", "link", "add", "logi-try", "netns", name, "type", "veth", "peer", "name", "logi-try2",
                 "netns", name)
        finally:
            _run("ip", "netns", "del", name)
        return True
    except (OSError, subprocess.SubprocessError):
        return False


class Namespace:
    """A network of its own with two links: one to the server, which is cut without a word, and one to clients."""

    def __init__(self, server_port):
        number = next(_numbers)
        self.name = f"logi{os.getpid()}-{number}"
        self.cuttable = f"lb{os.getpid() % 10**6}-{number}"
        network = f"10.{64 + os.getpid() % 64}"
        _run("ip", "netns", "add", self.name)
        for i, link in enumerate((self.cuttable, f"lc{os.getpid() % 10**6}-{number}")):
            outer, inner = (f"{network}.{number}.{i * 4 + side}" for side in (1, 2))
            _run("ip", "link", "add", link, "type", "veth", "peer", "name", f"in{i}", "netns", self.name)
            _run("ip", "address", "add", f"{outer}/30", "dev", link)
            _run("ip", "link", "set", link, "up")
            _run("ip", "-n", self.name, "address", "add", f"{inner}/30", "dev", f"in{i}")
            _run("ip", "-n", self.name, "link", "set", f"in{i}", "up")
            if i == 0:
                self.endpoint = f"http://{outer}:{server_port}"
        _run("ip", "-n", self.name, "link", "set", "lo", "up")
        self.host, self.port = inner, 3100
        self.command = ["ip", "netns", "exec", self.name]

    def cut(self):
        _run("ip", "link", "set", self.cuttable, "down")

    def heal(self):
        _run("ip", "link", "set", self.cuttable, "up")

    def close(self):
        _run("ip", "netns", "del", self.name)


class Relay:
    """Passes bytes on; while it is cut they wait, and nobody is told."""

    def __init__(self, server_port):
        self.upstream, self.whole = server_port, threading.Event()
        self.whole.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.host, self.port, self.command = "127.0.0.1", free_port(), []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.whole.wait()
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream))
            except OSError:
                client.close()
                continue
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source, target):
        try:
            while data := source.recv(65536):
                self.whole.wait()
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.whole.clear()

    def heal(self):
        self.whole.set()

    def close(self):
        self.heal()
        self.listener.close()


class Availability:
    """How many of the tries went well, and the longest time without one that did."""

    def __init__(self):
        self.lock, self.tries, self.good = threading.Lock(), 0, 0
        self.last, self.gap = time.monotonic(), 0.0

    def count(self, good):
        with self.lock:
            self.tries += 1
            if good:
                self.good += 1
                self.gap = max(self.gap, time.monotonic() - self.last)
                self.last = time.monotonic()

    def __str__(self):
        share = 100 * self.good / max(self.tries, 1)
        return f"{self.good} of {self.tries} ({share:.2f} %), longest gap {self.gap:.1f} s"
