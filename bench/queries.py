"""Thirteen queries over cold-started data, each against the nearest that `zstd -dc` and one tool can do with the same
lines on the same cores."""
from harness import BUILD, Best, Run, Table
from ingest import halves, stored
from search import ask_cold

ALL = '{service_name=~".+"}'
NGINX = '{app="nginx"} | pattern `<ip> <_> <user> [<_>] "<method> <path> <_>" <status> <size> "<_>" "<agent>" <_>`'


class Query:
    """`text` may hold $all, the whole range as a duration, and $rare and $absent; `baseline` reads lines."""

    def __init__(self, name, text, baseline, path="query", **params):
        self.name, self.text, self.baseline, self.path, self.params = name, text, baseline, path, params

    def filled(self, corpus, text):
        seconds = int((corpus.last_ns - corpus.first_ns) / 1e9) + 2
        for name, value in (("$all", f"{seconds}s"), ("$rare", corpus.facts["rare"]), ("$absent", corpus.facts["absent"])):
            text = text.replace(name, value)
        return text

    def ask(self, server, corpus, _):
        params = dict(self.params, query=self.filled(corpus, self.text))
        if self.path == "query":
            params["time"] = corpus.last_ns + 10**9
        else:
            params.update(start=corpus.first_ns, end=corpus.last_ns + 1)
        result = server.query(self.path, **params)
        return sum(len(s.get("values", [0])) for s in result)


QUERIES = [
    Query("rare needle", ALL + ' |= "$rare"', "grep -c -F $rare", "query_range", limit=1000),
    Query("absent needle", ALL + ' |= "$absent"', "grep -c -F $absent", "query_range", limit=1000),
    Query("count by word", f'sum by (app) (count_over_time({ALL} |= "retry" [$all]))', "grep -c -F retry"),
    Query("json, filter, count by", f'sum by (level) (count_over_time({ALL} |= "{{" | json | __error__="" '
          '| status >= 500 [$all]))', f"{BUILD}/bench/bench_json level"),
    Query("json, status counted", f"sum(count_over_time({ALL} | json | status >= 500 [$all]))",
          f"{BUILD}/bench/bench_json level"),
    Query("logfmt, quantile", f'quantile_over_time(0.99, {ALL} |= "duration=" | logfmt | unwrap duration(duration) '
          '| __error__="" [$all]) by (app)', "grep -c -F duration="),
    Query("pattern, top", f"topk(5, sum by (status) (count_over_time({NGINX} [$all])))", "grep -c -E '\" [0-9]{3} '"),
    Query("count by label", f"sum by (app) (count_over_time({ALL}[$all]))", "wc -l"),
    Query("bytes by label", f"sum by (app) (bytes_over_time({ALL}[$all]))", "wc -c"),
    Query("regular expression", f'sum(count_over_time({ALL} |~ "status=5[0-9]+ duration=[0-9.]+m?s" [$all]))',
          "grep -c -E 'status=5[0-9]+ duration=[0-9.]+m?s'"),
    Query("newest 1000 lines", ALL, "tail -n 1000 | wc -l", "query_range", limit=1000),
    Query("1h rate, step 1m", f'sum by (app) (rate({ALL} |= "error" [1h]))', "grep -c -F error", "query_range", step=60),
    Query("three parsers", f'sum by (verb, status) (count_over_time({NGINX} | line_format `verb={{{{.method}}}} {{{{.path}}}}` '
          '| logfmt verb | regexp `(?P<root>/api/v[0-9]+)` | __error__="" [$all]))', "grep -c -E '/api/v[0-9]+'"),
]


def run(context):
    tables = []
    for corpus in context.corpora():
        if corpus.kind != "cloud":
            continue
        table = Table(f"Queries over {corpus.bytes / 1e6:.0f} MB of cold-started data ({corpus.kind})",
                      "query", "baseline", "values", "baseline CPU s/GB", "logi CPU s/GB", "CPU ratio",
                      "baseline wall s/GB", "logi wall s/GB", "wall ratio")
        data, packed = stored(context, corpus), halves(corpus)
        for query in QUERIES:
            commands = [f"zstd -q -dc {p} | {query.filled(corpus, query.baseline)}" for p in packed]
            base_cpu, base_wall, cpu, wall = Best(), Best(), Best(), Best()
            for _ in range(context.runs):
                baseline = Run(*commands)
                if not all(baseline.out):
                    raise SystemExit(f"{query.name}: the baseline printed nothing")
                base_cpu.add(baseline.cpu / corpus.gb)
                base_wall.add(baseline.wall / corpus.gb)
                found, seconds, cpu_seconds = ask_cold(data, corpus, query.ask, None)
                cpu.add(cpu_seconds / corpus.gb)
                wall.add(seconds / corpus.gb)
            if (found == 0) != (query.name == "absent needle"):
                raise SystemExit(f"{query.name}: {found} values")
            table.add(query.name, query.baseline.replace(f"{BUILD}/bench/", "").split(" -")[0].split(" $")[0], found,
                      base_cpu.text(), cpu.text(), f"{cpu.least / base_cpu.least:.2f}", base_wall.text(), wall.text(),
                      f"{wall.least / base_wall.least:.2f}")
        tables.append(table)
    return tables
