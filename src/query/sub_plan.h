// A piece of a query as one reader sends it to another, and what that answers.
//
// Both are versioned and have a checksum, and both may come from anybody: bytes that are not what
// they should be are refused, and take no more memory than a few times their size.
#pragma once

#include "base/bytes.h"
#include "exec/memory_budget.h"
#include "exec/steps.h"
#include "query/pieces.h"
#include "query/range_query.h"
#include "query/spread.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::query {

// A reader answers only versions that it knows; who asked reads the others itself. The second is
// that of plans with a range of streams, which a reader that knows only the first must not take for
// plans of all streams: it still answers those.
inline constexpr std::uint32_t kSubPlanVersion = 1;
inline constexpr std::uint32_t kRangedPlanVersion = 2;
// Of an answer.
inline constexpr std::int64_t kSubAnswerBytesMax = 48LL << 20U;

struct SubPlan {
    // A log query, or one range aggregation, perhaps below the sum that hands down its grouping.
    std::string query;
    bool metric = false;
    Timestamp first;  // of entries, both included
    Timestamp last;
    exec::Steps steps;  // of the whole query: parts of a cell are merged with others
    std::uint32_t limit = 0;
    bool forward = false;
    bool equal_entries = false;
    bool columns = true;
    Timestamp now;
    std::int64_t memory_bytes_max = 0;
    StreamRange streams;
    std::vector<StoredPart> parts;
};

// What plans of lines and of metrics have in common.
[[nodiscard]] SubPlan sub_plan_of(const Piece& piece,
                                  const std::string& query,
                                  const Request& request,
                                  std::int64_t memory_bytes_max);
// Whether hidden entries can be told to another process.
[[nodiscard]] bool can_encode(const exec::Hiding& hiding);
[[nodiscard]] std::string encode(const SubPlan& plan);
// kUnimplemented: another version; kDataLoss: damaged; kInvalidArgument: what it asks for is
// nothing that a query asks for.
StatusOr<SubPlan> decode_sub_plan(std::string_view bytes);

// An answer: the error that the query ends with, or what was found.
[[nodiscard]] std::string encode_error(const Status& error);
// To a plan with a range of streams with the streams' ids, by which rows of one time are in order.
[[nodiscard]] std::string encode_rows(const std::vector<LogRow>& rows,
                                      const ReadNotes& notes,
                                      const StreamRange& streams = {});
// `written`: by RangePass::write().
[[nodiscard]] std::string encode_states(std::string_view written, const ReadNotes& notes);

// The rows, which are charged to the budget. The error that is in the answer as it is, kDataLoss:
// it is damaged, or no answer to this plan.
StatusOr<std::vector<LogRow>> decode_rows(std::string_view answer,
                                          const SubPlan& plan,
                                          exec::MemoryBudget& budget,
                                          ReadNotes& notes);
// Merges them: all or, with an error as above, or kOutOfRange where there is no room for them,
// nothing.
Status merge_states(std::string_view answer, RangePass& pass, ReadNotes& notes);

}  // namespace logi::query
