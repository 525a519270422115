// Live tails of a simulated cluster: each line that is acknowledged comes once to who follows.
#include "following.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "logql/parser.h"
#include "process.h"

namespace logi::simulation {
namespace {

std::string render(const std::vector<query::LogRow>& rows, tail::Form /*form*/) {
    std::string lines;
    for (const auto& row : rows) {
        absl::StrAppend(&lines, row.line, "\n");
    }
    return lines;
}

}  // namespace

Followed::Followed(io::Executor& executor, const io::Clock& clock, base::Registry& metrics)
    : tails(executor, clock, metrics, render) {}

std::shared_ptr<tail::Follower> Followed::follow(const std::string& tenant) {
    if (!poll->catch_up().ok()) {
        return nullptr;
    }
    const auto log = logql::parse_log_query(R"({app=~".+"})");
    auto follower = *tails.follow({tenant, *log, tail::Form::kPlain, {}});
    return follower->begin({}).ok() ? follower : nullptr;
}

std::vector<std::string> lines_of(tail::Follower& follower) {
    std::vector<std::string> lines;
    while (const auto frame = follower.next()) {
        for (const auto line : absl::StrSplit(*frame->text, '\n', absl::SkipEmpty())) {
            lines.emplace_back(line);
        }
    }
    return lines;
}

// Somebody begins to follow where nobody does.
void World::follow() {
    Process* reader = pick(Role::kReader);
    const std::string& name = kTenants[choice_.below(kTenants.size())];
    if (reader == nullptr || reader->followed->by_tenant.contains(name)) {
        return;
    }
    Following following;
    following.before = expected_of(tenants_[name]).lines;
    reader->busy = true;
    querying_ = true;
    following.follower = reader->followed->follow(name);
    bool complete = following.follower != nullptr;
    if (complete) {
        const ingest::Pinned pinned = reader->store->pin(name,
                                                         {Timestamp::min(), Timestamp::max()},
                                                         {},
                                                         ingest::Opening::kNow,
                                                         ingest::Heads::kOfBucket);
        complete = pinned.missing.empty();
        std::vector<std::string> stored;
        for (const auto& source : pinned.sources) {
            complete = read_lines(*source, stored).ok() && complete;
        }
        following.stored.insert(stored.begin(), stored.end());
    }
    querying_ = false;
    reader->busy = false;
    if (complete) {
        reader->followed->by_tenant.emplace(name, std::move(following));
    } else if (following.follower != nullptr) {
        reader->followed->tails.leave(name, following.follower);
    }
}

void World::read_tails() {
    for (const auto& process : processes_) {
        if (process->followed == nullptr || process->dead()) {
            continue;
        }
        auto& followed = *process->followed;
        for (auto it = followed.by_tenant.begin(); it != followed.by_tenant.end();) {
            auto& [tenant, following] = *it;
            for (const auto& line : lines_of(*following.follower)) {
                ++counts_.followed;
                if (!following.came.insert(line).second) {
                    wrong(absl::StrCat("came twice to who follows: ", line));
                }
            }
            if (following.follower->why_ended().empty()) {
                ++it;
                continue;
            }
            ++counts_.tails_ended;
            followed.tails.leave(tenant, following.follower);
            it = followed.by_tenant.erase(it);
        }
    }
}

void World::check_tails() {
    for (const auto& process : processes_) {
        if (process->followed == nullptr || process->dead()) {
            continue;
        }
        for (const auto& [tenant, following] : process->followed->by_tenant) {
            for (const auto& line : expected_of(tenants_[tenant]).lines) {
                if (!following.before.contains(line) && !following.stored.contains(line) &&
                    !following.came.contains(line)) {
                    wrong(absl::StrCat("acknowledged, and did not come to who follows: ", line));
                }
            }
        }
    }
}

}  // namespace logi::simulation
