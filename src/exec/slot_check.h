// Whether the values of a slot keep to the rule of a hole, found out on what their column knows.
#pragma once

#include "block/char_class.h"
#include "block/line_head.h"
#include "fields/outline.h"

#include <string>
#include <vector>

namespace logi::exec {

// A rule, with the bytes that may not be there by the classes that tell whether they are.
struct SlotCheck {
    struct Bytes {
        block::ClassMask classes = 0;
        std::string bytes;
    };
    fields::HoleRule rule;
    std::vector<Bytes> forbidden;

    explicit SlotCheck(const fields::HoleRule& of);
};

// Whether all values keep to the rule, as far as is known without reading them. Where not, some may
// break it.
[[nodiscard]] bool all_keep(const block::ColumnPlace& column, const SlotCheck& check);

// The rows whose value breaks the rule.
StatusOr<block::RowSet> odd_rows(block::ColumnReader& column, const SlotCheck& check);

}  // namespace logi::exec
