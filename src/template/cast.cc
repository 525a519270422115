#include "template/cast.h"

#include "fields/conversions.h"
#include "template/number.h"

#include <algorithm>
#include <string_view>

namespace logi::tmpl {
namespace {

// "-3.99" without its fraction; anything but digits around the point stays as it is.
std::string_view without_fraction(std::string_view s) {
    const std::size_t point = s.find('.');
    if (point == std::string_view::npos) {
        return s;
    }
    const std::size_t sign = s[0] == '-' || s[0] == '+' ? 1 : 0;
    for (std::size_t i = sign; i < s.size(); ++i) {
        if (i != point && (s[i] < '0' || s[i] > '9')) {
            return s;
        }
    }
    return point == sign ? "0" : s.substr(0, point);
}

}  // namespace

std::int64_t to_int(const Value& value) {
    switch (value.kind()) {
        case Kind::kBool:
            return value.as_bool() ? 1 : 0;
        case Kind::kInt:
        case Kind::kInt64:
        case Kind::kUint8:
        case Kind::kDuration:
        case Kind::kMonth:
        case Kind::kWeekday:
            return value.as_int();
        case Kind::kFloat64:
            return truncate_to_int(value.as_double());
        case Kind::kString: {
            const auto parsed = parse_int(without_fraction(value.as_string()), 0);
            return parsed.ok() ? parsed.value : 0;
        }
        default:
            return 0;
    }
}

double to_float(const Value& value) {
    switch (value.kind()) {
        case Kind::kFloat64:
            return value.as_double();
        case Kind::kString: {
            double number = 0;
            return fields::parse_go_float(value.as_string(), number, nullptr) ? number : 0;
        }
        default:
            return static_cast<double>(to_int(value));
    }
}

}  // namespace logi::tmpl
