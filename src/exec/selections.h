// The streams of a selector, of all sources that a query reads.
#pragma once

#include "base/status.h"
#include "model/matcher.h"
#include "segment/selection.h"

#include <memory>
#include <string>
#include <vector>

namespace logi::exec {

using Sources = std::vector<std::shared_ptr<const segment::Source>>;

struct Selections {
    std::vector<std::shared_ptr<const segment::Selection>> of;  // of each source that has some
    // What had to be left out because it is damaged, one sentence each.
    std::vector<std::string> missing;
};

// Streams that match, with entries from `first` to `last`, both included. The sources must outlive
// it. A source whose directory is damaged is left out, and that is noted and logged.
StatusOr<Selections> select(const Sources& sources,
                            const std::vector<Matcher>& matchers,
                            Timestamp first,
                            Timestamp last);

}  // namespace logi::exec
