"""The comparison itself: what is the same, and that what is not is seen."""
import copy
import json
import unittest

from compare import judge


class Reply:
    def __init__(self, status, body, headers=None):
        self.status, self.headers = status, headers or {}
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


def result(kind, items, **more):
    return {"status": "success", "data": {"resultType": kind, "result": items, **more}}


class Judge(unittest.TestCase):
    def same(self, want, got, **case):
        self.assertIsNone(judge(case, {"status": 200, "body": want}, Reply(200, got)))

    def differs(self, want, got, where, **case):
        difference = judge(case, {"status": 200, "body": want}, Reply(200, got))
        self.assertIsNotNone(difference)
        self.assertIn(where, difference)

    def test_sets_and_what_is_not_compared(self):
        a, b = {"metric": {"l": "a"}, "value": [1, "5"]}, {"metric": {"l": "b"}, "value": [1, "6"]}
        self.same(result("vector", [a, b]), result("vector", [b, a], stats={"x": 1}))
        self.differs(result("vector", [a, b]), result("vector", [b, a]), "result[0]", ordered=True)
        self.differs(result("vector", [a, b]), result("vector", [a]), "1 elements, want 2")
        self.differs(result("vector", [a]), result("vector", [a, b]), "2 elements, want 1")
        self.same({"data": ["x", "y"]}, {"data": ["y", "x"]})
        self.same({"fields": [{"n": 1}, {"n": 2}]}, {"fields": [{"n": 2}, {"n": 1}]})
        self.differs({"values": ["x"]}, {"values": ["y"]}, "$.values[0]")
        self.same({"n": 1}, {"n": 1, "bytes": 7}, ignore=["bytes"])
        self.differs({"n": 1}, {"n": 1, "bytes": 7}, "$.bytes")
        self.differs({"n": 1, "m": 2}, {"n": 1}, "$.m: absent")

    def test_numbers(self):
        def vector(time, value):
            return result("vector", [{"metric": {"l": "1"}, "value": [time, value]}])
        self.same(vector(1, "1"), vector(1.00005, "1.0000000001"))
        self.same(vector(1, "NaN"), vector(1, "NaN"))
        self.same(vector(1, "+Inf"), vector(1, "+Inf"))
        for got in (vector(1.001, "1"), vector(1, "1.00000001"), vector(1, "NaN"), vector(1, "x"), vector(1, 1)):
            self.differs(vector(1, "1"), got, "value")
        labels = copy.deepcopy(vector(1, "1"))
        labels["data"]["result"][0]["metric"]["l"] = "1.0"
        self.differs(vector(1, "1"), labels, "metric.l")
        self.same(result("scalar", [1, "2"]), result("scalar", [99, "2"]))
        self.differs(result("scalar", [1, "2"]), result("scalar", [1, "3"]), "result[0]")

    def test_lines_are_compared_to_the_byte(self):
        def streams(*values):
            return result("streams", [{"stream": {}, "values": [list(v) for v in values]}])
        self.differs(streams(("1", "5")), streams(("1", "5.0")), "values[0][1]")
        self.differs(streams(("1", "a"), ("1", "b")), streams(("1", "b"), ("1", "a")), "values[0][1]")

    def test_statuses_texts_and_headers(self):
        wants = {"status": 400, "contains": "parse error"}
        self.assertIsNone(judge({}, wants, Reply(400, b"a parse error here")))
        self.assertIn("lacks", judge({}, wants, Reply(400, b"other")))
        self.assertIn("status 500", judge({}, wants, Reply(500, b"parse error")))
        self.assertIsNone(judge({}, {"status": 204}, Reply(204, b"")))
        self.assertIsNotNone(judge({}, {"status": 204}, Reply(204, b"x")))
        self.assertIsNone(judge({}, {"status": 200, "text": "ready\n"}, Reply(200, b"ready\n")))
        self.assertIn("not JSON", judge({}, {"status": 200, "body": {}}, Reply(200, b"<html>")))
        wants = {"status": 200, "body": {}, "headers": {"Content-Type": "a"}}
        self.assertIsNone(judge({}, wants, Reply(200, {}, {"Content-Type": "a"})))
        self.assertIn("Content-Type", judge({}, wants, Reply(200, {}, {"Content-Type": "b"})))


if __name__ == "__main__":
    unittest.main()
