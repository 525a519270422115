"""docs/limits.md has every key of limits_config, and what it says of each is so."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([a-z0-9_.]+)` \| `(.*?)` \| (yes|otherwise|no) \| ")
LOKIS_KEYS = 141
OTHER_KEYS = {"max_query_memory_bytes", "policy_override_limits", "ruler_alertmanager_config"}
OLDER_NAMES = {"per_tenant_override_config", "per_tenant_override_period"}
ONLY_OF_ALL = OLDER_NAMES | {"ingestion_rate_strategy"}


def table():
    """Default and effect by key."""
    rows = [ROW.match(line) for line in (ROOT / "docs/limits.md").read_text().splitlines() if line.startswith("| `")]
    assert all(rows)
    keys = {row[1]: (row[2], row[3]) for row in rows}
    assert len(keys) == len(rows)
    return keys


def yaml_of(keys):
    """The keys at their defaults as a map in one line; a point in a key is a map inside."""
    tree = {}
    for key, (default, _) in keys.items():
        *outer, last = key.split(".")
        inner = tree
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = default

    def text(node):
        if isinstance(node, str):
            return node
        return "{" + ", ".join(f"{key}: {text(value)}" for key, value in node.items()) + "}"

    return text(tree)


class Table(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = pathlib.Path(folder.name, "config.yaml")
        self.overrides = pathlib.Path(folder.name, "overrides.yaml")
        self.keys = table()
        self.obeyed = {key: row for key, row in self.keys.items() if row[1] != "no"}
        self.ignored = {key: row for key, row in self.keys.items() if row[1] == "no"}

    def check(self, limits, overrides="{}"):
        """The keys without effect that `logi check config` names."""
        self.overrides.write_text(f"overrides: {{a: {overrides}}}\n")
        self.config.write_text(f"runtime_config: {{file: {self.overrides}}}\nlimits_config: {limits}\n")
        run = subprocess.run([harness.BINARY, "check", "config", str(self.config)], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return re.findall(r"\b(?:limits_config|overrides)\.([a-z0-9_.]+)", run.stdout)

    def test_every_key_of_loki_is_there(self):
        self.assertEqual(len(self.keys.keys() - OTHER_KEYS), LOKIS_KEYS)
        self.assertLessEqual(OTHER_KEYS, self.keys.keys())

    def test_keys_without_effect_are_named_and_no_others(self):
        def named(ignored):
            # Of a map without any effect its own key is named.
            maps = {key.split(".")[0] for key in self.obeyed if "." in key}
            return {key if key.split(".")[0] in maps else key.split(".")[0] for key in ignored}

        self.assertEqual(self.check(yaml_of(self.obeyed)), [])
        self.assertEqual(set(self.check(yaml_of(self.ignored))), named(self.ignored))
        of_tenants = {key: row for key, row in self.obeyed.items() if key not in ONLY_OF_ALL}
        self.assertEqual(self.check("{}", yaml_of(of_tenants)), [])
        self.assertEqual(set(self.check("{}", yaml_of(self.ignored))), named(self.ignored))
        self.assertEqual(set(self.check("{}", yaml_of({key: self.keys[key] for key in ONLY_OF_ALL}))), ONLY_OF_ALL)

    def test_defaults(self):
        server = harness.Server("limits_config: " + yaml_of(self.obeyed) + "\n").start()
        self.addCleanup(server.close)
        status, diff = server.request("GET", "/config?mode=diff")
        self.assertEqual(status, 200)
        self.assertNotIn("limits_config", diff.decode())
        shown = server.request("GET", "/config")[1].decode().split("limits_config:\n")[1]
        keys = {line.split(":")[0].strip() for line in shown.splitlines()}
        self.assertEqual(keys, {key.split(".")[0] for key in self.obeyed} - OLDER_NAMES)

    def test_what_is_obeyed_is_tested(self):
        texts = [path.read_text() for path in [*(ROOT / "src").rglob("*_test.cc"), *(ROOT / "tests").rglob("test_*.py"),
                                               ROOT / "tests/conformance/conformance.py"]
                 if path.name not in ("config_test.cc", pathlib.Path(__file__).name)]
        # In C++ the keys of a map are members with the names joined, or with names of their own.
        members = {"otlp_config.resource_attributes.ignore_defaults": "ignore_resource_defaults",
                   "otlp_config.resource_attributes.attributes_config": "resource_attributes"}
        untested = [key for key in self.obeyed
                    if not any(re.search(rf"\b({key.replace('.', '_')}|{members.get(key, key.split('.')[-1])})\b", text)
                               for text in texts)]
        self.assertEqual(untested, [])


if __name__ == "__main__":
    unittest.main()
