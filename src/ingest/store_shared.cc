// A store over a bucket that other processes work over, too.
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/planted.h"
#include "bucket/counted_bucket.h"
#include "ingest/journal_rows.h"
#include "ingest/store.h"
#include "journal/bucket_journal.h"
#include "journal/registry.h"

#include <algorithm>
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

constexpr int kPinTries = 4;
// After which the rest is asked for again.
constexpr std::uint64_t kHeadAnswerBytes = 16ULL << 20U;

// Whether it is known of each piece what of it is in segments: the position of a journal that the
// snapshot does not know may have been dropped since `known`, when the journal was not gone.
bool tells_all(const catalog::Snapshot& snapshot,
               std::uint64_t known,
               const JournalHeads::Found& found) {
    return snapshot.dropped_on <= known ||
           std::all_of(found.pieces.begin(), found.pieces.end(), [&](const auto& piece) {
               return snapshot.positions.contains(piece->journal());
           });
}

// Of journals whose positions may have been dropped, as they may be gone.
void leave_out_forgotten(const catalog::Snapshot& snapshot, JournalHeads::Found& found) {
    std::erase_if(found.pieces, [&](const auto& piece) {
        return snapshot.dropped_on > 0 && !snapshot.positions.contains(piece->journal());
    });
}

}  // namespace

