#include "query/pieces.h"

#include "exec/selections.h"
#include "query/sub_plan.h"

#include <algorithm>
#include <bit>
#include <map>

namespace logi::query {
namespace {

// So much of a piece may be read for its neighbour, too.
constexpr std::uint64_t kOpenShare = 32;
// Less than that share of a piece beside what has to be read here is read here as well.
constexpr std::uint64_t kSmallShare = 8;
// A piece of a time with much in it ends early.
constexpr std::uint64_t kLargeFactor = 4;
constexpr std::int64_t kGridNs = 60LL * kNanosPerSecond;

// What lies between two times at which pieces may meet.
struct Atom {
    Timestamp first;
    std::uint64_t bytes = 0;
    bool here = false;
};

struct Open {
    std::int64_t bytes = 0;
    std::int64_t here = 0;
};

// Times at which pieces may meet: each begins one. Ascending; the first is the query's first.
std::vector<Timestamp> meeting_times(const std::vector<Occupied>& occupied,
                                     Timestamp first,
                                     Timestamp last,
                                     std::uint64_t open_bytes_max) {
    // How what is open before and at a time changes there.
    std::map<Timestamp, Open> changes;
    std::vector<Timestamp> times = {first};
    for (const Occupied& o : occupied) {
        times.push_back(o.first);
        if (o.last < last) {
            times.push_back(o.last + Duration{1});
        }
        if (o.first == o.last) {
            continue;
        }
        const Open open{static_cast<std::int64_t>(o.bytes), o.here ? 1 : 0};
        Open& begin = changes[o.first + Duration{1}];
        begin.bytes += open.bytes;
        begin.here += open.here;
        if (o.last < last) {
            Open& end = changes[o.last + Duration{1}];
            end.bytes -= open.bytes;
            end.here -= open.here;
        }
    }
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    std::vector<Timestamp> meeting;
    Open now;
    auto change = changes.begin();
    for (const Timestamp time : times) {
        for (; change != changes.end() && change->first <= time; ++change) {
            now.bytes += change->second.bytes;
            now.here += change->second.here;
        }
        if (time == first ||
            (now.here == 0 && static_cast<std::uint64_t>(now.bytes) <= open_bytes_max)) {
            meeting.push_back(time);
        }
    }
    return meeting;
}

std::vector<Atom> atoms_of(const std::vector<Occupied>& occupied,
                           const std::vector<Timestamp>& meeting) {
    std::vector<Atom> atoms;
    for (const Timestamp time : meeting) {
        atoms.push_back({time});
    }
    for (const Occupied& o : occupied) {
        const auto after = std::upper_bound(meeting.begin(), meeting.end(), o.first);
        Atom& atom = atoms[static_cast<std::size_t>(after - meeting.begin()) - 1];
        atom.bytes += o.bytes;
        atom.here = atom.here || o.here;
    }
    return atoms;
}

// Pieces end at the first meeting behind a multiple of this, so that it is always the same ones.
std::int64_t grid_of(std::uint64_t bytes, double length_ns, std::uint64_t piece_bytes) {
    const double ns = static_cast<double>(piece_bytes) / static_cast<double>(bytes) * length_ns;
    const double minutes = std::clamp(ns / static_cast<double>(kGridNs), 1.0, 1e8);
    return kGridNs * static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(minutes)));
}

std::int64_t place_in_grid(Timestamp time, std::int64_t grid) {
    return time.ns / grid - (time.ns % grid < 0 ? 1 : 0);
}

struct Group {
    PieceTime time;
    std::uint64_t bytes = 0;
};

