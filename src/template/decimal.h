// Decimal numbers of any size, for the arithmetic that must not show binary fractions:
// 1.1 + 2.2 is 3.3.
#pragma once

#include "base/status.h"

#include <memory>

namespace logi::tmpl {

class Decimal {
  public:
    // The shortest decimal that reads back as `v`. kInvalidArgument for NaN and infinities.
    static StatusOr<Decimal> from(double v);
    Decimal(Decimal&&) noexcept;
    Decimal& operator=(Decimal&&) noexcept;
    ~Decimal();

    // This op= other. kResourceExhausted past kDecimalDigitsMax digits.
    Status add(const Decimal& other);
    Status subtract(const Decimal& other);
    Status multiply(const Decimal& other);
    // To 16 digits behind the point, rounded half away from zero. kInvalidArgument by zero.
    Status divide(const Decimal& other);

    // The nearest double.
    [[nodiscard]] double to_double() const;

  private:
    struct Impl;
    explicit Decimal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::tmpl
