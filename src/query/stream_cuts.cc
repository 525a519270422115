#include "query/stream_cuts.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace logi::query {
namespace {

// A cut is looked for so near to where it should be, as a share of a range.
constexpr double kWindow = 0.25;

// Sums of bytes over blocks in the order of a stream of theirs.
class BytesBefore {
  public:
    BytesBefore(const std::vector<CutBlock>& blocks, std::uint32_t CutBlock::*stream) {
        std::vector<std::size_t> order(blocks.size());
        std::iota(order.begin(), order.end(), 0U);
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return blocks[a].*stream < blocks[b].*stream;
        });
        for (const std::size_t i : order) {
            streams_.push_back(blocks[i].*stream);
            sums_.push_back(sums_.back() + blocks[i].bytes);
        }
    }
    // Of blocks whose stream comes before this one.
    [[nodiscard]] double operator()(std::uint32_t stream) const {
        const auto end = std::lower_bound(streams_.begin(), streams_.end(), stream);
        return sums_[static_cast<std::size_t>(end - streams_.begin())];
    }

  private:
    std::vector<std::uint32_t> streams_;
    std::vector<double> sums_ = {0};
};

struct Candidate {
    StreamCut cut;
    double place = 0;  // bytes before it
};

// Ascending.
std::vector<Candidate> candidates_of(const std::vector<CutBlock>& blocks) {
    std::vector<std::uint32_t> streams;
    std::uint32_t last = 0;
    for (const CutBlock& block : blocks) {
        last = std::max(last, block.last_stream);
        for (const std::uint32_t stream : {block.first_stream, block.last_stream}) {
            streams.push_back(stream);
            streams.push_back(stream + 1);
        }
    }
    std::sort(streams.begin(), streams.end());
    streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
    const BytesBefore begun(blocks, &CutBlock::first_stream);
    const BytesBefore ended(blocks, &CutBlock::last_stream);
    std::vector<Candidate> candidates;
    for (const std::uint32_t stream : streams) {
        if (stream > 0 && stream <= last) {
            const double before = begun(stream);
            const double whole = ended(stream);
            candidates.push_back({{stream, before - whole}, (before + whole) / 2});
        }
    }
    return candidates;
}

// The best of them near a place; null: there is none.
const Candidate* best_near(const std::vector<Candidate>& candidates, double place, double window) {
    const Candidate* best = nullptr;
    auto next = std::lower_bound(
        candidates.begin(), candidates.end(), place - window, [](const Candidate& c, double p) {
            return c.place < p;
        });
    for (; next != candidates.end() && next->place <= place + window; ++next) {
        const bool better = best == nullptr || next->cut.open_bytes < best->cut.open_bytes ||
                            (next->cut.open_bytes == best->cut.open_bytes &&
                             std::abs(next->place - place) < std::abs(best->place - place));
        best = better ? &*next : best;
    }
    return best;
}

std::vector<CutBlock> blocks_of(const segment::Selection& all, std::uint64_t segment_bytes) {
    std::vector<CutBlock> blocks;
    double sum = 0;
    for (std::uint32_t i = 0; i < all.blocks().size(); ++i) {
        const block::BlockStats& stats = all.blocks()[i];
        blocks.push_back({stats.first_stream,
                          stats.last_stream,
                          static_cast<double>(std::max<std::uint64_t>(all.stored_bytes(i), 1))});
        sum += blocks.back().bytes;
    }
    for (CutBlock& block : blocks) {
        block.bytes *= static_cast<double>(segment_bytes) / sum;
    }
    return blocks;
}

double all_bytes(const Uncut& uncut) {
    return std::accumulate(
        uncut.others_bytes.begin(),
        uncut.others_bytes.end(),
        static_cast<double>(uncut.largest_bytes),
        [](double sum, std::uint64_t bytes) { return sum + static_cast<double>(bytes); });
}

// What is read for both neighbours: of other segments a block for each cut, or what would be as
// much as in the largest, where slices of several segments lie beside each other.
double open_bytes(const Uncut& uncut, const std::vector<StreamCut>& cuts, std::size_t blocks) {
    const auto largest = static_cast<double>(uncut.largest_bytes);
    const double a_block = largest / static_cast<double>(blocks);
    double sum = 0;
    for (const StreamCut& cut : cuts) {
        sum += cut.open_bytes;
        for (const std::uint64_t other : uncut.others_bytes) {
            const auto bytes = static_cast<double>(other);
            sum += std::max(std::min(bytes, a_block), bytes * cut.open_bytes / largest);
        }
    }
    return sum;
}

// As many ranges, by powers of two, as there are pieces in it, and as few as it takes for little to
// be open: then they stay the same while what is cut grows.
std::vector<StreamCut> affordable_cuts(const Uncut& uncut, const std::vector<CutBlock>& blocks) {
    const double bytes = all_bytes(uncut);
    const auto pieces = static_cast<std::uint64_t>(bytes / static_cast<double>(uncut.piece_bytes));
    for (std::uint64_t ranges = std::bit_floor(pieces); ranges > 1; ranges /= 2) {
        auto cuts = cuts_of(blocks, ranges);
        if (open_bytes(uncut, cuts, blocks.size()) * static_cast<double>(uncut.open_share) <=
            bytes) {
            return cuts;
        }
    }
    return {};
}

