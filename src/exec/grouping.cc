#include "exec/grouping.h"

#include <algorithm>

namespace logi::exec {
namespace {

Labels select(const Labels& labels, const std::vector<std::string>& names, bool keep_named) {
    std::vector<LabelPair> pairs;
    for (const auto& pair : labels.pairs()) {
        const bool named = std::find(names.begin(), names.end(), pair.name) != names.end();
        if (named == keep_named) {
            pairs.push_back(pair);
        }
    }
    return Labels::of_result(std::move(pairs));
}

}  // namespace

Labels grouped(const Labels& labels, const logql::Grouping& grouping) {
    return select(labels, grouping.labels, !grouping.without);
}

Labels matched(const Labels& labels, const logql::VectorMatching& matching) {
    return select(labels, matching.labels, matching.on);
}

}  // namespace logi::exec
