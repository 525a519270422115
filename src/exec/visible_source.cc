#include "exec/visible_source.h"

#include "absl/container/flat_hash_map.h"
#include "exec/pipeline.h"
#include "exec/visible_block.h"

namespace logi::exec {
namespace {

// A source with the extents that may be seen.
class VisibleSource final : public segment::Source {
  public:
    VisibleSource(std::shared_ptr<const segment::Source> source, const Hiding& hiding);

    // What is hidden of a block; null: nothing.
    [[nodiscard]] const std::vector<HiddenOfStream>* hidden_of(std::uint32_t block) const {
        const auto it = hidden_.find(block);
        return it == hidden_.end() ? nullptr : &it->second;
    }

    // Whether it differs from the source.
    [[nodiscard]] bool hides() const { return !hidden_.empty() || !allowed_.empty(); }

    [[nodiscard]] std::uint32_t stream_count() const override { return source_->stream_count(); }
    [[nodiscard]] Labels labels(std::uint32_t stream) const override {
        return source_->labels(stream);
    }
    [[nodiscard]] StreamId stream_id(std::uint32_t stream) const override {
        return source_->stream_id(stream);
    }
    [[nodiscard]] absl::Span<const block::BlockStats> blocks() const override {
        return source_->blocks();
    }
    [[nodiscard]] absl::Span<const segment::StreamExtent> extents() const override {
        return extents_;
    }
    using Source::open_block;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const override {
        LOGI_ASSIGN_OR_RETURN(auto reader, source_->open_block(block, bytes_read));
        const auto* hidden = hidden_of(block);
        return hidden == nullptr ? std::move(reader)
                                 : visible_block(std::move(reader), *source_, *hidden);
    }
    // They count for extents that are exact.
    [[nodiscard]] StatusOr<std::shared_ptr<const segment::BlockStatistics>> statistics(
        std::uint32_t block) const override {
        return source_->statistics(block);
    }
    [[nodiscard]] bool in_memory() const override { return source_->in_memory(); }
    [[nodiscard]] std::string name() const override { return source_->name(); }
    [[nodiscard]] std::vector<std::uint32_t> select(
        const std::vector<Matcher>& matchers) const override {
        std::vector<std::uint32_t> selected = source_->select(matchers);
        std::erase_if(selected, [&](std::uint32_t stream) { return is_secret(stream); });
        return selected;
    }

  private:
    // Whether the stream is none of those that may be seen.
    [[nodiscard]] bool is_secret(std::uint32_t stream) const {
        return !allowed_.empty() && !allowed_[stream];
    }

    std::shared_ptr<const segment::Source> source_;
    std::vector<bool> allowed_;  // by stream; empty: all
    std::vector<std::shared_ptr<const HideRule>> rules_;
    std::vector<segment::StreamExtent> extents_;
    absl::flat_hash_map<std::uint32_t, std::vector<HiddenOfStream>> hidden_;  // by block
};

bool overlaps(const segment::Source& source, Timestamp first, Timestamp last) {
    return std::any_of(source.blocks().begin(), source.blocks().end(), [&](const auto& block) {
        return block.min_time <= last && first <= block.max_time;
    });
}

// By stream.
std::vector<Timestamp> kept_from(const segment::Source& source,
                                 const std::vector<KeepRule>& retention) {
    std::vector<Timestamp> kept(source.stream_count(), Timestamp::min());
    const bool touched = std::any_of(retention.begin(), retention.end(), [&](const auto& rule) {
        return rule.kept_from > Timestamp::min() &&
               overlaps(source, Timestamp::min(), rule.kept_from - Duration{1});
    });
    if (touched) {
        std::vector<bool> decided(kept.size(), false);
        for (const KeepRule& rule : retention) {
            for (const std::uint32_t stream : source.select(rule.matchers)) {
                if (!decided[stream]) {
                    decided[stream] = true;
                    kept[stream] = rule.kept_from;
                }
            }
        }
    }
    return kept;
}

VisibleSource::VisibleSource(std::shared_ptr<const segment::Source> source, const Hiding& hiding)
    : source_(std::move(source)), rules_(hiding.rules) {
    if (!hiding.only.empty()) {
        allowed_.resize(source_->stream_count(), false);
        for (const std::uint32_t stream : source_->select(hiding.only)) {
            allowed_[stream] = true;
        }
    }
    const std::vector<Timestamp> kept = kept_from(*source_, hiding.retention);
    absl::flat_hash_map<std::uint32_t, std::vector<const HideRule*>> rules;  // by stream
    for (const auto& rule : hiding.rules) {
        if (overlaps(*source_, rule->first, rule->last)) {
            for (const std::uint32_t stream : source_->select(rule->matchers)) {
                rules[stream].push_back(rule.get());
            }
        }
    }
    if (rules.empty() && allowed_.empty() &&
        std::all_of(
            kept.begin(), kept.end(), [](Timestamp from) { return from == Timestamp::min(); })) {
        return;
    }
    for (segment::StreamExtent e : source_->extents()) {
        HiddenOfStream hidden{e.stream, kept[e.stream], {}};
        bool all = is_secret(e.stream);
        if (all) {
            hidden.kept_from = Timestamp::max();
        }
        all = all || e.max_time < hidden.kept_from;
        if (const auto it = rules.find(e.stream); it != rules.end()) {
            for (const HideRule* rule : it->second) {
                if (rule->first <= e.max_time && e.min_time <= rule->last) {
                    hidden.rules.push_back(rule);
                    all = all || (rule->pipeline == nullptr && rule->arrived.empty() &&
                                  rule->first <= e.min_time && e.max_time <= rule->last);
                }
            }
        }
        if (all || e.min_time < hidden.kept_from || !hidden.rules.empty()) {
            hidden_[e.block].push_back(std::move(hidden));
            e.exact = false;
        }
        if (!all) {
            extents_.push_back(e);
        }
    }
}

}  // namespace

bool HideRule::covers(const Sequence& sequence) const {
    if (arrived.empty()) {
        return true;
    }
    const auto it = arrived.find(sequence.journal);
    return it == arrived.end() ? sequence.journal < arrived.rbegin()->first
                               : sequence.position <= it->second;
}

std::shared_ptr<const segment::Source> visible(std::shared_ptr<const segment::Source> source,
                                               const Hiding& hiding) {
    if (hiding.empty()) {
        return source;
    }
    auto shown = std::make_shared<VisibleSource>(source, hiding);
    if (!shown->hides()) {
        return source;
    }
    return shown;
}

StatusOr<std::vector<std::vector<bool>>> hidden_rows(
    const std::shared_ptr<const segment::Source>& source, const Hiding& hiding) {
    std::vector<std::vector<bool>> rows(source->blocks().size());
    if (hiding.empty()) {
        return rows;
    }
    const VisibleSource shown(source, hiding);
    for (std::uint32_t block = 0; block < rows.size(); ++block) {
        if (const auto* hidden = shown.hidden_of(block)) {
            LOGI_ASSIGN_OR_RETURN(const auto reader, source->open_block(block));
            LOGI_ASSIGN_OR_RETURN(rows[block], hidden_of_block(*reader, *source, *hidden));
        }
    }
    return rows;
}

}  // namespace logi::exec
