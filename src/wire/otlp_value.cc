#include "wire/otlp_value.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "wire/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace logi::wire {
namespace {

// As encoding/json has it: without an exponent from 1e-6 to below 1e21.
std::string number_text(double value) {
    constexpr double kLeast = 1e-6;
    constexpr double kMost = 1e21;
    const double size = std::fabs(value);
    const bool exponent = size != 0 && (size < kLeast || size >= kMost);
    char buffer[400];
    const char* end =
        std::to_chars(buffer,
                      buffer + sizeof(buffer),
                      value,
                      exponent ? std::chars_format::scientific : std::chars_format::fixed)
            .ptr;
    std::string text(buffer, static_cast<std::size_t>(end - buffer));
    // 1e-07 is 1e-7 there, though 1e+21 stays.
    if (const std::size_t at = text.size() - std::min<std::size_t>(text.size(), 4);
        exponent && text.compare(at, 3, "e-0") == 0) {
        text.erase(at + 2, 1);
    }
    return text;
}

bool append_json(std::string& out, const OtlpValue& value);

// Names in the order of their bytes; of equal ones the last counts.
bool append_map(std::string& out, const OtlpValue& map) {
    std::vector<std::size_t> order(map.values.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return map.names[a] < map.names[b];
    });
    out.push_back('{');
    bool first = true;
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (i + 1 < order.size() && map.names[order[i]] == map.names[order[i + 1]]) {
            continue;
        }
        out.append(first ? "" : ",");
        first = false;
        append_json_string(out, map.names[order[i]]);
        out.push_back(':');
        if (!append_json(out, map.values[order[i]])) {
            return false;
        }
    }
    out.push_back('}');
    return true;
}

bool append_list(std::string& out, const OtlpValue& list) {
    out.push_back('[');
    for (std::size_t i = 0; i < list.values.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        if (!append_json(out, list.values[i])) {
            return false;
        }
    }
    out.push_back(']');
    return true;
}

// False for what JSON cannot say.
bool append_json(std::string& out, const OtlpValue& value) {
    switch (value.kind) {
        case OtlpValue::Kind::kEmpty:
            out.append("null");
            return true;
        case OtlpValue::Kind::kText:
            append_json_string(out, value.text);
            return true;
        case OtlpValue::Kind::kBytes:
            absl::StrAppend(&out, "\"", absl::Base64Escape(std::string(value.text)), "\"");
            return true;
        case OtlpValue::Kind::kBool:
            out.append(value.integer != 0 ? "true" : "false");
            return true;
        case OtlpValue::Kind::kInt:
            absl::StrAppend(&out, value.integer);
            return true;
        case OtlpValue::Kind::kDouble:
            out.append(number_text(value.real));
            return std::isfinite(value.real);
        case OtlpValue::Kind::kList:
            return append_list(out, value);
        case OtlpValue::Kind::kMap:
            return append_map(out, value);
    }
    return false;
}

std::string double_text(double value) {
    if (std::isfinite(value)) {
        return number_text(value);
    }
    return absl::StrCat("json: unsupported value: ",
                        std::isnan(value) ? "NaN"
                        : value > 0       ? "+Inf"
                                          : "-Inf");
}

}  // namespace

std::string_view otlp_text(const OtlpValue& value, std::string& scratch) {
    scratch.clear();
    switch (value.kind) {
        case OtlpValue::Kind::kEmpty:
            return {};
        case OtlpValue::Kind::kText:
            return value.text;
        case OtlpValue::Kind::kBytes:
            scratch = absl::Base64Escape(std::string(value.text));
            return scratch;
        case OtlpValue::Kind::kDouble:
            scratch = double_text(value.real);
            return scratch;
        default:
            if (!append_json(scratch, value)) {
                scratch.clear();
            }
            return scratch;
    }
}

}  // namespace logi::wire
