#include "rule/cluster_shares.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace logi::rule {
namespace {

constexpr const char* kMembers = "rulers/members";
constexpr const char* kLists = "rulers/lists";
constexpr std::uint64_t kListsKept = 8;

using Ids = std::vector<std::string>;

std::string list_key(std::uint64_t number) {
    return absl::StrCat(kLists, "/", absl::StrFormat("%020d", number));
}

std::string member_key(const std::string& id) {
    return absl::StrCat(kMembers, "/", id);
}

std::string name_in(const std::string& key) {
    return key.substr(key.rfind('/') + 1);
}

// Whose it is, by rendezvous hashing: when the list changes few groups change hands.
const std::string& owner_of(const Ids& ids, const GroupKey& key) {
    const std::string text = absl::StrCat(key.tenant, "\n", key.name_space, "\n", key.group, "\n");
    return *std::max_element(ids.begin(), ids.end(), [&](const auto& a, const auto& b) {
        return base::hash64(text + a) < base::hash64(text + b);
    });
}

}  // namespace

struct ClusterShares::State {
    struct List {
        std::uint64_t number = 0;
        Ids ids;
    };
    base::Mutex mutex;
    // The list that groups are evaluated by, if all go by it, and those that came after it: a group
    // is this process's that is so by all of them.
    std::vector<List> lists LOGI_GUARDED_BY(mutex);
    bool agreed LOGI_GUARDED_BY(mutex) = false;  // of the first list
    std::uint64_t told LOGI_GUARDED_BY(mutex) = 0;
    Timestamp renewed LOGI_GUARDED_BY(mutex) = Timestamp::min();
    bool left LOGI_GUARDED_BY(mutex) = false;
    // Times that it was silent for so long that others may have taken its groups over: what began
    // before is over.
    std::uint64_t silences LOGI_GUARDED_BY(mutex) = 0;
    // Evaluations that are under way, by the newest list when they began.
    std::map<std::uint64_t, int> held LOGI_GUARDED_BY(mutex);

    // What others have had meanwhile is not known: all have to agree on the newest list.
    void begin_anew() LOGI_REQUIRES(mutex) {
        agreed = false;
        if (!lists.empty()) {
            lists.erase(lists.begin(), lists.end() - 1);
        }
    }
    [[nodiscard]] bool lives(Timestamp now) LOGI_REQUIRES(mutex) {
        return !left && now >= renewed && now - renewed <= kFencedAfter;
    }
};

