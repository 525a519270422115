#include "bucket/claimed_bucket.h"

#include "absl/memory/memory.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"

namespace logi::bucket {
namespace {

constexpr const char* kGivenBack = "given back";
constexpr Duration kLook = Duration::seconds(2);

std::string key_of(const std::string& folder, std::uint64_t number) {
    return absl::StrCat(folder, "/", absl::StrFormat("%020d", number));
}

// A claim's object: its owner, how to show them, and a text that changes with every beat.
std::string text_of(const ClaimOptions& options, const std::string& beat) {
    return absl::StrCat(options.owner, "\n", options.shown, "\n", beat, "\n");
}

std::string line_of(const std::string& text, std::size_t number) {
    std::size_t begin = 0;
    for (; number > 0; --number) {
        begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
    }
    return text.substr(begin, text.find('\n', begin) - begin);
}

struct Newest {
    std::uint64_t number = 0;  // 0: none
    std::string text;
};

StatusOr<Newest> find_newest(Bucket& bucket, const std::string& folder) {
    LOGI_ASSIGN_OR_RETURN(const auto claims, bucket.list(folder));
    Newest newest;
    for (const ObjectInfo& claim : claims) {
        std::uint64_t number = 0;
        if (absl::SimpleAtoi(claim.key.substr(claim.key.rfind('/') + 1), &number)) {
            newest.number = std::max(newest.number, number);
        }
    }
    if (newest.number > 0) {
        LOGI_ASSIGN_OR_RETURN(newest.text, bucket.get(key_of(folder, newest.number)));
    }
    return newest;
}

}  // namespace

struct ClaimedBucket::Claim : std::enable_shared_from_this<ClaimedBucket::Claim> {
    Claim(Dependencies d, std::unique_ptr<Bucket> b, ClaimOptions o)
        : deps(d), bucket(std::move(b)), options(std::move(o)), renewed(d.clock.now()) {}

    void beat_later() {
        deps.executor.post_after(kBeat, [weak = weak_from_this()] {
            if (const auto claim = weak.lock()) {
                // A timer's task is short, and this asks the bucket.
                claim->deps.executor.post([claim] { claim->beat(); });
            }
        });
    }

    void beat() {
        const Timestamp begin = deps.clock.now();
        {
            const base::MutexLock lock(mutex);
            if (ended) {
                return;
            }
            ++beats_missed;
        }
        if (const Status status = renew(); status.ok()) {
            const base::MutexLock lock(mutex);
            renewed = begin;
            beats_missed = 0;
        } else if (status.code() == absl::StatusCode::kAborted) {
            lose();
            return;
        } else {
            base::log_warn("the claim to the bucket could not be renewed",
                           {{"error", std::string(message_of(status))}});
        }
        beat_later();
    }

    // kAborted: it is another's.
    Status renew() {
        LOGI_ASSIGN_OR_RETURN(const Newest newest, find_newest(*bucket, options.folder));
        if (newest.number != number) {
            return absl::AbortedError(line_of(newest.text, 1));
        }
        return bucket->put(key_of(options.folder, number),
                           text_of(options, absl::StrCat(deps.random.next_u64())));
    }

    void lose() {
        {
            const base::MutexLock lock(mutex);
            lost = true;
        }
        base::log_error("another process has taken the bucket; nothing more is written to it");
        if (options.on_lost) {
            options.on_lost();
        }
    }

    // Whether this process may write.
    Status check() {
        const Timestamp now = deps.clock.now();
        const base::MutexLock lock(mutex);
        if (lost) {
            return absl::UnavailableError("another process has taken the bucket");
        }
        const bool late = now - renewed > kFencedAfter || now < renewed ||
                          beats_missed > kFencedAfter.ns / kBeat.ns;
        return late ? absl::UnavailableError("the claim to the bucket could not be renewed")
                    : absl::OkStatus();
    }

    // The last of it: no beat is under way or comes any more.
    void give_back() {
        {
            const base::MutexLock lock(mutex);
            ended = true;
            if (lost) {
                return;
            }
        }
        if (const Status s =
                bucket->put(key_of(options.folder, number), text_of(options, kGivenBack));
            !s.ok()) {
            base::log_warn("the claim to the bucket could not be given back",
                           {{"error", std::string(message_of(s))}});
        }
    }

    const Dependencies deps;
    const std::unique_ptr<Bucket> bucket;
    const ClaimOptions options;
    std::uint64_t number = 0;  // constant once it is claimed
    base::Mutex mutex;
    Timestamp renewed LOGI_GUARDED_BY(mutex);
    int beats_missed LOGI_GUARDED_BY(mutex) = 0;
    bool lost LOGI_GUARDED_BY(mutex) = false;
    bool ended LOGI_GUARDED_BY(mutex) = false;
};

// Looks until the claim is ours.
class ClaimedBucket::Watch : public std::enable_shared_from_this<Watch> {
  public:
    Watch(std::shared_ptr<Claim> claim, Opened opened)
        : claim_(std::move(claim)), opened_(std::move(opened)) {}

