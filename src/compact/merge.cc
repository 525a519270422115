#include "compact/merge.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/check.h"

#include <tuple>

namespace logi::compact {

bool Merge::later(const Run& a, const Run& b) {
    return std::tie(a.key, a.input, a.block) > std::tie(b.key, b.input, b.block);
}

StatusOr<bool> Merge::step() {
    if (items_.empty()) {
        return false;
    }
    Item& item = items_.front();
    bool more = false;
    if (item.copy) {
        LOGI_RETURN_IF_ERROR(copy_block(item));
    } else {
        LOGI_ASSIGN_OR_RETURN(more, merge_some(item.runs));
    }
    if (!more) {
        items_.pop_front();
    }
    return !items_.empty();
}

Status Merge::copy_block(const Item& item) {
    const Input& input = inputs_[item.input];
    const auto& extents = input.extents[item.block];
    const auto& ordinals = union_.ordinals[item.input];
    failed_input_ = item.input;
    LOGI_RETURN_IF_ERROR(writer_->add_block(*input.segment, input.visible, extents, ordinals));
    failed_input_.reset();
    input.done(item.block);
    has_last_ = false;
    ++merged_.counts.blocks_copied;
    merged_.info.rows += input.segment->blocks()[item.block].rows;
    merged_.info.line_bytes += input.segment->blocks()[item.block].line_bytes;
    for (const auto& extent : extents) {
        note(ordinals[extent.stream], extent.min_time, extent.max_time);
    }
    return absl::OkStatus();
}

void Merge::set_key(Run& run) const {
    run.key = {union_.ordinals[run.input][run.streams[run.row]],
               run.times[run.row],
               run.sequences[run.row]};
}

Status Merge::open(Run& run) {
    const Input& input = inputs_[run.input];
    failed_input_ = run.input;
    LOGI_ASSIGN_OR_RETURN(run.reader, input.visible.open_block(run.block));
    LOGI_ASSIGN_OR_RETURN(run.streams, run.reader->streams());
    LOGI_ASSIGN_OR_RETURN(run.times, run.reader->times());
    LOGI_ASSIGN_OR_RETURN(run.sequences, run.reader->sequences());
    failed_input_.reset();
    merged_.counts.hidden += input.segment->blocks()[run.block].rows - run.times.size();
    return absl::OkStatus();
}

StatusOr<bool> Merge::merge_some(std::vector<Run>& runs) {
    const std::uint64_t encoded = merged_.counts.blocks_encoded;
    while (!runs.empty() && merged_.counts.blocks_encoded == encoded) {
        std::pop_heap(runs.begin(), runs.end(), later);
        Run run = std::move(runs.back());
        runs.pop_back();
        if (run.reader == nullptr) {
            LOGI_RETURN_IF_ERROR(open(run));
        } else {
            // Until it is another's turn.
            do {
                LOGI_RETURN_IF_ERROR(emit(run));
                if (++run.row == run.times.size()) {
                    break;
                }
                set_key(run);
            } while (runs.empty() || !later(run, runs.front()));
        }
        if (run.row < run.times.size()) {
            set_key(run);
            runs.push_back(std::move(run));
            std::push_heap(runs.begin(), runs.end(), later);
        } else {
            inputs_[run.input].done(run.block);
        }
    }
    return !runs.empty();
}

Status Merge::emit(Run& run) {
    failed_input_ = run.input;
    LOGI_ASSIGN_OR_RETURN(const std::string_view line, run.reader->line(run.row));
    LOGI_RETURN_IF_ERROR(run.reader->metadata(run.row, metadata_));
    failed_input_.reset();
    if (is_duplicate(run.key, line)) {
        ++merged_.counts.duplicates;
        return absl::OkStatus();
    }
    const bool in_order = has_last_ && last_ <= run.key;
    if (!in_order || writer_->starts_block(line, metadata_)) {
        writer_->close_block();
        arena_ = std::make_unique<head::Arena>();
        ++merged_.counts.blocks_encoded;
    }
    block::Row row;
    row.stream = run.key.stream;
    row.time = run.key.time;
    row.sequence = run.key.sequence;
    row.line = arena_->copy(line);
    row.metadata_count = static_cast<std::uint32_t>(metadata_.size());
    if (!metadata_.empty()) {
        auto* const pairs = arena_->allocate_array<MetadataView>(metadata_.size());
        for (std::size_t i = 0; i < metadata_.size(); ++i) {
            new (pairs + i)
                MetadataView{arena_->copy(metadata_[i].name), arena_->copy(metadata_[i].value)};
        }
        row.metadata = pairs;
    }
    writer_->add(row);
    last_ = run.key;
    has_last_ = true;
    ++merged_.info.rows;
    merged_.info.line_bytes += line.size();
    note(row.stream, row.time, row.time);
    return absl::OkStatus();
}

bool Merge::apart(const Sequence& a, const Sequence& b) const {
    return std::any_of(pending_.begin(), pending_.end(), [&](const auto& rule) {
        return rule->covers(a) != rule->covers(b);
    });
}

// Of equal entries the first to arrive stays. Entries are told apart by a hash of line and
// metadata, as queries do.
bool Merge::is_duplicate(const Key& key, std::string_view line) {
    constexpr std::size_t kCrowd = 16;
    base::Hash128 hash = base::hash128(line);
    if (!metadata_.empty()) {
        hashed_.clear();
        base::ByteWriter w(hashed_);
        w.u64(hash.high);
        w.u64(hash.low);
        for (const auto& pair : metadata_) {
            w.string(pair.name);
            w.string(pair.value);
        }
        hash = base::hash128(hashed_);
    }
    if (!has_last_ || last_.stream != key.stream || last_.time != key.time) {
        place_.clear();
        crowded_place_.clear();
    }
    Sequence* latest = nullptr;
    const auto it = std::find_if(
        place_.begin(), place_.end(), [&](const auto& entry) { return entry.first == hash; });
    if (it != place_.end()) {
        latest = &it->second;
    } else if (place_.size() < kCrowd) {
        place_.emplace_back(hash, key.sequence);
        return false;
    } else {
        // Somebody may log without times: then a place is looked up, not searched.
        const auto [entry, is_new] = crowded_place_.try_emplace(hash, key.sequence);
        if (is_new) {
            return false;
        }
        latest = &entry->second;
    }
    const bool duplicate = !apart(*latest, key.sequence);
    *latest = key.sequence;
    return duplicate;
}

void Merge::note(std::uint32_t stream, Timestamp min, Timestamp max) {
    with_rows_[stream] = true;
    merged_.info.min_time = std::min(merged_.info.min_time, min);
    merged_.info.max_time = std::max(merged_.info.max_time, max);
}

StatusOr<Merged> Merge::finish() {
    LOGI_CHECK(items_.empty());
    const MergeCounts& counts = merged_.counts;
    if (merged_.info.rows + counts.duplicates + counts.hidden != counts.rows) {
        return absl::InternalError(absl::StrCat("of ",
                                                counts.rows,
                                                " rows ",
                                                merged_.info.rows,
                                                " were merged, ",
                                                counts.duplicates,
                                                " are duplicates and ",
                                                counts.hidden,
                                                " hidden"));
    }
    if (!writer_->empty()) {
        merged_.bytes = writer_->finish();
    }
    merged_.info.size_bytes = merged_.bytes.size();
    merged_.info.streams =
        static_cast<std::uint32_t>(std::count(with_rows_.begin(), with_rows_.end(), true));
    merged_.info.level = 1;
    return std::move(merged_);
}

}  // namespace logi::compact
