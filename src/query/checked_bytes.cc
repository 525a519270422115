#include "query/checked_bytes.h"

#include "absl/strings/str_cat.h"
#include "base/crc32c.h"

namespace logi::query {
namespace {

constexpr std::size_t kChecksumBytes = 4;

// absl::string_view is another type on some systems.
std::string text(std::string_view s) {
    return std::string(s);
}

}  // namespace

std::string begin_checked(std::string_view magic, std::uint32_t version) {
    std::string message(magic);
    base::ByteWriter(message).u32(version);
    return message;
}

void end_checked(std::string& message) {
    const std::uint32_t checksum = base::crc32c(message);
    base::ByteWriter(message).u32(checksum);
}

StatusOr<base::ByteReader> open_checked(std::string_view message,
                                        std::string_view magic,
                                        std::uint32_t version,
                                        std::string_view what) {
    const std::size_t head = magic.size() + 4;
    if (message.size() < head + kChecksumBytes || message.substr(0, magic.size()) != magic) {
        return absl::DataLossError(absl::StrCat("these bytes are no ", text(what)));
    }
    const std::string_view checked = message.substr(0, message.size() - kChecksumBytes);
    const std::uint32_t checksum = base::ByteReader(message.substr(checked.size())).u32();
    if (base::crc32c(checked) != checksum) {
        return absl::DataLossError(absl::StrCat("a ", text(what), " does not have its checksum"));
    }
    const std::uint32_t got = base::ByteReader(message.substr(magic.size())).u32();
    if (got != version) {
        return absl::UnimplementedError(
            absl::StrCat("a ", text(what), " is of version ", got, ", not ", version));
    }
    return base::ByteReader(checked.substr(head));
}

}  // namespace logi::query
