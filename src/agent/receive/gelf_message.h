// Messages of GELF, Graylog's format: JSON, compressed or not, in one datagram or in chunks.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/status.h"
#include "base/time.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

// What a message says of itself.
struct GelfMessage {
    std::string host;
    std::string version;
    std::string facility;
    unsigned level = 1;             // of syslog, at most 7; alert when it does not say
    std::optional<Timestamp> time;  // to the microsecond
};

// kInvalidArgument for what is no JSON object.
StatusOr<GelfMessage> parse_gelf(std::string_view json);

// The JSON of a whole message, which may be compressed as gzip or zlib. kInvalidArgument when that
// is broken, kOutOfRange when it becomes too much.
StatusOr<std::string> gelf_json(std::string_view message);

// Puts chunks together. One thread at a time. Bounded: of messages that are not whole the oldest
// are given up, and each after five seconds.
class GelfChunks {
  public:
    // A whole message; nothing until its last chunk is there. kInvalidArgument for what is no
    // chunk.
    StatusOr<std::optional<std::string>> add(std::string_view datagram,
                                             const std::string& from,
                                             Timestamp now);
    // How many messages were given up since the last call.
    std::uint64_t given_up(Timestamp now);

    [[nodiscard]] static bool is_chunk(std::string_view datagram);

  private:
    struct Partial {
        Timestamp begun;
        std::vector<std::optional<std::string>> pieces;
        std::size_t missing = 0;
        std::size_t bytes = 0;
    };
    void give_up_old(Timestamp now, std::size_t bytes);
    void forget(const std::string& key);

    absl::flat_hash_map<std::string, Partial> partial_;    // by sender and number of the message
    std::deque<std::pair<Timestamp, std::string>> order_;  // also of those that are whole
    std::size_t bytes_ = 0;
    std::uint64_t given_up_ = 0;
};

}  // namespace logi::agent
