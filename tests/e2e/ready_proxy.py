"""A TCP proxy in front of several servers that sends connections only to those that say they are ready, as Kubernetes does."""
import socket
import socketserver
import threading
import time
import urllib.error
import urllib.request


class ReadyProxy:
    """Serves on .port; looks at /ready of each server so often."""

    def __init__(self, servers, every=0.2):
        self.servers, self.every = servers, every
        self.ready, self.turn, self.over = set(), 0, threading.Event()
        self.look()
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy.pass_on(self.request)

        class Proxy(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass

        self.server = Proxy(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def look(self):
        for server in self.servers:
            try:
                with urllib.request.urlopen(server.url + "/ready", timeout=2) as answer:
                    ready = answer.status == 200
            except (urllib.error.URLError, OSError):
                ready = False
            (self.ready.add if ready else self.ready.discard)(server)

    def watch(self):
        while not self.over.is_set():
            self.look()
            time.sleep(self.every)

    def pass_on(self, client):
        ready = [s for s in self.servers if s in self.ready]
        if not ready:
            return
        self.turn += 1
        with socket.create_connection(("127.0.0.1", ready[self.turn % len(ready)].port)) as server:
            back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
            back.start()
            self.copy(client, server)
            back.join()

    @staticmethod
    def copy(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for one in (source, target):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.over.set()
        self.watcher.join()
        self.server.shutdown()
        self.server.server_close()
