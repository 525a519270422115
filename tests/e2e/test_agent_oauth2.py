"""A client of the agent that has its tokens from a server of tokens (OAuth 2.0)."""
import base64
import http.server
import json
import threading
import unittest
import urllib.parse

from agent import Agent, Recorder, wait_until

JOB = "- job_name: t\n  static_configs:\n  - labels: {job: t, __path__: '{logs}/*.log'}\n"


class Tokens:
    """A server that gives token-1, token-2, …, each for so many seconds."""

    def __init__(self, expires_in=3600, statuses=()):
        self.requests = []
        self.statuses = list(statuses)
        tokens = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status = tokens.statuses.pop(0) if tokens.statuses else 200
                tokens.requests.append((self.path, self.headers["Authorization"], form))
                answer = json.dumps({"access_token": f"token-{len(tokens.requests)}", "token_type": "bearer",
                                     "expires_in": expires_in}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class OAuth2Test(unittest.TestCase):
    def start(self, tokens, recorder):
        self.addCleanup(tokens.close)
        self.addCleanup(recorder.close)
        agent = Agent(JOB, f"- url: {recorder.url}\n  batchwait: 10ms\n"
                           "  backoff_config: {min_period: 10ms, max_period: 10ms}\n"
                           f"  oauth2:\n    client_id: 'me & you'\n    client_secret: s3cret\n    scopes: [a, b]\n"
                           f"    token_url: {tokens.url}\n    endpoint_params: {{audience: logs}}\n")
        self.addCleanup(agent.close)
        return agent.start()

    def push(self, agent, recorder, text):
        count = len(recorder.requests)
        agent.write("a.log", text + "\n")
        wait_until(lambda: [r for r in recorder.requests[count:] if r[3] == 204])
        return [r[1]["Authorization"] for r in recorder.requests[count:]]

    def test_a_token_is_used_while_it_lasts(self):
        tokens, recorder = Tokens(), Recorder()
        agent = self.start(tokens, recorder)
        self.assertEqual(self.push(agent, recorder, "one"), ["Bearer token-1"])
        self.assertEqual(self.push(agent, recorder, "two"), ["Bearer token-1"])
        path, who, form = tokens.requests[0]
        self.assertEqual(path, "/token")
        self.assertEqual(base64.b64decode(who.split(" ")[1]), b"me%20%26%20you:s3cret")
        self.assertEqual(form, {"grant_type": ["client_credentials"], "scope": ["a b"], "audience": ["logs"]})
        self.assertNotIn("s3cret", agent.get("/config")[1])

    def test_one_that_is_over_or_refused_is_replaced(self):
        tokens, recorder = Tokens(expires_in=1), Recorder()
        agent = self.start(tokens, recorder)
        self.assertEqual(self.push(agent, recorder, "one"), ["Bearer token-1"])
        self.assertEqual(self.push(agent, recorder, "two"), ["Bearer token-2"])
        tokens, recorder = Tokens(), Recorder([401])
        agent = self.start(tokens, recorder)
        self.assertEqual(self.push(agent, recorder, "one"), ["Bearer token-1", "Bearer token-2"])

    def test_without_a_token_nothing_is_lost(self):
        tokens, recorder = Tokens(statuses=[500, 403]), Recorder()
        agent = self.start(tokens, recorder)
        self.assertEqual(self.push(agent, recorder, "one"), ["Bearer token-3"])
        self.assertIn("gives no token: 403", agent.log_text())


if __name__ == "__main__":
    unittest.main()
