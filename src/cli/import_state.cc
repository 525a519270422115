#include "cli/import_state.h"

#include "absl/strings/str_cat.h"
#include "io/read_file.h"
#include "model/labels.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace logi::cli {
namespace {

constexpr std::string_view kFirst = "logi import 1\t";

Status failed(const std::string& path, const char* what) {
    return absl::UnavailableError(
        absl::StrCat(path, " cannot be ", what, ": ", std::strerror(errno)));
}

}  // namespace

StatusOr<std::unique_ptr<ImportState>> ImportState::open(const std::string& path,
                                                         const std::string& job) {
    const auto files = io::make_posix_file_system();
    auto text = io::read_file(*files, path);
    if (!text.ok() && !absl::IsNotFound(text.status())) {
        return text.status();
    }
    std::string known = text.ok() ? *std::move(text) : "";
    known.resize(known.rfind('\n') + 1);  // a last line that was cut off says nothing
    const std::string first = absl::StrCat(std::string(kFirst), go_quote(job), "\n");
    if (!known.empty() && !known.starts_with(first)) {
        return absl::FailedPreconditionError(absl::StrCat(
            path, " tells of another import; --state names a file for this one, or remove it"));
    }
    std::FILE* const file = std::fopen(path.c_str(), known.empty() ? "wb" : "r+b");
    if (file == nullptr) {
        return failed(path, "written");
    }
    std::unique_ptr<ImportState> state(new ImportState(path, file));
    if (known.empty()) {
        LOGI_RETURN_IF_ERROR(state->write(first));
        return state;
    }
    if (::ftruncate(::fileno(file), static_cast<off_t>(known.size())) != 0 ||
        std::fseek(file, 0, SEEK_END) != 0) {
        return failed(path, "written");
    }
    for (std::size_t at = first.size(); at < known.size();) {
        const std::size_t end = known.find('\n', at);
        const std::size_t tab = known.rfind('\t', end);
        if (tab != std::string::npos && tab > at) {
            state->values_[known.substr(at, tab - at)] = known.substr(tab + 1, end - tab - 1);
        }
        at = end + 1;
    }
    return state;
}

ImportState::~ImportState() {
    std::fclose(file_);
}

const std::string* ImportState::find(const std::string& key) const {
    const auto it = values_.find(go_quote(key));
    return it == values_.end() ? nullptr : &it->second;
}

Status ImportState::note(const std::string& key, const std::string& value) {
    const std::string quoted = go_quote(key);
    LOGI_RETURN_IF_ERROR(write(absl::StrCat(quoted, "\t", value, "\n")));
    values_[quoted] = value;
    return absl::OkStatus();
}

Status ImportState::write(const std::string& line) {
    const bool good = std::fwrite(line.data(), 1, line.size(), file_) == line.size() &&
                      std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0;
    return good ? absl::OkStatus() : failed(path_, "written");
}

Status ImportState::remove() {
    return std::remove(path_.c_str()) == 0 ? absl::OkStatus() : failed(path_, "removed");
}

}  // namespace logi::cli
