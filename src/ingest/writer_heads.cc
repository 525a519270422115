#include "ingest/writer_heads.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/planted.h"
#include "journal/registry.h"

#include <algorithm>

namespace logi::ingest {
namespace {

constexpr std::size_t kTenantsMax = 4096;
// Answers have 16 MiB, so that it is a matter of memory before.
constexpr int kRoundsMax = 256;
constexpr const char* kReadMetric = "logi_journals_read_total";
constexpr const char* kReadHelp =
    "Journals that queries have asked their writers for, or else read from the bucket.";

// Of journals by their ids.
template <typename Journals>
std::uint64_t bytes_of(const Journals& journals) {
    std::uint64_t bytes = 0;
    for (const auto& [id, journal] : journals) {
        for (const auto& piece : journal.pieces) {
            bytes += piece->memory_bytes();
        }
    }
    return bytes;
}

}  // namespace

WriterHeads::WriterHeads(bucket::Bucket& bucket,
                         AskWriters ask,
                         std::uint64_t bytes_max,
                         base::Registry& metrics)
    : bucket_(bucket),
      ask_(std::move(ask)),
      bytes_max_(bytes_max),
      from_writers_(metrics.counter(kReadMetric, kReadHelp, {{"from", "writer"}})),
      from_bucket_(metrics.counter(kReadMetric, kReadHelp, {{"from", "bucket"}})) {}

std::shared_ptr<WriterHeads::TenantHeads> WriterHeads::heads_of(const std::string& tenant) {
    const base::MutexLock lock(mutex_);
    auto& heads = tenants_[tenant];
    if (heads == nullptr) {
        heads = std::make_shared<TenantHeads>();
    }
    heads->used = ++calls_;
    return heads;
}

void WriterHeads::make_room(const TenantHeads& spared) {
    const base::MutexLock lock(mutex_);
    std::uint64_t bytes = 0;
    for (const auto& [name, heads] : tenants_) {
        bytes += heads->bytes.load();
    }
    while (tenants_.size() > 1 && (tenants_.size() > kTenantsMax || bytes > bytes_max_)) {
        auto oldest = tenants_.end();
        for (auto it = tenants_.begin(); it != tenants_.end(); ++it) {
            if (it->second.get() != &spared &&
                (oldest == tenants_.end() || it->second->used < oldest->second->used)) {
                oldest = it;
            }
        }
        bytes -= std::min(bytes, oldest->second->bytes.load());
        tenants_.erase(oldest);
    }
}

WriterHeads::Found WriterHeads::find(const std::string& tenant) {
    const auto heads = heads_of(tenant);
    const std::uint64_t begun_before = heads->begun.load();
    Found found;
    {
        const base::MutexLock lock(heads->mutex);
        if (heads->finished <= begun_before) {
            const std::uint64_t number = ++heads->begun;
            refresh(tenant, *heads);
            heads->finished = number;
        }
        found = heads->found;
    }
    make_room(*heads);
    return found;
}

Status WriterHeads::list(TenantHeads& heads) {
    if (base::planted(base::Planted::kRegistryFromCache) && heads.begun.load() % 4 != 0) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(heads.found.registered, journal::registered_journals(bucket_));
    const auto& registered = heads.found.registered;
    std::erase_if(heads.journals, [&](const auto& item) {
        return !std::binary_search(registered.begin(), registered.end(), item.first);
    });
    heads.bytes.store(bytes_of(heads.journals));
    return absl::OkStatus();
}

void WriterHeads::refresh(const std::string& tenant, TenantHeads& heads) {
    Found& found = heads.found;
    found.heads = {};
    found.silent.clear();
    std::set<std::uint64_t> answered;
    if (const Status listed = list(heads); listed.ok()) {
        answered = ask(tenant, heads);
        std::set_difference(found.registered.begin(),
                            found.registered.end(),
                            answered.begin(),
                            answered.end(),
                            std::back_inserter(found.silent));
        from_writers_.add(static_cast<double>(answered.size()));
        from_bucket_.add(static_cast<double>(found.silent.size()));
    } else {
        found.heads.all_registered = false;
        found.heads.missing.push_back(
            absl::StrCat("which journals there are is not known: ", listed.message()));
        for (const auto& [id, journal] : heads.journals) {
            answered.insert(id);
        }
    }
    for (const auto& [id, journal] : heads.journals) {
        if (answered.contains(id)) {
            found.heads.pieces.insert(
                found.heads.pieces.end(), journal.pieces.begin(), journal.pieces.end());
        }
    }
}

// The journals of which everything is here by now, or is said to be missing.
std::set<std::uint64_t> WriterHeads::ask(const std::string& tenant, TenantHeads& heads) {
    HeadQuestion question;
    question.tenant = tenant;
    for (const std::uint64_t journal : heads.found.registered) {
        const Journal& known = heads.journals[journal];
        if (!known.damaged) {
            question.after[journal] = known.loaded;
        }
    }
    std::set<std::uint64_t> complete;
    bool full = false;
    for (int round = 0; round < kRoundsMax && !question.after.empty(); ++round) {
        std::map<std::uint64_t, std::uint64_t> more;
        for (const HeadAnswer& answer : ask_(question)) {
            for (const HeadPart& part : answer) {
                const auto asked = question.after.extract(part.journal);
                if (asked.empty()) {
                    continue;
                }
                const Taken taken = take(part, tenant, heads);
                full |= taken == Taken::kNoRoom;
                // Of what there is no room for the bucket has no more.
                if (taken == Taken::kAll || taken == Taken::kNoRoom) {
                    complete.insert(part.journal);
                } else if (const std::uint64_t loaded = heads.journals[part.journal].loaded;
                           taken == Taken::kMore && loaded > asked.mapped()) {
                    more[part.journal] = loaded;
                }
            }
        }
        question.after = std::move(more);
    }
    if (full) {
        heads.found.heads.missing.emplace_back("what is in journals takes too much memory");
    }
    return complete;
}

WriterHeads::Taken WriterHeads::take(const HeadPart& part,
                                     const std::string& tenant,
                                     TenantHeads& heads) const {
    if (heads.bytes.load() > bytes_max_ && (part.more || !part.objects.empty())) {
        return Taken::kNoRoom;
    }
    if (const Status loaded = load(part, tenant, heads); !loaded.ok()) {
        base::log_warn(
            "a writer's answer cannot be used; the bucket is read",
            {{"journal", absl::StrCat(part.journal)}, {"error", std::string(loaded.message())}});
        return Taken::kNothing;
    }
    return part.more ? Taken::kMore : Taken::kAll;
}

Status WriterHeads::load(const HeadPart& part, const std::string& tenant, TenantHeads& heads) {
    Journal& journal = heads.journals[part.journal];
    for (const std::string& bytes : part.objects) {
        LOGI_ASSIGN_OR_RETURN(const auto object, journal::decode_object(bytes));
        if (object.journal != part.journal || object.number <= journal.loaded ||
            object.number > part.last || !object.damaged.empty()) {
            return absl::DataLossError("its objects are not those that were asked for");
        }
        for (const auto& [name, records] : object.tenants) {
            if (name != tenant) {
                return absl::DataLossError("it is about another tenant");
            }
            const auto added =
                append_records(journal.pieces, object.journal, object.number, records);
            journal.damaged |= !added.ok();  // a part of it is there
            LOGI_RETURN_IF_ERROR(added.status());
            heads.bytes += *added;
        }
        journal.loaded = object.number;
    }
    journal.loaded = std::max(journal.loaded, part.last);
    return absl::OkStatus();
}

}  // namespace logi::ingest
