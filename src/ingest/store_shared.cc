// A store over a bucket that other processes work over, too.
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/planted.h"
#include "bucket/counted_bucket.h"
#include "ingest/store.h"
#include "journal/bucket_journal.h"

#include <set>

namespace logi::ingest {
namespace {

// Of a process that takes no pushes.
class NoJournal final : public journal::Journal {
  public:
    explicit NoJournal(io::Executor& executor) : strand_(executor) {}
    void append(const std::string& /*tenant*/,
                std::shared_ptr<const std::string> /*payload*/,
                std::function<void(StatusOr<journal::RecordId>)> done) override {
        done(absl::UnavailableError("this process takes no pushes"));
    }
    void post_in_order(io::Task task) override { strand_.post(std::move(task)); }
    void rotate() override {}
    Status remove(std::uint64_t /*journal*/) override { return absl::OkStatus(); }
    [[nodiscard]] Duration age() const override { return {}; }

  private:
    io::Strand strand_;
};

}  // namespace

Status Store::load_shared() {
    const SharedStoreOptions& shared = *options_.shared;
    LOGI_ASSIGN_OR_RETURN(auto opened, options_.open_bucket());
    bucket_ =
        std::make_unique<bucket::CountedBucket>(std::move(opened), deps_.clock, deps_.metrics);
    open_ranges();
    heads_ = std::make_unique<JournalHeads>(*bucket_, shared.journals_bytes_max);
    if (shared.writer.empty()) {
        journal_ = std::make_unique<NoJournal>(deps_.executor);
    } else {
        journal::BucketJournal::Options options;
        options.writer = shared.writer;
        options.journal_bytes_max = shared.journal_bytes_max;
        journal_ = std::make_unique<journal::BucketJournal>(
            journal::BucketJournal::Deps{
                deps_.executor, *bucket_, deps_.clock, deps_.random, deps_.metrics},
            options,
            journal::JournalEvents{[this](std::uint64_t journal, std::uint64_t last) {
                on_journal_closed(journal, last);
            }});
    }
    tick_later();
    return absl::OkStatus();
}

Status Store::discover_tenants() {
    LOGI_ASSIGN_OR_RETURN(const auto folders,
                          bucket_->list_folders(catalog::Catalog::kTenantsFolder));
    for (const auto& folder : folders) {
        const auto name = bucket::unescape_key_part(folder);
        if (!name.ok() || bucket::escape_key_part(*name) != folder) {
            base::log_warn("this folder is no tenant's", {{"folder", folder}});
            continue;
        }
        const auto owner = tenant(*name);
        const Status learnt = owner.ok() ? (*owner)->catalog().learn() : owner.status();
        if (!learnt.ok()) {
            base::log_error("a tenant's catalog cannot be read",
                            {{"tenant", *name}, {"error", std::string(learnt.message())}});
            continue;
        }
        count_segments(**owner);
    }
    return absl::OkStatus();
}

Status Store::write_generation(const std::shared_ptr<Tenant>& tenant,
                               std::shared_ptr<head::Generation> generation) {
    LOGI_RETURN_IF_ERROR(flush_generation({tenant, std::move(generation), "taken_over"}));
    flush_metrics_.count_flushed("taken_over");
    count_segments(*tenant);
    return absl::OkStatus();
}

Pinned Store::pin_shared(const std::string& tenant_name,
                         TimeRange range,
                         const std::vector<Matcher>& only,
                         Opening opening) {
    Pinned pinned;
    // Journals first, then the snapshot: what is removed from them in between is in the snapshot,
    // and what is in both is left out here.
    std::shared_ptr<Tenant> owner = find_tenant(tenant_name);
    const auto known_before = owner == nullptr ? nullptr : owner->catalog().snapshot();
    JournalHeads::Found found = heads_->find(tenant_name);
    pinned.missing = std::move(found.missing);
    Status known;
    if (owner != nullptr) {
        known = owner->catalog().learn();
    } else {
        auto catalog = catalog::Catalog::open_shared(
            *bucket_, deps_.clock, deps_.random, tenant_name, options_.shared->catalog);
        known = catalog.status();
        // Who makes up names of tenants must not leave something in memory for each.
        if (catalog.ok() && (*catalog)->snapshot()->number == 0) {
            owner = std::make_shared<Tenant>(tenant_name, *std::move(catalog));
        } else if (catalog.ok()) {
            auto kept = tenant(tenant_name);
            known = kept.status();
            if (kept.ok()) {
                owner = *std::move(kept);
                known = owner->catalog().learn();
            }
        }
    }
    if (!known.ok()) {
        const std::string why =
            absl::StrCat("which segments there are is not known: ", known.message());
        base::log_error("segments are left out of an answer", {{"error", why}});
        pinned.missing.push_back(why);
        return pinned;
    }
    auto snapshot = owner->catalog().snapshot();
    if (known_before != nullptr && base::planted(base::Planted::kSnapshotBeforeJournals)) {
        snapshot = known_before;
    }
    const exec::Hiding hiding = hiding_of(*owner, *snapshot, only);
    for (const auto& piece : found.pieces) {
        const std::uint64_t in_segments = base::planted(base::Planted::kHeadAndSegment)
                                              ? 0
                                              : snapshot->position(piece->journal());
        if (auto rows = piece->after(in_segments); rows != nullptr && !rows->blocks().empty()) {
            pinned.sources.push_back(exec::visible(std::move(rows), hiding));
        }
    }
    pinned.heads = pinned.sources.size();
    pinned.hiding = hiding;
    pin_segments(snapshot, range, hiding, opening, pinned);
    return pinned;
}

}  // namespace logi::ingest
