#include "cluster/members.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"

#include <algorithm>
#include <map>
#include <utility>

namespace logi::cluster {

struct Members::State {
    State(io::Executor& e, bucket::Bucket& b, Member s)
        : executor(e), self(std::move(s)), watch(b, kMembersFolder, kDeadAfterLooks) {}

    io::Executor& executor;
    base::Mutex mutex;
    Member self LOGI_GUARDED_BY(mutex);
    bool left LOGI_GUARDED_BY(mutex) = false;
    std::unique_ptr<Announcement> announcement LOGI_GUARDED_BY(mutex);  // null: none
    std::map<std::string, Member> others LOGI_GUARDED_BY(mutex);        // by their ids
    AnnouncementWatch watch;  // touched by one task at a time
    bool failing = false;     // as watch

    std::vector<Member> all() {
        const base::MutexLock lock(mutex);
        std::map<std::string, Member> members = others;
        if (!left) {
            members.emplace(self.id, self);
        }
        std::vector<Member> out;
        for (auto& [id, member] : members) {
            out.push_back(std::move(member));
        }
        return out;
    }
};

Members::Members(io::Executor& executor,
                 bucket::Bucket& bucket,
                 base::Registry& metrics,
                 Member self)
    : executor_(executor),
      bucket_(bucket),
      id_(self.id),
      state_(std::make_shared<State>(executor, bucket, std::move(self))),
      told_(metrics.on_render([state = state_](base::Scrape& scrape) {
          for (const Member& member : state->all()) {
              scrape.gauge("logi_cluster_members",
                           "Processes that share the bucket, as this one knows.",
                           {{"roles", member.roles}, {"version", member.version}},
                           1);
          }
      })) {}

Members::~Members() {
    const base::MutexLock lock(state_->mutex);
    state_->left = true;
    state_->announcement.reset();
}

void Members::start(const std::string& address) {
    {
        const base::MutexLock lock(state_->mutex);
        state_->self.address = address;
        state_->announcement = std::make_unique<Announcement>(
            executor_,
            bucket_,
            Announced{absl::StrCat(kMembersFolder, "/", id_), facts_of(state_->self), kLook});
        state_->announcement->start();
    }
    look_later(state_, Duration{});
}

void Members::leave() {
    std::unique_ptr<Announcement> announcement;
    {
        const base::MutexLock lock(state_->mutex);
        state_->left = true;
        announcement = std::move(state_->announcement);
    }
    if (announcement != nullptr) {
        announcement->end();
    }
}

void Members::look_later(const std::shared_ptr<State>& state, Duration delay) {
    // A timer's task is short, and this asks the bucket.
    state->executor.post_after(delay, [state] { state->executor.post([state] { look(state); }); });
}

void Members::look(const std::shared_ptr<State>& state) {
    std::string own;
    {
        const base::MutexLock lock(state->mutex);
        if (state->left) {
            return;
        }
        own = state->self.id;
    }
    Status status = state->watch.look();
    if (status.ok()) {
        std::map<std::string, Member> others;
        for (const auto& [id, text] : state->watch.living()) {
            auto member = parse_member(id, text);
            if (member.has_value() && id != own) {
                others.emplace(id, *std::move(member));
            }
        }
        {
            const base::MutexLock lock(state->mutex);
            state->others = std::move(others);
        }
        status = state->watch.forget_dead({own});
    }
    // Until the bucket answers again everything stays as it was.
    if (!status.ok() && !state->failing) {
        base::log_warn("who shares the bucket with this process could not be looked at",
                       {{"error", std::string(message_of(status))}});
    }
    state->failing = !status.ok();
    look_later(state, kLook);
}

std::vector<Member> Members::all() const {
    return state_->all();
}

int Members::count(std::string_view role) const {
    const base::MutexLock lock(state_->mutex);
    int count = !state_->left && state_->self.has_role(role) ? 1 : 0;
    for (const auto& [id, member] : state_->others) {
        count += member.has_role(role) ? 1 : 0;
    }
    return std::max(count, 1);
}

std::vector<Member> Members::ranked_for(std::string_view role, std::string_view key) const {
    auto members = all();
    std::erase_if(members,
                  [role](const Member& m) { return m.address.empty() || !m.has_role(role); });
    return ranked(std::move(members), key);
}

}  // namespace logi::cluster
