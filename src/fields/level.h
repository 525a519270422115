// The level of an entry: what its labels, its metadata or its line say, as one of a few words.
#pragma once

#include "absl/types/span.h"
#include "fields/field_sink.h"
#include "model/entry.h"
#include "model/labels.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace logi::fields {

// The metadata that holds it.
inline constexpr std::string_view kDetectedLevel = "detected_level";

// How a tenant wants levels found.
struct LevelRules {
    // Names of labels, metadata and fields of the line that hold a level; earlier ones count more.
    absl::Span<const std::string> names;
    // How deep a level may lie in a JSON line: 1 is the root object; 0 or less: any depth.
    std::int64_t json_depth_max = 2;
};

// trace, debug, info, warn, error, critical or fatal, where `text` is one of them or one of their
// other names (err, WARNING, trc); else `text` itself.
[[nodiscard]] std::string_view normalised_level(std::string_view text);

class LevelDetector {
  public:
    // The names must outlive the detector.
    explicit LevelDetector(LevelRules rules);

    // The level by the labels of the stream, or empty; a view of a constant or into `labels`. It
    // comes before all that follows, except metadata named "detected_level".
    [[nodiscard]] std::string_view of_labels(const Labels& labels) const;

    // The level by metadata and line, "unknown" if there is none; a view of a constant or into
    // `metadata`. Does not allocate where `scratch` has room.
    [[nodiscard]] std::string_view of_entry(absl::Span<const MetadataView> metadata,
                                            std::string_view line,
                                            Scratch& scratch) const;

  private:
    [[nodiscard]] std::string_view of_line(std::string_view line, Scratch& scratch) const;
    [[nodiscard]] std::optional<std::string_view> json_field(std::string_view text,
                                                             std::int64_t depth,
                                                             Scratch& scratch) const;
    [[nodiscard]] std::string_view logfmt_field(std::string_view line, Scratch& scratch) const;
    [[nodiscard]] bool may_be_name(std::string_view key) const;

    LevelRules rules_;
    std::uint64_t lengths_ = 0;  // bit n: a name has n bytes, or, with bit 63, at least 63
};

// The first word of a text that is a level and stands alone: trace, debug, info, warn, error,
// critical, fatal, or "unknown".
[[nodiscard]] std::string_view level_in_text(std::string_view text);

// The same without vector instructions, for the test that compares both.
[[nodiscard]] std::string_view level_in_text_portable(std::string_view text);

}  // namespace logi::fields
