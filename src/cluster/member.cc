#include "cluster/member.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"

#include <algorithm>
#include <utility>

namespace logi::cluster {
namespace {

// Others could put a line of their own there.
std::string line_of(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

}  // namespace

bool Member::has_role(std::string_view role) const {
    std::string_view left = roles;
    while (true) {
        const std::size_t comma = left.find(',');
        if (left.substr(0, comma) == role) {
            return true;
        }
        if (comma == std::string_view::npos) {
            return false;
        }
        left.remove_prefix(comma + 1);
    }
}

std::string facts_of(const Member& member) {
    return absl::StrCat("address ",
                        line_of(member.address),
                        "\nversion ",
                        line_of(member.version),
                        "\nroles ",
                        line_of(member.roles));
}

std::optional<Member> parse_member(const std::string& id, const std::string& text) {
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    if (!lines.front().starts_with("beat ")) {
        return std::nullopt;
    }
    Member member;
    member.id = id;
    for (const std::string& line : lines) {
        const std::size_t space = line.find(' ');
        if (space == std::string::npos) {
            continue;
        }
        const std::string word = line.substr(0, space);
        std::string value = line.substr(space + 1);
        if (word == "address") {
            member.address = std::move(value);
        } else if (word == "version") {
            member.version = std::move(value);
        } else if (word == "roles") {
            member.roles = std::move(value);
        }
    }
    return member;
}

std::vector<Member> ranked(std::vector<Member> members, std::string_view key) {
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < members.size(); ++i) {
        order.emplace_back(base::hash64(key, base::hash64(members[i].id)), i);
    }
    std::sort(order.begin(), order.end(), [&members](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : members[a.second].id < members[b.second].id;
    });
    std::vector<Member> out;
    out.reserve(members.size());
    for (const auto& [score, i] : order) {
        out.push_back(std::move(members[i]));
    }
    return out;
}

}  // namespace logi::cluster
