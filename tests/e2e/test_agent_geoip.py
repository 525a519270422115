"""The stage geoip, with databases that the test writes in MaxMind's format."""
import ipaddress
import os
import struct
import subprocess
import tempfile
import unittest

import harness


class U16(int):
    kind = 5


class U64(int):
    kind = 9


def encoded(value):
    """A value of the data section."""
    def head(kind, size):
        first = kind << 5 if kind < 8 else 0
        rest = b"" if kind < 8 else bytes([kind - 7])
        if size < 29:
            return bytes([first | size]) + rest
        return bytes([first | 29]) + rest + bytes([size - 29])

    if isinstance(value, str):
        data = value.encode()
        return head(2, len(data)) + data
    if isinstance(value, float):
        return head(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        data = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return head(getattr(value, "kind", 6), len(data)) + data
    if isinstance(value, list):
        return head(11, len(value)) + b"".join(map(encoded, value))
    return head(7, len(value)) + b"".join(encoded(k) + encoded(v) for k, v in value.items())


def database(networks):
    """The bytes of a database of {network: record}."""
    nodes, data = [[None, None]], b""
    for network, record in networks.items():
        network = ipaddress.ip_network(network)
        bits = f"{int(network.network_address):0128b}"
        length = network.prefixlen + (96 if network.version == 4 else 0)
        at = 0
        for bit in bits[:length - 1]:
            if nodes[at][int(bit)] is None:
                nodes.append([None, None])
                nodes[at][int(bit)] = len(nodes) - 1
            at = nodes[at][int(bit)]
        nodes[at][int(bits[length - 1])] = ("data", len(data))
        data += encoded(record)
    count = len(nodes)

    def pointer(entry):
        value = count if entry is None else count + 16 + entry[1] if isinstance(entry, tuple) else entry
        return value.to_bytes(3, "big")
    tree = b"".join(pointer(left) + pointer(right) for left, right in nodes)
    metadata = encoded({"node_count": count, "record_size": U16(24), "ip_version": U16(6), "database_type": "Test", "languages": ["en"],
                        "binary_format_major_version": U16(2), "binary_format_minor_version": U16(0), "build_epoch": U64(1),
                        "description": {"en": "of a test"}})
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + metadata


CITY = {"city": {"names": {"de": "Köln", "en": "Cologne"}}, "country": {"iso_code": "DE", "names": {"en": "Germany"}},
        "continent": {"code": "EU", "names": {"en": "Europe"}}, "postal": {"code": "50667"},
        "location": {"latitude": 50.9375, "longitude": -6.5, "time_zone": "Europe/Berlin"},
        "subdivisions": [{"iso_code": "X", "names": {"en": "Outer"}}, {"iso_code": "NW", "names": {"en": "North Rhine"}}]}
ASN = {"autonomous_system_number": 64512, "autonomous_system_organization": "Example Org"}


class GeoipTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.db = os.path.join(self.folder, "test.mmdb")
        with open(self.db, "wb") as f:
            f.write(database({"192.0.2.0/24": CITY, "2001:db8::/32": {**CITY, "city": {}}, "198.51.100.7/32": ASN}))

    def labels(self, kind, line):
        config = os.path.join(self.folder, "agent.yaml")
        with open(config, "w") as f:
            f.write("clients: [{url: 'http://127.0.0.1:1/'}]\nscrape_configs:\n- job_name: t\n  pipeline_stages:\n"
                    "  - regex: {expression: '^(?P<ip>\\S+)'}\n"
                    f"  - geoip: {{db: '{self.db}', source: ip, db_type: {kind}}}\n"
                    "  static_configs: [{labels: {job: t}}]\n")
        done = subprocess.run([harness.BINARY, "agent", f"-config.file={config}", "-dry-run", "-stdin"], input=line,
                              capture_output=True, text=True, timeout=60, check=True)
        return done.stdout[done.stdout.index("{"):done.stdout.rindex("}") + 1]

    def test_city(self):
        self.assertEqual(
            self.labels("city", "192.0.2.77 GET\n"),
            '{geoip_city_name="Cologne", geoip_continent_code="EU", geoip_continent_name="Europe", '
            'geoip_country_name="Germany", geoip_location_latitude="50.9375", geoip_location_longitude="-6.5", '
            'geoip_postal_code="50667", geoip_subdivision_code="NW", geoip_subdivision_name="North Rhine", '
            'geoip_timezone="Europe/Berlin", job="t"}')
        self.assertNotIn("geoip_city_name", self.labels("city", "2001:db8::5 GET\n"))
        self.assertIn('geoip_country_name="Germany"', self.labels("city", "2001:db8::5 GET\n"))
        for line in ("203.0.113.1 not there\n", "no-address\n", "\n"):
            self.assertEqual(self.labels("city", line), '{job="t"}')

    def test_other_databases(self):
        self.assertEqual(self.labels("asn", "198.51.100.7\n"), '{geoip_autonomous_system_number="64512", '
                                                              'geoip_autonomous_system_organization="Example Org", job="t"}')
        self.assertEqual(self.labels("country", "192.0.2.1\n"), '{geoip_continent_code="EU", geoip_continent_name="Europe", '
                                                               'geoip_country_code="DE", geoip_country_name="Germany", job="t"}')

    def test_what_is_no_database(self):
        with open(self.db, "wb") as f:
            f.write(b"nothing of the kind")
        with self.assertRaises(subprocess.CalledProcessError) as failed:
            self.labels("city", "192.0.2.77\n")
        self.assertIn(f"the stage 'geoip': {self.db}: ", failed.exception.stderr)


if __name__ == "__main__":
    unittest.main()
