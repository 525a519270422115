#include "cli/series_table.h"

#include "absl/strings/str_format.h"

#include <algorithm>
#include <map>
#include <set>

namespace logi::cli {

std::string series_table(const std::vector<Labels>& series) {
    struct Use {
        std::set<std::string> values;
        std::size_t streams = 0;
    };
    std::map<std::string, Use> uses;
    std::size_t longest = 0;
    for (const Labels& labels : series) {
        for (const LabelPair& pair : labels.pairs()) {
            Use& use = uses[pair.name];
            use.values.insert(pair.value);
            ++use.streams;
            longest = std::max(longest, pair.name.size());
        }
    }
    std::vector<std::pair<const std::string*, const Use*>> sorted;
    for (const auto& [name, use] : uses) {
        sorted.emplace_back(&name, &use);
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second->values.size() > b.second->values.size();
    });
    constexpr std::size_t kGap = 2;
    constexpr std::size_t kHeadLength = 10;  // "Label Name"
    const auto width = static_cast<int>(std::max(longest, kHeadLength) + kGap);
    std::string out = absl::StrFormat("Total Streams:  %d\nUnique Labels:  %d\n\n%-*s%-15s%s\n",
                                      series.size(),
                                      uses.size(),
                                      width,
                                      "Label Name",
                                      "Unique Values",
                                      "Found In Streams");
    for (const auto& [name, use] : sorted) {
        absl::StrAppendFormat(
            &out, "%-*s%-15d%d\n", width, *name, use->values.size(), use->streams);
    }
    return out;
}

}  // namespace logi::cli