Status Store::load_shared() {
    const SharedStoreOptions& shared = *options_.shared;
    LOGI_ASSIGN_OR_RETURN(auto opened, options_.open_bucket());
    bucket_ =
        std::make_unique<bucket::CountedBucket>(std::move(opened), deps_.clock, deps_.metrics);
    open_ranges();
    heads_ = std::make_unique<JournalHeads>(*bucket_, shared.journals_bytes_max, shared.listener);
    if (shared.ask_writers) {
        writer_heads_ = std::make_unique<WriterHeads>(
            *bucket_, shared.ask_writers, shared.journals_bytes_max, deps_.metrics);
    }
    if (shared.writer.empty()) {
        journal_ = std::make_unique<NoJournal>(deps_.executor);
    } else {
        journal::BucketJournal::Options options;
        options.writer = shared.writer;
        options.journal_bytes_max = shared.journal_bytes_max;
        options.kept_bytes_max = shared.kept_bytes_max;
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

std::vector<std::uint64_t> Store::parts_of(const catalog::Snapshot& snapshot,
                                           const head::Generation& generation) {
    std::set<std::uint64_t> ends = {generation.to()};
    const std::uint64_t from = generation.from();
    // An earlier attempt may have written the beginning.
    const std::uint64_t written = snapshot.position(generation.journal());
    if (written > from && written < generation.to()) {
        ends.insert(written);
    }
    // Equal entries from before and after a cut are two, and rows in memory are rid of the second.
    for (const catalog::DeleteRequest& request : snapshot.deletes) {
        if (request.cuts(generation.journal(), from, generation.to()) &&
            !base::planted(base::Planted::kDeleteDoesNotCut)) {
            ends.insert(request.arrived.at(generation.journal()));
        }
    }
    return {ends.begin(), ends.end()};
}

Status Store::flush_parts(const FlushQueue::Job& job, const std::vector<std::uint64_t>& ends) {
    const std::uint64_t journal = job.generation->journal();
    // Who takes over a journal has told what of it is damaged, and sets it aside.
    OnDamage on_damage = OnDamage::kFail;
    {
        const base::MutexLock lock(mutex_);
        on_damage = journals_.contains(journal) ? OnDamage::kFail : OnDamage::kSkip;
    }
    std::uint64_t from = job.generation->from();
    for (const std::uint64_t end : ends) {
        if (job.tenant->catalog().snapshot()->position(journal) < end) {
            auto part =
                read_generation(*bucket_, job.tenant->name(), journal, from, end, on_damage);
            if (!part.ok()) {
                // One that is gone others have written.
                LOGI_ASSIGN_OR_RETURN(const bool registered,
                                      journal::is_registered(*bucket_, journal));
                return registered ? part.status() : absl::OkStatus();
            }
            LOGI_RETURN_IF_ERROR(flush_once({job.tenant, *std::move(part), job.reason}));
        }
        from = end;
    }
    return absl::OkStatus();
}

StatusOr<Store::Arrived> Store::arrived_in_bucket() {
    Arrived arrived = {{catalog::kOtherJournals, 0}};
    LOGI_ASSIGN_OR_RETURN(const auto journals, journal::registered_journals(*bucket_));
    for (const std::uint64_t journal : journals) {
        LOGI_ASSIGN_OR_RETURN(const auto numbers, journal::object_numbers(*bucket_, journal));
        // One without objects is new, or all of it is in segments.
        if (!numbers.empty()) {
            arrived[journal] = journal::position_of(numbers.back() + 1, 0);
        }
    }
    return arrived;
}

bool Store::in_journals(const std::string& tenant) {
    const JournalHeads::Found found = find_heads(tenant, Heads::kOfWriters);
    return !found.pieces.empty() || !found.missing.empty();
}

JournalHeads::Found Store::find_heads(const std::string& tenant, Heads from) {
    if (writer_heads_ == nullptr || from == Heads::kOfBucket) {
        return heads_->find(tenant);
    }
    const std::uint64_t known_before = heads_->known();
    WriterHeads::Found asked = writer_heads_->find(tenant);
    if (asked.silent.empty()) {
        return std::move(asked.heads);
    }
    JournalHeads::Found found =
        heads_->find_in(tenant, {asked.registered, known_before}, asked.silent);
    JournalHeads::Found& all = asked.heads;
    all.pieces.insert(all.pieces.end(), found.pieces.begin(), found.pieces.end());
    all.missing.insert(all.missing.end(), found.missing.begin(), found.missing.end());
    return std::move(all);
}

HeadAnswer Store::answer_heads(const HeadQuestion& question) const {
    HeadAnswer answer;
    std::uint64_t bytes = 0;
    for (const auto& [journal, after] : question.after) {
        const auto kept = journal_->objects_after(journal, after);
        if (!kept.ok()) {
            continue;
        }
        HeadPart part{journal, kept->last, false, {}};
        bool readable = true;
        std::uint64_t number = kept->last - kept->objects.size();
        for (const auto& object : kept->objects) {
            if (bytes > kHeadAnswerBytes) {
                part.last = number;
                part.more = true;
                break;
            }
            ++number;
            auto own = journal::only_tenant(*object, question.tenant);
            readable &= own.ok();
            if (own.ok() && !own->empty()) {
                bytes += own->size();
                part.objects.push_back(*std::move(own));
            }
        }
        if (readable) {
            answer.push_back(std::move(part));
        }
    }
    return answer;
}

StatusOr<Store::SharedView> Store::view_shared(const std::string& tenant_name,
                                               Heads from,
                                               JournalHeads::Found& found) {
    for (int i = 0; i < kPinTries; ++i) {
        // Journals first, then the snapshot: what is removed from them in between is in the
        // snapshot.
        const auto known_owner = find_tenant(tenant_name);
        const auto known = known_owner == nullptr ? nullptr : known_owner->catalog().snapshot();
        found = find_heads(tenant_name, from);
        LOGI_ASSIGN_OR_RETURN(auto owner, learn_tenant(tenant_name, known_owner));
        auto snapshot = owner->catalog().snapshot();
        if (known != nullptr && base::planted(base::Planted::kSnapshotBeforeJournals)) {
            snapshot = known;
        }
        if (!found.all_registered) {
            leave_out_forgotten(*snapshot, found);  // the answer lacks something in any case
        }
        if (tells_all(*snapshot, known == nullptr ? 0 : known->number, found)) {
            return SharedView{std::move(owner), std::move(snapshot)};
        }
    }
    return absl::UnavailableError("journals end faster than they can be read");
}

StatusOr<std::shared_ptr<Tenant>> Store::learn_tenant(const std::string& name) {
    return learn_tenant(name, find_tenant(name));
}

// The tenant with its newest snapshot.
StatusOr<std::shared_ptr<Tenant>> Store::learn_tenant(const std::string& name,
                                                      std::shared_ptr<Tenant> owner) {
    if (owner == nullptr) {
        auto catalog = catalog::Catalog::open_shared(
            *bucket_, deps_.clock, deps_.random, name, options_.shared->catalog);
        LOGI_RETURN_IF_ERROR(catalog.status());
        // Who makes up names of tenants must not leave something in memory for each.
        if ((*catalog)->snapshot()->number == 0) {
            return std::make_shared<Tenant>(name, *std::move(catalog));
        }
        LOGI_ASSIGN_OR_RETURN(owner, tenant(name));
    }
    LOGI_RETURN_IF_ERROR(owner->catalog().learn());
    return owner;
}

void Store::pin_heads(const std::vector<std::shared_ptr<const JournalPiece>>& pieces,
                      const catalog::Snapshot& snapshot,
                      const exec::Hiding& hiding,
                      Pinned& pinned) {
    for (const auto& piece : pieces) {
        const std::uint64_t journal = piece->journal();
        exec::Hiding of_head = hiding;
        of_head.rules = rules_of_head(hiding.rules, journal);
        std::uint64_t from =
            base::planted(base::Planted::kHeadAndSegment) ? 0 : snapshot.position(journal);
        std::set<std::uint64_t> ends = {UINT64_MAX};
        for (const auto& rule : of_head.rules) {
            const auto it = rule->arrived.find(journal);
            if (it != rule->arrived.end() && it->second > from) {
                ends.insert(it->second);
            }
        }
        for (const std::uint64_t end : ends) {
            if (auto rows = piece->between(from, end); rows != nullptr) {
                pinned.sources.push_back(exec::visible(std::move(rows), of_head));
            }
            from = end;
        }
    }
}

Pinned Store::pin_shared(const std::string& tenant_name,
                         TimeRange range,
                         const std::vector<Matcher>& only,
                         Opening opening,
                         Heads from) {
    Pinned pinned;
    JournalHeads::Found found;
    const auto view = view_shared(tenant_name, from, found);
    pinned.missing = std::move(found.missing);
    if (!view.ok()) {
        const std::string why =
            absl::StrCat("which segments there are is not known: ", view.status().message());
        base::log_error("segments are left out of an answer", {{"error", why}});
        pinned.missing.push_back(why);
        return pinned;
    }
    const auto& [owner, snapshot] = *view;
    if (!snapshot->damage.empty()) {
        pinned.missing.push_back(
            absl::StrCat("which segments live is not known for sure: ", snapshot->damage));
    }
    const exec::Hiding hiding = hiding_of(*owner, *snapshot, only);
    pin_heads(found.pieces, *snapshot, hiding, pinned);
    pinned.heads = pinned.sources.size();
    pinned.hiding = hiding;
    pin_segments(snapshot, range, hiding, opening, pinned);
    return pinned;
}

}  // namespace logi::ingest
