// Requests to delete in a simulated cluster, and what they do to what is known of lines.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "process.h"

#include <array>

namespace logi::simulation {

World::Process* World::pick_any() {
    return pick(std::array{Role::kWriter, Role::kReader, Role::kCompactor}[choice_.below(3)]);
}

// Somebody asks any process to delete what one app has logged so far, or some of it.
void World::remove() {
    Process* process = pick_any();
    if (process == nullptr) {
        return;
    }
    const std::string& name = kTenants[choice_.below(kTenants.size())];
    auto& lines = tenants_[name].lines;
    const std::string app = absl::StrCat("a", choice_.below(3));
    const std::string needle = choice_.below(2) == 0 ? "" : " line 1";
    const auto is_meant = [&](const std::string& line, const Line& known) {
        return known.app == app && absl::StrContains(line, needle);
    };
    std::map<std::string, int> before;  // how often they had been pushed
    for (const auto& [line, known] : lines) {
        if (known.acknowledged && is_meant(line, known)) {
            before[line] = known.pushes;
        }
    }
    process->busy = true;
    StatusOr<std::string> id = absl::UnavailableError("no answer");
    process->deletes->add(name,
                          absl::StrCat("{app=\"", app, "\"} |= `", needle, "`"),
                          Timestamp::min(),
                          Timestamp::max(),
                          [&](const StatusOr<std::string>& made) { id = made; });
    process->busy = false;
    const bool made = id.ok() && !process->dead();
    counts_.deletes += made ? 1U : 0U;
    for (auto& [line, known] : lines) {
        if (!is_meant(line, known)) {
            continue;
        }
        // One that was deleted may have been pushed again meanwhile.
        const auto it = before.find(line);
        const bool covered = made && it != before.end() && it->second == known.pushes;
        if (covered) {
            known.deleted_by.insert(*id);
        } else {
            known.doubted = true;
        }
        if (known.state == Line::State::kDeleted) {
            continue;
        }
        known.there = std::nullopt;
        if (covered) {
            known.state = Line::State::kDeleted;
            ++counts_.lines_deleted;
        } else {
            const bool unsure = made && known.state != Line::State::kDoubtful;
            known.state = unsure ? Line::State::kUnsure : Line::State::kDoubtful;
        }
    }
    if (made) {
        requests_.emplace_back(name, *id);
        if (choice_.below(4) == 0) {
            cancel();
        }
    }
}

// Somebody asks any process to cancel one of the requests.
void World::cancel() {
    Process* process = pick_any();
    if (process == nullptr || requests_.empty()) {
        return;
    }
    // Old ones have ended.
    const std::size_t newest = std::min<std::size_t>(requests_.size(), 2);
    const std::size_t number = requests_.size() - 1 - choice_.below(newest);
    const auto [name, id] = requests_[number];
    auto& lines = tenants_[name].lines;
    const bool force = choice_.below(4) == 0;
    process->busy = true;
    cancelling_ = true;
    const Status status = process->deletes->cancel(name, id, force);
    cancelling_ = false;
    process->busy = false;
    const bool refused =
        !process->dead() && (absl::IsInvalidArgument(status) || absl::IsNotFound(status));
    if (refused) {
        return;
    }
    const bool sure = status.ok() && !process->dead() && !force;
    counts_.cancelled += sure ? 1U : 0U;
    requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(number));
    for (auto& [line, known] : lines) {
        if (known.state == Line::State::kUnsure) {
            known.state = Line::State::kDoubtful;
            known.there = std::nullopt;
        }
        if (known.deleted_by.erase(id) == 0) {
            continue;
        }
        known.doubted = known.doubted || !sure;
        if (known.state == Line::State::kDeleted && known.deleted_by.empty()) {
            known.there = std::nullopt;
            known.state = known.doubted ? Line::State::kDoubtful : Line::State::kAcknowledged;
        }
    }
}

}  // namespace logi::simulation
