// What an operator forbids: streams without the labels that they must have, and all streams, or
// those of a policy, for a time.
#pragma once

#include "base/status.h"
#include "model/labels.h"
#include "model/limits.h"
#include "model/matcher.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::ingest {

// Immutable, safe from any thread.
class StreamPolicies {
  public:
    // kInvalidArgument for a selector of policy_stream_mapping that is none.
    static StatusOr<StreamPolicies> of(const Limits& limits);
    // None of the limits says anything.
    StreamPolicies() = default;

    struct Refusal {
        const char* reason = nullptr;  // as the metric has it
        std::string message;
        int status = 0;  // 0: a refusal like others; 200: the client is not told
    };
    // The policy of a stream: `asked`, which the request names, if it is not empty, else the one
    // that the mapping has for the labels, or an empty text.
    [[nodiscard]] std::string name_of(const std::vector<LabelPair>& labels,
                                      std::string_view asked) const;
    // Whether the limits say anything of a policy, so that it may be named in metrics.
    [[nodiscard]] bool knows(const std::string& policy) const;

    // Whether a stream of that policy may be pushed. `text` are the labels as messages have them.
    [[nodiscard]] std::optional<Refusal> refuse(const std::vector<LabelPair>& labels,
                                                const std::string& text,
                                                const std::string& policy,
                                                std::string_view tenant,
                                                Timestamp now) const;

  private:
    struct Rule {
        std::string policy;
        std::vector<Matcher> matchers;
        std::int64_t priority = 0;
    };

    [[nodiscard]] std::vector<std::string> missing_labels(const Labels& labels,
                                                          const std::string& policy) const;
    [[nodiscard]] std::optional<Refusal> blocked(const std::string& policy,
                                                 std::string_view tenant,
                                                 Timestamp now) const;

    std::vector<Rule> rules_;  // the highest priority first, of equal ones by policy
    std::vector<std::string> enforced_;
    std::map<std::string, std::vector<std::string>> policy_enforced_;
    Timestamp blocked_until_;
    std::map<std::string, Timestamp> policy_blocked_until_;
    std::int64_t blocked_status_ = 0;
    bool any_ = false;  // whether anything is forbidden at all
};

}  // namespace logi::ingest
