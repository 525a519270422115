// A process that shares a bucket with others, as it announces itself, and who of several is asked
// first for something.
//
//   members/<id>    beat <number>
//                   address <HOST:PORT>       none: it takes no calls
//                   version <text>
//                   roles <read,write,…>
//
// or "ended". Lines with other words are for later versions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::cluster {

inline constexpr const char* kMembersFolder = "members";

struct Member {
    std::string id;       // of one start of a process
    std::string address;  // for calls (net/caller.h); empty: it takes none
    std::string version;  // of the program
    std::string roles;    // joined by commas

    [[nodiscard]] bool has_role(std::string_view role) const;
    friend bool operator==(const Member&, const Member&) = default;
};

// What an announcement says behind its first line.
[[nodiscard]] std::string facts_of(const Member& member);
// Nothing for a text that is none.
[[nodiscard]] std::optional<Member> parse_member(const std::string& id, const std::string& text);

// All of `members`: the first is the one that has `key`, the others follow as they would have it if
// those before were not there. Each process finds the same order, and when one comes or goes, only
// its own keys have another first.
[[nodiscard]] std::vector<Member> ranked(std::vector<Member> members, std::string_view key);

}  // namespace logi::cluster
