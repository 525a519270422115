#include "local/line_time.h"

#include "absl/strings/str_cat.h"
#include "agent/time_format.h"

#include <algorithm>
#include <array>

namespace logi::local {
namespace {

// Times stand near the beginning of a line.
constexpr std::size_t kSearchBytes = 256;
constexpr std::array<std::string_view, 14> kFields = {"timestamp",
                                                      "@timestamp",
                                                      "time",
                                                      "ts",
                                                      "t",
                                                      "datetime",
                                                      "date",
                                                      "eventTime",
                                                      "_time",
                                                      "@t",
                                                      "asctime",
                                                      "log_time",
                                                      "created_at",
                                                      "at"};
// Those that are not likely to be anything else where they stand in the middle of a line.
constexpr std::array<TimeForm, 5> kSearchForms = {
    TimeForm::kIso, TimeForm::kClf, TimeForm::kRfc1123, TimeForm::kAnsi, TimeForm::kSyslog};

bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Without what may stand before a time: a byte order mark, colours, syslog's priority, brackets.
std::string_view without_prefix(std::string_view line) {
    if (line.starts_with("\xEF\xBB\xBF")) {
        line.remove_prefix(3);
    }
    while (line.starts_with("\x1b[")) {
        const std::size_t end = line.find('m');
        if (end == std::string_view::npos) {
            return line;
        }
        line.remove_prefix(end + 1);
    }
    if (line.starts_with('<')) {
        const std::size_t end = line.find('>');
        constexpr std::size_t kPriorityBytesMax = 4;
        if (end != std::string_view::npos && end <= kPriorityBytesMax) {
            line.remove_prefix(end + 1);
            if (line.starts_with("1 ")) {
                line.remove_prefix(2);
            }
        }
    }
    constexpr std::size_t kBracketsMax = 4;
    for (std::size_t i = 0; i < kBracketsMax && !line.empty() &&
                            std::string_view(" [(\"'").find(line.front()) != std::string_view::npos;
         ++i) {
        line.remove_prefix(1);
    }
    return line;
}

// The value behind the key, with what follows it; empty: there is none.
std::string_view field_value(std::string_view line, std::string_view key) {
    const bool json = line.starts_with('{');
    for (std::size_t at = line.find(key); at != std::string_view::npos;
         at = line.find(key, at + 1)) {
        std::string_view rest = line.substr(at + key.size());
        if (json) {
            if (at == 0 || line[at - 1] != '"' || !rest.starts_with('"')) {
                continue;
            }
            rest.remove_prefix(1);
            rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
            if (!rest.starts_with(':')) {
                continue;
            }
            rest.remove_prefix(1);
            rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        } else {
            if ((at > 0 && line[at - 1] != ' ' && line[at - 1] != '\t') || !rest.starts_with('=')) {
                continue;
            }
            rest.remove_prefix(1);
        }
        if (rest.starts_with('"')) {
            rest.remove_prefix(1);
        }
        return rest;
    }
    return {};
}

// Up to the end of a value.
std::string_view whole_value(std::string_view rest) {
    return rest.substr(0, rest.find_first_of("\",} \t"));
}

}  // namespace

std::optional<Timestamp> LineTime::read_layout(std::string_view text) const {
    // The layout tells how many words the time has; of a name that is to be tried out.
    const bool is_name = layout_text_.find_first_of("0123456789") == std::string::npos ||
                         layout_text_.starts_with("RFC");
    constexpr std::size_t kWordsMax = 6;
    const std::size_t words = is_name ? kWordsMax
                                      : 1 + static_cast<std::size_t>(std::count(
                                                layout_text_.begin(), layout_text_.end(), ' '));
    std::size_t end = 0;
    for (std::size_t word = 1; word <= words && end < text.size(); ++word) {
        end = std::min(text.find_first_not_of(' ', end), text.size());
        end = std::min(text.find_first_of(" \t", end), text.size());
        if (is_name || word == words) {
            if (const auto time = read_word(text.substr(0, end))) {
                return time;
            }
        }
    }
    return std::nullopt;
}

// What stands behind the time may be left out.
std::optional<Timestamp> LineTime::read_word(std::string_view text) const {
    constexpr int kAroundMax = 4;
    for (int i = 0; i <= kAroundMax && !text.empty(); ++i, text.remove_suffix(1)) {
        if (const auto time = layout_->parse(text, reference_)) {
            return time;
        }
        if (is_word(text.back())) {
            break;
        }
    }
    return std::nullopt;
}

std::optional<Timestamp> LineTime::read(std::string_view text) {
    return layout_ != nullptr ? read_layout(text) : text_.read(form_, text);
}

std::optional<Timestamp> LineTime::read_field(std::string_view line) {
    const std::string_view rest = field_value(line, field_);
    if (rest.empty()) {
        return std::nullopt;
    }
    if (layout_ != nullptr) {
        const auto time = layout_->parse(rest.substr(0, rest.find('"')), reference_);
        return time.has_value() ? time : layout_->parse(whole_value(rest), reference_);
    }
    if (const auto time = text_.read(form_, rest)) {
        return time;
    }
    for (const TimeForm form : kTimeForms) {
        if (const auto time = text_.read(form, rest)) {
            form_ = form;
            return time;
        }
    }
    return std::nullopt;
}

std::optional<Timestamp> LineTime::search(std::string_view line) {
    const std::size_t end = std::min(line.size(), kSearchBytes);
    for (std::size_t i = 0; i < end; ++i) {
        if (is_word(line[i]) && (i == 0 || !is_word(line[i - 1]))) {
            if (const auto time = text_.read(form_, line.substr(i))) {
                return time;
            }
        }
    }
    return std::nullopt;
}

std::optional<Timestamp> LineTime::of(std::string_view line) {
    switch (place_) {
        case Place::kNone:
            return std::nullopt;
        case Place::kStart:
            return read(without_prefix(line));
        case Place::kField:
            return read_field(line);
        case Place::kSearch:
            return search(line);
    }
    return std::nullopt;
}

std::size_t LineTime::count(absl::Span<const std::string_view> lines) {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [&](auto line) { return of(line).has_value(); }));
}

