#include "exec/pipeline.h"

#include "absl/strings/str_cat.h"
#include "fields/conversions.h"
#include "logql/errors.h"

namespace logi::exec {

// Where line filters go. Loki moves a line filter ahead of the stages before it, back to the last
// one that is a label filter or makes a new line; so with `| decolorize |= "x"` the filter sees the
// colours. Label filters do not change the line: we move filters ahead of those as well.
class LineFilterPlace {
  public:
    void after(const logql::Stage& stage, std::size_t stages) {
        const bool makes_line = std::holds_alternative<logql::LineFormatStage>(stage) ||
                                std::holds_alternative<logql::UnpackStage>(stage);
        const bool label_filter = std::holds_alternative<logql::LabelFilterStage>(stage);
        decolorized_ = decolorized_ || std::holds_alternative<logql::DecolorizeStage>(stage);
        if (makes_line || label_filter) {
            stored_line_ = stored_line_ && !makes_line && !decolorized_;
            decolorized_ = false;
            place_ = stages;
        }
    }
    // Whether a filter here sees the line as it is stored.
    [[nodiscard]] bool stored_line() const { return stored_line_; }
    // How many stages come before a filter here.
    [[nodiscard]] std::size_t place() const { return stored_line_ ? 0 : place_; }

  private:
    bool stored_line_ = true;
    bool decolorized_ = false;  // since the last stage that holds filters back
    std::size_t place_ = 0;
};

namespace {

StatusOr<StagePtr> make_stage(const logql::Stage& stage,
                              const NeededLabels& needed,
                              Timestamp now) {
    struct Maker {
        const NeededLabels& needed;
        Timestamp now;
        StatusOr<StagePtr> operator()(const logql::LineFilterStage& s) const {
            LOGI_ASSIGN_OR_RETURN(auto filter, compile_line_filter(s));
            return make_line_filter(std::move(filter));
        }
        StatusOr<StagePtr> operator()(const logql::JsonStage& s) const {
            return make_json(s, needed);
        }
        StatusOr<StagePtr> operator()(const logql::LogfmtStage& s) const {
            return make_logfmt(s, needed);
        }
        StatusOr<StagePtr> operator()(const logql::PatternStage& s) const {
            return make_pattern(s, needed);
        }
        StatusOr<StagePtr> operator()(const logql::RegexpStage& s) const {
            return make_regexp(s, needed);
        }
        StatusOr<StagePtr> operator()(const logql::UnpackStage&) const {
            return make_unpack(needed);
        }
        StatusOr<StagePtr> operator()(const logql::LineFormatStage& s) const {
            return make_line_format(s, now);
        }
        StatusOr<StagePtr> operator()(const logql::LabelFormatStage& s) const {
            return make_label_format(s, now);
        }
        StatusOr<StagePtr> operator()(const logql::DecolorizeStage&) const {
            return make_decolorize();
        }
        StatusOr<StagePtr> operator()(const logql::DropStage& s) const { return make_drop(s); }
        StatusOr<StagePtr> operator()(const logql::KeepStage& s) const { return make_keep(s); }
        StatusOr<StagePtr> operator()(const logql::LabelFilterStage& s) const {
            return make_label_filter(*s.filter);
        }
    };
    return std::visit(Maker{needed, now}, stage);
}

bool convert(logql::Unwrap::Conversion conversion,
             std::string_view text,
             double& value,
             std::string& error) {
    using Conversion = logql::Unwrap::Conversion;
    if (conversion == Conversion::kNumber) {
        return fields::parse_go_float(text, value, &error);
    }
    if (conversion == Conversion::kBytes) {
        std::uint64_t bytes = 0;
        const bool ok = fields::parse_humanize_bytes(text, bytes, &error);
        value = static_cast<double>(bytes);
        return ok;
    }
    Duration duration;
    const bool ok = fields::parse_go_duration(text, duration, &error);
    value = fields::seconds_of(duration);
    return ok;
}

// As Loki says it when it builds a pipeline.
Status failure(const logql::LogExpr& log, std::size_t stage, const Status& status) {
    if (std::holds_alternative<logql::PatternStage>(log.stages[stage])) {
        return logql::parse_failure(absl::StrCat("invalid pattern parser: ", status.message()));
    }
    return logql::stage_failure(log, stage, message_of(status));
}

}  // namespace

StatusOr<std::shared_ptr<const Pipeline>> Pipeline::compile(const logql::LogExpr& log,
                                                            Options options) {
    const std::shared_ptr<Pipeline> pipeline(new Pipeline);
    pipeline->metric_ = options.metric;
    if (options.metric) {
        LOGI_ASSIGN_OR_RETURN(auto read, labels_read(log, options.unwrap));
        pipeline->needed_ = NeededLabels(options.grouping, std::move(read));
    }
    LOGI_RETURN_IF_ERROR(pipeline->add_stages(log, options.now));
    if (options.unwrap.has_value()) {
        for (const auto& filter : options.unwrap->filters) {
            auto stage = make_label_filter(*filter);
            if (!stage.ok()) {
                return logql::stage_failure(*filter, message_of(stage.status()));
            }
            pipeline->after_unwrap_.push_back(*std::move(stage));
        }
        pipeline->unwrap_ = std::move(options.unwrap);
    }
    if (options.columns) {
        pipeline->plan_columns(options.line);
        pipeline->plan_prefilter();
    }
    return std::shared_ptr<const Pipeline>(pipeline);
}

Status Pipeline::add_stage(const logql::Stage& stage, LineFilterPlace& filters, Timestamp now) {
    if (const auto* filter = std::get_if<logql::LineFilterStage>(&stage)) {
        LOGI_ASSIGN_OR_RETURN(auto compiled, compile_line_filter(*filter));
        if (filters.stored_line()) {
            block_filters_.push_back(std::move(compiled));
            return absl::OkStatus();
        }
        StagePtr made = make_line_filter(std::move(compiled));
        made_of_.back() = made.get();
        stages_.insert(stages_.begin() + static_cast<std::ptrdiff_t>(filters.place()),
                       std::move(made));
        reads_line_ = true;
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(StagePtr made, make_stage(stage, needed_, now));
    if (made != nullptr) {
        reads_line_ = reads_line_ || made->reads_line();
        made_of_.back() = made.get();
        stages_.push_back(std::move(made));
    }
    filters.after(stage, stages_.size());
    return absl::OkStatus();
}

Status Pipeline::add_stages(const logql::LogExpr& log, Timestamp now) {
    LineFilterPlace filters;
    for (std::size_t i = 0; i < log.stages.size(); ++i) {
        const std::size_t before = block_filters_.size();
        made_of_.push_back(nullptr);
        if (const Status status = add_stage(log.stages[i], filters, now); !status.ok()) {
            return failure(log, i, status);
        }
        pushed_.push_back(block_filters_.size() > before);
    }
    return absl::OkStatus();
}

StatusOr<std::vector<std::string>> labels_read(const logql::LogExpr& log,
                                               const std::optional<logql::Unwrap>& unwrap) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < log.stages.size(); ++i) {
        const logql::Stage& stage = log.stages[i];
        Status status;
        if (const auto* filter = std::get_if<logql::LabelFilterStage>(&stage)) {
            add_labels_read(*filter->filter, names);
        } else if (const auto* line = std::get_if<logql::LineFormatStage>(&stage)) {
            status = add_labels_read(*line, names);
        } else if (const auto* label = std::get_if<logql::LabelFormatStage>(&stage)) {
            status = add_labels_read(*label, names);
        }
        if (!status.ok()) {
            return failure(log, i, status);
        }
    }
    if (unwrap.has_value()) {
        names.push_back(unwrap->label);
        for (const auto& filter : unwrap->filters) {
            add_labels_read(*filter, names);
        }
    }
    return names;
}

