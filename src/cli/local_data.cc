#include "cli/local_data.h"

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "local/data_folder.h"
#include "local/file_source.h"
#include "local/segment_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace logi::cli {
namespace {

template <typename Opened>
void add(LocalData& data, Opened opened) {
    if (!opened.sources.empty()) {
        const bool is_first = data.sources.empty();
        data.first = is_first ? opened.first : std::min(data.first, opened.first);
        data.last = is_first ? opened.last : std::max(data.last, opened.last);
    }
    std::move(opened.sources.begin(), opened.sources.end(), std::back_inserter(data.sources));
    std::move(opened.notes.begin(), opened.notes.end(), std::back_inserter(data.notes));
    std::move(opened.missing.begin(), opened.missing.end(), std::back_inserter(data.missing));
}

bool is_segment(const std::string& path) {
    return path.ends_with(".segment");
}

StatusOr<local::OpenedData> open_segment(io::FileSystem& files, const std::string& path) {
    LOGI_ASSIGN_OR_RETURN(const auto segment, local::open_segment_file(files, path));
    local::OpenedData opened;
    opened.first = Timestamp::max();
    opened.last = Timestamp::min();
    for (const block::BlockStats& stats : segment->blocks()) {
        opened.first = std::min(opened.first, stats.min_time);
        opened.last = std::max(opened.last, stats.max_time);
    }
    opened.sources.push_back(segment);
    return opened;
}

Status open_files(io::Executor& executor,
                  const std::vector<std::string>& paths,
                  const LineArgs& args,
                  LocalData& data) {
    local::FileOptions options;
    LOGI_ASSIGN_OR_RETURN(options.time, time_options(args));
    LOGI_ASSIGN_OR_RETURN(options.labels, extra_labels(args));
    LOGI_ASSIGN_OR_RETURN(const auto found, local::find_log_files(paths, data.notes));
    LOGI_ASSIGN_OR_RETURN(auto opened, local::open_log_files(executor, found, options));
    add(data, std::move(opened));
    data.lines_of_files = true;
    return absl::OkStatus();
}

}  // namespace

std::size_t cores_of_machine() {
    return static_cast<std::size_t>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

bool names_stored_data(const std::vector<std::string>& paths) {
    return std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
        return is_segment(path) || local::is_data_folder(path);
    });
}

StatusOr<LocalData> open_local(io::Executor& executor,
                               io::FileSystem& files,
                               const LocalArgs& args,
                               const std::string& org_id) {
    LocalData data;
    std::vector<std::string> log_paths;
    for (const std::string& path : args.paths) {
        if (local::is_data_folder(path)) {
            LOGI_ASSIGN_OR_RETURN(auto opened, local::open_data_folder(files, path, org_id));
            add(data, std::move(opened));
        } else if (is_segment(path)) {
            LOGI_ASSIGN_OR_RETURN(auto opened, open_segment(files, path));
            add(data, std::move(opened));
        } else {
            log_paths.push_back(path);
        }
    }
    if (log_paths.size() < args.paths.size()) {
        return log_paths.empty()
                   ? StatusOr<LocalData>(std::move(data))
                   : absl::InvalidArgumentError(
                         "--local takes either log files or what Logi has stored, not both");
    }
    LOGI_RETURN_IF_ERROR(open_files(executor, log_paths, args.lines, data));
    return data;
}

StatusOr<LocalData> open_stdin(const LineArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const local::TimeOptions options, time_options(args));
    LOGI_ASSIGN_OR_RETURN(
        auto opened,
        local::open_text(read_stdin, stdin_labels(), options, io::SystemClock().now()));
    LocalData data;
    add(data, std::move(opened));
    data.lines_of_files = true;
    return data;
}

StatusOr<bool> read_stdin(std::string& text) {
    constexpr std::size_t kReadBytes = 256U << 10U;
    const std::size_t before = text.size();
    text.resize(before + kReadBytes);
    ssize_t n = 0;
    do {
        n = ::read(STDIN_FILENO, text.data() + before, kReadBytes);
    } while (n < 0 && errno == EINTR);
    text.resize(before + (n > 0 ? static_cast<std::size_t>(n) : 0));
    if (n < 0) {
        return absl::UnavailableError(
            absl::StrCat("standard input cannot be read: ", std::strerror(errno)));
    }
    return n > 0;
}

Labels stdin_labels() {
    return Labels::of_result({{"source", "logcli"}});
}

}  // namespace logi::cli
