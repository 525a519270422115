#include "agent/files/moved_file.h"

#include "agent/files/chunk_reader.h"

#include <filesystem>

namespace logi::agent {
namespace {

// A folder with more files is not searched to its end.
constexpr std::size_t kFilesMax = 10'000;

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

bool is_begin(std::string_view begin, const FileHead& head) {
    return head.bytes >= FileHead::kTellsApart && begin.size() >= head.bytes &&
           head_of(begin.substr(0, head.bytes)) == head;
}

StatusOr<std::string> packed_begin(const io::GrowingFile& file,
                                   const std::string& format,
                                   std::size_t bytes) {
    std::string buffer(bytes, '\0');
    const auto reader = read_packed(file, format);
    LOGI_ASSIGN_OR_RETURN(const std::string_view begin,
                          reader->read(0, absl::MakeSpan(buffer.data(), buffer.size())));
    return std::string(begin);
}

bool unpacks_as(const std::string& path, const FileHead& head) {
    const std::string format = format_of_name(path);
    if (format.empty()) {
        return false;
    }
    const auto file = io::GrowingFile::open(path);
    if (!file.ok()) {
        return false;
    }
    const auto begin = packed_begin(**file, format, head.bytes);
    return begin.ok() && is_begin(*begin, head);
}

std::optional<std::string> find_moved(const KnownFile& known, std::uint64_t position) {
    namespace fs = std::filesystem;
    const std::string folder = fs::path(known.path).parent_path().string();
    std::optional<std::string> copy;
    std::optional<std::string> packed;
    std::error_code error;
    std::size_t looked_at = 0;
    for (fs::directory_iterator it(folder.empty() ? "." : folder, error), end;
         !error && it != end && looked_at < kFilesMax;
         it.increment(error), ++looked_at) {
        const std::string path = it->path().string();
        const auto info = io::file_info(path);
        if (!info.ok() || !info->regular || path == known.path) {
            continue;
        }
        if (!packed.has_value() && unpacks_as(path, known.head)) {
            packed = path;
        }
        if (info->bytes < position) {
            continue;
        }
        if (info->identity == known.identity && begins_as(path, known.head)) {
            return path;
        }
        // A copy is known by what it begins with.
        if (!copy.has_value() && known.head.bytes >= FileHead::kTellsApart &&
            begins_as(path, known.head)) {
            copy = path;
        }
    }
    return copy.has_value() ? copy : packed;
}

}  // namespace logi::agent
