#include "journal/kept_objects.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/planted.h"

#include <algorithm>

namespace logi::journal {

void KeptObjects::add(std::uint64_t journal, std::uint64_t number, std::string object) {
    const base::MutexLock lock(mutex_);
    Kept& kept = journals_[journal];
    if (kept.objects.empty()) {
        kept.first = number;
    }
    LOGI_CHECK(number == kept.first + kept.objects.size());
    bytes_ += object.size();
    kept.objects.push_back(std::make_shared<const std::string>(std::move(object)));
    make_room();
}

// An open journal stays known, so that who has its objects already need not ask the bucket.
void KeptObjects::make_room() {
    for (auto it = journals_.begin(); it != journals_.end() && bytes_ > bytes_max_; ++it) {
        auto& [first, objects] = it->second;
        while (!objects.empty() && bytes_ > bytes_max_) {
            bytes_ -= objects.front()->size();
            objects.pop_front();
            ++first;
        }
    }
}

void KeptObjects::forget(std::uint64_t journal) {
    const base::MutexLock lock(mutex_);
    const auto it = journals_.find(journal);
    if (it == journals_.end()) {
        return;
    }
    for (const auto& object : it->second.objects) {
        bytes_ -= object->size();
    }
    journals_.erase(it);
}

StatusOr<KeptObjects::Objects> KeptObjects::after(std::uint64_t journal,
                                                  std::uint64_t after) const {
    const base::MutexLock lock(mutex_);
    const auto it = journals_.find(journal);
    if (it == journals_.end()) {
        return absl::NotFoundError(absl::StrCat("journal ", journal, " is not here"));
    }
    const auto& [first, objects] = it->second;
    if (after + 1 < first && !base::planted(base::Planted::kHeadWithGap)) {
        return absl::NotFoundError(
            absl::StrCat("journal ", journal, " is here from object ", first, " on"));
    }
    const std::uint64_t known = after + 1 < first ? 0 : after + 1 - first;
    Objects found;
    found.last = first + objects.size() - 1;
    for (std::size_t i = std::min<std::uint64_t>(known, objects.size()); i < objects.size(); ++i) {
        found.objects.push_back(objects[i]);
    }
    return found;
}

}  // namespace logi::journal
