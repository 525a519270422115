#include "cluster/writer_watch.h"

#include "absl/strings/str_cat.h"
#include "cluster/announcement.h"

namespace logi::cluster {

Status WriterWatch::look(const std::set<std::string>& writers) {
    LOGI_ASSIGN_OR_RETURN(const auto objects, bucket_.list(kWritersFolder));
    std::map<std::string, bool> all;  // whether it is announced
    for (const auto& writer : writers) {
        all[writer] = false;
    }
    for (const auto& object : objects) {
        all[object.key.substr(object.key.rfind('/') + 1)] = true;
    }
    std::erase_if(seen_, [&](const auto& item) { return !all.contains(item.first); });
    for (const auto& [writer, announced] : all) {
        std::string text;
        if (announced) {
            auto found = bucket_.get(absl::StrCat(kWritersFolder, "/", writer));
            if (found.ok()) {
                text = *std::move(found);
            } else if (found.status().code() != absl::StatusCode::kNotFound) {
                return found.status();
            }
        }
        const auto [it, is_new] = seen_.try_emplace(writer);
        Seen& seen = it->second;
        seen.announced = announced;
        if (is_new || seen.text != text) {
            seen.text = text;
            seen.unchanged = 0;
        }
        ++seen.unchanged;
    }
    return absl::OkStatus();
}

bool WriterWatch::is_dead(const std::string& writer) const {
    const auto it = seen_.find(writer);
    return it != seen_.end() &&
           (it->second.text == kEnded || it->second.unchanged >= kDeadAfterLooks);
}

Status WriterWatch::forget_dead(const std::set<std::string>& writers) {
    for (const auto& [writer, seen] : seen_) {
        if (!seen.announced || writers.contains(writer) || !is_dead(writer)) {
            continue;
        }
        const Status status = bucket_.remove(absl::StrCat(kWritersFolder, "/", writer));
        if (!status.ok() && status.code() != absl::StatusCode::kNotFound) {
            return status;
        }
    }
    return absl::OkStatus();
}

}  // namespace logi::cluster
