#include "template/evaluator.h"

#include "absl/strings/str_cat.h"
#include "template/format.h"
#include "template/quote.h"
#include "template/truth.h"

#include <algorithm>

namespace logi::tmpl {

Evaluator::Evaluator(const Program& program,
                     RegexCache& regexes,
                     const Context& context,
                     std::string& out)
    : program_(program),
      frame_(context, regexes),
      out_(out, kOutputBytesMax),
      template_name_(program.name) {}

Status Evaluator::run(const Value& dot) {
    const auto it = program_.definitions.find(program_.name);
    variables_.push_back({"$", dot});
    LOGI_RETURN_IF_ERROR(walk(dot, it->second).status());
    return absl::OkStatus();
}

Status Evaluator::fail(std::string_view message) const {
    const std::string_view before = std::string_view(program_.text).substr(0, at_->offset);
    const std::size_t newline = before.rfind('\n');
    const std::size_t column =
        newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    std::string context;
    at_->print(context);
    return absl::InvalidArgumentError(absl::StrCat("template: ",
                                                   program_.name,
                                                   ":",
                                                   line,
                                                   ":",
                                                   column,
                                                   ": executing ",
                                                   quote(template_name_),
                                                   " at <",
                                                   context,
                                                   ">: ",
                                                   std::string(message)));
}

Status Evaluator::step(std::uint64_t steps) {
    steps_ += steps;
    return steps_ <= kStepsMax
               ? absl::OkStatus()
               : fail(absl::StrCat("the template takes more than ", kStepsMax, " steps"));
}

Status Evaluator::enter() {
    if (depth_ >= kExecuteDepthMax) {
        return fail(absl::StrCat("exceeded maximum template depth (", kExecuteDepthMax, ")"));
    }
    ++depth_;
    return absl::OkStatus();
}

StatusOr<Evaluator::Flow> Evaluator::walk(const Value& dot, const std::vector<Node>& nodes) {
    for (const Node& node : nodes) {
        if (node.kind == Node::Kind::kText) {
            out_.append(node.text);
        } else if (node.field != nullptr && dot.is(Kind::kLabels)) {
            LOGI_RETURN_IF_ERROR(write_field(dot, node));
        } else {
            LOGI_ASSIGN_OR_RETURN(const Flow flow, walk_node(dot, node));
            if (flow != Flow::kNext) {
                return flow;
            }
        }
        if (out_.full()) {
            at(node);
            return fail(absl::StrCat("the result is longer than ", kOutputBytesMax, " bytes"));
        }
    }
    return Flow::kNext;
}

// {{.a}} of the labels, by far the most frequent action, without going through a pipeline.
Status Evaluator::write_field(const Value& dot, const Node& node) {
    at(node);
    LOGI_RETURN_IF_ERROR(step());
    return write(map_field(dot, *node.field));
}

StatusOr<Evaluator::Flow> Evaluator::walk_node(const Value& dot, const Node& node) {
    at(node);
    LOGI_RETURN_IF_ERROR(step());
    switch (node.kind) {
        case Node::Kind::kIf:
        case Node::Kind::kWith:
            return walk_if_or_with(dot, node);
        case Node::Kind::kRange:
            return walk_range(dot, node);
        case Node::Kind::kTemplate:
            LOGI_RETURN_IF_ERROR(call_template(dot, node));
            return Flow::kNext;
        case Node::Kind::kBreak:
            return Flow::kBreak;
        case Node::Kind::kContinue:
            return Flow::kContinue;
        default:
            break;
    }
    LOGI_ASSIGN_OR_RETURN(const Value value, pipeline(dot, *node.pipeline));
    if (node.pipeline->variables.empty()) {
        at(node);
        LOGI_RETURN_IF_ERROR(write(value));
    }
    return Flow::kNext;
}

Status Evaluator::write(const Value& value) {
    if (value.is_nil()) {
        out_.append("<no value>");
        return absl::OkStatus();
    }
    const auto resolved = frame_.resolved(value);
    if (!resolved.ok()) {
        return fail(message_of(resolved.status()));
    }
    print_value(out_, *resolved);
    return absl::OkStatus();
}

StatusOr<Evaluator::Flow> Evaluator::walk_if_or_with(const Value& dot, const Node& node) {
    const std::size_t outer_variables = variables_.size();
    LOGI_RETURN_IF_ERROR(enter());
    LOGI_ASSIGN_OR_RETURN(const Value value, pipeline(dot, *node.pipeline));
    const auto resolved = frame_.resolved(value);
    if (!resolved.ok()) {
        return fail(message_of(resolved.status()));
    }
    Flow flow = Flow::kNext;
    if (is_true(*resolved)) {
        const bool moves_dot = node.kind == Node::Kind::kWith;
        LOGI_ASSIGN_OR_RETURN(flow, walk(moves_dot ? value : dot, node.body));
    } else {
        LOGI_ASSIGN_OR_RETURN(flow, walk(dot, node.else_body));
    }
    leave();
    variables_.resize(outer_variables);
    return flow;
}

StatusOr<Evaluator::Flow> Evaluator::walk_range(const Value& dot, const Node& node) {
    const std::size_t outer_variables = variables_.size();
    LOGI_RETURN_IF_ERROR(enter());
    LOGI_ASSIGN_OR_RETURN(const Value value, pipeline(dot, *node.pipeline));
    const auto over = frame_.resolved(value);
    if (!over.ok()) {
        return fail(message_of(over.status()));
    }
    LOGI_ASSIGN_OR_RETURN(const bool any, iterate(node, *over));
    variables_.resize(outer_variables);
    if (!any) {
        LOGI_ASSIGN_OR_RETURN(const Flow flow, walk(dot, node.else_body));
        leave();
        variables_.resize(outer_variables);
        return flow;
    }
    leave();
    return Flow::kNext;
}

// False if there was nothing to iterate over.
StatusOr<bool> Evaluator::iterate(const Node& node, const Value& over) {
    if (over.is_nil()) {
        return false;
    }
    if (over.is(Kind::kList)) {
        std::int64_t index = 0;
        for (const Value& item : over.as_list()) {
            LOGI_ASSIGN_OR_RETURN(const Flow flow,
                                  iteration(node, Value::integer(index++), item.boxed(true)));
            if (flow == Flow::kBreak) {
                break;
            }
        }
        return !over.as_list().empty();
    }
    if (over.is_map()) {
        for (const MapEntry& entry : over.as_map()) {
            const Value item = entry.value.boxed(over.is(Kind::kMap));
            LOGI_ASSIGN_OR_RETURN(const Flow flow, iteration(node, Value::string(entry.key), item));
            if (flow == Flow::kBreak) {
                break;
            }
        }
        return !over.as_map().empty();
    }
    if (!over.is_signed_int() && !over.is(Kind::kUint8)) {
        return fail(absl::StrCat("range can't iterate over ", value_text(over)));
    }
    if (node.pipeline->variables.size() > 1) {
        return fail(absl::StrCat(
            "can't use ", value_text(over), " to iterate over more than one variable"));
    }
    for (std::int64_t i = 0; i < over.as_int(); ++i) {
        LOGI_ASSIGN_OR_RETURN(const Flow flow, iteration(node, Value(), over.with_int(i)));
        if (flow == Flow::kBreak) {
            break;
        }
    }
    return over.as_int() > 0;
}

StatusOr<Evaluator::Flow> Evaluator::iteration(const Node& node,
                                               const Value& index,
                                               const Value& element) {
    at(node);
    LOGI_RETURN_IF_ERROR(step());
    const Pipeline& pipe = *node.pipeline;
    const std::size_t count = pipe.variables.size();
    const std::size_t outer_variables = variables_.size();
    for (std::size_t i = 0; i < count; ++i) {
        const Value& value = count > 1 && i == 0 ? index : element;
        if (pipe.assigns) {
            LOGI_ASSIGN_OR_RETURN(Value * target, find_variable(pipe.variables[i].names[0]));
            *target = value;
        } else {
            variables_[outer_variables - count + i].value = value;
        }
    }
    auto flow = walk(element, node.body);
    variables_.resize(outer_variables);
    return flow;
}

Status Evaluator::call_template(const Value& dot, const Node& node) {
    const auto it = program_.definitions.find(node.text);
    if (it == program_.definitions.end()) {
        return fail(absl::StrCat("template ", quote(node.text), " not defined"));
    }
    LOGI_RETURN_IF_ERROR(enter());
    Value data;
    if (node.pipeline != nullptr) {
        LOGI_ASSIGN_OR_RETURN(data, pipeline(dot, *node.pipeline));
    }
    // The template sees none of the variables here.
    auto outer_variables = std::exchange(variables_, {});
    variables_.push_back({"$", data});
    const std::string_view outer_name = std::exchange(template_name_, it->first);
    LOGI_RETURN_IF_ERROR(walk(data, it->second).status());
    template_name_ = outer_name;
    variables_ = std::move(outer_variables);
    leave();
    return absl::OkStatus();
}

}  // namespace logi::tmpl
