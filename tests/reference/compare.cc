#include "compare.h"

#include "absl/strings/str_cat.h"
#include "model/labels.h"

#include <algorithm>
#include <cmath>

namespace logi::reference {
namespace {

std::string text_of(const LabelMap& labels) {
    std::vector<LabelPair> pairs;
    for (const auto& [name, value] : labels) {
        pairs.push_back({name, value});
    }
    return Labels::of_result(std::move(pairs)).to_string();
}

LabelMap map_of(const std::vector<LabelPair>& pairs) {
    LabelMap out;
    for (const auto& pair : pairs) {
        out[pair.name] = pair.value;
    }
    return out;
}

std::string text_of(const Row& row) {
    return absl::StrCat(row.time.ns,
                        " ",
                        go_quote(row.line),
                        " stream ",
                        text_of(row.stream),
                        " metadata ",
                        text_of(row.metadata),
                        " parsed ",
                        text_of(row.parsed));
}

std::string text_of(const Series& series) {
    std::string out = text_of(series.labels);
    for (const Point& p : series.points) {
        absl::StrAppend(&out, " ", static_cast<double>(p.time.ns) / 1e9, ":", p.value);
    }
    return out;
}

template <typename T>
std::string list(const std::vector<T>& items) {
    std::string out;
    for (const auto& item : items) {
        absl::StrAppend(&out, "\n    ", text_of(item));
    }
    return out.empty() ? " nothing" : out;
}

std::vector<Row> rows_of(const query::Result& result) {
    std::vector<Row> out;
    for (const auto& row : result.rows) {
        out.push_back({row.time,
                       row.line,
                       map_of(row.stream->pairs()),
                       map_of(row.metadata),
                       map_of(row.parsed)});
    }
    return out;
}

std::vector<Series> series_of(const query::Result& result) {
    std::vector<Series> out;
    for (const auto& series : result.series) {
        out.push_back({map_of(series.labels.pairs()), {}});
        for (const auto& point : series.points) {
            out.back().points.push_back({point.time, point.value});
        }
    }
    return out;
}

bool close(double a, double b) {
    if (a == b || (std::isnan(a) && std::isnan(b))) {
        return true;
    }
    return std::isfinite(a) && std::isfinite(b) &&
           std::fabs(a - b) <= 1e-9 + 1e-9 * std::max(std::fabs(a), std::fabs(b));
}

// label_replace can give several samples the same labels: their order is nobody's business.
bool before(double a, double b) {
    return a < b || (std::isnan(b) && !std::isnan(a));
}

void put_in_order(std::vector<Series>& list, bool ordered) {
    for (Series& s : list) {
        std::sort(s.points.begin(), s.points.end(), [](const Point& a, const Point& b) {
            return a.time != b.time ? a.time < b.time : before(a.value, b.value);
        });
    }
    if (ordered) {
        return;
    }
    std::stable_sort(list.begin(), list.end(), [](const Series& a, const Series& b) {
        if (a.labels != b.labels) {
            return a.labels < b.labels;
        }
        return !a.points.empty() && !b.points.empty() &&
               before(a.points[0].value, b.points[0].value);
    });
}

bool same(const std::vector<Series>& a, const std::vector<Series>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Series& x, const Series& y) {
        return x.labels == y.labels && std::equal(x.points.begin(),
                                                  x.points.end(),
                                                  y.points.begin(),
                                                  y.points.end(),
                                                  [](const Point& p, const Point& q) {
                                                      return p.time == q.time &&
                                                             close(p.value, q.value);
                                                  });
    });
}

bool is_sort(const logql::Expr& expr) {
    const auto* vector = std::get_if<logql::VectorAggregation>(&expr.node);
    return vector != nullptr &&
           (vector->op == logql::VectorOp::kSort || vector->op == logql::VectorOp::kSortDesc);
}

// "pipeline error: 'JSONParserErr' for series …": JSONParserErr.
std::string pipeline_error_of(const Status& status) {
    const std::string text(message_of(status));
    const std::string begin = "pipeline error: '";
    return text.starts_with(begin)
               ? text.substr(begin.size(), text.find('\'', begin.size()) - begin.size())
               : "";
}

std::optional<std::string> difference_of_errors(const StatusOr<Answer>& expected,
                                                const StatusOr<query::Result>& actual) {
    const std::set<std::string> kinds =
        expected.ok() ? expected->pipeline_errors : std::set<std::string>();
    const bool fails = !expected.ok() || !kinds.empty();
    const std::string kind = actual.ok() ? "" : pipeline_error_of(actual.status());
    if (fails == !actual.ok() && (kinds.empty() ? kind.empty() : kinds.count(kind) > 0)) {
        return std::nullopt;
    }
    std::string out = "expected ";
    absl::StrAppend(&out, fails ? "an error" : "an answer");
    for (const auto& k : kinds) {
        absl::StrAppend(&out, ", ", k);
    }
    out += expected.ok() ? "" : ": " + std::string(message_of(expected.status()));
    out += "\n  got ";
    out += actual.ok() ? "an answer" : std::string(message_of(actual.status()));
    return out;
}

}  // namespace

std::optional<std::string> difference(const StatusOr<Answer>& expected,
                                      const StatusOr<query::Result>& actual,
                                      const logql::Expr& expr) {
    if (!expected.ok() || !expected->pipeline_errors.empty() || !actual.ok()) {
        return difference_of_errors(expected, actual);
    }
    const auto rows = rows_of(*actual);
    if (rows != expected->rows) {
        return absl::StrCat("expected rows:", list(expected->rows), "\n  got:", list(rows));
    }
    auto wanted = expected->series;
    auto got = series_of(*actual);
    put_in_order(wanted, is_sort(expr));
    put_in_order(got, is_sort(expr));
    if (!same(wanted, got) || expected->scalar != (actual->type == query::Result::Type::kScalar)) {
        return absl::StrCat("expected series:", list(wanted), "\n  got:", list(got));
    }
    return std::nullopt;
}

StatusOr<Answer> answer_of(const StatusOr<query::Result>& result) {
    Answer out;
    if (result.ok()) {
        out.rows = rows_of(*result);
        out.series = series_of(*result);
        out.scalar = result->type == query::Result::Type::kScalar;
        return out;
    }
    std::string kind = pipeline_error_of(result.status());
    if (kind.empty()) {
        return result.status();
    }
    out.pipeline_errors.insert(std::move(kind));
    return out;
}

}  // namespace logi::reference