bool Pipeline::needs_metadata(const Labels& stream) const {
    if (!metric_ || needed_.all()) {
        return true;
    }
    return std::any_of(needed_.names().begin(), needed_.names().end(), [&](const auto& name) {
        return stream.find(name) == nullptr;
    });
}

bool Pipeline::by_labels_only() const {
    return block_filters_.empty() && !unwrap_.has_value() &&
           std::all_of(stages_.begin(), stages_.end(), [](const StagePtr& stage) {
               return !stage->reads_line() && !stage->makes_line() &&
                      stage->reads_named_labels_only();
           });
}

// A name that the stream has gets "_extracted".
bool Pipeline::looks_at_metadata(std::string_view name) const {
    return !metric_ || needed_.wants(name) || needed_.wants(std::string(name).append(kExtracted)) ||
           name == kErrorLabel || name == kErrorDetailsLabel || name == kPreserveErrorLabel;
}

// Parsers, and stages that do not look at the line, up to one that makes a new line.
void Pipeline::plan_columns(bool needs_line) {
    // An outlined entry that is unpacked has neither line.
    enum class Line { kStored, kUnpacked, kNew };
    Line line = Line::kStored;
    std::vector<const Stage*> parsers;
    new_line_at_ = stages_.size();
    for (std::size_t i = 0; i < stages_.size() && line != Line::kNew; ++i) {
        const Stage& stage = *stages_[i];
        const bool parses = line == Line::kStored && stage.outlines();
        if (parses) {
            parsers.push_back(&stage);
        } else if (stage.reads_line()) {
            return;
        }
        if (stage.makes_line()) {
            new_line_at_ = std::min(new_line_at_, i);
            line = parses ? Line::kUnpacked : Line::kNew;
        }
    }
    const bool named = std::all_of(stages_.begin(), stages_.end(), [](const StagePtr& stage) {
        return stage->reads_named_labels_only();
    });
    if (!metric_ || !named || parsers.empty() || (needs_line && line != Line::kNew)) {
        return;
    }
    columns_ =
        std::make_unique<ColumnPlan>(std::move(parsers), needed_, needed_.names(), needed_.all());
}

