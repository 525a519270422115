// Values that entries have under names of their own: hints say which. A trace's id, say, may be the
// label trace_id, or the field ctx.trace of a JSON line.
#pragma once

#include "absl/types/span.h"
#include "fields/field_sink.h"
#include "fields/json_expressions.h"
#include "model/entry.h"
#include "model/labels.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::fields {

// Immutable, safe from any thread.
class HintedFields {
  public:
    // Hints by the name of what is looked for.
    explicit HintedFields(const std::map<std::string, std::vector<std::string>>& hints);
    // Looks for nothing.
    HintedFields() = default;

    [[nodiscard]] bool empty() const { return targets_.empty(); }

    struct Found {
        std::string_view name;  // of this object
        std::string value;
    };
    // What an entry has, sorted by name. For each name the labels of the stream are asked for the
    // hints, then the metadata, then the line if it is JSON, where a hint is a path, or logfmt,
    // where case does not matter; of several hints the first counts. Empty values count for none.
    [[nodiscard]] std::vector<Found> find(const Labels& labels,
                                          absl::Span<const MetadataView> metadata,
                                          std::string_view line,
                                          Scratch& scratch) const;

  private:
    struct Target {
        std::string name;
        std::size_t begin = 0;  // of its hints in hints_
        std::size_t end = 0;
    };

    // By hint, as hints_.
    [[nodiscard]] std::vector<std::string> values_in(std::string_view line, Scratch& scratch) const;
    [[nodiscard]] std::string_view value_beside(const Target& target,
                                                const Labels& labels,
                                                absl::Span<const MetadataView> metadata) const;

    std::vector<Target> targets_;
    std::vector<std::string> hints_;
    std::optional<JsonExpressions> paths_;  // of the hints, in their order
};

}  // namespace logi::fields
