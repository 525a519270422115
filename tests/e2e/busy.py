"""Lines, and a query that reads them for seconds in pieces that are whole blocks."""
import urllib.parse

START = 1_700_000_000 * 10**9
BUSY = 'quantile_over_time(0.9,{app="a"} | json | regexp "text (?P<w>.*) be .* (?P<n>[0-9]+)" | unwrap n [1m]) by (w)'
# A section of a configuration, to which keys may be appended.
LIMITS = """
limits_config:
  reject_old_samples: false
  ingestion_rate_mb: 1000
  ingestion_burst_size_mb: 1000
  per_stream_rate_limit: 1GB
  per_stream_rate_limit_burst: 1GB
"""


def path_of(query):
    return "/loki/api/v1/query_range?" + urllib.parse.urlencode(
        {"query": query, "start": START - 1, "end": START + 1000 * 10**9, "step": 60})


def push_lines(test, server, count, tenant=None):
    """Of {app="a"}, a millisecond apart."""
    for begin in range(0, count, 10_000):
        lines = [(START + i * 10**6, f'{{"id":"{i}","msg":"some text to be replaced aaaaa bbbb {i * 7919}"}}')
                 for i in range(begin, begin + 10_000)]
        test.assertEqual(server.push([({"app": "a"}, lines)], tenant)[0], 204)
