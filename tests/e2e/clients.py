"""The clients in tests/clients, which run on Node.js with packages of the npm registry."""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "tests/clients"


def installed():
    """The folder with their packages; installs them once."""
    done = subprocess.run([ROOT / "tools/install_clients"], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError("the clients' packages cannot be installed from the npm registry:\n" + done.stderr)
    return done.stdout.strip()


def run(script, *arguments, lines=()):
    """Its output. It gets the lines, and must end well and without a complaint."""
    done = subprocess.run(["node", FOLDER / script, *arguments],
                          input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                          timeout=120, env={**os.environ, "NODE_PATH": installed() + "/node_modules"})
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"{script} {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def grpc_calls(address, calls, tls=()):
    """What each of the calls (method, metadata, message[, gzip]) of gRPC is answered with. tls: the files of an
    authority and, for who asks, of a certificate and its key."""
    lines = [json.dumps({"method": method, "metadata": metadata, "message": message.hex(), "gzip": bool(gzip)})
             for method, metadata, message, *gzip in calls]
    return [json.loads(line) for line in run("grpc_call.js", address, *tls, lines=lines).splitlines()]
