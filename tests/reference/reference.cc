#include "reference.h"

#include "metric.h"
#include "model/labels.h"
#include "pipeline.h"

#include <algorithm>

namespace logi::reference {
namespace {

// Rows of equal time are in the order of their streams' hashes, in both directions.
StreamId id_of(const LabelMap& stream) {
    std::vector<LabelPair> pairs;
    for (const auto& [name, value] : stream) {
        pairs.push_back({name, value});
    }
    return Labels::from_pairs(std::move(pairs)).id();
}

// By time; equal times by stream; within a stream by arrival. Backward turns time and arrival
// round.
std::vector<const Entry*> sorted(std::vector<const Entry*> entries, bool forward) {
    if (!forward) {
        std::reverse(entries.begin(), entries.end());
    }
    std::stable_sort(entries.begin(), entries.end(), [&](const Entry* a, const Entry* b) {
        if (a->time != b->time) {
            return forward ? a->time < b->time : a->time > b->time;
        }
        return id_of(a->stream) < id_of(b->stream);
    });
    return entries;
}

StatusOr<Answer> evaluate_logs(const std::vector<Entry>& entries,
                               const logql::LogExpr& log,
                               const Request& request) {
    LOGI_ASSIGN_OR_RETURN(const auto pipeline, Pipeline::make(log, Needed(), request.now));
    Answer answer;
    std::size_t passed = 0;  // the limit counts before the interval does
    for (const Entry* entry : sorted(select(entries, log.matchers), request.forward)) {
        if (entry->time < request.start || entry->time >= request.end) {
            continue;
        }
        Line line{entry->time, entry->line, EntryLabels(entry->stream, entry->metadata)};
        if (!pipeline.process(line)) {
            continue;
        }
        if (passed++ == request.limit) {
            break;
        }
        if (request.interval.ns > 0 && !answer.rows.empty()) {
            const Timestamp last = answer.rows.back().time;
            const Duration distance = request.forward ? line.time - last : last - line.time;
            if (distance < request.interval) {
                continue;
            }
        }
        answer.rows.push_back({line.time,
                               line.text,
                               line.labels.of(Category::kStream),
                               line.labels.of(Category::kMetadata),
                               line.labels.of(Category::kParsed)});
    }
    return answer;
}

}  // namespace

StatusOr<Answer> evaluate(const std::vector<Entry>& entries,
                          const logql::Expr& expr,
                          const Request& request) {
    if (const auto* log = std::get_if<logql::LogExpr>(&expr.node)) {
        return evaluate_logs(entries, *log, request);
    }
    return evaluate_metric(entries, expr, request);
}

}  // namespace logi::reference
