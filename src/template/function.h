// Functions that templates can call, and the tables that offer them.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "base/status.h"
#include "template/value.h"

#include <initializer_list>
#include <string_view>

namespace logi::tmpl {

class Frame;

// What an argument must be, by the letter that stands for it in a signature. The evaluator checks
// it, so functions need not.
enum class Param : char {
    kAny = 'a',
    kString = 's',
    kInt = 'i',
    kFloat64 = 'f',
    kDuration = 'd',
    kTime = 't',
    // Of Go's built-in functions: the value as it is, no value and unresolved labels included.
    kValue = 'v',
};

struct Function {
    // Gets resolved values of the kinds that the signature names. Error texts are Go's, without
    // "error calling name: " before them.
    using Call = StatusOr<Value> (*)(Frame& frame, absl::Span<const Value> args);
    // Evaluated by the engine itself, because not all arguments are.
    enum class Special : unsigned char { kNone, kAnd, kOr, kCall };

    std::string_view name;
    Call call = nullptr;
    // "is" takes an int and a string; "sa*" a string and then any number of anything.
    std::string_view signature = {};
    Special special = Special::kNone;
    bool reads_line = false;
    bool reads_time = false;  // of the entry
    // The first argument is a regular expression, worth compiling beforehand.
    bool pattern_first = false;

    [[nodiscard]] bool variadic() const { return signature.ends_with('*'); }
    // With the one that may be repeated.
    [[nodiscard]] std::size_t param_count() const {
        return signature.size() - (variadic() ? 1 : 0);
    }
    [[nodiscard]] Param param(std::size_t i) const {
        return static_cast<Param>(signature[i < param_count() ? i : param_count() - 1]);
    }
};

// What a call that fails returns.
inline Status failure(std::string_view text) {
    return absl::InvalidArgumentError(absl::string_view(text.data(), text.size()));
}

// A set of functions by name. Immutable, safe from any thread; must outlive the templates that
// were parsed with it.
class FunctionTable {
  public:
    // Families of functions, which must live as long as the table. Go's built-in ones (and, eq,
    // index, printf…) are always there. Of equal names the last given counts.
    explicit FunctionTable(std::initializer_list<absl::Span<const Function>> families);

    // Null if there is none.
    [[nodiscard]] const Function* find(std::string_view name) const;

  private:
    void add(absl::Span<const Function> family);
    absl::flat_hash_map<std::string_view, const Function*> functions_;
};

// What LogQL's line_format and label_format offer.
const FunctionTable& logql_functions();

// The families, for tables that want some of them. All live forever.
absl::Span<const Function> builtin_functions();
absl::Span<const Function> comparison_functions();
absl::Span<const Function> string_functions();
absl::Span<const Function> math_functions();
absl::Span<const Function> time_functions();
absl::Span<const Function> encoding_functions();
absl::Span<const Function> regex_functions();
// __line__ and __timestamp__.
absl::Span<const Function> entry_functions();

// The method of that name that values of the kind have, or null. Its first argument is the value.
const Function* find_method(Kind kind, std::string_view name);

}  // namespace logi::tmpl