void Pipeline::plan_prefilter() {
    std::vector<const Stage*> parsers;
    std::vector<std::string> labels;
    std::size_t parsers_used = 0;
    bool unpacked = false;
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        const Stage& stage = *stages_[i];
        if (const auto* read = stage.filters_on(); read != nullptr) {
            labels.insert(labels.end(), read->begin(), read->end());
            first_stages_ = i + 1;
            parsers_used = parsers.size();
        } else if (stage.outlines() && !unpacked) {
            parsers.push_back(&stage);
            unpacked = stage.makes_line();
        } else {
            break;
        }
    }
    parsers.resize(parsers_used);
    if (parsers.empty()) {
        return;
    }
    // What such parsers find counts up to where the line has given all that is needed.
    const bool replaces = std::any_of(parsers.begin(), parsers.end(), [](const Stage* parser) {
        return parser->replaces_fields();
    });
    if (replaces && parsers.size() > 1) {
        labels.insert(labels.end(), needed_.names().begin(), needed_.names().end());
    }
    prefilter_ =
        std::make_unique<ColumnPlan>(std::move(parsers), needed_, std::move(labels), false);
}

bool Pipeline::by_columns(std::size_t i) const {
    if (made_of_[i] == nullptr) {
        return false;
    }
    // What comes behind a new line works on that.
    const std::size_t all = std::min(new_line_at_ + 1, stages_.size());
    const std::size_t count = columns_ != nullptr ? all : prefilter_ != nullptr ? first_stages_ : 0;
    const auto end = stages_.begin() + static_cast<std::ptrdiff_t>(count);
    return std::any_of(
        stages_.begin(), end, [&](const StagePtr& stage) { return stage.get() == made_of_[i]; });
}

bool Pipeline::passes_first(Entry& entry) const {
    return std::all_of(stages_.begin(),
                       stages_.begin() + static_cast<std::ptrdiff_t>(first_stages_),
                       [&](const StagePtr& stage) { return stage->process(entry); });
}

bool Pipeline::process(Entry& entry) const {
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        // A stage that should have made a new line may have failed.
        if (entry.outlined != nullptr && i > new_line_at_ && stages_[i]->reads_line()) {
            entry.needs_line = true;
            return false;
        }
        if (!stages_[i]->process(entry)) {
            return false;
        }
    }
    return true;
}

std::optional<double> Pipeline::unwrap(Entry& entry) const {
    const auto text = entry.labels.get(unwrap_->label);
    if (!text.has_value() || text->empty()) {
        return std::nullopt;
    }
    double value = 0;
    std::string error;
    if (!convert(unwrap_->conversion, *text, value, error)) {
        entry.labels.set_error("SampleExtractionErr", error);
        value = 0;
    }
    for (const StagePtr& filter : after_unwrap_) {
        if (!filter->process(entry)) {
            return std::nullopt;
        }
    }
    return value;
}

}  // namespace logi::exec
