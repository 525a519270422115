#include "cluster/takeover.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "ingest/record.h"
#include "journal/journal_object.h"
#include "journal/registry.h"

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace logi::cluster {
namespace {

// The writer may live, and commit meanwhile.
constexpr int kTries = 8;

struct Record {
    std::uint64_t position = 0;
    std::string_view payload;
    std::shared_ptr<const std::string> bytes;
};
using Records = std::map<std::string, std::vector<Record>>;  // by tenant

struct Contents {
    Records records;
    std::set<std::uint64_t> damaged;  // objects of which something cannot be read
    std::set<std::uint64_t> seals;    // and what may be one
};

void report(std::string_view what, const Status& why) {
    base::log_error(
        "a part of the journal of a writer that has ended cannot be read: it is set aside",
        {{"of", std::string(what)}, {"error", std::string(message_of(why))}});
}

// What is there; objects that are gone are in segments.
StatusOr<Contents> read_journal(bucket::Bucket& bucket, std::uint64_t journal, std::uint64_t seal) {
    Contents all;
    LOGI_ASSIGN_OR_RETURN(const auto numbers, journal::object_numbers(bucket, journal));
    for (const std::uint64_t number : numbers) {
        if (number >= seal) {
            break;
        }
        const auto object = journal::read_object(bucket, journal, number);
        if (object.status().code() == absl::StatusCode::kNotFound) {
            continue;
        }
        if (object.status().code() == absl::StatusCode::kDataLoss) {
            report("all tenants", object.status());
            all.damaged.insert(number);
            all.seals.insert(number);
            continue;
        }
        LOGI_RETURN_IF_ERROR(object.status());
        if (object->seal) {
            all.seals.insert(number);
        }
        for (const auto& [tenant, why] : object->damaged) {
            report(absl::StrCat("tenant ", tenant), why);
            all.damaged.insert(number);
        }
        for (const auto& [tenant, records] : object->tenants) {
            for (const auto& record : records.records) {
                all.records[tenant].push_back(
                    {journal::position_of(number, record.index), record.payload, records.bytes});
            }
        }
    }
    return all;
}

StatusOr<std::shared_ptr<head::Generation>> generation_of(const std::vector<Record>& records,
                                                          std::uint64_t journal,
                                                          std::uint64_t from,
                                                          std::uint64_t to,
                                                          std::set<std::uint64_t>& damaged) {
    auto generation = std::make_shared<head::Generation>(journal, from);
    for (const Record& record : records) {
        if (record.position <= from) {
            continue;
        }
        const auto decoded = ingest::decode_record(record.payload);
        if (decoded.status().code() == absl::StatusCode::kDataLoss) {
            report(absl::StrCat("position ", record.position), decoded.status());
            damaged.insert(journal::object_of(record.position));
            continue;
        }
        LOGI_RETURN_IF_ERROR(decoded.status());
        std::uint32_t index = 0;
        for (const auto& stream : decoded->streams) {
            generation->append(
                stream.labels, stream.id, stream.entries, record.position, index, record.bytes);
            index += static_cast<std::uint32_t>(stream.entries.size());
        }
    }
    generation->seal(to);
    return generation;
}

Status write_tenant(ingest::Store& store,
                    const std::string& name,
                    const std::vector<Record>& records,
                    std::uint64_t journal,
                    std::uint64_t to,
                    std::set<std::uint64_t>& damaged) {
    LOGI_ASSIGN_OR_RETURN(const auto tenant, store.tenant(name));
    Status status;
    for (int i = 0; i < kTries; ++i) {
        LOGI_RETURN_IF_ERROR(tenant->catalog().learn());
        const std::uint64_t from = tenant->catalog().snapshot()->position(journal);
        if (records.back().position <= from) {
            return absl::OkStatus();
        }
        LOGI_ASSIGN_OR_RETURN(auto generation, generation_of(records, journal, from, to, damaged));
        status = store.write_generation(tenant, std::move(generation));
        if (status.code() != absl::StatusCode::kFailedPrecondition) {
            return status;
        }
    }
    return status;
}

}  // namespace

StatusOr<TakenOver> take_over_journal(ingest::Store& store,
                                      std::uint64_t journal,
                                      const std::string& sealer) {
    bucket::Bucket& bucket = store.bucket();
    LOGI_ASSIGN_OR_RETURN(const std::uint64_t seal, journal::seal_journal(bucket, journal, sealer));
    LOGI_ASSIGN_OR_RETURN(Contents all, read_journal(bucket, journal, seal));
    for (const auto& [tenant, records] : all.records) {
        LOGI_RETURN_IF_ERROR(write_tenant(
            store, tenant, records, journal, journal::position_of(seal, 0), all.damaged));
    }
    for (const std::uint64_t number : all.damaged) {
        LOGI_RETURN_IF_ERROR(journal::set_aside(bucket, journal, number));
    }
    base::log_info("the journal of a writer that has ended is in segments",
                   {{"journal", absl::StrCat(journal)},
                    {"objects", absl::StrCat(seal - 1)},
                    {"damaged", absl::StrCat(all.damaged.size())},
                    {"tenants", absl::StrCat(all.records.size())}});
    return TakenOver{journal, seal, std::move(all.seals), all.damaged.size()};
}

Status remove_taken_over(bucket::Bucket& bucket, const TakenOver& taken) {
    return journal::remove_journal(bucket, taken.journal, taken.seal - 1, taken.kept);
}

}  // namespace logi::cluster
