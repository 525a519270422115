// Loki's PushRequest.
#include "wire/decode_budget.h"
#include "wire/protobuf_walk.h"
#include "wire/push.h"

namespace logi::wire {
namespace {

using protobuf::Field;
using protobuf::kBytes;
using protobuf::kVarint;
using protobuf::walk;

constexpr std::size_t kEntriesReserved = 8192;

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
