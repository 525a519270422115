#include "exec/slot_check.h"

#include <algorithm>

namespace logi::exec {
namespace {

// A byte is looked for in whole columns; with more bytes than these each value is looked at.
constexpr std::size_t kSearchedBytesMax = 3;
constexpr std::size_t kCheckedCodesMax = 1024;

// The forbidden bytes that a value can have, as far as the column tells: its reader, or its place.
template <typename Column>
std::string possible_bytes(const Column& column, const SlotCheck& check) {
    std::string possible;
    for (const SlotCheck::Bytes& group : check.forbidden) {
        if ((group.classes & ~column.stamp().classes) != 0) {
            continue;
        }
        for (const char c : group.bytes) {
            if (column.can_have(static_cast<unsigned char>(c))) {
                possible.push_back(c);
            }
        }
    }
    return possible;
}

template <typename Column>
bool well_formed(const Column& column, fields::HoleRule::Form form) {
    using Form = fields::HoleRule::Form;
    const auto has_none = [&column](std::string_view bytes) {
        return std::none_of(bytes.begin(), bytes.end(), [&column](char c) {
            return column.can_have(static_cast<unsigned char>(c));
        });
    };
    return form == Form::kAny || (form == Form::kJsonString && has_none("\"\\")) ||
           (form != Form::kJsonString && column.begins_with_digit()) ||
           (form == Form::kNoObject && has_none(fields::kObjectBegins));
}

bool sizes_allowed(const block::Stamp& stamp, const SlotCheck& check) {
    return check.rule.allows_sizes(stamp.min_size, stamp.max_size);
}

// Only values with a quote or a backslash have to be looked at.
StatusOr<block::RowSet> odd_strings(block::ColumnReader& column, const fields::HoleRule& rule) {
    LOGI_ASSIGN_OR_RETURN(block::RowSet rows, column.match({"\""}));
    LOGI_ASSIGN_OR_RETURN(const block::RowSet escaped, column.match({"\\"}));
    rows.unite(escaped);
    block::RowSet odd = block::RowSet::none(column.rows());
    Status status;
    std::string value;
    rows.for_each([&](std::size_t row) {
        value.clear();
        status.Update(column.append_value(row, value));
        if (!rule.allows(value)) {
            odd.add(row);
        }
    });
    LOGI_RETURN_IF_ERROR(status);
    return odd;
}

// Looks at every value, or at every word where these are few.
StatusOr<block::RowSet> odd_values(block::ColumnReader& column, const fields::HoleRule& rule) {
    block::RowSet odd = block::RowSet::none(column.rows());
    LOGI_ASSIGN_OR_RETURN(const auto codes, column.codes(kCheckedCodesMax));
    if (!codes.has_value()) {
        LOGI_ASSIGN_OR_RETURN(const auto values, column.values());
        for (std::size_t row = 0; row < values.size(); ++row) {
            if (!rule.allows(values[row])) {
                odd.add(row);
            }
        }
        return odd;
    }
    std::vector<bool> bad(codes->count);
    bool any = false;
    for (std::uint32_t code = 0; code < codes->count; ++code) {
        LOGI_ASSIGN_OR_RETURN(const std::string_view value, column.code_value(code));
        bad[code] = !rule.allows(value);
        any = any || bad[code];
    }
    for (std::size_t row = 0; any && row < column.rows(); ++row) {
        if (bad[codes->of_rows.empty() ? 0 : codes->of_rows[row]]) {
            odd.add(row);
        }
    }
    return odd;
}

}  // namespace

SlotCheck::SlotCheck(const fields::HoleRule& of) : rule(of) {
    // Few bytes of all: libstdc++ finds the next one by words.
    for (std::size_t byte = rule.forbidden._Find_first(); byte < rule.forbidden.size();
         byte = rule.forbidden._Find_next(byte)) {
        const block::ClassMask classes = block::kClassOf[byte];
        auto it = std::find_if(forbidden.begin(), forbidden.end(), [&](const Bytes& group) {
            return group.classes == classes;
        });
        if (it == forbidden.end()) {
            it = forbidden.insert(it, {classes, {}});
        }
        it->bytes.push_back(static_cast<char>(byte));
    }
}

bool all_keep(const block::ColumnPlace& column, const SlotCheck& check) {
    return sizes_allowed(column.stamp(), check) && well_formed(column, check.rule.form) &&
           possible_bytes(column, check).empty();
}

StatusOr<block::RowSet> odd_rows(block::ColumnReader& column, const SlotCheck& check) {
    const std::string possible = possible_bytes(column, check);
    const fields::HoleRule::Form form = check.rule.form;
    const bool sizes = sizes_allowed(column.stamp(), check);
    if (sizes && well_formed(column, form) && possible.size() <= kSearchedBytesMax) {
        block::RowSet odd = block::RowSet::none(column.rows());
        for (const char& c : possible) {
            LOGI_ASSIGN_OR_RETURN(const block::RowSet rows, column.match({{&c, 1}}));
            odd.unite(rows);
        }
        return odd;
    }
    if (sizes && possible.empty() && form == fields::HoleRule::Form::kJsonString) {
        return odd_strings(column, check.rule);
    }
    return odd_values(column, check.rule);
}

}  // namespace logi::exec
