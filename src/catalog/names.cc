#include "catalog/names.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace logi::catalog {

std::uint64_t snapshot_number(std::string_view key) {
    key.remove_prefix(std::min(key.size(), key.rfind('/') + 1));
    std::uint64_t number = 0;
    const bool ok =
        key.ends_with(kSnapshotSuffix) &&
        absl::SimpleAtoi(absl::string_view(key.data(), key.size() - kSnapshotSuffix.size()),
                         &number);
    return ok ? number : 0;
}

SegmentName parse_segment_key(std::string_view key) {
    key = key.substr(key.rfind('/') + 1);
    const std::vector<std::string> parts =
        absl::StrSplit(absl::string_view(key.data(), key.size()), '-');
    SegmentName name;
    if (parts.size() < 3 || !absl::SimpleAtoi(parts[0], &name.snapshot)) {
        return {};
    }
    name.merged = parts[1] == "merged";
    if (!name.merged && !absl::SimpleAtoi(parts[1], &name.journal)) {
        return {};
    }
    return name;
}

}  // namespace logi::catalog
