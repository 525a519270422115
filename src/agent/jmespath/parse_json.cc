#include "agent/jmespath/expression.h"

#include <simdjson.h>

namespace logi::agent::jmespath {
namespace {

namespace dom = simdjson::dom;

Value value_of(const dom::element& element) {
    switch (element.type()) {
        case dom::element_type::ARRAY: {
            Array items;
            const dom::array array = element.get_array().value_unsafe();
            for (const dom::element item : array) {
                items.push_back(value_of(item));
            }
            return Value(std::move(items));
        }
        case dom::element_type::OBJECT: {
            Object members;
            const dom::object object = element.get_object().value_unsafe();
            for (const auto& member : object) {
                members.emplace_back(std::string(member.key), value_of(member.value));
            }
            return Value(std::move(members));
        }
        case dom::element_type::STRING:
            return Value(std::string(element.get_string().value_unsafe()));
        case dom::element_type::BOOL:
            return Value(element.get_bool().value_unsafe());
        case dom::element_type::NULL_VALUE:
            return {};
        default:
            return Value(element.get_double().value_unsafe());
    }
}

}  // namespace

StatusOr<Value> parse_json(std::string_view text) {
    dom::parser parser;  // refuses what nests too deep
    dom::element root;
    if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
        return absl::InvalidArgumentError("no JSON");
    }
    return value_of(root);
}

}  // namespace logi::agent::jmespath
