// Stored entries as they may be seen: without what was deleted and what is past its retention.
#pragma once

#include "model/entry.h"
#include "model/matcher.h"
#include "segment/selection.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::exec {

class Pipeline;

// Entries that are hidden: those of the streams in the time that the pipeline lets pass.
struct HideRule {
    std::vector<Matcher> matchers;  // none: of all streams
    Timestamp first;                // both included
    Timestamp last;
    std::shared_ptr<const Pipeline> pipeline;
    // Per journal, up to which position; of others, those of journals before the last one here.
    // What arrived later is seen. None: whenever it arrived.
    std::map<std::uint64_t, std::uint64_t> arrived;
    // What matchers and pipeline were made of, so that another process can make them, too: a log
    // query, and the time of its templates. Empty: nobody can.
    std::string query;
    Timestamp now;

    // kInvalidArgument if the query is none of a log's.
    static StatusOr<std::shared_ptr<const HideRule>> make(
        const std::string& query,
        Timestamp now,
        Timestamp first,
        Timestamp last,
        std::map<std::uint64_t, std::uint64_t> arrived);

    [[nodiscard]] bool covers(const Sequence& sequence) const;
};

// How long entries of streams are kept.
struct KeepRule {
    std::vector<Matcher> matchers;  // none: of all streams
    Timestamp kept_from;            // entries before it are hidden; Timestamp::min(): none are
};

struct Hiding {
    std::vector<std::shared_ptr<const HideRule>> rules;
    // Of a stream the first that matches counts.
    std::vector<KeepRule> retention;

    // Of other streams nothing is seen, not even that there are any; none: all are seen.
    std::vector<Matcher> only;

    [[nodiscard]] bool empty() const { return rules.empty() && retention.empty() && only.empty(); }
};

// The source without what is hidden: of its streams those that may be seen, without extents of
// which nothing may be; those of which some rows may not be are not exact, and their blocks'
// readers have the other rows only (their line_bytes are still those of all).
std::shared_ptr<const segment::Source> visible(std::shared_ptr<const segment::Source> source,
                                               const Hiding& hiding);

// Leaves what may be seen of streams that were selected; `only` is not looked at. False: all of it.
bool hide(segment::Selection& selection, const Hiding& hiding);

// By block of the source, whether each row is hidden; empty for a block of which none is.
StatusOr<std::vector<std::vector<bool>>> hidden_rows(const segment::BlockHolder& source,
                                                     const Hiding& hiding);

}  // namespace logi::exec