    void look() {
        const auto newest = find_newest(*claim_->bucket, claim_->options.folder);
        if (newest.status().code() == absl::StatusCode::kNotFound) {
            look_later();  // a greater one has come meanwhile
            return;
        }
        if (may_pass(newest.status())) {
            look_later();
            return;
        }
        if (!newest.ok()) {
            opened_(newest.status());
            return;
        }
        if (is_free(*newest)) {
            take(newest->number + 1);
            return;
        }
        wait_for(*newest);
    }

  private:
    // A bucket that answers no more while another process is waited for; the first look tells at
    // once what is wrong.
    bool may_pass(const Status& status) const {
        return status.code() == absl::StatusCode::kUnavailable && waited_.ns > 0 &&
               waited_ < claim_->options.wait_max;
    }

    // Also notes what it sees.
    bool is_free(const Newest& newest) {
        if (newest.number == 0 || line_of(newest.text, 0) == claim_->options.owner ||
            line_of(newest.text, 2) == kGivenBack) {
            return true;
        }
        if (newest.number != seen_.number || newest.text != seen_.text) {
            seen_ = newest;
            unchanged_ = Duration{};
        }
        return unchanged_ >= kDeadAfter;
    }

    void take(std::uint64_t number) {
        const Timestamp begin = claim_->deps.clock.now();
        const std::string text =
            text_of(claim_->options, absl::StrCat(claim_->deps.random.next_u64()));
        const Status status =
            claim_->bucket->put_if_absent(key_of(claim_->options.folder, number), text);
        if (status.code() == absl::StatusCode::kAlreadyExists || may_pass(status)) {
            look_later();  // another was faster, or nobody knows
            return;
        }
        if (!status.ok()) {
            opened_(status);
            return;
        }
        claim_->number = number;
        {
            const base::MutexLock lock(claim_->mutex);
            claim_->renewed = begin;
        }
        if (number > 1) {
            claim_->bucket->remove(key_of(claim_->options.folder, number - 1))
                .IgnoreError();  // it counts no more
        }
        claim_->beat_later();
        opened_(absl::WrapUnique(new ClaimedBucket(std::move(claim_))));
    }

    void wait_for(const Newest& newest) {
        if (waited_ == Duration{}) {
            base::log_info("another process has the bucket; waiting for it to end",
                           {{"process", line_of(newest.text, 1)}});
        }
        if (waited_ >= claim_->options.wait_max) {
            opened_(absl::FailedPreconditionError(
                absl::StrCat("another process has the bucket: ", line_of(newest.text, 1))));
            return;
        }
        look_later();
    }

    void look_later() {
        waited_.ns += kLook.ns;
        unchanged_.ns += kLook.ns;
        io::Executor& executor = claim_->deps.executor;
        executor.post_after(kLook, [&executor, self = shared_from_this()] {
            executor.post([self] { self->look(); });
        });
    }

    std::shared_ptr<Claim> claim_;
    const Opened opened_;
    Newest seen_;
    Duration unchanged_;
    Duration waited_;
};

void ClaimedBucket::open(Dependencies deps,
                         std::unique_ptr<Bucket> bucket,
                         ClaimOptions options,
                         Opened opened) {
    auto claim = std::make_shared<Claim>(deps, std::move(bucket), std::move(options));
    auto watch = std::make_shared<Watch>(std::move(claim), std::move(opened));
    deps.executor.post([watch] { watch->look(); });
}

ClaimedBucket::~ClaimedBucket() {
    claim_->give_back();
}

Status ClaimedBucket::put(const std::string& key, std::string_view data) {
    LOGI_RETURN_IF_ERROR(claim_->check());
    return claim_->bucket->put(key, data);
}

Status ClaimedBucket::put_if_absent(const std::string& key, std::string_view data) {
    LOGI_RETURN_IF_ERROR(claim_->check());
    return claim_->bucket->put_if_absent(key, data);
}

StatusOr<std::string> ClaimedBucket::get(const std::string& key) {
    return claim_->bucket->get(key);
}

StatusOr<std::string> ClaimedBucket::get_range(const std::string& key,
                                               std::uint64_t offset,
                                               std::uint64_t length) {
    return claim_->bucket->get_range(key, offset, length);
}

StatusOr<std::uint64_t> ClaimedBucket::size(const std::string& key) {
    return claim_->bucket->size(key);
}

StatusOr<std::vector<ObjectInfo>> ClaimedBucket::list(const std::string& prefix) {
    return claim_->bucket->list(prefix);
}

StatusOr<std::vector<std::string>> ClaimedBucket::list_folders(const std::string& prefix) {
    return claim_->bucket->list_folders(prefix);
}

Status ClaimedBucket::remove(const std::string& key) {
    LOGI_RETURN_IF_ERROR(claim_->check());
    return claim_->bucket->remove(key);
}

}  // namespace logi::bucket
