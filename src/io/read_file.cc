#include "io/read_file.h"

#include "absl/strings/str_cat.h"

namespace logi::io {

StatusOr<std::string> read_file(FileSystem& files,
                                const std::string& path,
                                std::uint64_t bytes_max) {
    LOGI_ASSIGN_OR_RETURN(const auto file, files.open(path));
    if (file->size() > bytes_max) {
        return absl::InvalidArgumentError(absl::StrCat(
            path, ": is too large: ", file->size(), " bytes, at most ", bytes_max, " are read"));
    }
    return file->read(0, file->size());
}

}  // namespace logi::io