class ClusterShares::Held final : public Lease {
  public:
    Held(std::shared_ptr<State> state,
         const io::Clock& clock,
         std::uint64_t list,
         std::uint64_t silences)
        : state_(std::move(state)), clock_(clock), list_(list), silences_(silences) {}
    ~Held() override {
        const base::MutexLock lock(state_->mutex);
        const auto it = state_->held.find(list_);
        if (--it->second == 0) {
            state_->held.erase(it);
        }
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    [[nodiscard]] bool holds() const override {
        const base::MutexLock lock(state_->mutex);
        return silences_ == state_->silences && state_->lives(clock_.now());
    }

  private:
    const std::shared_ptr<State> state_;
    const io::Clock& clock_;
    const std::uint64_t list_;
    const std::uint64_t silences_;
};

ClusterShares::ClusterShares(const Deps& deps, std::string id)
    : deps_(deps), id_(std::move(id)), strand_(deps.executor), state_(std::make_shared<State>()) {}

ClusterShares::~ClusterShares() = default;

void ClusterShares::start() {
    strand_.post([this] {
        look();
        look_later();
    });
}

void ClusterShares::look_later() {
    deps_.executor.post_after(kLook, [this] { start(); });
}

void ClusterShares::look() {
    constexpr int kTimes = 3;
    bool again = true;
    for (int i = 0; again && i < kTimes; ++i) {
        const auto made = look_once(i == 0);
        if (!made.ok()) {
            base::log_warn("groups of rules cannot be shared out now",
                           {{"error", std::string(made.status().message())}});
            return;
        }
        again = *made;
    }
}

StatusOr<bool> ClusterShares::look_once(bool counts) {
    // What is learnt from here on is at least as new as this time.
    const Timestamp begin = deps_.clock.now();
    LOGI_ASSIGN_OR_RETURN(const std::uint64_t newest, learn_list());
    LOGI_RETURN_IF_ERROR(tell(begin));
    LOGI_RETURN_IF_ERROR(watch_members(counts));
    {
        const base::MutexLock lock(state_->mutex);
        const bool all_told =
            state_->told == newest &&
            std::all_of(others_.begin(), others_.end(), [&](const auto& other) {
                return other.second.list >= newest || other.second.unchanged >= kDeadAfterLooks;
            });
        if (newest > 0 && all_told) {
            state_->lists.erase(state_->lists.begin(), state_->lists.end() - 1);
            state_->agreed = true;
        }
    }
    return make_list(newest);
}

StatusOr<std::uint64_t> ClusterShares::learn_list() {
    LOGI_ASSIGN_OR_RETURN(const auto objects, deps_.bucket.list(kLists));
    std::uint64_t newest = 0;
    for (const auto& object : objects) {
        std::uint64_t number = 0;
        if (absl::SimpleAtoi(name_in(object.key), &number)) {
            newest = std::max(newest, number);
        }
    }
    std::uint64_t known = 0;
    {
        const base::MutexLock lock(state_->mutex);
        known = state_->lists.empty() ? 0 : state_->lists.back().number;
    }
    // Also those between: another may go by one of them.
    for (std::uint64_t number = known == 0 ? newest : known + 1; number <= newest && newest > 0;
         ++number) {
        const auto text = deps_.bucket.get(list_key(number));
        const bool forgotten = absl::IsNotFound(text.status()) && number < newest;
        if (!forgotten) {
            LOGI_RETURN_IF_ERROR(text.status());
        }
        const base::MutexLock lock(state_->mutex);
        if (forgotten) {
            state_->begin_anew();
        } else {
            state_->lists.push_back({number, absl::StrSplit(*text, '\n', absl::SkipEmpty())});
        }
    }
    return newest;
}

// That this process lives, and which list it goes by: the newest, once nothing is under way that
// began before it was known.
Status ClusterShares::tell(Timestamp begin) {
    std::uint64_t list = 0;
    {
        const base::MutexLock lock(state_->mutex);
        if (state_->left) {
            return absl::OkStatus();
        }
        list = state_->told;
        const std::uint64_t newest = state_->lists.empty() ? 0 : state_->lists.back().number;
        if (state_->held.empty() || state_->held.begin()->first >= newest) {
            list = newest;
        }
    }
    const Status put = deps_.bucket.put(member_key(id_), absl::StrCat(list, "\n", ++looks_, "\n"));
    LOGI_RETURN_IF_ERROR(put);
    const base::MutexLock lock(state_->mutex);
    if (begin - state_->renewed > kFencedAfter) {
        ++state_->silences;
        state_->begin_anew();
    }
    state_->told = list;
    state_->renewed = begin;
    return absl::OkStatus();
}

Status ClusterShares::watch_members(bool counts) {
    LOGI_ASSIGN_OR_RETURN(const auto objects, deps_.bucket.list(kMembers));
    std::map<std::string, Member> seen;
    for (const auto& object : objects) {
        const std::string id = name_in(object.key);
        if (id == id_) {
            continue;
        }
        const auto text = deps_.bucket.get(object.key);
        if (absl::IsNotFound(text.status())) {
            continue;  // it has left
        }
        LOGI_RETURN_IF_ERROR(text.status());
        Member& member = seen[id];
        const auto before = others_.find(id);
        if (before != others_.end() && before->second.text == *text) {
            member = before->second;
            member.unchanged += counts ? 1 : 0;
        } else {
            member.text = *text;
            if (!absl::SimpleAtoi(text->substr(0, text->find('\n')), &member.list)) {
                member.list = 0;
            }
        }
    }
    others_ = std::move(seen);
    return absl::OkStatus();
}

// True: there is a new one.
StatusOr<bool> ClusterShares::make_list(std::uint64_t newest) {
    std::set<std::string> alive = {id_};
    for (const auto& [id, member] : others_) {
        if (member.unchanged < kDeadAfterLooks) {
            alive.insert(id);
        }
    }
    std::set<std::string> listed;
    {
        const base::MutexLock lock(state_->mutex);
        if (state_->left) {
            return false;
        }
        if (!state_->lists.empty()) {
            listed.insert(state_->lists.back().ids.begin(), state_->lists.back().ids.end());
        }
    }
    if (alive == listed || *alive.begin() != id_) {
        return false;
    }
    const Status put = deps_.bucket.put_if_absent(list_key(newest + 1), absl::StrJoin(alive, "\n"));
    if (!put.ok() && !absl::IsAlreadyExists(put)) {
        return put;
    }
    base::log_info("groups of rules are shared out anew",
                   {{"processes", std::to_string(alive.size())}});
    remove_old(newest);
    return true;
}

void ClusterShares::remove_old(std::uint64_t newest) {
    if (newest > kListsKept) {
        deps_.bucket.remove(list_key(newest - kListsKept)).IgnoreError();
    }
    for (const auto& [id, member] : others_) {
        if (member.unchanged >= kForgetAfterLooks) {
            deps_.bucket.remove(member_key(id)).IgnoreError();
        }
    }
}

void ClusterShares::leave() {
    {
        const base::MutexLock lock(state_->mutex);
        state_->left = true;
    }
    if (const Status s = deps_.bucket.remove(member_key(id_)); !s.ok() && !absl::IsNotFound(s)) {
        base::log_warn("others wait for this process, which ends, until they take it for dead",
                       {{"error", std::string(s.message())}});
    }
}

std::shared_ptr<const Lease> ClusterShares::enter(const GroupKey& key) {
    const base::MutexLock lock(state_->mutex);
    if (!state_->agreed || !state_->lives(deps_.clock.now())) {
        return nullptr;
    }
    for (const State::List& list : state_->lists) {
        if (list.ids.empty() || owner_of(list.ids, key) != id_) {
            return nullptr;
        }
    }
    const std::uint64_t newest = state_->lists.back().number;
    ++state_->held[newest];
    return std::make_shared<Held>(state_, deps_.clock, newest, state_->silences);
}

}  // namespace logi::rule
