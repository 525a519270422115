// The stages of a log query, in the order in which they run.
#pragma once

#include "stages.h"

namespace logi::reference {

// Line filters go before the stages in front of them, but not before a label filter, line_format or
// unpack.
std::vector<const logql::Stage*> in_order(const std::vector<logql::Stage>& stages);

class Pipeline {
  public:
    static StatusOr<Pipeline> make(const logql::LogExpr& log, const Needed& needed, Timestamp now);
    // False: the entry is dropped.
    bool process(Line& line) const;

  private:
    std::vector<Stage> stages_;
};

// The entries in the order of arrival that a selector finds, each once: of entries that are equal
// in everything, the first.
std::vector<const Entry*> select(const std::vector<Entry>& entries,
                                 const std::vector<Matcher>& matchers);

}  // namespace logi::reference
