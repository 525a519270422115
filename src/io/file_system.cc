#include "io/file_system.h"

#include "absl/strings/str_cat.h"

namespace logi::io {

Status ReadableFile::check_range(std::uint64_t offset, std::uint64_t length) const {
    if (offset <= size() && length <= size() - offset) {
        return absl::OkStatus();
    }
    return absl::DataLossError(absl::StrCat(
        path(), ": ", length, " bytes at offset ", offset, " are past the end (", size(), ")"));
}

StatusOr<std::string> ReadableFile::read(std::uint64_t offset, std::uint64_t length) const {
    LOGI_RETURN_IF_ERROR(check_range(offset, length));
    std::string out(length, '\0');
    LOGI_RETURN_IF_ERROR(read_into(offset, absl::MakeSpan(out)));
    return out;
}

}  // namespace logi::io
