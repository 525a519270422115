#include "fields/level.h"

#include "absl/strings/ascii.h"
#include "fields/json_reader.h"
#include "fields/logfmt_scanner.h"
#include "fields/names.h"

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

bool equals_lower(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c =
            text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] | 0x20) : text[i];
        if (c != lower[i]) {
            return false;
        }
    }
    return true;
}

// The level that `text` names, or empty.
std::string_view known_level(std::string_view text) {
    for (const auto& alias : kAliases) {
        if (equals_lower(text, alias.text)) {
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

bool looks_like_json(std::string_view line) {
    if (line.size() < 2 || (line.back() != '}' && line.back() > ' ')) {
        return false;
    }
    const std::string_view inner = trim_space(line);
    return inner.size() >= 2 && inner.front() == '{' && inner.back() == '}';
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

LevelDetector::LevelDetector(LevelRules rules) : rules_(std::move(rules)) {
    for (const auto& name : rules_.names) {
        std::string lower = absl::AsciiStrToLower(name);
        if (std::find(lower_names_.begin(), lower_names_.end(), lower) == lower_names_.end()) {
            lower_names_.push_back(std::move(lower));
        }
        length_max_ = std::max(length_max_, name.size());
    }
}

std::string_view LevelDetector::normalised(std::string_view text) {
    const std::string_view level = known_level(text);
    return level.empty() ? text : level;
}

std::string_view LevelDetector::of_labels(const Labels& labels) const {
    for (const auto& name : rules_.names) {
        if (const std::string_view text = labels.get(name); !text.empty()) {
            return normalised(text);
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
                return normalised(text);
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

bool LevelDetector::is_name(std::string_view key) const {
    if (key.size() > length_max_) {
        return false;
    }
    return std::find(rules_.names.begin(), rules_.names.end(), key) != rules_.names.end();
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
        if (member.value.type == JsonType::kString && is_name(member.key)) {
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
    std::size_t best = lower_names_.size();
    while (best > 0 && scanner.next()) {
        if (scanner.key().size() > length_max_) {
            continue;
        }
        for (std::size_t i = 0; i < best; ++i) {
            if (equals_lower(scanner.key(), lower_names_[i])) {
                best = i;
                scratch.name.assign(scanner.value());
                found = scratch.name;
            }
        }
    }
    return found;
}

}  // namespace logi::fields
