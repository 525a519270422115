// Texts of alerts: Go templates with the data and the functions that Prometheus' rules have, but
// for those that ask queries.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "model/labels.h"
#include "rule/group.h"
#include "template/template.h"

#include <memory>
#include <string>

namespace logi::rule {

// What is the same for all alerts.
struct TemplateData {
    TextMap external_labels;
    std::string external_url;
};

// One text of a rule. Immutable.
class RuleTemplate {
  public:
    // kInvalidArgument with Go's words.
    static StatusOr<RuleTemplate> parse(const std::string& name, const std::string& text);

    // With $labels, $value, $externalLabels and $externalURL. What cannot be expanded becomes a
    // text that says why, as in Prometheus.
    [[nodiscard]] std::string expand(const Labels& labels,
                                     double value,
                                     const TemplateData& data,
                                     Timestamp now) const;

  private:
    std::string plain_;  // without a template
    std::shared_ptr<const tmpl::Template> template_;
};

}  // namespace logi::rule
