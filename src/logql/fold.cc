#include "logql/fold.h"

#include <cmath>
#include <limits>

namespace logi::logql {

double fold(BinaryOp op, double left, double right) {
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    switch (op) {
        case BinaryOp::kAdd:
            return left + right;
        case BinaryOp::kSub:
            return left - right;
        case BinaryOp::kMul:
            return left * right;
        case BinaryOp::kDiv:
            return right == 0 ? kNaN : left / right;
        case BinaryOp::kMod:
            return right == 0 ? kNaN : std::fmod(left, right);
        case BinaryOp::kPow:
            return std::pow(left, right);
        case BinaryOp::kEqual:
            return left == right ? 1 : 0;
        case BinaryOp::kNotEqual:
            return left != right ? 1 : 0;
        case BinaryOp::kLess:
            return left < right ? 1 : 0;
        case BinaryOp::kLessEqual:
            return left <= right ? 1 : 0;
        case BinaryOp::kGreater:
            return left > right ? 1 : 0;
        case BinaryOp::kGreaterEqual:
            return left >= right ? 1 : 0;
        case BinaryOp::kOr:
        case BinaryOp::kAnd:
        case BinaryOp::kUnless:
            break;
    }
    return kNaN;
}

}  // namespace logi::logql
