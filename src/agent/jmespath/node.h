// The tree of an expression. For the .cc files of this folder.
#pragma once

#include "agent/jmespath/value.h"
#include "base/status.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent::jmespath {

enum class Kind {
    kCurrent,    // @
    kField,      // text
    kIndex,      // index
    kSlice,      // slice of the value
    kLiteral,    // value
    kSub,        // children[1] of children[0]; kPipe the same, and ends projections
    kPipe,       //
    kList,       // children[1] of each element of children[0]; nulls are left out
    kValues,     // children[1] of each member's value
    kFlatten,    // the elements of children[0], those of arrays in it one by one
    kFilter,     // children[1] of the elements for which children[2] is true
    kMultiList,  // [a, b]
    kMultiHash,  // {a: b}, names
    kOr,
    kAnd,
    kNot,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kFunction,   // text, with children
    kReference,  // &children[0]
};

struct Node {
    Kind kind = Kind::kCurrent;
    std::string text;
    std::int64_t index = 0;
    std::optional<std::int64_t> slice[3];
    Value value;
    std::vector<std::string> names;
    std::vector<std::shared_ptr<const Node>> children;
};
using NodePtr = std::shared_ptr<const Node>;

StatusOr<Value> evaluate(const Node& node, const Value& current);

// Arguments of a function: values, or, for references, expressions.
struct Argument {
    Value value;
    const Node* reference = nullptr;
};
// How many arguments it takes, from and to; nothing if there is no such function.
[[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> arity(std::string_view function);
StatusOr<Value> call(std::string_view function, const std::vector<Argument>& arguments);

}  // namespace logi::agent::jmespath
