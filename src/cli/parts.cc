#include "cli/parts.h"

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/log_pages.h"
#include "config/config.h"
#include "io/clock.h"
#include "io/executor.h"
#include "template/sink.h"
#include "template/time_format.h"
#include "template/value.h"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace logi::cli {
namespace {

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

Status cannot(const char* what, const std::string& path) {
    return absl::UnavailableError(absl::StrCat(path, " cannot be ", what));
}

std::string time_in_name(Timestamp time) {
    std::string text;
    tmpl::Sink sink(text, 100);
    tmpl::format_time(
        sink, tmpl::TimeValue::from(time, tmpl::Zone::utc()), "20060102T150405.000000000");
    return text;
}

struct Part {
    TimeRange range;
    std::string path;
};

// In the order in which lines are printed.
std::vector<Part> parts_of(const QueryArgs& args, TimeRange range, Duration length) {
    std::vector<Part> parts;
    for (Timestamp at = range.start; at < range.end; at = at + length) {
        const TimeRange part{at, std::min(at + length, range.end)};
        parts.push_back({part,
                         absl::StrCat(args.parts.prefix,
                                      "_",
                                      time_in_name(part.start),
                                      "_",
                                      time_in_name(part.end),
                                      ".part")});
    }
    if (!args.forward) {
        std::reverse(parts.begin(), parts.end());
    }
    return parts;
}

// How far it is, on a terminal.
class Progress {
  public:
    explicit Progress(std::size_t parts) : parts_(parts), shown_(::isatty(STDERR_FILENO) != 0) {}
    ~Progress() {
        if (shown_) {
            std::fputc('\n', stderr);
        }
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void add(std::size_t parts, std::size_t lines) {
        const base::MutexLock lock(mutex_);
        done_ += parts;
        lines_ += lines;
        if (shown_) {
            constexpr std::size_t kWidth = 30;
            const std::size_t filled = parts_ == 0 ? kWidth : done_ * kWidth / parts_;
            std::fprintf(stderr,
                         "\r[%s%s] %zu of %zu parts, %zu lines ",
                         std::string(filled, '#').c_str(),
                         std::string(kWidth - filled, '.').c_str(),
                         done_,
                         parts_,
                         lines_);
        }
    }

  private:
    const std::size_t parts_;
    const bool shown_;
    base::Mutex mutex_;
    std::size_t done_ LOGI_GUARDED_BY(mutex_) = 0;
    std::size_t lines_ LOGI_GUARDED_BY(mutex_) = 0;
};

Status write_lines(const QueryArgs& args, TimeRange range, std::FILE* file, Progress& progress) {
    PagesArgs pages_args{args.query, range, args.forward, 0, args.batch, args.interval};
    LogPages pages(args.client, std::move(pages_args));
    PrintArgs print = args.print;
    print.include_common_labels = true;  // a part is read without what was said of another
    LinePrinter printer(std::move(print), file);
    while (true) {
        LOGI_ASSIGN_OR_RETURN(const auto page, pages.next());
        if (!page.is_streams) {
            return absl::InvalidArgumentError("only queries for lines are downloaded in parts");
        }
        if (page.lines.empty()) {
            return printer.flush();
        }
        for (const auto& line : page.lines) {
            printer.print(line);
        }
        progress.add(0, page.lines.size());
    }
}

Status download(const QueryArgs& args, const Part& part, Progress& progress) {
    std::error_code ignored;
    if (!args.parts.overwrite_completed && std::filesystem::exists(part.path, ignored)) {
        progress.add(1, 0);
        return absl::OkStatus();
    }
    const std::string temporary = part.path + ".tmp";
    const File file(std::fopen(temporary.c_str(), "wb"));
    if (file == nullptr) {
        return cannot("written", temporary);
    }
    LOGI_RETURN_IF_ERROR(write_lines(args, part.range, file.get(), progress));
    if (::fsync(::fileno(file.get())) != 0 ||
        std::rename(temporary.c_str(), part.path.c_str()) != 0) {
        return cannot("written", part.path);
    }
    progress.add(1, 0);
    return absl::OkStatus();
}

Status download_all(const QueryArgs& args, const std::vector<Part>& parts) {
    Progress progress(parts.size());
    base::Mutex mutex;
    Status failed;
    io::ThreadPool pool(std::max(args.parts.workers, 1U));
    io::wait_for(pool, [&](io::Task done) {
        io::for_each_async(
            pool,
            parts.size(),
            [&](std::size_t i) {
                {
                    const base::MutexLock lock(mutex);
                    if (!failed.ok()) {
                        return;
                    }
                }
                const Status status = download(args, parts[i], progress);
                const base::MutexLock lock(mutex);
                failed.Update(status);
            },
            std::move(done));
    });
    return failed;
}

Status print_file(const std::string& path) {
    const File file(std::fopen(path.c_str(), "rb"));
    if (file == nullptr) {
        return cannot("read", path);
    }
    std::array<char, 1 << 16> buffer{};
    std::size_t n = 0;
    while ((n = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
        std::fwrite(buffer.data(), 1, n, stdout);
    }
    if (std::ferror(file.get()) != 0) {
        return cannot("read", path);
    }
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? absl::OkStatus()
                                                                : cannot("written", "the output");
}

Status merge(const QueryArgs& args, const std::vector<Part>& parts) {
    for (const Part& part : parts) {
        LOGI_RETURN_IF_ERROR(print_file(part.path));
    }
    if (!args.parts.keep) {
        for (const Part& part : parts) {
            if (std::remove(part.path.c_str()) != 0) {
                return cannot("removed", part.path);
            }
        }
    }
    return absl::OkStatus();
}

Status run_parts(const QueryArgs& args) {
    // Parts are named by their times: without both, another run_parts would name others.
    if (args.range.from.empty() || args.range.to.empty()) {
        return absl::InvalidArgumentError("--part-path-prefix needs --from and --to");
    }
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, resolve(args.range, io::SystemClock().now()));
    LOGI_ASSIGN_OR_RETURN(const Duration length, config::parse_duration(args.parts.duration));
    constexpr Duration kLengthMin = Duration::seconds(1);
    if (length < kLengthMin) {
        return absl::InvalidArgumentError("--parallel-duration is at least 1s");
    }
    const std::vector<Part> parts = parts_of(args, range, length);
    LOGI_RETURN_IF_ERROR(download_all(args, parts));
    return args.parts.merge ? merge(args, parts) : absl::OkStatus();
}

}  // namespace

void add_parts_flags(CLI::App& command, PartsArgs& args) {
    command.add_option("--part-path-prefix",
                       args.prefix,
                       "download all lines from --from to --to into files PREFIX_…part; what is "
                       "there already is not asked for again");
    command.add_option("--parallel-duration", args.duration, "length of a part")
        ->capture_default_str();
    command.add_option("--parallel-max-workers", args.workers, "parts that are asked for at once")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    command.add_flag("--overwrite-completed-parts", args.overwrite_completed, "ask for all parts");
    command.add_flag("--merge-parts", args.merge, "print the parts in order, and remove them");
    command.add_flag("--keep-parts", args.keep, "with --merge-parts: do not remove them");
}

int query_parts(const QueryArgs& args) {
    const Status status = run_parts(args);
    return status.ok() ? 0 : fail(status);
}

}  // namespace logi::cli
