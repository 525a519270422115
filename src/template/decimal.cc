#include "template/decimal.h"

#include "absl/strings/str_cat.h"
#include "fields/conversions.h"
#include "template/limits.h"
#include "template/number.h"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace logi::tmpl {
namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr int kDivisionDigits = 16;

Status too_long() {
    return absl::ResourceExhaustedError(
        absl::StrCat("the number has more than ", kDecimalDigitsMax, " digits"));
}

Integer power_of_ten(int n) {
    return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(n));
}

bool is_too_long(const Integer& v) {
    constexpr unsigned kBitsMax = static_cast<unsigned>(kDecimalDigitsMax) * 10 / 3;
    return v != 0 && boost::multiprecision::msb(boost::multiprecision::abs(v)) > kBitsMax;
}

}  // namespace

// coefficient * 10^exponent
struct Decimal::Impl {
    Integer coefficient;
    int exponent = 0;

    // Gives both the smaller exponent of the two.
    static bool align(Impl& a, Impl& b) {
        const int exponent = std::min(a.exponent, b.exponent);
        if (std::max(a.exponent, b.exponent) - exponent > kDecimalDigitsMax) {
            return false;
        }
        for (Impl* d : {&a, &b}) {
            d->coefficient *= power_of_ten(d->exponent - exponent);
            d->exponent = exponent;
        }
        return true;
    }
};

Decimal::Decimal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Decimal::Decimal(Decimal&&) noexcept = default;
Decimal& Decimal::operator=(Decimal&&) noexcept = default;
Decimal::~Decimal() = default;

StatusOr<Decimal> Decimal::from(double v) {
    std::string text = format_float(v, 'e', -1);
    if (!std::isfinite(v)) {
        return absl::InvalidArgumentError(absl::StrCat("Cannot create a Decimal from ", text));
    }
    auto impl = std::make_unique<Impl>();
    const std::size_t e = text.find('e');
    impl->exponent = static_cast<int>(parse_int(std::string_view(text).substr(e + 1), 10).value);
    text.resize(e);
    if (const std::size_t point = text.find('.'); point != std::string::npos) {
        impl->exponent -= static_cast<int>(text.size() - point) - 1;
        text.erase(point, 1);
    }
    impl->coefficient = parse_int(text, 10).value;  // at most 17 digits
    return Decimal(std::move(impl));
}

Status Decimal::add(const Decimal& other) {
    Impl b = *other.impl_;
    if (!Impl::align(*impl_, b)) {
        return too_long();
    }
    impl_->coefficient += b.coefficient;
    return is_too_long(impl_->coefficient) ? too_long() : absl::OkStatus();
}

Status Decimal::subtract(const Decimal& other) {
    Impl b = *other.impl_;
    if (!Impl::align(*impl_, b)) {
        return too_long();
    }
    impl_->coefficient -= b.coefficient;
    return is_too_long(impl_->coefficient) ? too_long() : absl::OkStatus();
}

Status Decimal::multiply(const Decimal& other) {
    impl_->coefficient *= other.impl_->coefficient;
    impl_->exponent += other.impl_->exponent;
    const bool exponent_too_large = std::abs(impl_->exponent) > kDecimalDigitsMax;
    return exponent_too_large || is_too_long(impl_->coefficient) ? too_long() : absl::OkStatus();
}

Status Decimal::divide(const Decimal& other) {
    Integer divisor = other.impl_->coefficient;
    if (divisor == 0) {
        return absl::InvalidArgumentError("decimal division by 0");
    }
    const int shift = impl_->exponent - other.impl_->exponent + kDivisionDigits;
    if (std::abs(shift) > 2 * kDecimalDigitsMax) {
        return too_long();
    }
    Integer dividend = impl_->coefficient;
    if (shift >= 0) {
        dividend *= power_of_ten(shift);
    } else {
        divisor *= power_of_ten(-shift);
    }
    Integer quotient;
    Integer remainder;
    boost::multiprecision::divide_qr(dividend, divisor, quotient, remainder);
    if (2 * boost::multiprecision::abs(remainder) >= boost::multiprecision::abs(divisor)) {
        quotient += (dividend < 0) == (divisor < 0) ? 1 : -1;
    }
    impl_->coefficient = quotient;
    impl_->exponent = -kDivisionDigits;
    return is_too_long(impl_->coefficient) ? too_long() : absl::OkStatus();
}

double Decimal::to_double() const {
    double value = 0;  // past the range infinite
    fields::parse_go_float(
        absl::StrCat(impl_->coefficient.str(), "e", impl_->exponent), value, nullptr);
    return value;
}

}  // namespace logi::tmpl
