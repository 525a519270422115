// Decides which blocks of a merge are copied.
#include "compact/merge.h"

#include <set>
#include <tuple>

namespace logi::compact {
namespace {

// An extent of the merged segment's streams.
struct Placed {
    std::uint32_t stream = 0;
    Timestamp min_time;
    Timestamp max_time;
    std::size_t input = 0;
    std::uint32_t block = 0;
};

bool half_full(const block::BlockStats& stats) {
    return stats.line_bytes >= block::kBlockLineBytes / 2 || stats.rows >= block::kBlockRowsMax / 2;
}

}  // namespace

StatusOr<std::unique_ptr<Merge>> Merge::make(const Inputs& inputs,
                                             const exec::Hiding& hiding,
                                             Rules pending) {
    std::unique_ptr<Merge> merge(new Merge);
    merge->pending_ = std::move(pending);
    std::uint64_t line_bytes = 0;
    for (const Source& input : inputs) {
        merge->add_input(input, hiding);
        for (const auto& block : input.segment->blocks()) {
            line_bytes += block.line_bytes;
        }
    }
    std::vector<StreamsOf> visible;
    for (const Input& input : merge->inputs_) {
        visible.push_back({&input.visible, input.segment->stream_count()});
    }
    LOGI_ASSIGN_OR_RETURN(merge->union_, union_of(visible));
    merge->find_overlaps();
    Item merged;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        for (std::uint32_t block = 0; block < merge->inputs_[i].extents.size(); ++block) {
            merge->add_block(i, block, merged);
        }
    }
    merge->add_runs(std::move(merged.runs));
    merge->with_rows_.resize(merge->union_.streams.size(), false);
    merge->merged_.info.min_time = Timestamp::max();
    merge->merged_.info.max_time = Timestamp::min();
    merge->writer_ =
        std::make_unique<segment::SegmentWriter>(std::move(merge->union_.streams), line_bytes);
    return merge;
}

StatusOr<Merge::Source> Merge::read(std::shared_ptr<const segment::SegmentReader> segment,
                                    std::shared_ptr<segment::SweptFile> file) {
    LOGI_ASSIGN_OR_RETURN(segment::Selection all, segment->select_all());
    return Source{std::move(segment), std::move(all), std::move(file)};
}

void Merge::Input::done(std::uint32_t block) const {
    if (file != nullptr) {
        file->done(block);
    }
}

void Merge::add_input(const Source& source, const exec::Hiding& hiding) {
    Input added{source.segment, source.file, source.all, {}, {}, {}};
    exec::hide(added.visible, hiding);
    const auto blocks = source.segment->blocks();
    added.extents = added.visible.extents_by_block();
    added.touched.resize(blocks.size(), false);
    added.overlaps.resize(blocks.size(), false);
    std::vector<std::size_t> hidden(blocks.size(), 0);
    for (const auto& extent : source.all.extents()) {
        ++hidden[extent.block];
    }
    for (const auto& extent : added.visible.extents()) {
        --hidden[extent.block];
        added.touched[extent.block] = added.touched[extent.block] || !extent.exact;
    }
    for (std::size_t block = 0; block < blocks.size(); ++block) {
        added.touched[block] = added.touched[block] || hidden[block] > 0;
        merged_.counts.rows += blocks[block].rows;
    }
    if (source.file != nullptr) {
        std::vector<segment::FileRange> ranges(blocks.size());
        for (std::uint32_t block = 0; block < blocks.size(); ++block) {
            if (!added.extents[block].empty()) {
                ranges[block] = source.segment->block_range(block);
            }
        }
        source.file->plan(std::move(ranges));
    }
    inputs_.push_back(std::move(added));
}

