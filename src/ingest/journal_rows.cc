#include "ingest/journal_rows.h"

#include "absl/strings/str_cat.h"
#include "ingest/record.h"
#include "journal/journal_object.h"
#include "journal/registry.h"

namespace logi::ingest {
namespace {

Status append(const journal::TenantRecords& records,
              std::uint64_t object,
              std::uint64_t to,
              head::Generation& generation) {
    for (const auto& record : records.records) {
        const std::uint64_t position = journal::position_of(object, record.index);
        if (position <= generation.from() || position > to) {
            continue;
        }
        LOGI_ASSIGN_OR_RETURN(const DecodedRecord decoded, decode_record(record.payload));
        std::uint32_t index = 0;
        for (const auto& stream : decoded.streams) {
            generation.append(
                stream.labels, stream.id, stream.entries, position, index, records.bytes);
            index += static_cast<std::uint32_t>(stream.entries.size());
        }
    }
    return absl::OkStatus();
}

}  // namespace

StatusOr<std::shared_ptr<head::Generation>> read_generation(bucket::Bucket& bucket,
                                                            const std::string& tenant,
                                                            std::uint64_t journal,
                                                            std::uint64_t from,
                                                            std::uint64_t to) {
    auto generation = std::make_shared<head::Generation>(journal, from);
    LOGI_ASSIGN_OR_RETURN(const auto numbers, journal::object_numbers(bucket, journal));
    const std::uint64_t first = std::max<std::uint64_t>(journal::object_of(from), 1);
    if (numbers.empty() || numbers.front() > first) {
        return absl::UnavailableError(absl::StrCat("objects of journal ", journal, " are gone"));
    }
    for (const std::uint64_t number : numbers) {
        if (number < first || number > journal::object_of(to)) {
            continue;
        }
        const std::string key = journal::object_key(journal, number);
        const auto bytes = bucket.get(key);
        if (!bytes.ok()) {
            return absl::UnavailableError(absl::StrCat(key, ": ", bytes.status().message()));
        }
        const auto object = journal::decode_object(*bytes);
        Status status = object.status();
        if (object.ok() && object->damaged.contains(tenant)) {
            status = object->damaged.at(tenant);
        } else if (object.ok()) {
            const auto it = object->tenants.find(tenant);
            status = it == object->tenants.end() ? absl::OkStatus()
                                                 : append(it->second, number, to, *generation);
        }
        if (!status.ok()) {
            return Status(status.code(), absl::StrCat(key, ": ", status.message()));
        }
    }
    generation->seal(to);
    return generation;
}

}  // namespace logi::ingest
