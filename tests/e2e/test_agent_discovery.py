"""The agent finds targets by servers: http_sd_configs, docker_sd_configs and kubernetes_sd_configs. The servers are
real ones that answer as the APIs are documented."""
import http.server
import json
import os
import shutil
import signal
import socketserver
import ssl
import struct
import subprocess
import threading
import time
import unittest
import urllib.parse

import harness
from agent import Agent, wait_until
from certificates import Authority


class Api:
    """A server whose paths are handled by functions of (handler, query); stops are as a connection that breaks."""

    def __init__(self, unix_socket=None, tls=None):
        """tls: the ssl.SSLContext of a server."""
        api = self
        self.handlers = {}
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                api.requests.append((url.path, query, dict(self.headers)))
                handler = api.handlers.get(url.path)
                try:
                    if handler is None:
                        self.answer(404, {"message": "there is no " + url.path})
                    else:
                        handler(self, query)
                except OSError:
                    self.close_connection = True

            def answer(self, status, value):
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def begin_chunks(self):
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()

            def chunk(self, data):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()

            def end_chunks(self):
                self.wfile.write(b"0\r\n\r\n")

            def break_off(self):
                self.close_connection = True
                self.connection.close()

            def address_string(self):
                return "client"

            def log_message(self, *args):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # the agent was killed

        if unix_socket:
            class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
                daemon_threads = True
            self.server = Server(unix_socket, Handler)
        else:
            self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            self.server.daemon_threads = True
            if tls:
                self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def asked(self, path):
        return [query for p, query, _ in self.requests if p == path]


class DiscoveryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("auth_enabled: true\nlimits_config: {max_entries_limit_per_query: 1000000}\n").start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        self.agent = Agent("", "", "")
        self.addCleanup(self.agent.close)

    def start(self, scrape):
        self.agent.configure(scrape, f"- {{url: '{self.server.url}/loki/api/v1/push', tenant_id: {self.tenant()}, "
                                     "batchwait: 20ms}\n", "target_config: {sync_period: 200ms}\n")
        return self.agent.start()

    def api(self, **kwargs):
        api = Api(**kwargs)
        self.addCleanup(api.close)
        return api

    def tenant(self):
        return self.id().rsplit(".", 1)[1]

    def lines(self, query='{job="j"}'):
        return sorted(self.server.lines(query, self.tenant(), limit=100000))

    def wait_for(self, lines, query='{job="j"}'):
        try:
            wait_until(lambda: self.lines(query) == sorted(lines))
        except AssertionError:
            self.assertEqual(self.lines(query), sorted(lines), self.agent.log_text())


class HttpTest(DiscoveryTest):
    def test_groups_come_change_and_stay_while_the_server_is_ill(self):
        agent, api = self.agent, self.api()
        agent.write("a.log", "a\n")
        agent.write("b.log", "b\n")
        group = {"targets": ["x"], "labels": {"job": "j", "__path__": agent.path("a.log")}}
        answers = [(200, [group])]
        api.handlers["/sd"] = lambda handler, query: handler.answer(*answers[-1])
        self.start(f"- job_name: h\n  http_sd_configs:\n  - url: {api.url}/sd\n    refresh_interval: 100ms\n"
                   "    basic_auth: {username: u, password: p}\n"
                   "  relabel_configs: [{source_labels: [__meta_url], target_label: from}]\n")
        self.wait_for(["a"], f'{{job="j", from="{api.url}/sd"}}')
        self.assertEqual(api.requests[0][2]["Authorization"], "Basic dTpw")
        for wrong in [(500, b"ill"), (200, b"<html>"), (200, {"targets": []})]:
            answers.append(wrong)
            seen = len(api.requests)
            wait_until(lambda: len(api.requests) > seen + 1)
            self.assertIn("a.log", agent.get("/service-discovery")[1])
        self.assertIn("status 500: ill", agent.log_text())
        answers.append((200, [{**group, "labels": {"job": "j", "__path__": agent.path("b.log")}}]))
        self.wait_for(["a", "b"])
        wait_until(lambda: "a.log" not in agent.get("/service-discovery")[1])


    def test_files_of_targets_that_are_found_late(self):
        agent, api = self.agent, self.api()
        agent.write("a.log", "a first line to know the file by\n")
        group = {"targets": ["x"], "labels": {"job": "j", "__path__": agent.path("a.log")}}

        def answer(handler, query):
            time.sleep(0.3)
            handler.answer(200, [group])

        api.handlers["/sd"] = answer
        scrape = f"- job_name: h\n  http_sd_configs:\n  - {{url: '{api.url}/sd', refresh_interval: 1s}}\n"
        self.start(scrape)
        self.wait_for(["a first line to know the file by"])
        agent.kill()
        agent.write("a.log", "2\n")
        os.rename(agent.path("a.log"), agent.path("a.log.1"))
        agent.write("a.log", "3\n")
        self.start(scrape)
        self.wait_for(["a first line to know the file by", "2", "3"])


