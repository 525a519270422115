#include "cli/chart.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/rfc3339.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace logi::cli {
namespace {

constexpr std::array<const char*, 9> kEighths = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::size_t kRows = 8;  // of a series that is alone
constexpr std::size_t kWidthMin = 20;
constexpr std::size_t kValueWidth = 10;
constexpr std::size_t kLabelsMax = 60;

struct Span {
    double first;
    double last;
};

Span times_of(const std::vector<wire::AnswerSeries>& series) {
    Span span{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    for (const auto& each : series) {
        for (const auto& [time, value] : each.samples) {
            span.first = std::min(span.first, time);
            span.last = std::max(span.last, time);
        }
    }
    return span;
}

// The greatest value of each column; nothing where there is no sample.
std::vector<std::optional<double>> columns_of(const wire::AnswerSeries& series,
                                              Span times,
                                              std::size_t width) {
    std::vector<std::optional<double>> columns(width);
    const double length = times.last - times.first;
    for (const auto& [time, value] : series.samples) {
        if (!std::isfinite(value)) {
            continue;
        }
        const double share = length > 0 ? (time - times.first) / length : 0;
        const auto at = static_cast<std::size_t>(share * static_cast<double>(width - 1) + 0.5);
        auto& column = columns.at(std::min(at, width - 1));
        column = std::max(column.value_or(value), value);
    }
    return columns;
}

struct Bounds {
    double low = 0;  // pictures begin at zero, unless values lie below
    double high = 0;
};

Bounds bounds_of(const std::vector<std::optional<double>>& columns) {
    Bounds bounds;
    for (const auto& column : columns) {
        if (column.has_value()) {
            bounds.low = std::min(bounds.low, *column);
            bounds.high = std::max(bounds.high, *column);
        }
    }
    return bounds;
}

// What of a column's height lies in row `row`, counted from below.
const char* cell(const std::optional<double>& value,
                 Bounds bounds,
                 std::size_t rows,
                 std::size_t row) {
    if (!value.has_value()) {
        return " ";
    }
    const double height = bounds.high - bounds.low;
    const double share = height > 0 ? (*value - bounds.low) / height : 0;
    const auto eighths = static_cast<std::size_t>(share * static_cast<double>(rows * 8) + 0.5);
    const std::size_t below = row * 8;
    // A sample of the least value shows as well.
    const std::size_t least = row == 0 ? 1 : 0;
    return kEighths.at(
        std::max(least, std::min<std::size_t>(8, eighths - std::min(eighths, below))));
}

std::string value_text(double value) {
    return absl::StrFormat("%*s", static_cast<int>(kValueWidth), absl::StrFormat("%.4g", value));
}

std::string time_line(Span times, std::size_t indent, std::size_t width) {
    const auto text = [](double seconds) {
        return format_rfc3339({static_cast<std::int64_t>(seconds) * kNanosPerSecond});
    };
    const std::string first = text(times.first);
    const std::string last = text(times.last);
    const std::size_t used = first.size() + last.size();
    return absl::StrCat(std::string(indent, ' '),
                        first,
                        std::string(width > used ? width - used : 1, ' '),
                        last,
                        "\n");
}

std::string draw_one(const wire::AnswerSeries& series, Span times, std::size_t width) {
    const std::size_t plot = std::max(kWidthMin, width) - kValueWidth - 2;
    const auto columns = columns_of(series, times, plot);
    const Bounds bounds = bounds_of(columns);
    std::string out = absl::StrCat(series.labels.to_string(), "\n");
    for (std::size_t row = kRows; row-- > 0;) {
        const std::string side = row == kRows - 1 ? value_text(bounds.high)
                                 : row == 0       ? value_text(bounds.low)
                                                  : std::string(kValueWidth, ' ');
        absl::StrAppend(&out, side, " ▏");
        for (const auto& column : columns) {
            out.append(cell(column, bounds, kRows, row));
        }
        out.push_back('\n');
    }
    return out + time_line(times, kValueWidth + 2, plot);
}

std::string draw_rows(const std::vector<wire::AnswerSeries>& series,
                      Span times,
                      std::size_t width) {
    std::vector<std::string> labels;
    std::size_t widest = 0;
    for (const auto& each : series) {
        std::string text = each.labels.to_string();
        if (text.size() > kLabelsMax) {
            text = absl::StrCat(text.substr(0, kLabelsMax - 3), "...");
        }
        widest = std::max(widest, text.size());
        labels.push_back(std::move(text));
    }
    const std::size_t used = widest + 2 * kValueWidth + 2;
    const std::size_t plot = width > used + kWidthMin ? width - used : kWidthMin;
    std::string out = absl::StrFormat("%-*s %*s %s%*s\n",
                                      static_cast<int>(widest),
                                      "",
                                      static_cast<int>(kValueWidth),
                                      "least",
                                      std::string(plot, ' '),
                                      static_cast<int>(kValueWidth),
                                      "most");
    for (std::size_t i = 0; i < series.size(); ++i) {
        const auto columns = columns_of(series[i], times, plot);
        const Bounds bounds = bounds_of(columns);
        double least = bounds.high;
        for (const auto& column : columns) {
            least = std::min(least, column.value_or(least));
        }
        absl::StrAppend(&out, labels[i], std::string(widest - labels[i].size() + 1, ' '));
        absl::StrAppend(&out, value_text(least), " ");
        for (const auto& column : columns) {
            out.append(cell(column, bounds, 1, 0));
        }
        absl::StrAppend(&out, value_text(bounds.high), "\n");
    }
    return out + time_line(times, widest + kValueWidth + 2, plot);
}

}  // namespace

std::string draw_chart(const std::vector<wire::AnswerSeries>& series, std::size_t width) {
    const Span times = times_of(series);
    if (times.last < times.first) {
        return "";
    }
    return series.size() == 1 ? draw_one(series.front(), times, width)
                              : draw_rows(series, times, width);
}

}  // namespace logi::cli
