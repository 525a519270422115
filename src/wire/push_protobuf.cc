// Loki's PushRequest, walked by hand: fields by number, unknown ones skipped.
#include "base/bytes.h"
#include "wire/decode_budget.h"
#include "wire/push.h"

namespace logi::wire {
namespace {

constexpr std::size_t kEntriesReserved = 8192;

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field of a message.
struct Field {
    std::uint64_t number = 0;
    std::uint64_t type = 0;
    std::uint64_t value = 0;
    std::string_view bytes;
};

// The next field; false at the end or at malformed bytes (then r.ok() is false).
bool next_field(base::ByteReader& r, Field& field, bool& malformed) {
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

// Calls `on_field` with each field of a message; false if the bytes are no message.
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

bool walk_timestamp(std::string_view message, Timestamp& time) {
    std::int64_t seconds = 0;
    std::int64_t nanos = 0;
    const bool ok = walk(message, [&](const Field& f) {
        if (f.number == 1 && f.type == kVarint) {
            seconds = static_cast<std::int64_t>(f.value);
        } else if (f.number == 2 && f.type == kVarint) {
            nanos = static_cast<std::int32_t>(f.value);
        }
        return true;
    });
    // Seconds that do not fit nanoseconds stop at the ends; limits refuse them.
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(seconds, kNanosPerSecond, &ns)) {
        time = seconds < 0 ? Timestamp::min() : Timestamp::max();
    } else {
        time = Timestamp{ns} + Duration{nanos};
    }
    return ok;
}

bool walk_entry(std::string_view message, EntryView& entry, DecodeBudget& budget) {
    return walk(message, [&](const Field& f) {
        if (f.type != kBytes) {
            return true;
        }
        if (f.number == 1) {
            return walk_timestamp(f.bytes, entry.time);
        }
        if (f.number == 2) {
            entry.line = f.bytes;
        } else if (f.number == 3) {
            if (!budget.take(sizeof(MetadataView))) {
                return false;
            }
            MetadataView pair;
            const bool ok = walk(f.bytes, [&](const Field& p) {
                if (p.type == kBytes && p.number == 1) {
                    pair.name = p.bytes;
                } else if (p.type == kBytes && p.number == 2) {
                    pair.value = p.bytes;
                }
                return true;
            });
            entry.metadata.push_back(pair);
            return ok;
        }
        return true;
    });
}

bool walk_stream(std::string_view message, PushStream& stream, DecodeBudget& budget) {
    stream.labels = std::string_view();
    return walk(message, [&](const Field& f) {
        if (f.number == 1 && f.type == kBytes) {
            stream.labels = f.bytes;
        } else if (f.number == 2 && f.type == kBytes) {
            if (!budget.take(sizeof(EntryView))) {
                return false;
            }
            if (stream.entries.empty()) {
                // Entries are about alike; not more at once, whatever the first one makes hope.
                stream.entries.reserve(
                    std::min(kEntriesReserved, message.size() / (f.bytes.size() + 1) + 1));
            }
            stream.entries.emplace_back();
            return walk_entry(f.bytes, stream.entries.back(), budget);
        }
        return true;
    });
}

}  // namespace

std::variant<PushRequest, PushError> decode_push_protobuf(base::Buffer body,
                                                          const DecodeLimits& limits) {
    PushRequest request;
    request.body = std::move(body);
    DecodeBudget budget(request.body.size(), limits.decoded_bytes_max);
    const bool ok = walk(request.body.view(), [&](const Field& f) {
        if (f.number != 1 || f.type != kBytes) {
            return true;
        }
        if (!budget.take(sizeof(PushStream))) {
            return false;
        }
        request.streams.emplace_back();
        return walk_stream(f.bytes, request.streams.back(), budget);
    });
    if (budget.exhausted()) {
        return PushError{413, kTooManyParts};
    }
    if (!ok) {
        return PushError{400, "proto: malformed push request"};
    }
    return request;
}

}  // namespace logi::wire
