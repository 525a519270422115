#include "segment/source.h"

namespace logi::segment {

std::vector<std::uint32_t> Source::select(const std::vector<Matcher>& matchers) const {
    std::vector<std::uint32_t> selected;
    for (std::uint32_t i = 0; i < stream_count(); ++i) {
        if (matches_all(matchers, labels(i))) {
            selected.push_back(i);
        }
    }
    return selected;
}

}  // namespace logi::segment