def frame(kind, text):
    return struct.pack(">BxxxI", kind, len(text)) + text


def stamp(seconds, ns=0):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ns:09d}Z"


class Docker(Api):
    """Docker's API, as far as the agent uses it."""

    def __init__(self, path):
        super().__init__(unix_socket=path)
        self.containers = {}
        self.now = int(time.time()) - 10
        self.changed = threading.Condition()
        self.handlers["/networks"] = lambda h, q: h.answer(200, [
            {"Name": "bridge", "Id": "n1", "Scope": "local", "Internal": False, "Ingress": False, "Labels": {"a.b": "c"}}])
        self.handlers["/containers/json"] = self.list

    def run(self, number, name, tty=False, **labels):
        container = {"id": f"{number:064x}", "name": name, "labels": labels, "tty": tty, "log": [], "running": True}
        self.containers[container["id"]] = container
        path = "/containers/" + container["id"]
        self.handlers[path + "/json"] = lambda h, q: h.answer(200, {"Id": container["id"], "Config": {"Tty": tty}})
        self.handlers[path + "/logs"] = lambda h, q: self.logs(container, h, q)
        return container

    def write(self, container, text, kind=1, seconds=0, ns=None):
        """One message of the log; without a line's end it is a piece of one."""
        with self.changed:
            at = (self.now + seconds, len(container["log"]) if ns is None else ns)
            container["log"].append((at, kind, f"{stamp(*at)} ".encode() + text))
            self.changed.notify_all()

    def stop(self, container):
        with self.changed:
            container["running"] = False
            self.changed.notify_all()

    def list(self, handler, query):
        running = "all" not in query
        handler.answer(200, [{
            "Id": c["id"], "Names": ["/" + c["name"]], "Labels": c["labels"], "HostConfig": {"NetworkMode": "bridge"},
            "Ports": [{"PrivatePort": 53, "Type": "udp"}, {"PrivatePort": 80, "PublicPort": 8080, "IP": "0.0.0.0", "Type": "tcp"}],
            "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "n1", "IPAddress": "172.17.0.2"}}}}
            for c in self.containers.values() if c["running"] or not running])

    def logs(self, container, handler, query):
        seconds, _, fraction = query["since"].partition(".")
        since = (int(seconds), int(fraction or 0))
        handler.begin_chunks()
        sent = 0
        while True:
            with self.changed:
                self.changed.wait_for(lambda: len(container["log"]) > sent or not container["running"] or
                                      container.get("break"), timeout=30)
                new, sent = container["log"][sent:], len(container["log"])
            for at, kind, text in new:
                if at >= since:
                    handler.chunk(text.replace(b"\n", b"\r\n") if container["tty"] else frame(kind, text))
            if container.pop("break", None):
                handler.break_off()
                return
            if not container["running"]:
                handler.end_chunks()
                container["ended"] = True
                return


class DockerTest(DiscoveryTest):
    SCRAPE = ("- job_name: d\n  docker_sd_configs:\n  - host: unix://%s\n    refresh_interval: 100ms\n"
              "    filters: [{name: label, values: ['app=x']}]\n  relabel_configs:\n"
              "  - {target_label: job, replacement: j}\n"
              "  - {source_labels: [__meta_docker_container_name], regex: '/(.*)', target_label: container}\n"
              "  - {source_labels: [__meta_docker_container_log_stream], target_label: stream}\n"
              "  - {source_labels: [__meta_docker_container_label_com_example_app], target_label: app}\n"
              "  - {source_labels: [__address__, __meta_docker_network_name, __meta_docker_port_public], target_label: net}\n"
              "  - {source_labels: [container], regex: not-me, action: drop}\n")

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.agent.folder, "docker.sock")
        self.docker = Docker(self.path)
        self.addCleanup(self.docker.close)

    def test_output_of_containers(self):
        docker = self.docker
        web = docker.run(1, "web", **{"com.example.app": "shop"})
        docker.write(web, b"out\n")
        docker.write(web, b"err\n", kind=2)
        docker.write(web, b"a long ")
        docker.write(web, b"err between\n", kind=2)
        docker.write(web, b"line\n")
        docker.write(web, b"x" * 300_000 + b"\n")
        terminal = docker.run(2, "terminal", tty=True)
        docker.write(terminal, b"colour\n")
        docker.write(docker.run(3, "not-me"), b"dropped\n")
        self.start(self.SCRAPE % self.path)
        piece = 256 << 10
        self.wait_for(["out", "a long line", "x" * piece, "x" * (300_000 - piece)],
                      '{container="web", stream="stdout", app="shop", net="172.17.0.2:80;bridge;8080"}')
        self.wait_for(["err", "err between"], '{container="web", stream="stderr"}')
        self.wait_for(["colour"], '{container="terminal"}')
        self.assertEqual(self.lines('{container="not-me"}'), [])
        out, = [s for s in self.server.query('{stream="stdout"} |= "out"', self.tenant(), since="1h")["result"]]
        self.assertEqual(out["values"][0][0], str(docker.now * 10**9))
        self.assertEqual(json.loads(docker.asked("/containers/json")[0]["filters"]), {"label": ["app=x"]})
        # As it goes on, and of containers that come later.
        docker.write(web, b"more\n")
        later = docker.run(4, "later")
        docker.write(later, b"hello\n")
        wait_until(lambda: docker.asked(f"/containers/{later['id']}/logs"))
        docker.write(later, b"bye\n")
        docker.stop(later)
        self.wait_for(["more"], '{container="web"} |= "more"')
        self.wait_for(["hello", "bye"], '{container="later"}')
        self.assertIn("container " + web["id"], self.agent.get("/targets")[1])

    def test_broken_connections_restarts_and_kills(self):
        docker = self.docker
        web = docker.run(1, "web")
        self.start(self.SCRAPE % self.path)
        expected = []

        def write(count):
            for _ in range(count):
                docker.write(web, b"%d\n" % len(expected), ns=1000 * (len(expected) + 1))
                expected.append(str(len(expected)))
        write(100)
        self.wait_for(expected)
        with docker.changed:
            web["break"] = True
            docker.changed.notify_all()
        wait_until(lambda: "break" not in web)
        docker.write(web, b"late\n", kind=2, ns=7)  # as outputs may stand a little out of order
        write(100)
        expected.append("late")
        self.wait_for(expected)
        for _ in range(3):
            self.agent.kill()
            write(50)
            self.agent.start()
            write(50)
        self.wait_for(expected)
        docker.stop(web)
        wait_until(lambda: "ended" in web)
        web["running"] = True
        write(10)
        self.wait_for(expected)
        # Not from the begin again, and forgotten when there is no such container.
        self.assertNotEqual(docker.asked(f"/containers/{web['id']}/logs")[-1]["since"], "0")
        key = "cursor-" + web["id"]
        wait_until(lambda: key in open_text(self.agent.positions))
        docker.stop(web)
        del docker.containers[web["id"]]
        wait_until(lambda: key not in open_text(self.agent.positions))


