// The engine that is compared with the reference: the same entries in generations and segments, the
// same query on a thread pool (query/run_simulated.h: in one thread).
#pragma once

#include "dice.h"
#include "query/query.h"
#include "reference.h"

namespace logi::reference {

// Cuts the entries, in the order of arrival, into intervals of up to that many, and makes each a
// head, a head of several groups, or segments.
exec::Sources make_sources(const std::vector<Entry>& entries,
                           Dice& dice,
                           std::size_t interval_max = 60);

// The same as segments of whole streams, as many as that; with blocks of so many rows, if that is
// not 0.
exec::Sources make_segments(const std::vector<Entry>& entries,
                            std::size_t segments,
                            std::size_t rows_per_block = 0);

// Those from the one of that number on as heads.
exec::Sources make_heads(const std::vector<Entry>& entries, std::size_t from);

query::Request engine_request(const std::string& text, const Request& request);

// Cancelled after `cancel_after`, if that is not 0.
StatusOr<query::Result> run_on_threads(const exec::Sources& sources,
                                       query::Prepared query,
                                       const Limits& limits,
                                       Duration cancel_after = {});

}  // namespace logi::reference
