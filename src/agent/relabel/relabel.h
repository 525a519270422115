// Relabelling of targets by Prometheus's rules.
#pragma once

#include "base/status.h"
#include "model/labels.h"
#include "regex/regex.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace logi::agent {

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

struct RelabelOptions {
    std::vector<std::string> source_labels = {};
    std::string separator = ";";
    std::string regex = "(.*)";
    std::uint64_t modulus = 0;
    std::string target_label = {};
    std::string replacement = "$1";
    std::string action = "replace";  // in any case
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

// Those that go on with entries: not those that are for the agent itself, but that of the tenant.
[[nodiscard]] std::vector<LabelPair> sent_labels(std::vector<LabelPair> labels);

}  // namespace logi::agent