// Goes through the extents of a stream by their begin: one overlaps those of other inputs that have
// not ended by then. Of those that are known to overlap the one that ends last is enough.
void Merge::find_overlaps() {
    struct Open {
        const Placed* latest = nullptr;
        std::vector<const Placed*> others;  // not known to overlap
    };
    std::vector<Placed> extents;
    for (std::size_t i = 0; i < inputs_.size() && inputs_.size() > 1; ++i) {
        for (const auto& e : inputs_[i].visible.extents()) {
            extents.push_back({union_.ordinals[i][e.stream], e.min_time, e.max_time, i, e.block});
        }
    }
    std::sort(extents.begin(), extents.end(), [](const Placed& a, const Placed& b) {
        return std::tie(a.stream, a.min_time, a.input, a.block) <
               std::tie(b.stream, b.min_time, b.input, b.block);
    });
    std::vector<Open> open(inputs_.size());
    for (const Placed& e : extents) {
        for (std::size_t i = 0; i < open.size(); ++i) {
            auto& [latest, others] = open[i];
            if (latest != nullptr && latest->stream != e.stream) {
                open[i] = {};
            }
            if (i == e.input || latest == nullptr || latest->max_time < e.min_time) {
                continue;
            }
            inputs_[e.input].overlaps[e.block] = true;
            for (const Placed* other : others) {
                if (other->max_time >= e.min_time) {
                    inputs_[i].overlaps[other->block] = true;
                }
            }
            others.clear();  // the rest has ended
        }
        auto& [latest, others] = open[e.input];
        others.push_back(&e);
        if (latest == nullptr || latest->max_time < e.max_time) {
            latest = &e;
        }
    }
}

bool Merge::copies(const Input& input, std::uint32_t block) const {
    if (input.touched[block] || input.segment->version() < segment::kBlockVersionMin) {
        return false;
    }
    return inputs_.size() == 1 ||
           (!input.overlaps[block] && half_full(input.segment->blocks()[block]));
}

Merge::Run Merge::run_of(std::size_t input, std::uint32_t block) const {
    Run run;
    run.input = input;
    run.block = block;
    const auto& first = inputs_[input].extents[block].front();
    run.key = {union_.ordinals[input][first.stream], first.min_time, {}};
    return run;
}

// Blocks of a single segment stay apart, so that one at a time is open.
void Merge::add_block(std::size_t input, std::uint32_t block, Item& merged) {
    if (inputs_[input].extents[block].empty()) {
        merged_.counts.hidden += inputs_[input].segment->blocks()[block].rows;
        return;
    }
    Item item;
    item.copy = copies(inputs_[input], block);
    item.input = input;
    item.block = block;
    if (!item.copy) {
        if (inputs_.size() > 1) {
            merged.runs.push_back(run_of(input, block));
            return;
        }
        item.runs.push_back(run_of(input, block));
    }
    items_.push_back(std::move(item));
}

// More blocks than may be open at once are not merged: those that end last are rewritten by
// themselves, which frees most.
void Merge::add_runs(std::vector<Run> runs) {
    using End = std::tuple<std::uint32_t, Timestamp, std::size_t>;  // stream, time, number of run
    std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return later(b, a); });
    std::set<End> open;
    std::vector<bool> alone(runs.size(), false);
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const Run& run = runs[i];
        open.erase(open.begin(), open.lower_bound({run.key.stream, run.key.time, 0}));
        const auto& last = inputs_[run.input].extents[run.block].back();
        open.emplace(union_.ordinals[run.input][last.stream], last.max_time, i);
        if (open.size() > kOpenBlocksMax) {
            const auto latest = std::prev(open.end());
            alone[std::get<2>(*latest)] = true;
            open.erase(latest);
        }
    }
    Item merged;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (alone[i]) {
            Item item;
            item.runs.push_back(std::move(runs[i]));
            items_.push_back(std::move(item));
        } else {
            merged.runs.push_back(std::move(runs[i]));
        }
    }
    if (!merged.runs.empty()) {
        std::make_heap(merged.runs.begin(), merged.runs.end(), later);
        items_.push_back(std::move(merged));
    }
}

}  // namespace logi::compact
