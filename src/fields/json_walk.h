// The order and names in which the members of a JSON object become fields: nested objects
// flattened, null and arrays passed over.
#pragma once

#include "fields/field_sink.h"
#include "fields/json_reader.h"
#include "fields/names.h"

#include <string_view>

namespace logi::fields {

// A Taker has
//   bool meets(const JsonMember&)       every member, before anything else; false: stop
//   bool wants_prefix(std::string_view) false: pass over a nested object of that name
//   bool takes(name, const JsonValue&)  a scalar; false: stop
// While they run, scratch.path holds the keys from the root.
template <typename Taker>
class JsonWalk {
  public:
    JsonWalk(Taker& taker, Scratch& scratch) : taker_(taker), scratch_(scratch) {
        scratch_.name.clear();
        scratch_.path.clear();
    }

    // False: stopped, because of an error or by the taker.
    bool object(std::string_view text) {
        const std::size_t depth = scratch_.path.size();
        if (depth == kJsonDepthMax) {
            error_ = JsonError::kDepth;
            return false;
        }
        JsonObjectReader reader(text, scratch_.keys[depth]);
        JsonMember member;
        while (reader.next(member)) {
            scratch_.path.push_back(member.key);
            const bool go_on = taker_.meets(member) && take(member);
            scratch_.path.pop_back();
            if (!go_on) {
                return false;
            }
        }
        error_ = reader.error();
        return error_ == JsonError::kNone;
    }

    [[nodiscard]] JsonError error() const { return error_; }

  private:
    bool take(const JsonMember& member) {
        switch (member.value.type) {
            case JsonType::kNull:
            case JsonType::kArray:
                return true;
            case JsonType::kObject:
                return nested(member);
            default:
                return scalar(member);
        }
    }

    // scratch.name holds the flattened name down to the current object.
    bool nested(const JsonMember& member) {
        const std::size_t prefix = scratch_.name.size();
        append_name_part(scratch_.name, member.key);
        const bool wanted = scratch_.name.empty() || taker_.wants_prefix(scratch_.name);
        const bool go_on = !wanted || object(member.value.text);
        scratch_.name.resize(prefix);
        return go_on;
    }

    bool scalar(const JsonMember& member) {
        const std::size_t prefix = scratch_.name.size();
        bool go_on = true;
        if (prefix == 0) {
            go_on = give(sanitised_name(member.key, scratch_.name), member.value);
        } else {
            append_name_part(scratch_.name, member.key);
            go_on = give(scratch_.name, member.value);
        }
        scratch_.name.resize(prefix);
        return go_on;
    }

    bool give(std::string_view name, const JsonValue& value) {
        return name.empty() || taker_.takes(name, value);
    }

    Taker& taker_;
    Scratch& scratch_;
    JsonError error_ = JsonError::kNone;
};

}  // namespace logi::fields
