#include "agent/discovery/json_members.h"

#include "absl/strings/ascii.h"

#include <algorithm>

namespace logi::agent {

std::string text_of(const jmespath::Value& object, const std::string& name) {
    const jmespath::Value* member = object.member(name);
    return member == nullptr || member->text() == nullptr ? "" : *member->text();
}

std::string number_of(const jmespath::Value& object, const std::string& name) {
    const jmespath::Value* member = object.member(name);
    return member == nullptr || member->number() == nullptr ? "" : member->to_json();
}

const jmespath::Array& items_of(const jmespath::Value& object, const std::string& name) {
    static const jmespath::Array kNone;
    const jmespath::Value* member = object.member(name);
    return member == nullptr || member->array() == nullptr ? kNone : *member->array();
}

std::string as_label_name(std::string_view text) {
    std::string name(text);
    for (char& c : name) {
        c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
    }
    return name;
}

}  // namespace logi::agent
