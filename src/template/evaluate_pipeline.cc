// Pipelines, commands, fields and variables.
#include "absl/strings/str_cat.h"
#include "template/evaluator.h"

#include <algorithm>

namespace logi::tmpl {

StatusOr<Value> Evaluator::pipeline(const Value& dot, const Pipeline& pipe) {
    at(pipe);
    LOGI_RETURN_IF_ERROR(enter());
    Value value;
    bool first = true;
    for (const Command& cmd : pipe.commands) {
        LOGI_ASSIGN_OR_RETURN(const Value result, command(dot, cmd, first ? nullptr : &value));
        value = result.unboxed();
        first = false;
    }
    leave();
    for (const Operand& target : pipe.variables) {
        if (pipe.assigns) {
            LOGI_ASSIGN_OR_RETURN(Value * known, find_variable(target.names[0]));
            *known = value;
        } else {
            variables_.push_back({target.names[0], value});
        }
    }
    return value;
}

StatusOr<Value> Evaluator::command(const Value& dot, const Command& cmd, const Value* piped) {
    const Operand& first = cmd.operands[0];
    const Arguments args{cmd.operands, piped};
    // What refuses arguments before a parenthesis is said of what came before it.
    if (first.kind != Operand::Kind::kPipeline) {
        at(first);
    }
    LOGI_RETURN_IF_ERROR(step());
    switch (first.kind) {
        case Operand::Kind::kField:
            return fields(dot, dot, first, first.names, args);
        case Operand::Kind::kChain:
            return chain(dot, first, args);
        case Operand::Kind::kFunction:
            return call(dot, *first.function, nullptr, cmd, args);
        case Operand::Kind::kVariable:
            return variable(dot, first, args);
        case Operand::Kind::kPipeline:
            LOGI_RETURN_IF_ERROR(refuse_arguments(first, args));
            return pipeline(dot, *first.pipeline);
        default:
            LOGI_RETURN_IF_ERROR(refuse_arguments(first, args));
            return constant(dot, first);
    }
}

Status Evaluator::refuse_arguments(const Operand& first, const Arguments& args) {
    if (!args.any()) {
        return absl::OkStatus();
    }
    std::string text;
    first.print(text);
    return fail(absl::StrCat("can't give argument to non-function ", text));
}

// A literal where nothing says which type it should have, or dot.
StatusOr<Value> Evaluator::constant(const Value& dot, const Operand& operand) {
    switch (operand.kind) {
        case Operand::Kind::kDot:
            return dot;
        case Operand::Kind::kBool:
            return Value::boolean(operand.truth);
        case Operand::Kind::kString:
            return Value::string(operand.string);
        case Operand::Kind::kNumber:
            break;
        default:
            return fail("nil is not a command");
    }
    const std::string_view text = operand.text;
    const bool hex_int = (text.starts_with("0x") || text.starts_with("0X")) &&
                         text.find_first_of("pP") == std::string_view::npos;
    const bool looks_like_float = text.find_first_of(".eEpP") != std::string_view::npos;
    if (operand.number.is_float && looks_like_float && !hex_int && !text.starts_with('\'')) {
        return Value::float64(operand.number.real);
    }
    if (operand.number.is_int) {
        return Value::integer(operand.number.integer);
    }
    return fail(absl::StrCat(operand.text, " overflows int"));
}

StatusOr<Value> Evaluator::chain(const Value& dot, const Operand& operand, const Arguments& args) {
    at(operand);
    LOGI_ASSIGN_OR_RETURN(const Value base, operand_value(dot, *operand.base));
    return fields(dot, base, operand, operand.names, args);
}

StatusOr<Value> Evaluator::variable(const Value& dot,
                                    const Operand& operand,
                                    const Arguments& args) {
    at(operand);
    LOGI_ASSIGN_OR_RETURN(const Value* value, find_variable(operand.names[0]));
    if (operand.names.size() == 1) {
        LOGI_RETURN_IF_ERROR(refuse_arguments(operand, args));
        return *value;
    }
    return fields(dot, *value, operand, absl::MakeSpan(operand.names).subspan(1), args);
}

StatusOr<Value*> Evaluator::find_variable(std::string_view name) {
    const auto it = std::find_if(
        variables_.rbegin(), variables_.rend(), [&](const Variable& v) { return v.name == name; });
    if (it == variables_.rend()) {
        return fail(absl::StrCat("undefined variable: ", std::string(name)));
    }
    return &it->value;
}

// .a.b.c: only the last can be a method with arguments.
StatusOr<Value> Evaluator::fields(const Value& dot,
                                  Value receiver,
                                  const Syntax& at_syntax,
                                  absl::Span<const std::string> names,
                                  const Arguments& args) {
    for (std::size_t i = 0; i + 1 < names.size(); ++i) {
        LOGI_ASSIGN_OR_RETURN(receiver, field(dot, receiver, at_syntax, names[i], {}));
    }
    return field(dot, receiver, at_syntax, names.back(), args);
}

StatusOr<Value> Evaluator::field(const Value& dot,
                                 const Value& receiver,
                                 const Syntax& at_syntax,
                                 const std::string& name,
                                 const Arguments& args) {
    if (receiver.is(Kind::kNone)) {
        return Value();
    }
    if (receiver.is(Kind::kNil)) {
        return fail(absl::StrCat("nil pointer evaluating interface {}.", name));
    }
    if (const Function* method = find_method(receiver.kind(), name)) {
        return call(dot, *method, &receiver, at_syntax, args);
    }
    if (receiver.is_map()) {
        if (args.any()) {
            return fail(absl::StrCat(name, " is not a method but has arguments"));
        }
        return map_field(receiver, name);
    }
    const std::string_view type = receiver.boxed() ? "interface {}" : receiver.type_name();
    return fail(absl::StrCat("can't evaluate field ", name, " in type ", std::string(type)));
}

Value Evaluator::map_field(const Value& map, std::string_view name) const {
    if (map.is(Kind::kLabels)) {
        const Value* const entry = map.has_entries() ? find_key(map.as_map(), name) : nullptr;
        const auto label = entry != nullptr    ? std::optional(entry->as_string())
                           : map.has_entries() ? std::nullopt
                                               : frame_.context().label(name);
        if (!label && program_.missing == MissingKey::kNoValue) {
            return {};
        }
        return Value::string(label.value_or(std::string_view()));
    }
    const Value* const found = find_key(map.as_map(), name);
    if (found != nullptr) {
        return found->boxed(true);
    }
    return program_.missing == MissingKey::kEmpty ? Value::nil() : Value();
}

}  // namespace logi::tmpl
