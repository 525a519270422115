#include "cluster/announcement_watch.h"

#include "absl/strings/str_cat.h"
#include "cluster/announcement.h"

namespace logi::cluster {

Status AnnouncementWatch::look(const std::set<std::string>& also) {
    LOGI_ASSIGN_OR_RETURN(const auto objects, bucket_.list(folder_));
    std::map<std::string, bool> all;  // whether it is announced
    for (const auto& who : also) {
        all[who] = false;
    }
    for (const auto& object : objects) {
        all[object.key.substr(object.key.rfind('/') + 1)] = true;
    }
    std::erase_if(seen_, [&](const auto& item) { return !all.contains(item.first); });
    for (const auto& [who, announced] : all) {
        std::string text;
        if (announced) {
            auto found = bucket_.get(absl::StrCat(folder_, "/", who));
            if (found.ok()) {
                text = *std::move(found);
            } else if (found.status().code() != absl::StatusCode::kNotFound) {
                return found.status();
            }
        }
        const auto [it, is_new] = seen_.try_emplace(who);
        Seen& seen = it->second;
        seen.announced = announced;
        if (is_new || seen.text != text) {
            seen.lives = !is_new || has_looked_;
            seen.text = text;
            seen.unchanged = 0;
        }
        ++seen.unchanged;
    }
    has_looked_ = true;
    return absl::OkStatus();
}

bool AnnouncementWatch::is_dead(const std::string& who) const {
    const auto it = seen_.find(who);
    return it != seen_.end() &&
           it->second.unchanged >= (it->second.text == kEnded ? 1 : dead_after_looks_);
}

std::map<std::string, std::string> AnnouncementWatch::living() const {
    std::map<std::string, std::string> out;
    for (const auto& [who, seen] : seen_) {
        if (seen.announced && seen.lives && !is_dead(who)) {
            out.emplace(who, seen.text);
        }
    }
    return out;
}

Status AnnouncementWatch::forget_dead(const std::set<std::string>& except) {
    for (const auto& [who, seen] : seen_) {
        if (!seen.announced || except.contains(who) || !is_dead(who)) {
            continue;
        }
        const Status status = bucket_.remove(absl::StrCat(folder_, "/", who));
        if (!status.ok() && status.code() != absl::StatusCode::kNotFound) {
            return status;
        }
    }
    return absl::OkStatus();
}

}  // namespace logi::cluster
