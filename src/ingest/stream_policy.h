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
    // Whether a stream may be pushed. `policy` is what the request names, empty: the one that the
    // mapping has for the stream. `text` are the labels as messages have them.
    [[nodiscard]] std::optional<Refusal> refuse(const std::vector<LabelPair>& labels,
                                                const std::string& text,
                                                std::string_view policy,
                                                std::string_view tenant,
                                                Timestamp now) const;

  private:
    struct Rule {
        std::string policy;
        std::vector<Matcher> matchers;
        std::int64_t priority = 0;
    };

    [[nodiscard]] std::string policy_of(const Labels& labels) const;
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
