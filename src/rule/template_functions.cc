#include "rule/template_functions.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "config/config.h"
#include "fields/conversions.h"
#include "net/http.h"
#include "regex/replace.h"
#include "template/frame.h"
#include "template/zone.h"

#include <array>
#include <cmath>
#include <vector>

namespace logi::rule {
namespace {

using tmpl::Frame;
using tmpl::Function;
using tmpl::Kind;
using tmpl::Value;
using Values = absl::Span<const Value>;

StatusOr<double> number_of(const Value& value) {
    switch (value.kind()) {
        case Kind::kFloat64:
            return value.as_double();
        case Kind::kInt:
        case Kind::kInt64:
            return static_cast<double>(value.as_int());
        case Kind::kDuration:
            return fields::seconds_of({value.as_int()});
        case Kind::kString: {
            double number = 0;
            std::string error;
            if (fields::parse_go_float(value.as_string(), number, &error)) {
                return number;
            }
            return absl::InvalidArgumentError(error);
        }
        default:
            return absl::InvalidArgumentError(
                absl::StrCat("can't convert ", std::string(value.type_name()), " to float"));
    }
}

bool is_special(double v) {
    return std::isnan(v) || std::isinf(v);
}

// As Go's %.4g.
std::string four_digits(double v) {
    if (std::isnan(v)) {
        return "NaN";
    }
    return std::isinf(v) ? (v > 0 ? "+Inf" : "-Inf") : absl::StrFormat("%.4g", v);
}

constexpr std::array<const char*, 8> kLarge = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::array<const char*, 8> kSmall = {"m", "u", "n", "p", "f", "a", "z", "y"};
constexpr std::array<const char*, 8> kBinary = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};

// The number with the prefix that brings it nearest to one.
std::string with_prefix(double v) {
    const char* prefix = "";
    if (std::abs(v) >= 1) {
        for (const char* next : kLarge) {
            if (std::abs(v) < 1000) {
                break;
            }
            prefix = next;
            v /= 1000;
        }
    } else {
        for (const char* next : kSmall) {
            if (std::abs(v) >= 1) {
                break;
            }
            prefix = next;
            v *= 1000;
        }
    }
    return absl::StrCat(four_digits(v), prefix);
}

std::string humanized(double v) {
    return v == 0 || is_special(v) ? four_digits(v) : with_prefix(v);
}

std::string humanized_1024(double v) {
    if (std::abs(v) <= 1 || is_special(v)) {
        return four_digits(v);
    }
    const char* prefix = "";
    for (const char* next : kBinary) {
        if (std::abs(v) < 1024) {
            break;
        }
        prefix = next;
        v /= 1024;
    }
    return absl::StrCat(four_digits(v), prefix);
}

std::string humanized_duration(double v) {
    if (is_special(v)) {
        return four_digits(v);
    }
    if (v == 0) {
        return absl::StrCat(four_digits(v), "s");
    }
    if (std::abs(v) < 1) {
        return absl::StrCat(with_prefix(v), "s");
    }
    constexpr double kWholeMax = 9e18;
    const char* sign = v < 0 ? "-" : "";
    const double magnitude = std::abs(v);
    const auto whole = static_cast<std::int64_t>(std::min(magnitude, kWholeMax));
    const std::int64_t seconds = whole % 60;
    const std::int64_t minutes = whole / 60 % 60;
    const std::int64_t hours = whole / 3600 % 24;
    const std::int64_t days = whole / 86400;
    if (days != 0) {
        return absl::StrCat(sign, days, "d ", hours, "h ", minutes, "m ", seconds, "s");
    }
    if (hours != 0) {
        return absl::StrCat(sign, hours, "h ", minutes, "m ", seconds, "s");
    }
    if (minutes != 0) {
        return absl::StrCat(sign, minutes, "m ", seconds, "s");
    }
    return absl::StrCat(sign, four_digits(magnitude), "s");
}

std::string humanized_percentage(double v) {
    return absl::StrCat(four_digits(v * 100), "%");
}

template <std::string (*Text)(double)>
StatusOr<Value> of_number(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const double number, number_of(args[0]));
    return frame.string(Text(number));
}

StatusOr<Value> time_of(const Value& value) {
    LOGI_ASSIGN_OR_RETURN(const double seconds, number_of(value));
    if (is_special(seconds) || std::abs(seconds) > 9e9) {
        return absl::InvalidArgumentError(
            absl::StrCat(four_digits(seconds), " cannot be represented as a timestamp"));
    }
    // Of whole milliseconds, as Prometheus has times.
    const auto ms = static_cast<std::int64_t>(seconds * 1e9) / kNanosPerMilli;
    const std::int64_t per_second = 1000;
    const std::int64_t whole = ms >= 0 ? ms / per_second : -((-ms + per_second - 1) / per_second);
    return Value::time({whole,
                        static_cast<std::int32_t>((ms - whole * per_second) * kNanosPerMilli),
                        tmpl::Zone::utc()});
}

StatusOr<Value> to_time(Frame& /*frame*/, Values args) {
    return time_of(args[0]);
}

