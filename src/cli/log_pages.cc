#include "cli/log_pages.h"

#include "absl/strings/str_cat.h"

#include <algorithm>

namespace logi::cli {
namespace {

std::string key_of(const wire::AnswerLine& line) {
    return absl::StrCat(line.labels->to_string(), "\n", label_text(line.metadata), "\n", line.text);
}

}  // namespace

LogPages::LogPages(const ClientArgs& client, PagesArgs args)
    : client_(client), args_(std::move(args)) {}

Parameters LogPages::parameters(std::uint64_t count) const {
    Parameters parameters = {{"query", args_.query},
                             {"start", absl::StrCat(args_.range.start.ns)},
                             {"end", absl::StrCat(args_.range.end.ns)},
                             {"limit", absl::StrCat(count)},
                             {"direction", args_.forward ? "forward" : "backward"}};
    if (!args_.interval.empty()) {
        parameters.emplace_back("interval", args_.interval);
    }
    return parameters;
}

StatusOr<wire::QueryAnswer> LogPages::next() {
    if (ended_ || args_.range.end <= args_.range.start) {
        wire::QueryAnswer none;
        none.is_streams = true;
        return none;
    }
    const std::uint64_t left = args_.limit == 0 ? UINT64_MAX : args_.limit - given_;
    // What is known already comes again and takes room of the page.
    const std::uint64_t count = std::min(args_.batch, left) + known_.size();
    LOGI_ASSIGN_OR_RETURN(const std::string body,
                          read_from_server(client_, "/loki/api/v1/query_range", parameters(count)));
    LOGI_ASSIGN_OR_RETURN(wire::QueryAnswer answer, parse_answer(body));
    if (!answer.is_streams) {
        ended_ = true;
        return answer;
    }
    std::vector<wire::AnswerLine>& lines = answer.lines;
    std::stable_sort(lines.begin(), lines.end(), [&](const auto& a, const auto& b) {
        return args_.forward ? a.ns < b.ns : a.ns > b.ns;
    });
    const bool full = lines.size() >= count;
    leave_out_known(lines);
    if (lines.size() > left) {
        lines.resize(left);
    }
    given_ += lines.size();
    ended_ = !full || given_ == args_.limit || lines.empty();
    if (!ended_) {
        LOGI_RETURN_IF_ERROR(go_on_from(lines));
    }
    return answer;
}

void LogPages::leave_out_known(std::vector<wire::AnswerLine>& lines) {
    auto known = known_;
    const auto is_known = [&](const wire::AnswerLine& line) {
        const auto it = line.ns == last_ns_ ? known.find(key_of(line)) : known.end();
        if (it == known.end()) {
            return false;
        }
        known.erase(it);
        return true;
    };
    lines.erase(std::remove_if(lines.begin(), lines.end(), is_known), lines.end());
}

Status LogPages::go_on_from(const std::vector<wire::AnswerLine>& lines) {
    if (lines.back().ns != last_ns_) {
        known_.clear();
        last_ns_ = lines.back().ns;
    }
    for (const auto& line : lines) {
        if (line.ns == last_ns_) {
            known_.insert(key_of(line));
        }
    }
    if (known_.size() > args_.batch) {
        return absl::OutOfRangeError(absl::StrCat("more than --batch (",
                                                  args_.batch,
                                                  ") lines have the time ",
                                                  last_ns_,
                                                  "; a greater batch is needed to go on"));
    }
    if (args_.forward) {
        args_.range.start = {last_ns_};
    } else {
        args_.range.end = {last_ns_ + 1};
    }
    return absl::OkStatus();
}

}  // namespace logi::cli
