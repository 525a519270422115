#include "pipeline.h"

#include <algorithm>
#include <tuple>

namespace logi::reference {
namespace {

bool holds_filters_back(const logql::Stage& stage) {
    return std::holds_alternative<logql::LabelFilterStage>(stage) ||
           std::holds_alternative<logql::LineFormatStage>(stage) ||
           std::holds_alternative<logql::UnpackStage>(stage);
}

struct StageMaker {
    const Needed& needed;
    Timestamp now;
    StatusOr<Stage> operator()(const logql::LineFilterStage& s) const {
        return make_line_filter(s);
    }
    StatusOr<Stage> operator()(const logql::JsonStage& s) const { return make_json(s, needed); }
    StatusOr<Stage> operator()(const logql::LogfmtStage& s) const { return make_logfmt(s, needed); }
    StatusOr<Stage> operator()(const logql::PatternStage& s) const {
        return make_pattern(s, needed);
    }
    StatusOr<Stage> operator()(const logql::RegexpStage& s) const { return make_regexp(s, needed); }
    StatusOr<Stage> operator()(const logql::UnpackStage&) const { return make_unpack(needed); }
    StatusOr<Stage> operator()(const logql::LineFormatStage& s) const {
        return make_line_format(s, now);
    }
    StatusOr<Stage> operator()(const logql::LabelFormatStage& s) const {
        return make_label_format(s, now);
    }
    StatusOr<Stage> operator()(const logql::DecolorizeStage&) const { return make_decolorize(); }
    StatusOr<Stage> operator()(const logql::DropStage& s) const { return make_drop(s); }
    StatusOr<Stage> operator()(const logql::KeepStage& s) const { return make_keep(s); }
    StatusOr<Stage> operator()(const logql::LabelFilterStage& s) const {
        return make_label_filter(*s.filter);
    }
};

}  // namespace

std::vector<const logql::Stage*> in_order(const std::vector<logql::Stage>& stages) {
    std::vector<const logql::Stage*> out;
    for (const auto& stage : stages) {
        auto place = out.end();
        if (std::holds_alternative<logql::LineFilterStage>(stage)) {
            while (place != out.begin() && !holds_filters_back(**(place - 1))) {
                --place;
            }
        }
        out.insert(place, &stage);
    }
    return out;
}

StatusOr<Pipeline> Pipeline::make(const logql::LogExpr& log, const Needed& needed, Timestamp now) {
    Pipeline pipeline;
    for (const logql::Stage* stage : in_order(log.stages)) {
        LOGI_ASSIGN_OR_RETURN(auto made, std::visit(StageMaker{needed, now}, *stage));
        pipeline.stages_.push_back(std::move(made));
    }
    return pipeline;
}

bool Pipeline::process(Line& line) const {
    for (const Stage& stage : stages_) {
        if (!stage(line)) {
            return false;
        }
    }
    return true;
}

std::vector<const Entry*> select(const std::vector<Entry>& entries,
                                 const std::vector<Matcher>& matchers) {
    using Identity = std::tuple<LabelMap, Timestamp, std::string, LabelMap>;
    std::set<Identity> seen;
    std::vector<const Entry*> out;
    for (const Entry& entry : entries) {
        const bool matches =
            std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
                const auto it = entry.stream.find(matcher.name());
                return matcher.matches(it == entry.stream.end() ? "" : it->second);
            });
        if (matches && seen.insert({entry.stream, entry.time, entry.line, entry.metadata}).second) {
            out.push_back(&entry);
        }
    }
    return out;
}

}  // namespace logi::reference
