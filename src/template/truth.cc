#include "template/truth.h"

namespace logi::tmpl {

bool is_true(const Value& value) {
    switch (value.kind()) {
        case Kind::kNone:
        case Kind::kNil:
            return false;
        case Kind::kFloat64:
            return value.as_double() != 0;
        case Kind::kString:
            return !value.as_string().empty();
        case Kind::kList:
            return !value.as_list().empty();
        case Kind::kMap:
        case Kind::kLabels:
            return !value.as_map().empty();
        case Kind::kTime:
            return true;
        default:
            return value.as_int() != 0;
    }
}

}  // namespace logi::tmpl
