#include "agent/stages/json_values.h"

#include "fields/conversions.h"

#include <simdjson.h>

namespace logi::agent {

namespace dom = simdjson::dom;

struct JsonValues::Impl {
    dom::parser parser;
    dom::element root;
    std::string text;
};

JsonValues::JsonValues() : impl_(std::make_unique<Impl>()) {}
JsonValues::~JsonValues() = default;

bool JsonValues::parse(std::string_view text) {
    impl_->text.assign(text);
    return impl_->parser.parse(impl_->text).get(impl_->root) == simdjson::SUCCESS &&
           impl_->root.is_object();
}

namespace {

using Step = std::variant<std::string, std::int64_t>;

bool take_step(const Step& step, dom::element& at) {
    if (const auto* name = std::get_if<std::string>(&step); name != nullptr) {
        dom::object object;
        if (at.get(object) != simdjson::SUCCESS) {
            return false;
        }
        // Of equal keys the last counts, as in Go.
        bool found = false;
        for (const auto& member : object) {
            if (member.key == *name) {
                at = member.value;
                found = true;
            }
        }
        return found;
    }
    dom::array array;
    if (at.get(array) != simdjson::SUCCESS) {
        return false;
    }
    const std::int64_t index = std::get<std::int64_t>(step);
    const std::int64_t from_start =
        index >= 0 ? index : index + static_cast<std::int64_t>(array.size());
    return from_start >= 0 &&
           array.at(static_cast<std::size_t>(from_start)).get(at) == simdjson::SUCCESS;
}

}  // namespace

JsonValues::Found JsonValues::find(const jmespath::Expression& expression, std::string& out) const {
    const auto* steps = expression.steps();
    if (steps == nullptr) {
        return search(expression, out);
    }
    dom::element at = impl_->root;
    for (const Step& step : *steps) {
        if (!take_step(step, at)) {
            return Found::kNull;
        }
    }
    switch (at.type()) {
        case dom::element_type::STRING:
            out.assign(at.get_string().value_unsafe());
            break;
        case dom::element_type::INT64:
        case dom::element_type::UINT64:
        case dom::element_type::DOUBLE:
            out = fields::format_go_float(at.get_double().value_unsafe());
            break;
        case dom::element_type::BOOL:
            out = at.get_bool().value_unsafe() ? "true" : "false";
            break;
        case dom::element_type::NULL_VALUE:
            return Found::kNull;
        default:
            out = simdjson::minify(at);
    }
    return Found::kText;
}

// Of an expression that is more than a path.
JsonValues::Found JsonValues::search(const jmespath::Expression& expression,
                                     std::string& out) const {
    const auto root = jmespath::parse_json(impl_->text);
    const auto result = root.ok() ? expression.search(*root) : root;
    if (!result.ok()) {
        return Found::kNothing;
    }
    if (result->is_null()) {
        return Found::kNull;
    }
    out = result->text() != nullptr ? *result->text() : result->to_json();
    return Found::kText;
}

}  // namespace logi::agent
