"""./run beside another server."""
import os
import pathlib
import signal
import socket
import subprocess
import unittest

ROOT = pathlib.Path(__file__).parents[2]


class Run(unittest.TestCase):
    def test_a_used_port_is_told_before_anything_is_built(self):
        other = socket.socket()
        self.addCleanup(other.close)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 3100))
        except OSError:
            pass  # somebody has it already, which does as well
        else:
            other.listen()
        run = subprocess.Popen([ROOT / "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            out, err = run.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            raise
        self.assertEqual((run.returncode, out), (1, ""))
        self.assertIn("another server has port 3100", err)


if __name__ == "__main__":
    unittest.main()
