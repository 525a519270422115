#include "template/frame.h"
#include "template/function.h"
#include "template/zone.h"

namespace logi::tmpl {
namespace {

StatusOr<Value> line(Frame& frame, absl::Span<const Value>) {
    return Value::string(frame.context().line());
}

StatusOr<Value> timestamp(Frame& frame, absl::Span<const Value>) {
    return Value::time(TimeValue::from(frame.context().time(), Zone::local()));
}

constexpr Function kEntryFunctions[] = {
    {.name = "__line__", .call = line, .reads_line = true},
    {.name = "__timestamp__", .call = timestamp, .reads_time = true},
};

}  // namespace

absl::Span<const Function> entry_functions() {
    return kEntryFunctions;
}

FunctionTable::FunctionTable(std::initializer_list<absl::Span<const Function>> families) {
    add(builtin_functions());
    add(comparison_functions());
    for (const auto& family : families) {
        add(family);
    }
}

void FunctionTable::add(absl::Span<const Function> family) {
    for (const Function& function : family) {
        functions_.insert_or_assign(function.name, &function);
    }
}

const Function* FunctionTable::find(std::string_view name) const {
    const auto it = functions_.find(name);
    return it == functions_.end() ? nullptr : it->second;
}

const FunctionTable& logql_functions() {
    static const auto* const table = new FunctionTable({string_functions(),
                                                        math_functions(),
                                                        time_functions(),
                                                        encoding_functions(),
                                                        regex_functions(),
                                                        entry_functions()});
    return *table;
}

}  // namespace logi::tmpl