def open_text(path):
    with open(path) as f:
        return f.read()


class Cluster(Api):
    """An API server with pods."""

    def __init__(self, tls=None):
        super().__init__(tls=tls)
        self.version = 100
        self.pods = {}
        self.events = []  # (version, type, pod)
        self.oldest = 0  # what a watch may begin behind
        self.broken = 0  # counts watches that are to break off
        self.changed = threading.Condition()
        self.handlers["/api/v1/pods"] = self.serve

    def set(self, name, folder, node="n", phase="Running", ip="10.0.0.1", **labels):
        with self.changed:
            self.version += 1
            known = name in self.pods
            self.pods[name] = {
                "metadata": {"namespace": "default", "name": name, "uid": "uid-" + name, "resourceVersion": str(self.version),
                             "labels": labels, "annotations": {"a/b": "c"},
                             "ownerReferences": [{"kind": "ReplicaSet", "name": "rs", "controller": True}]},
                "spec": {"nodeName": node, "initContainers": [{"name": "init", "image": "i"}],
                         "containers": [{"name": "main", "image": "img:1", "ports": [
                             {"name": "http", "containerPort": 8080, "protocol": "TCP"}]}]},
                "status": {"phase": phase, "podIP": ip, "hostIP": "192.168.0.1",
                           "conditions": [{"type": "Ready", "status": "True"}],
                           "containerStatuses": [{"name": "main", "containerID": "containerd://abc"}]}}
            self.note("MODIFIED" if known else "ADDED", self.pods[name])

    def remove(self, name):
        with self.changed:
            self.version += 1
            pod = self.pods.pop(name)
            pod["metadata"]["resourceVersion"] = str(self.version)
            self.note("DELETED", pod)

    def note(self, kind, pod):
        self.events.append((self.version, kind, json.loads(json.dumps(pod))))
        self.changed.notify_all()

    def serve(self, handler, query):
        if "watch" in query:
            self.watch(handler, query)
            return
        with self.changed:
            names = sorted(self.pods)
            start = int(query.get("continue", 0))
            page = names[start:start + 2]  # small pages, whatever is asked for
            metadata = {"resourceVersion": str(self.version)}
            if start + 2 < len(names):
                metadata["continue"] = str(start + 2)
            handler.answer(200, {"kind": "PodList", "metadata": metadata, "items": [self.pods[n] for n in page]})

    def watch(self, handler, query):
        at = int(query["resourceVersion"])
        if at < self.oldest:
            handler.answer(410, {"kind": "Status", "code": 410, "reason": "Expired"})
            return
        handler.begin_chunks()
        broken = self.broken
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.events and self.events[-1][0] > at or self.broken > broken, timeout=30)
                new = [e for e in self.events if e[0] > at]
                if self.broken > broken:
                    handler.break_off()
                    return
            for version, kind, pod in new:
                at = version
                text = json.dumps({"type": kind, "object": pod}).encode() + b"\n"
                handler.chunk(text[:40])  # an event may come in any pieces
                handler.chunk(text[40:])
            if self.oldest > at:
                handler.chunk(json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410,
                                                                      "message": "too old resource version"}}).encode() + b"\n")
                handler.end_chunks()
                return


