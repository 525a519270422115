// The functions of JMESPath.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/jmespath/node.h"
#include "base/utf8.h"
#include "fields/conversions.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace logi::agent::jmespath {
namespace {

using Arguments = std::vector<Argument>;
using Call = StatusOr<Value> (*)(const Arguments&);

Status wrong_type() {
    return absl::InvalidArgumentError("a function got an argument of the wrong type");
}

template <double (*F)(double)>
StatusOr<Value> of_number(const Arguments& a) {
    const double* n = a[0].value.number();
    return n == nullptr ? StatusOr<Value>(wrong_type()) : Value(F(*n));
}
double absolute(double n) {
    return std::fabs(n);
}
double round_up(double n) {
    return std::ceil(n);
}
double round_down(double n) {
    return std::floor(n);
}

StatusOr<double> sum_of(const Value& value) {
    if (value.array() == nullptr) {
        return wrong_type();
    }
    double sum = 0;
    for (const Value& item : *value.array()) {
        if (item.number() == nullptr) {
            return wrong_type();
        }
        sum += *item.number();
    }
    return sum;
}
StatusOr<Value> sum(const Arguments& a) {
    LOGI_ASSIGN_OR_RETURN(const double total, sum_of(a[0].value));
    return Value(total);
}
StatusOr<Value> avg(const Arguments& a) {
    LOGI_ASSIGN_OR_RETURN(const double total, sum_of(a[0].value));
    const auto count = static_cast<double>(a[0].value.array()->size());
    return count == 0 ? Value() : Value(total / count);
}

StatusOr<Value> contains(const Arguments& a) {
    if (const std::string* s = a[0].value.text(); s != nullptr) {
        const std::string* part = a[1].value.text();
        return Value(part != nullptr && s->find(*part) != std::string::npos);
    }
    const Array* items = a[0].value.array();
    if (items == nullptr) {
        return wrong_type();
    }
    return Value(std::find(items->begin(), items->end(), a[1].value) != items->end());
}

template <bool Start>
StatusOr<Value> has_end(const Arguments& a) {
    const std::string* s = a[0].value.text();
    const std::string* part = a[1].value.text();
    if (s == nullptr || part == nullptr) {
        return wrong_type();
    }
    return Value(Start ? s->starts_with(*part) : s->ends_with(*part));
}

StatusOr<Value> join(const Arguments& a) {
    const std::string* glue = a[0].value.text();
    const Array* items = a[1].value.array();
    if (glue == nullptr || items == nullptr) {
        return wrong_type();
    }
    std::string out;
    for (std::size_t i = 0; i < items->size(); ++i) {
        if ((*items)[i].text() == nullptr) {
            return wrong_type();
        }
        out.append(i == 0 ? "" : *glue).append(*(*items)[i].text());
    }
    return Value(std::move(out));
}

template <bool Keys>
StatusOr<Value> parts(const Arguments& a) {
    if (a[0].value.object() == nullptr) {
        return wrong_type();
    }
    Array out;
    for (const auto& [name, value] : *a[0].value.object()) {
        out.push_back(Keys ? Value(name) : value);
    }
    return Value(std::move(out));
}

std::size_t runes_in(std::string_view s) {
    std::size_t count = 0;
    while (!s.empty()) {
        s.remove_prefix(base::decode_rune(s).length);
        ++count;
    }
    return count;
}

StatusOr<Value> length(const Arguments& a) {
    const Value& v = a[0].value;
    if (v.text() != nullptr) {
        return Value(static_cast<double>(runes_in(*v.text())));
    }
    if (v.array() != nullptr) {
        return Value(static_cast<double>(v.array()->size()));
    }
    return v.object() == nullptr ? StatusOr<Value>(wrong_type())
                                 : Value(static_cast<double>(v.object()->size()));
}

StatusOr<Value> map_values(const Arguments& a) {
    if (a[0].reference == nullptr || a[1].value.array() == nullptr) {
        return wrong_type();
    }
    Array out;
    for (const Value& item : *a[1].value.array()) {
        LOGI_ASSIGN_OR_RETURN(Value each, evaluate(*a[0].reference, item));
        out.push_back(std::move(each));
    }
    return Value(std::move(out));
}

StatusOr<Value> merge(const Arguments& a) {
    Object out;
    for (const Argument& argument : a) {
        if (argument.value.object() == nullptr) {
            return wrong_type();
        }
        for (const auto& [name, value] : *argument.value.object()) {
            std::erase_if(out, [&name = name](const auto& member) { return member.first == name; });
            out.emplace_back(name, value);
        }
    }
    return Value(std::move(out));
}

StatusOr<Value> not_null(const Arguments& a) {
    for (const Argument& argument : a) {
        if (!argument.value.is_null()) {
            return argument.value;
        }
    }
    return Value();
}

StatusOr<Value> reverse(const Arguments& a) {
    if (const std::string* s = a[0].value.text(); s != nullptr) {
        std::string out;
        for (std::string_view rest = *s; !rest.empty();) {
            const std::size_t n = base::decode_rune(rest).length;
            out.insert(0, rest.substr(0, n));
            rest.remove_prefix(n);
        }
        return Value(std::move(out));
    }
    if (a[0].value.array() == nullptr) {
        return wrong_type();
    }
    return Value(Array(a[0].value.array()->rbegin(), a[0].value.array()->rend()));
}

bool less(const Value& a, const Value& b) {
    return a.number() != nullptr ? *a.number() < *b.number() : *a.text() < *b.text();
}

// The values with their keys, which are all numbers or all strings.
StatusOr<std::vector<std::pair<Value, Value>>> keyed(const Argument& list, const Node* by) {
    if (list.value.array() == nullptr) {
        return wrong_type();
    }
    std::vector<std::pair<Value, Value>> out;
    for (const Value& item : *list.value.array()) {
        Value key = item;
        if (by != nullptr) {
            LOGI_ASSIGN_OR_RETURN(key, evaluate(*by, item));
        }
        const Value& first = out.empty() ? key : out[0].first;
        const bool fits = (key.number() != nullptr && first.number() != nullptr) ||
                          (key.text() != nullptr && first.text() != nullptr);
        if (!fits) {
            return wrong_type();
        }
        out.emplace_back(std::move(key), item);
    }
    return out;
}

template <bool By>
StatusOr<Value> sorted(const Arguments& a) {
    if (By && a[1].reference == nullptr) {
        return wrong_type();
    }
    LOGI_ASSIGN_OR_RETURN(auto items, keyed(a[0], By ? a[1].reference : nullptr));
    std::stable_sort(items.begin(), items.end(), [](const auto& x, const auto& y) {
        return less(x.first, y.first);
    });
    Array out;
    for (auto& [key, item] : items) {
        out.push_back(std::move(item));
    }
    return Value(std::move(out));
}

template <bool By, bool Greatest>
StatusOr<Value> extreme(const Arguments& a) {
    if (By && a[1].reference == nullptr) {
        return wrong_type();
    }
    LOGI_ASSIGN_OR_RETURN(const auto items, keyed(a[0], By ? a[1].reference : nullptr));
    if (items.empty()) {
        return Value();
    }
    const auto at = std::min_element(items.begin(), items.end(), [](const auto& x, const auto& y) {
        return Greatest ? less(y.first, x.first) : less(x.first, y.first);
    });
    return at->second;
}

StatusOr<Value> to_array(const Arguments& a) {
    return a[0].value.array() != nullptr ? a[0].value : Value(Array{a[0].value});
}
StatusOr<Value> to_number(const Arguments& a) {
    if (a[0].value.number() != nullptr) {
        return a[0].value;
    }
    double n = 0;
    const std::string* s = a[0].value.text();
    return s != nullptr && fields::parse_go_float(*s, n, nullptr) ? Value(n) : Value();
}
StatusOr<Value> to_string(const Arguments& a) {
    return a[0].value.text() != nullptr ? a[0].value : Value(a[0].value.to_json());
}
StatusOr<Value> type(const Arguments& a) {
    const Value& v = a[0].value;
    return Value(std::string(v.is_null()              ? "null"
                             : v.boolean() != nullptr ? "boolean"
                             : v.number() != nullptr  ? "number"
                             : v.text() != nullptr    ? "string"
                             : v.array() != nullptr   ? "array"
                                                      : "object"));
}

struct Function {
    Call call;
    std::size_t arguments_min = 1;
    std::size_t arguments_max = 1;
};

constexpr std::size_t kMany = 100;

const std::map<std::string, Function, std::less<>>& functions() {
    static const std::map<std::string, Function, std::less<>> kFunctions = {
        {"abs", {of_number<absolute>}},
        {"avg", {avg}},
        {"ceil", {of_number<round_up>}},
        {"contains", {contains, 2, 2}},
        {"ends_with", {has_end<false>, 2, 2}},
        {"floor", {of_number<round_down>}},
        {"join", {join, 2, 2}},
        {"keys", {parts<true>}},
        {"length", {length}},
        {"map", {map_values, 2, 2}},
        {"max", {extreme<false, true>}},
        {"max_by", {extreme<true, true>, 2, 2}},
        {"merge", {merge, 1, kMany}},
        {"min", {extreme<false, false>}},
        {"min_by", {extreme<true, false>, 2, 2}},
        {"not_null", {not_null, 1, kMany}},
        {"reverse", {reverse}},
        {"sort", {sorted<false>}},
        {"sort_by", {sorted<true>, 2, 2}},
        {"starts_with", {has_end<true>, 2, 2}},
        {"sum", {sum}},
        {"to_array", {to_array}},
        {"to_number", {to_number}},
        {"to_string", {to_string}},
        {"type", {type}},
        {"values", {parts<false>}},
    };
    return kFunctions;
}

}  // namespace

std::optional<std::pair<std::size_t, std::size_t>> arity(std::string_view function) {
    const auto at = functions().find(function);
    return at == functions().end() ? std::nullopt
                                   : std::optional<std::pair<std::size_t, std::size_t>>(
                                         {at->second.arguments_min, at->second.arguments_max});
}

StatusOr<Value> call(std::string_view function, const std::vector<Argument>& arguments) {
    return functions().find(function)->second.call(arguments);
}

}  // namespace logi::agent::jmespath
