// One process of a simulated cluster: what a server of its role runs, on a machine of its own.
#pragma once

#include "absl/strings/str_cat.h"
#include "cluster_world.h"
#include "following.h"

namespace logi::simulation {

inline const std::vector<std::string> kTenants = {"one", "two"};
inline constexpr Duration kGrace = Duration::minutes(1);
// Longer than any run.
inline constexpr Duration kKept = Duration::hours(24 * 60);

// Of a machine whose clock may be wrong.
class SkewedClock final : public io::Clock {
  public:
    SkewedClock(const io::Clock& right, Duration wrong_by) : right_(right), wrong_by_(wrong_by) {}
    [[nodiscard]] Timestamp now() const override { return right_.now() + wrong_by_; }
    void set(Duration wrong_by) { wrong_by_ = wrong_by; }
    [[nodiscard]] Duration wrong_by() const { return wrong_by_; }

  private:
    const io::Clock& right_;
    Duration wrong_by_;
};

class World::Process {
  public:
    // `merging`: of one that compacts. Else it only sweeps and takes over.
    Process(World& world, Role r, std::uint64_t number, Duration clock_wrong_by, bool merging)
        : role(r),
          merges(merging),
          name(absl::StrCat("p", number)),
          clock(world.clock_, clock_wrong_by),
          executor(world.options_.seed * 1000 + number, world.clock_),
          random(world.options_.seed * 1000 + number + 500) {
        ingest::StoreOptions options;
        options.limits.ingestion_rate_mb = 1e6;
        options.limits.ingestion_burst_size_mb = 1e6;
        options.flush_age_max = Duration::seconds(90);
        options.retention_enabled = true;
        options.limits.retention_period = kKept;
        options.shared.emplace();
        options.shared->writer = role == Role::kWriter ? name : "";
        options.shared->journal_bytes_max = 1500;
        options.shared->kept_bytes_max = 1000;
        if (world.options_.seed % 3 != 0) {
            options.shared->ask_writers = [this, &world](const ingest::HeadQuestion& question) {
                return world.ask_writers(*this, question);
            };
        }
        options.shared->catalog.behind_max = 6;
        options.shared->catalog.snapshots_kept = 3;
        if (world.options_.follow && role == Role::kReader) {
            followed = std::make_unique<Followed>(executor, clock, metrics);
            auto& tails = followed->tails;
            options.shared->listener = {
                [&tails](const std::string& tenant) { return tails.follows(tenant); },
                [&tails](const std::string& tenant, auto streams, auto bytes) {
                    tails.publish(tenant, std::move(streams), std::move(bytes));
                }};
        }
        options.open_bucket = [&]() -> StatusOr<std::unique_ptr<bucket::Bucket>> {
            auto way = std::make_unique<bucket::FaultyBucket>(
                world.network_,
                world.healed_ ? bucket::BucketFaults() : world.options_.faults,
                [this, &world] { world.let_others_work(*this); });
            way->set_filter([this, &world](const std::string& what, const std::string& key) {
                world.may_wait_long(*this, what, key);
                return absl::OkStatus();
            });
            bucket = way.get();
            return way;
        };
        auto opened =
            ingest::Store::open({executor, clock, random, world.files_, metrics}, options);
        store = *std::move(opened);
        if (followed != nullptr) {
            followed->poll = std::make_shared<tail::JournalPoll>(
                executor, clock, followed->tails, [this](bool look) {
                    return store->poll_journals(look);
                });
        }
        deletes = std::make_unique<compact::Deletes>(
            *store, clock, random, Duration::seconds(world.options_.seed % 4 < 2 ? 0 : 40));
        if (role == Role::kWriter) {
            announcement = std::make_unique<cluster::Announcement>(
                executor,
                *bucket,
                cluster::Announced{absl::StrCat(cluster::kWritersFolder, "/", name), ""});
            announcement->start();
        }
        if (role == Role::kCompactor) {
            // As a server does, which else does not start.
            if (store->discover_tenants().ok()) {
                start_housekeeping();
            } else {
                bucket->cut();
            }
        }
    }

    ~Process() {
        executor.drop_all();
        housekeeping.reset();
        compactor.reset();
        deletes.reset();
        announcement.reset();
        executor.drop_all();
        store.reset();
        followed.reset();
    }

    void start_housekeeping() {
        compact::CompactorOptions compaction;
        compaction.interval = {};
        compaction.plan.small_segments_max = 2;
        compactor = std::make_unique<compact::Compactor>(
            compact::Compactor::Deps{*store, *deletes, executor, clock, metrics}, compaction);
        compactor->start();  // which watches the clock
        cluster::HousekeepingOptions options;
        options.name = name;
        options.interval = Duration::seconds(20);
        options.grace = kGrace;
        if (merges) {
            options.compact = [this](io::Task done) {
                compactor->run(std::move(done));
            };
        }
        housekeeping = std::make_unique<cluster::Housekeeping>(*store, executor, metrics, options);
        housekeeping->start();
    }

    [[nodiscard]] bool dead() const { return bucket->is_cut(); }

    const Role role;
    const bool merges;
    const std::string name;
    SkewedClock clock;
    io::SimExecutor executor;
    io::SeededRandom random;
    base::Registry metrics;
    bucket::FaultyBucket* bucket = nullptr;  // the store's
    std::unique_ptr<Followed> followed;      // null: nobody can
    std::unique_ptr<ingest::Store> store;
    std::unique_ptr<cluster::Announcement> announcement;
    std::unique_ptr<compact::Deletes> deletes;
    std::unique_ptr<compact::Compactor> compactor;
    std::unique_ptr<cluster::Housekeeping> housekeeping;
    bool busy = false;       // one of its tasks runs
    Timestamp paused_until;  // it does nothing
};

}  // namespace logi::simulation
