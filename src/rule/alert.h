// The alerts of one rule: inactive, pending, firing, and resolved, as Prometheus has them.
#pragma once

#include "base/status.h"
#include "model/labels.h"
#include "rule/group.h"
#include "rule/rule_template.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace logi::rule {

// What a query gives at one time.
struct Sample {
    Labels labels;
    double value = 0;
};
using Samples = std::vector<Sample>;

enum class AlertState : std::uint8_t { kInactive, kPending, kFiring };

// inactive, pending, firing
[[nodiscard]] const char* name_of(AlertState state);

struct Alert {
    AlertState state = AlertState::kPending;
    Labels labels;
    Labels annotations;
    double value = 0;
    Timestamp active_at;  // since then the rule gives it
    std::optional<Timestamp> fired_at;
    std::optional<Timestamp> resolved_at;    // with kInactive
    std::optional<Timestamp> missing_since;  // it fires though the rule gives it no more
    std::optional<Timestamp> last_sent;
    Timestamp valid_until;  // as it was sent last: it ends then if nothing more is sent
};

// One thread at a time.
class AlertRule {
  public:
    // Resolved ones are told again for so long.
    static constexpr Duration kResolvedKept = Duration::minutes(15);

    // kInvalidArgument: a template. `data` must outlive it.
    static StatusOr<AlertRule> make(const Rule& rule, const TemplateData& data);

    // What the rule gives at that time, which is later than before. kInvalidArgument: two samples
    // are one alert, and all is as before; or there are more than `limit` (0: any number), and
    // none is left.
    Status update(Timestamp at, const Samples& samples, std::int64_t limit);

    // Those that are to be sent now: firing ones and resolved ones that were not sent for
    // `resend_delay`. They count as sent. `interval` is that of evaluations.
    [[nodiscard]] std::vector<Alert> to_send(Timestamp at,
                                             Duration resend_delay,
                                             Duration interval);

    [[nodiscard]] AlertState state() const;
    // By labels; resolved ones, too.
    [[nodiscard]] const std::map<Labels, Alert>& alerts() const { return alerts_; }
    // Of an earlier run.
    void restore(std::vector<Alert> alerts);

  private:
    AlertRule(const Rule& rule, const TemplateData& data) : rule_(rule), data_(&data) {}
    [[nodiscard]] Labels labels_of(const Sample& sample, Timestamp at) const;
    [[nodiscard]] Labels annotations_of(const Sample& sample, Timestamp at) const;
    // What becomes of one that the rule does not give; false: it is forgotten.
    [[nodiscard]] bool miss(Alert& alert, Timestamp at) const;

    Rule rule_;
    const TemplateData* data_;
    std::map<std::string, RuleTemplate> labels_;
    std::map<std::string, RuleTemplate> annotations_;
    std::map<Labels, Alert> alerts_;
};

}  // namespace logi::rule
