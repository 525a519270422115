// The stages of a log query, compiled: line filters that blocks answer themselves, and the rest,
// which is applied entry by entry.
#pragma once

#include "exec/column_rows.h"
#include "exec/stage.h"
#include "regex/line_filter.h"

#include <memory>
#include <optional>
#include <vector>

namespace logi::exec {

class LineFilterPlace;

// Immutable, safe from any thread.
class Pipeline {
  public:
    struct Options {
        std::optional<logql::Unwrap> unwrap;
        // Of the series that the samples go to; nothing for all labels. Log queries have none.
        std::optional<logql::Grouping> grouping;
        bool metric = false;
        bool line = false;     // samples depend on the line as the pipeline leaves it
        bool columns = false;  // whether columns() and prefilter() are wanted
        Timestamp now;
    };
    // kInvalidArgument with Loki's text.
    static StatusOr<std::shared_ptr<const Pipeline>> compile(const logql::LogExpr& log,
                                                             Options options);

    // Filters on the line as it is stored, to be applied to blocks before anything else. Loki moves
    // line filters ahead of stages that do not change the line or drop entries, and so do we.
    [[nodiscard]] const std::vector<regex::LineFilter>& block_filters() const {
        return block_filters_;
    }
    // Whether the log expression's stage `i` is one of these.
    [[nodiscard]] bool pushed(std::size_t i) const { return pushed_[i]; }
    // Whether entries need no processing.
    [[nodiscard]] bool empty() const { return stages_.empty() && !unwrap_.has_value(); }
    [[nodiscard]] bool reads_line() const { return reads_line_; }
    // Whether the result depends on an entry's structured metadata, for a stream of these labels.
    [[nodiscard]] bool needs_metadata(const Labels& stream) const;
    [[nodiscard]] const NeededLabels& needed() const { return needed_; }
    // Whether nothing but labels decides what becomes of an entry, and its line stays as it is.
    [[nodiscard]] bool by_labels_only() const;
    // Whether, of entries of which that is so, metadata of this name matters.
    [[nodiscard]] bool looks_at_metadata(std::string_view name) const;

    // Of a metric query: what process() needs of an entry whose line is outlined. Null: the line.
    [[nodiscard]] const ColumnPlan* columns() const { return columns_.get(); }
    // The same for passes_first(), which is false only if process() is. Null: there is no such.
    [[nodiscard]] const ColumnPlan* prefilter() const { return prefilter_.get(); }
    // The first stages: parsers and label filters.
    bool passes_first(Entry& entry) const;
    // Whether columns answer the log expression's stage `i` where a block's lines allow it.
    [[nodiscard]] bool by_columns(std::size_t i) const;

    // False if the entry is dropped. labels.begin() has been called, line and time are set.
    bool process(Entry& entry) const;
    // After process(): the value of the unwrapped label. Nothing: there is no sample.
    [[nodiscard]] std::optional<double> unwrap(Entry& entry) const;
    [[nodiscard]] bool unwraps() const { return unwrap_.has_value(); }

  private:
    Pipeline() = default;
    Status add_stages(const logql::LogExpr& log, Timestamp now);
    Status add_stage(const logql::Stage& stage, LineFilterPlace& filters, Timestamp now);
    void plan_columns(bool needs_line);
    void plan_prefilter();

    std::vector<regex::LineFilter> block_filters_;
    std::vector<bool> pushed_;  // per stage of the expression
    std::vector<StagePtr> stages_;
    std::vector<const Stage*> made_of_;  // per stage of the expression; null: none
    std::optional<logql::Unwrap> unwrap_;
    std::vector<StagePtr> after_unwrap_;
    NeededLabels needed_;
    std::unique_ptr<const ColumnPlan> columns_;
    std::unique_ptr<const ColumnPlan> prefilter_;
    std::size_t first_stages_ = 0;  // of passes_first()
    std::size_t new_line_at_ = 0;   // the first stage that makes a line
    bool metric_ = false;
    bool reads_line_ = false;
};

}  // namespace logi::exec
