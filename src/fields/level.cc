#include "fields/level.h"

#include "fields/json_reader.h"
#include "fields/line_kind.h"
#include "fields/logfmt_scanner.h"

#include <array>
#include <charconv>

namespace logi::fields {
namespace {

constexpr std::string_view kUnknown = "unknown";

struct Alias {
    std::string_view text;
    std::string_view level;
};
constexpr std::array<Alias, 14> kAliases = {{{"trace", "trace"},
                                             {"trc", "trace"},
                                             {"debug", "debug"},
                                             {"dbg", "debug"},
                                             {"info", "info"},
                                             {"inf", "info"},
                                             {"information", "info"},
                                             {"warn", "warn"},
                                             {"wrn", "warn"},
                                             {"warning", "warn"},
                                             {"error", "error"},
                                             {"err", "error"},
                                             {"critical", "critical"},
                                             {"fatal", "fatal"}}};

std::uint64_t length_bit(std::string_view s) {
    return 1ULL << std::min<std::size_t>(s.size(), 63);
}

// The level that `text` names, or empty.
std::string_view known_level(std::string_view text) {
    for (const auto& alias : kAliases) {
        if (equals_ignoring_case(text, alias.text)) {
            return alias.level;
        }
    }
    return {};
}

// A severity number of OpenTelemetry: four numbers per level from 1 on.
std::string_view level_of_number(std::string_view text) {
    const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        return "info";
    }
    constexpr std::array<std::string_view, 6> kLevels = {
        "trace", "debug", "info", "warn", "error", "fatal"};
    if (number == 0 || number > 24) {
        return kUnknown;
    }
    return number < 0 ? kLevels[0] : kLevels[static_cast<std::size_t>((number - 1) / 4)];
}

std::string_view value_of(absl::Span<const MetadataView> metadata, std::string_view name) {
    for (const auto& pair : metadata) {
        if (pair.name == name) {
            return pair.value;
        }
    }
    return {};
}

}  // namespace

std::string_view normalised_level(std::string_view text) {
    const std::string_view level = known_level(text);
    return level.empty() ? text : level;
}

LevelDetector::LevelDetector(LevelRules rules) : rules_(rules) {
    for (const auto& name : rules_.names) {
        lengths_ |= length_bit(name);
    }
}

std::string_view LevelDetector::of_labels(const Labels& labels) const {
    for (const auto& name : rules_.names) {
        if (const std::string_view text = labels.get(name); !text.empty()) {
            return normalised_level(text);
        }
    }
    return {};
}

std::string_view LevelDetector::of_entry(absl::Span<const MetadataView> metadata,
                                         std::string_view line,
                                         Scratch& scratch) const {
    if (!metadata.empty()) {
        for (const auto& name : rules_.names) {
            if (const std::string_view text = value_of(metadata, name); !text.empty()) {
                return normalised_level(text);
            }
        }
        if (const std::string_view text = value_of(metadata, "severity_number"); !text.empty()) {
            return level_of_number(text);
        }
    }
    return of_line(line, scratch);
}

std::string_view LevelDetector::of_line(std::string_view line, Scratch& scratch) const {
    std::string_view field;
    if (looks_like_json(line)) {
        field = json_field(line, 1, scratch).value_or(std::string_view());
    } else if (line.find('=') != std::string_view::npos) {
        field = logfmt_field(line, scratch);
    }
    const std::string_view level = known_level(field);
    return level.empty() ? level_in_text(line) : level;
}

bool LevelDetector::may_be_name(std::string_view key) const {
    return (lengths_ & length_bit(key)) != 0;
}

// The first string with one of the names, in the order of the line.
std::optional<std::string_view> LevelDetector::json_field(std::string_view text,
                                                          std::int64_t depth,
                                                          Scratch& scratch) const {
    const bool deepest = depth == static_cast<std::int64_t>(kJsonDepthMax) ||
                         (rules_.json_depth_max > 0 && depth >= rules_.json_depth_max);
    JsonObjectReader reader(text, scratch.keys[static_cast<std::size_t>(depth - 1)]);
    JsonMember member;
    while (reader.next(member)) {
        if (member.value.type == JsonType::kString && may_be_name(member.key) &&
            std::find(rules_.names.begin(), rules_.names.end(), member.key) != rules_.names.end()) {
            return member.value.text;
        }
        if (member.value.type == JsonType::kObject && !deepest) {
            if (const auto field = json_field(member.value.text, depth + 1, scratch)) {
                return field;
            }
        }
    }
    return std::nullopt;
}

// The field whose name comes first in the list. What is behind a malformed pair is not read.
std::string_view LevelDetector::logfmt_field(std::string_view line, Scratch& scratch) const {
    LogfmtScanner scanner(line, scratch.value);
    std::string_view found;
    std::size_t best = rules_.names.size();
    while (best > 0 && scanner.next()) {
        for (std::size_t i = 0; may_be_name(scanner.key()) && i < best; ++i) {
            if (equals_ignoring_case(scanner.key(), rules_.names[i])) {
                best = i;
                scratch.name.assign(scanner.value());
                found = scratch.name;
            }
        }
    }
    return found;
}

}  // namespace logi::fields
