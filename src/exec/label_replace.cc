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

Status replace_labels(const logql::LabelReplace& node, StepVector& series, MemoryBudget& budget) {
    regex::Regex::Options options;
    options.anchored = true;
    auto compiled = regex::Regex::compile(node.regex, options);
    if (!compiled.ok()) {
        return absl::InvalidArgumentError("parse error : invalid regex in label_replace: " +
                                          std::string(message_of(compiled.status())));
    }
    const regex::Regex& regex = **compiled;
    const regex::Replacement replacement(regex, node.replacement);
    regex::Groups groups;
    for (StepSeries& s : series) {
        if (regex.find(s.labels.get(node.source), 0, groups)) {
            std::size_t size = 0;
            replacement.expand(groups, [&](std::string_view piece) { size += piece.size(); });
            LOGI_RETURN_IF_ERROR(budget.charge(static_cast<std::int64_t>(size)));
            std::string value;
            value.reserve(size);
            replacement.expand(groups, [&](std::string_view piece) { value.append(piece); });
            s.labels = with_label(s.labels, node.destination, std::move(value));
        }
    }
    return absl::OkStatus();
}

}  // namespace logi::exec
