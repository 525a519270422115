// Functions that take a regular expression.
#include "regex/replace.h"
#include "template/frame.h"
#include "template/function.h"

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;

StatusOr<Value> count(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto re, frame.regexes().get(args[0].as_string()));
    std::int64_t matches = 0;
    regex::for_each_match(
        *re, args[1].as_string(), [&](const regex::Groups&) { return ++matches > 0; });
    return Value::integer(matches);
}

StatusOr<Value> replace_all(Frame& frame,
                            const regex::Regex& re,
                            std::string_view s,
                            const regex::Replacement& replacement) {
    return frame.written([&](Sink& out) {
        regex::replace_all(re, s, replacement, [&](std::string_view piece) {
            out.append(piece);
            return !out.full();
        });
    });
}

StatusOr<Value> regex_replace_all(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto re, frame.regexes().get(args[0].as_string()));
    return replace_all(
        frame, *re, args[1].as_string(), regex::Replacement(*re, args[2].as_string()));
}

StatusOr<Value> regex_replace_all_literal(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto re, frame.regexes().get(args[0].as_string()));
    return replace_all(frame, *re, args[1].as_string(), regex::Replacement(args[2].as_string()));
}

constexpr Function kRegexFunctions[] = {
    {.name = "count", .call = count, .signature = "ss", .pattern_first = true},
    {.name = "regexReplaceAll",
     .call = regex_replace_all,
     .signature = "sss",
     .pattern_first = true},
    {.name = "regexReplaceAllLiteral",
     .call = regex_replace_all_literal,
     .signature = "sss",
     .pattern_first = true},
};

}  // namespace

absl::Span<const Function> regex_functions() {
    return kRegexFunctions;
}

}  // namespace logi::tmpl
