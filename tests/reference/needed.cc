#include "needed.h"

#include "templates.h"

namespace logi::reference {
namespace {

struct Names {
    std::set<std::string>& out;
    void operator()(const Matcher& f) const { out.insert(f.name()); }
    template <typename Filter>
    void operator()(const Filter& f) const {
        out.insert(f.name);
    }
    void operator()(const logql::AndFilter& f) const {
        std::visit(*this, f.left->node);
        std::visit(*this, f.right->node);
    }
    void operator()(const logql::OrFilter& f) const {
        std::visit(*this, f.left->node);
        std::visit(*this, f.right->node);
    }
};

void add_names(const logql::LabelFilter& filter, std::set<std::string>& names) {
    std::visit(Names{names}, filter.node);
}

Status add_names(const logql::Stage& stage, std::set<std::string>& names) {
    if (const auto* filter = std::get_if<logql::LabelFilterStage>(&stage)) {
        add_names(*filter->filter, names);
    } else if (const auto* line = std::get_if<logql::LineFormatStage>(&stage)) {
        LOGI_ASSIGN_OR_RETURN(auto read, labels_of_template(line->text));
        names.merge(read);
    } else if (const auto* label = std::get_if<logql::LabelFormatStage>(&stage)) {
        for (const auto& assignment : label->assignments) {
            if (assignment.rename) {
                names.insert(assignment.value);
            } else {
                LOGI_ASSIGN_OR_RETURN(auto read, labels_of_template(assignment.value));
                names.merge(read);
            }
        }
    }
    return absl::OkStatus();
}

}  // namespace

bool Needed::wants(const std::string& name) const {
    return all || names.count(name) > 0;
}

bool Needed::wants_inside(const std::string& prefix) const {
    for (const std::string& name : names) {
        if (name.starts_with(prefix)) {
            return true;
        }
    }
    return all;
}

bool Needed::satisfied_by(const EntryLabels& labels) const {
    for (const std::string& name : names) {
        if (!labels.extracted(name)) {
            return false;
        }
    }
    return !all;
}

StatusOr<Needed> needed_labels(const logql::LogExpr& log,
                               const std::optional<logql::Unwrap>& unwrap,
                               const std::optional<logql::Grouping>& grouping) {
    Needed needed;
    if (!grouping.has_value() || grouping->without) {
        return needed;
    }
    needed.all = false;
    needed.names.insert(grouping->labels.begin(), grouping->labels.end());
    for (const auto& stage : log.stages) {
        LOGI_RETURN_IF_ERROR(add_names(stage, needed.names));
    }
    if (unwrap.has_value()) {
        needed.names.insert(unwrap->label);
        for (const auto& filter : unwrap->filters) {
            add_names(*filter, needed.names);
        }
    }
    return needed;
}

}  // namespace logi::reference
