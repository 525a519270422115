// What a process that reads asks those that write for: what a tenant has in their journals. The
// bytes of version 1 of the call `heads` (server/peer_heads.h), little-endian:
//
//   asked     string tenant | varint n | n x { u64 journal, u64 number }
//   answered  varint n | n x { u64 journal, u64 last, u8 more, varint objects | objects x string }
//
// Objects are those of journal/journal_object.h with nothing but the tenant's records. Both are in
// the order of the journals' ids.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace logi::ingest {

struct HeadQuestion {
    std::string tenant;
    std::map<std::uint64_t, std::uint64_t> after;  // of a journal, the object behind which
};

// Of one journal, what is acknowledged and behind the object that was asked for. A journal that is
// another's, or that the process does not have so far back, is left out of the answer.
struct HeadPart {
    std::uint64_t journal = 0;
    std::uint64_t last = 0;  // everything up to this object is there
    bool more = false;       // behind it, to be asked for again
    std::vector<std::string> objects;
};
using HeadAnswer = std::vector<HeadPart>;

[[nodiscard]] std::string encode_question(const HeadQuestion& question);
StatusOr<HeadQuestion> decode_question(std::string_view bytes);
[[nodiscard]] std::string encode_answer(const HeadAnswer& answer);
StatusOr<HeadAnswer> decode_answer(std::string_view bytes);

// Asks every process that writes, and waits for what they answer: seconds at most. Who does not
// answer says nothing of its journals.
using AskWriters = std::function<std::vector<HeadAnswer>(const HeadQuestion&)>;

}  // namespace logi::ingest