LineTime LineTime::find_out(absl::Span<const std::string_view> sample,
                            const TimeOptions& options,
                            Timestamp reference) {
    LineTime told(options, reference);
    if (options.layout == "none") {
        return told;
    }
    if (options.layout != "auto") {
        told.layout_ = std::make_shared<const agent::TimeFormat>(options.layout, options.zone);
        told.layout_text_ = options.layout;
    }
    if (options.layout != "auto" || !options.field.empty()) {
        told.place_ = options.field.empty() ? Place::kStart : Place::kField;
        if (told.count(sample) == 0) {
            told.place_ = Place::kNone;
        }
        return told;
    }
    struct Found {
        LineTime at;
        std::size_t lines = 0;
    };
    const LineTime none = told;
    const auto better = [&](Found& best, LineTime candidate) {
        const std::size_t lines = candidate.count(sample);
        if (lines > best.lines) {
            best = {std::move(candidate), lines};
        }
    };
    Found field{none};
    Found start{none};
    Found search{none};
    for (const std::string_view name : kFields) {
        LineTime candidate = none;
        candidate.place_ = Place::kField;
        candidate.field_ = std::string(name);
        better(field, std::move(candidate));
    }
    for (const TimeForm form : kTimeForms) {
        LineTime candidate = none;
        candidate.place_ = Place::kStart;
        candidate.form_ = form;
        better(start, std::move(candidate));
    }
    for (const TimeForm form : kSearchForms) {
        LineTime candidate = none;
        candidate.place_ = Place::kSearch;
        candidate.form_ = form;
        better(search, std::move(candidate));
    }
    if (field.lines > 0 && field.lines >= start.lines && field.lines * 10 >= search.lines * 9) {
        return field.at;
    }
    // What goes on with a line may have times in its text.
    constexpr std::size_t kRareFactor = 4;
    return start.lines * kRareFactor >= search.lines ? start.at : search.at;
}

std::string LineTime::describe() const {
    const std::string form = layout_ != nullptr ? layout_text_ : std::string(name_of(form_));
    switch (place_) {
        case Place::kNone:
            return "none";
        case Place::kStart:
            return absl::StrCat(form, " at the beginning");
        case Place::kField:
            return absl::StrCat(layout_ != nullptr ? form + " " : "", "in the field ", field_);
        case Place::kSearch:
            return absl::StrCat(form, " within the line");
    }
    return "";
}

}  // namespace logi::local
