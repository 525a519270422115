#include "ingest/journal_rows.h"

#include "absl/strings/str_cat.h"
#include "ingest/record.h"
#include "journal/journal_object.h"
#include "journal/registry.h"

namespace logi::ingest {
namespace {

// kDataLoss after the records that can be read.
Status append(const journal::TenantRecords& records,
              std::uint64_t object,
              std::uint64_t to,
              head::Generation& generation) {
    Status worst;
    for (const auto& record : records.records) {
        const std::uint64_t position = journal::position_of(object, record.index);
        if (position <= generation.from() || position > to) {
            continue;
        }
        const auto decoded = decode_record(record.payload);
        if (decoded.status().code() == absl::StatusCode::kDataLoss) {
            worst = decoded.status();
            continue;
        }
        LOGI_RETURN_IF_ERROR(decoded.status());
        std::uint32_t index = 0;
        for (const auto& stream : decoded->streams) {
            generation.append(
                stream.labels, stream.id, stream.entries, position, index, records.bytes);
            index += static_cast<std::uint32_t>(stream.entries.size());
        }
    }
    return worst;
}

}  // namespace

StatusOr<std::shared_ptr<head::Generation>> read_generation(bucket::Bucket& bucket,
                                                            const std::string& tenant,
                                                            std::uint64_t journal,
                                                            std::uint64_t from,
                                                            std::uint64_t to,
                                                            OnDamage on_damage) {
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
        const auto object = journal::read_object(bucket, journal, number);
        Status status = object.status();
        if (status.code() == absl::StatusCode::kNotFound) {
            return absl::UnavailableError(status.message());
        }
        if (object.ok() && object->damaged.contains(tenant)) {
            status = object->damaged.at(tenant);
        } else if (object.ok()) {
            const auto it = object->tenants.find(tenant);
            status = it == object->tenants.end() ? absl::OkStatus()
                                                 : append(it->second, number, to, *generation);
        }
        if (status.code() != absl::StatusCode::kDataLoss || on_damage == OnDamage::kFail) {
            LOGI_RETURN_IF_ERROR(status);
        }
    }
    generation->seal(to);
    return generation;
}

StatusOr<std::uint64_t> empty_up_to(bucket::Bucket& bucket,
                                    const std::string& tenant,
                                    std::uint64_t journal,
                                    std::uint64_t from,
                                    std::uint64_t to) {
    LOGI_ASSIGN_OR_RETURN(const auto numbers, journal::object_numbers(bucket, journal));
    for (const std::uint64_t number : numbers) {
        if (number < journal::object_of(from) || number > journal::object_of(to)) {
            continue;
        }
        const auto object = journal::read_object(bucket, journal, number);
        const auto code = object.status().code();
        if (code == absl::StatusCode::kNotFound) {
            continue;
        }
        if (code == absl::StatusCode::kDataLoss || code == absl::StatusCode::kUnimplemented ||
            (object.ok() && object->damaged.contains(tenant))) {
            return std::max(from, journal::position_of(number, 0));
        }
        LOGI_RETURN_IF_ERROR(object.status());
        const auto it = object->tenants.find(tenant);
        if (it == object->tenants.end()) {
            continue;
        }
        for (const auto& record : it->second.records) {
            const std::uint64_t position = journal::position_of(number, record.index);
            if (position > from && position <= to) {
                return position - 1;
            }
        }
    }
    return to;
}

}  // namespace logi::ingest
