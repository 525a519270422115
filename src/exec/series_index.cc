#include "exec/series_index.h"

#include <algorithm>

namespace logi::exec {

SeriesIndex::SeriesIndex(const std::optional<logql::Grouping>& grouping,
                         std::string_view unwrapped,
                         MemoryBudget& budget)
    : budget_(budget), by_(grouping.has_value() && !grouping->without) {
    if (grouping.has_value()) {
        names_ = grouping->labels;
    }
    if (!by_ && !unwrapped.empty()) {
        names_.emplace_back(unwrapped);
    }
    std::sort(names_.begin(), names_.end());
    names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
}

std::int64_t PartialSeries::memory_bytes() const {
    constexpr std::size_t kOverheadBytes = 256;  // map nodes, the state of its cells
    std::size_t bytes = kOverheadBytes;
    for (const LabelPair& pair : labels.pairs()) {
        bytes += sizeof(LabelPair) + pair.name.size() + pair.value.size();
    }
    return static_cast<std::int64_t>(bytes);
}

bool SeriesIndex::decided_by(const Labels& stream) const {
    return by_ && std::all_of(names_.begin(), names_.end(), [&](const std::string& name) {
               return stream.find(name) != nullptr;
           });
}

void SeriesIndex::select(std::vector<MetadataView>& labels) const {
    std::erase_if(labels, [this](const MetadataView& label) {
        const bool named = std::find(names_.begin(), names_.end(), label.name) != names_.end();
        return named != by_;
    });
}

StatusOr<std::uint32_t> SeriesIndex::find(const EntryLabels& labels) {
    if (by_ && !labels.has_error()) {
        labels_.clear();
        for (const std::string& name : names_) {
            if (const auto value = labels.get(name); value.has_value()) {
                labels_.push_back({name, *value});
            }
        }
        return number(labels_);
    }
    labels.sorted(labels_);
    if (!labels.has_error()) {
        // Details of an error that was dropped are no label of a series.
        std::erase_if(labels_, [](const auto& l) { return l.name == kErrorDetailsLabel; });
        select(labels_);
    }
    return number(labels_);
}

StatusOr<std::uint32_t> SeriesIndex::find(const Labels& stream) {
    labels_.clear();
    for (const auto& pair : stream.pairs()) {
        labels_.push_back({pair.name, pair.value});
    }
    select(labels_);
    return number(labels_);
}

StatusOr<std::uint32_t> SeriesIndex::number(const std::vector<MetadataView>& labels) {
    key_.clear();
    for (const auto& label : labels) {
        for (const std::string_view text : {label.name, label.value}) {
            const std::size_t size = text.size();
            key_.append(reinterpret_cast<const char*>(&size), sizeof(size));
            key_.append(text);
        }
    }
    const base::Hash128 key = base::hash128(key_);
    const auto [it, is_new] = index_.try_emplace(key, series_.size());
    if (is_new) {
        std::vector<LabelPair> pairs;
        for (const auto& label : labels) {
            pairs.push_back({std::string(label.name), std::string(label.value)});
        }
        series_.push_back({key, Labels::of_result(std::move(pairs))});
        LOGI_RETURN_IF_ERROR(budget_.charge(series_.back().memory_bytes()));
    }
    return it->second;
}

}  // namespace logi::exec
