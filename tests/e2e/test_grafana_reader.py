"""The strict reader takes what Grafana takes and refuses what Grafana refuses."""
import math
import unittest

import grafana_reader as reader
from grafana_reader import Unreadable

NS = "1755000000123456789"


def streams(streams_text, flags='"encodingFlags":["categorize-labels"],', before='"resultType":"streams",'):
    return ('{"status":"success","data":{%s%s"result":%s,"stats":{}}}' % (before, flags, streams_text)).encode()


def plain(rows, stream='{"a":"b"}'):
    return streams('[{"stream":%s,"values":[%s]}]' % (stream, rows), flags="")


def categorized(rows):
    return streams('[{"stream":{"a":"b","c":"d"},"values":[%s]}]' % rows)


def metric(result, kind="matrix"):
    return ('{"status":"success","data":{"resultType":"%s","result":%s}}' % (kind, result)).encode()


class Reader(unittest.TestCase):
    def refuses(self, read, *bodies):
        for body in bodies:
            with self.subTest(body=body), self.assertRaises(Unreadable):
                read(body)

    def test_whole_answers(self):
        self.assertEqual(reader.read_query(b"{}").rows, [])
        answer = reader.read_query(b'{"new":[{}],"status":"success","warnings":["w"],"infos":["i"],"data":{"resultType":"streams","result":[],"x":1}}')
        self.assertEqual((answer.kind, answer.rows, answer.notices), ("streams", [], ["w", "i"]))
        self.refuses(reader.read_query, b"", b"[]", b"null", b"{}x", b'{"data":{}}', b'{"data":{"result":[]}}', b'{"data":null}',
                     b'{"data":{"resultType":"tables","result":[]}}', b'{"status":"error","error":"x"}', b'{"status":"success"',
                     b'{"warnings":"w"}', b'{"warnings":[1]}', b'{"status":"success",}', b'{"status":"a","status":"b"}',
                     b'{"status":"\xff"}', b'{"x":NaN}', b"{'x':1}", b'{"data":{"resultType":1,"result":[]}}')

    def test_flags_that_come_too_late_are_not_seen(self):
        three = '[{"stream":{},"values":[["%s","l",{}]]}]' % NS
        late = '{"data":{"resultType":"streams","result":%s,"encodingFlags":["categorize-labels"]}}'
        self.refuses(reader.read_query, (late % three).encode())
        reader.read_query((late % three.replace(",{}]", "]")).encode())
        # A result before its type waits for it, and so has the flags before it.
        reader.read_query(('{"data":{"encodingFlags":["categorize-labels"],"result":%s,"resultType":"streams"}}' % three).encode())
        reader.read_query(streams(three, before='"x":0,"resultType":"streams",'))

    def test_rows_without_categories(self):
        rows = reader.read_query(plain('["%s","l \\u0000 \\ud83d\\ude00"],["%s","l"]' % (NS, NS))).rows
        self.assertEqual([(r.ns, r.line, r.labels, r.types) for r in rows][1], (int(NS), "l", {"a": "b"}, {}))
        self.refuses(reader.read_query, plain('["%s","l",{}]' % NS), plain('["%s"]' % NS), plain('[%s,"l"]' % NS), plain('["%s",1]' % NS),
                     plain('["%s",null]' % NS), plain('["1755000","l"]'), plain('["2026-01-01T00:00:00Z","l"]'), plain('["","l"]'),
                     plain('{"%s":"l"}' % NS), plain("", '{"a":1}'), plain("", '["a"]'), plain("", '{"a":null}'),
                     streams('[{"values":[],"stream":{}}]', flags=""), streams('[{"stream":{},"values":[],"more":1}]', flags=""),
                     streams('[{"values":[]}]', flags=""), streams('{"stream":{},"values":[]}', flags=""), streams("null", flags=""))

    def test_rows_with_categories(self):
        row = '["%s","l",{"structuredMetadata":{"m":"1","c":"s"},"parsed":{"p":"2","m":"3"}}]' % NS
        [read] = reader.read_query(categorized(row)).rows
        self.assertEqual(read.labels, {"a": "b", "c": "s", "m": "3", "p": "2"})
        self.assertEqual(read.types, {"a": "I", "c": "S", "m": "P", "p": "P"})
        reader.read_query(categorized('["%s","l",{}]' % NS))
        self.refuses(reader.read_query, categorized('["%s","l"]' % NS), categorized('["%s","l",null]' % NS), categorized('["%s","l",[]]' % NS),
                     categorized('["%s","l",{},{}]' % NS), categorized('["%s","l",{"metadata":{}}]' % NS),
                     categorized('["%s","l",{"parsed":{"a":1}}]' % NS), categorized('["%s","l",{"parsed":[]}]' % NS),
                     categorized('["%s","l",{"structuredMetadata":null}]' % NS))

    def test_samples(self):
        answer = reader.read_query(metric('[{"metric":{"a":"b"},"values":[[1639125366.989,"1.5"],[1639125367,"-2e-7"]],"more":1},{"values":[[1,"NaN"],[2,"-Inf"],[3,"+infinity"]],"metric":{}}]'))
        self.assertEqual(answer.series[0].points, [(1639125366.989, 1.5), (1639125367, -2e-7)])
        self.assertTrue(math.isnan(answer.series[1].points[0][1]))
        self.assertEqual([p[1] for p in answer.series[1].points[1:]], [-math.inf, math.inf])
        self.assertEqual(reader.read_query(metric('[{"metric":{},"value":[4000000000,"2"]}]', "vector")).series[0].points, [(4e9, 2)])
        self.assertEqual(reader.read_query(metric('[1,"2"]', "scalar")).series[0].points, [(1, 2)])
        for points in ('["1","2"]', "[1,2]", '[1,"two"]', '[1,""]', '[1,"2","3"]', "[1]", '[1,"1e"]', '[2,"1"],[1,"1"]', '[1,"1"],[1,"1"]', "{}"):
            self.refuses(reader.read_query, metric('[{"metric":{},"values":[%s]}]' % points))
        self.refuses(reader.read_query, metric("[]", "scalar"), metric('[{"metric":{"a":1},"values":[]}]'), metric("{}"),
                     metric('[{"metric":{}}]', "vector"))

    def test_stats(self):
        body = '{"data":{"resultType":"streams","result":[],"stats":%s}}'
        reader.read_query((body % '{"summary":{"execTime":0.5},"querier":{"store":{"chunk":{"headChunkBytes":1}}}}').encode())
        self.refuses(reader.read_query, (body % '{"summary":{"execTime":"0.5s"}}').encode(), (body % "[]").encode(),
                     (body % '{"ingester":{"store":{"chunk":{"compressedBytes":null}}}}').encode())

    def test_lists(self):
        self.assertEqual(reader.read_texts(b'{"status":"success"}'), [])
        self.assertEqual(reader.read_texts(b'{"status":"success","data":["a"]}'), ["a"])
        self.refuses(reader.read_texts, b'{"data":"a"}', b'{"data":[1]}', b'{"status":"error"}', b'["a"]')
        self.assertEqual(reader.read_series(b'{"data":[{"a":"b"}]}'), [{"a": "b"}])
        self.refuses(reader.read_series, b'{"data":[["a"]]}', b'{"data":[{"a":1}]}', b'{"data":{}}')
        self.refuses(reader.read_index_stats, b'{"streams":1,"chunks":1,"bytes":1}', b'{"streams":"1","chunks":1,"bytes":1,"entries":1}',
                     b'{"data":{"streams":1,"chunks":1,"bytes":1,"entries":1}}')
        self.assertEqual(reader.read_volume(b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"5"]}]}}'),
                         [({"a": "b"}, 5)])
        self.refuses(reader.read_volume, b'{"data":{}}', b'{"data":{"result":null}}', b'{"data":{"result":[{"metric":{},"values":[[1,"1"]]}]}}')

    def test_fields(self):
        field = b'{"fields":[{"label":"a","type":"int","cardinality":1,"parsers":%s}]}'
        self.assertEqual(reader.read_detected_fields(field % b"null"), {"a": ("int", None, None)})
        self.assertEqual(reader.read_detected_fields(field % b'["json"],"jsonPath":["a","b"]'), {"a": ("int", ["json"], ["a", "b"])})
        self.refuses(reader.read_detected_fields, field % b"[]", field % b'"json"', (field % b"null").replace(b"int", b"integer"),
                     (field % b"null").replace(b',"parsers":null', b""), (field % b"null").replace(b":1,", b':"1",'), b'{"fields":null}')
        self.refuses(reader.read_detected_labels, b"[]", b'{"detectedLabels":[{"label":"a"}]}')
        self.refuses(reader.read_field_values, b'{"values":null}', b'{"values":[1]}')

    def test_drilldown(self):
        pattern = b'{"status":"success","data":[{"pattern":"a <_>","level":"info","samples":[[1755000000,3]]}]}'
        self.assertEqual(reader.read_patterns(pattern), [("a <_>", "info", [[1755000000, 3]])])
        self.refuses(reader.read_patterns, pattern.replace(b"3]", b'"3"]'), pattern.replace(b"3]", b"3.5]"), b'{"status":"success"}',
                     pattern.replace(b",3]", b"]"))
        limits = b'{"limits":{"retention_period":"744h","max_entries_limit_per_query":5000},"pattern_ingester_enabled":true}'
        self.assertEqual(reader.read_drilldown_limits(limits), ("744h", 5000, True))
        self.refuses(reader.read_drilldown_limits, b"{}", limits.replace(b'"744h"', b"744"), limits.replace(b"true", b'"true"'),
                     limits.replace(b"744h", b"for ever"))

    def test_live_frames(self):
        frame = '{"streams":[{"stream":{"a":"b"},"values":[["%s","l"],["%s","l",{}]]}],"dropped_entries":null}' % (NS, NS)
        self.assertEqual(len(reader.read_tail_frame(frame)[0]), 2)
        self.assertEqual(reader.read_tail_frame("{}"), ([], 0))
        self.assertEqual(reader.read_tail_frame('{"streams":[],"dropped_entries":[{"labels":{},"timestamp":"%s"}]}' % NS), ([], 1))
        self.refuses(reader.read_tail_frame, frame.replace(NS, NS[:-4]), frame.replace('"l"', "1"), "[]", frame.replace("null", '"1"'))

    def test_rules(self):
        group = b'{"status":"success","data":{"groups":[{"name":"n","file":"f","interval":60,"lastEvaluation":"0001-01-01T00:00:00Z","rules":[]}]}}'
        self.assertEqual(len(reader.read_rules("application/json", group)), 1)
        self.refuses(lambda body: reader.read_rules("application/json", body), b'{"data":{"groups":null}}', b'{"data":{}}',
                     group.replace(b"0001-01-01T00:00:00Z", b"yesterday"), group.replace(b'"file":"f",', b""))
        self.refuses(lambda body: reader.read_rules("text/html", body), group)

    def test_by_path(self):
        plain_rows, rows = plain('["%s","l"]' % NS), categorized('["%s","l",{}]' % NS)
        api = "/loki/api/v1/"
        self.assertTrue(reader.read_by_path(api + "query_range", "", plain_rows))
        self.assertTrue(reader.read_by_path(api + "query", "a, categorize-labels", rows))
        for flags, body in (("", rows), ("categorize-labels", plain_rows)):
            with self.assertRaises(Unreadable):
                reader.read_by_path(api + "query_range", flags, body)
        for name in ("labels", "label/a/values", "detected_field/a/values", "series", "patterns", "index/volume", "index/stats"):
            with self.assertRaises(Unreadable, msg=name):
                reader.read_by_path(api + name, "", b'{"data":1,"values":1}')
        self.assertFalse(reader.read_by_path("/ready", "", b"ready"))

    def test_errors(self):
        self.assertEqual(reader.read_error(400, b'{"message":"m"}'), "m")
        self.assertEqual(reader.read_error(500, b"plain\n"), "plain\n")
        for status, body in ((413, b"x"), (405, b"x"), (200, b"x"), (400, b'{"status":"error","error":"x"}'), (500, b"<html>")):
            with self.assertRaises(Unreadable):
                reader.read_error(status, body)


if __name__ == "__main__":
    unittest.main()
