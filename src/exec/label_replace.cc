#include "exec/label_replace.h"

#include "regex/regex.h"
#include "regex/replace.h"

namespace logi::exec {
namespace {

Labels with_label(const Labels& labels, const std::string& name, std::string value) {
    std::vector<LabelPair> pairs;
    for (const auto& pair : labels.pairs()) {
        if (pair.name != name) {
            pairs.push_back(pair);
        }
    }
    if (!value.empty()) {
        pairs.push_back({name, std::move(value)});
    }
    return Labels::of_result(std::move(pairs));
}

}  // namespace

Status replace_labels(const logql::LabelReplace& node, StepVector& series) {
    regex::Regex::Options options;
    options.anchored = true;
    auto compiled = regex::Regex::compile(node.regex, options);
    if (!compiled.ok()) {
        return absl::InvalidArgumentError("parse error : invalid regex in label_replace: " +
                                          std::string(message_of(compiled.status())));
    }
    const regex::Regex& regex = **compiled;
    std::vector<std::string_view> groups;
    for (StepSeries& s : series) {
        if (regex.find(s.labels.get(node.source), 0, groups)) {
            std::string value;
            regex::expand(regex, node.replacement, groups, value);
            s.labels = with_label(s.labels, node.destination, std::move(value));
        }
    }
    return absl::OkStatus();
}

}  // namespace logi::exec
