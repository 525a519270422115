#include "query/time_cuts.h"

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
// What has so many times a piece is too much for one place, ...
constexpr std::uint64_t kUncutFactor = 8;
// ... and so is what would be read here, only as entries in journals touch a part of it.
constexpr std::uint64_t kUncutHereFactor = 2;
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

// Where what has to be read here begins, and what comes behind all of it.
struct HereTime {
    Timestamp first = Timestamp::max();
    Timestamp behind = Timestamp::min();
};

HereTime here_time(const std::vector<Occupied>& occupied) {
    HereTime here;
    for (const Occupied& o : occupied) {
        if (o.here) {
            here.first = std::min(here.first, o.first);
            here.behind = std::max(here.behind, o.last + Duration{1});
        }
    }
    return here;
}

// Times at which pieces may meet: each begins one. Ascending; the first is the query's first.
std::vector<Timestamp> meeting_times(const std::vector<Occupied>& occupied,
                                     Timestamp first,
                                     Timestamp last,
                                     std::uint64_t open_here_max,
                                     std::uint64_t open_max) {
    const HereTime here = here_time(occupied);
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
        // The newest entries are in journals: were they not cut off, they would keep here all that
        // overlaps with what overlaps with them. So there what is open may be more.
        const bool beside_here = time == here.first || time == here.behind;
        const std::uint64_t open_bytes_max =
            beside_here ? std::max(open_here_max, open_max) : open_max;
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
std::vector<Group> joined(std::vector<Group> groups, std::uint64_t small_bytes) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const bool beside_here = (i > 0 && groups[i - 1].time.here) ||
                                 (i + 1 < groups.size() && groups[i + 1].time.here);
        if (beside_here && groups[i].bytes < small_bytes) {
            groups[i].time.here = true;
        }
    }
    std::vector<Group> pieces;
    for (const Group& g : groups) {
        if (!pieces.empty() && pieces.back().time.here && g.time.here) {
            pieces.back().time.last = g.time.last;
        } else {
            pieces.push_back(g);
        }
    }
    return pieces;
}

std::vector<Occupied> within(std::vector<Occupied> occupied, Timestamp first, Timestamp last) {
    std::erase_if(occupied, [&](const Occupied& o) { return o.first > last || o.last < first; });
    for (Occupied& o : occupied) {
        o.first = std::max(o.first, first);
        o.last = std::min(o.last, last);
    }
    return occupied;
}

// What others may read.
std::uint64_t stored_bytes(const std::vector<Occupied>& occupied) {
    std::uint64_t bytes = 0;
    for (const Occupied& o : occupied) {
        bytes += o.here ? 0 : o.bytes;
    }
    return bytes;
}

// Of what is too much for a piece, as there is nowhere to cut it, larger pieces are made: of these
// more may be open. `open_here_max` is what may be open beside what has to be read here.
std::vector<PieceTime> cut(const std::vector<Occupied>& occupied,
                           Timestamp first,
                           Timestamp last,
                           std::uint64_t open_here_max,
                           std::uint64_t piece_bytes) {
    const std::uint64_t bytes = stored_bytes(occupied);
    const auto meeting =
        meeting_times(occupied, first, last, open_here_max, piece_bytes / kOpenShare);
    const double length_ns = static_cast<double>(last.ns) - static_cast<double>(first.ns);
    const std::int64_t grid = grid_of(bytes, length_ns, piece_bytes);
    auto groups = group(atoms_of(occupied, meeting), last, grid, piece_bytes);
    std::vector<PieceTime> pieces;
    for (const Group& g : joined(std::move(groups), piece_bytes / kSmallShare)) {
        const std::uint64_t factor = g.time.here ? kUncutHereFactor : kUncutFactor;
        if (g.bytes < factor * piece_bytes) {
            pieces.push_back(g.time);
            continue;
        }
        const auto parts = cut(within(occupied, g.time.first, g.time.last),
                               g.time.first,
                               g.time.last,
                               g.bytes / kOpenShare,
                               2 * piece_bytes);
        pieces.insert(pieces.end(), parts.begin(), parts.end());
    }
    return pieces;
}

}  // namespace

std::uint64_t piece_bytes_of(std::uint64_t bytes, const SplitOptions& options) {
    return std::max({options.piece_bytes,
                     bytes / std::max<std::uint64_t>(options.pieces_max, 1),
                     std::uint64_t{1}});
}

std::vector<PieceTime> cut_into_pieces(std::vector<Occupied> occupied,
                                       Timestamp first,
                                       Timestamp last,
                                       const SplitOptions& options) {
    occupied = within(std::move(occupied), first, last);
    const std::uint64_t bytes = stored_bytes(occupied);
    if (bytes == 0 || bytes < options.split_bytes_min) {
        return {{first, last, true}};
    }
    return cut(occupied, first, last, 0, piece_bytes_of(bytes, options));
}

}  // namespace logi::query
