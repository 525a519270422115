// JSON values as JMESPath computes with them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace logi::agent::jmespath {

class Value;
using Array = std::vector<Value>;
using Object = std::vector<std::pair<std::string, Value>>;  // in the order of the text

// Cheap to copy: arrays and objects are shared and never change.
class Value {
  public:
    Value() = default;  // null
    explicit Value(bool v) : v_(v) {}
    explicit Value(double v) : v_(v) {}
    explicit Value(std::string v) : v_(std::move(v)) {}
    explicit Value(Array v) : v_(std::make_shared<const Array>(std::move(v))) {}
    explicit Value(Object v) : v_(std::make_shared<const Object>(std::move(v))) {}

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(v_); }
    // Null if it is of another kind.
    [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&v_); }
    [[nodiscard]] const double* number() const { return std::get_if<double>(&v_); }
    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&v_); }
    [[nodiscard]] const Array* array() const { return shared<Array>(); }
    [[nodiscard]] const Object* object() const { return shared<Object>(); }

    // "", [], {}, false and null are false.
    [[nodiscard]] bool truth() const;
    // Members of objects in any order.
    friend bool operator==(const Value& a, const Value& b);
    // Null if there is none; of equal keys the last counts.
    [[nodiscard]] const Value* member(const std::string& name) const;
    // As JSON, without white space.
    [[nodiscard]] std::string to_json() const;

  private:
    template <typename T>
    [[nodiscard]] const T* shared() const {
        const auto* held = std::get_if<std::shared_ptr<const T>>(&v_);
        return held == nullptr ? nullptr : held->get();
    }
    std::variant<std::monostate,
                 bool,
                 double,
                 std::string,
                 std::shared_ptr<const Array>,
                 std::shared_ptr<const Object>>
        v_;
};

}  // namespace logi::agent::jmespath
