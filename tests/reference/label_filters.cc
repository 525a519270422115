// Label filters, and the conversions that they share with unwrap.
#include "fields/conversions.h"
#include "fields/ip_matcher.h"
#include "regex/regex.h"
#include "stages.h"

namespace logi::reference {
namespace {

using logql::CompareOp;

// What a filter on text sees: "" for an absent label, and for the details of an error.
std::string text_of(const EntryLabels& labels, const std::string& name) {
    return name == kError ? labels.error() : labels.get(name).value_or("");
}

// A word with .* before it, behind it or both is looked for anywhere in the value.
std::optional<std::string> word_with_stars(const std::string& pattern) {
    std::string word = pattern;
    const bool before = word.starts_with(".*");
    word = word.substr(before ? 2 : 0);
    const bool behind = word.ends_with(".*");
    word = word.substr(0, word.size() - (behind ? 2 : 0));
    if ((!before && !behind) || word.find_first_of("\\.+*?()|[]{}^$") != std::string::npos) {
        return std::nullopt;
    }
    return word;
}

StatusOr<Stage> text_filter(const Matcher& matcher) {
    const std::string name = matcher.name();
    const std::string value = matcher.value();
    if (matcher.op() == MatchOp::kEqual || matcher.op() == MatchOp::kNotEqual) {
        const bool equal = matcher.op() == MatchOp::kEqual;
        return [=](Line& line) {
            return (text_of(line.labels, name) == value) == equal;
        };
    }
    const bool positive = matcher.op() == MatchOp::kRegex;
    if (const auto word = word_with_stars(value); word.has_value()) {
        return [=](Line& line) {
            return (text_of(line.labels, name).find(*word) != std::string::npos) == positive;
        };
    }
    regex::Regex::Options options;
    options.anchored = true;
    LOGI_ASSIGN_OR_RETURN(std::shared_ptr<const regex::Regex> regex,
                          regex::Regex::compile(value, options));
    return [=](Line& line) {
        return regex->matches(text_of(line.labels, name)) == positive;
    };
}

template <typename T>
bool compare(CompareOp op, T a, T b) {
    switch (op) {
        case CompareOp::kEqual:
            return a == b;
        case CompareOp::kNotEqual:
            return a != b;
        case CompareOp::kGreater:
            return a > b;
        case CompareOp::kGreaterEqual:
            return a >= b;
        case CompareOp::kLess:
            return a < b;
        default:
            return a <= b;
    }
}

// Numbers, durations, sizes. Without the label an entry is dropped; a value that does not convert
// is an error, unless there is one already, and the entry passes.
template <typename T>
Stage quantity_filter(const std::string& name,
                      CompareOp op,
                      T limit,
                      bool (*parse)(std::string_view, T&, std::string*)) {
    return [=](Line& line) {
        const auto text = line.labels.get(name);
        if (!text.has_value()) {
            return false;
        }
        T value{};
        std::string error;
        if (!parse(*text, value, &error)) {
            if (!line.labels.has_error()) {
                line.labels.set_error("LabelFilterErr", error);
            }
            return true;
        }
        return compare(op, value, limit);
    };
}

StatusOr<Stage> ip_filter(const logql::IpFilter& filter) {
    LOGI_ASSIGN_OR_RETURN(const auto ip, fields::IpMatcher::compile(filter.pattern));
    return [name = filter.name, negated = filter.negated, ip](Line& line) {
        if (line.labels.has_error()) {
            return true;
        }
        const auto text = line.labels.get(name);
        return text.has_value() && ip.matches(*text) != negated;
    };
}

}  // namespace

StatusOr<Stage> make_label_filter(const logql::LabelFilter& filter) {
    if (const auto* matcher = std::get_if<Matcher>(&filter.node)) {
        return text_filter(*matcher);
    }
    if (const auto* f = std::get_if<logql::NumberFilter>(&filter.node)) {
        return quantity_filter<double>(f->name, f->op, f->value, fields::parse_go_float);
    }
    if (const auto* f = std::get_if<logql::DurationFilter>(&filter.node)) {
        return quantity_filter<Duration>(f->name, f->op, f->value, fields::parse_go_duration);
    }
    if (const auto* f = std::get_if<logql::BytesFilter>(&filter.node)) {
        return quantity_filter<std::uint64_t>(
            f->name, f->op, f->value, fields::parse_humanize_bytes);
    }
    if (const auto* f = std::get_if<logql::IpFilter>(&filter.node)) {
        return ip_filter(*f);
    }
    if (const auto* f = std::get_if<logql::AndFilter>(&filter.node)) {
        LOGI_ASSIGN_OR_RETURN(const Stage left, make_label_filter(*f->left));
        LOGI_ASSIGN_OR_RETURN(const Stage right, make_label_filter(*f->right));
        // Both run, whatever the left one says: each may find an error.
        return [=](Line& line) {
            const bool a = left(line);
            const bool b = right(line);
            return a && b;
        };
    }
    const auto& either = std::get<logql::OrFilter>(filter.node);
    LOGI_ASSIGN_OR_RETURN(const Stage left, make_label_filter(*either.left));
    LOGI_ASSIGN_OR_RETURN(const Stage right, make_label_filter(*either.right));
    return [=](Line& line) {
        return left(line) || right(line);
    };
}

Converted convert(logql::Unwrap::Conversion conversion, const std::string& text) {
    using Conversion = logql::Unwrap::Conversion;
    Converted out;
    bool ok = false;
    double value = 0;
    if (conversion == Conversion::kBytes) {
        std::uint64_t bytes = 0;
        ok = fields::parse_humanize_bytes(text, bytes, &out.error);
        value = static_cast<double>(bytes);
    } else if (conversion == Conversion::kNumber) {
        ok = fields::parse_go_float(text, value, &out.error);
    } else {
        Duration duration;
        ok = fields::parse_go_duration(text, duration, &out.error);
        value = static_cast<double>(duration.ns) / 1e9;
    }
    if (ok) {
        out.value = value;
    }
    return out;
}

}  // namespace logi::reference
