// The lines of a query, asked for page by page, so that a server's limit of entries is none.
#pragma once

#include "cli/client.h"
#include "cli/time_range.h"
#include "wire/answers.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace logi::cli {

struct PagesArgs {
    std::string query;
    TimeRange range;
    bool forward = false;
    std::uint64_t limit = 30;    // 0: all
    std::uint64_t batch = 1000;  // of a page
    std::string interval;        // at most one line of a stream in so long; empty: all
};

class LogPages {
  public:
    LogPages(const ClientArgs& client, PagesArgs args);

    // The next lines in the order asked for; none at the end. The answer may have something else
    // than lines, and then it is the only one. Errors: as read_from_server(); kOutOfRange where
    // more lines than a page holds have the same time.
    StatusOr<wire::QueryAnswer> next();

  private:
    [[nodiscard]] Parameters parameters(std::uint64_t count) const;
    void leave_out_known(std::vector<wire::AnswerLine>& lines);
    Status go_on_from(const std::vector<wire::AnswerLine>& lines);

    const ClientArgs& client_;
    PagesArgs args_;
    std::uint64_t given_ = 0;
    bool ended_ = false;
    // The lines of the last time that was given: the next page has them again.
    std::int64_t last_ns_ = 0;
    std::multiset<std::string> known_;
};

}  // namespace logi::cli
