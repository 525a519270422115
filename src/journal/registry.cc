#include "journal/registry.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/planted.h"
#include "journal/journal_object.h"

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

StatusOr<std::uint64_t> seal_journal(bucket::Bucket& bucket,
                                     std::uint64_t journal,
                                     const std::string& sealer) {
    for (int i = 0; i < kTries; ++i) {
        LOGI_ASSIGN_OR_RETURN(const auto numbers, object_numbers(bucket, journal));
        const std::uint64_t last = numbers.empty() ? 0 : numbers.back();
        if (last > 0) {
            const auto bytes = bucket.get(object_key(journal, last));
            if (bytes.status().code() == absl::StatusCode::kNotFound) {
                continue;
            }
            LOGI_RETURN_IF_ERROR(bytes.status());
            const auto object = decode_object(*bytes);
            if (!object.ok()) {
                return Status(
                    object.status().code(),
                    absl::StrCat(object_key(journal, last), ": ", object.status().message()));
            }
            if (object->seal) {
                return last;
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

Status remove_journal(bucket::Bucket& bucket, std::uint64_t journal, std::uint64_t last) {
    LOGI_ASSIGN_OR_RETURN(const auto numbers, object_numbers(bucket, journal));
    for (const std::uint64_t number : numbers) {
        if (number <= last || base::planted(base::Planted::kSealRemoved)) {
            LOGI_RETURN_IF_ERROR(remove(bucket, object_key(journal, number)));
        }
    }
    return remove(bucket, registry_key(journal));
}

}  // namespace logi::journal
