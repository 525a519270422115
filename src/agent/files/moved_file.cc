#include "agent/files/moved_file.h"

#include <filesystem>

namespace logi::agent {
namespace {

// A folder with more files is not searched to its end.
constexpr std::size_t kFilesMax = 10'000;
// A copy is known by what it begins with, which must be long enough to tell it from others.
constexpr std::uint32_t kCopyHeadBytesMin = 16;

}  // namespace

bool begins_as(const std::string& path, const FileHead& head) {
    auto file = io::GrowingFile::open(path);
    if (!file.ok()) {
        return false;
    }
    std::string begin(head.bytes, '\0');
    const auto n = (*file)->read(0, absl::MakeSpan(begin.data(), begin.size()));
    return n.ok() && *n == head.bytes && head_of(begin) == head;
}

std::optional<std::string> find_moved(const KnownFile& known, std::uint64_t position) {
    namespace fs = std::filesystem;
    const std::string folder = fs::path(known.path).parent_path().string();
    std::optional<std::string> copy;
    std::error_code error;
    std::size_t looked_at = 0;
    for (fs::directory_iterator it(folder.empty() ? "." : folder, error), end;
         !error && it != end && looked_at < kFilesMax;
         it.increment(error), ++looked_at) {
        const std::string path = it->path().string();
        const auto info = io::file_info(path);
        if (!info.ok() || !info->regular || info->bytes < position || path == known.path) {
            continue;
        }
        if (info->identity == known.identity && begins_as(path, known.head)) {
            return path;
        }
        if (!copy.has_value() && known.head.bytes >= kCopyHeadBytesMin &&
            begins_as(path, known.head)) {
            copy = path;
        }
    }
    return copy;
}

}  // namespace logi::agent
