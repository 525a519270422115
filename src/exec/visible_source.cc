#include "exec/visible_source.h"

#include "absl/container/flat_hash_map.h"
#include "exec/pipeline.h"
#include "exec/visible_block.h"
#include "logql/parser.h"

namespace logi::exec {
namespace {

using HiddenOfBlock = std::vector<HiddenOfStream>;
using HiddenBlocks = absl::flat_hash_map<std::uint32_t, HiddenOfBlock>;

// The rows of blocks that may be seen.
class VisibleRows final : public segment::RowFilter {
  public:
    VisibleRows(std::vector<std::shared_ptr<const HideRule>> rules, HiddenBlocks hidden)
        : rules_(std::move(rules)), hidden_(std::move(hidden)) {}

    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> visible(
        std::uint32_t block, std::unique_ptr<block::BlockReader> reader) const override {
        const auto it = hidden_.find(block);
        return it == hidden_.end() ? std::move(reader)
                                   : visible_block(std::move(reader), it->second);
    }

  private:
    const std::vector<std::shared_ptr<const HideRule>> rules_;  // that hidden_ points to
    const HiddenBlocks hidden_;
};

bool overlaps(absl::Span<const segment::StreamExtent> extents, Timestamp first, Timestamp last) {
    return std::any_of(extents.begin(), extents.end(), [&](const auto& e) {
        return e.min_time <= last && first <= e.max_time;
    });
}

// Where the streams are kept from; those that are not there are kept whole.
using KeptFrom = absl::flat_hash_map<std::uint32_t, Timestamp>;

KeptFrom kept_from(const segment::Selection& selection, const std::vector<KeepRule>& retention) {
    KeptFrom kept;
    const bool touched = std::any_of(retention.begin(), retention.end(), [&](const auto& rule) {
        return rule.kept_from > Timestamp::min() &&
               overlaps(selection.extents(), Timestamp::min(), rule.kept_from - Duration{1});
    });
    if (touched) {
        for (const KeepRule& rule : retention) {
            for (const std::uint32_t stream : selection.matching(rule.matchers)) {
                kept.try_emplace(stream, rule.kept_from);
            }
        }
    }
    return kept;
}

// What of the selected streams is hidden, and what is left.
class Hider {
  public:
    Hider(const segment::Selection& selection, const Hiding& hiding) : selection_(selection) {
        kept_ = kept_from(selection, hiding.retention);
        for (const auto& rule : hiding.rules) {
            if (overlaps(selection.extents(), rule->first, rule->last)) {
                for (const std::uint32_t stream : selection.matching(rule->matchers)) {
                    rules_[stream].push_back(rule.get());
                }
            }
        }
        if (!kept_.empty() || !rules_.empty()) {
            for (const segment::StreamExtent& e : selection.extents()) {
                look_at(e);
            }
        }
    }

    [[nodiscard]] bool hides() const { return !hidden.empty(); }

    std::vector<segment::StreamExtent> left;
    HiddenBlocks hidden;

  private:
    void look_at(segment::StreamExtent e) {
        HiddenOfStream what{e.stream, Timestamp::min(), {}, {}};
        if (const auto it = kept_.find(e.stream); it != kept_.end()) {
            what.kept_from = it->second;
        }
        bool all = e.max_time < what.kept_from;
        if (const auto it = rules_.find(e.stream); it != rules_.end()) {
            for (const HideRule* rule : it->second) {
                if (rule->first <= e.max_time && e.min_time <= rule->last) {
                    what.rules.push_back(rule);
                    all = all || (rule->pipeline == nullptr && rule->arrived.empty() &&
                                  rule->first <= e.min_time && e.max_time <= rule->last);
                }
            }
        }
        if (e.min_time < what.kept_from || !what.rules.empty()) {
            if (!what.rules.empty()) {
                what.labels = selection_.labels(e.stream);
            }
            hidden[e.block].push_back(std::move(what));
            e.exact = false;
        }
        if (!all) {
            left.push_back(e);
        }
    }

    const segment::Selection& selection_;
    KeptFrom kept_;
    absl::flat_hash_map<std::uint32_t, std::vector<const HideRule*>> rules_;  // by stream
};

class VisibleSource final : public segment::Source {
  public:
    VisibleSource(std::shared_ptr<const segment::Source> source, const Hiding& hiding)
        : source_(std::move(source)), hiding_(hiding) {}

    [[nodiscard]] StatusOr<segment::Selection> select(const std::vector<Matcher>& matchers,
                                                      Timestamp first,
                                                      Timestamp last) const override {
        std::vector<Matcher> all = matchers;
        all.insert(all.end(), hiding_.only.begin(), hiding_.only.end());
        LOGI_ASSIGN_OR_RETURN(segment::Selection selection, source_->select(all, first, last));
        hide(selection, hiding_);
        return selection;
    }

  private:
    const std::shared_ptr<const segment::Source> source_;
    const Hiding hiding_;
};

}  // namespace

StatusOr<std::shared_ptr<const HideRule>> HideRule::make(
    const std::string& query,
    Timestamp now,
    Timestamp first,
    Timestamp last,
    std::map<std::uint64_t, std::uint64_t> arrived) {
    LOGI_ASSIGN_OR_RETURN(const logql::LogExpr log,
                          logql::parse_log_query(query, logql::Selective::kAny));
    auto rule = std::make_shared<HideRule>();
    rule->matchers = log.matchers;
    rule->first = first;
    rule->last = last;
    rule->arrived = std::move(arrived);
    rule->query = query;
    rule->now = now;
    if (!log.stages.empty()) {
        Pipeline::Options options;
        options.now = now;
        LOGI_ASSIGN_OR_RETURN(rule->pipeline, Pipeline::compile(log, std::move(options)));
    }
    return std::shared_ptr<const HideRule>(std::move(rule));
}

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
    return std::make_shared<const VisibleSource>(std::move(source), hiding);
}

bool hide(segment::Selection& selection, const Hiding& hiding) {
    Hider hider(selection, hiding);
    if (!hider.hides()) {
        return false;
    }
    selection.leave(std::move(hider.left));
    selection.filter(std::make_shared<const VisibleRows>(hiding.rules, std::move(hider.hidden)));
    return true;
}

StatusOr<std::vector<std::vector<bool>>> hidden_rows(const segment::BlockHolder& source,
                                                     const Hiding& hiding) {
    std::vector<std::vector<bool>> rows(source.blocks().size());
    if (hiding.empty()) {
        return rows;
    }
    LOGI_ASSIGN_OR_RETURN(const segment::Selection all, source.select_all());
    const Hider hider(all, hiding);
    for (const auto& [block, hidden] : hider.hidden) {
        LOGI_ASSIGN_OR_RETURN(const auto reader, source.open_block(block));
        LOGI_ASSIGN_OR_RETURN(rows[block], hidden_of_block(*reader, hidden));
    }
    return rows;
}

}  // namespace logi::exec
