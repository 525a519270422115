#include "query/pieces.h"

#include "absl/strings/str_cat.h"
#include "exec/run_items.h"
#include "exec/selections.h"
#include "query/stream_cuts.h"
#include "query/sub_plan.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace logi::query {
namespace {

std::vector<Occupied> occupied_of(const Spread& spread, const exec::Selections& here) {
    std::vector<Occupied> occupied;
    for (const StoredPart& part : spread.stored) {
        for (const StoredSegment& segment : part.segments) {
            occupied.push_back({segment.min_time, segment.max_time, segment.size_bytes, false});
        }
    }
    for (const auto& selection : here.of) {
        for (const segment::StreamExtent& e : selection->extents()) {
            occupied.push_back({e.min_time, e.max_time, 0, true});
        }
    }
    return occupied;
}

// Whether there is anybody to ask, and a way to say what.
bool can_ask(const Spread& spread) {
    return spread.readers != nullptr && spread.readers->for_key("").size() > 1 &&
           std::all_of(spread.stored.begin(), spread.stored.end(), [](const StoredPart& part) {
               return can_encode(part.hiding);
           });
}

// The largest segment of a piece, and all that is in it.
struct Sizes {
    std::shared_ptr<const segment::Source> largest;
    const std::string* key = nullptr;
    std::uint64_t largest_bytes = 0;
    std::vector<std::uint64_t> others_bytes;

    void add(const StoredSegment& segment, std::shared_ptr<const segment::Source> source) {
        // The same one in whatever order they come.
        const bool is_largest = largest == nullptr || std::tie(segment.size_bytes, segment.key) >
                                                          std::tie(largest_bytes, *key);
        if (!is_largest) {
            others_bytes.push_back(segment.size_bytes);
            return;
        }
        if (largest != nullptr) {
            others_bytes.push_back(largest_bytes);
        }
        largest = std::move(source);
        largest_bytes = segment.size_bytes;
        key = &segment.key;
    }
    [[nodiscard]] std::uint64_t bytes() const {
        return std::accumulate(others_bytes.begin(), others_bytes.end(), largest_bytes);
    }
};

Piece filled(const Spread& spread, const PieceTime& time, Sizes& sizes) {
    Piece piece;
    piece.time = time;
    for (std::size_t i = 0; i < spread.stored.size(); ++i) {
        const StoredPart& part = spread.stored[i];
        StoredPart own{part.tenant, part.label, part.hiding, {}};
        for (std::size_t j = 0; j < part.segments.size(); ++j) {
            const StoredSegment& segment = part.segments[j];
            if (segment.min_time > time.last || segment.max_time < time.first) {
                continue;
            }
            own.segments.push_back(segment);
            piece.sources.push_back(spread.opened[i][j]);
            sizes.add(segment, spread.opened[i][j]);
        }
        if (!own.segments.empty()) {
            piece.parts.push_back(std::move(own));
        }
    }
    piece.key = sizes.key == nullptr ? "" : *sizes.key;
    if (time.here) {
        piece.sources.insert(piece.sources.end(), spread.here.begin(), spread.here.end());
    }
    return piece;
}

Piece part_of(const Piece& piece, const StreamRange& streams) {
    Piece part = piece;
    part.streams = streams;
    part.sources = of_streams(std::move(part.sources), streams);
    if (!streams.has_all()) {
        absl::StrAppend(&part.key, " ", streams.to_string());
    }
    return part;
}

std::uint64_t stored_bytes(const Spread& spread, Timestamp first, Timestamp last) {
    std::uint64_t bytes = 0;
    for (const StoredPart& part : spread.stored) {
        for (const StoredSegment& segment : part.segments) {
            const bool touches = segment.min_time <= last && segment.max_time >= first;
            bytes += touches ? segment.size_bytes : 0;
        }
    }
    return bytes;
}

StatusOr<std::vector<PieceTime>> times_of(const Spread& spread, const Wanted& wanted) {
    if (can_ask(spread)) {
        LOGI_ASSIGN_OR_RETURN(
            const exec::Selections here,
            exec::select(spread.here, wanted.matchers, wanted.first, wanted.last));
        // What of the head cannot be told may have any time.
        if (here.missing.empty()) {
            return cut_into_pieces(
                occupied_of(spread, here), wanted.first, wanted.last, spread.options);
        }
    }
    return std::vector<PieceTime>{{wanted.first, wanted.last, true}};
}

// Pieces by time on their way to pieces by streams, which are found as tasks: each takes reads of a
// directory.
struct Cutting {
    struct Time {
        Piece piece;
        Sizes sizes;
        std::vector<StreamRange> ranges{1};
    };
    std::vector<Time> times;
    std::vector<std::size_t> large;  // those that may be cut

    Status cut(std::size_t i,
               const Wanted& wanted,
               const SplitOptions& options,
               std::uint64_t piece_bytes) {
        Time& time = times[large[i]];
        time.ranges = ranges_of({time.sizes.largest,
                                 time.sizes.largest_bytes,
                                 time.sizes.others_bytes,
                                 piece_bytes,
                                 options.open_share},
                                wanted.matchers,
                                time.piece.time.first,
                                time.piece.time.last);
        return absl::OkStatus();
    }

    [[nodiscard]] std::vector<Piece> pieces() const {
        std::vector<Piece> pieces;
        for (const Time& time : times) {
            for (const StreamRange& range : time.ranges) {
                pieces.push_back(part_of(time.piece, range));
            }
        }
        return pieces;
    }
};

}  // namespace

void find_pieces(io::Executor& executor,
                 const Spread& spread,
                 const Wanted& wanted,
                 const io::CancelToken& cancel,
                 std::function<void(StatusOr<std::vector<Piece>>)> done) {
    const auto times = times_of(spread, wanted);
    if (!times.ok()) {
        done(times.status());
        return;
    }
    const std::uint64_t bytes = stored_bytes(spread, wanted.first, wanted.last);
    const std::uint64_t piece_bytes = piece_bytes_of(bytes, spread.options);
    const auto cutting = std::make_shared<Cutting>();
    for (const PieceTime& time : *times) {
        Cutting::Time& next = cutting->times.emplace_back();
        next.piece = filled(spread, time, next.sizes);
        if (wanted.reads_rows && !time.here &&
            next.sizes.bytes() >= std::max(2 * piece_bytes, spread.options.split_bytes_min)) {
            cutting->large.push_back(cutting->times.size() - 1);
        }
    }
    if (cutting->large.empty()) {
        done(cutting->pieces());
        return;
    }
    exec::run_items(
        executor,
        cutting->large.size(),
        cancel,
        [cutting, wanted, options = spread.options, piece_bytes](std::size_t i) {
            return cutting->cut(i, wanted, options, piece_bytes);
        },
        [cutting, done = std::move(done)](const Status& status) {
            done(status.ok() ? StatusOr<std::vector<Piece>>(cutting->pieces()) : status);
        });
}

}  // namespace logi::query
