#include "cluster/takeover.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "ingest/record.h"
#include "journal/journal_object.h"
#include "journal/registry.h"

#include <map>
#include <memory>
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

// What is there; objects that are gone are in segments.
StatusOr<Records> read_journal(bucket::Bucket& bucket, std::uint64_t journal, std::uint64_t seal) {
    Records all;
    LOGI_ASSIGN_OR_RETURN(const auto numbers, journal::object_numbers(bucket, journal));
    for (const std::uint64_t number : numbers) {
        if (number >= seal) {
            break;
        }
        const std::string key = journal::object_key(journal, number);
        const auto bytes = bucket.get(key);
        if (bytes.status().code() == absl::StatusCode::kNotFound) {
            continue;
        }
        LOGI_RETURN_IF_ERROR(bytes.status());
        auto object = journal::decode_object(*bytes);
        if (!object.ok()) {
            return Status(object.status().code(),
                          absl::StrCat(key, ": ", object.status().message()));
        }
        for (const auto& [tenant, records] : object->tenants) {
            for (const auto& record : records.records) {
                all[tenant].push_back(
                    {journal::position_of(number, record.index), record.payload, records.bytes});
            }
        }
    }
    return all;
}

StatusOr<std::shared_ptr<head::Generation>> generation_of(const std::vector<Record>& records,
                                                          std::uint64_t journal,
                                                          std::uint64_t from,
                                                          std::uint64_t to) {
    auto generation = std::make_shared<head::Generation>(journal, from);
    for (const Record& record : records) {
        if (record.position <= from) {
            continue;
        }
        LOGI_ASSIGN_OR_RETURN(const auto decoded, ingest::decode_record(record.payload));
        std::uint32_t index = 0;
        for (const auto& stream : decoded.streams) {
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
                    std::uint64_t to) {
    LOGI_ASSIGN_OR_RETURN(const auto tenant, store.tenant(name));
    Status status;
    for (int i = 0; i < kTries; ++i) {
        LOGI_RETURN_IF_ERROR(tenant->catalog().learn());
        const std::uint64_t from = tenant->catalog().snapshot()->position(journal);
        if (records.back().position <= from) {
            return absl::OkStatus();
        }
        LOGI_ASSIGN_OR_RETURN(auto generation, generation_of(records, journal, from, to));
        status = store.write_generation(tenant, std::move(generation));
        if (status.code() != absl::StatusCode::kFailedPrecondition) {
            return status;
        }
    }
    return status;
}

}  // namespace

Status take_over_journal(ingest::Store& store, std::uint64_t journal, const std::string& sealer) {
    LOGI_ASSIGN_OR_RETURN(const std::uint64_t seal,
                          journal::seal_journal(store.bucket(), journal, sealer));
    LOGI_ASSIGN_OR_RETURN(const Records all, read_journal(store.bucket(), journal, seal));
    for (const auto& [tenant, records] : all) {
        LOGI_RETURN_IF_ERROR(
            write_tenant(store, tenant, records, journal, journal::position_of(seal, 0)));
    }
    LOGI_RETURN_IF_ERROR(journal::remove_journal(store.bucket(), journal, seal - 1));
    base::log_info("the journal of a writer that has ended is in segments",
                   {{"journal", absl::StrCat(journal)},
                    {"objects", absl::StrCat(seal - 1)},
                    {"tenants", absl::StrCat(all.size())}});
    return absl::OkStatus();
}

}  // namespace logi::cluster
