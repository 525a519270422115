// Executes the tree of a template for one entry.
#pragma once

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "base/status.h"
#include "template/frame.h"
#include "template/function.h"
#include "template/parser.h"
#include "template/syntax.h"
#include "template/template.h"

#include <optional>
#include <string>
#include <string_view>

namespace logi::tmpl {

// What stays the same for all executions of a template.
struct Program {
    std::string name;
    std::string text;
    MissingKey missing = MissingKey::kEmpty;
    Definitions definitions;
};

class Evaluator {
  public:
    // All must outlive the evaluator; it executes once.
    Evaluator(const Program& program,
              RegexCache& regexes,
              const Context& context,
              std::string& out);

    // With that as the data at the beginning.
    Status run(const Value& dot);

  private:
    enum class Flow { kNext, kBreak, kContinue };
    struct Variable {
        std::string_view name;
        Value value;
    };
    // The operands of a call, the function's own name first, and what a pipe brings as the last.
    struct Arguments {
        absl::Span<const Operand> operands;
        const Value* piped = nullptr;
        [[nodiscard]] bool any() const { return operands.size() > 1 || piped != nullptr; }
    };

    // evaluator.cc: nodes
    StatusOr<Flow> walk(const Value& dot, const std::vector<Node>& nodes);
    StatusOr<Flow> walk_node(const Value& dot, const Node& node);
    Status write_field(const Value& dot, const Node& node);
    Status write(const Value& value);
    StatusOr<Flow> walk_if_or_with(const Value& dot, const Node& node);
    StatusOr<Flow> walk_range(const Value& dot, const Node& node);
    StatusOr<bool> iterate(const Node& node, const Value& over);
    StatusOr<Flow> iteration(const Node& node, const Value& index, const Value& element);
    Status call_template(const Value& dot, const Node& node);

    // evaluate_pipeline.cc: pipelines, commands, fields and variables
    StatusOr<Value> pipeline(const Value& dot, const Pipeline& pipe);
    StatusOr<Value> command(const Value& dot, const Command& cmd, const Value* piped);
    StatusOr<Value> constant(const Value& dot, const Operand& operand);
    StatusOr<Value> chain(const Value& dot, const Operand& operand, const Arguments& args);
    StatusOr<Value> variable(const Value& dot, const Operand& operand, const Arguments& args);
    StatusOr<Value> fields(const Value& dot,
                           Value receiver,
                           const Syntax& at,
                           absl::Span<const std::string> names,
                           const Arguments& args);
    StatusOr<Value> field(const Value& dot,
                          const Value& receiver,
                          const Syntax& at,
                          const std::string& name,
                          const Arguments& args);
    Value map_field(const Value& map, std::string_view name) const;
    Status refuse_arguments(const Operand& first, const Arguments& args);
    StatusOr<Value*> find_variable(std::string_view name);

    // evaluate_call.cc: calls and their arguments
    StatusOr<Value> call(const Value& dot,
                         const Function& function,
                         const Value* receiver,
                         const Syntax& at,
                         const Arguments& args);
    StatusOr<Value> and_or(const Value& dot, bool is_or, const Arguments& args);
    Status refuse_call(const Value& callee, const Syntax& at, const Arguments& args);
    Status check_count(const Function& function, std::size_t own, const Arguments& args);
    StatusOr<Value> argument(const Value& dot, Param param, const Operand& operand);
    StatusOr<Value> operand_value(const Value& dot, const Operand& operand);
    StatusOr<Value> literal(Param param, const Operand& operand);
    StatusOr<Value> checked(Param param, const Value& value);

    // A message with the place where evaluation is.
    [[nodiscard]] Status fail(std::string_view message) const;
    // Counts towards the limit of steps.
    Status step(std::uint64_t steps = 1);
    Status enter();
    void leave() { --depth_; }
    void at(const Syntax& syntax) { at_ = &syntax; }

    const Program& program_;
    Frame frame_;
    Sink out_;
    std::string_view template_name_;
    const Syntax* at_ = nullptr;
    absl::InlinedVector<Variable, 8> variables_;
    std::uint64_t steps_ = 0;
    int depth_ = 0;
};

}  // namespace logi::tmpl
