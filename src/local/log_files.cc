#include "local/log_files.h"

#include "absl/strings/str_cat.h"
#include "agent/files/decompressor.h"

#include <algorithm>
#include <filesystem>
#include <set>

namespace logi::local {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 256U << 10U;
// Small where it is decompressed, as a few bytes may stand for very many.
constexpr std::size_t kCompressedPieceBytes = 16U << 10U;
constexpr std::size_t kHeadBytes = 4U << 10U;

std::string compression_of(std::string_view head) {
    if (head.starts_with("\x1f\x8b")) {
        return "gz";
    }
    if (head.starts_with("\x28\xb5\x2f\xfd")) {
        return "zst";
    }
    return head.starts_with("BZh") ? "bz2" : "";
}

// kInvalidArgument if it is no text.
StatusOr<LogFile> look_at(const std::string& path) {
    LOGI_ASSIGN_OR_RETURN(const auto file, io::GrowingFile::open(path));
    LOGI_ASSIGN_OR_RETURN(const io::FileInfo info, file->info());
    std::string head(kHeadBytes, '\0');
    LOGI_ASSIGN_OR_RETURN(const std::size_t n,
                          file->read(0, absl::MakeSpan(head.data(), head.size())));
    head.resize(n);
    LogFile found{path, compression_of(head), info.bytes, {info.changed_ns}};
    if (found.compression.empty() && head.find('\0') != std::string::npos) {
        return absl::InvalidArgumentError(absl::StrCat(path, " is no text"));
    }
    return found;
}

// Files in a folder and below, sorted.
std::vector<std::string> files_below(const std::string& dir, std::vector<std::string>& notes) {
    std::vector<std::string> files;
    std::error_code error;
    fs::recursive_directory_iterator at(dir, fs::directory_options::skip_permission_denied, error);
    for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
        std::error_code ignored;
        if (at->is_regular_file(ignored)) {
            files.push_back(at->path().string());
        }
    }
    if (error) {
        notes.push_back(absl::StrCat(dir, " cannot be listed: ", error.message()));
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool is_rotation(std::string_view part) {
    return part.find_first_not_of("0123456789-_T:") == std::string_view::npos;
}

std::string job_of(const std::string& path) {
    std::string_view name(path);
    name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
    while (true) {
        const std::size_t dot = name.rfind('.');
        if (dot == std::string_view::npos || dot == 0) {
            break;
        }
        const std::string_view last = name.substr(dot + 1);
        if (last != "gz" && last != "zst" && last != "bz2" && last != "log" && last != "txt" &&
            last != "json" && last != "old" && !is_rotation(last)) {
            break;
        }
        name.remove_suffix(last.size() + 1);
    }
    // access-20240317
    const std::size_t dash = name.rfind('-');
    constexpr std::size_t kDateDigits = 8;
    if (dash != std::string_view::npos && dash > 0 && name.size() - dash > kDateDigits &&
        is_rotation(name.substr(dash + 1))) {
        name = name.substr(0, dash);
    }
    return std::string(name);
}

}  // namespace

StatusOr<std::vector<LogFile>> find_log_files(const std::vector<std::string>& paths,
                                              std::vector<std::string>& notes) {
    std::vector<LogFile> found;
    std::set<io::FileIdentity> known;
    const auto add = [&](const std::string& path) -> Status {
        LOGI_ASSIGN_OR_RETURN(LogFile file, look_at(path));
        LOGI_ASSIGN_OR_RETURN(const io::FileInfo info, io::file_info(path));
        if (known.insert(info.identity).second) {
            found.push_back(std::move(file));
        }
        return absl::OkStatus();
    };
    for (const std::string& path : paths) {
        LOGI_ASSIGN_OR_RETURN(const io::FileInfo info, io::file_info(path));
        if (!info.directory) {
            LOGI_RETURN_IF_ERROR(add(path));
            continue;
        }
        for (const std::string& file : files_below(path, notes)) {
            if (const Status status = add(file); !status.ok()) {
                notes.push_back(absl::StrCat("left out: ", std::string(message_of(status))));
            }
        }
    }
    return found;
}

Labels labels_of(const LogFile& file, const std::vector<LabelPair>& more) {
    std::vector<LabelPair> pairs = {{"filename", file.path}, {"job", job_of(file.path)}};
    pairs.insert(pairs.end(), more.begin(), more.end());
    return Labels::from_pairs(std::move(pairs));
}

Status read_text(const LogFile& file,
                 const io::GrowingFile& from,
                 const std::function<Status(std::string_view piece)>& take) {
    std::unique_ptr<agent::Decompressor> decompressor;
    if (!file.compression.empty()) {
        LOGI_ASSIGN_OR_RETURN(decompressor, agent::Decompressor::make(file.compression));
    }
    std::string buffer(decompressor == nullptr ? kPieceBytes : kCompressedPieceBytes, '\0');
    std::string text;
    std::uint64_t at = 0;
    while (true) {
        LOGI_ASSIGN_OR_RETURN(const std::size_t n,
                              from.read(at, absl::MakeSpan(buffer.data(), buffer.size())));
        if (n == 0) {
            break;
        }
        at += n;
        std::string_view piece(buffer.data(), n);
        if (decompressor != nullptr) {
            text.clear();
            const Status status = decompressor->take(piece, text);
            LOGI_RETURN_IF_ERROR(take(text));
            if (!status.ok()) {
                return status;
            }
        } else {
            LOGI_RETURN_IF_ERROR(take(piece));
        }
    }
    return decompressor == nullptr || decompressor->whole() || at == 0
               ? absl::OkStatus()
               : absl::DataLossError("the compressed bytes end too soon");
}

}  // namespace logi::local
