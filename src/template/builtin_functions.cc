// Go's built-in functions but for the comparisons.
#include "absl/strings/str_cat.h"
#include "template/escape.h"
#include "template/format.h"
#include "template/frame.h"
#include "template/function.h"
#include "template/truth.h"

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;

StatusOr<std::size_t> index_of(const Value& index, std::size_t size) {
    if (index.is_nil()) {
        return failure("cannot index slice/array with nil");
    }
    if (!index.is_signed_int() && !index.is(Kind::kUint8)) {
        return failure(
            absl::StrCat("cannot index slice/array with type ", std::string(index.type_name())));
    }
    const std::int64_t i = index.as_int();
    if (i < 0 || static_cast<std::uint64_t>(i) > size) {
        return failure(absl::StrCat("index out of range: ", i));
    }
    return static_cast<std::size_t>(i);
}

// One past the end passes the check of the index, and is then refused by Go's reflection.
StatusOr<std::size_t> element_index(const Value& index, std::size_t size, std::string_view what) {
    LOGI_ASSIGN_OR_RETURN(const std::size_t i, index_of(index, size));
    return i < size ? StatusOr<std::size_t>(i)
                    : failure(absl::StrCat("reflect: ", std::string(what), " index out of range"));
}

StatusOr<std::string_view> map_key(const Value& key) {
    if (key.is_nil()) {
        return failure("value is nil; should be of type string");
    }
    if (!key.is(Kind::kString)) {
        return failure(
            absl::StrCat("value has type ", std::string(key.type_name()), "; should be string"));
    }
    return key.as_string();
}

StatusOr<Value> element(Frame& frame, const Value& item, const Value& index) {
    switch (item.kind()) {
        case Kind::kNone:
        case Kind::kNil:
            return failure("index of nil pointer");
        case Kind::kString: {
            const std::string_view s = item.as_string();
            LOGI_ASSIGN_OR_RETURN(const std::size_t i, element_index(index, s.size(), "string"));
            return Value::byte(static_cast<unsigned char>(s[i]));
        }
        case Kind::kList: {
            const Values items = item.as_list();
            LOGI_ASSIGN_OR_RETURN(const std::size_t i, element_index(index, items.size(), "slice"));
            return items[i].boxed(true);
        }
        case Kind::kMap: {
            LOGI_ASSIGN_OR_RETURN(const std::string_view key, map_key(index));
            const Value* const found = find_key(item.as_map(), key);
            return found != nullptr ? found->boxed(true) : Value::nil();
        }
        case Kind::kLabels: {
            LOGI_ASSIGN_OR_RETURN(const std::string_view key, map_key(index));
            return Value::string(frame.context().label(key).value_or(std::string_view()));
        }
        default:
            return failure(
                absl::StrCat("can't index item of type ", std::string(item.type_name())));
    }
}

StatusOr<Value> index(Frame& frame, Values args) {
    Value item = args[0];
    if (item.is_nil()) {
        return failure("index of untyped nil");
    }
    for (const Value& i : args.subspan(1)) {
        LOGI_ASSIGN_OR_RETURN(item, element(frame, item, i));
    }
    return item;
}

// Strings and lists from one place up to another.
StatusOr<Value> slice(Frame&, Values args) {
    const Value& item = args[0];
    const Values indexes = args.subspan(1);
    if (item.is_nil()) {
        return failure("slice of untyped nil");
    }
    if (indexes.size() > 3) {
        return failure(absl::StrCat("too many slice indexes: ", indexes.size()));
    }
    const bool is_string = item.is(Kind::kString);
    if (!is_string && !item.is(Kind::kList)) {
        return failure(absl::StrCat("can't slice item of type ", std::string(item.type_name())));
    }
    if (is_string && indexes.size() == 3) {
        return failure("cannot 3-index slice a string");
    }
    const std::size_t size = is_string ? item.as_string().size() : item.as_list().size();
    std::array<std::size_t, 3> at{0, size, size};
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        LOGI_ASSIGN_OR_RETURN(at[i], index_of(indexes[i], size));
    }
    for (std::size_t i = 0; i + 1 < at.size(); ++i) {
        if (at[i] > at[i + 1]) {
            return failure(absl::StrCat("invalid slice index: ", at[i], " > ", at[i + 1]));
        }
    }
    return is_string ? Value::string(item.as_string().substr(at[0], at[1] - at[0]))
                     : Value::list(item.as_list().subspan(at[0], at[1] - at[0]));
}

StatusOr<Value> length(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const Value item, frame.resolved(args[0]));
    const auto size = [](std::size_t n) {
        return Value::integer(static_cast<std::int64_t>(n));
    };
    switch (item.kind()) {
        case Kind::kString:
            return size(item.as_string().size());
        case Kind::kList:
            return size(item.as_list().size());
        case Kind::kMap:
        case Kind::kLabels:
            return size(item.as_map().size());
        case Kind::kNil:
            return failure("len of nil pointer");
        case Kind::kNone:
            return failure("reflect: call of reflect.Value.Type on zero Value");
        default:
            return failure(absl::StrCat("len of type ", std::string(item.type_name())));
    }
}

StatusOr<Value> negate(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const Value value, frame.resolved(args[0]));
    return Value::boolean(!is_true(value));
}

StatusOr<Value> print(Frame& frame, Values args) {
    return frame.written([&](Sink& out) { print_values(out, args); });
}

StatusOr<Value> printf(Frame& frame, Values args) {
    return frame.written(
        [&](Sink& out) { print_formatted(out, args[0].as_string(), args.subspan(1)); });
}

StatusOr<Value> println(Frame& frame, Values args) {
    return frame.written([&](Sink& out) { print_line(out, args); });
}

// The arguments as print gives them; where there is no value, that is said.
StatusOr<std::string_view> text_of(Frame& frame, Values args) {
    if (args.size() == 1 && args[0].is(Kind::kString)) {
        return args[0].as_string();
    }
    std::vector<Value> shown(args.begin(), args.end());
    for (Value& value : shown) {
        value = value.is_nil() ? Value::string("<no value>") : value;
    }
    LOGI_ASSIGN_OR_RETURN(const Value text, print(frame, shown));
    return text.as_string();
}

template <void (*Escape)(Sink&, std::string_view)>
StatusOr<Value> escaped(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const std::string_view text, text_of(frame, args));
    return frame.written([&](Sink& out) { Escape(out, text); });
}

constexpr Function kBuiltinFunctions[] = {
    {.name = "and", .signature = "vv*", .special = Function::Special::kAnd},
    {.name = "or", .signature = "vv*", .special = Function::Special::kOr},
    {.name = "call", .signature = "vv*", .special = Function::Special::kCall},
    {.name = "not", .call = negate, .signature = "v"},
    {.name = "len", .call = length, .signature = "v"},
    {.name = "index", .call = index, .signature = "vv*"},
    {.name = "slice", .call = slice, .signature = "vv*"},
    {.name = "print", .call = print, .signature = "a*"},
    {.name = "printf", .call = printf, .signature = "sa*"},
    {.name = "println", .call = println, .signature = "a*"},
    {.name = "html", .call = escaped<escape_html>, .signature = "a*"},
    {.name = "js", .call = escaped<escape_js>, .signature = "a*"},
    {.name = "urlquery", .call = escaped<escape_url>, .signature = "a*"},
};

}  // namespace

absl::Span<const Function> builtin_functions() {
    return kBuiltinFunctions;
}

}  // namespace logi::tmpl
