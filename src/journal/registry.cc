#include "journal/registry.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/planted.h"

#include <algorithm>

namespace logi::journal {
namespace {

constexpr int kTries = 16;

StatusOr<std::vector<std::uint64_t>> numbers_below(bucket::Bucket& bucket,
                                                   const std::string& folder) {
    LOGI_ASSIGN_OR_RETURN(const auto objects, bucket.list(folder));
    std::vector<std::uint64_t> numbers;
    for (const auto& object : objects) {
        if (const std::uint64_t number = number_of_key(object.key); number > 0) {
            numbers.push_back(number);
        }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

Status remove(bucket::Bucket& bucket, const std::string& key) {
    const Status status = bucket.remove(key);
    return status.code() == absl::StatusCode::kNotFound ? absl::OkStatus() : status;
}

}  // namespace

StatusOr<std::vector<std::uint64_t>> registered_journals(bucket::Bucket& bucket) {
    return numbers_below(bucket, kRegistryFolder);
}

StatusOr<std::vector<std::uint64_t>> object_numbers(bucket::Bucket& bucket, std::uint64_t journal) {
    return numbers_below(bucket, journal_folder(journal));
}

std::string registry_text(const std::string& writer, std::uint64_t nonce) {
    return absl::StrCat(writer, "\n", absl::StrFormat("%016x", nonce), "\n");
}

StatusOr<std::string> writer_of(bucket::Bucket& bucket, std::uint64_t journal) {
    LOGI_ASSIGN_OR_RETURN(const std::string text, bucket.get(registry_key(journal)));
    return text.substr(0, text.find('\n'));
}

StatusOr<bool> is_registered(bucket::Bucket& bucket, std::uint64_t journal) {
    const Status found = bucket.size(registry_key(journal)).status();
    if (found.code() == absl::StatusCode::kNotFound) {
        return false;
    }
    LOGI_RETURN_IF_ERROR(found);
    return true;
}

StatusOr<JournalObject> read_object(bucket::Bucket& bucket,
                                    std::uint64_t journal,
                                    std::uint64_t number) {
    const std::string key = object_key(journal, number);
    LOGI_ASSIGN_OR_RETURN(std::string bytes, bucket.get(key));
    auto object = decode_object(bytes);
    if (object.status().code() == absl::StatusCode::kDataLoss ||
        (object.ok() && !object->damaged.empty())) {
        LOGI_ASSIGN_OR_RETURN(bytes, bucket.get(key));
        object = decode_object(bytes);
    }
    if (object.ok() && (object->journal != journal || object->number != number)) {
        object = absl::DataLossError("it is another journal's object, or of another number");
    }
    if (!object.ok()) {
        return Status(object.status().code(), absl::StrCat(key, ": ", object.status().message()));
    }
    for (auto& [tenant, why] : object->damaged) {
        why = Status(why.code(), absl::StrCat(key, ": ", why.message()));
    }
    return object;
}

Status set_aside(bucket::Bucket& bucket, std::uint64_t journal, std::uint64_t number) {
    const std::string key = object_key(journal, number);
    const auto bytes = bucket.get(key);
    if (bytes.status().code() == absl::StatusCode::kNotFound) {
        return absl::OkStatus();  // somebody has been faster
    }
    LOGI_RETURN_IF_ERROR(bytes.status());
    const Status put = bucket.put_if_absent(absl::StrCat(kDamagedFolder, "/", key), *bytes);
    return put.code() == absl::StatusCode::kAlreadyExists ? absl::OkStatus() : put;
}

StatusOr<std::uint64_t> seal_journal(bucket::Bucket& bucket,
                                     std::uint64_t journal,
                                     const std::string& sealer) {
    for (int i = 0; i < kTries; ++i) {
        LOGI_ASSIGN_OR_RETURN(const auto numbers, object_numbers(bucket, journal));
        const std::uint64_t last = numbers.empty() ? 0 : numbers.back();
        if (last > 0) {
            const auto object = read_object(bucket, journal, last);
            if (object.status().code() == absl::StatusCode::kNotFound) {
                continue;
            }
            if (object.status().code() != absl::StatusCode::kDataLoss) {
                LOGI_RETURN_IF_ERROR(object.status());
                if (object->seal) {
                    return last;
                }
            }
        }
        if (base::planted(base::Planted::kNoSeal)) {
            return last + 1;
        }
        // Whatever comes of it, the next listing tells; the writer may have been faster.
        const Status put = bucket.put_if_absent(object_key(journal, last + 1),
                                                encode_seal(journal, last + 1, sealer));
        if (!put.ok() && put.code() != absl::StatusCode::kAlreadyExists) {
            return put;
        }
    }
    return absl::UnavailableError(
        absl::StrCat("journal ", journal, " goes on faster than it can be sealed"));
}

Status remove_journal(bucket::Bucket& bucket,
                      std::uint64_t journal,
                      std::uint64_t last,
                      const std::set<std::uint64_t>& kept) {
    LOGI_ASSIGN_OR_RETURN(const auto numbers, object_numbers(bucket, journal));
    for (const std::uint64_t number : numbers) {
        if ((number <= last && !kept.contains(number)) ||
            base::planted(base::Planted::kSealRemoved)) {
            LOGI_RETURN_IF_ERROR(remove(bucket, object_key(journal, number)));
        }
    }
    return remove(bucket, registry_key(journal));
}

}  // namespace logi::journal
