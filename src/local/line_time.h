// Where the lines of a log file have their times: told, or found out by looking at some of them.
#pragma once

#include "absl/types/span.h"
#include "base/status.h"
#include "local/time_text.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {
class TimeFormat;
}

namespace logi::local {

struct TimeOptions {
    // "auto"; "none": lines have no times; else a name or a layout as Promtail's stage 'timestamp'
    // takes them: RFC3339, UnixMs, "02/01/2006 15:04:05".
    std::string layout = "auto";
    std::string field;  // a key of JSON or logfmt; empty: where the line begins, or found out
    const tmpl::Zone* zone = nullptr;  // of times that tell none; never null when it is used
};

// Copies are cheap, and each thread has its own.
class LineTime {
  public:
    // kNone where the sample, of lines from the beginning of a file, has no times. `reference`:
    // when the file was written last, as some times lack the year.
    static LineTime find_out(absl::Span<const std::string_view> sample,
                             const TimeOptions& options,
                             Timestamp reference);

    // The time that the line has; nothing where it has none, as those that go on with the one
    // before.
    std::optional<Timestamp> of(std::string_view line);
    [[nodiscard]] bool none() const { return place_ == Place::kNone; }
    // "2006-01-02T15:04:05 in the field ts".
    [[nodiscard]] std::string describe() const;

  private:
    enum class Place { kNone, kStart, kField, kSearch };
    LineTime(const TimeOptions& options, Timestamp reference)
        : field_(options.field), reference_(reference), text_(options.zone, reference) {}
    std::optional<Timestamp> read(std::string_view text);
    std::optional<Timestamp> read_field(std::string_view line);
    std::optional<Timestamp> search(std::string_view line);
    [[nodiscard]] std::optional<Timestamp> read_layout(std::string_view text) const;
    [[nodiscard]] std::optional<Timestamp> read_word(std::string_view text) const;
    // How many of the lines have times there.
    std::size_t count(absl::Span<const std::string_view> lines);

    Place place_ = Place::kNone;
    TimeForm form_ = TimeForm::kIso;  // of a field: the one that was there last
    std::string field_;
    Timestamp reference_;
    TimeText text_;
    std::shared_ptr<const agent::TimeFormat> layout_;  // null: one of the forms
    std::string layout_text_;
};

}  // namespace logi::local
