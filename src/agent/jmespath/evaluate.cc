#include "agent/jmespath/node.h"

#include <algorithm>

namespace logi::agent::jmespath {
namespace {

Value slice_of(const Array& array, const std::optional<std::int64_t> (&parts)[3]) {
    const auto size = static_cast<std::int64_t>(array.size());
    const std::int64_t step = parts[2].value_or(1);
    const auto clamp = [&](std::int64_t at) {
        at = at < 0 ? at + size : at;
        return step > 0 ? std::clamp<std::int64_t>(at, 0, size)
                        : std::clamp<std::int64_t>(at, -1, size - 1);
    };
    const std::int64_t from = parts[0].has_value() ? clamp(*parts[0]) : step > 0 ? 0 : size - 1;
    const std::int64_t to = parts[1].has_value() ? clamp(*parts[1]) : step > 0 ? size : -1;
    Array out;
    for (std::int64_t at = from; step > 0 ? at < to : at > to; at += step) {
        out.push_back(array[static_cast<std::size_t>(at)]);
    }
    return Value(std::move(out));
}

// `right` of each value, without nulls.
StatusOr<Value> project(const Array& values, const Node& right) {
    Array out;
    for (const Value& value : values) {
        LOGI_ASSIGN_OR_RETURN(Value each, evaluate(right, value));
        if (!each.is_null()) {
            out.push_back(std::move(each));
        }
    }
    return Value(std::move(out));
}

StatusOr<Value> evaluate_projection(const Node& node, const Value& current) {
    LOGI_ASSIGN_OR_RETURN(const Value left, evaluate(*node.children[0], current));
    if (node.kind == Kind::kValues) {
        if (left.object() == nullptr) {
            return Value();
        }
        Array values;
        for (const auto& [name, value] : *left.object()) {
            values.push_back(value);
        }
        return project(values, *node.children[1]);
    }
    if (left.array() == nullptr) {
        return Value();
    }
    if (node.kind == Kind::kList) {
        return project(*left.array(), *node.children[1]);
    }
    Array picked;
    for (const Value& value : *left.array()) {
        LOGI_ASSIGN_OR_RETURN(const Value condition, evaluate(*node.children[2], value));
        if (condition.truth()) {
            picked.push_back(value);
        }
    }
    return project(picked, *node.children[1]);
}

StatusOr<Value> flatten(const Node& node, const Value& current) {
    LOGI_ASSIGN_OR_RETURN(const Value left, evaluate(*node.children[0], current));
    if (left.array() == nullptr) {
        return Value();
    }
    Array out;
    for (const Value& value : *left.array()) {
        if (const Array* inner = value.array(); inner != nullptr) {
            out.insert(out.end(), inner->begin(), inner->end());
        } else {
            out.push_back(value);
        }
    }
    return Value(std::move(out));
}

StatusOr<Value> compare(const Node& node, const Value& current) {
    LOGI_ASSIGN_OR_RETURN(const Value a, evaluate(*node.children[0], current));
    LOGI_ASSIGN_OR_RETURN(const Value b, evaluate(*node.children[1], current));
    if (node.kind == Kind::kEqual || node.kind == Kind::kNotEqual) {
        return Value((a == b) == (node.kind == Kind::kEqual));
    }
    if (a.number() == nullptr || b.number() == nullptr) {
        return Value();
    }
    switch (node.kind) {
        case Kind::kLess:
            return Value(*a.number() < *b.number());
        case Kind::kLessEqual:
            return Value(*a.number() <= *b.number());
        case Kind::kGreater:
            return Value(*a.number() > *b.number());
        default:
            return Value(*a.number() >= *b.number());
    }
}

StatusOr<Value> multi(const Node& node, const Value& current) {
    if (current.is_null()) {
        return Value();
    }
    Array items;
    for (const NodePtr& child : node.children) {
        LOGI_ASSIGN_OR_RETURN(Value item, evaluate(*child, current));
        items.push_back(std::move(item));
    }
    if (node.kind == Kind::kMultiList) {
        return Value(std::move(items));
    }
    Object members;
    for (std::size_t i = 0; i < items.size(); ++i) {
        members.emplace_back(node.names[i], std::move(items[i]));
    }
    return Value(std::move(members));
}

StatusOr<Value> call_function(const Node& node, const Value& current) {
    std::vector<Argument> arguments;
    for (const NodePtr& child : node.children) {
        if (child->kind == Kind::kReference) {
            arguments.push_back({Value(), child->children[0].get()});
        } else {
            LOGI_ASSIGN_OR_RETURN(Value value, evaluate(*child, current));
            arguments.push_back({std::move(value), nullptr});
        }
    }
    return call(node.text, arguments);
}

Value element_of(const Node& node, const Value& current) {
    const Array* array = current.array();
    if (array == nullptr) {
        return {};
    }
    const auto size = static_cast<std::int64_t>(array->size());
    const std::int64_t at = node.index < 0 ? node.index + size : node.index;
    return at >= 0 && at < size ? (*array)[static_cast<std::size_t>(at)] : Value();
}

}  // namespace

StatusOr<Value> evaluate(const Node& node, const Value& current) {
    switch (node.kind) {
        case Kind::kCurrent:
            return current;
        case Kind::kField: {
            const Value* member = current.member(node.text);
            return member == nullptr ? Value() : *member;
        }
        case Kind::kIndex:
            return element_of(node, current);
        case Kind::kSlice:
            return current.array() == nullptr ? Value() : slice_of(*current.array(), node.slice);
        case Kind::kLiteral:
            return node.value;
        case Kind::kSub:
        case Kind::kPipe: {
            LOGI_ASSIGN_OR_RETURN(const Value left, evaluate(*node.children[0], current));
            return evaluate(*node.children[1], left);
        }
        case Kind::kList:
        case Kind::kValues:
        case Kind::kFilter:
            return evaluate_projection(node, current);
        case Kind::kFlatten:
            return flatten(node, current);
        case Kind::kMultiList:
        case Kind::kMultiHash:
            return multi(node, current);
        case Kind::kOr:
        case Kind::kAnd: {
            LOGI_ASSIGN_OR_RETURN(const Value left, evaluate(*node.children[0], current));
            return left.truth() == (node.kind == Kind::kOr) ? StatusOr<Value>(left)
                                                            : evaluate(*node.children[1], current);
        }
        case Kind::kNot: {
            LOGI_ASSIGN_OR_RETURN(const Value of, evaluate(*node.children[0], current));
            return Value(!of.truth());
        }
        case Kind::kFunction:
            return call_function(node, current);
        case Kind::kReference:
            return absl::InvalidArgumentError("an expression reference is only for functions");
        default:
            return compare(node, current);
    }
}

}  // namespace logi::agent::jmespath