StatusOr<Value> humanize_timestamp(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const double seconds, number_of(args[0]));
    if (is_special(seconds)) {
        return frame.string(four_digits(seconds));
    }
    LOGI_ASSIGN_OR_RETURN(const Value time, time_of(args[0]));
    return tmpl::find_method(Kind::kTime, "String")->call(frame, {&time, 1});
}

StatusOr<Value> to_duration(Frame& /*frame*/, Values args) {
    LOGI_ASSIGN_OR_RETURN(const double seconds, number_of(args[0]));
    const double ns = seconds * static_cast<double>(kNanosPerSecond);
    if (is_special(seconds) || std::abs(ns) > 9.2e18) {
        return absl::InvalidArgumentError(
            absl::StrCat(four_digits(seconds), " cannot be represented as a duration"));
    }
    return Value::named(Kind::kDuration, static_cast<std::int64_t>(ns));
}

StatusOr<Value> parse_duration(Frame& /*frame*/, Values args) {
    LOGI_ASSIGN_OR_RETURN(const Duration parsed, config::parse_duration(args[0].as_string()));
    return Value::float64(fields::seconds_of(parsed));
}

StatusOr<Value> now(Frame& frame, Values /*args*/) {
    return Value::float64(static_cast<double>(frame.context().now().ns) / 1e9);
}

StatusOr<Value> match(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto regex, frame.regexes().get(args[0].as_string()));
    return Value::boolean(regex->matches(args[1].as_string()));
}

StatusOr<Value> same(Frame& /*frame*/, Values args) {
    return args[0];
}

StatusOr<Value> url_escape(Frame& frame, Values args) {
    return frame.string(absl::StrReplaceAll(net::url_encode(args[0].as_string()), {{"%20", "+"}}));
}

// HOST of HOST:PORT and [HOST]:PORT; anything else as it is.
StatusOr<Value> strip_port(Frame& frame, Values args) {
    const std::string_view text = args[0].as_string();
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return args[0];
    }
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return args[0];  // an IPv6 address
    }
    return frame.string(host);
}

StatusOr<Value> strip_domain(Frame& frame, Values args) {
    const std::string_view text = args[0].as_string();
    const std::size_t port = std::min(text.find(':'), text.size());
    const bool is_address =
        text.substr(0, port).find_first_not_of("0123456789.") == std::string_view::npos;
    if (is_address) {
        return args[0];
    }
    const std::size_t dot = std::min(text.find('.'), port);
    return frame.string(
        absl::StrCat(std::string(text.substr(0, dot)), std::string(text.substr(port))));
}

// Pattern, replacement, text: LogQL's function of that kind has the text before.
StatusOr<Value> re_replace_all(Frame& frame, Values args) {
    const std::array<Value, 3> ordered = {args[0], args[2], args[1]};
    return tmpl::logql_functions().find("regexReplaceAll")->call(frame, ordered);
}

StatusOr<Value> args_map(Frame& frame, Values args) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < args.size(); ++i) {
        names.push_back(absl::StrCat("arg", i));
    }
    std::vector<tmpl::MapEntry> entries;
    for (std::size_t i = 0; i < args.size(); ++i) {
        LOGI_ASSIGN_OR_RETURN(const Value name, frame.string(names[i]));
        entries.push_back({name.as_string(), args[i]});
    }
    std::sort(
        entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    return frame.map(entries);
}

std::vector<Function> own_functions() {
    std::vector<Function> functions = {
        {.name = "humanize", .call = of_number<humanized>, .signature = "a"},
        {.name = "humanize1024", .call = of_number<humanized_1024>, .signature = "a"},
        {.name = "humanizeDuration", .call = of_number<humanized_duration>, .signature = "a"},
        {.name = "humanizePercentage", .call = of_number<humanized_percentage>, .signature = "a"},
        {.name = "humanizeTimestamp", .call = humanize_timestamp, .signature = "a"},
        {.name = "toTime", .call = to_time, .signature = "a"},
        {.name = "toDuration", .call = to_duration, .signature = "a"},
        {.name = "parseDuration", .call = parse_duration, .signature = "s"},
        {.name = "now", .call = now},
        {.name = "match", .call = match, .signature = "ss", .pattern_first = true},
        {.name = "reReplaceAll", .call = re_replace_all, .signature = "sss", .pattern_first = true},
        {.name = "safeHtml", .call = same, .signature = "s"},
        {.name = "urlQueryEscape", .call = url_escape, .signature = "s"},
        {.name = "stripPort", .call = strip_port, .signature = "s"},
        {.name = "stripDomain", .call = strip_domain, .signature = "s"},
        {.name = "args", .call = args_map, .signature = "a*"},
    };
    // The same under other names.
    constexpr std::array<std::pair<const char*, const char*>, 3> kAliases = {
        {{"title", "title"}, {"toUpper", "upper"}, {"toLower", "lower"}}};
    for (const auto& [name, known] : kAliases) {
        Function alias = *tmpl::logql_functions().find(known);
        alias.name = name;
        functions.push_back(alias);
    }
    return functions;
}

}  // namespace

const tmpl::FunctionTable& rule_functions() {
    static const std::vector<Function> kOwn = own_functions();
    static const tmpl::FunctionTable kTable({absl::Span<const Function>(kOwn)});
    return kTable;
}

}  // namespace logi::rule
