#include "io/file_watcher.h"

#include "absl/strings/str_cat.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

namespace logi::io {
namespace {

constexpr std::uint32_t kFileEvents = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;
constexpr std::uint32_t kDirEvents = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

Status watch_error(const std::string& what, int error) {
    const std::string text =
        absl::StrCat("watch ", what, ": ", std::generic_category().message(error));
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return absl::NotFoundError(text);
        case ENOSPC:
            return absl::ResourceExhaustedError(
                absl::StrCat(text, " (the system's limit is fs.inotify.max_user_watches)"));
        default:
            return absl::UnavailableError(text);
    }
}

class InotifyWatcher final : public FileWatcher {
  public:
    InotifyWatcher(int inotify, int wake, Duration pause, OnReport on_report)
        : inotify_(inotify), wake_(wake), pause_(pause), on_report_(std::move(on_report)) {
        thread_ = std::thread([this] { run(); });
    }
    ~InotifyWatcher() override {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
        thread_.join();
        ::close(inotify_);
        ::close(wake_);
    }

    StatusOr<int> watch_file(int fd) override {
        return add(absl::StrCat("/proc/self/fd/", fd), kFileEvents);
    }
    StatusOr<int> watch_dir(const std::string& dir) override { return add(dir, kDirEvents); }
    void forget(int watch) override { ::inotify_rm_watch(inotify_, watch); }

  private:
    StatusOr<int> add(const std::string& path, std::uint32_t events) {
        const int watch = ::inotify_add_watch(inotify_, path.c_str(), events);
        if (watch < 0) {
            return watch_error(path, errno);
        }
        return watch;
    }

    // False once the watcher is to stop.
    [[nodiscard]] bool wait(bool for_events, int timeout_ms) const {
        std::array<pollfd, 2> fds{{{wake_, POLLIN, 0}, {inotify_, POLLIN, 0}}};
        const int ready = ::poll(fds.data(), for_events ? 2 : 1, timeout_ms);
        return ready <= 0 || (fds[0].revents & POLLIN) == 0;
    }

    void run() {
        while (wait(true, -1)) {
            Report report = read_events();
            if (!report.changed.empty() || report.overflow) {
                on_report_(std::move(report));
            }
            if (!wait(false, static_cast<int>(pause_.ns / kNanosPerMilli))) {
                return;
            }
        }
    }

    Report read_events() {
        Report report;
        alignas(inotify_event) std::array<char, std::size_t{64} << 10U> buffer;
        while (true) {
            const ssize_t n = ::read(inotify_, buffer.data(), buffer.size());
            if (n <= 0) {
                break;
            }
            for (ssize_t at = 0; at < n;) {
                inotify_event event{};
                std::memcpy(&event, buffer.data() + at, sizeof(event));
                at += static_cast<ssize_t>(sizeof(event) + event.len);
                report.overflow = report.overflow || (event.mask & IN_Q_OVERFLOW) != 0;
                report.names_changed =
                    report.names_changed ||
                    (event.mask & (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)) != 0;
                if (event.wd >= 0 && (event.mask & IN_IGNORED) == 0 &&
                    (report.changed.empty() || report.changed.back() != event.wd)) {
                    report.changed.push_back(event.wd);
                }
            }
        }
        std::sort(report.changed.begin(), report.changed.end());
        report.changed.erase(std::unique(report.changed.begin(), report.changed.end()),
                             report.changed.end());
        return report;
    }

    int inotify_;
    int wake_;
    Duration pause_;
    OnReport on_report_;
    std::thread thread_;
};

}  // namespace

StatusOr<std::unique_ptr<FileWatcher>> FileWatcher::start(Duration pause, OnReport on_report) {
    const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify < 0) {
        return absl::UnavailableError(
            absl::StrCat("inotify: ", std::generic_category().message(errno)));
    }
    const int wake = ::eventfd(0, EFD_CLOEXEC);
    if (wake < 0) {
        ::close(inotify);
        return absl::UnavailableError(
            absl::StrCat("eventfd: ", std::generic_category().message(errno)));
    }
    return std::make_unique<InotifyWatcher>(inotify, wake, pause, std::move(on_report));
}

}  // namespace logi::io