std::vector<Group> group(const std::vector<Atom>& atoms,
                         Timestamp last,
                         std::int64_t grid,
                         std::uint64_t piece_bytes) {
    std::vector<Group> groups;
    for (const Atom& atom : atoms) {
        bool begins = groups.empty();
        if (!begins && (atom.bytes > 0 || atom.here)) {
            Group& open = groups.back();
            const bool passed =
                place_in_grid(atom.first, grid) > place_in_grid(open.time.first, grid);
            const bool empty = open.bytes == 0 && !open.time.here;
            begins =
                !empty && (atom.here != open.time.here ||
                           (!atom.here && (passed || open.bytes >= kLargeFactor * piece_bytes)));
        }
        if (begins) {
            if (!groups.empty()) {
                groups.back().time.last = atom.first - Duration{1};
            }
            groups.push_back({{atom.first, last, atom.here}});
        }
        groups.back().bytes += atom.bytes;
        groups.back().time.here = groups.back().time.here || atom.here;
    }
    return groups;
}

// What is small beside what is read here is read here as well.
std::vector<PieceTime> joined(std::vector<Group> groups, std::uint64_t small_bytes) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const bool beside_here = (i > 0 && groups[i - 1].time.here) ||
                                 (i + 1 < groups.size() && groups[i + 1].time.here);
        if (beside_here && groups[i].bytes < small_bytes) {
            groups[i].time.here = true;
        }
    }
    std::vector<PieceTime> pieces;
    for (const Group& g : groups) {
        if (!pieces.empty() && pieces.back().here && g.time.here) {
            pieces.back().last = g.time.last;
        } else {
            pieces.push_back(g.time);
        }
    }
    return pieces;
}

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

Piece filled(const Spread& spread, const PieceTime& time) {
    Piece piece;
    piece.time = time;
    std::uint64_t largest = 0;
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
            if (segment.size_bytes >= largest) {
                largest = segment.size_bytes;
                piece.key = segment.key;
            }
        }
        if (!own.segments.empty()) {
            piece.parts.push_back(std::move(own));
        }
    }
    if (time.here) {
        piece.sources.insert(piece.sources.end(), spread.here.begin(), spread.here.end());
    }
    return piece;
}

}  // namespace

std::vector<PieceTime> cut_into_pieces(std::vector<Occupied> occupied,
                                       Timestamp first,
                                       Timestamp last,
                                       const SplitOptions& options) {
    std::erase_if(occupied, [&](const Occupied& o) { return o.first > last || o.last < first; });
    std::uint64_t bytes = 0;
    for (Occupied& o : occupied) {
        o.first = std::max(o.first, first);
        o.last = std::min(o.last, last);
        bytes += o.here ? 0 : o.bytes;
    }
    if (bytes == 0 || bytes < options.split_bytes_min) {
        return {{first, last, true}};
    }
    const std::uint64_t piece_bytes =
        std::max({options.piece_bytes,
                  bytes / std::max<std::uint64_t>(options.pieces_max, 1),
                  std::uint64_t{1}});
    const auto meeting = meeting_times(occupied, first, last, piece_bytes / kOpenShare);
    const double length_ns = static_cast<double>(last.ns) - static_cast<double>(first.ns);
    const std::int64_t grid = grid_of(bytes, length_ns, piece_bytes);
    auto groups = group(atoms_of(occupied, meeting), last, grid, piece_bytes);
    auto pieces = joined(std::move(groups), piece_bytes / kSmallShare);
    pieces.front().here = pieces.front().here || pieces.size() == 1;
    return pieces;
}

StatusOr<std::vector<Piece>> pieces_of(const Spread& spread,
                                       const std::vector<Matcher>& matchers,
                                       Timestamp first,
                                       Timestamp last) {
    std::vector<PieceTime> times = {{first, last, true}};
    if (can_ask(spread)) {
        LOGI_ASSIGN_OR_RETURN(const exec::Selections here,
                              exec::select(spread.here, matchers, first, last));
        // What of the head cannot be told may have any time.
        if (here.missing.empty()) {
            times = cut_into_pieces(occupied_of(spread, here), first, last, spread.options);
        }
    }
    std::vector<Piece> pieces;
    for (const PieceTime& time : times) {
        pieces.push_back(filled(spread, time));
    }
    return pieces;
}

}  // namespace logi::query