// Bytes of the blocks that have selected streams, range by range.
std::vector<double> selected_bytes(const segment::Selection& selected,
                                   const std::vector<CutBlock>& blocks,
                                   const std::vector<std::uint32_t>& cuts) {
    std::vector<double> bytes(cuts.size() + 1, 0.0);
    std::vector<std::size_t> counted(blocks.size(), SIZE_MAX);  // by block, in which range last
    for (const segment::StreamExtent& e : selected.extents()) {
        const auto after = std::upper_bound(cuts.begin(), cuts.end(), e.stream);
        const auto range = static_cast<std::size_t>(after - cuts.begin());
        if (counted[e.block] != range) {
            counted[e.block] = range;
            bytes[range] += blocks[e.block].bytes;
        }
    }
    return bytes;
}

// Leaves cuts that have something on both sides.
std::vector<std::uint32_t> worthwhile(const std::vector<std::uint32_t>& cuts,
                                      const std::vector<double>& bytes,
                                      double bytes_min) {
    std::vector<std::uint32_t> left;
    double before = 0;
    double after = std::accumulate(bytes.begin(), bytes.end(), 0.0);
    for (std::size_t i = 0; i < cuts.size(); ++i) {
        before += bytes[i];
        after -= bytes[i];
        if (before >= bytes_min && after >= bytes_min) {
            left.push_back(cuts[i]);
            before = 0;
        }
    }
    return left;
}

// Of streams that may be seen: a cut is at the first of them behind it.
std::vector<std::uint32_t> seen_cuts(const std::vector<StreamCut>& cuts,
                                     const std::vector<std::uint32_t>& streams) {
    std::vector<std::uint32_t> seen;
    for (const StreamCut& cut : cuts) {
        const auto stream = std::lower_bound(streams.begin(), streams.end(), cut.stream);
        if (stream != streams.end() && (seen.empty() || seen.back() != *stream)) {
            seen.push_back(*stream);
        }
    }
    return seen;
}

std::vector<StreamRange> ranges_between(const segment::Selection& all,
                                        const std::vector<std::uint32_t>& cuts) {
    std::vector<StreamRange> ranges(1);
    for (const std::uint32_t stream : cuts) {
        Labels labels = all.stored_labels(stream);
        if (ranges.back().from < labels) {
            ranges.back().to = labels;
            ranges.push_back({std::move(labels), std::nullopt});
        }
    }
    return ranges;
}

}  // namespace

std::vector<StreamCut> cuts_of(const std::vector<CutBlock>& blocks, std::size_t ranges) {
    const std::vector<Candidate> candidates = candidates_of(blocks);
    double bytes = 0;
    for (const CutBlock& block : blocks) {
        bytes += block.bytes;
    }
    const double length = bytes / static_cast<double>(std::max<std::size_t>(ranges, 1));
    std::vector<StreamCut> cuts;
    for (std::size_t i = 1; i < ranges; ++i) {
        const Candidate* const best =
            best_near(candidates, static_cast<double>(i) * length, kWindow * length);
        if (best != nullptr && (cuts.empty() || cuts.back().stream < best->cut.stream)) {
            cuts.push_back(best->cut);
        }
    }
    return cuts;
}

std::vector<StreamRange> ranges_of(const Uncut& uncut,
                                   const std::vector<Matcher>& matchers,
                                   Timestamp first,
                                   Timestamp last) {
    std::vector<StreamRange> whole(1);
    const auto piece_bytes = static_cast<double>(uncut.piece_bytes);
    if (uncut.largest_bytes == 0 || all_bytes(uncut) < 2 * piece_bytes) {
        return whole;
    }
    const auto selected = uncut.largest->select(matchers, first, last);
    if (!selected.ok() || selected->extents().empty()) {
        return whole;  // who reads it says what is wrong
    }
    const std::vector<CutBlock> blocks = blocks_of(*selected, uncut.largest_bytes);
    // What is selected of the others is taken to be the same share.
    const double share = all_bytes(uncut) / static_cast<double>(uncut.largest_bytes);
    if (selected_bytes(*selected, blocks, {})[0] * share < 2 * piece_bytes) {
        return whole;
    }
    const std::vector<StreamCut> cuts = affordable_cuts(uncut, blocks);
    const auto all = cuts.empty() ? selected : uncut.largest->select_all();
    if (cuts.empty() || !all.ok()) {
        return whole;
    }
    const std::vector<std::uint32_t> seen = seen_cuts(cuts, all->streams());
    const std::vector<double> bytes = selected_bytes(*selected, blocks, seen);
    return ranges_between(*all, worthwhile(seen, bytes, piece_bytes / share / 2));
}

}  // namespace logi::query
