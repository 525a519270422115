// JMESPath (jmespath.org): expressions that pick and shape values of JSON.
#pragma once

#include "agent/jmespath/value.h"
#include "base/status.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent::jmespath {

struct Node;

// Immutable, safe from any thread.
class Expression {
  public:
    // kInvalidArgument with the place of what is wrong; also for functions that there are not.
    static StatusOr<Expression> parse(std::string_view text);
    // kInvalidArgument for arguments that a function does not take.
    [[nodiscard]] StatusOr<Value> search(const Value& root) const;
    // The names and indexes of an expression that is nothing but those: a."b.c"[0].
    [[nodiscard]] const std::vector<std::variant<std::string, std::int64_t>>* steps() const;

  private:
    explicit Expression(std::shared_ptr<const Node> root);
    std::shared_ptr<const Node> root_;
    std::vector<std::variant<std::string, std::int64_t>> steps_;
    bool is_path_ = false;
};

// The value of a JSON text; kInvalidArgument if it is none.
StatusOr<Value> parse_json(std::string_view text);

}  // namespace logi::agent::jmespath
