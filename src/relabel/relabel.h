// Prometheus' rules that rewrite labels, or drop who has them.
#pragma once

#include "base/status.h"
#include "model/labels.h"
#include "model/ruler_limits.h"
#include "regex/regex.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi {

enum class RelabelAction {
    kReplace,
    kKeep,
    kDrop,
    kKeepEqual,
    kDropEqual,
    kHashMod,
    kLabelMap,
    kLabelDrop,
    kLabelKeep,
    kLowercase,
    kUppercase,
};

// Immutable, cheap to copy, safe from any thread.
class RelabelRule {
  public:
    // kInvalidArgument in Prometheus's words where it has some.
    static StatusOr<RelabelRule> make(RelabelOptions options);
    // False: the target is dropped.
    [[nodiscard]] bool apply(std::vector<LabelPair>& labels) const;
    // Whether a label of that name, which begins with __, can make a difference.
    [[nodiscard]] bool reads(std::string_view name) const;

  private:
    RelabelRule(RelabelAction action, RelabelOptions options)
        : action_(action), options_(std::move(options)) {}
    void replace(std::vector<LabelPair>& labels, const std::string& joined) const;
    [[nodiscard]] std::string joined_sources(const std::vector<LabelPair>& labels) const;
    RelabelAction action_;
    RelabelOptions options_;
    std::shared_ptr<const regex::Regex> regex_;
};

// One rule after another. False: the target is dropped.
[[nodiscard]] bool relabel(const std::vector<RelabelRule>& rules, std::vector<LabelPair>& labels);

}  // namespace logi
