// Calls of functions and methods, and what their arguments must be.
#include "absl/strings/str_cat.h"
#include "template/evaluator.h"
#include "template/truth.h"

namespace logi::tmpl {
namespace {

std::string_view type_of(Param param) {
    switch (param) {
        case Param::kString:
            return "string";
        case Param::kInt:
            return "int";
        case Param::kFloat64:
            return "float64";
        case Param::kDuration:
            return "time.Duration";
        case Param::kTime:
            return "time.Time";
        case Param::kAny:
            return "interface {}";
        case Param::kValue:
            return "reflect.Value";
    }
    return "";
}

bool fits(Param param, Kind kind) {
    switch (param) {
        case Param::kString:
            return kind == Kind::kString;
        case Param::kInt:
            return kind == Kind::kInt;
        case Param::kFloat64:
            return kind == Kind::kFloat64;
        case Param::kDuration:
            return kind == Kind::kDuration;
        case Param::kTime:
            return kind == Kind::kTime;
        default:
            return true;
    }
}

std::string printed(const Syntax& syntax) {
    std::string text;
    syntax.print(text);
    return text;
}

// What a call costs by what it has to read.
std::uint64_t steps_for(absl::Span<const Value> values) {
    std::uint64_t bytes = 0;
    for (const Value& value : values) {
        bytes += value.is(Kind::kString) ? value.as_string().size() : 0;
        bytes += value.is(Kind::kList) ? value.as_list().size() * sizeof(Value) : 0;
    }
    return 1 + bytes / kBytesPerStep;
}

}  // namespace

// `own` is 1 for a method, whose receiver is an argument that nobody writes.
Status Evaluator::check_count(const Function& function, std::size_t own, const Arguments& args) {
    const std::size_t written = args.operands.empty() ? 0 : args.operands.size() - 1;
    const std::size_t given = written + (args.piped != nullptr ? 1 : 0);
    const std::size_t wanted = function.param_count() - own;
    if (function.variadic()) {
        if (given + 1 < wanted) {
            return fail(absl::StrCat("wrong number of args for ",
                                     std::string(function.name),
                                     ": want at least ",
                                     wanted - 1,
                                     " got ",
                                     written));
        }
        return absl::OkStatus();
    }
    return given == wanted ? absl::OkStatus()
                           : fail(absl::StrCat("wrong number of args for ",
                                               std::string(function.name),
                                               ": want ",
                                               wanted,
                                               " got ",
                                               given));
}

StatusOr<Value> Evaluator::call(const Value& dot,
                                const Function& function,
                                const Value* receiver,
                                const Syntax& at_syntax,
                                const Arguments& args) {
    LOGI_RETURN_IF_ERROR(check_count(function, receiver != nullptr ? 1 : 0, args));
    if (function.special == Function::Special::kAnd || function.special == Function::Special::kOr) {
        return and_or(dot, function.special == Function::Special::kOr, args);
    }
    absl::InlinedVector<Value, 6> values;
    if (receiver != nullptr) {
        values.push_back(receiver->unboxed());
    }
    for (std::size_t i = 1; i < args.operands.size(); ++i) {
        LOGI_ASSIGN_OR_RETURN(const Value value,
                              argument(dot, function.param(values.size()), args.operands[i]));
        values.push_back(value);
    }
    if (args.piped != nullptr) {
        LOGI_ASSIGN_OR_RETURN(const Value value,
                              checked(function.param(values.size()), *args.piped));
        values.push_back(value);
    }
    if (function.special == Function::Special::kCall) {
        return refuse_call(values[0], at_syntax, args);
    }
    LOGI_RETURN_IF_ERROR(step(steps_for(values)));
    auto result = function.call(frame_, values);
    if (!result.ok()) {
        at(at_syntax);
        return fail(absl::StrCat("error calling ",
                                 std::string(function.name),
                                 ": ",
                                 std::string(message_of(result.status()))));
    }
    return result;
}

// Evaluates arguments only up to the one that decides.
StatusOr<Value> Evaluator::and_or(const Value& dot, bool is_or, const Arguments& args) {
    Value value;
    for (std::size_t i = 1; i < args.operands.size(); ++i) {
        LOGI_ASSIGN_OR_RETURN(value, argument(dot, Param::kValue, args.operands[i]));
        const auto resolved = frame_.resolved(value);
        if (!resolved.ok()) {
            return fail(message_of(resolved.status()));
        }
        if (is_true(*resolved) == is_or) {
            return value;
        }
    }
    return args.piped != nullptr ? *args.piped : value;
}

// No value here is a function.
Status Evaluator::refuse_call(const Value& callee, const Syntax& at_syntax, const Arguments& args) {
    at(at_syntax);
    if (callee.is_nil()) {
        return fail("error calling call: call of nil");
    }
    // A callee that a pipe brings shows as what it is to Go's reflection.
    const std::string name = args.operands.size() > 1 ? printed(args.operands[1])
                             : callee.is(Kind::kString)
                                 ? std::string(callee.as_string())
                                 : absl::StrCat("<", std::string(callee.type_name()), " Value>");
    return fail(absl::StrCat(
        "error calling call: non-function ", name, " of type ", std::string(callee.type_name())));
}

StatusOr<Value> Evaluator::argument(const Value& dot, Param param, const Operand& operand) {
    at(operand);
    LOGI_RETURN_IF_ERROR(step());
    switch (operand.kind) {
        case Operand::Kind::kNil:
            if (param == Param::kAny || param == Param::kValue) {
                return Value();
            }
            return fail(absl::StrCat("cannot assign nil to ", std::string(type_of(param))));
        case Operand::Kind::kBool:
        case Operand::Kind::kNumber:
        case Operand::Kind::kString:
            return literal(param, operand);
        default:
            break;
    }
    LOGI_ASSIGN_OR_RETURN(const Value value, operand_value(dot, operand));
    return checked(param, value);
}

// An operand that is no literal, evaluated without arguments.
StatusOr<Value> Evaluator::operand_value(const Value& dot, const Operand& operand) {
    const Arguments none{absl::MakeSpan(&operand, 1), nullptr};
    at(operand);
    switch (operand.kind) {
        case Operand::Kind::kDot:
            return dot;
        case Operand::Kind::kField:
            return fields(dot, dot, operand, operand.names, none);
        case Operand::Kind::kVariable:
            return variable(dot, operand, none);
        case Operand::Kind::kPipeline:
            return pipeline(dot, *operand.pipeline);
        case Operand::Kind::kFunction:
            return call(dot, *operand.function, nullptr, operand, none);
        case Operand::Kind::kChain:
            return chain(dot, operand, none);
        default:
            return constant(dot, operand);
    }
}

// Literals take the type of the parameter if they can.
StatusOr<Value> Evaluator::literal(Param param, const Operand& operand) {
    const auto expected = [&](std::string_view what) {
        return fail(absl::StrCat("expected ", std::string(what), "; found ", operand.text));
    };
    switch (param) {
        case Param::kString:
            return operand.kind == Operand::Kind::kString
                       ? StatusOr<Value>(Value::string(operand.string))
                       : expected("string");
        case Param::kInt:
        case Param::kDuration:
            if (!operand.number.is_int) {
                return expected("integer");
            }
            return param == Param::kInt ? Value::integer(operand.number.integer)
                                        : Value::named(Kind::kDuration, operand.number.integer);
        case Param::kFloat64:
            return operand.number.is_float ? StatusOr<Value>(Value::float64(operand.number.real))
                                           : expected("float");
        case Param::kTime:
            return fail(absl::StrCat(
                "can't handle ", operand.text, " for arg of type ", std::string(type_of(param))));
        default:
            return constant({}, operand);
    }
}

StatusOr<Value> Evaluator::checked(Param param, const Value& value) {
    if (param == Param::kValue) {
        return value;
    }
    if (value.is(Kind::kNone)) {
        return param == Param::kAny
                   ? StatusOr<Value>(value)
                   : fail(absl::StrCat("invalid value; expected ", std::string(type_of(param))));
    }
    if (!fits(param, value.kind())) {
        return fail(absl::StrCat("wrong type for value; expected ",
                                 std::string(type_of(param)),
                                 "; got ",
                                 std::string(value.type_name())));
    }
    const auto resolved = frame_.resolved(value.boxed(false));
    return resolved.ok() ? resolved : fail(message_of(resolved.status()));
}

}  // namespace logi::tmpl