class KubernetesTest(DiscoveryTest):
    def setUp(self):
        super().setUp()
        self.cluster = Cluster()
        self.addCleanup(self.cluster.close)

    def write(self, pod, text, container="main"):
        folder = os.path.join(self.agent.logs, f"default_{pod}_uid-{pod}", container)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "0.log"), "a") as f:
            f.write(f"{stamp(time.time(), 6)} stdout F {text}\n")

    def scrape(self, extra=""):
        return (f"- job_name: k\n  kubernetes_sd_configs: [{{role: pod, api_server: '{self.cluster.url}', bearer_token: secret{extra}}}]\n"
                "  pipeline_stages: [{cri: {}}]\n"
                "  relabel_configs:\n  - {target_label: job, replacement: j}\n"
                "  - {source_labels: [__meta_kubernetes_pod_node_name], target_label: __host__}\n"
                "  - {action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}\n"
                "  - {source_labels: [__meta_kubernetes_namespace], target_label: namespace}\n"
                "  - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}\n"
                "  - {source_labels: [__meta_kubernetes_pod_container_name], target_label: container}\n"
                "  - {source_labels: [__meta_kubernetes_pod_controller_kind, __meta_kubernetes_pod_ready, "
                "__meta_kubernetes_pod_container_port_name, __meta_kubernetes_pod_annotation_a_b, __meta_kubernetes_pod_phase], "
                "target_label: meta}\n"
                "  - {source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name], separator: /, "
                f"target_label: __path__, replacement: '{self.agent.logs}/*$1/*.log'}}\n")

    def test_pods_come_change_and_go(self):
        cluster, host = self.cluster, os.uname().nodename
        for i in range(5):
            cluster.set(f"p{i}", "", host, app="shop")
            self.write(f"p{i}", f"of {i}")
        cluster.set("elsewhere", "", "another-node")
        self.write("elsewhere", "not here")
        self.write("p0", "of init", "init")
        self.start(self.scrape())
        self.wait_for([f"of {i}" for i in range(5)], '{app="shop", container="main", namespace="default", '
                                                     'meta="ReplicaSet;true;http;c;Running"}')
        self.wait_for(["of init"], '{container="init"}')
        self.assertEqual(self.lines('{pod="elsewhere"}'), [])
        self.assertEqual(cluster.requests[0][2]["Authorization"], "Bearer secret")
        cluster.set("new", "", host)
        self.write("new", "of the new one")
        self.wait_for(["of the new one"], '{pod="new"}')
        cluster.set("new", "", host, app="changed")
        wait_until(lambda: "changed" in self.agent.get("/targets")[1])
        cluster.remove("p1")
        wait_until(lambda: "uid-p1" not in self.agent.get("/service-discovery")[1])
        self.assertEqual(len([q for q in cluster.asked("/api/v1/pods") if "watch" not in q]), 3)

    def test_watches_that_break_off_and_versions_that_are_gone(self):
        cluster, host = self.cluster, os.uname().nodename
        cluster.set("a", "", host)
        self.start(self.scrape(", selectors: [{role: pod, label: 'app=x', field: 'spec.nodeName=n'}]"))
        self.write("a", "1")
        self.wait_for(["1"])
        first = cluster.requests[0][1]
        self.assertEqual((first["labelSelector"], first["fieldSelector"]), ("app=x", "spec.nodeName=n"))

        def watches():
            return len([q for q in cluster.asked("/api/v1/pods") if "watch" in q])

        def lists():
            return len([q for q in cluster.asked("/api/v1/pods") if "watch" not in q])
        with cluster.changed:
            cluster.broken += 1
            cluster.changed.notify_all()
        wait_until(lambda: watches() == 2)
        cluster.set("b", "", host)
        self.write("b", "2")
        self.wait_for(["1", "2"])
        self.assertEqual(lists(), 1)
        # What it knows is too old: the watch says so, or refuses to begin.
        with cluster.changed:
            cluster.oldest = cluster.version + 10
            cluster.version += 20
        cluster.remove("a")
        with cluster.changed:
            cluster.broken += 1
            cluster.changed.notify_all()
        wait_until(lambda: lists() > 1)
        cluster.set("c", "", host)
        self.write("c", "3")
        self.wait_for(["1", "2", "3"])
        wait_until(lambda: "uid-a" not in self.agent.get("/service-discovery")[1])

    def test_one_namespace(self):
        self.cluster.handlers["/api/v1/namespaces/default/pods"] = self.cluster.handlers.pop("/api/v1/pods")
        self.cluster.set("a", "", os.uname().nodename)
        self.write("a", "1")
        self.start(self.scrape(", namespaces: {names: [default]}"))
        self.wait_for(["1"])

    @unittest.skipUnless(os.geteuid() == 0, "only root may mount")
    def test_inside_a_cluster(self):
        """With a service account where pods have it: TLS, and a token that changes."""
        authority = Authority(self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("api"))
        self.cluster = Cluster(tls=context)
        self.addCleanup(self.cluster.close)
        self.cluster.handlers["/api/v1/namespaces/mine/pods"] = self.cluster.handlers.pop("/api/v1/pods")
        self.cluster.set("a", "", os.uname().nodename)
        self.write("a", "1")
        account = os.path.join(self.agent.folder, "kubernetes.io", "serviceaccount")
        os.makedirs(account)
        shutil.copy(authority.cert, os.path.join(account, "ca.crt"))
        for name, text in [("token", "first\n"), ("namespace", "mine")]:
            with open(os.path.join(account, name), "w") as f:
                f.write(text)
        self.agent.configure(self.scrape(", namespaces: {own_namespace: true}").replace(
            f", api_server: '{self.cluster.url}', bearer_token: secret", ""),
            f"- {{url: '{self.server.url}/loki/api/v1/push', tenant_id: {self.tenant()}, batchwait: 20ms}}\n")
        port = str(self.cluster.server.server_address[1])
        self.agent.process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", "mkdir -p /var/run/secrets && mount --bind \"$1\" /var/run/secrets && shift && exec \"$@\"",
             "sh", self.agent.folder, harness.BINARY, "agent", f"-config.file={self.agent.config}"], stderr=self.agent.log,
            env={**os.environ, "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port})
        self.wait_for(["1"])
        with open(os.path.join(account, "token"), "w") as f:
            f.write("second\n")
        with self.cluster.changed:
            self.cluster.broken += 1
            self.cluster.changed.notify_all()
        wait_until(lambda: self.cluster.requests[-1][2]["Authorization"] == "Bearer second")
        self.assertEqual(self.cluster.requests[0][2]["Authorization"], "Bearer first")
        self.agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.agent.process.wait(timeout=20), 0)

    def test_what_is_refused(self):
        for sd, message in [("role: node", "the role 'node' of a kubernetes_sd_config is not supported: pod is"),
                            ("role: pod, kubeconfig_file: /x", "kubeconfig_file is not supported"),
                            ("role: pod, api_server: x", "'x' is no http:// or https:// address")]:
            self.agent.configure(f"- job_name: k\n  kubernetes_sd_configs: [{{{sd}}}]\n", "- url: http://127.0.0.1:1/\n")
            self.agent.spawn()
            self.assertEqual(self.agent.process.wait(timeout=20), 1)
            self.assertIn(message, self.agent.log_text())
        self.agent.configure("- job_name: k\n  kubernetes_sd_configs: [{role: pod}]\n", "- url: http://127.0.0.1:1/\n")
        self.agent.spawn()
        self.assertEqual(self.agent.process.wait(timeout=20), 1)
        self.assertIn("KUBERNETES_SERVICE_HOST", self.agent.log_text())


if __name__ == "__main__":
    unittest.main()
