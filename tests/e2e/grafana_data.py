"""Lines that every query of grafana_queries.txt finds something in."""
import json

from grafana_client import MINUTE, SECOND

STREAM = {"a": "b", "pod": "p", "job": "x", "app": "shop", "service_name": "a", "cluster": "c", "namespace": "ns"}
LINES = [
    ('level=info ts=err-17 msg="completing block"', {}), ("f=v1 foo=1 bar=2 size=12KB dur=15s level=info", {"trace_id": "7f3a"}),
    ("d X dur=12s size=10KB level=info", {"k.e-y": "v"}),
    ('{"a":{"b":"x"},"c":"1","x":"1","field":"f1","level":"error","status":503,"dur":"20s","msg":"card refused"}', {}),
    ('{"a":{"b":"x"},"c":"1","x":"2","foo":{"bar":"deep"},"level":"warn","n":1.5,"ok":true}', {}),
    ("x one y", {}), ("x two y", {}), ("x 192.168.1.7 seen", {"addr": "10.1.2.3"}),
    ("level=warn f=v2 foo= baz=3 x", {"latency": "0.25", "x": "5"}), ("level=error f=v2 x=y", {"latency": "0.75", "x": "9"}),
    ('tab\tquote " backslash \\ line\nend \u00fc\u4e16\U0001f600 \u2028 \x7f\x01 </script>', {}), ("", {}),
    ("panic: no fields at all", {"detected_level": "critical"})]
OTHERS = [({"a": "c", "app": "pay", "service_name": "FooBar", "cluster": "c"}, "level=info msg=ok f=v1"),
          ({"app": "odd", "quote": 'a"b,c\\d', "emoji": "\U0001f600", "service_name": "odd"}, "level=debug odd labels"),
          ({"app": "json", "service_name": "json-shop"}, '{"method":"GET","dur":"12ms","size":"3KB","ratio":0.5,"code":200,"ok":true,"req":{"id":"r1"}}')]


def lines_of(now, minutes=range(30, 0, -1)):
    """[(labels, [(ns, line, metadata)])] of so many minutes before `now`; repeated, so that rates and patterns are seen."""
    out = [(STREAM, [(now - m * MINUTE + i * SECOND + 123_456_789, line, meta)
                     for m in minutes for i, (line, meta) in enumerate(LINES)])]
    # The same line at the same time is one; rows of one time and different lines are two.
    out[0][1].append((now - MINUTE + 123_456_789, "the same nanosecond", {}))
    for labels, line in OTHERS:
        out.append((labels, [(now - m * MINUTE, line, {}) for m in minutes]))
    return out


def hours_of(now, hours=72):
    """A line every hour, and on each edge of a day, for queries that are cut at 24 h."""
    return [({"app": "spread", "service_name": "spread"}, [(now - h * 60 * MINUTE, f"level=info hour {h}", {}) for h in range(hours, 0, -1)])]


def large_of(now, count=5000, size=1024):
    text = json.dumps({"level": "info", "msg": 'quoted "text" \\ \u00fc'})
    return [({"app": "large", "service_name": "large"},
             [(now - (count - i) * 1_000_000, (f"{i:06} " + text * 40)[:size], {"n": str(i)}) for i in range(count)])]
