// Protobuf messages, walked by hand: fields by number, unknown ones skipped.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <string_view>

namespace logi::wire::protobuf {

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field of a message.
struct Field {
    std::uint64_t number = 0;
    std::uint64_t type = 0;
    std::uint64_t value = 0;
    std::string_view bytes;

    [[nodiscard]] bool is(std::uint64_t n, WireType t) const { return number == n && type == t; }
};

// The next field; false at the end or at malformed bytes, which `malformed` tells apart.
inline bool next_field(base::ByteReader& r, Field& field, bool& malformed) {
    if (r.done()) {
        return false;
    }
    const std::uint64_t key = r.varint();
    field.number = key >> 3U;
    field.type = key & 7U;
    switch (field.type) {
        case kVarint:
            field.value = r.varint();
            break;
        case kFixed64:
            field.value = r.u64();
            break;
        case kBytes:
            field.bytes = r.string();
            break;
        case kFixed32:
            field.value = r.u32();
            break;
        default:
            malformed = true;
            return false;
    }
    malformed = malformed || !r.ok() || field.number == 0;
    return !malformed;
}

// Calls `on_field` with each field of a message, until it returns false; false also if the bytes
// are no message.
template <typename F>
bool walk(std::string_view message, F on_field) {
    base::ByteReader r(message);
    Field field;
    bool malformed = false;
    while (next_field(r, field, malformed)) {
        if (!on_field(field)) {
            return false;
        }
    }
    return !malformed;
}

}  // namespace logi::wire::protobuf
