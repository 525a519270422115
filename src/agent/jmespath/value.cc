#include "agent/jmespath/value.h"

#include "fields/conversions.h"
#include "wire/json_text.h"

#include <algorithm>

namespace logi::agent::jmespath {

bool Value::truth() const {
    if (const bool* b = boolean(); b != nullptr) {
        return *b;
    }
    if (const std::string* s = text(); s != nullptr) {
        return !s->empty();
    }
    if (const Array* a = array(); a != nullptr) {
        return !a->empty();
    }
    if (const Object* o = object(); o != nullptr) {
        return !o->empty();
    }
    return number() != nullptr;
}

const Value* Value::member(const std::string& name) const {
    const Object* members = object();
    if (members == nullptr) {
        return nullptr;
    }
    const auto at = std::find_if(
        members->rbegin(), members->rend(), [&](const auto& m) { return m.first == name; });
    return at == members->rend() ? nullptr : &at->second;
}

bool operator==(const Value& a, const Value& b) {
    if (a.array() != nullptr && b.array() != nullptr) {
        return *a.array() == *b.array();
    }
    if (a.object() != nullptr && b.object() != nullptr) {
        return a.object()->size() == b.object()->size() &&
               std::all_of(a.object()->begin(), a.object()->end(), [&](const auto& m) {
                   const Value* other = b.member(m.first);
                   return other != nullptr && m.second == *other;
               });
    }
    return a.v_ == b.v_;
}

std::string Value::to_json() const {
    std::string out;
    if (const bool* b = boolean(); b != nullptr) {
        out = *b ? "true" : "false";
    } else if (const double* n = number(); n != nullptr) {
        out = fields::format_go_float(*n);
    } else if (const std::string* s = text(); s != nullptr) {
        wire::append_json_string(out, *s);
    } else if (const Array* a = array(); a != nullptr) {
        for (const Value& item : *a) {
            out.append(out.empty() ? "[" : ",").append(item.to_json());
        }
        out.append(out.empty() ? "[]" : "]");
    } else if (const Object* o = object(); o != nullptr) {
        for (const auto& [name, value] : *o) {
            out.push_back(out.empty() ? '{' : ',');
            wire::append_json_string(out, name);
            out.append(":").append(value.to_json());
        }
        out.append(out.empty() ? "{}" : "}");
    } else {
        out = "null";
    }
    return out;
}

}  // namespace logi::agent::jmespath
