// A bucket that one process has at a time.
//
// Numbered claims lie under claims/; the greatest counts. Who has it writes it anew every few
// seconds; who wants it watches it, and takes the next number with put_if_absent once it was given
// back or has not changed for kDeadAfter of the watcher's own time. Who cannot renew a claim for
// kFencedAfter writes nothing more until that succeeds again, and nothing ever when there is a
// greater one: so that two processes write at once only if a write was under way for longer than
// the difference.
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/random.h"

#include <functional>
#include <memory>
#include <string>

namespace logi::bucket {

struct ClaimOptions {
    // Who asks, over restarts. A claim of the same owner is taken at once: the caller knows that
    // no other process of it runs.
    std::string owner;
    std::string shown;  // in messages: host and process
    // Who claims something else than all of it has another folder.
    std::string folder = "claims";
    Duration wait_max = Duration::minutes(2);  // for another process to end
    std::function<void()> on_lost;             // called at most once, from a task
};

class ClaimedBucket final : public Bucket {
  public:
    struct Dependencies {
        io::Executor& executor;
        const io::Clock& clock;
        io::Random& random;
    };
    static constexpr Duration kBeat = Duration::seconds(5);
    static constexpr Duration kFencedAfter = Duration::seconds(20);
    static constexpr Duration kDeadAfter = Duration::seconds(40);

    using Opened = std::function<void(StatusOr<std::unique_ptr<Bucket>>)>;
    // kFailedPrecondition: another process has it still. The dependencies outlive the bucket.
    static void open(Dependencies deps,
                     std::unique_ptr<Bucket> bucket,
                     ClaimOptions options,
                     Opened opened);
    // Gives the claim back.
    ~ClaimedBucket() override;

    Status put(const std::string& key, std::string_view data) override;
    Status put_if_absent(const std::string& key, std::string_view data) override;
    StatusOr<std::string> get(const std::string& key) override;
    StatusOr<std::string> get_range(const std::string& key,
                                    std::uint64_t offset,
                                    std::uint64_t length) override;
    StatusOr<std::uint64_t> size(const std::string& key) override;
    StatusOr<std::vector<ObjectInfo>> list(const std::string& prefix) override;
    StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) override;
    Status remove(const std::string& key) override;

  private:
    struct Claim;
    class Watch;
    explicit ClaimedBucket(std::shared_ptr<Claim> claim) : claim_(std::move(claim)) {}

    const std::shared_ptr<Claim> claim_;
};

}  // namespace logi::bucket
