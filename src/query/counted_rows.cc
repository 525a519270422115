#include "query/counted_rows.h"

#include "fields/level.h"

#include <algorithm>

namespace logi::query {

// Whether numbers of a stream's entries are as good as the entries.
bool CountedRows::may_count(const segment::StreamExtent& extent) const {
    return extent.exact &&
           !std::binary_search(item_.overlapping.begin(), item_.overlapping.end(), extent.stream);
}

Status CountedRows::take(exec::OpenBlock& block) {
    const bool by_labels = plan_.pipeline->by_labels_only();
    bool some = false;
    for (const segment::StreamExtent& extent : item_.extents) {
        Done done{{}, 0, false};
        if (by_labels && may_count(extent)) {
            const bool metadata =
                plan_.pipeline->needs_metadata(item_.selection->labels(extent.stream));
            LOGI_ASSIGN_OR_RETURN(const bool whole, take_whole(extent, metadata));
            if (whole) {
                some = true;
                continue;
            }
            LOGI_ASSIGN_OR_RETURN(done, take_counts(extent, metadata));
            if (!statistics_.has_value() && !metadata) {
                LOGI_ASSIGN_OR_RETURN(done, take_minutes(extent, block));
            }
        }
        some = some || done.all || !done.times.empty();
        if (!done.all) {
            leave(extent, std::move(done));
        }
    }
    if (some) {
        item_.whole = false;
        item_.extents = left_;
    }
    return absl::OkStatus();
}

void CountedRows::leave(const segment::StreamExtent& extent, Done done) {
    rows_left_ += extent.rows - std::min<std::uint64_t>(extent.rows, done.rows);
    left_.push_back(extent);
    times_done_.push_back(std::move(done.times));
}

// What the directory can answer.
StatusOr<bool> CountedRows::take_whole(const segment::StreamExtent& extent, bool metadata) {
    if (metadata || (plan_.bytes && !extent.has_bytes)) {
        return false;
    }
    const auto cell = plan_.windows.common_cell(extent.min_time, extent.max_time);
    if (!cell.has_value()) {
        return false;
    }
    LOGI_ASSIGN_OR_RETURN(const auto outcome, samples_.by_labels(extent.stream, {}));
    if (outcome.kind == BlockSamples::ByLabels::kSample) {
        samples_.add_counted(
            outcome.series, *cell, extent.max_time, extent.rows, extent.line_bytes);
    }
    return outcome.kind != BlockSamples::ByLabels::kByRow;
}

bool CountedRows::metadata_matters() const {
    const segment::MetadataNames& names = *statistics_->names;
    return !names.has_value() ||
           std::any_of(names->begin(), names->end(), [this](const std::string& name) {
               return plan_.pipeline->looks_at_metadata(name);
           });
}

StatusOr<CountedRows::Done> CountedRows::take_counts(const segment::StreamExtent& extent,
                                                     bool metadata) {
    if (!has_asked_) {
        has_asked_ = true;
        LOGI_ASSIGN_OR_RETURN(statistics_, exec::told_of(*item_.selection, item_.extents));
    }
    Done done{{}, 0, false};
    if (!statistics_.has_value() || (metadata && metadata_matters())) {
        return done;
    }
    const segment::ExtentCounts* const found = statistics_->find(extent.stream);
    if (found == nullptr) {
        return done;
    }
    of_level_.assign(segment::kFirstLevel + statistics_->levels->size(), std::nullopt);
    done.all = true;
    const auto& counts = found->counts;
    for (std::size_t begin = 0; begin < counts.size();) {
        std::size_t end = begin;
        std::uint64_t rows = 0;
        for (; end < counts.size() && counts[end].bucket == counts[begin].bucket; ++end) {
            rows += counts[end].rows;
        }
        const Times times = segment::times_of(extent, found->width, counts[begin].bucket);
        LOGI_ASSIGN_OR_RETURN(const bool taken,
                              take_bucket(extent.stream,
                                          absl::MakeConstSpan(counts).subspan(begin, end - begin),
                                          times,
                                          metadata));
        if (taken) {
            done.times.push_back(times);
            done.rows += rows;
        }
        done.all = done.all && taken;
        begin = end;
    }
    return done;
}

StatusOr<bool> CountedRows::take_bucket(std::uint32_t stream,
                                        absl::Span<const segment::LevelCount> counts,
                                        const Times& times,
                                        bool metadata) {
    if (times.second < plan_.windows.first_time() || times.first > plan_.windows.last_time()) {
        return true;
    }
    const auto cell = plan_.windows.common_cell(times.first, times.second);
    if (!cell.has_value()) {
        return false;
    }
    const auto level_of = [metadata](const segment::LevelCount& count) {
        return metadata ? count.level : segment::kNoLevel;
    };
    for (const segment::LevelCount& count : counts) {
        LOGI_ASSIGN_OR_RETURN(const auto outcome, by_level(stream, level_of(count)));
        if (outcome.kind == BlockSamples::ByLabels::kByRow) {
            return false;
        }
    }
    for (const segment::LevelCount& count : counts) {
        const BlockSamples::ByLabels& outcome = *of_level_[level_of(count)];
        if (outcome.kind == BlockSamples::ByLabels::kSample) {
            samples_.add_counted(outcome.series, *cell, times.second, count.rows, count.line_bytes);
        }
    }
    return true;
}

StatusOr<BlockSamples::ByLabels> CountedRows::by_level(std::uint32_t stream, std::uint32_t level) {
    if (!of_level_[level].has_value()) {
        BlockSamples::ByLabels outcome;
        if (level == segment::kNoLevel) {
            LOGI_ASSIGN_OR_RETURN(outcome, samples_.by_labels(stream, {}));
        } else if (level != segment::kOtherLevel) {
            const std::string& name = (*statistics_->levels)[level - segment::kFirstLevel];
            const MetadataView pair = {fields::kDetectedLevel, name};
            LOGI_ASSIGN_OR_RETURN(outcome, samples_.by_labels(stream, {&pair, 1}));
        }
        of_level_[level] = outcome;
    }
    return *of_level_[level];
}

// Of blocks of older formats: all of an extent's minutes or none.
StatusOr<CountedRows::Done> CountedRows::take_minutes(const segment::StreamExtent& extent,
                                                      exec::OpenBlock& block) {
    Done done{{}, 0, false};
    LOGI_RETURN_IF_ERROR(block.open(item_));
    LOGI_ASSIGN_OR_RETURN(const auto all, block.reader->minutes());
    auto minute = std::lower_bound(
        all.begin(), all.end(), extent.stream, [](const block::MinuteStats& m, std::uint32_t s) {
            return m.stream < s;
        });
    const auto end =
        std::find_if(minute, all.end(), [&](const auto& m) { return m.stream != extent.stream; });
    if (minute == end) {
        return done;
    }
    LOGI_ASSIGN_OR_RETURN(const auto outcome, samples_.by_labels(extent.stream, {}));
    if (outcome.kind == BlockSamples::ByLabels::kByRow) {
        return done;
    }
    std::vector<std::uint32_t> cells;
    for (auto m = minute; m != end; ++m) {
        const auto cell = plan_.windows.common_cell(m->first(), m->last());
        if (!cell.has_value()) {
            return done;
        }
        cells.push_back(*cell);
    }
    done.all = true;
    for (std::size_t i = 0; i < cells.size(); ++i, ++minute) {
        if (outcome.kind == BlockSamples::ByLabels::kSample) {
            samples_.add_counted(
                outcome.series, cells[i], minute->last(), minute->rows, minute->line_bytes);
        }
    }
    return done;
}

void CountedRows::drop_counted(exec::ScanRows& rows) const {
    if (std::all_of(
            times_done_.begin(), times_done_.end(), [](const auto& t) { return t.empty(); })) {
        return;
    }
    std::size_t at = 0;  // rows are sorted by stream, as extents are
    std::erase_if(rows.rows, [&](std::uint32_t row) {
        while (at < left_.size() && left_[at].stream < rows.streams[row]) {
            ++at;
        }
        if (at == left_.size() || left_[at].stream != rows.streams[row]) {
            return false;
        }
        const Timestamp time = rows.times[row];
        const auto& done = times_done_[at];
        const auto after =
            std::upper_bound(done.begin(), done.end(), time, [](Timestamp t, const Times& times) {
                return t < times.first;
            });
        return after != done.begin() && time <= std::prev(after)->second;
    });
}

}  // namespace logi::query
